//! Changes of the documents of runs, one or many: all of a request or nothing, with one event.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::list::RunSelection;
use super::metric_table::{Directions, MetricTable};
use super::run_id::generate_run_id;
use super::run_query::RunQuery;
use super::run_view::{RunClock, RunView};
use super::search::SearchBudget;
use super::{RunDraft, check_run_totals, existing_run, new_run, no_run};
use crate::protocol::{ApiError, ErrorKind, RunId};
use crate::server::boards::append::check_restored_series;
use crate::server::boards::query::filter::QueryBudget;
use crate::server::boards::{Boards, IdempotentRequest, JsonResponse};
use crate::server::error::ServerError;
use crate::server::limits::{MAX_OPERATION_BYTES, MAX_STORED_RESPONSE_BYTES};
use crate::server::store::{Batch, ChangeKind, RunRecord, RunTotals, timestamp};

const CREATED: u16 = 201;
/// Memory of a run until its change is written, besides what the request brings.
const RUN_BYTES: usize = 1024;

/// The runs that a change applies to.
#[derive(Clone, Debug)]
pub enum RunTarget {
    One(RunId),
    /// All that match, without a page.
    Matching(Box<RunQuery>),
}

/// The outcome of a change of runs.
pub enum RunOutcome {
    /// The status and the runs; those of many without metrics.
    Runs(u16, Vec<RunView>),
    /// The response that is stored under the key of the request.
    Stored(JsonResponse),
}

/// The runs that a request selects, found before the writer's turn.
enum Selected {
    One(RunId),
    Matching(RunPlan),
}

/// A query, and which of the committed runs matched.
struct RunPlan {
    selection: Arc<RunSelection>,
    /// Of each run that the query looked at, by the number of its creation: its revision, and whether it matched.
    verdicts: HashMap<u64, (u64, bool)>,
    /// Number of the matching runs.
    count: usize,
    /// Memory of the matching runs while they are changed, in bytes.
    bytes: usize,
}

impl RunPlan {
    /// The matching runs now, oldest first. Runs that changed meanwhile are matched again; 503 if that takes too long.
    fn current(&self, batch: &Batch, board: &str, clock: &RunClock) -> Result<Vec<Arc<RunRecord>>, ServerError> {
        let budgets = (SearchBudget::in_writer(), QueryBudget::in_writer());
        let mut found = Vec::new();
        for record in batch.runs(board) {
            let matches = match self.verdicts.get(&record.created_order) {
                Some((rev, matches)) if *rev == record.rev => *matches,
                _ => self.selection.matches(&self.selection.view(record.clone(), clock), &budgets).ok_or(ServerError::Outdated)?,
            };
            if matches {
                found.push(record);
            }
        }
        found.sort_by_key(|record| record.created_order);
        Ok(found)
    }
}

impl Selected {
    /// The runs as they are now. 404, 410: there is no such run.
    fn current(&self, batch: &Batch, board: &str, clock: &RunClock) -> Result<Vec<Arc<RunRecord>>, ServerError> {
        match self {
            Self::One(id) => Ok(vec![existing_run(batch, board, id)?.ok_or_else(|| no_run(board, id))?]),
            Self::Matching(plan) => plan.current(batch, board, clock),
        }
    }

    /// 413: there are too many runs, or too large ones, for one change. `draft`: the bytes that the change may add to each.
    fn check_size(&self, draft: usize) -> Result<usize, ApiError> {
        match self {
            Self::One(_) => Ok(RUN_BYTES + draft),
            Self::Matching(plan) => check_size(plan.bytes.saturating_add(plan.count.saturating_mul(draft))),
        }
    }

    fn is_one(&self) -> bool {
        matches!(self, Self::One(_))
    }
}

impl Boards {
    /// Creates a run. Without an id it gets one. 409: there is such a run. 410: it was deleted.
    pub async fn create_run(
        &self,
        board: Arc<str>,
        id: Option<RunId>,
        draft: RunDraft,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<RunOutcome, ServerError> {
        let (clock, bytes) = (RunClock::now(&self.signs), RUN_BYTES + draft.bytes);
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(RunOutcome::Stored(response));
            }
            let id = match id {
                Some(id) if existing_run(batch, &board, &id)?.is_some() => {
                    let message = format!("The board '{board}' has a run '{id}' already; nothing was created. Use PATCH to change it.");
                    return Err(ErrorKind::Conflict.with(message).into());
                }
                Some(id) => id,
                None => generate_run_id(batch.now_ms, |id| batch.run(&board, id).is_some() || batch.removed_run(&board, id).is_some()),
            };
            let record = create(batch, &board, &id, &draft)?;
            Ok(outcome(batch, CREATED, &[record], &clock, idempotency, true))
        };
        self.store.write(bytes, operation).await
    }

    /// Merges the keys of the draft into each run: all or none. `upsert`: a missing run is created.
    ///
    /// 404: there is no such run. 410: it was deleted. 503: the runs changed too much meanwhile.
    pub async fn patch_runs(
        &self,
        board: Arc<str>,
        target: RunTarget,
        draft: RunDraft,
        upsert: bool,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<RunOutcome, ServerError> {
        if let Some(response) = self.stored_response(idempotency.as_ref())? {
            return Ok(RunOutcome::Stored(response));
        }
        let (selected, clock) = (self.select_for_change(&board, target).await?, RunClock::now(&self.signs));
        let bytes = selected.check_size(draft.bytes)?;
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(RunOutcome::Stored(response));
            }
            if let (true, Selected::One(id)) = (upsert, &selected)
                && existing_run(batch, &board, id)?.is_none()
            {
                let record = create(batch, &board, id, &draft)?;
                return Ok(outcome(batch, CREATED, &[record], &clock, idempotency, true));
            }
            let (now, mut patched) = (timestamp(batch.now_ms), Vec::new());
            let (current, total) = (selected.current(batch, &board, &clock)?, batch.run_totals(&board).bytes);
            if !selected.is_one() {
                // They may have grown meanwhile.
                check_size(memory_of(&current).saturating_add(current.len().saturating_mul(draft.bytes)))?;
            }
            for before in current {
                let keys = draft.merge_into(&before.keys, &now)?;
                patched.push(batch.put_run(ChangeKind::Patched, RunRecord { keys, ..RunRecord::clone(&before) }));
            }
            let totals = batch.run_totals(&board);
            if totals.bytes > total {
                check_run_totals(&RunTotals { runs: 0, ..totals })?;
            }
            Ok(outcome(batch, 200, &patched, &clock, idempotency, selected.is_one()))
        };
        self.store.write(bytes, operation).await
    }

    /// Deletes all or none, and returns what they were. They can be restored.
    pub async fn remove_runs(
        &self,
        board: Arc<str>,
        target: RunTarget,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<RunOutcome, ServerError> {
        if let Some(response) = self.stored_response(idempotency.as_ref())? {
            return Ok(RunOutcome::Stored(response));
        }
        let (selected, clock) = (self.select_for_change(&board, target).await?, RunClock::now(&self.signs));
        selected.check_size(0)?;
        let name = board.clone();
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(RunOutcome::Stored(response));
            }
            let current = selected.current(batch, &board, &clock)?;
            if !selected.is_one() {
                check_size(memory_of(&current))?;
            }
            let removed: Vec<_> = current.iter().map(|record| batch.remove_run(record)).collect();
            Ok(outcome(batch, 200, &removed, &clock, idempotency, selected.is_one()))
        };
        let outcome: Result<_, ServerError> = self.store.delete(operation).await;
        if let Ok(RunOutcome::Runs(_, removed)) = &outcome {
            self.signs.remove(&name, removed.iter().map(|view| &view.record.id));
        }
        outcome
    }

    /// Brings a deleted run back with its points. A run that is there stays as it is. 404: there is none to restore.
    pub async fn restore_run(&self, board: Arc<str>, id: RunId, idempotency: Option<IdempotentRequest>) -> Result<RunOutcome, ServerError> {
        let clock = RunClock::now(&self.signs);
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(RunOutcome::Stored(response));
            }
            let record = match (batch.run(&board, &id), batch.removed_run(&board, &id)) {
                (Some(record), _) => record,
                (None, Some(tombstone)) => {
                    check_run_totals(&batch.run_totals(&board))?;
                    let restored = batch.restore_run(&tombstone);
                    check_restored_series(batch, &board, std::slice::from_ref(&restored))?;
                    restored
                }
                (None, None) => return Err(no_run(&board, &id).into()),
            };
            Ok(outcome(batch, 200, &[record], &clock, idempotency, true))
        };
        self.store.write(RUN_BYTES, operation).await
    }

    /// Brings back the runs that one event has deleted, with their points: all or none. 404: there are none to restore.
    pub async fn restore_removal(
        &self,
        board: Arc<str>,
        removal: u64,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<RunOutcome, ServerError> {
        if let Some(response) = self.stored_response(idempotency.as_ref())? {
            return Ok(RunOutcome::Stored(response));
        }
        let bytes = {
            let index = self.store.index();
            let deleted = index.board(&board).into_iter().flat_map(|known| known.runs.tombstones()).filter(|run| run.seq == removal);
            check_size(memory_of(deleted))?
        };
        let clock = RunClock::now(&self.signs);
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(RunOutcome::Stored(response));
            }
            let mut deleted = batch.removed_runs(&board, |seq| seq == removal);
            deleted.sort_by_key(|run| run.created_order);
            let Some(others) = deleted.len().checked_sub(1) else {
                let message = format!("The board '{board}' has no deletion {removal} of runs that can be undone.");
                return Err(ErrorKind::NotFound.with(message).into());
            };
            let totals = batch.run_totals(&board);
            check_run_totals(&RunTotals { runs: totals.runs + others, ..totals })?;
            let restored: Vec<_> = deleted.iter().map(|tombstone| batch.restore_run(tombstone)).collect();
            check_restored_series(batch, &board, &restored)?;
            Ok(outcome(batch, 200, &restored, &clock, idempotency, false))
        };
        self.store.write(bytes, operation).await
    }

    async fn select_for_change(&self, board: &str, target: RunTarget) -> Result<Selected, ServerError> {
        let query = match target {
            RunTarget::One(id) => return Ok(Selected::One(id)),
            RunTarget::Matching(query) => query,
        };
        let (selection, all) = self.prepare_runs(board, *query, false).await?;
        let mut verdicts: HashMap<u64, (u64, bool)> = all.iter().map(|run| (run.created_order, (run.rev, false))).collect();
        let found = self.find_runs(selection.clone(), all).await?;
        verdicts.extend(found.iter().map(|view| (view.record.created_order, (view.record.rev, true))));
        let bytes = memory_of(found.iter().map(|view| &view.record));
        Ok(Selected::Matching(RunPlan { selection, verdicts, count: found.len(), bytes }))
    }
}

/// Memory of documents while they are changed, in bytes.
fn memory_of<'a>(records: impl IntoIterator<Item = &'a Arc<RunRecord>>) -> usize {
    records.into_iter().map(|record| RUN_BYTES + record.bytes).fold(0, usize::saturating_add)
}

/// 413: one operation would write too much.
fn check_size(bytes: usize) -> Result<usize, ApiError> {
    if bytes <= MAX_OPERATION_BYTES {
        return Ok(bytes);
    }
    let most = MAX_OPERATION_BYTES >> 20;
    Err(ErrorKind::PayloadTooLarge
        .with(format!("This would write more than {most} MiB at once; nothing was changed. Change fewer runs at a time.")))
}

fn create(batch: &mut Batch, board: &Arc<str>, id: &RunId, draft: &RunDraft) -> Result<Arc<RunRecord>, ApiError> {
    let keys = draft.merge_into(&Map::new(), &timestamp(batch.now_ms))?;
    let record = new_run(batch, board, id, keys)?;
    Ok(batch.put_run(ChangeKind::Created, record))
}

/// The outcome, and the response that is stored under the key of the request. `is_one`: the response is one document, with its metrics.
fn outcome(
    batch: &mut Batch,
    status: u16,
    records: &[Arc<RunRecord>],
    clock: &RunClock,
    idempotency: Option<IdempotentRequest>,
    is_one: bool,
) -> RunOutcome {
    let mut metrics = Arc::default();
    if let (true, Some(run)) = (is_one, records.first()) {
        let document = batch.board_document(&run.board);
        let directions = Directions::of(document.as_ref().map(|document| &document.keys));
        metrics = Arc::new(MetricTable::of_run_in(batch.index, &run.board, &run.id, &directions));
    }
    let view = |record: &Arc<RunRecord>| RunView::new(record.clone(), metrics.clone(), clock, false);
    let views: Vec<_> = records.iter().map(view).collect();
    if let Some(request) = idempotency {
        let text = stored_text(&views, is_one);
        request.store_response(batch, status, text);
    }
    RunOutcome::Runs(status, views)
}

/// A stored response with the keys that `$select` names. The short form of documents that were too long stays as it is.
fn project_stored(response: JsonResponse, query: &RunQuery) -> JsonResponse {
    if !query.is_projection() {
        return response;
    }
    let project = |keys: Map<String, Value>| if keys.contains_key("repeated") { keys } else { query.project(keys) };
    let text = match serde_json::from_str(&response.text) {
        Ok(Value::Object(keys)) => Value::Object(project(keys)).to_string(),
        Ok(Value::Array(items)) => {
            let items = items.into_iter().map(|item| match item {
                Value::Object(keys) => Value::Object(project(keys)),
                other => other,
            });
            Value::Array(items.collect()).to_string()
        }
        _ => response.text,
    };
    JsonResponse { text, ..response }
}

/// What a repetition is answered: the documents, or a short form where they are too long.
fn stored_text(views: &[RunView], is_one: bool) -> String {
    let short = |view: &RunView| json!({ "_id": view.record.id, "rev": view.record.rev, "repeated": true });
    let fits = |text: &String| text.len() <= MAX_STORED_RESPONSE_BYTES;
    if let (true, Some(view)) = (is_one, views.first()) {
        return Some(Value::from(view.to_json(true)).to_string()).filter(fits).unwrap_or_else(|| short(view).to_string());
    }
    let list = |all: Vec<Value>| Some(Value::from(all).to_string()).filter(fits);
    // Of few runs the documents may fit.
    let whole = if views.len() <= 64 { list(views.iter().map(|view| view.to_json(false).into()).collect()) } else { None };
    whole
        .or_else(|| list(views.iter().map(short).collect()))
        .unwrap_or_else(|| json!([{ "runs": views.len(), "repeated": true }]).to_string())
}

impl RunOutcome {
    /// The event that has deleted runs, of a deletion of one or more.
    pub fn removal(&self) -> Option<u64> {
        match self {
            Self::Runs(_, views) => views.first().map(|view| view.record.seq),
            Self::Stored(_) => None,
        }
    }

    /// The response with one document. `query`: its `$select`. `complete` adds to the document what takes too long in the writer.
    pub fn response(self, query: &RunQuery, complete: impl FnOnce(RunView) -> RunView) -> JsonResponse {
        let (status, views) = match self {
            Self::Stored(response) => return project_stored(response, query),
            Self::Runs(status, views) => (status, views),
        };
        let document = views.into_iter().next().map(|view| query.project(complete(view).to_json(true)));
        let text = document.map_or_else(String::new, |document| Value::from(document).to_string());
        JsonResponse { status, text, is_repeated: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::limits::MAX_RUN_BYTES;

    #[test]
    fn large_documents_are_not_changed_all_at_once() {
        let new = RunRecord::new("b".into(), RunId::parse("r").unwrap(), Map::new());
        let large = Arc::new(RunRecord { bytes: MAX_RUN_BYTES, ..new });
        let runs = |count| std::iter::repeat_n(large.clone(), count).collect::<Vec<_>>();
        check_size(memory_of(&runs(127))).unwrap();
        assert_eq!(check_size(memory_of(&runs(128))).unwrap_err().code, 413);
    }
}
