//! Names of keys: `lr`, `config.opt.lr`, `val/acc.max`, `metrics."top 5".best`, `run.status`.

use std::borrow::Cow;
use std::fmt;

use super::status::STATUS;
use super::{KeyCatalog, SearchError, suggest};

/// What scripts write of a run's result stands within this key of its document.
const SUMMARY: &str = "summary.";

/// A statistic of a metric over the curve of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statistic {
    Last,
    Min,
    Max,
    Mean,
    /// The minimum or the maximum, by the direction of the metric.
    Best,
}

impl Statistic {
    pub const ALL: [Self; 5] = [Self::Last, Self::Min, Self::Max, Self::Mean, Self::Best];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Min => "min",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::Best => "best",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|statistic| statistic.name() == name)
    }
}

/// A field of a run. Its text is a name that chooses it again: `run.status`, `config.lr`,
/// `metrics.loss.min`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunField {
    Document(String),
    Config(String),
    Metric(String, Statistic),
}

impl RunField {
    pub(super) fn is_status(&self) -> bool {
        matches!(self, Self::Document(key) if key == STATUS)
    }

    /// The name of its metric.
    pub fn metric(&self) -> Option<&str> {
        match self {
            Self::Metric(name, _) => Some(name),
            Self::Document(_) | Self::Config(_) => None,
        }
    }
}

impl fmt::Display for RunField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(key) => write!(f, "run.{}", quoted(key)),
            Self::Config(key) => write!(f, "config.{}", quoted(key)),
            Self::Metric(name, statistic) => write!(f, "metrics.{}.{}", quoted(name), statistic.name()),
        }
    }
}

/// The name as a search and a list of names must write it.
fn quoted(name: &str) -> String {
    if !name.is_empty() && name.chars().all(|c| is_bare(c) && c != ',') {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// Whether a character may stand in a name or a word without quotes.
pub(super) fn is_bare(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '(' | ')' | '|' | '<' | '>' | '=' | '!' | ':')
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    Document,
    Config,
    Metric,
}

impl Space {
    const ALL: [Self; 3] = [Self::Document, Self::Config, Self::Metric];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Document => "run.",
            Self::Config => "config.",
            Self::Metric => "metrics.",
        }
    }
}

/// A name as it was written.
#[derive(Clone, Debug)]
pub struct KeyName {
    pub written: String,
    space: Option<Space>,
    /// Without the space and without quotes.
    name: String,
    /// The length of `name` before `.max` or another statistic, if it may end with one.
    statistic_at: Option<usize>,
    /// Of the first character, counted from 1.
    column: usize,
}

/// A part of a name: within quotes, or without them.
pub(super) struct NamePart<'a> {
    pub text: Cow<'a, str>,
    pub is_quoted: bool,
}

impl KeyName {
    pub(super) fn new(written: &str, parts: &[NamePart], column: usize) -> Self {
        let first = parts.first().filter(|part| !part.is_quoted);
        let space = first
            .and_then(|part| Space::ALL.into_iter().find(|space| part.text.starts_with(space.prefix())))
            .filter(|space| written.len() > space.prefix().len());
        let skipped = space.map_or(0, |space| space.prefix().len());
        let name = parts.iter().map(|part| &*part.text).collect::<String>().split_off(skipped);
        let last = parts.last().filter(|part| !part.is_quoted).and_then(|part| part.text.rsplit_once('.'));
        let statistic_at = last.filter(|(_, end)| Statistic::parse(end).is_some()).and_then(|(_, end)| {
            let at = name.len().checked_sub(end.len() + 1)?;
            (at > 0).then_some(at)
        });
        Self { written: written.to_owned(), space, name, statistic_at, column }
    }

    /// The name without its space and without quotes.
    pub(super) fn bare(&self) -> &str {
        &self.name
    }

    /// Whether it is the status of the run, and no key of another space.
    pub(super) fn is_status(&self) -> bool {
        matches!(self.space, None | Some(Space::Document)) && self.name == STATUS
    }

    /// The name without its quotes, with its space.
    pub(super) fn text(&self) -> String {
        [self.space.map_or("", Space::prefix), &self.name].concat()
    }

    /// The field of this name: a key of the document, else of the configuration, else a metric, else a key of `summary`.
    pub(super) fn find(&self, keys: &impl KeyCatalog) -> Option<RunField> {
        let is_in = |space| self.space.is_none_or(|chosen| chosen == space);
        let document = alias(&self.name);
        if is_in(Space::Document) && keys.has_document_key(document) {
            return Some(RunField::Document(document.to_owned()));
        }
        if is_in(Space::Config) && keys.has_config_key(&self.name) {
            return Some(RunField::Config(self.name.clone()));
        }
        if !is_in(Space::Metric) {
            return None;
        }
        let summary = || {
            let key = [SUMMARY, &self.name].concat();
            (self.space.is_none() && keys.has_document_key(&key)).then_some(RunField::Document(key))
        };
        self.find_metric(keys).or_else(summary)
    }

    fn find_metric(&self, keys: &impl KeyCatalog) -> Option<RunField> {
        if keys.has_metric(&self.name) {
            return Some(RunField::Metric(self.name.clone(), Statistic::Last));
        }
        let (metric, statistic) = self.name.split_at(self.statistic_at?);
        let statistic = Statistic::parse(&statistic[1..])?;
        keys.has_metric(metric).then(|| RunField::Metric(metric.to_owned(), statistic))
    }

    /// A metric of the board, and the part of this name behind it that is no statistic.
    fn metric_with_another_part(&self, keys: &impl KeyCatalog) -> Option<(&str, &str)> {
        let (metric, part) = self.name.rsplit_once('.').filter(|(_, part)| !part.is_empty() && part.chars().count() <= 20)?;
        let is_in_space = self.space.is_none_or(|space| space == Space::Metric);
        (is_in_space && keys.has_metric(metric)).then_some((metric, part))
    }

    /// As [`Self::find`]. The error has similar names if there is no such key.
    pub fn resolve(&self, keys: &impl KeyCatalog) -> Result<RunField, SearchError> {
        self.find(keys).ok_or_else(|| {
            let wanted = self.statistic_at.map_or(&*self.name, |at| &self.name[..at]);
            let similar = suggest::similar(wanted, &keys.names());
            let hint = match similar.split_last() {
                None => String::new(),
                Some((one, [])) => format!("; a similar one is '{one}'"),
                Some((last, others)) => format!("; similar ones are '{}' and '{last}'", others.join("', '")),
            };
            let written: String = self.written.chars().take(80).collect();
            if let Some((metric, part)) = self.metric_with_another_part(keys) {
                let near = Statistic::ALL.map(|statistic| RunField::Metric(metric.to_owned(), statistic).to_string());
                let rule = format!("'{part}' is no statistic of the metric '{metric}'; there are last, min, max, mean and best");
                return SearchError::new(self.column, rule).with_near(near.into());
            }
            SearchError::new(self.column, format!("no run of this board has the key '{written}'{hint}")).with_near(similar)
        })
    }
}

/// Short names of keys of the document.
fn alias(name: &str) -> &str {
    match name {
        "tag" => "tags",
        "id" => "_id",
        "color" => "colour",
        _ => name,
    }
}
