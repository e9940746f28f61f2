//! The columns of a table: keys in which the runs differ, then metrics.
//!
//! Keys that divide the runs into few classes come first, because one reads a table by them. Last come those with a value of its own for
//! each run, such as paths, and seeds. Keys that all runs have with the same value have no column: they are listed once.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::protocol::{ColumnKind, Direction, TableColumn, ValueType};
use crate::server::boards::metrics::MetricRank;
use crate::server::boards::runs::config_index::{ConfigIndex, KeySpread};
use crate::server::boards::runs::config_value::{ConfigValue, common_type};
use crate::server::boards::runs::flat_config::value_of;
use crate::server::boards::runs::metric_catalog::MetricCatalog;
use crate::server::boards::runs::metric_table::Directions;
use crate::server::boards::runs::run_view::RunView;
use crate::server::boards::runs::search::{RunField, RunFields, Statistic};
use crate::server::boards::runs::shortened;
use crate::server::boards::runs::table_columns::{DOCUMENT_COLUMNS, is_equal, keys_by_difference};
use crate::server::limits::{MAX_RUN_TABLE_EQUAL_KEYS, MAX_RUN_TABLE_KEY_COLUMNS, MAX_RUN_TABLE_METRIC_COLUMNS};

/// A column, and the field that it shows.
pub struct Column {
    pub field: RunField,
    pub shown: TableColumn,
}

pub struct TableLayout {
    pub columns: Vec<Column>,
    /// Further keys in which the runs differ.
    pub more_columns: usize,
    /// The first keys that are equal, with their value.
    pub equal: Vec<(String, Value)>,
    pub equal_count: usize,
}

/// What columns are made from.
struct Sources<'a> {
    runs: &'a [RunView],
    spreads: &'a [KeySpread<'a>],
    metrics: &'a MetricCatalog,
    directions: &'a Directions,
}

impl TableLayout {
    /// `chosen`: the fields of the columns; `None`: those by difference.
    pub fn new(
        runs: &[RunView],
        configs: &ConfigIndex,
        metrics: &MetricCatalog,
        directions: &Directions,
        chosen: Option<Vec<RunField>>,
    ) -> Self {
        let spreads = configs.spread(runs.iter().map(|run| &run.record.id));
        let sources = Sources { runs, spreads: &spreads, metrics, directions };
        let equal: Vec<_> = spreads.iter().filter(|key| is_equal(key, runs.len())).collect();
        let different = keys_by_difference(&spreads, runs.len());
        let (columns, more_columns) = match chosen {
            Some(fields) => {
                let shown: HashSet<&str> =
                    fields.iter().filter_map(|field| if let RunField::Config(key) = field { Some(&**key) } else { None }).collect();
                let more = different.iter().filter(|key| !shown.contains(key.key)).count();
                (fields.into_iter().map(|field| sources.column(field)).collect(), more)
            }
            None => sources.columns_by_difference(different),
        };
        let value = |key: &KeySpread| {
            let config = runs.first()?.record.keys.get("config")?.as_object()?;
            Some((RunField::Config(key.key.to_owned()).to_string(), shortened(value_of(config, key.key)?)))
        };
        let equal_count = equal.len();
        Self { columns, more_columns, equal: equal.into_iter().take(MAX_RUN_TABLE_EQUAL_KEYS).filter_map(value).collect(), equal_count }
    }
}

impl Sources<'_> {
    /// The columns, and the number of keys that have none because they are too many.
    fn columns_by_difference(&self, mut different: Vec<&KeySpread>) -> (Vec<Column>, usize) {
        let more = different.len().saturating_sub(MAX_RUN_TABLE_KEY_COLUMNS);
        different.truncate(MAX_RUN_TABLE_KEY_COLUMNS);
        let documents = DOCUMENT_COLUMNS.iter().filter(|key| self.differ_in(key)).map(|key| RunField::Document((*key).to_owned()));
        let configs = different.iter().map(|key| RunField::Config(key.key.to_owned()));
        let fields = documents.chain(configs).chain(self.metric_fields());
        (fields.map(|field| self.column(field)).collect(), more)
    }

    fn differ_in(&self, key: &str) -> bool {
        let mut texts = self.runs.iter().map(|run| run.record.text(key));
        texts.next().is_some_and(|first| texts.any(|text| text != first))
    }

    /// The goal of the board with its better end and its last value, then of other metrics one of these; the most telling ones first.
    fn metric_fields(&self) -> Vec<RunField> {
        let (goal, settings) = (self.directions.goal(), self.directions.settings());
        let ranked = self.metrics.iter().filter_map(|(name, runs)| {
            let rank = MetricRank::of(name, self.directions.direction(name), settings);
            let is_goal = goal == Some(&**name);
            (rank.is_some() || is_goal).then_some((!is_goal, rank, usize::MAX - runs, name))
        });
        let ranked: BTreeSet<_> = ranked.collect();
        let mut fields = Vec::new();
        for (at, (.., name)) in ranked.into_iter().enumerate() {
            let better = self.directions.direction(name).map(|direction| match direction {
                Direction::Min => Statistic::Min,
                Direction::Max => Statistic::Max,
            });
            fields.extend(better.map(|statistic| RunField::Metric(name.to_string(), statistic)));
            if at == 0 || better.is_none() {
                fields.push(RunField::Metric(name.to_string(), Statistic::Last));
            }
            if fields.len() >= MAX_RUN_TABLE_METRIC_COLUMNS {
                break;
            }
        }
        fields
    }

    fn column(&self, field: RunField) -> Column {
        let (kind, label) = match &field {
            RunField::Document(key) => (ColumnKind::Document, key.clone()),
            RunField::Config(key) => (ColumnKind::Config, key.clone()),
            RunField::Metric(name, Statistic::Last) => (ColumnKind::Metric, name.clone()),
            RunField::Metric(name, statistic) => (ColumnKind::Metric, format!("{name} {}", statistic.name())),
        };
        let (value_type, runs, distinct) = match &field {
            RunField::Document(key) => self.document_values(key),
            RunField::Config(key) => match self.spreads.binary_search_by_key(&key.as_str(), |spread| spread.key) {
                Ok(at) => (self.spreads[at].value_type, self.spreads[at].runs, self.spreads[at].distinct),
                Err(_) => (ValueType::Null, 0, 0),
            },
            RunField::Metric(name, _) => (ValueType::Number, self.metrics.runs(name), 0),
        };
        let direction = match &field {
            RunField::Metric(name, _) => self.directions.direction(name),
            _ => None,
        };
        let shown =
            TableColumn { key: field.to_string(), label, kind, value_type, distinct: distinct as u32, runs: runs as u32, direction };
        Column { field, shown }
    }

    fn document_values(&self, key: &str) -> (ValueType, usize, usize) {
        let (mut values, mut runs) = (HashSet::new(), 0);
        for value in self.runs.iter().filter_map(|run| run.document(key)) {
            runs += 1;
            values.insert(ConfigValue::of(&value));
        }
        (common_type(values.iter().map(ConfigValue::value_type)), runs, values.len())
    }
}
