//! Members that only a condition on the status leaves out of the search: their group looks better than it is.

use std::collections::{HashMap, HashSet};

use super::membership::RunGroup;
use crate::protocol::{GroupId, RunId, RunStatus};
use crate::server::boards::runs::NonFiniteEnds;
use crate::server::store::RunRecord;

/// Such members of one group.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HiddenMembers {
    /// Killed ones are among them.
    pub failed: u32,
    /// Those that have not failed.
    pub diverged: u32,
}

impl HiddenMembers {
    /// Of all groups that have any; `all` are those without conditions on the status.
    fn of_groups(found: &[RunGroup], all: &[RunGroup], diverged: &NonFiniteEnds) -> HashMap<GroupId, Self> {
        let is_found: HashSet<&RunId> = found.iter().flat_map(|group| &group.runs).map(|run| &run.id).collect();
        let hidden = |group: &RunGroup| {
            let mut hidden = Self::default();
            for run in group.runs.iter().filter(|run| !is_found.contains(&run.id)) {
                let failed = u32::from(is_failed(run));
                hidden.failed += failed;
                hidden.diverged += u32::from(diverged.contains_key(&run.id)) * (1 - failed);
            }
            (hidden != Self::default()).then_some((group.id, hidden))
        };
        all.iter().filter_map(hidden).collect()
    }
}

/// What a condition on the status leaves out.
#[derive(Clone, Debug, Default)]
pub struct Hidden {
    pub members: HashMap<GroupId, HiddenMembers>,
    /// Labels of groups of which nothing else is left.
    pub groups: Vec<String>,
}

impl Hidden {
    /// `found`: the groups of the search; `all`: those without its conditions on the status.
    pub fn of_groups(found: &[RunGroup], all: &[RunGroup], diverged: &NonFiniteEnds) -> Self {
        let members = HiddenMembers::of_groups(found, all, diverged);
        let shown: HashSet<GroupId> = found.iter().map(|group| group.id).collect();
        let is_gone = |group: &&RunGroup| !shown.contains(&group.id) && members.contains_key(&group.id);
        let groups = all.iter().filter(is_gone).map(|group| group.label.clone()).collect();
        Self { members, groups }
    }
}

fn is_failed(run: &RunRecord) -> bool {
    RunStatus::parse(run.text("status")).unwrap_or_default().has_failed()
}
