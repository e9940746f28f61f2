//! Which keys the documents of runs have, and which of them a share shows.

use serde_json::{Map, Value};

/// Keys that every document has, or that are derived when it is read.
pub const DOCUMENT_KEYS: [&str; 32] = [
    "_id",
    "name",
    "config",
    "tags",
    "group",
    "job_type",
    "notes",
    "parent",
    "fork",
    "source",
    "summary",
    "status",
    "state",
    "silentSince",
    "exit",
    "host",
    "command",
    "git",
    "python",
    "startedAt",
    "endedAt",
    "heartbeatAt",
    "took",
    "age",
    "colour",
    "archived",
    "hidden",
    "interval",
    "stepMetrics",
    "rev",
    "createdAt",
    "updatedAt",
];
/// The key of one run's document for metrics that have a chart of their own.
pub const OWN_CHARTS: &str = "ownCharts";
/// Keys that say how and where a script ran: a share does not show them.
pub const PRIVATE_KEYS: [&str; 2] = ["command", "host"];
/// Keys that a share shows beside [`DOCUMENT_KEYS`].
const PUBLIC_KEYS: [&str; 3] = ["board", "metrics", "warning"];

/// Whether a share does not show a key of documents: a private one, a part of `exit` such as the traceback, or a key that clients made
/// up.
pub fn is_private(key: &str) -> bool {
    let (head, rest) = key.split_once('.').unwrap_or((key, ""));
    let is_known = DOCUMENT_KEYS.contains(&head) || PUBLIC_KEYS.contains(&head);
    !is_known || PRIVATE_KEYS.contains(&head) || head == "exit" && !matches!(rest, "" | "code")
}

/// What a share shows of the key `exit`.
pub fn public_exit(exit: &Value) -> Value {
    let code = exit.get("code").map(|code| ("code".to_owned(), code.clone()));
    code.into_iter().collect::<Map<_, _>>().into()
}
