//! The metrics that the runs of a board have logged.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::metric_table::cells_of;
use crate::server::store::Store;

/// The metrics of a board, by name.
#[derive(Debug, Default)]
pub struct MetricCatalog(BTreeMap<Arc<str>, usize>);

impl MetricCatalog {
    /// Looks at each series of runs on the board, at one cell at a time.
    pub fn read(store: &Store, board: &str) -> Self {
        let mut metrics = BTreeMap::new();
        for cell in cells_of(store, board) {
            let index = store.index();
            let Some(known) = index.board(board) else { break };
            let has_deleted = known.runs.tombstones().next().is_some();
            let is_there = |run| !has_deleted || known.runs.contains(run);
            // A cell has few metrics: its series are counted by these.
            let mut counts: Vec<(Arc<str>, usize)> = Vec::new();
            for series in index.cell_series(&cell).into_iter().flat_map(|series| series.of_runs()) {
                let Some(metric) = series.metric.as_ref().filter(|_| series.id.run.as_ref().is_some_and(is_there)) else { continue };
                match counts.iter_mut().find(|(name, _)| name == metric) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((metric.clone(), 1)),
                }
            }
            for (metric, count) in counts {
                *metrics.entry(metric).or_default() += count;
            }
        }
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
