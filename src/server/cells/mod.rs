//! Cells of numbers, tables and texts: what their values must be, and what is made from them. `docs/cells.md` says it for clients.

mod bar;
mod csv;
mod heatmap;
mod histogram;
mod json_path;
mod number;
pub mod render;
mod scatter;
mod table;
mod text;

use crate::charts::kinds::Sheet;
use crate::charts::kinds::{Bar, Heatmap, Histogram, Number, Scatter};
use crate::charts::scene::Scene;
use crate::protocol::ApiError;
use crate::protocol::spots::Spots;
pub use csv::quoted;
use json_path::Node;
pub use json_path::sort_of;

/// The document of a table or a text has about so many bytes at most: what does not fit is left out, and the document says so.
pub const HTML_BYTES: usize = 16 << 20;

/// Where a kind is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Drawn as SVG.
    Drawing,
    /// A document in a figure's frame.
    Frame,
}

/// `None` for kinds whose value may be anything.
pub fn place(kind: &str) -> Option<Place> {
    match kind {
        "bar" | "histogram" | "heatmap" | "scatter" | "number" => Some(Place::Drawing),
        "table" | "text" => Some(Place::Frame),
        _ => None,
    }
}

/// True for the JSON that means "no value yet", whatever the kind: 2015's scripts begin with it.
pub fn is_nothing(json: &str) -> bool {
    matches!(json.trim(), "null" | "[]" | "{}" | "\"\"")
}

/// A value of one of our kinds, checked.
pub enum Content {
    Bar(Bar),
    Histogram(Histogram),
    Heatmap(Heatmap),
    Scatter(Scatter),
    Number(Number),
    Table(table::Table),
    Text(String),
}

impl Content {
    /// `None` when there is no value yet, or when the kind is not one of ours. Else an error that names the path, with code 400.
    pub fn read(kind: &str, json: Option<&str>) -> Result<Option<Self>, ApiError> {
        let Some(json) = json.filter(|json| place(kind).is_some() && !is_nothing(json)) else { return Ok(None) };
        let root = Node::root(json);
        Ok(match kind {
            "bar" => Some(Self::Bar(bar::read(root)?)),
            "histogram" => Some(Self::Histogram(histogram::read(root)?)),
            "heatmap" => Some(Self::Heatmap(heatmap::read(root)?)),
            "scatter" => Some(Self::Scatter(scatter::read(root)?)),
            "number" => Some(Self::Number(number::read(root)?)),
            "table" => Some(Self::Table(table::read(root)?)),
            "text" => Some(Self::Text(text::read(root)?)),
            _ => None,
        })
    }

    /// Whether a value is one of the kind: as [`Self::read`], in less memory.
    pub fn check(kind: &str, json: Option<&str>) -> Result<(), ApiError> {
        match json.filter(|json| kind == "table" && !is_nothing(json)) {
            Some(json) => table::check(Node::root(json)),
            None => Self::read(kind, json).map(drop),
        }
    }

    /// `None` for kinds that are not drawn.
    pub fn svg(&self, sheet: &Sheet) -> Option<String> {
        match self {
            Self::Bar(bar) => Some(bar.svg(sheet)),
            Self::Histogram(histogram) => Some(histogram.svg(sheet)),
            Self::Heatmap(map) => Some(map.svg(sheet)),
            Self::Scatter(scatter) => Some(scatter.svg(sheet)),
            Self::Number(number) => Some(number.svg(sheet)),
            Self::Table(_) | Self::Text(_) => None,
        }
    }

    /// The drawing for the page to paint; `None` for kinds that are not drawn.
    pub fn scene(&self, sheet: &Sheet) -> Option<Scene> {
        match self {
            Self::Bar(bar) => Some(bar.scene(sheet)),
            Self::Histogram(histogram) => Some(histogram.scene(sheet)),
            Self::Heatmap(map) => Some(map.scene(sheet)),
            Self::Scatter(scatter) => Some(scatter.scene(sheet)),
            Self::Number(number) => Some(number.scene(sheet)),
            Self::Table(_) | Self::Text(_) => None,
        }
    }

    /// What can be pointed at in the drawing on this sheet; `None` for kinds that are not drawn.
    pub fn spots(&self, sheet: &Sheet) -> Option<Spots> {
        match self {
            Self::Bar(bar) => Some(bar.spots(sheet)),
            Self::Histogram(histogram) => Some(histogram.spots(sheet)),
            Self::Heatmap(map) => Some(map.spots(sheet)),
            Self::Scatter(scatter) => Some(scatter.spots(sheet)),
            Self::Number(number) => Some(number.spots(sheet)),
            Self::Table(_) | Self::Text(_) => None,
        }
    }

    /// `None` for texts.
    pub fn csv(&self) -> Option<String> {
        match self {
            Self::Bar(bar) => Some(bar::csv(bar)),
            Self::Histogram(histogram) => Some(histogram::csv(histogram)),
            Self::Heatmap(map) => Some(heatmap::csv(map)),
            Self::Scatter(scatter) => Some(scatter::csv(scatter)),
            Self::Number(number) => Some(number::csv(number)),
            Self::Table(table) => Some(table::csv(table)),
            Self::Text(_) => None,
        }
    }

    /// The document for a figure's frame; `None` for kinds that are drawn.
    pub fn html(&self) -> Option<String> {
        match self {
            Self::Table(table) => Some(table::html(table)),
            Self::Text(markdown) => Some(text::html(markdown)),
            _ => None,
        }
    }
}

/// What was found out about one value before the writer's turn: checking 8 MiB would hold up everybody else there.
#[derive(Clone, Debug, Default)]
pub struct Verdicts(Vec<(String, Result<(), ApiError>)>);

impl Verdicts {
    pub fn on<'a>(value: Option<&str>, kinds: impl IntoIterator<Item = &'a str>) -> Self {
        let mut known: Vec<(String, Result<(), ApiError>)> = Vec::new();
        for kind in kinds {
            if place(kind).is_some() && known.iter().all(|(other, _)| other != kind) {
                known.push((kind.to_owned(), Content::check(kind, value)));
            }
        }
        Self(known)
    }

    /// Whether `value`, the one that the verdicts are on, fits this kind.
    pub fn of(&self, kind: &str, value: Option<&str>) -> Result<(), ApiError> {
        match self.0.iter().find(|(known, _)| known == kind) {
            Some((_, verdict)) => verdict.clone(),
            None => Content::check(kind, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_nothing_whatever_the_kind() {
        for kind in ["bar", "histogram", "heatmap", "scatter", "number", "table", "text"] {
            for nothing in ["[]", "\"\"", "null", " {} "] {
                assert!(matches!(Content::read(kind, Some(nothing)), Ok(None)), "{kind} {nothing}");
            }
            assert!(Content::read(kind, Some("true")).is_err(), "{kind}");
            assert!(matches!(Content::read(kind, None), Ok(None)));
        }
        assert!(matches!(Content::read("html", Some("5")), Ok(None)) && matches!(Content::read("x", Some("5")), Ok(None)));
    }

    #[test]
    fn numbers_beyond_doubles_are_refused_in_words() {
        let error = Content::read("heatmap", Some("[[1e999]]")).err().unwrap();
        assert_eq!(error.code, 400);
        assert!(error.message.contains("no double can hold") && error.errors.0.contains_key("value[0][0]"), "{error}");
    }

    #[test]
    fn a_verdict_is_on_the_kind_it_was_asked_for() {
        let verdicts = Verdicts::on(Some("[[1]]"), ["number", "html"]);
        assert!(
            verdicts.of("number", Some("[[1]]")).is_err()
                && verdicts.of("heatmap", Some("[[1]]")).is_ok()
                && verdicts.of("html", None).is_ok()
        );
    }
}
