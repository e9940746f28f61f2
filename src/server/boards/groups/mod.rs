//! Groups of runs: which runs are in one group, and what is known of it. The unit is the run.

mod colours;
mod comparison;
#[cfg(test)]
mod comparison_tests;
pub mod curves;
mod diff;
mod group_cells;
mod group_names;
mod hidden_members;
pub mod membership;
mod metric_curves;
mod mixed_keys;
mod non_finite;
mod notes;
mod order;
mod proposed_keys;
mod query;
mod sample;
mod summary;
mod table;

use std::collections::HashSet;

pub use colours::{RunColours, RunColoursQuery};
pub use diff::RunDiffQuery;
use membership::{GroupKeys, RunGroup, group_found_runs};
use metric_curves::CurveSource;
pub use query::RunGroupsQuery;
use summary::RunSummary;

use super::Boards;
use super::runs::list::BoardRuns;
use super::runs::{ConfigIndexes, RunClock, RunQuery, RunView};
use crate::protocol::{ApiError, GroupCell, GroupRow, RunId};
use crate::server::cpu_pool::CancelFlag;
use crate::server::error::ServerError;
use crate::server::limits::MAX_RUN_TABLE_TEXT_CHARS;
use crate::server::store::Store;

/// Bytes of a run that is a group of its own: the run as one that was found and as a member, and its row with key and notes.
const ROW_BYTES: usize = size_of::<RunGroup>() + size_of::<GroupRow>() + size_of::<RunView>() + 512;
/// Bytes of the number of a run: in two maps by its id, and among those of its group.
const NUMBER_BYTES: usize = size_of::<CurveSource>() + 2 * size_of::<RunSummary>() + 4 * size_of::<RunId>() + 64;
/// Bytes of a cell of a row, in which a long text is cut.
const CELL_BYTES: usize = size_of::<GroupCell>() + MAX_RUN_TABLE_TEXT_CHARS;

/// The groups of the runs of a board that a search has found.
struct FoundGroups {
    known: BoardRuns,
    /// What is grouped by, also where no run was found. Of a board without runs, no key is known.
    keys: GroupKeys,
    /// The largest first.
    groups: Vec<RunGroup>,
}

impl FoundGroups {
    /// 400: a name is no key of the board, or no key to group by.
    fn read(
        (store, board): (&Store, &str),
        query: RunQuery,
        by: &[String],
        clock: &RunClock,
        is_public: bool,
        indexes: &ConfigIndexes,
        client: &CancelFlag,
    ) -> Result<Self, ApiError> {
        let known = BoardRuns::read(store, board, indexes);
        if known.runs.is_empty() {
            return Ok(Self { known, keys: GroupKeys::default(), groups: Vec::new() });
        }
        let keys = GroupKeys::new(known.resolve(store, board, by, "by", is_public)?)?;
        let groups = Self::groups_among((store, board), &known, query, &keys, clock, is_public, client)?;
        Ok(Self { known, keys, groups })
    }

    /// The groups of those of the `known` runs that match.
    fn groups_among(
        (store, board): (&Store, &str),
        known: &BoardRuns,
        query: RunQuery,
        keys: &GroupKeys,
        clock: &RunClock,
        is_public: bool,
        client: &CancelFlag,
    ) -> Result<Vec<RunGroup>, ApiError> {
        let selection = known.prepare(store, board, query, is_public, client)?;
        let views = selection.views(&known.runs, clock);
        let found: HashSet<u64> = selection.select(views, client)?.iter().map(|view| view.record.created_order).collect();
        Ok(group_found_runs(&known.runs, |run| found.contains(&run.created_order), keys))
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
        let (query, by, clock, indexes) = (query.clone(), by.to_vec(), RunClock::now(&self.signs), self.config_indexes.clone());
        let read = move |store: &Store, board: &str, client: &CancelFlag| {
            FoundGroups::read((store, board), query, &by, &clock, is_public, &indexes, client)
        };
        Ok(self.search_board(board, read).await??.groups)
    }

    /// Memory of the rows of groups while they are made: there may be as many as runs, of which one page is answered.
    pub fn run_groups_bytes(&self, board: &str, query: &RunGroupsQuery) -> usize {
        let runs = self.store.index().board(board).map_or(0, |board| board.runs.len());
        runs * (ROW_BYTES + query.metrics() * NUMBER_BYTES) + query.cells() * CELL_BYTES
    }

    /// Changes when the groups may have changed. `None` if they change with the time. Signs of life alone are no change.
    pub fn run_groups_version(&self, board: &str, query: &RunGroupsQuery) -> Option<String> {
        (!query.runs.depends_on_time()).then(|| self.runs_version(board))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use serde_json::{Map, Value, json};
    use tokio::sync::oneshot;

    use super::*;
    use crate::server::store::{Batch, ChangeKind, Durability, RunRecord, StoreError};

    /// A board with so many runs that it is searched on threads of its own.
    async fn boards(folder: &std::path::Path) -> Arc<Boards> {
        let store = Store::open_with_small_limits(folder, Durability::Normal, Box::new(drop)).await;
        let fill = |batch: &mut Batch| {
            for at in 0..201 {
                let id = RunId::parse(&format!("r{at}")).unwrap();
                let keys: Map<String, Value> = json!({ "config": { "half": at / 100 } }).as_object().cloned().unwrap();
                batch.put_run(ChangeKind::Created, RunRecord::new("b".into(), id, keys));
            }
            Ok::<_, StoreError>(())
        };
        store.write(1, fill).await.unwrap();
        Arc::new(Boards::new(store))
    }

    #[tokio::test]
    async fn a_search_changes_no_letter() {
        let folder = tempfile::tempdir().unwrap();
        let boards = boards(folder.path()).await;
        let groups = async |q: &str| {
            let groups = boards.groups_of_runs("b", &RunQuery::parse(q).unwrap(), &["half".to_owned()], false).await.unwrap();
            groups.into_iter().map(|group| (group.label, group.index, group.runs.len())).collect::<Vec<_>>()
        };
        let all = [("half 0".to_owned(), 0, 100), ("half 1".to_owned(), 1, 100), ("half 2".to_owned(), 2, 1)];
        assert_eq!((groups("").await, groups("q=half>0").await), (all.to_vec(), all[1..].to_vec()));
        boards.close().await;
    }

    #[tokio::test]
    async fn the_memory_of_rows_grows_with_runs_and_metrics() {
        let folder = tempfile::tempdir().unwrap();
        let boards = boards(folder.path()).await;
        let bytes = |query: &str| boards.run_groups_bytes("b", &RunGroupsQuery::parse(query).unwrap());
        assert!((201 * 700..201 * 2000).contains(&bytes("by=half")), "{}", bytes("by=half"));
        assert_eq!(bytes("secondary=a,b") - bytes(""), 2 * 201 * NUMBER_BYTES);
        assert_eq!(bytes("columns=half&$limit=10") - bytes(""), 10 * CELL_BYTES);
        assert_eq!(boards.run_groups_bytes("other", &RunGroupsQuery::parse("").unwrap()), 0);
        boards.close().await;
    }

    #[tokio::test]
    async fn a_search_that_nobody_waits_for_ends() {
        let folder = tempfile::tempdir().unwrap();
        let boards = boards(folder.path()).await;
        let ((begun, has_begun), (ended, has_ended)) = (oneshot::channel(), oneshot::channel());
        let searched = boards.clone();
        let request = tokio::spawn(async move {
            let work = move |_: &Store, _: &str, client: &CancelFlag| {
                begun.send(()).unwrap();
                let began = Instant::now();
                while !client.is_cancelled() && began.elapsed() < Duration::from_secs(10) {
                    std::thread::sleep(Duration::from_millis(1));
                }
                ended.send(client.is_cancelled()).unwrap();
            };
            searched.search_board("b", work).await
        });
        has_begun.await.unwrap();
        request.abort();
        assert!(has_ended.await.unwrap());
        let (query, clock) = (RunQuery::parse("q=r1").unwrap(), RunClock::now(&boards.signs));
        let read = |client: &CancelFlag| {
            FoundGroups::read((&boards.store, "b"), query.clone(), &[], &clock, false, &boards.config_indexes, client)
        };
        assert_eq!(read(&CancelFlag::default()).unwrap().groups[0].runs.len(), 111);
        assert_eq!(read(&CancelFlag::cancelled()).err().unwrap().code, 503);
        boards.close().await;
    }
}
