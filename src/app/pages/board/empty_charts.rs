//! Charts without points of the runs that are drawn: which they are, and the sentence about them below the cells of a section.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::deferred::RestRequest;
use crate::app::erased::Erase;
use crate::app::state::{Dashboard, ResponseOrder, SetIfChanged, use_dashboard};
use crate::browser::connection::Live;
use crate::protocol::CellId;
use crate::routes;

/// Runs are often shown and hidden one after the other.
const DELAY: Duration = Duration::from_millis(200);

/// Asks which charts are empty whenever other runs are drawn or cells come and go, while the current owner lives. With groups all runs
/// count, and without a run nothing would be left.
pub fn follow_empty_charts(dashboard: Dashboard) {
    let (timer, order) = (StoredValue::new(None::<TimeoutHandle>), StoredValue::new(ResponseOrder::default()));
    let ask = move || {
        let runs = dashboard.runs.drawn.get_untracked();
        let has_groups = dashboard.runs.comparison.with_untracked(|comparison| !comparison.by.is_empty());
        let Some(number) = order.try_update_value(ResponseOrder::begin) else { return };
        let found = dashboard.arrangement.empty_charts;
        if runs.is_empty() || has_groups {
            order.update_value(|order| {
                order.apply(number);
            });
            return found.set_if_changed(Default::default());
        }
        let request = RestRequest::get(routes::empty_charts(&dashboard.page().board, &runs));
        let reply = dashboard.deferred.call(|server| (server.request)(request));
        spawn_local(async move {
            // The next change asks again.
            let Ok(reply) = reply.await else { return };
            if order.try_update_value(|order| order.apply(number)) == Some(true) {
                let cells = reply["cells"].as_array().map(Vec::as_slice).unwrap_or_default();
                found.set_if_changed(cells.iter().filter_map(|id| CellId::parse(id.as_str()?)).collect());
            }
        });
    };
    let is_live = Memo::new(move |_| dashboard.live.with(|live| *live == Live::Live));
    Effect::new(move |asked: Option<()>| {
        dashboard.runs.drawn.track();
        dashboard.cells.track();
        dashboard.runs.comparison.track();
        // What came while the connection was lost is not sent again.
        if !is_live.get() && asked.is_some() {
            return;
        }
        let next = set_timeout_with_handle(ask, DELAY).ok();
        if let Some(earlier) = timer.try_update_value(|timer| std::mem::replace(timer, next)).flatten() {
            earlier.clear();
        }
    });
}

/// Says how many charts of a section are not shown.
pub fn empty_charts_note(count: Signal<usize>) -> AnyView {
    let shows = use_dashboard().arrangement.shows_empty_charts;
    let text = move || match count.get() {
        1 => "1 chart has no points of the runs that are shown. ".to_owned(),
        count => [&count.to_string(), " charts have no points of the runs that are shown. "].concat(),
    };
    view! {
        <p class="empty-charts">
            {text}
            <button type="button" class="quiet" on:click=move |_| shows.update(|shows| *shows = !*shows)>
                {move || if shows.get() { "Hide" } else { "Show" }}
            </button>
        </p>
    }
    .erase()
}
