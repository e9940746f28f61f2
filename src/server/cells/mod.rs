//! Cells of numbers, tables and texts: what their values must be, and what is made from them. `docs/cells.md` says it for clients.

mod formulas;
mod table;
mod text;

pub use formulas::with_mathml;
pub use text::{first_paragraph, fragment as markdown_fragment, has_formulas};

use crate::charts::kinds::{self, Chart};
use crate::protocol::ApiError;
use crate::protocol::json_path::JsonPath;

/// The kinds that are shown as documents.
const DOCUMENTS: [&str; 2] = [TABLE, TEXT];
const TABLE: &str = "table";
const TEXT: &str = "text";

/// How a kind is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presentation {
    /// A drawing.
    Chart,
    /// A document in the frame of a figure.
    Document,
}

/// `None` for kinds whose value may be anything.
pub fn presentation(kind: &str) -> Option<Presentation> {
    match kind {
        kind if kinds::kind(kind).is_some() => Some(Presentation::Chart),
        kind if DOCUMENTS.contains(&kind) => Some(Presentation::Document),
        _ => None,
    }
}

/// The kinds whose values are shown otherwise than as JSON, lines excluded.
pub fn shown_kinds() -> impl Iterator<Item = &'static str> {
    kinds::KINDS.iter().map(|kind| kind.name).chain(DOCUMENTS).chain(["html", "img"])
}

pub fn is_shown_kind(kind: &str) -> bool {
    shown_kinds().any(|shown| shown == kind)
}

/// All kinds whose values are checked.
#[cfg(any(test, feature = "fuzzing"))]
pub fn checked_kinds() -> impl Iterator<Item = &'static str> {
    kinds::KINDS.iter().map(|kind| kind.name).chain(DOCUMENTS)
}

/// True for the JSON that means "no value yet", whatever the kind: 2015's scripts begin with it.
pub fn is_empty(json: &str) -> bool {
    matches!(json.trim(), "null" | "[]" | "{}" | "\"\"")
}

/// A checked value.
pub enum CellValue {
    Chart(Box<dyn Chart>),
    Table(table::Table),
    /// Markdown.
    Text(String),
}

impl CellValue {
    /// `None` when there is no value yet, or when values of the kind are not checked. Else an error that names the path, with code 400.
    pub fn parse(kind: &str, json: Option<&str>) -> Result<Option<Self>, ApiError> {
        let Some(json) = json.filter(|json| !is_empty(json)) else { return Ok(None) };
        if let Some(kind) = kinds::kind(kind) {
            return kind.parse(json).map(|chart| Some(Self::Chart(chart)));
        }
        let root = JsonPath::root(json);
        match kind {
            TABLE => table::read(root).map(|table| Some(Self::Table(table))),
            TEXT => text::read(root).map(|text| Some(Self::Text(text))),
            _ => Ok(None),
        }
    }

    /// Whether a value is one of the kind: as [`Self::parse`], in less memory.
    pub fn check(kind: &str, json: Option<&str>) -> Result<(), ApiError> {
        match json.filter(|json| kind == TABLE && !is_empty(json)) {
            Some(json) => table::check(JsonPath::root(json)),
            None => Self::parse(kind, json).map(drop),
        }
    }

    /// `None` for what is not drawn.
    pub fn chart(&self) -> Option<&dyn Chart> {
        if let Self::Chart(chart) = self { Some(&**chart) } else { None }
    }

    /// `None` for texts.
    pub fn csv(&self) -> Option<String> {
        match self {
            Self::Chart(chart) => Some(chart.csv()),
            Self::Table(table) => Some(table::csv(table)),
            Self::Text(_) => None,
        }
    }

    /// The document for a figure's frame; `None` for what is drawn.
    pub fn html(&self) -> Option<String> {
        match self {
            Self::Chart(_) => None,
            Self::Table(table) => Some(table::html(table)),
            Self::Text(markdown) => Some(text::html(markdown)),
        }
    }
}

/// Which kinds a value is one of, found out before the writer's turn: to check 8 MiB there would hold up all other writes.
#[derive(Clone, Debug, Default)]
pub struct Validation(Vec<(String, Result<(), ApiError>)>);

impl Validation {
    pub fn on<'a>(value: Option<&str>, kinds: impl IntoIterator<Item = &'a str>) -> Self {
        let mut known: Vec<(String, Result<(), ApiError>)> = Vec::new();
        for kind in kinds {
            if presentation(kind).is_some() && known.iter().all(|(other, _)| other != kind) {
                known.push((kind.to_owned(), CellValue::check(kind, value)));
            }
        }
        Self(known)
    }

    /// Whether `value`, the one that was checked, fits this kind.
    pub fn of(&self, kind: &str, value: Option<&str>) -> Result<(), ApiError> {
        match self.0.iter().find(|(known, _)| known == kind) {
            Some((_, result)) => result.clone(),
            None => CellValue::check(kind, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_nothing_whatever_the_kind() {
        for kind in checked_kinds() {
            for nothing in ["[]", "\"\"", "null", " {} "] {
                assert!(matches!(CellValue::parse(kind, Some(nothing)), Ok(None)), "{kind} {nothing}");
            }
            assert!(CellValue::parse(kind, Some("true")).is_err(), "{kind}");
            assert!(matches!(CellValue::parse(kind, None), Ok(None)));
        }
        assert!(matches!(CellValue::parse("html", Some("5")), Ok(None)) && matches!(CellValue::parse("x", Some("5")), Ok(None)));
    }

    #[test]
    fn numbers_beyond_doubles_are_refused_in_words() {
        let error = CellValue::parse("heatmap", Some("[[1e999]]")).err().unwrap();
        assert_eq!(error.code, 400);
        assert!(error.message.contains("no double can hold") && error.errors.0.contains_key("value[0][0]"), "{error}");
    }

    #[test]
    fn each_kind_has_a_result_of_its_own() {
        let validation = Validation::on(Some("[[1]]"), ["number", "html"]);
        assert!(
            validation.of("number", Some("[[1]]")).is_err()
                && validation.of("heatmap", Some("[[1]]")).is_ok()
                && validation.of("html", None).is_ok()
        );
    }
}
