//! Reads a search.
//!
//! ```text
//! any   = all ("|" all)*
//! all   = term+
//! term  = "-"* ("(" any ")" | "/" regex "/" "i"? | "has:" name | name operator value | word)
//! ```

use super::key::{KeyName, NamePart, is_bare};
use super::operand::{Comparison, Operand, Pattern, TextTest};
use super::{Expression, ParsedSearch, SearchError};
use crate::server::limits::{MAX_SEARCH_CHARS, MAX_SEARCH_DEPTH, MAX_SEARCH_TERMS};

/// Parses a search; an empty one matches every run. The error has its column.
pub fn parse(text: &str) -> Result<ParsedSearch, SearchError> {
    if text.chars().nth(MAX_SEARCH_CHARS).is_some() {
        return Err(SearchError::new(MAX_SEARCH_CHARS + 1, format!("a search may have {MAX_SEARCH_CHARS} characters")));
    }
    let mut parser = Parser { text, at: 0, terms: 0 };
    parser.skip_space();
    if parser.peek().is_none() {
        return Ok(ParsedSearch(Expression::All(Vec::new())));
    }
    let expression = parser.any(0)?;
    match parser.peek() {
        None => Ok(ParsedSearch(expression)),
        Some(_) => Err(parser.error("this ')' closes nothing; quote it if it belongs to a name")),
    }
}

/// Parses one name, such as a key to sort by.
pub(super) fn parse_name(text: &str) -> Result<KeyName, SearchError> {
    let mut parser = Parser { text, at: 0, terms: 0 };
    let name = parser.name()?;
    match parser.peek() {
        None => Ok(name),
        Some(c) => Err(parser.error(&format!("'{}' does not belong to a name; quote the name if it does", c.escape_debug()))),
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Offset in bytes.
    at: usize,
    terms: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    fn column_of(&self, at: usize) -> usize {
        1 + self.text[..at].chars().count()
    }

    fn column(&self) -> usize {
        self.column_of(self.at)
    }

    fn error(&self, rule: &str) -> SearchError {
        SearchError::new(self.column(), rule)
    }

    fn any(&mut self, depth: usize) -> Result<Expression<KeyName>, SearchError> {
        let mut alternatives = vec![self.all(depth)?];
        while self.take('|') {
            alternatives.push(self.all(depth)?);
        }
        Ok(if alternatives.len() == 1 { alternatives.remove(0) } else { Expression::Any(alternatives) })
    }

    /// Ends before `|`, `)` or the end, with white space skipped.
    fn all(&mut self, depth: usize) -> Result<Expression<KeyName>, SearchError> {
        let mut terms = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None | Some('|' | ')') if terms.is_empty() => return Err(self.error("a condition is missing here")),
                None | Some('|' | ')') => break,
                Some(_) => terms.push(self.term(depth)?),
            }
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Expression::All(terms) })
    }

    fn term(&mut self, depth: usize) -> Result<Expression<KeyName>, SearchError> {
        self.terms += 1;
        if self.terms > MAX_SEARCH_TERMS {
            return Err(self.error(&format!("a search may have {MAX_SEARCH_TERMS} conditions")));
        }
        let is_negated = self.take_while(|c| c == '-').len() % 2 == 1;
        let term = self.unsigned_term(depth)?;
        Ok(if is_negated { Expression::Not(Box::new(term)) } else { term })
    }

    fn unsigned_term(&mut self, depth: usize) -> Result<Expression<KeyName>, SearchError> {
        let start = self.at;
        if self.take('(') {
            if depth == MAX_SEARCH_DEPTH {
                return Err(SearchError::new(self.column_of(start), format!("parentheses may be nested {MAX_SEARCH_DEPTH} deep")));
            }
            let inner = self.any(depth + 1)?;
            return if self.take(')') { Ok(inner) } else { Err(SearchError::new(self.column_of(start), "this '(' is not closed")) };
        }
        if self.peek() == Some('/') {
            return Ok(Expression::Text(TextTest::Pattern(self.pattern()?)));
        }
        let name = self.name()?;
        let Some((comparison, is_negated)) = self.comparison()? else {
            return Ok(Expression::Text(TextTest::Contains(name.text().to_lowercase())));
        };
        self.skip_space();
        if name.written == "has" && comparison == Comparison::Matches {
            return Ok(Expression::Has(Some(self.name()?)));
        }
        let operand = self.operand(&name, comparison)?;
        let compare = Expression::Compare(name, comparison, operand);
        Ok(if is_negated { Expression::Not(Box::new(compare)) } else { compare })
    }

    /// A name, or a word.
    fn name(&mut self) -> Result<KeyName, SearchError> {
        let start = self.at;
        let mut parts = Vec::new();
        loop {
            if self.peek() == Some('"') {
                let text = self.quoted()?;
                parts.push(NamePart { text: text.into(), is_quoted: true });
            } else {
                let text = self.take_while(is_bare);
                if text.is_empty() {
                    break;
                }
                parts.push(NamePart { text: text.into(), is_quoted: false });
            }
        }
        if parts.iter().all(|part| part.text.is_empty()) {
            return Err(SearchError::new(self.column_of(start), "a name is missing here"));
        }
        Ok(KeyName::new(&self.text[start..self.at], &parts, self.column_of(start)))
    }

    /// The text between double quotes; `\\"` and `\\\\` are a quote and a backslash.
    fn quoted(&mut self) -> Result<String, SearchError> {
        let (start, mut text, mut is_escaped) = (self.at, String::new(), false);
        self.at += 1;
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            match c {
                '"' if !is_escaped => return Ok(text),
                '\\' if !is_escaped => is_escaped = true,
                _ => {
                    is_escaped = false;
                    text.push(c);
                }
            }
        }
        Err(SearchError::new(self.column_of(start), "this quote is not closed"))
    }

    /// The operator that follows, and whether its result is negated.
    fn comparison(&mut self) -> Result<Option<(Comparison, bool)>, SearchError> {
        const OPERATORS: [(&str, Comparison, bool); 7] = [
            ("!=", Comparison::Equal, true),
            ("<=", Comparison::LessOrEqual, false),
            (">=", Comparison::GreaterOrEqual, false),
            ("<", Comparison::Less, false),
            (">", Comparison::Greater, false),
            ("=", Comparison::Equal, false),
            (":", Comparison::Matches, false),
        ];
        let before = self.at;
        self.skip_space();
        if let Some((sign, comparison, is_negated)) = OPERATORS.into_iter().find(|(sign, ..)| self.rest().starts_with(sign)) {
            self.at += sign.len();
            return Ok(Some((comparison, is_negated)));
        }
        if self.peek() == Some('!') {
            return Err(self.error("'!' stands only in '!='; a condition is negated by '-' before it"));
        }
        self.at = before;
        Ok(None)
    }

    fn operand(&mut self, name: &KeyName, comparison: Comparison) -> Result<Operand, SearchError> {
        let column = self.column();
        match self.peek() {
            Some('"') => {
                let text = self.quoted()?;
                Operand::of_text(text, false, column)
            }
            Some('/') if comparison == Comparison::Matches => Ok(Operand::of_pattern(self.pattern()?, column)),
            _ => {
                // A value may hold the signs of operators: `2026-11-28T10:00`.
                let text = self.take_while(|c| is_bare(c) || matches!(c, '<' | '>' | '=' | '!' | ':'));
                if text.is_empty() {
                    let written: String = name.written.chars().take(80).collect();
                    return Err(SearchError::new(column, format!("a value is missing after '{written}'")));
                }
                Operand::of_text(text.to_owned(), comparison == Comparison::Matches, column)
            }
        }
    }

    /// `/regex/` or `/regex/i`; `\/` is a slash.
    fn pattern(&mut self) -> Result<Pattern, SearchError> {
        let (start, column) = (self.at, self.column());
        self.at += 1;
        let mut is_escaped = false;
        let length = self.rest().find(|c| {
            let is_end = c == '/' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        });
        let Some(length) = length else {
            return Err(SearchError::new(
                self.column_of(start),
                "this '/' opens a pattern that is not closed; quote a name that begins with '/'",
            ));
        };
        let pattern = self.rest()[..length].replace("\\/", "/");
        self.at += length + 1;
        let flags = self.take_while(|c| c.is_alphanumeric());
        match flags {
            "" | "i" => Pattern::new(&pattern, flags == "i", column),
            _ => Err(SearchError::new(column, "after a pattern only the letter 'i' may stand, which ignores the case")),
        }
    }
}
