//! The values that the settings panel shows, and the queries of the files that show what the reader sees.

use leptos::prelude::*;

use super::canvas;
use super::chart_runs::{ChartRuns, DrawnRun};
use super::chart_state::ChartState;
use super::column_cache::CachedSeries;
use super::groups::CachedGroup;
use super::overrides::NUMBERS;
use super::panel_state::{PanelTarget, PanelValues, SeriesSummary};
use super::readout::non_finite_counts;
use super::registry::{ChartRegistry, Charts};
use super::superseded_choice;
use crate::app::signals::SetIfChanged;
use crate::browser::dom;
use crate::charts::{Emphasis, format_number, series_key};
use crate::protocol::{CellId, XAxis};
use crate::routes;

impl ChartRegistry {
    /// The query of a picture that shows what this reader sees of the cell: empty, or `&key=value` pairs.
    pub fn export_query(self, id: &CellId) -> String {
        self.with(|charts| {
            let (chart, runs) = charts.chart_and_runs(id)?;
            Some(export_query(chart, runs))
        })
        .flatten()
        .unwrap_or_default()
    }

    /// The address of the values of a cell as text: of the groups that a chart draws, or of all points.
    pub fn csv_file(self, id: &CellId) -> String {
        let of_chart = |charts: &mut Charts| charts.chart_and_runs(id).map(|(chart, runs)| csv_file(chart, runs));
        self.with(of_chart).flatten().unwrap_or_else(|| routes::csv_file(id))
    }

    /// Draws with this smoothing before it is chosen: while a slider is dragged.
    pub fn preview_smoothing(self, target: &PanelTarget, smooth: f64) {
        self.update(|charts| {
            let is_meant = |chart: &&mut ChartState| target.means(&chart.id);
            charts.list.iter_mut().filter(is_meant).for_each(|chart| chart.settings.smooth = smooth);
            charts.repaint();
            charts.update_panel();
        });
    }

    /// Hides what restarts superseded, or shows it, in this tab.
    pub fn hide_superseded(self, id: &CellId, hides: bool) {
        self.update(|charts| {
            let Some(chart) = charts.chart(id) else { return };
            chart.own_hides_superseded = (hides != chart.settings.hide_superseded).then_some(hides);
            superseded_choice::store(id, chart.own_hides_superseded);
            chart.is_dirty = true;
            charts.update_panel();
            charts.request_frame();
        });
    }

    /// The names that this tab hides, to be stored for everyone.
    pub fn take_own_hidden(self, id: &CellId) -> Option<Vec<String>> {
        self.with(|charts| {
            let own = charts.chart(id)?.own_hidden.clone()?;
            // The chart keeps them until the stored settings have come.
            super::hidden_series::store(id, None);
            Some(own)
        })
        .flatten()
    }
}

impl Charts {
    /// Updates the open settings panel, or closes it when its chart is removed.
    pub fn update_panel(&mut self) {
        self.is_panel_due = false;
        let panel = self.registry.panel;
        let Some(target) = panel.target.get_untracked() else { return };
        match self.panel_values(&target) {
            Some(values) => panel.values.set_if_changed(values),
            None => panel.target.set(None),
        }
    }

    fn panel_values(&mut self, target: &PanelTarget) -> Option<PanelValues> {
        if let PanelTarget::Chart(id) = target {
            let (chart, runs) = self.chart_and_runs(id)?;
            return Some(PanelValues {
                svg: routes::svg_file(id, &export_query(chart, runs)),
                export_query: export_query(chart, runs),
                csv: csv_file(chart, runs),
                series: chart.cache.series.iter().zip(&chart.looks.labels).filter_map(summarize).collect(),
                ..setting_values(chart)
            });
        }
        let meant = || self.list.iter().filter(|chart| target.means(&chart.id));
        let first = meant().next()?;
        let is_same = |same: fn(&ChartState, &ChartState) -> bool| meant().all(|chart| same(chart, first));
        let values = setting_values(first);
        Some(PanelValues {
            x: values.x.filter(|_| is_same(|a, b| a.settings.x == b.settings.x)),
            x_metric: if is_same(|a, b| a.settings.x_metric == b.settings.x_metric) { values.x_metric } else { String::new() },
            x_scale: values.x_scale.filter(|_| is_same(|a, b| a.settings.x_scale == b.settings.x_scale)),
            y: values.y.filter(|_| is_same(|a, b| a.settings.y == b.settings.y)),
            smooth: values.smooth.filter(|_| is_same(|a, b| a.settings.smooth == b.settings.smooth)),
            has_own_hidden: false,
            has_overrides: meant().any(|chart| !chart.overrides().is_empty()),
            ..values
        })
    }
}

fn setting_values(chart: &ChartState) -> PanelValues {
    let settings = &chart.settings;
    PanelValues {
        x: Some(settings.x),
        x_metric: settings.x_metric.clone(),
        y: Some(settings.y),
        x_scale: Some(settings.x_scale),
        goal_lines: settings.goal_lines.clone(),
        titles: [settings.x_label.clone(), settings.y_label.clone()],
        y_range: settings.y_range,
        y_window: chart.y_viewport.map(|viewport| [viewport.from, viewport.to]),
        section: chart.section.get_untracked(),
        ignores_outliers: settings.ignore_outliers,
        superseded: chart.superseded_choice(),
        smooth: Some(settings.smooth),
        unit: settings.unit.clone(),
        has_own_hidden: chart.own_hidden.is_some(),
        has_overrides: !chart.overrides().is_empty(),
        ..PanelValues::default()
    }
}

/// `None` for a series without points.
fn summarize((series, label): (&CachedSeries, &String)) -> Option<SeriesSummary> {
    let columns = &series.shown().list;
    let mut all = *columns.last()?;
    let last = all.last;
    columns.iter().rev().skip(1).for_each(|column| all.merge(column));
    Some(SeriesSummary {
        name: label.clone(),
        last: format_number(last),
        lowest: format_number(all.min),
        highest: format_number(all.max),
        non_finite: non_finite_counts(&all),
        points: series.total.to_string(),
    })
}

/// Of the groups that are compared, or of all points; along the axis that is seen.
fn csv_file(chart: &ChartState, runs: &ChartRuns) -> String {
    let groups = runs.grouping.as_ref().map_or("", |grouping| grouping.query.as_str());
    [&routes::csv_file(&chart.id), groups, &chart.overrides().query(NUMBERS)].concat()
}

fn export_query(chart: &ChartState, runs: &ChartRuns) -> String {
    let mut query = chart.overrides().query(NUMBERS);
    let mut add = |name: &str, value: &str| query.extend([name, &routes::encoded(value)]);
    if let Some(viewport) = chart.viewport {
        add("&from=", &dom::number_text(viewport.from));
        add("&to=", &dom::number_text(viewport.to));
    }
    if let Some(viewport) = chart.y_viewport {
        add("&y_from=", &dom::number_text(viewport.from));
        add("&y_to=", &dom::number_text(viewport.to));
    }
    if let Some(hides) = chart.own_hides_superseded {
        add("&hide_superseded=", if hides { "1" } else { "0" });
    }
    let grouping = runs.grouping.as_ref();
    // Members of the group that is pointed at are no part of the picture.
    let is_lasting = |run: &&DrawnRun| run.emphasis != Emphasis::Thin;
    if runs.query().is_some() {
        add("&runs=", &runs.drawn.iter().filter(is_lasting).map(|run| run.id.as_str()).collect::<Vec<_>>().join(","));
    }
    let is_group_shown =
        |group: &&CachedGroup| grouping.is_some_and(|grouping| grouping.draws(group.curve.group)) && !chart.is_group_hidden(group);
    let shown_groups: Vec<&CachedGroup> = chart.groups.groups.iter().filter(is_group_shown).collect();
    if chart.own_hidden.is_some() || shown_groups.len() < chart.groups.groups.len() {
        // No series has an empty name: it excludes all that are not named.
        add("&series=", "");
        for series in chart.cache.series.iter().filter(|series| !chart.is_hidden(series)) {
            add("&series=", &series.key());
        }
        for group in shown_groups {
            add("&series=", &series_key(Some(&group.owner), &group.curve.split));
        }
    }
    let pinned = grouping.into_iter().flat_map(|grouping| &grouping.pinned).map(ToString::to_string);
    let bold = runs.drawn.iter().filter(|run| run.emphasis == Emphasis::Bold).map(|run| run.id.to_string());
    let pinned: Vec<String> = pinned.chain(bold).collect();
    if !pinned.is_empty() {
        add("&pin=", &pinned.join(","));
    }
    if let Some(grouping) = grouping {
        query.push_str(&grouping.query);
        return query;
    }
    let mut add = |name: &str, value: &str| query.extend([name, &routes::encoded(value)]);
    if !runs.colour_key.is_empty() {
        add("&colour=", &runs.colour_key);
    }
    if chart.settings.x == XAxis::Wall {
        // The zone has the offset of each date. A server that does not know it takes the offset of the last one.
        let zone = dom::time_zone();
        if !zone.is_empty() {
            add("&tz=", &zone);
        }
        let end = chart.viewport.map_or(chart.cache.extent.1, |viewport| viewport.to);
        add("&offset=", &(canvas::zone().offset(end as i64) / 60).to_string());
    }
    query
}
