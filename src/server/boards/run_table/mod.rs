//! The table of a board's runs: the runs that a query finds, and the columns in which they differ.

mod columns;
mod csv;
mod query;
mod rows;

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use crate::protocol::{ApiError, RunId, RunStatus, RunTable};
use crate::server::boards::Boards;
use crate::server::boards::groups::membership::{GroupKeys, group_runs};
use crate::server::boards::runs::list::BoardRuns;
use crate::server::boards::runs::metric_catalog::MetricCatalog;
use crate::server::boards::runs::metric_table::Directions;
use crate::server::boards::runs::run_view::{RunClock, RunView};
use crate::server::boards::runs::{ConfigIndexes, RunSigns};
use crate::server::cpu_pool::CancelFlag;
use crate::server::error::ServerError;
use crate::server::store::{RunRecord, Store};
use columns::TableLayout;
pub use query::RunTableQuery;

/// The runs that a table lists, with its columns.
struct FoundRuns {
    /// All that were found; as many as were wanted are in order.
    runs: Vec<RunView>,
    layout: TableLayout,
    run_seq: u64,
    directions: Directions,
    all: usize,
    archived: usize,
}

impl Boards {
    /// Changes when the table may have changed. `None` if it changes with the time. Signs of life alone are no change.
    pub fn run_table_version(&self, board: &str, query: &RunTableQuery) -> Option<String> {
        (!query.depends_on_time()).then(|| self.runs_version(board))
    }

    /// The table of a board's runs. `is_public`: without what a share does not show. 400: a name is no key of the board.
    pub async fn run_table(&self, board: &str, query: &RunTableQuery, is_public: bool) -> Result<RunTable, ServerError> {
        let (query, signs, indexes) = (query.clone(), self.signs.clone(), self.config_indexes.clone());
        let work = move |store: &Store, board: &str, client: &CancelFlag| {
            let clock = RunClock::now(&signs);
            let found = find((store, board), &query, &clock, &indexes, is_public, query.end(), client)?;
            Ok::<_, ApiError>(found.page(store, board, &query, &signs))
        };
        Ok(self.search_board(board, work).await??)
    }
}

fn is_archived(run: &RunRecord) -> bool {
    run.keys.get("archived") == Some(&Value::Bool(true))
}

/// Finds the runs, of which the `first` ones are in order.
fn find(
    (store, board): (&Store, &str),
    query: &RunTableQuery,
    clock: &RunClock,
    indexes: &ConfigIndexes,
    is_public: bool,
    first: usize,
    client: &CancelFlag,
) -> Result<FoundRuns, ApiError> {
    let known = BoardRuns::read(store, board, indexes);
    let selection = known.prepare(store, board, query.runs.clone(), is_public, client)?;
    let chosen = query.columns.as_ref().map(|names| known.resolve(store, board, names, "columns", is_public)).transpose()?;
    let (mut views, mut archived) = (Vec::with_capacity(known.runs.len()), 0);
    for (place, run) in known.runs.iter().enumerate() {
        let is_archived = is_archived(run);
        archived += usize::from(is_archived);
        if query.archived.includes(is_archived) {
            views.push(selection.view_at(place, run, clock));
        }
    }
    let first = if query.group.is_some() { usize::MAX } else { first };
    let mut runs = selection.select_first(views, first, client)?;
    if let Some((by, group)) = &query.group {
        let keys = GroupKeys::new(known.resolve(store, board, by, "by", is_public)?)?;
        let groups = group_runs(runs.iter().map(|view| view.record.clone()).collect(), &keys);
        let members = groups.iter().find(|known| known.id == *group).map(|group| &group.runs[..]).unwrap_or_default();
        let members: HashSet<&RunId> = members.iter().map(|run| &run.id).collect();
        runs.retain(|view| members.contains(&view.record.id));
    }
    let metrics = MetricCatalog::read(store, board);
    let layout = TableLayout::new(&runs, &known.configs(), &metrics, &known.directions, chosen);
    Ok(FoundRuns { runs, layout, run_seq: known.run_seq, all: known.runs.len() - archived, archived, directions: known.directions })
}

impl FoundRuns {
    fn page(self, store: &Store, board: &str, query: &RunTableQuery, signs: &Arc<RunSigns>) -> RunTable {
        let Self { runs, layout, run_seq, all, archived, directions } = self;
        let (skip, limit) = query.page();
        let running = runs.iter().filter(|run| run.status() == RunStatus::Running).count();
        let total = runs.len();
        let page: Vec<RunView> = runs.into_iter().skip(skip).take(limit).collect();
        let rows = rows::rows(store, board, page, &layout.columns, &directions, signs);
        RunTable {
            run_seq,
            total: total as u32,
            running: running as u32,
            all: all as u32,
            archived: archived as u32,
            more_columns: layout.more_columns as u32,
            equal: layout.equal,
            equal_count: layout.equal_count as u32,
            columns: layout.columns.into_iter().map(|column| column.shown).collect(),
            rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::boards::runs::{RunQuery, RunTarget, parse_run};
    use crate::server::testing::model::app;

    #[tokio::test]
    async fn the_rows_of_a_group_are_its_members() {
        let folder = tempfile::tempdir().unwrap();
        let boards = app(folder.path()).await.boards.clone();
        for at in 0..6_u32 {
            let keys = json!({"config": {"lr": if at < 4 { 0.1 } else { 0.01 }}, "archived": at == 0}).to_string();
            let target = RunTarget::One(RunId::parse(&format!("r{at}")).unwrap());
            boards.patch_runs("b".into(), target, parse_run(keys.as_bytes()).unwrap(), true, None).await.unwrap();
        }
        let groups = boards.groups_of_runs("b", &RunQuery::parse("").unwrap(), &["lr".to_owned()], false).await.unwrap();
        let table = async |query: String| {
            let table = boards.run_table("b", &RunTableQuery::parse(&query).unwrap(), false).await.unwrap();
            (table.total, table.rows.iter().map(|row| row.run.id.to_string()).collect::<Vec<_>>().join(","))
        };
        assert_eq!(table(format!("by=config.lr&in={}&$limit=2", groups[0].id)).await, (3, "r3,r2".into()));
        assert_eq!(table(format!("by=lr&in={}&sort=_id", groups[1].id)).await, (2, "r4,r5".into()));
        assert_eq!(table(format!("by=lr&in={}&q=_id:r3&archived=true", groups[0].id)).await, (1, "r3".into()));
        assert_eq!(table("by=lr".into()).await.0, 5, "without a group all are rows");
    }
}
