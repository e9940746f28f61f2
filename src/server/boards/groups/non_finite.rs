//! Members of which a metric ends without a finite value, whatever metric the table compares.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::summary::{RunSummary, SummaryValue};
use crate::protocol::RunId;
use crate::server::boards::runs::NonFiniteEnds;
use crate::server::store::RunRecord;

/// Such members of one group.
#[derive(Debug, Default, PartialEq)]
pub struct NonFiniteMembers {
    pub count: u32,
    /// Those whose number in the table does not show it.
    pub hidden: u32,
    /// The metrics of these.
    pub metrics: BTreeSet<String>,
}

impl NonFiniteMembers {
    pub fn of(runs: &[Arc<RunRecord>], ends: &NonFiniteEnds, summaries: &HashMap<RunId, RunSummary>) -> Self {
        let mut found = Self::default();
        if ends.is_empty() {
            return found;
        }
        for (run, end) in runs.iter().filter_map(|run| Some((run, ends.get(&run.id)?))) {
            found.count += 1;
            if summaries.get(&run.id).is_none_or(|summary| summary.value != SummaryValue::Diverged) {
                found.hidden += 1;
                found.metrics.insert(end.metric.clone());
            }
        }
        found
    }
}
