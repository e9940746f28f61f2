//! What a reader of the runs of a board knows: their documents.

use std::collections::BTreeMap;

use serde_json::Value;

/// Keys that the clock decides, and those of other moments.
const UNSTEADY_KEYS: [&str; 8] = ["createdAt", "updatedAt", "heartbeatAt", "took", "state", "silentSince", "metrics", "ownCharts"];

/// By id.
pub type RunDocuments = BTreeMap<String, Value>;

/// Takes over an event.
pub fn apply(known: &mut RunDocuments, frame: &Value) {
    for document in frame["data"].as_array().into_iter().flatten() {
        let id = document["_id"].as_str().unwrap_or_default().to_owned();
        match frame["event"] == "removed" {
            true => drop(known.remove(&id)),
            false => drop(known.insert(id, steady(document))),
        }
    }
}

/// The document without what changes by itself.
pub fn steady(document: &Value) -> Value {
    let mut document = document.clone();
    if let Some(keys) = document.as_object_mut() {
        UNSTEADY_KEYS.iter().for_each(|key| drop(keys.remove(*key)));
    }
    document
}

/// Where a reader is after an event: only the last frame of those that it missed has the number of the event to which they lead.
pub fn step(last: u64, until: u64, seq: u64) -> Result<u64, String> {
    match seq {
        _ if seq < last || (seq == last && last >= until) => Err("a change of runs was sent twice".into()),
        _ if seq > until && seq > last + 1 => Err("changes of runs are left out".into()),
        _ => Ok(seq),
    }
}
