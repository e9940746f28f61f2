//! The metrics that the runs of a board have logged.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::server::store::Store;

/// The metrics of a board by name, with the number of runs that logged each. A run that has a metric in two cells counts twice.
#[derive(Debug, Default)]
pub struct MetricCatalog(BTreeMap<Arc<str>, usize>);

impl MetricCatalog {
    /// Looks at the cells of the board, and at the series of deleted runs.
    pub fn read(store: &Store, board: &str) -> Self {
        let index = store.index();
        let mut metrics = BTreeMap::new();
        let Some(known) = index.board(board) else { return Self::default() };
        for (cell, series) in known.cells.keys().filter_map(|cell| Some((cell, index.cell_series(cell)?))) {
            for (metric, count) in series.run_metrics() {
                *metrics.entry(metric.clone()).or_default() += count;
            }
            let deleted = known.runs.tombstones().flat_map(|run| index.series_of_run(cell, &run.id));
            for metric in deleted.filter_map(|series| series.metric.as_ref()) {
                metrics.entry(metric.clone()).and_modify(|count| *count -= 1);
            }
        }
        metrics.retain(|_, runs| *runs > 0);
        Self(metrics)
    }

    /// The metrics with the number of runs that logged each, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.0.iter().map(|(name, runs)| (name, *runs))
    }

    pub fn runs(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or_default()
    }
}
