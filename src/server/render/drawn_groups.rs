//! The groups of runs that a drawing or a table shows, and their curves.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::charts::{
    GroupTag, LegendItem, NamedSeries, SeriesStyle, StyledSeries, format_number, legend_items, series_label, series_styles,
};
use crate::protocol::groups::{Band, GroupCurve, GroupGrid, GroupLine, MemberCounts, method};
use crate::protocol::{ApiError, CellId, GroupId, LineSettings, XAxis};
use crate::series::groups::GroupStyle;
use crate::server::boards::Boards;
use crate::server::boards::groups::curves::{CurveQuery, GroupAxis, PlannedCurve, WORKING_BYTES};
use crate::server::boards::groups::membership::RunGroup;
use crate::server::boards::runs::RunQuery;
use crate::server::error::ServerError;
use crate::server::limits::{MAX_GROUP_PLACES, MAX_GROUP_VALUES, MAX_GROUPS};

/// Which groups, and how they are drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupsView {
    /// The search for their runs; empty: all.
    pub search: String,
    /// The keys that the runs of a group agree in.
    pub by: Vec<String>,
    pub line: GroupLine,
    pub band: Band,
    /// Groups that are not drawn.
    pub hidden: Vec<GroupId>,
    /// Only this group is drawn.
    pub solo: Option<GroupId>,
    /// Without what a share does not show.
    pub is_public: bool,
}

impl GroupsView {
    fn draws(&self, group: GroupId) -> bool {
        self.solo.map_or_else(|| !self.hidden.contains(&group), |solo| solo == group)
    }

    /// The runs of the groups. 400: the search is wrong.
    pub fn runs(&self) -> Result<RunQuery, ApiError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.search.is_empty() {
            query.append_pair("q", &self.search);
        }
        RunQuery::parse(&query.finish())
    }
}

/// The largest groups of a board: the same for all of its charts.
#[derive(Clone)]
pub struct FoundGroups {
    view: GroupsView,
    groups: Arc<[RunGroup]>,
    /// Groups that are left out.
    more: usize,
}

impl FoundGroups {
    /// 400: a name is no key of the board.
    pub async fn find(boards: &Boards, board: &str, view: &GroupsView) -> Result<Self, ServerError> {
        let mut groups = boards.groups_of_runs(board, &view.runs()?, &view.by, view.is_public).await?;
        let more = groups.len().saturating_sub(MAX_GROUPS);
        groups.truncate(MAX_GROUPS);
        Ok(Self { view: view.clone(), groups: groups.into(), more })
    }

    /// Which curves they have in a cell of this board.
    pub async fn plan(
        &self,
        boards: &Boards,
        (board, cell): (&str, &CellId),
        settings: &LineSettings,
    ) -> Result<PlannedGroups, ServerError> {
        let Self { view, groups, more } = self.clone();
        let axis = match settings.x {
            XAxis::Step => GroupAxis::Step,
            XAxis::Relative | XAxis::Wall => GroupAxis::Relative,
            XAxis::Metric => GroupAxis::Metric,
        };
        let (smooth, x_metric) = (settings.smooth, settings.x_metric.clone());
        let plan = boards.plan_curves(board, std::slice::from_ref(cell), &groups, axis, &x_metric).await?;
        let curves = plan.cells.into_iter().flat_map(|cell| cell.curves);
        let curves = curves.filter(|curve| view.draws(groups[curve.group].id)).collect();
        Ok(PlannedGroups { cell: cell.clone(), view, groups, more, axis, x_metric, smooth, curves, version: plan.version })
    }
}

/// The largest groups of a board, and which curves they have in one cell, before these are read.
pub struct PlannedGroups {
    cell: CellId,
    view: GroupsView,
    groups: Arc<[RunGroup]>,
    /// Groups that are left out.
    more: usize,
    axis: GroupAxis,
    x_metric: String,
    smooth: f64,
    curves: Vec<PlannedCurve>,
    version: u64,
}

impl PlannedGroups {
    /// Changes when the curves may change: the search may name what is no part of the cell, such as another metric or the time.
    pub fn version(&self) -> String {
        format!("{:016x}-{}", self.version, self.groups.len() + self.more)
    }

    pub fn curves(&self) -> usize {
        self.curves.len()
    }

    /// The members of all groups.
    pub fn members(&self) -> usize {
        self.groups.iter().map(|group| group.runs.len()).sum()
    }

    /// The names of the curves, before they are read.
    pub fn legend(&self) -> Vec<LegendItem> {
        let group = |curve: &PlannedCurve| &self.groups[curve.group];
        let styled = self.curves.iter().map(|curve| StyledSeries { run_colour: Some(group(curve).index), name: &curve.split });
        let styles = series_styles(styled, false);
        let owners: Vec<String> = self.curves.iter().map(|curve| group(curve).id.to_string()).collect();
        let named = self.curves.iter().enumerate().map(|(slot, curve)| NamedSeries {
            slot,
            owner: Some((&owners[slot], &group(curve).label)),
            name: &curve.split,
            style: styles[slot],
        });
        let mut items = legend_items(named, false);
        for item in items.iter_mut().filter(|item| !item.is_split) {
            let curve = &self.curves[item.slots[0]];
            let runs = curve.runs() as u32;
            item.tag = GroupTag::new(group(curve).index as u32, runs, runs);
        }
        items
    }

    /// Bytes that a curve takes while it is calculated.
    pub fn working_bytes(&self, curve: usize) -> usize {
        let values = self.curves[curve].runs().saturating_mul(MAX_GROUP_PLACES as usize);
        WORKING_BYTES * values.min(MAX_GROUP_VALUES)
    }

    pub fn group(&self, curve: &GroupCurve) -> Option<&RunGroup> {
        self.groups.iter().find(|group| group.id == curve.group)
    }

    pub fn groups(&self) -> &[RunGroup] {
        &self.groups
    }

    /// Reads one of the curves.
    pub async fn curve(
        &self,
        boards: &Boards,
        at: usize,
        window: Option<(f64, f64)>,
        width: u32,
        cancelled: &CancellationToken,
    ) -> Result<GroupCurve, ServerError> {
        let style = GroupStyle { line: self.view.line, band: self.view.band, is_common: false };
        let (from, to) = (window.map(|window| window.0), window.map(|window| window.1));
        let query = CurveQuery { style, axis: self.axis, from, to, width, smooth: self.smooth };
        let planned = &self.curves[at];
        let group = &self.groups[planned.group];
        boards.group_curve(&self.cell, planned, group, query, cancelled).await
    }

    /// Reads all of them.
    pub async fn read(
        &self,
        boards: &Boards,
        window: Option<(f64, f64)>,
        width: u32,
        cancelled: &CancellationToken,
    ) -> Result<DrawnGroups, ServerError> {
        let mut curves = Vec::new();
        for at in 0..self.curves.len() {
            curves.push(self.curve(boards, at, window, width, cancelled).await?);
        }
        curves.retain(|curve| !curve.columns.is_empty());
        Ok(DrawnGroups { curves, more: self.more, view: self.view.clone(), x_metric: self.x_metric.clone(), smooth: self.smooth })
    }

    /// How a curve is made, as one sentence.
    pub fn method(&self, curve: &GroupCurve) -> String {
        method(self.view.line, self.view.band, &MemberCounts::of_curve(curve), &[curve.grid], self.smooth)
    }
}

/// `groups by batch · lr, split: val, x axis: steps 237 to 358`.
fn scope(keys: &[&str], splits: &[&str], (x_axis, x_metric): (XAxis, &str), window: Option<(f64, f64)>) -> String {
    let mut parts = Vec::new();
    if !keys.is_empty() {
        parts.push(["groups by ", &keys.join(" · ")].concat());
    }
    match splits {
        [] => {}
        [split] => parts.push(["split: ", split].concat()),
        splits => parts.push(["splits: ", &splits.join(" and ")].concat()),
    }
    let is_step = x_axis == XAxis::Step;
    let window = window.map(|(from, to)| if is_step { (from.ceil(), to.floor().max(from.ceil())) } else { (from, to) });
    let window = window.map(|(from, to)| [" ", &format_number(from), " to ", &format_number(to)].concat()).unwrap_or_default();
    let axis = match x_axis {
        XAxis::Step => "steps",
        XAxis::Relative | XAxis::Wall => "seconds of a run",
        XAxis::Metric => x_metric,
    };
    parts.push(["x axis: ", axis, &window].concat());
    parts.join(", ")
}

/// The curves of groups in one cell.
pub struct DrawnGroups {
    pub curves: Vec<GroupCurve>,
    /// Groups that are left out.
    pub more: usize,
    view: GroupsView,
    x_metric: String,
    smooth: f64,
}

impl DrawnGroups {
    /// How the curves are made, as one sentence; empty without any.
    pub fn method(&self) -> String {
        let Some(members) = MemberCounts::of(&self.curves) else { return String::new() };
        let grids: Vec<GroupGrid> = self.curves.iter().map(|curve| curve.grid).collect();
        method(self.view.line, self.view.band, &members, &grids, self.smooth)
    }

    /// Which part of which numbers the curves show, as one line: the keys, the splits, the x axis and its window.
    pub fn scope(&self, splits: &[&str], x_axis: XAxis, window: Option<(f64, f64)>) -> String {
        let keys: Vec<&str> = self.view.by.iter().map(|key| key.strip_prefix("config.").unwrap_or(key)).collect();
        scope(&keys, splits, (x_axis, &self.x_metric), window)
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_names_keys_splits_axis_and_window() {
        assert_eq!(
            scope(&["batch", "lr"], &["val"], (XAxis::Step, ""), Some((236.6, 358.4))),
            "groups by batch · lr, split: val, x axis: steps 237 to 358"
        );
        assert_eq!(scope(&["lr"], &["train", "val"], (XAxis::Step, ""), None), "groups by lr, splits: train and val, x axis: steps");
        assert_eq!(scope(&[], &[], (XAxis::Metric, "epoch"), Some((0.5, 3.0))), "x axis: epoch 0.5 to 3");
        assert_eq!(scope(&[], &[], (XAxis::Relative, ""), Some((0.5, 60.0))), "x axis: seconds of a run 0.5 to 60");
        assert_eq!(scope(&[], &[], (XAxis::Step, ""), Some((4.2, 4.8))), "x axis: steps 5 to 5");
    }
}
