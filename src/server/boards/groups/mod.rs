//! Groups of runs: which runs are in one group, and what is known of it. The unit is the run.

mod colours;
mod comparison;
#[cfg(test)]
mod comparison_tests;
pub mod curves;
mod diff;
pub mod membership;
mod notes;
mod order;
mod proposed_keys;
mod query;
mod sample;
mod summary;
mod table;

use std::sync::Arc;

pub use colours::{RunColours, RunColoursQuery};
pub use diff::RunDiffQuery;
use membership::{GroupKeys, RunGroup, group_runs};
pub use query::RunGroupsQuery;

use super::Boards;
use super::runs::list::BoardRuns;
use super::runs::{RunClock, RunQuery};
use crate::protocol::ApiError;
use crate::server::error::ServerError;
use crate::server::store::{RunRecord, Store};

/// The groups of the runs of a board that a search has found.
struct FoundGroups {
    known: BoardRuns,
    /// The largest first.
    groups: Vec<RunGroup>,
}

impl FoundGroups {
    /// 400: a name is no key of the board, or no key to group by.
    fn read(store: &Store, board: &str, query: RunQuery, by: &[String], clock: &RunClock, is_public: bool) -> Result<Self, ApiError> {
        let known = BoardRuns::read(store, board);
        if known.runs.is_empty() {
            return Ok(Self { known, groups: Vec::new() });
        }
        let selection = known.prepare(store, board, query, is_public)?;
        let keys = GroupKeys::new(known.resolve(store, board, by, "by", is_public)?)?;
        let views = known.runs.iter().map(|run| selection.view(run.clone(), clock)).collect();
        let found: Vec<Arc<RunRecord>> = selection.select(views, || false)?.into_iter().map(|view| view.record).collect();
        Ok(Self { groups: group_runs(found, &keys), known })
    }
}

impl Boards {
    /// The groups of the runs that match, the largest first. `is_public`: without what a share does not show. 400: a name is no key of
    /// the board, or no key to group by.
    pub async fn groups_of_runs(
        &self,
        board: &str,
        query: &RunQuery,
        by: &[String],
        is_public: bool,
    ) -> Result<Vec<RunGroup>, ServerError> {
        let (query, by, clock) = (query.clone(), by.to_vec(), RunClock::now(&self.signs));
        let read = move |store: &Store, board: &str| FoundGroups::read(store, board, query, &by, &clock, is_public);
        Ok(self.search_board(board, read).await??.groups)
    }

    /// Changes when the groups may have changed. `None` if they change with the time. Signs of life alone are no change.
    pub fn run_groups_version(&self, board: &str, query: &RunGroupsQuery) -> Option<String> {
        (!query.runs.depends_on_time()).then(|| self.runs_version(board))
    }
}
