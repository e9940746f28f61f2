//! Whether this tab hides the points that a restart superseded, where that differs from the settings of the chart: in the tab's storage
//! until it is closed. Only steps tell which points these are.

use super::chart_state::ChartState;
use super::registry::ChartRegistry;
use crate::browser::dom;
use crate::charts::has_superseded;
use crate::protocol::{CellId, XAxis};

/// What the settings panel shows of a chart that has such points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SupersededChoice {
    pub hides: bool,
    /// For this tab only.
    pub is_own: bool,
}

fn storage_key(id: &CellId) -> String {
    ["agnez-superseded:", id.as_str()].concat()
}

fn store(id: &CellId, hides: Option<bool>) {
    if let Some(storage) = dom::session_storage() {
        let _ = match hides {
            Some(hides) => storage.set_item(&storage_key(id), if hides { "hidden" } else { "faded" }),
            None => storage.remove_item(&storage_key(id)),
        };
    }
}

pub fn load(id: &CellId) -> Option<bool> {
    let stored = dom::session_storage()?.get_item(&storage_key(id)).ok()??;
    Some(stored == "hidden")
}

impl ChartState {
    pub fn hides_superseded(&self) -> bool {
        self.axis() == XAxis::Step && self.own_hides_superseded.unwrap_or(self.settings.hide_superseded)
    }

    /// `None` for a chart that has no such points, and hides none.
    pub fn superseded_choice(&self) -> Option<SupersededChoice> {
        let choice = SupersededChoice { hides: self.hides_superseded(), is_own: self.own_hides_superseded.is_some() };
        let mut of_runs = self.cache.series.iter().filter(|series| series.run.is_some());
        let has_any = self.axis() == XAxis::Step && (choice.hides || of_runs.any(|series| has_superseded(&series.columns.list)));
        has_any.then_some(choice)
    }

    /// What this tab has chosen ends where the settings say the same.
    pub fn forget_stored_choices(&mut self) {
        if self.own_hidden.as_ref() == Some(&self.settings.hidden) {
            self.own_hidden = None;
        }
        if self.own_hides_superseded == Some(self.settings.hide_superseded) {
            self.own_hides_superseded = None;
            store(&self.id, None);
        }
    }
}

impl ChartRegistry {
    /// Hides what restarts superseded, or shows it, in this tab.
    pub fn hide_superseded(self, id: &CellId, hides: bool) {
        self.update(|charts| {
            let Some(chart) = charts.chart(id) else { return };
            chart.own_hides_superseded = (hides != chart.settings.hide_superseded).then_some(hides);
            store(id, chart.own_hides_superseded);
            chart.is_dirty = true;
            charts.update_panel();
            charts.request_frame();
        });
    }
}
