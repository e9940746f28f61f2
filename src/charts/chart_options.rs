//! What the layout of a line chart depends on, apart from the numbers and the size.

use super::axis_titles::AxisTitles;
use super::event_marks::EventMark;
use super::range::YBounds;
use super::time_zone::TimeZone;
use crate::protocol::{AxisScale, GoalLine, XAxis};

/// The options of a line chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartOptions<'a> {
    pub x_axis: XAxis,
    /// The metric along [`XAxis::Metric`].
    pub x_metric: &'a str,
    pub x_scale: AxisScale,
    pub y_scale: AxisScale,
    pub y_bounds: YBounds,
    /// The unit of the values; empty for plain numbers.
    pub unit: &'a str,
    pub titles: AxisTitles<&'a str>,
    /// The part of the x axis that is shown, in the columns' own numbers (steps, or seconds); all of it when `None`.
    pub window: Option<(f64, f64)>,
    /// The clock of [`XAxis::Wall`]: that of the browser; UTC on the server, unless a request names one.
    pub zone: TimeZone,
    pub all_hidden: AllHidden,
    /// Along the x axis.
    pub marks: &'a [EventMark],
    pub goal_lines: &'a [GoalLine],
}

/// Whether nothing is drawn although there are series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AllHidden {
    #[default]
    No,
    /// The chart hides each of its series.
    Series,
    /// Its series are of runs that are not drawn.
    Runs,
    /// The search finds no run.
    NoMatch,
}
