//! Which keys, config keys and metrics the runs of a board have.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::config_index::ConfigIndex;
use super::document_keys::{DOCUMENT_KEYS, PRIVATE_KEYS, is_private};
use super::flat_config::value_of;
use super::metric_catalog::MetricCatalog;
use super::run_view::config_of;
use super::search::KeyCatalog;
use crate::protocol::ValueType;
use crate::server::store::{RunRecord, Store};

/// The keys of a board.
pub struct BoardKeys<'a> {
    pub runs: &'a [Arc<RunRecord>],
    /// Of these runs. Documents are looked at only where it does not rule a key out.
    pub configs: &'a ConfigIndex,
    pub store: &'a Store,
    pub board: &'a str,
    pub is_public: bool,
}

impl KeyCatalog for BoardKeys<'_> {
    fn has_document_key(&self, key: &str) -> bool {
        let head = key.split('.').next().unwrap_or_default();
        if self.is_public && is_private(key) || head == "config" || head == "metrics" {
            return false;
        }
        let may_have = || self.configs.may_have_document_key(key);
        DOCUMENT_KEYS.contains(&key) || may_have() && self.runs.iter().any(|run| value_of(&run.keys, key).is_some())
    }

    fn has_config_key(&self, key: &str) -> bool {
        let is_in_one = || self.runs.iter().any(|run| config_of(run).is_some_and(|config| value_of(config, key).is_some()));
        self.configs.has_key(key) || self.configs.may_have_key(key) && is_in_one()
    }

    fn has_metric(&self, name: &str) -> bool {
        let index = self.store.index();
        let mut cells = index.board(self.board).into_iter().flat_map(|board| board.cells.keys());
        cells.any(|cell| index.cell_series(cell).is_some_and(|series| series.has_run_metric(name)))
    }

    fn is_numeric(&self, key: &str) -> bool {
        if self.configs.has_key(key) {
            return self.configs.values_of(key).all(|(value, _)| value.value_type() == ValueType::Number);
        }
        let is_number = |value: &Value| matches!(value, Value::Number(_));
        self.runs.iter().filter_map(|run| value_of(config_of(run)?, key)).all(is_number)
    }

    fn names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> =
            DOCUMENT_KEYS.iter().filter(|key| !self.is_public || !PRIVATE_KEYS.contains(key)).map(|key| (*key).to_owned()).collect();
        names.extend(self.configs.summary_keys().iter().map(|(path, ..)| format!("summary.{path}")));
        names.extend(self.configs.keys().map(|path| format!("config.{path}")));
        let metrics = MetricCatalog::read(self.store, self.board);
        names.extend(metrics.iter().map(|(metric, _)| format!("metrics.{metric}")));
        names.into_iter().collect()
    }
}
