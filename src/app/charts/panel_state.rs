//! What the settings panel shows: one chart, or what several charts have in common.

use leptos::prelude::*;

use super::superseded_choice::SupersededChoice;
use crate::protocol::{AxisScale, CellId, GoalLine, XAxis};

#[derive(Clone, Copy)]
pub struct PanelState {
    /// `None`: the panel is closed.
    pub target: RwSignal<Option<PanelTarget>>,
    pub values: RwSignal<PanelValues>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PanelTarget {
    Chart(CellId),
    /// All charts of the board.
    Board,
    /// The charts of a section.
    Section(String, Vec<CellId>),
    /// The charts that the filter shows.
    Filtered(Vec<CellId>),
}

impl PanelTarget {
    pub fn chart(&self) -> Option<&CellId> {
        match self {
            Self::Chart(id) => Some(id),
            Self::Board | Self::Section(..) | Self::Filtered(_) => None,
        }
    }

    /// Whether a chart is one of those that are set.
    pub fn means(&self, chart: &CellId) -> bool {
        match self {
            Self::Chart(id) => id == chart,
            Self::Board => true,
            Self::Section(_, ids) | Self::Filtered(ids) => ids.contains(chart),
        }
    }

    /// What the panel is called.
    pub fn label(&self) -> String {
        match self {
            Self::Chart(_) => "Chart".to_owned(),
            Self::Board => "All charts of the board".to_owned(),
            Self::Section(name, _) => ["Charts of ", name].concat(),
            Self::Filtered(_) => "Charts that the filter shows".to_owned(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PanelValues {
    /// This one, and the scales and the smoothing: `None` where the charts differ.
    pub x: Option<XAxis>,
    /// Empty where the charts differ.
    pub x_metric: String,
    pub y: Option<AxisScale>,
    pub x_scale: Option<AxisScale>,
    pub goal_lines: Vec<GoalLine>,
    /// Those of the x axis and of the y axis.
    pub titles: [String; 2],
    /// The part of the y axis that this reader sees, where it is zoomed.
    pub y_window: Option<[f64; 2]>,
    pub section: Option<String>,
    /// The ends of the y axis; `None` for one that follows the values.
    pub y_range: [Option<f64>; 2],
    pub ignores_outliers: bool,
    /// `None` where no restart superseded points.
    pub superseded: Option<SupersededChoice>,
    pub smooth: Option<f64>,
    /// This reader sees one of the charts otherwise than everyone.
    pub has_overrides: bool,
    pub unit: String,
    /// This tab hides other series than the settings do.
    pub has_own_hidden: bool,
    /// URLs of the downloads; empty for all charts.
    pub svg: String,
    pub csv: String,
    /// What is drawn, as the query of a download.
    pub export_query: String,
    /// The newest values of each series.
    pub series: Vec<SeriesSummary>,
}

/// One row of the table of series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesSummary {
    pub name: String,
    pub last: String,
    pub lowest: String,
    pub highest: String,
    pub non_finite: String,
    pub points: String,
}

impl PanelState {
    pub fn new() -> Self {
        Self { target: RwSignal::new(None), values: RwSignal::default() }
    }
}
