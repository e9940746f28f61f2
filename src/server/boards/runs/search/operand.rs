//! The right side of a comparison, and tests of texts.

use regex::{Regex, RegexBuilder};

use super::status::{DIVERGED, WORDS};
use super::{KeyCatalog, RunField, SearchError, suggest};
use crate::server::boards::query::number::ExactNumber;
use crate::server::limits::{MAX_SEARCH_PATTERN_BYTES, MAX_SEARCH_PATTERN_PROGRAM_BYTES};

/// Keys of documents that are durations.
const TIMES: [&str; 2] = ["age", "took"];
/// Other keys of documents that are numbers.
const NUMBERS: [&str; 3] = ["rev", "colour", "interval"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// `:`, without regard to case, `*` for any characters.
    Matches,
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A test of a text.
#[derive(Clone, Debug)]
pub(super) enum TextTest {
    /// The text contains this one, which is in lower case.
    Contains(String),
    Pattern(Pattern),
}

#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// Steps of a test for each byte of the text, at most about.
    cost: u64,
}

/// A value that fields are compared with.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub text: String,
    pub lower: String,
    /// A number, or a duration in seconds.
    pub number: Option<ExactNumber>,
    /// The same as f64; NaN and infinity too.
    pub real: Option<f64>,
    /// `vit*` or `/^vit/`.
    pub pattern: Option<Pattern>,
    /// Of its first character, counted from 1.
    column: usize,
}

impl Operand {
    /// `can_glob`: `*` stands for any characters, unless the text is quoted.
    pub fn of_text(text: String, can_glob: bool, column: usize) -> Result<Self, SearchError> {
        let seconds = || humantime::parse_duration(&text).ok().map(|duration| duration.as_secs_f64());
        let number = ExactNumber::parse(&text);
        let real = match &*text {
            "inf" | "Infinity" | "+inf" => Some(f64::INFINITY),
            "-inf" | "-Infinity" => Some(f64::NEG_INFINITY),
            _ if text.eq_ignore_ascii_case("nan") => Some(f64::NAN),
            // `0` is a duration to humantime, too.
            _ if number.is_some() => text.parse().ok(),
            _ => seconds(),
        };
        let number = number.or_else(|| real.filter(|real| real.is_finite()).map(ExactNumber::of_double));
        let pattern = (can_glob && text.contains('*')).then(|| Pattern::of_glob(&text, column)).transpose()?;
        Ok(Self { lower: text.to_lowercase(), number, real, pattern, text, column })
    }

    pub fn of_pattern(pattern: Pattern, column: usize) -> Self {
        Self { text: String::new(), lower: String::new(), number: None, real: None, pattern: Some(pattern), column }
    }

    /// Error: the field has numbers only, and this is none, or it is the status, and this is none, so that no run could match.
    pub fn check(&self, field: &RunField, comparison: Comparison, keys: &impl KeyCatalog) -> Result<(), SearchError> {
        if field.is_status() {
            return self.check_status(comparison);
        }
        let is_order = !matches!(comparison, Comparison::Matches | Comparison::Equal);
        let name = match field {
            RunField::Metric(name, _) => name,
            RunField::Document(key) if TIMES.contains(&&**key) || is_order && NUMBERS.contains(&&**key) => key,
            RunField::Config(key) if is_order && self.number.is_none() && keys.is_numeric(key) => key,
            _ => return Ok(()),
        };
        if self.real.is_some() {
            return Ok(());
        }
        let short = |text: &str| text.chars().take(80).collect::<String>();
        let name = short(name);
        let found = if self.text.is_empty() { "a pattern".to_owned() } else { format!("'{}'", short(&self.text)) };
        let rule = match field {
            RunField::Document(key) if TIMES.contains(&&**key) => {
                format!("'{name}' is compared with seconds or with a duration such as 7d, not with {found}")
            }
            _ => format!("'{name}' has numbers only, and {found} is none"),
        };
        Err(SearchError::new(self.column, rule))
    }
}

impl Operand {
    /// Error: no run can have this status. It suggests similar ones, or all.
    fn check_status(&self, comparison: Comparison) -> Result<(), SearchError> {
        let is_word = match comparison {
            Comparison::Equal => WORDS.contains(&&*self.text),
            Comparison::Matches => self.pattern.is_some() || WORDS.contains(&&*self.lower),
            _ => true,
        };
        if is_word {
            return Ok(());
        }
        let words = WORDS.map(str::to_owned);
        let similar = suggest::similar(&self.lower, &words);
        let written: String = self.text.chars().take(80).collect();
        let others = WORDS[..WORDS.len() - 1].join(", ");
        let rule = format!("'{written}' is no status of a run; there are {others} and {DIVERGED}");
        Err(SearchError::new(self.column, rule).with_near(if similar.is_empty() { words.into() } else { similar }))
    }
}

impl Pattern {
    pub fn new(pattern: &str, ignores_case: bool, column: usize) -> Result<Self, SearchError> {
        if pattern.len() > MAX_SEARCH_PATTERN_BYTES {
            return Err(SearchError::new(column, format!("a pattern may have {MAX_SEARCH_PATTERN_BYTES} bytes")));
        }
        let mut builder = RegexBuilder::new(pattern);
        builder
            .case_insensitive(ignores_case)
            .size_limit(MAX_SEARCH_PATTERN_PROGRAM_BYTES)
            .dfa_size_limit(MAX_SEARCH_PATTERN_PROGRAM_BYTES);
        let regex = builder.build().map_err(|why| match why {
            regex::Error::CompiledTooBig(_) => SearchError::new(column, "the pattern repeats or lists too much; shorten it"),
            why => {
                let why = why.to_string();
                let why = why.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
                SearchError::new(column, format!("the pattern is no regular expression ({why})"))
            }
        })?;
        Ok(Self { regex, cost: 1 + pattern.len() as u64 / 8 })
    }

    fn of_glob(glob: &str, column: usize) -> Result<Self, SearchError> {
        let parts: Vec<_> = glob.split('*').map(regex::escape).collect();
        Self::new(&format!("(?s)^{}$", parts.join(".*")), true, column)
    }

    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    pub fn cost(&self, text: &str) -> u64 {
        1 + self.cost * text.len() as u64
    }
}

impl TextTest {
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => text.to_lowercase().contains(part),
            Self::Pattern(pattern) => pattern.matches(text),
        }
    }

    pub fn cost(&self, text: &str) -> u64 {
        match self {
            Self::Contains(_) => 1 + text.len() as u64 / 8,
            Self::Pattern(pattern) => pattern.cost(text),
        }
    }
}
