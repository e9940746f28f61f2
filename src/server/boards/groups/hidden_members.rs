//! Members that only a condition on the status leaves out of the search: their group looks better than it is.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::membership::RunGroup;
use super::summary::{RunSummary, SummaryValue};
use crate::protocol::{GroupId, RunId, RunStatus};
use crate::server::boards::runs::NonFiniteEnds;
use crate::server::store::RunRecord;

/// A member that failed or diverged, and that is left out.
#[derive(Clone, Debug)]
struct HiddenMember {
    id: RunId,
    /// Failed or killed.
    has_failed: bool,
    /// The metric that ends without a finite value.
    diverged_in: Option<String>,
}

/// Such members of one group. Each is counted once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HiddenMembers {
    /// Those whose number would be none, if they were shown: without them the others are a choice of the good ones.
    pub diverged: u32,
    /// Of the others.
    pub failed: u32,
    /// Of those that have not failed: they diverged where the number does not show it.
    pub diverged_elsewhere: u32,
    /// The metrics of these.
    pub metrics: BTreeSet<String>,
}

impl HiddenMembers {
    /// `is_finished`: failed members are in no mean, so that their numbers do not matter. Those of running ones do: they are left out because
    /// they diverged.
    fn of(members: &[HiddenMember], summaries: &HashMap<RunId, RunSummary>, is_finished: bool) -> Self {
        let mut found = Self::default();
        for member in members {
            // A number that is not read may be none, as the run diverged.
            let has_none = || {
                let value = summaries.get(&member.id).map(|summary| summary.value);
                matches!(value, Some(SummaryValue::Diverged | SummaryValue::Unread))
            };
            match &member.diverged_in {
                Some(_) if !(is_finished && member.has_failed) && has_none() => found.diverged += 1,
                _ if member.has_failed => found.failed += 1,
                Some(metric) => {
                    found.diverged_elsewhere += 1;
                    found.metrics.insert(metric.clone());
                }
                None => {}
            }
        }
        found
    }
}

/// What a condition on the status leaves out.
#[derive(Clone, Debug, Default)]
pub struct Hidden {
    members: HashMap<GroupId, Vec<HiddenMember>>,
    /// Labels of groups of which nothing else is left.
    pub groups: Vec<String>,
}

impl Hidden {
    /// `found`: the groups of the search; `all`: those without its conditions on the status.
    pub fn of_groups(found: &[RunGroup], all: &[RunGroup], diverged: &NonFiniteEnds) -> Self {
        let is_found: HashSet<&RunId> = found.iter().flat_map(|group| &group.runs).map(|run| &run.id).collect();
        let shown: HashSet<GroupId> = found.iter().map(|group| group.id).collect();
        let mut hidden = Self::default();
        for group in all {
            let left_out = group.runs.iter().filter(|run| !is_found.contains(&run.id));
            let member = |run: &RunRecord| {
                let (has_failed, diverged_in) = (has_failed(run), diverged.get(&run.id).map(|end| end.metric.clone()));
                (has_failed || diverged_in.is_some()).then(|| HiddenMember { id: run.id.clone(), has_failed, diverged_in })
            };
            let members: Vec<HiddenMember> = left_out.filter_map(|run| member(run)).collect();
            if !shown.contains(&group.id) {
                // Of others it is no news: a search for running runs leaves out good ones as well.
                hidden.groups.extend((members.len() == group.runs.len()).then(|| group.label.clone()));
            } else if !members.is_empty() {
                hidden.members.insert(group.id, members);
            }
        }
        hidden
    }

    /// Those of a group by the numbers of the runs, if it has any.
    pub fn members(&self, group: GroupId, summaries: &HashMap<RunId, RunSummary>, is_finished: bool) -> Option<HiddenMembers> {
        Some(HiddenMembers::of(self.members.get(&group)?, summaries, is_finished))
    }

    /// The runs whose numbers decide whether they matter.
    pub fn diverged(&self) -> impl Iterator<Item = &RunId> {
        self.members.values().flatten().filter(|member| member.diverged_in.is_some()).map(|member| &member.id)
    }
}

fn has_failed(run: &RunRecord) -> bool {
    RunStatus::parse(run.text("status")).unwrap_or_default().has_failed()
}
