//! The drawing of a line cell on the server: for the page before its script runs, and for everybody who asks for an SVG.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::drawn_groups::{DrawnGroups, FoundGroups, GroupsView, PlannedGroups};
use super::drawn_runs::DrawnRuns;
use crate::charts::display_list::DisplayList;
use crate::charts::event_marks::{MarkedRun, event_marks};
use crate::charts::{
    AllHidden, Attrition, AxisTitles, CanvasSize, ChartCanvas, ChartOptions, Emphasis, GroupTag, GroupView, LegendItem, LineChart,
    NamedSeries, SeriesStyle, SeriesView, StyledSeries, TimeZone, YBounds, is_series_hidden, legend_items, series_key, series_label,
    series_styles, without_superseded,
};
use crate::line_overrides::{LineOverride, Numbers};
use crate::protocol::groups::GroupCurve;
use crate::protocol::{AxisScale, CellContent, CellId, LineSettings, RunId, SeriesId, XAxis};
use crate::server::boards::groups::RunColours;
use crate::server::boards::{Boards, LineWindow};
use crate::server::error::ServerError;
use crate::server::limits::{MAX_DRAWN_COLUMNS, MAX_DRAWN_SERIES, MAX_READ_COLUMNS};
use crate::server::store::{Index, Record, SmoothingWeights};

/// Pixel columns of a picture that stretches over a width which nobody knows yet.
const FLUID_COLUMNS: u32 = 640;

/// As the standard library has them.
pub const NUMBERS: Numbers = Numbers { read: |text| text.parse().unwrap_or(f64::NAN), write: |number| number.to_string() };

/// The part of a chart that is drawn, where it differs from the settings of the cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineView {
    /// The part of the x axis, `from < to`; all of it when `None`.
    pub window: Option<(f64, f64)>,
    /// The part of the y axis, the lower end first; that of the settings when `None`.
    pub y_window: Option<(f64, f64)>,
    /// The names of the series that are drawn, those of runs as [`series_key`]; those that are not hidden when `None`.
    pub series: Option<Vec<String>>,
    /// The axes and the smoothing of one reader.
    pub overrides: LineOverride,
    /// Whether points that a restart superseded are left out; `None`: as the settings say.
    pub hides_superseded: Option<bool>,
    /// The runs that are drawn; those that the page draws first when `None`. Beside groups they are drawn in bold.
    pub runs: Option<Vec<RunId>>,
    /// The groups that are drawn in place of runs.
    pub groups: Option<GroupsView>,
    /// The colours of the runs; `None`: each has its own.
    pub colours: Option<Arc<RunColours>>,
    /// Ids of runs and groups that are drawn in bold.
    pub pinned: Vec<String>,
    /// The clock of wall times.
    pub zone: TimeZone,
    /// The drawing is higher by its names and its method.
    pub grows: bool,
}

impl LineView {
    /// What a cell is drawn by.
    pub fn settings(&self, record: &Record) -> LineSettings {
        match &record.content {
            CellContent::LineChart(settings) => self.overrides.apply(settings.clone()),
            _ => LineSettings::default(),
        }
    }

    fn emphasis(&self, owner: &str) -> Emphasis {
        if self.pinned.iter().any(|id| id == owner) { Emphasis::Bold } else { Emphasis::Normal }
    }

    /// Whether a series is drawn; `owner`: the run or the group that it belongs to.
    fn shows(&self, settings: &LineSettings, owner: Option<&str>, name: &str) -> bool {
        match &self.series {
            Some(keys) => keys.contains(&series_key(owner, name)),
            None => !is_series_hidden(&settings.hidden, owner, name),
        }
    }
}

/// The runs that a drawing shows.
pub fn drawn_ids(boards: &Boards, board: &str, view: &LineView) -> Vec<RunId> {
    DrawnRuns::find(boards, board, view.runs.as_deref()).ids()
}

/// The places of the series that are drawn among all of the chart, and how many more are shown but not drawn.
fn choose_series(ids: &[SeriesId], settings: &LineSettings, view: &LineView) -> (Vec<usize>, usize) {
    let is_shown = |SeriesId { run, name }: &SeriesId| view.shows(settings, run.as_ref().map(RunId::as_str), name);
    let mut shown: Vec<_> = (0..ids.len()).filter(|at| is_shown(&ids[*at])).collect();
    let left_out = shown.len().saturating_sub(MAX_DRAWN_SERIES);
    shown.truncate(MAX_DRAWN_SERIES);
    (shown, left_out)
}

/// The series of a chart: those without a run, then those of the runs that are drawn.
pub(super) fn series_ids(index: &Index, cell: &CellId, runs: &DrawnRuns) -> Vec<SeriesId> {
    let of_runs = runs.list.iter().flat_map(|run| index.series_of_run(cell, &run.id));
    index.series(cell).iter().chain(of_runs).map(|series| series.id.clone()).collect()
}

/// The labels and the styles of the series of a chart.
pub(super) fn series_looks(ids: &[SeriesId], runs: &DrawnRuns) -> (Vec<String>, Vec<SeriesStyle>) {
    let run = |id: &SeriesId| id.run.as_ref().and_then(|run| runs.get(run));
    let label = |id: &SeriesId| series_label(run(id).map(|run| run.name.as_str()), &id.name, runs.has_one_run());
    let styled = ids.iter().map(|id| StyledSeries { run_colour: run(id).map(|run| run.colour), name: &id.name });
    (ids.iter().map(label).collect(), series_styles(styled, runs.has_one_run()))
}

/// A series as the legend knows it.
fn named<'a>(slot: usize, id: &'a SeriesId, style: SeriesStyle, runs: &'a DrawnRuns) -> NamedSeries<'a> {
    NamedSeries { slot, owner: id.run.as_ref().map(|run| runs.owner(run)), name: &id.name, style }
}

/// The names of a chart of these series.
pub(super) fn names(ids: &[SeriesId], styles: &[SeriesStyle], runs: &DrawnRuns) -> Vec<LegendItem> {
    let mut series: Vec<_> = ids.iter().zip(styles).enumerate().map(|(slot, (id, style))| named(slot, id, *style, runs)).collect();
    series.sort_by_key(|named| runs.legend_place(&ids[named.slot]));
    legend_items(series.into_iter(), runs.has_one_run())
}

/// The chart with what is on disk now, and the canvas as high as it needs it: of many series the first 50, with fewer columns each.
pub async fn draw(
    boards: &Boards,
    record: &Arc<Record>,
    view: &LineView,
    groups: Option<(&PlannedGroups, &CancellationToken)>,
    canvas: &ChartCanvas,
    has_legend: bool,
) -> Result<(DisplayList, ChartCanvas), ServerError> {
    let settings = view.settings(record);
    let width = match canvas.size {
        CanvasSize::Fixed { width, .. } => width.clamp(1.0, 16_384.0) as u32,
        CanvasSize::Fluid { .. } => FLUID_COLUMNS,
    };
    let (from, to) = view.window.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let groups = match groups {
        Some((groups, cancelled)) => Some(groups.read(boards, view.window, width, cancelled).await?),
        None => None,
    };
    let requested = if groups.is_some() { Some(view.runs.as_deref().unwrap_or_default()) } else { view.runs.as_deref() };
    let mut runs = DrawnRuns::find(boards, &record.board, requested);
    if let Some(colours) = view.colours.as_deref().filter(|_| groups.is_none()) {
        runs.colour_by(colours);
    }
    let all = series_ids(&boards.index(), &record.id, &runs);
    let drawn: Vec<&SeriesId> = choose_series(&all, &settings, view).0.into_iter().map(|at| &all[at]).collect();
    // There are at most two columns a pixel.
    let width = width.min((MAX_DRAWN_COLUMNS / 2 / drawn.len().max(1)) as u32).min((MAX_READ_COLUMNS / 2 / all.len().max(1)) as u32).max(1);
    // Others are not smoothed: they are not drawn.
    let weight = |id: &SeriesId| if drawn.contains(&id) { settings.smooth } else { 0.0 };
    let weights = SmoothingWeights { of: &weight, together: drawn.len() };
    let (x, x_metric) = (settings.x, settings.x_metric.as_str());
    let window = LineWindow { x, x_metric: x_metric.into(), from, to, width, scale: settings.x_scale() };
    let found = boards.smoothed_columns(&record.id, &window, weights, &runs.ids()).await?;
    let mut series = found.unwrap_or_default();
    let hides_superseded = settings.x == XAxis::Step && view.hides_superseded.unwrap_or(settings.hide_superseded);
    for series in series.iter_mut().filter(|series| hides_superseded && series.run.is_some()) {
        let places = series.smoothed.as_ref().map_or(&[][..], |smoothed| &smoothed.places);
        let Some(left) = without_superseded(&series.columns, places) else { continue };
        series.columns = left.list;
        if let Some(smoothed) = &mut series.smoothed {
            smoothed.places = left.places;
        }
    }
    let ids: Vec<SeriesId> = series.iter().map(|series| SeriesId { run: series.run.clone(), name: series.name.as_str().into() }).collect();
    let (labels, styles) = series_looks(&ids, &runs);
    let (mut drawn, mut left_out) = choose_series(&ids, &settings, view);
    if groups.is_some() && settings.x == XAxis::Wall {
        // Times of groups begin at 0, those of series at 1970.
        drawn.clear();
    }
    let (group_styles, group_labels) = groups.as_ref().map(DrawnGroups::looks).unwrap_or_default();
    let owners = groups.as_ref().map(DrawnGroups::owners).unwrap_or_default();
    let smoothed = |slot: usize| series[slot].smoothed.as_ref().map_or(&[][..], |smoothed| &smoothed.places);
    let emphasis = |run: &RunId| if groups.is_some() { Emphasis::Bold } else { view.emphasis(run.as_str()) };
    let mut curves: Vec<SeriesView> = Vec::new();
    for (at, curve) in groups.iter().flat_map(|groups| &groups.curves).enumerate() {
        if view.shows(&settings, Some(&owners[at]), &curve.split) {
            let group = Some(GroupView { columns: &curve.columns, runs: curve.runs, index: curve.index });
            let (name, style) = (group_labels[at].as_str(), group_styles[at]);
            let emphasis = view.emphasis(&owners[at]);
            curves.push(SeriesView { name, slot: series.len() + at, style, emphasis, group, ..SeriesView::default() });
        }
    }
    let of_series = drawn.into_iter().map(|slot| SeriesView {
        name: &labels[slot],
        slot,
        style: styles[slot],
        fades_superseded: settings.x == XAxis::Step && ids[slot].run.is_some(),
        columns: &series[slot].columns,
        smoothed: smoothed(slot),
        emphasis: ids[slot].run.as_ref().map_or(Emphasis::Normal, emphasis),
        group: None,
    });
    curves.extend(of_series);
    left_out += groups.as_ref().map_or(0, |groups| groups.more);
    let is_of = |slot: usize, id: &RunId| ids.get(slot).is_some_and(|series| series.run.as_ref() == Some(id));
    let x_axis = if groups.is_some() && settings.x == XAxis::Wall { XAxis::Relative } else { settings.x };
    let all_hidden = match curves.is_empty() {
        true if !series.is_empty() || !owners.is_empty() => AllHidden::Series,
        true if runs.hides_any() => AllHidden::Runs,
        _ => AllHidden::No,
    };
    let (window, zone) = (view.window, view.zone.clone());
    let run_of = |id: &RunId| {
        let run = runs.get(id).filter(|_| groups.is_none())?;
        let curve = curves.iter().find(|curve| is_of(curve.slot, id))?;
        Some(MarkedRun { colour: Some(run.colour).filter(|_| !runs.has_one_run()), origin: series[curve.slot].origin })
    };
    let marks = event_marks(&boards.settings(&record.board).marks, x_axis, run_of);
    let titles = AxisTitles { x: settings.x_title(), y: settings.y_label.as_str() };
    let y_bounds = match view.y_window {
        Some((low, high)) => YBounds { ends: [Some(low), Some(high)], ignores_outliers: false },
        None => (&settings).into(),
    };
    let options = ChartOptions {
        x_axis,
        x_metric,
        x_scale: if x_axis == XAxis::Wall { AxisScale::Linear } else { settings.x_scale },
        y_scale: settings.y,
        goal_lines: &settings.goal_lines,
        y_bounds,
        unit: &settings.unit,
        titles,
        window,
        zone,
        all_hidden,
        marks: &marks,
    };
    let drawn_groups = groups.as_ref().map_or(&[][..], |groups| &groups.curves);
    let shown = curves.iter().map(|SeriesView { slot, style, .. }| match slot.checked_sub(series.len()) {
        Some(at) => {
            NamedSeries { slot: *slot, owner: Some((&owners[at], &drawn_groups[at].label)), name: &drawn_groups[at].split, style: *style }
        }
        None => named(*slot, &ids[*slot], *style, &runs),
    });
    let mut shown: Vec<NamedSeries> = shown.collect();
    shown.sort_by_key(|named| ids.get(named.slot).map_or(0, |id| runs.legend_place(id)));
    let mut items = if has_legend { Some(legend_items(shown.into_iter(), runs.has_one_run() && groups.is_none())) } else { None };
    for item in items.iter_mut().flatten().filter(|item| !item.is_split) {
        if let Some(at) = item.slots[0].checked_sub(series.len()) {
            let GroupCurve { index, runs, columns, .. } = &drawn_groups[at];
            item.tag = GroupTag::new(*index, Attrition::of(columns).left, *runs);
        }
    }
    let method = match &groups {
        Some(groups) if has_legend => {
            let mut splits: Vec<&str> = Vec::new();
            for group in curves.iter().filter_map(|curve| drawn_groups.get(curve.slot.checked_sub(series.len())?)) {
                splits.extend(Some(group.split.as_str()).filter(|split| !split.is_empty() && !splits.contains(split)));
            }
            [groups.method(), groups.scope(&splits, x_axis, view.window)].join("\n")
        }
        _ => String::new(),
    };
    let chart = LineChart { options: &options, series: &curves, legend: items.as_deref(), method: &method, left_out };
    Ok(if view.grows { chart.draw_grown(canvas) } else { (chart.draw(canvas), canvas.clone()) })
}

/// The groups of a drawing or of a table.
pub async fn plan_groups(boards: &Boards, record: &Record, view: &LineView, groups: &GroupsView) -> Result<PlannedGroups, ServerError> {
    FoundGroups::find(boards, &record.board, groups).await?.plan(boards, (&record.board, &record.id), &view.settings(record)).await
}

/// A number that grows with each change of the points of the metric that a drawing stands along; 0 along another axis.
pub(super) fn along_seq(index: &Index, record: &Record, view: &LineView) -> u64 {
    let settings = view.settings(record);
    let (Some(metric), Some(board)) = (settings.along_metric(), index.board(&record.board)) else { return 0 };
    let cells = board.cells.keys().filter_map(|cell| index.cell_series(cell));
    cells.filter(|known| known.has_run_metric(metric)).map(|known| known.seq).sum()
}

/// Changes whenever the drawing may, but for its groups.
pub fn version(boards: &Boards, record: &Record, view: &LineView) -> String {
    let index = boards.index();
    let points: u64 = index.series(&record.id).iter().map(|series| series.count()).sum();
    let seq = index.cell_series(&record.id).map_or(0, |known| known.seq);
    let run_seq = index.board(&record.board).map_or(0, |board| board.run_seq);
    format!("{}-{}-{points}-{}-{run_seq}", record.version, record.rev, seq + along_seq(&index, record, view))
}
