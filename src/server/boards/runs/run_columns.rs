//! Values of single keys of the configurations of a board's runs, side by side.
//!
//! A search or an order reads one key of each run. In the documents, which lie scattered in memory, that takes most of its time.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Number, Value};

use super::flat_config::value_of;
use crate::server::limits::MAX_COLUMN_VALUES;
use crate::server::store::RunRecord;

/// Bytes of a text in a column; a longer one is read from the document.
const MAX_TEXT_BYTES: usize = 32;

/// What a run has under a key.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnValue {
    Missing,
    Null,
    Boolean(bool),
    Number(Number),
    Text(Box<str>),
    /// Too long for a column.
    InDocument,
}

impl ColumnValue {
    fn of(run: &RunRecord, key: &str) -> Self {
        let config = run.keys.get("config").and_then(Value::as_object);
        match config.and_then(|config| value_of(config, key)) {
            None => Self::Missing,
            Some(Value::Null) => Self::Null,
            Some(Value::Bool(value)) => Self::Boolean(*value),
            Some(Value::Number(number)) => Self::Number(number.clone()),
            Some(Value::String(text)) if text.len() <= MAX_TEXT_BYTES => Self::Text(text.as_str().into()),
            Some(Value::String(_) | Value::Array(_) | Value::Object(_)) => Self::InDocument,
        }
    }
}

/// The values of one key, in the order of the runs.
type Column = Arc<[ColumnValue]>;

/// Columns of all runs of a board after one event. Those that are not read between two events are forgotten.
#[derive(Debug, Default)]
pub struct RunColumns {
    /// The oldest first.
    runs: Arc<[Arc<RunRecord>]>,
    /// Each with whether it was read since the last event.
    columns: HashMap<Box<str>, (Column, bool)>,
}

impl RunColumns {
    /// Makes these the runs. Values of those that are the same are taken over.
    pub fn update(&mut self, runs: Arc<[Arc<RunRecord>]>) {
        let before = std::mem::replace(&mut self.runs, runs);
        self.columns.retain(|_, (_, is_read)| std::mem::take(is_read));
        for (key, (column, _)) in &mut self.columns {
            let mut known = before.iter().zip(column.iter()).peekable();
            let value = |run: &Arc<RunRecord>| {
                // Both lists are in the order of creation.
                while known.next_if(|(other, _)| !Arc::ptr_eq(other, run) && other.created_order < run.created_order).is_some() {}
                match known.next_if(|(other, _)| Arc::ptr_eq(other, run)) {
                    Some((_, value)) => value.clone(),
                    None => ColumnValue::of(run, key),
                }
            };
            *column = self.runs.iter().map(value).collect();
        }
    }

    /// The values under a key.
    pub fn get(&mut self, key: &str) -> Column {
        if let Some((column, is_read)) = self.columns.get_mut(key) {
            *is_read = true;
            return column.clone();
        }
        if (self.columns.len() + 1).saturating_mul(self.runs.len()) > MAX_COLUMN_VALUES {
            self.columns.clear();
        }
        let column: Column = self.runs.iter().map(|run| ColumnValue::of(run, key)).collect();
        self.columns.insert(key.into(), (column.clone(), true));
        column
    }
}

/// Columns that a query reads.
#[derive(Debug, Default)]
pub struct ReadColumns(HashMap<String, Column>);

impl ReadColumns {
    pub fn add(&mut self, key: &str, columns: &mut RunColumns) {
        if !self.0.contains_key(key) {
            self.0.insert(key.to_owned(), columns.get(key));
        }
    }

    /// The value of the run at this place; `None`: the key is not read.
    pub fn get(&self, key: &str, place: usize) -> Option<&ColumnValue> {
        self.0.get(key)?.get(place)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::RunId;
    use crate::split_mix::SplitMix64;

    fn run(order: u64, rng: &mut SplitMix64) -> Arc<RunRecord> {
        let long = "x".repeat(MAX_TEXT_BYTES + 1);
        let value = rng.pick(&[json!(1), json!(0.5), json!("a"), json!(long), json!(null), json!(true), json!([1]), json!({"c": 1})]);
        let config = rng.pick(&[json!({"a": value, "b": {"c": value}}), json!({}), json!("no object")]);
        let keys = json!({ "config": config }).as_object().unwrap().clone();
        let record = RunRecord::new("b".into(), RunId::parse(&format!("r{order}")).unwrap(), keys);
        Arc::new(RunRecord { created_order: order, ..record })
    }

    /// Whatever runs come, change and are removed: a column has the values of the documents.
    #[test]
    fn columns_have_the_values_of_the_documents() {
        let mut rng = SplitMix64(7);
        let (mut runs, mut columns) = (Vec::<Arc<RunRecord>>::new(), RunColumns::default());
        for order in 0..300 {
            match rng.below(4) {
                0 if !runs.is_empty() => drop(runs.remove(rng.below(runs.len() as u64) as usize)),
                1 if !runs.is_empty() => {
                    let at = rng.below(runs.len() as u64) as usize;
                    runs[at] = run(runs[at].created_order, &mut rng);
                }
                _ => runs.push(run(order, &mut rng)),
            }
            columns.update(runs.clone().into());
            for key in ["a", "b.c", "b"].iter().take(1 + rng.below(3) as usize) {
                let expected: Vec<_> = runs.iter().map(|run| ColumnValue::of(run, key)).collect();
                assert_eq!(columns.get(key)[..], expected[..], "{key}");
            }
        }
    }

    #[test]
    fn columns_that_are_not_read_are_forgotten_and_many_are_bounded() {
        let runs: Vec<_> = (0..3).map(|order| run(order, &mut SplitMix64(1))).collect();
        let mut columns = RunColumns::default();
        columns.update(runs.clone().into());
        columns.get("a");
        columns.update(runs.clone().into());
        assert_eq!(columns.columns.len(), 1, "it was read");
        columns.update(runs.into());
        assert_eq!(columns.columns.len(), 0);
        for key in 0..MAX_COLUMN_VALUES / 3 + 1 {
            columns.get(&key.to_string());
        }
        assert_eq!(columns.columns.len(), 1);
    }
}
