//! Groups of runs: which runs are in one group, and what is known of it. The unit is the run.

pub mod curves;
pub mod membership;

use membership::{GroupKeys, RunGroup, group_runs};

use super::Boards;
use super::runs::RunQuery;
use crate::server::error::ServerError;

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
        let (selection, runs) = self.prepare_runs(board, query.clone(), is_public).await?;
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let fields = self.resolve_run_names(board, by.to_vec(), "by", is_public).await?;
        let keys = GroupKeys::new(fields)?;
        let found = self.find_runs(selection, runs).await?;
        self.search_board(board, move |_, _| group_runs(found.into_iter().map(|view| view.record).collect(), &keys)).await
    }
}
