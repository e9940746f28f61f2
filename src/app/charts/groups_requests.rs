//! Requests for curves of groups: charts with the same query share a request, and while nothing changes the server says only that.

use std::time::Duration;

use js_sys::Date;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::column_cache::ColumnQuery;
use super::registry::{ChartRegistry, Charts};
use super::requests::axis_text;
use super::scheduler::shorter;
use crate::app::pace::pause_after;
use crate::browser::dom;
use crate::browser::fetch::{self, Tagged};
use crate::protocol::CellId;
use crate::protocol::groups::{self as wire, CellGroups};
use crate::routes;

/// Minimum time between two requests of a chart, also while points come.
const INTERVAL_MS: f64 = 500.0;
const RETRY_DELAY: Duration = Duration::from_secs(2);
/// Maximum number of charts in a request: the server's own bound.
const MAX_CHARTS: usize = 50;

/// Charts that are requested together.
struct Batch {
    query: ColumnQuery,
    ids: Vec<CellId>,
    axis: String,
    /// What they have, if all of them have it from one response.
    tag: Option<(String, String)>,
}

impl Charts {
    /// Requests the missing curves of visible charts. Returns after how many milliseconds the next chart may request what it has to wait for.
    pub fn request_groups(&mut self, now: f64) -> Option<f64> {
        let keys = self.runs.grouping.as_ref().map(|grouping| grouping.query.clone())?;
        let mut delay: Option<f64> = None;
        let mut batches: Vec<Batch> = Vec::new();
        for chart in self.list.iter_mut().filter(|chart| chart.is_visible) {
            let Some(query) = chart.missing_groups(&keys) else { continue };
            let cache = &mut chart.groups;
            if cache.is_loading {
                continue;
            }
            let wait = cache.not_before(query, &keys) - now;
            if wait > 0.0 {
                delay = shorter(delay, wait);
                continue;
            }
            (cache.is_loading, cache.is_stale, cache.query_not_before) = (true, false, now + INTERVAL_MS);
            match batches.iter_mut().find(|batch| batch.query == query && batch.ids.len() < MAX_CHARTS) {
                Some(batch) => {
                    batch.ids.push(chart.id.clone());
                    batch.tag = batch.tag.take().filter(|tag| cache.tag.as_ref() == Some(tag));
                }
                None => batches.push(Batch {
                    query,
                    ids: vec![chart.id.clone()],
                    axis: axis_text(query.axis, &chart.settings),
                    tag: cache.tag.clone(),
                }),
            }
        }
        for batch in batches {
            spawn_local(request(self.registry, batch, keys.clone(), now));
        }
        delay
    }

    /// Lets charts wait with their next request of the same curves, after a response to a request of `began`.
    fn pace_groups(&mut self, ids: &[CellId], began: f64) {
        let now = Date::now();
        let not_before = now + pause_after(now - began);
        for id in ids {
            let Some(chart) = self.chart(id) else { continue };
            chart.groups.refresh_not_before = not_before;
        }
    }

    /// `cells`: `None` where nothing has changed.
    fn receive_groups(&mut self, batch: &Batch, keys: &str, tag: Option<(String, String)>, mut cells: Option<Vec<CellGroups>>) {
        let is_current = self.runs.grouping.as_ref().is_some_and(|grouping| grouping.query == keys);
        for id in &batch.ids {
            let own = cells.as_mut().and_then(|cells| Some(cells.swap_remove(cells.iter().position(|cell| cell.cell == *id)?)));
            let empty = || CellGroups { cell: id.clone(), groups: Vec::new(), more: 0 };
            let received = if cells.is_some() && is_current { Some(own.unwrap_or_else(empty)) } else { None };
            let Some(chart) = self.chart(id) else { continue };
            if received.is_some() {
                chart.groups.tag = tag.clone();
                chart.is_dirty = true;
            }
            chart.groups.finish_query(batch.query, keys, received);
            chart.follow();
        }
        self.request_frame();
    }

    fn refuse_groups(&mut self, batch: &Batch, keys: &str, refusal: &str) {
        for id in &batch.ids {
            let Some(chart) = self.chart(id) else { continue };
            chart.groups.refuse_query(batch.query, keys, refusal.to_owned());
            chart.is_dirty = true;
        }
        self.request_frame();
    }

    fn fail_groups(&mut self, ids: &[CellId]) {
        for id in ids {
            let Some(chart) = self.chart(id) else { continue };
            (chart.groups.is_loading, chart.groups.is_stale) = (false, true);
        }
        self.request_frame();
    }
}

async fn request(registry: ChartRegistry, batch: Batch, keys: String, began: f64) {
    let ColumnQuery { from, to, width, smooth, .. } = batch.query;
    let names = batch.ids.iter().map(CellId::as_str).collect::<Vec<_>>().join(",");
    let end = |end: f64| end.is_finite().then(|| dom::number_text(end));
    let smooth = (smooth > 0.0).then(|| dom::number_text(smooth));
    let address = routes::groups(&names, &batch.axis, (end(from), end(to)), width, smooth, &keys);
    let known = batch.tag.as_ref().filter(|(known, _)| *known == address).map(|(_, tag)| tag.as_str());
    let response = fetch::tagged_bytes(&address, known).await;
    registry.update(|charts| charts.pace_groups(&batch.ids, began));
    match response {
        Some(Tagged::Same) => registry.update(|charts| charts.receive_groups(&batch, &keys, None, None)),
        Some(Tagged::New(bytes, tag)) if let Ok(frame) = wire::read(&bytes) => {
            let tag = tag.map(|tag| (address, tag));
            registry.update(|charts| charts.receive_groups(&batch, &keys, tag, Some(frame.cells)));
        }
        Some(Tagged::Refused(refusal)) => registry.update(|charts| charts.refuse_groups(&batch, &keys, &refusal)),
        _ => set_timeout(move || registry.update(|charts| charts.fail_groups(&batch.ids)), RETRY_DELAY),
    }
}
