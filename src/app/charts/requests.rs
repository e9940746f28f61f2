//! Requests for columns: charts with the same query share a request.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::column_cache::ColumnQuery;
use super::registry::{ChartRegistry, Charts};
use super::scheduler::shorter;
use crate::browser::{dom, fetch};
use crate::protocol::columns::{self as wire, CellColumns};
use crate::protocol::{AxisScale, CellId, XAxis};
use crate::routes;

/// Minimum time between two requests of a chart.
const INTERVAL_MS: f64 = 250.0;
/// Delay of the next request after one that failed.
const RETRY_DELAY: Duration = Duration::from_secs(2);
/// Maximum number of charts in a request, which bounds the length of the URL.
const MAX_CHARTS: usize = 50;

impl Charts {
    /// Requests the missing columns of visible charts. Returns after how many milliseconds the next chart may request what it has to wait for.
    pub fn request_columns(&mut self, now: f64) -> Option<f64> {
        let mut delay: Option<f64> = None;
        let mut requests: Vec<(ColumnQuery, Vec<CellId>)> = Vec::new();
        for chart in self.list.iter_mut().filter(|chart| chart.is_visible) {
            let Some(query) = chart.missing_query() else { continue };
            if chart.is_loading {
                continue;
            }
            if now < chart.not_before {
                delay = shorter(delay, chart.not_before - now);
                continue;
            }
            chart.is_loading = true;
            chart.is_stale = false;
            chart.not_before = now + INTERVAL_MS;
            chart.cache.begin_query();
            match requests.iter_mut().find(|(known, ids)| *known == query && ids.len() < MAX_CHARTS) {
                Some((_, ids)) => ids.push(chart.id.clone()),
                None => requests.push((query, vec![chart.id.clone()])),
            }
        }
        for (query, ids) in requests {
            spawn_local(request(self.registry, query, ids, self.runs.query()));
        }
        delay
    }

    fn receive(&mut self, query: ColumnQuery, ids: &[CellId], mut cells: Vec<CellColumns>) {
        for id in ids {
            let at = cells.iter().position(|cell| cell.cell == *id);
            let series = at.map(|at| cells.swap_remove(at).series).unwrap_or_default();
            let Some(at) = self.index.get(id) else { continue };
            let chart = &mut self.list[*at];
            chart.is_loading = false;
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

async fn request(registry: ChartRegistry, query: ColumnQuery, ids: Vec<CellId>, runs: Option<String>) {
    let names = ids.iter().map(CellId::as_str).collect::<Vec<_>>().join(",");
    let end = |end: f64| end.is_finite().then(|| dom::number_text(end));
    let axis = match query.axis {
        XAxis::Step => "step",
        XAxis::Relative => "relative",
        XAxis::Wall => "time",
    };
    let smooth = (query.smooth > 0.0).then(|| dom::number_text(query.smooth));
    let axis = if query.scale == AxisScale::Log { [axis, "&x_scale=log"].concat() } else { axis.to_owned() };
    let bytes = fetch::bytes(&routes::columns(&names, &axis, (end(query.from), end(query.to)), query.width, smooth, runs)).await;
    match bytes.and_then(|bytes| wire::read(&bytes).ok()) {
        Some(frame) => registry.update(|charts| charts.receive(query, &ids, frame.cells)),
        None => set_timeout(move || registry.update(|charts| charts.fail(&ids)), RETRY_DELAY),
    }
}
