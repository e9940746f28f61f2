//! Which keys, config keys and metrics the runs of a board have.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::document_keys::{DOCUMENT_KEYS, PRIVATE_KEYS, is_private};
use super::flat_config::{for_each_value, value_of};
use super::metric_table::cells_of;
use super::run_view::config_of;
use super::search::KeyCatalog;
use crate::protocol::CellId;
use crate::server::store::{RunRecord, Store};

/// The keys of a board.
pub struct BoardKeys<'a> {
    pub runs: &'a [Arc<RunRecord>],
    pub store: &'a Store,
    pub board: &'a str,
    pub is_public: bool,
}

/// The names of all metrics of runs on a board. Looks at each series.
fn metric_names(store: &Store, board: &str) -> BTreeSet<Arc<str>> {
    let mut names = BTreeSet::new();
    for cell in cells_of(store, board) {
        let index = store.index();
        let series = index.cell_series(&cell).into_iter().flat_map(|series| series.of_runs());
        for metric in series.filter_map(|series| series.metric.as_ref()) {
            if !names.contains(metric) {
                names.insert(metric.clone());
            }
        }
    }
    names
}

impl KeyCatalog for BoardKeys<'_> {
    fn has_document_key(&self, key: &str) -> bool {
        let head = key.split('.').next().unwrap_or_default();
        if self.is_public && is_private(key) || head == "config" || head == "metrics" {
            return false;
        }
        DOCUMENT_KEYS.contains(&key) || self.runs.iter().any(|run| value_of(&run.keys, key).is_some())
    }

    fn has_config_key(&self, key: &str) -> bool {
        self.runs.iter().any(|run| config_of(run).is_some_and(|config| value_of(config, key).is_some()))
    }

    fn has_metric(&self, name: &str) -> bool {
        let has = |cell: CellId| {
            let index = self.store.index();
            let mut series = index.cell_series(&cell).into_iter().flat_map(|series| series.of_runs());
            series.any(|series| series.metric.as_deref() == Some(name))
        };
        cells_of(self.store, self.board).into_iter().any(has)
    }

    fn names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> =
            DOCUMENT_KEYS.iter().filter(|key| !self.is_public || !PRIVATE_KEYS.contains(key)).map(|key| (*key).to_owned()).collect();
        for config in self.runs.iter().filter_map(|run| config_of(run)) {
            for_each_value(config, &mut |path, _| {
                names.insert(format!("config.{path}"));
            });
        }
        let metrics = metric_names(self.store, self.board);
        names.extend(metrics.iter().map(|metric| format!("metrics.{metric}")));
        names.into_iter().collect()
    }
}
