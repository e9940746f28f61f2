//! The live connection of the page: its events change the state of the board.

use std::time::Duration;

use leptos::prelude::*;

use super::signals::SetIfChanged;
use super::state::Dashboard;
use crate::browser::connection::{Connection, EventSink, Live};
use crate::browser::dom;
use crate::protocol::{Cell, Event, RunEvent, points};
use crate::routes;

/// Connects, and stays connected. Browser only.
pub fn start(dashboard: Dashboard) {
    dashboard.connection.set_value(Some(Connection::open(dashboard)));
}

impl EventSink for Dashboard {
    fn url(&self) -> String {
        let (epoch, since, run_seq) = self.position();
        let base = document().base_uri().ok().flatten().unwrap_or_default();
        // `wss` for `https`.
        ["ws", base.strip_prefix("http").unwrap_or_default(), &routes::live(&self.page().board, &epoch, since, run_seq)].concat()
    }

    fn on_event(&self, event: Event<Cell>) {
        if let Event::Hello { build, .. } = &event
            && self.page().build != *build
        {
            reload_for(*self, build);
        }
        // Only an empty board shows the list. What changed while the page was disconnected is not sent.
        if matches!(event, Event::Hello { .. } | Event::Boards) && self.order.with_untracked(Vec::is_empty) {
            self.refresh_boards();
        }
        // The server does not repeat the points that were appended while the page was disconnected.
        if matches!(event, Event::Hello { .. }) {
            self.charts.refresh();
        }
        match event {
            Event::Runs(event) => self.apply_to_runs(event),
            Event::Settings { run_seq, settings } => {
                self.apply_settings(settings);
                self.apply_to_runs(RunEvent::Changed { run_seq, changed: Vec::new(), removed: Vec::new() });
            }
            event => self.apply(event),
        }
    }

    fn subscription(&self) -> Option<String> {
        let has_runs = self.runs.list.with_untracked(|list| !list.runs.is_empty());
        has_runs.then(|| self.runs.drawn.with_untracked(|drawn| serde_json::json!({ "runs": drawn }).to_string()))
    }

    fn on_points(&self, frame: points::PointsFrame) {
        if frame.parts.iter().any(|part| part.run.is_some()) {
            self.runs.mark_changed();
        }
        self.arrangement.empty_charts.maybe_update(|empty| {
            let before = empty.len();
            empty.retain(|id| !frame.parts.iter().any(|part| part.cell == *id));
            empty.len() != before
        });
        self.apply(Event::Bookmark { seq: frame.seq });
        self.charts.append(frame);
    }

    fn forget_position(&self) {
        Dashboard::forget_position(*self);
    }

    fn on_state(&self, state: Live) {
        self.live.set_if_changed(state);
    }

    fn on_notice(&self, notice: Option<String>) {
        self.notice.set_if_changed(notice);
    }

    fn on_access_ended(&self) {
        // The server replies with the login page, which shows the reason.
        let _ = window().location().reload();
    }
}

/// Reloads the page after an update of the server: once for each build and tab, so that a cache with the old page cannot cause a loop. Waits
/// until no field is being edited, and no menu or dialog is open.
fn reload_for(dashboard: Dashboard, build: &str) {
    const RELOADED_FOR: &str = "agnez-reloaded-for";
    let Some(storage) = dom::session_storage() else { return };
    if storage.get_item(RELOADED_FOR).ok().flatten().as_deref() == Some(build) || storage.set_item(RELOADED_FOR, build).is_err() {
        return;
    }
    reload_when_idle(dashboard);
}

fn reload_when_idle(dashboard: Dashboard) {
    let is_busy = dashboard.is_editing_name_or_text()
        || dashboard.describing.with_untracked(Option::is_some)
        || dom::has_top_layer()
        || dom::has_draft();
    if is_busy {
        set_timeout(move || reload_when_idle(dashboard), Duration::from_millis(500));
    } else {
        let _ = window().location().reload();
    }
}
