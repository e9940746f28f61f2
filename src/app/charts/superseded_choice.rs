//! Whether this tab hides the points that a restart superseded, where that differs from the settings of the chart: in the tab's storage
//! until it is closed. Only steps tell which points these are.

use crate::browser::dom;
use crate::protocol::CellId;

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

pub fn store(id: &CellId, hides: Option<bool>) {
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
