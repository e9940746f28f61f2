//! Requests for columns: charts with the same query share a request.

use std::time::Duration;

use js_sys::Date;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::column_cache::ColumnQuery;
use super::registry::{ChartRegistry, Charts};
use super::scheduler::shorter;
use crate::app::pace::pause_after;
use crate::browser::{dom, fetch};
use crate::protocol::columns::{self as wire, CellColumns};
use crate::protocol::{AxisScale, CellId, ChartAxis, LineSettings, XAxis};
use crate::routes;

/// Minimum time between two requests of a chart.
const INTERVAL_MS: f64 = 250.0;
/// The same while points come to a chart along a metric, whose columns only the server makes.
const METRIC_INTERVAL_MS: f64 = 1000.0;
/// Delay of the next request after one that failed.
const RETRY_DELAY: Duration = Duration::from_secs(2);
/// Maximum number of charts in a request, which bounds the length of the URL.
const MAX_CHARTS: usize = 50;

impl Charts {
    /// Requests the missing columns of visible charts. Returns after how many milliseconds the next chart may request what it has to wait for.
    pub fn request_columns(&mut self, now: f64) -> Option<f64> {
        let mut delay: Option<f64> = None;
        let mut requests: Vec<(ColumnQuery, Vec<CellId>, String)> = Vec::new();
        for chart in self.list.iter_mut().filter(|chart| chart.is_visible) {
            let Some((query, not_before)) = chart.missing_query() else { continue };
            if chart.is_loading {
                continue;
            }
            if now < not_before {
                delay = shorter(delay, not_before - now);
                continue;
            }
            chart.is_loading = true;
            chart.is_stale = false;
            chart.not_before = now + INTERVAL_MS;
            chart.cache.begin_query();
            match requests.iter_mut().find(|(known, ids, _)| *known == query && ids.len() < MAX_CHARTS) {
                Some((_, ids, _)) => ids.push(chart.id.clone()),
                None => requests.push((query, vec![chart.id.clone()], axis_text(query.axis, &chart.settings))),
            }
        }
        for (query, ids, axis) in requests {
            spawn_local(request(self.registry, query, ids, axis, self.runs.query()));
        }
        delay
    }

    fn receive(&mut self, query: ColumnQuery, began: f64, ids: &[CellId], mut cells: Vec<CellColumns>) {
        let now = Date::now();
        for id in ids {
            let at = cells.iter().position(|cell| cell.cell == *id);
            let series = at.map(|at| cells.swap_remove(at).series).unwrap_or_default();
            let Some(at) = self.index.get(id) else { continue };
            let chart = &mut self.list[*at];
            chart.is_loading = false;
            let is_joined = query.axis == XAxis::Metric;
            chart.refresh_not_before = if is_joined { now + pause_after(now - began).max(METRIC_INTERVAL_MS) } else { 0.0 };
            chart.is_stale |= chart.cache.finish_query(query, series);
            // Runs may have been hidden meanwhile.
            chart.retain_drawn(&self.runs);
            chart.follow();
            chart.is_dirty = true;
        }
        self.request_frame();
    }

    fn fail(&mut self, ids: &[CellId]) {
        for id in ids {
            let Some(chart) = self.chart(id) else { continue };
            chart.is_loading = false;
            chart.cache.cancel_query();
            chart.is_stale = true;
        }
        self.request_frame();
    }
}

/// The parameter `x` of a request for a chart with these settings, and what belongs to it.
pub fn axis_text(axis: ChartAxis, settings: &LineSettings) -> String {
    match axis.x {
        XAxis::Step => "step".to_owned(),
        XAxis::Relative => "relative".to_owned(),
        XAxis::Wall => "time".to_owned(),
        XAxis::Metric => ["metric&x_metric=", &routes::encoded(&settings.x_metric)].concat(),
    }
}

async fn request(registry: ChartRegistry, query: ColumnQuery, ids: Vec<CellId>, axis: String, runs: Option<String>) {
    let began = Date::now();
    let names = ids.iter().map(CellId::as_str).collect::<Vec<_>>().join(",");
    let end = |end: f64| end.is_finite().then(|| dom::number_text(end));
    let smooth = (query.smooth > 0.0).then(|| dom::number_text(query.smooth));
    let axis = if query.scale == AxisScale::Log { axis + "&x_scale=log" } else { axis };
    let bytes = fetch::bytes(&routes::columns(&names, &axis, (end(query.from), end(query.to)), query.width, smooth, runs)).await;
    match bytes.and_then(|bytes| wire::read(&bytes).ok()) {
        Some(frame) => registry.update(|charts| charts.receive(query, began, &ids, frame.cells)),
        None => set_timeout(move || registry.update(|charts| charts.fail(&ids)), RETRY_DELAY),
    }
}
