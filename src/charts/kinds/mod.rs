//! Charts that are drawn from a whole value: bars, histograms, heatmaps, points on a plane, one number.
//!
//! A kind is one file with a type that implements [`Chart`] and [`ChartKind`], and one line in [`KINDS`]: from that table come the kinds
//! that a value is checked for, the texts that list them, the heights in the page, and what is tested and fuzzed. How long a drawing
//! takes depends on its size, not on how many numbers there are. What is no number has a mark of its own and is never drawn as zero.

mod bar;
mod bins;
mod colours;
mod heat_cells;
mod heatmap;
mod histogram;
#[cfg(test)]
mod no_values_tests;
mod number;
mod parts;
mod scatter;
#[cfg(test)]
mod titles_tests;
#[cfg(any(test, feature = "fuzzing"))]
pub mod well_formed;

use super::canvas::ChartCanvas;
use super::display_list::DisplayList;
use super::hit_areas::HitAreas;
use crate::protocol::ApiError;
use crate::protocol::json_path::{self, JsonPath};

/// The kinds that are drawn from a value.
pub const KINDS: &[Kind] = &[
    Kind::of::<bar::Bar>(),
    Kind::of::<histogram::Histogram>(),
    Kind::of::<heatmap::Heatmap>(),
    Kind::of::<scatter::Scatter>(),
    Kind::of::<number::Number>(),
];

/// A value that can be drawn.
pub trait Chart: Send + Sync {
    fn draw(&self, canvas: &ChartCanvas) -> DisplayList;

    /// What can be pointed at in [`Self::draw`], from the same layout.
    fn hit_areas(&self, canvas: &ChartCanvas) -> HitAreas;

    /// The numbers as comma-separated values (RFC 4180).
    fn csv(&self) -> String;
}

/// A kind of charts.
pub trait ChartKind: Chart + Sized + 'static {
    /// The `type` of its cells.
    const NAME: &'static str;
    /// In the page, in CSS pixels. `style/main.css` keeps as much room for it.
    const HEIGHT: u32;

    /// Reads a value as clients send it. An error is a 400 and names the path of what is wrong.
    fn parse(root: JsonPath) -> Result<Self, ApiError>;
}

/// An entry of [`KINDS`].
pub struct Kind {
    pub name: &'static str,
    /// In CSS pixels.
    pub height: u32,
    parse: fn(JsonPath) -> Result<Box<dyn Chart>, ApiError>,
}

impl Kind {
    const fn of<K: ChartKind>() -> Self {
        Self { name: K::NAME, height: K::HEIGHT, parse: |root| Ok(Box::new(K::parse(root)?)) }
    }

    /// The chart of a value; `json` is one value of JSON.
    pub fn parse(&self, json: &str) -> Result<Box<dyn Chart>, ApiError> {
        (self.parse)(JsonPath::indexed(json, json_path::index(json).as_deref()))
    }
}

/// The kind with this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// Names and heights of [`KINDS`] alone: the code of the kinds is in the second part of the page, that of addresses in the first one.
const HEIGHTS: [(&str, u32); KINDS.len()] = {
    let mut heights = [("", 0); KINDS.len()];
    let mut at = 0;
    while at < KINDS.len() {
        heights[at] = (KINDS[at].name, KINDS[at].height);
        at += 1;
    }
    heights
};

/// The height of a kind in the page, in CSS pixels.
pub fn height(name: &str) -> Option<u32> {
    HEIGHTS.iter().find(|(kind, _)| *kind == name).map(|(_, height)| *height)
}

/// The names of all kinds, for sentences: "line, bar and number" with `first` and `last` around them.
pub fn listed(first: &[&str], last: &[&str]) -> String {
    let names: Vec<&str> = first.iter().copied().chain(KINDS.iter().map(|kind| kind.name)).chain(last.iter().copied()).collect();
    match names.split_last() {
        Some((last, names)) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_listed_in_words() {
        assert_eq!(listed(&["line"], &[]), "line, bar, histogram, heatmap, scatter and number");
        assert!(KINDS.iter().all(|kind| height(kind.name) == Some(kind.height)) && height("line").is_none());
        assert!(KINDS.iter().enumerate().all(|(at, one)| KINDS[..at].iter().all(|other| other.name != one.name)));
    }

    #[test]
    fn the_page_keeps_room_for_each_kind() {
        // What is not named there has the height of most.
        let css = include_str!("../../../style/main.css");
        for kind in KINDS.iter().filter(|kind| kind.height != 240) {
            assert!(css.contains(&format!("{}px", kind.height)), "{} of {}", kind.height, kind.name);
        }
    }
}
