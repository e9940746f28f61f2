//! The colours of runs by the value of a key, as the server answers them for the runs that the page shows.

use std::collections::HashMap;

use serde_json::Value;

use crate::charts::palette::{NEUTRAL, scale_slot};
use crate::charts::{format_number, value_name};
use crate::protocol::{RunId, group_letter, parse_json};

/// The colours by one key. The default is for no key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunColours {
    /// The key by which runs are coloured; empty: each run has its own colour.
    pub by: String,
    /// The ends of a scale; `None`: each value has a colour of its own.
    pub scale: Option<(String, String)>,
    /// On a scale ascending, otherwise in the order in which they occurred first.
    pub values: Vec<ColouredValue>,
    of_runs: HashMap<RunId, usize>,
    /// Why there are no colours.
    pub error: String,
}

/// A value that runs have under the key.
#[derive(Clone, Debug, PartialEq)]
pub struct ColouredValue {
    /// As a legend has it: `a lr 0.1`.
    pub name: String,
    /// Empty on a scale.
    pub letter: String,
    /// The slot of its colour.
    pub slot: usize,
}

impl RunColours {
    /// Reads an answer of `run-colours`.
    pub fn read(by: &str, text: &str) -> Option<Self> {
        let answer: Value = parse_json(text).ok()?;
        let end = |at: usize| Some(format_number(answer["scale"].get(at)?.as_f64()?));
        let scale = end(0).zip(end(1));
        let value = |value: &Value| {
            let (index, share) = (value["index"].as_u64().unwrap_or(0), value["share"].as_f64());
            let letter = share.is_none().then_some(index as u32);
            let slot = if scale.is_none() { index as usize } else { share.map_or(NEUTRAL, scale_slot) };
            let name = value_name(letter, value["label"].as_str().unwrap_or_default());
            ColouredValue { name, letter: letter.map(group_letter).unwrap_or_default(), slot }
        };
        let values: Vec<ColouredValue> = answer["values"].as_array()?.iter().map(value).collect();
        let of_run = |(id, place): (&String, &Value)| Some((RunId::parse(id)?, place.as_u64()? as usize));
        let of_runs = answer["runs"].as_object()?.iter().filter_map(of_run).filter(|(_, place)| *place < values.len()).collect();
        Some(Self { by: by.to_owned(), scale, values, of_runs, error: String::new() })
    }

    /// There are none: `error` says why.
    pub fn refused(error: String) -> Self {
        Self { error, ..Self::default() }
    }

    /// The value of a run, and its place among the values.
    pub fn value(&self, run: &RunId) -> Option<(usize, &ColouredValue)> {
        let place = *self.of_runs.get(run)?;
        Some((place, self.values.get(place)?))
    }

    /// The slot of a run whose own colour is `own`. A run that no answer has named yet has no value.
    pub fn slot(&self, run: &RunId, own: u8) -> usize {
        if self.by.is_empty() { own.into() } else { self.value(run).map_or(NEUTRAL, |(_, value)| value.slot) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_the_colours_of_runs() {
        let id = |text: &str| RunId::parse(text).unwrap();
        let text = r#"{"by":"config.lr","values":[{"label":"lr 0.1","index":0,"runs":3},{"label":"lr 0.01","index":9,"runs":1}],"runs":{"a":1,"b":0}}"#;
        let colours = RunColours::read("lr", text).unwrap();
        assert_eq!((colours.by.as_str(), colours.slot(&id("a"), 5), colours.slot(&id("c"), 5)), ("lr", 9, NEUTRAL));
        assert_eq!(colours.value(&id("a")).unwrap().1.name, "j lr 0.01");
        let scale = r#"{"by":"config.lr","scale":[0.001,1],"values":[{"label":"lr 0.1","index":7,"runs":3,"share":0.66},{"label":"no lr","index":0,"runs":1}],"runs":{"a":0,"b":1}}"#;
        let scaled = RunColours::read("lr", scale).unwrap();
        assert_eq!((scaled.scale.clone(), scaled.slot(&id("a"), 5)), (Some(("0.001".into(), "1".into())), scale_slot(0.66)));
        assert_eq!((scaled.values[0].name.as_str(), scaled.slot(&id("b"), 5)), ("lr 0.1", NEUTRAL));
        assert_eq!(RunColours::default().slot(&id("a"), 5), 5, "its own");
        assert_eq!(RunColours::read("lr", "{}"), None);
    }
}
