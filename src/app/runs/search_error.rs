//! Why a search was refused.

use serde_json::Value;

use crate::protocol::parse_json;

/// A search that the server refuses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchError {
    pub message: String,
    /// Where in the search, in characters from 1; 0: nowhere.
    pub column: usize,
    /// Names that are alike.
    pub near: Vec<String>,
}

/// `None`: it is no error of the server, but a page of a proxy.
pub fn read_error(body: &str) -> Option<SearchError> {
    let error = parse_json::<Value>(body).ok()?;
    let near = error["data"]["near"].as_array();
    Some(SearchError {
        message: error["message"].as_str().unwrap_or("The search could not be made.").to_owned(),
        column: error["data"]["column"].as_u64().unwrap_or(0) as usize,
        near: near.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}
