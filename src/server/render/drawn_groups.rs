//! The groups of runs that a drawing shows, and their curves as a table.

use std::ops::RangeInclusive;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::charts::csv::Csv;
use crate::charts::{SeriesStyle, StyledSeries, series_label, series_styles};
use crate::protocol::groups::{Band, GroupColumn, GroupCurve, GroupGrid, GroupLine, method};
use crate::protocol::{ApiError, CellId, XAxis};
use crate::series::groups::GroupStyle;
use crate::server::boards::Boards;
use crate::server::boards::groups::curves::{CurveQuery, GroupAxis};
use crate::server::boards::groups::membership::RunGroup;
use crate::server::boards::runs::RunQuery;
use crate::server::error::ServerError;
use crate::server::limits::MAX_GROUPS;

/// Which groups, and how they are drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupsView {
    /// The search for their runs; empty: all.
    pub search: String,
    /// The keys that the runs of a group agree in.
    pub by: Vec<String>,
    pub line: GroupLine,
    pub band: Band,
    /// Without what a share does not show.
    pub is_public: bool,
}

impl GroupsView {
    /// The runs of the groups. 400: the search is wrong.
    pub fn runs(&self) -> Result<RunQuery, ApiError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.search.is_empty() {
            query.append_pair("q", &self.search);
        }
        RunQuery::parse(&query.finish())
    }
}

/// The largest groups of a board and their curves in one cell.
pub struct DrawnGroups {
    groups: Vec<RunGroup>,
    pub curves: Vec<GroupCurve>,
    /// Groups that are left out.
    pub more: usize,
    view: GroupsView,
    smooth: f64,
}

impl DrawnGroups {
    /// Reads the curves. 400: a name is no key of the board.
    pub async fn read(
        boards: &Boards,
        (board, cell): (&str, &CellId),
        view: &GroupsView,
        x_axis: XAxis,
        window: Option<(f64, f64)>,
        (width, smooth): (u32, f64),
    ) -> Result<Self, ServerError> {
        let mut groups = boards.groups_of_runs(board, &view.runs()?, &view.by, view.is_public).await?;
        let more = groups.len().saturating_sub(MAX_GROUPS);
        groups.truncate(MAX_GROUPS);
        let axis = if x_axis == XAxis::Step { GroupAxis::Step } else { GroupAxis::Relative };
        let style = GroupStyle { line: view.line, band: view.band, is_common: false, smooth };
        let query = CurveQuery { style, axis, from: window.map(|window| window.0), to: window.map(|window| window.1), width };
        let plan = boards.plan_curves(board, std::slice::from_ref(cell), &groups, axis);
        // The drawing is dropped with its reader, or read by others.
        let cancelled = CancellationToken::new();
        let mut curves = Vec::new();
        for planned in plan.cells.into_iter().flat_map(|cell| cell.curves) {
            let group = &groups[planned.group];
            curves.push(boards.group_curve(cell, planned, group, query, &cancelled).await?);
        }
        curves.retain(|curve| !curve.columns.is_empty());
        Ok(Self { groups, curves, more, view: view.clone(), smooth })
    }

    /// How the curves are made, as one sentence; empty without any.
    pub fn method(&self) -> String {
        let Some(first) = self.curves.first() else { return String::new() };
        let count = |runs: RangeInclusive<u32>, curve: &GroupCurve| *runs.start().min(&curve.runs)..=*runs.end().max(&curve.runs);
        let runs = self.curves.iter().fold(first.runs..=first.runs, count);
        let averaged = self.curves.iter().find(|curve| curve.grid != GroupGrid::Steps);
        let grid = averaged.map_or(GroupGrid::Steps, |curve| curve.grid);
        method(self.view.line, self.view.band, runs, &grid, self.smooth)
    }

    /// The styles and the labels of the curves.
    pub fn looks(&self) -> (Vec<SeriesStyle>, Vec<String>) {
        let styled = self.curves.iter().map(|curve| StyledSeries { run_colour: Some(curve.index as usize), name: &curve.split });
        let label = |curve: &GroupCurve| series_label(Some(&curve.label), &curve.split, false);
        (series_styles(styled, false), self.curves.iter().map(label).collect())
    }

    /// The ids of the groups of the curves, as names of hidden series have them.
    pub fn owners(&self) -> Vec<String> {
        self.curves.iter().map(|curve| curve.group.to_string()).collect()
    }

    /// The columns `x`, the keys of the groups, and what is known at each place.
    pub fn csv(&self) -> String {
        let mut csv = Csv::default();
        let keys: Vec<&str> = self.groups.first().map_or_else(Vec::new, |group| group.key.iter().map(|(key, _)| key.as_str()).collect());
        ["x"].iter().chain(&keys).chain(&COLUMNS).for_each(|name| csv.text(name));
        csv.end();
        for curve in &self.curves {
            let method = method(self.view.line, self.view.band, curve.runs..=curve.runs, &curve.grid, self.smooth);
            let group = self.groups.iter().find(|group| group.id == curve.group);
            let values: Vec<String> =
                group.map_or_else(Vec::new, |group| group.key.iter().map(|(_, value)| key_text(value.as_ref())).collect());
            for GroupColumn { x, line, low, high, n, nan, ended, interpolated } in &curve.columns {
                csv.number(*x);
                values.iter().for_each(|value| csv.text(value));
                csv.text(&curve.split);
                [line, low, high].into_iter().for_each(|number| csv.number(*number));
                [n, nan, ended, interpolated].into_iter().for_each(|count| csv.number_text(&count.to_string()));
                csv.text(&method);
                csv.end();
            }
        }
        csv.into_text()
    }
}

/// Behind the keys.
const COLUMNS: [&str; 9] = ["split", "line", "low", "high", "n", "nan", "ended", "interpolated", "method"];

/// Empty for a missing value; a text as it is.
fn key_text(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}
