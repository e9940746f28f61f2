//! What may happen to runs.

use std::ops::Range;

use serde_json::{Value, json};

use super::steps::Drawn;

pub const RUNS: [&str; 3] = ["r", "q", "p"];
const GROUPS: [&str; 2] = ["x", "y"];
/// The second and the third have one chart and one line, and the last one has a chart that is hidden.
const METRICS: [&str; 5] = ["loss", "train/loss", "train_loss", "val/loss", "epoch"];

#[derive(Clone, Debug)]
pub enum RunOp {
    /// With `?upsert=true` or without.
    Patch(String, Value, bool),
    /// Of all runs of a group.
    PatchGroup(String, Value),
    Remove(String),
    RemoveGroup(String),
    Restore(String),
    /// What the event so many before the last one has removed.
    RestoreRemoval(u64),
    /// The values of metrics; none is empty.
    Log(String, Vec<(String, Range<u64>)>),
}

impl RunOp {
    /// What it does hangs on what is committed when it is sent.
    pub fn is_alone(&self) -> bool {
        matches!(self, Self::PatchGroup(..) | Self::RemoveGroup(_) | Self::RestoreRemoval(_))
    }

    pub fn takes_key(&self) -> bool {
        matches!(self, Self::Log(..))
    }
}

impl Drawn {
    pub(super) fn run_op(&mut self) -> RunOp {
        let run = self.rng.pick(&RUNS).to_owned();
        match self.rng.below(20) {
            0..4 => RunOp::Patch(run, self.run_draft(), self.rng.below(2) == 0),
            4 => RunOp::PatchGroup(self.rng.pick(&GROUPS).into(), self.run_draft()),
            5 | 6 => RunOp::Remove(run),
            7 => RunOp::RemoveGroup(self.rng.pick(&GROUPS).into()),
            8..11 => RunOp::Restore(run),
            11 => RunOp::RestoreRemoval(self.rng.below(3)),
            _ => {
                let chosen: Vec<&str> = METRICS.into_iter().filter(|_| self.rng.below(3) == 0).collect();
                let metrics = if chosen.is_empty() { vec![METRICS[0]] } else { chosen };
                RunOp::Log(run, metrics.into_iter().map(|metric| (metric.to_owned(), self.some())).collect())
            }
        }
    }

    fn some(&mut self) -> Range<u64> {
        let most = self.rng.pick(&[1, 3, 3, 40, 1100]);
        let list = self.list(most);
        self.next = self.next.max(list.start + 1);
        list.start..list.end.max(list.start + 1)
    }

    fn run_draft(&mut self) -> Value {
        let mut draft = json!({});
        if self.rng.below(2) == 0 {
            draft["group"] = json!(self.rng.pick(&GROUPS));
        }
        if self.rng.below(2) == 0 {
            draft["status"] = json!(self.rng.pick(&["running", "finished", "failed", "killed"]));
        }
        draft["config"] = json!({ "n": self.rng.below(9) });
        draft
    }
}
