//! What the settings panel shows: one chart, or what all charts of the board have in common.

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
}

impl PanelTarget {
    pub fn chart(&self) -> Option<&CellId> {
        match self {
            Self::Chart(id) => Some(id),
            Self::Board => None,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PanelValues {
    /// `None` where the charts of the board differ.
    pub x: Option<XAxis>,
    pub y: AxisScale,
    pub x_scale: AxisScale,
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
    /// `None` where the charts of the board differ.
    pub smooth: Option<f64>,
    pub unit: String,
    /// This tab hides other series than the settings do.
    pub has_own_hidden: bool,
    /// URLs of the downloads; empty for all charts.
    pub svg: String,
    pub csv: String,
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
