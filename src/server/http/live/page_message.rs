//! What a page says on its connection.

use std::collections::HashSet;

use serde::Deserialize;

use crate::protocol::RunId;
use crate::server::limits::MAX_CHOSEN_RUNS;

/// `{"runs":["first","second"]}`: the page gets the points of these runs, and no longer those of others.
#[derive(Debug, PartialEq, Deserialize)]
pub struct PageMessage {
    pub runs: HashSet<RunId>,
}

impl PageMessage {
    /// The error is the reason for closing the connection.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match serde_json::from_str::<Self>(text) {
            Ok(message) if message.runs.len() <= MAX_CHOSEN_RUNS => Ok(message),
            Ok(_) => Err("A page may name 200 runs."),
            Err(_) => Err("A page sends {\"runs\":[ids]} only."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_a_bounded_number_of_runs() {
        let runs = |count: usize| serde_json::json!({ "runs": (0..count).map(|at| format!("r{at}")).collect::<Vec<_>>() }).to_string();
        assert_eq!(PageMessage::parse(&runs(2)).unwrap().runs, ["r0", "r1"].map(|id| RunId::parse(id).unwrap()).into());
        assert!(PageMessage::parse(&runs(0)).unwrap().runs.is_empty());
        assert!(PageMessage::parse(&runs(MAX_CHOSEN_RUNS)).is_ok());
        assert_eq!(PageMessage::parse(&runs(MAX_CHOSEN_RUNS + 1)), Err("A page may name 200 runs."));
        for text in ["", "{}", "[]", r#"{"runs":"a"}"#, r#"{"runs":["a/b"]}"#, r#"{"runs":[1]}"#] {
            assert!(PageMessage::parse(text).is_err(), "{text}");
        }
    }
}
