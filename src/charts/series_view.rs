//! One series of a line chart, as it is drawn.

use super::series_style::SeriesStyle;
use crate::protocol::groups::GroupColumn;
use crate::series::{Column, Place};

/// How prominent a series is: its stroke width, opacity and place in the drawing order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emphasis {
    Faint,
    /// A member of the group that is pointed at, beneath its line.
    Thin,
    #[default]
    Normal,
    Bold,
}

/// A group in one split of a chart.
#[derive(Clone, Copy, Debug)]
pub struct GroupView<'a> {
    /// In ascending order of x. Their x is that of the chart's x axis: a step, or seconds of the run.
    pub columns: &'a [GroupColumn],
    /// Its members: where fewer have a value the line is thin.
    pub runs: u32,
    /// Its place by age, which its letter stands for.
    pub index: u32,
}

/// A series with its columns. Hidden series are left out of the list of a chart.
#[derive(Clone, Copy, Debug, Default)]
pub struct SeriesView<'a> {
    pub name: &'a str,
    /// Index of the series among all series of the chart, hidden ones included.
    pub slot: usize,
    pub style: SeriesStyle,
    /// Whether points that a later, smaller step superseded are drawn faded: those of a run along steps.
    pub fades_superseded: bool,
    /// In order of arrival. Their x is that of the chart's x axis: a step, or seconds since 1970.
    pub columns: &'a [Column],
    /// The smoothed line, drawn over the faint columns: as long as `columns`, one place for each; empty without smoothing.
    pub smoothed: &'a [Place],
    pub emphasis: Emphasis,
    /// The series is a group of runs: it has no columns of its own.
    pub group: Option<GroupView<'a>>,
}

impl SeriesView<'_> {
    /// Whether any point has a place on the x axis.
    pub fn has_place(&self) -> bool {
        self.group.is_some() || !self.columns.is_empty()
    }
}
