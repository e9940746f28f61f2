//! Reading JSON.

use serde::Deserialize;

/// Parses a whole text of JSON, by its bytes: the framework reads the replies to server functions so, and the page then has one parser.
pub fn parse_json<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    serde_json::from_slice(text.as_bytes())
}
