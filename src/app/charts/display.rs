//! The signals between the charts and their components: the frame loop sets them, the components show them.

use leptos::prelude::*;

use crate::charts::LegendItem;

/// Signals of a chart from the start. A board may have thousands of charts: the signals of their live parts are in [`PlotDisplay`].
#[derive(Clone, Copy)]
pub struct ChartDisplay {
    /// The chart is near the screen, or was lately: its canvas and legend exist.
    pub is_live: RwSignal<bool>,
    /// The canvas has replaced the picture that the server has drawn.
    pub is_drawn: RwSignal<bool>,
    pub print: RwSignal<PrintView>,
    /// How many rows the legend has.
    pub rows: RwSignal<usize>,
    /// The legend shows all names.
    pub is_unfolded: RwSignal<bool>,
    /// For the title of the cell.
    pub newest: RwSignal<Vec<NewestNumber>>,
}

impl ChartDisplay {
    pub fn new(rows: usize, newest: RwSignal<Vec<NewestNumber>>) -> Self {
        let [is_live, is_drawn, is_unfolded] = std::array::from_fn(|_| RwSignal::new(false));
        Self { is_live, is_drawn, print: RwSignal::new(PrintView::Screen), rows: RwSignal::new(rows), is_unfolded, newest }
    }
}

/// The newest value of a curve, in its colour.
#[derive(Clone, Debug, PartialEq)]
pub struct NewestNumber {
    pub text: String,
    pub color: u32,
}

/// What a chart shows on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrintView {
    /// The same as on the screen; also while the page is not printed.
    Screen,
    /// The picture of the server, loaded for this print.
    Picture,
    /// A sentence: too many charts before it needed a picture.
    Nothing,
}

/// Signals of the live parts of a chart.
#[derive(Clone, Copy)]
pub struct PlotDisplay {
    /// `None` before the first frame.
    pub zoom: RwSignal<Option<Zoom>>,
    pub summary: RwSignal<Summary>,
    pub legend: RwSignal<Vec<LegendEntry>>,
    /// Width of the canvas in CSS pixels, which the legend is laid out for.
    pub width: RwSignal<f64>,
    pub crosshair: RwSignal<Option<Crosshair>>,
    /// From left to right.
    pub marks: RwSignal<Vec<MarkText>>,
    pub selection: RwSignal<Option<Selection>>,
    pub is_empty: RwSignal<bool>,
    /// Why the server makes no curves; empty: it does.
    pub refusal: RwSignal<String>,
}

impl PlotDisplay {
    pub fn new() -> Self {
        Self {
            zoom: RwSignal::new(None),
            summary: RwSignal::default(),
            legend: RwSignal::default(),
            width: RwSignal::new(0.0),
            crosshair: RwSignal::new(None),
            marks: RwSignal::default(),
            selection: RwSignal::new(None),
            is_empty: RwSignal::new(false),
            refusal: RwSignal::default(),
        }
    }
}

/// How much of the x axis is visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zoom {
    All,
    Zoomed,
    Follows,
}

/// The chart in one sentence for screen readers, and in numbers for tools.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    pub label: String,
    pub points: u64,
    /// The visible range of the x axis.
    pub from: f64,
    pub to: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LegendEntry {
    pub item: LegendItem,
    /// The name as it is shown: cut where it is like the others. That of a group is whole.
    pub short: String,
    pub is_shown: bool,
    pub color: u32,
}

/// Place of the crosshair in CSS pixels of the plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crosshair {
    pub left: i32,
    pub bottom: f64,
}

/// The text of a mark, beside its line.
#[derive(Clone, Debug, PartialEq)]
pub struct MarkText {
    /// From the edges of the plot to the line, in CSS pixels.
    pub left: i32,
    pub right: i32,
    /// The text is left of the line.
    pub is_left: bool,
    /// Counts from the top.
    pub row: usize,
    pub text: String,
    pub color: u32,
}

/// The part of the plot that is being selected, in CSS pixels of the chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Selection {
    pub left: i32,
    pub top: i32,
    pub width: i32,
    pub height: i32,
}

/// `#rrggbb`.
pub fn hex_color(color: u32) -> String {
    let mut text = String::from("#");
    for place in (0..6).rev() {
        text.push(char::from(b"0123456789abcdef"[(color >> (4 * place) & 15) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_written_for_style_sheets() {
        assert_eq!(hex_color(0x0b5fbe), "#0b5fbe");
    }
}
