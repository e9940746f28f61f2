//! The cells that a request applies to. They are found outside the writer; inside it, only cells
//! that changed since are matched again.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::filter::{self, QueryBudget};
use crate::server::boards::{Boards, Query, Target, not_found};
use crate::server::cpu_pool::{CancelFlag, CpuPool};
use crate::server::error::ServerError;
use crate::server::store::{Batch, Record, Store};

static QUERIES: LazyLock<CpuPool> = LazyLock::new(CpuPool::low_priority);

/// The cells of a target in the state that was committed when the query ran.
pub(crate) struct Selection {
    pub target: Target,
    pub records: Vec<Arc<Record>>,
    /// Every cell that the query looked at, by the number of its creation, which is never used
    /// twice: its revision, and whether it matched.
    verdicts: HashMap<u64, (u64, bool)>,
}

impl Selection {
    /// The cells of the target now, in the order of the grid. Call it inside the writer.
    ///
    /// The verdict on a cell stands as long as its revision is the same. Cells that changed or were
    /// created since are matched again, within one budget for all of them: if they cost more, the
    /// selection is outdated, 503. The writer never runs a whole query.
    pub fn current(&self, batch: &Batch) -> Result<Vec<Arc<Record>>, ServerError> {
        let query = match &self.target {
            Target::One(id, query) => {
                let record = batch.cell(id).ok_or_else(|| not_found(id.as_str()))?;
                return if query.matches(&record)? { Ok(vec![record]) } else { Err(not_found(id.as_str()).into()) };
            }
            Target::Matching(query) => query,
        };
        let (mut found, budget) = (Vec::new(), QueryBudget::in_writer());
        for record in batch.cells() {
            let matches = match self.verdicts.get(&record.created_order) {
                Some((rev, matches)) if *rev == record.rev => *matches,
                _ => query.matches_within(&record, &budget).ok_or(ServerError::Outdated)?,
            };
            if matches {
                found.push(record);
            }
        }
        found.sort_by(|a, b| filter::grid_order(a, b));
        Ok(found)
    }
}

/// The cells that may match: those of the board, if the query names one.
fn candidates(store: &Store, query: &Query) -> Vec<Arc<Record>> {
    let index = store.index();
    match query.board() {
        Some(board) => index.board(board).map(|board| board.cells.values().cloned().collect()).unwrap_or_default(),
        None => index.cells().cloned().collect(),
    }
}

impl Boards {
    pub(crate) async fn select(&self, target: Target) -> Result<Selection, ServerError> {
        let query = match &target {
            Target::One(id, _) => {
                let records = self.store.index().cell(id).cloned().into_iter().collect();
                return Ok(Selection { target, records, verdicts: HashMap::new() });
            }
            Target::Matching(query) => query,
        };
        let revisions = |records: &[Arc<Record>]| records.iter().map(|record| (record.created_order, (record.rev, false))).collect();
        let (records, mut verdicts): (_, HashMap<u64, (u64, bool)>) = self.search(query, revisions).await?;
        verdicts.extend(records.iter().map(|record| (record.created_order, (record.rev, true))));
        Ok(Selection { target, records, verdicts })
    }

    /// The cells that match, in the order of the query, and the result of `inspect` for all cells
    /// that the query looks at.
    pub(crate) async fn search<T: Send + 'static>(
        &self,
        query: &Query,
        inspect: impl FnOnce(&[Arc<Record>]) -> T + Send + Clone + 'static,
    ) -> Result<(Vec<Arc<Record>>, T), ServerError> {
        if query.is_cheap(self.count(query)) {
            let records = candidates(&self.store, query);
            let inspected = inspect.clone()(&records);
            // A query that costs more than its estimate runs again in the pool.
            if let Ok(found) = query.select(records, &QueryBudget::inline(), || false) {
                return Ok((found, inspected));
            }
        }
        let (store, query) = (self.store.clone(), query.clone());
        let work = move |client: &CancelFlag| {
            let records = candidates(&store, &query);
            let inspected = inspect(&records);
            query.select(records, &QueryBudget::whole(), || client.is_cancelled()).map(|found| (found, inspected))
        };
        Ok(QUERIES.run(1, work).await??)
    }

    fn count(&self, query: &Query) -> usize {
        let index = self.store.index();
        query.board().map_or_else(|| index.count(), |board| index.board(board).map_or(0, |board| board.cells.len()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::server::boards::{Draft, parse_many};
    use crate::server::testing::model::app;

    async fn create(boards: &Boards, cells: Vec<Value>) {
        let (drafts, _) = parse_many(json!(cells).to_string().as_bytes()).unwrap();
        boards.create(drafts, false, None).await.unwrap();
    }

    async fn touch(boards: &Boards, draft: Value) {
        let target = Target::Matching(Query::parse("board=main").unwrap());
        boards.patch(target, Draft::from_value(draft).unwrap(), false, None).await.unwrap();
    }

    async fn current(boards: &Boards, selection: Selection) -> Result<Vec<String>, ServerError> {
        let ids = move |batch: &mut Batch| Ok(selection.current(batch)?.iter().map(|record| record.id.to_string()).collect());
        boards.store().write(1, ids).await
    }

    #[tokio::test]
    async fn changed_and_new_cells_are_matched_again_in_the_writer() {
        let folder = tempfile::tempdir().unwrap();
        let boards = app(folder.path()).await.boards.clone();
        create(&boards, (0..200).map(|at| json!({ "_id": format!("c{at}"), "state": "new" })).collect()).await;
        let target = || Target::Matching(Query::parse("state=new&name[$ne]=x").unwrap());
        let selection = boards.select(target()).await.unwrap();
        assert_eq!(selection.records.len(), 200);
        touch(&boards, json!({ "state": "seen" })).await;
        create(&boards, vec![json!({ "_id": "late", "state": "new" })]).await;
        assert_eq!(current(&boards, selection).await.unwrap(), ["late"]);
        // A cell of the same id is another cell.
        let selection = boards.select(target()).await.unwrap();
        boards.remove(Target::one("late", Query::default()).unwrap(), None).await.unwrap();
        create(&boards, vec![json!({ "_id": "late", "state": "old" })]).await;
        assert!(current(&boards, selection).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_selection_is_outdated_when_its_changes_cost_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let boards = app(folder.path()).await.boards.clone();
        let list = vec![0; 20_000];
        for part in 0..4 {
            create(&boards, (0..10).map(|at| json!({ "_id": format!("c{part}{at}"), "list": list })).collect()).await;
        }
        let conditions: Vec<_> = (0..10).map(|at| format!("$and[{at}][list][$ne]={}", at + 1)).collect();
        let target = || Target::Matching(Query::parse(&conditions.join("&")).unwrap());
        assert_eq!(current(&boards, boards.select(target()).await.unwrap()).await.unwrap().len(), 40);
        let selection = boards.select(target()).await.unwrap();
        touch(&boards, json!({ "state": "seen" })).await;
        let error = current(&boards, selection).await.unwrap_err();
        assert!(matches!(error, ServerError::Outdated) && error.to_api_error().code == 503, "{error}");
    }
}
