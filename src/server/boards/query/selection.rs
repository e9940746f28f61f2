//! Which cells a call is about: found beside the threads that answer, and beside the writer, who looks only at what has changed since.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::filter::{self, Budget};
use crate::protocol::ApiError;
use crate::server::boards::{Boards, Query, Target, not_found};
use crate::server::cpu_pool::{Pool, processors};
use crate::server::error::ServerError;
use crate::server::store::{Batch, Record, Store};

/// Cells that changed meanwhile, which the writer looks at itself; with more it is begun again.
const CHANGED: usize = 64;

/// Half of the processors: the rest answers, writes and parses.
static QUERIES: LazyLock<Pool> = LazyLock::new(|| Pool::new(processors() / 2, usize::MAX >> 1));

/// The cells of a target as they were committed when it was looked at.
pub(crate) struct Selection {
    pub target: Arc<Target>,
    pub records: Vec<Arc<Record>>,
    /// All that were looked at, by their address in memory, and whether they match. As long as they are held, none gets the address of another.
    verdicts: HashMap<usize, bool>,
    _seen: Vec<Arc<Record>>,
}

fn address(record: &Arc<Record>) -> usize {
    Arc::as_ptr(record) as usize
}

impl Selection {
    /// The cells in the writer, in the order of their places; `None` when too many of them have changed since.
    pub fn records(&self, batch: &Batch) -> Result<Option<Vec<Arc<Record>>>, ApiError> {
        let query = match &*self.target {
            Target::One(id, query) => {
                let record = batch.cell(id).ok_or_else(|| not_found(id.as_str()))?;
                return if query.matches(&record)? { Ok(Some(vec![record])) } else { Err(not_found(id.as_str())) };
            }
            Target::Matching(query) => query,
        };
        let (mut found, mut changed) = (Vec::new(), 0);
        for record in batch.cells() {
            let verdict = match self.verdicts.get(&address(&record)) {
                Some(verdict) => *verdict,
                None if query.board().is_some_and(|board| board != &*record.board) => false,
                None => {
                    changed += 1;
                    if changed > CHANGED {
                        return Ok(None);
                    }
                    query.matches(&record)?
                }
            };
            if verdict {
                found.push(record);
            }
        }
        found.sort_by(|a, b| filter::grid_order(a, b));
        Ok(Some(found))
    }
}

/// The cells that the query may be about.
fn candidates(store: &Store, query: &Query) -> Vec<Arc<Record>> {
    let index = store.index();
    match query.board() {
        Some(board) => index.board(board).map(|board| board.cells.values().cloned().collect()).unwrap_or_default(),
        None => index.cells().cloned().collect(),
    }
}

impl Boards {
    pub(crate) async fn choose(&self, target: &Arc<Target>) -> Result<Selection, ServerError> {
        let (records, seen) = match &**target {
            Target::One(id, _) => (self.store.index().cell(id).cloned().into_iter().collect(), Vec::new()),
            Target::Matching(query) => {
                let (matching, seen) = self.look(query, |records| records.clone()).await?;
                (matching, seen)
            }
        };
        let mut verdicts: HashMap<usize, bool> = seen.iter().map(|record| (address(record), false)).collect();
        verdicts.extend(records.iter().map(|record| (address(record), true)));
        Ok(Selection { target: target.clone(), records, verdicts, _seen: seen })
    }

    /// The cells that match, in the query's order; with what `keep` makes of all that are looked at.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        query: &Query,
        keep: impl FnOnce(&Vec<Arc<Record>>) -> T + Send + Clone + 'static,
    ) -> Result<(Vec<Arc<Record>>, T), ServerError> {
        if query.is_cheap(self.count(query)) {
            let records = candidates(&self.store, query);
            let kept = keep.clone()(&records);
            // What is more than it seemed is looked at again, aside.
            if let Ok(found) = query.select(records, &Budget::light(), || false) {
                return Ok((found, kept));
            }
        }
        let (store, query) = (self.store.clone(), query.clone());
        let work = move |asker: &crate::server::cpu_pool::CancelFlag| {
            let records = candidates(&store, &query);
            let kept = keep(&records);
            query.select(records, &Budget::whole(), || asker.is_cancelled()).map(|found| (found, kept))
        };
        Ok(QUERIES.run(1, work).await??)
    }

    fn count(&self, query: &Query) -> usize {
        let index = self.store.index();
        query.board().map_or_else(|| index.count(), |board| index.board(board).map_or(0, |board| board.cells.len()))
    }
}
