//! `/boards/{board}/runs` and what is below it.

mod access;
mod along_metric;
mod board;
mod changes;
mod groups;
mod hidden_members;
mod list;
mod log;
mod reads;
mod table;

use serde_json::Value;

use crate::support::{Reply, Running};

pub async fn log(server: &Running, path: &str, body: &str) -> Value {
    let reply = server.call("POST", path, body.to_owned()).await;
    assert_eq!(reply.status, 201, "{path} {body}: {}", reply.text);
    reply.json()
}

/// The status and the message of a request that is refused.
pub async fn refused(server: &Running, method: &str, path: &str, body: &str) -> (u16, String) {
    error(&server.call(method, path, body.to_owned()).await)
}

pub fn error(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["message"].as_str().unwrap_or_else(|| panic!("{}", reply.text)).to_owned())
}

/// The ids of a list of runs, joined by commas.
pub async fn ids(server: &Running, query: &str) -> String {
    let runs = server.get(&format!("/boards/digits/runs?{query}")).await;
    let ids: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["_id"].as_str().unwrap().to_owned()).collect();
    ids.join(",")
}
