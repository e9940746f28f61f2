//! `PATCH`: merges keys into one cell or into all cells of a query, all or none.
//!
//! Work that takes long happens before the writer's turn and becomes a [`PatchPlan`]: the query runs,
//! values are parsed and checked, and values that are only on disk are loaded. The writer validates
//! the plan by the revisions and versions of the cells, and applies it to the cells as they are then.
//! It does itself what is cheap. What would be expensive makes the plan outdated: 503, nothing
//! changed.

use std::sync::Arc;

use super::documents::create;
use super::idempotency::{CREATED, ChangeOutcome};
use super::ingest::{LineValue, SeriesPoints};
use super::query::selection::Selection;
use super::size::{check_keys_size, check_operation_size, check_response_size, memory_bytes, stored_bytes};
use super::{Boards, Document, Draft, IdempotentRequest, Target, append};
use crate::protocol::{ApiError, CellId};
use crate::server::cells::{CellValue, Validation};
use crate::server::error::ServerError;
use crate::server::parse_pool::parse_in_pool;
use crate::server::store::{Batch, ChangeKind, Record, StoredValue};

/// A value up to this size is parsed in the writer if its cell became a line meanwhile.
const MAX_PARSED_IN_WRITER_BYTES: usize = 64 << 10;

struct PatchPlan {
    selection: Selection,
    draft: Arc<Draft>,
    /// Create the cell if it does not exist.
    upsert: bool,
    append: Option<Vec<SeriesPoints>>,
    /// The checks of a value that comes without a type, for the types of the selected cells.
    validation: Validation,
    /// The value as points, if a selected cell is a line.
    line: Option<Arc<LineValue>>,
    /// The values that a new type shows in another way, if they are only on disk.
    loaded: Vec<LoadedValue>,
    /// The type changes and the value stays: it is checked and stored again.
    retypes: bool,
    /// Memory for each cell until the change is written, in bytes.
    bytes_per_cell: usize,
}

/// A value that is only on disk, and was loaded and checked for a new type.
struct LoadedValue {
    id: CellId,
    version: u64,
    value: Arc<str>,
    line: Option<Arc<LineValue>>,
}

impl Boards {
    /// Merges the keys of the draft into each cell: all or none. `upsert`: a missing cell is created,
    /// as by [`Self::create`].
    pub async fn patch(
        &self,
        target: Target,
        draft: Draft,
        upsert: bool,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<ChangeOutcome, ServerError> {
        if let Some(response) = self.stored_response(idempotency.as_ref())? {
            return Ok(ChangeOutcome::Stored(response));
        }
        let with_values = target.query().selects("value");
        let plan = self.plan_patch(target, Arc::new(draft), upsert).await?;
        let bytes = plan.bytes(plan.selection.records.len().max(usize::from(upsert)))?;
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(ChangeOutcome::Stored(response));
            }
            let (status, documents) = plan.apply(batch)?;
            Ok(IdempotentRequest::store_outcome(idempotency, batch, status, documents))
        };
        let outcome = self.store.write::<_, ServerError, _>(bytes, operation).await?;
        self.with_stored_values(outcome, with_values).await
    }

    async fn plan_patch(&self, target: Target, draft: Arc<Draft>, upsert: bool) -> Result<PatchPlan, ServerError> {
        let retypes = draft.has_type() && draft.value.is_none();
        let append = {
            let (draft, cell) = (draft.clone(), target.cell().cloned());
            parse_in_pool(draft.bytes(), move || append::parse_append(cell.as_ref(), draft.append.as_deref())).await??
        };
        let selection = self.select(target).await?;
        let (selection, validation, line) = {
            let (draft, bytes) = (draft.clone(), draft.bytes());
            let check = move || {
                let line = append::parse_line(&selection, &draft)?;
                let validation = check_value(&selection, &draft);
                Ok::<_, ApiError>((selection, validation, line))
            };
            parse_in_pool(bytes, check).await??
        };
        let loaded = if retypes { self.load_values(&selection, &draft).await? } else { Vec::new() };
        let points = line.as_deref().map_or(0, LineValue::points) + append.iter().flatten().map(|series| series.y.len()).sum::<usize>();
        let bytes_per_cell = memory_bytes(draft.bytes(), points);
        Ok(PatchPlan { selection, draft, upsert, append, validation, line, loaded, retypes, bytes_per_cell })
    }

    /// The values of the selected cells that are only on disk, checked for the type of the draft.
    async fn load_values(&self, selection: &Selection, draft: &Arc<Draft>) -> Result<Vec<LoadedValue>, ServerError> {
        let bytes = check_operation_size(stored_bytes(&selection.records))?;
        let values = self.large_values(&selection.records, false).await?;
        let draft = draft.clone();
        let check = move || {
            let kind = draft.kind().unwrap_or_default();
            let (mut loaded, mut bytes) = (Vec::with_capacity(values.len()), 0);
            for (id, version, value) in values {
                CellValue::check(kind, Some(&value))?;
                let line = (kind == "line").then(|| append::parse_line_value(&value)).transpose()?.map(Arc::new);
                let points = line.as_deref().map_or(0, LineValue::points);
                bytes = check_operation_size(memory_bytes(0, points).saturating_add(bytes))?;
                loaded.push(LoadedValue { id, version, value, line });
            }
            Ok::<_, ApiError>(loaded)
        };
        Ok(parse_in_pool(bytes, check).await??)
    }
}

impl PatchPlan {
    /// Memory for a patch of so many cells, in bytes. 413: more than one operation may write.
    fn bytes(&self, cells: usize) -> Result<usize, ApiError> {
        check_operation_size(self.bytes_per_cell.saturating_mul(cells))
    }

    /// Patches the cells as they are now. Returns the status and the documents. 503: the plan is
    /// outdated.
    fn apply(self, batch: &mut Batch) -> Result<(u16, Vec<Document>), ServerError> {
        if let (true, Target::One(id, _)) = (self.upsert, &self.selection.target)
            && batch.cell(id).is_none()
        {
            let mut draft = Draft::clone(&self.draft);
            draft.id = Some(id.clone());
            return Ok((CREATED, vec![create(batch, draft, self.append)?]));
        }
        let records = self.selection.current(batch)?;
        let mut bytes = self.bytes(records.len())?;
        if self.draft.value.is_none() {
            check_response_size(&records, self.selection.target.query())?;
        }
        let documents = records.into_iter().map(|record| self.patch_cell(batch, &record, &mut bytes)).collect::<Result<_, _>>()?;
        Ok((200, documents))
    }

    fn patch_cell(&self, batch: &mut Batch, before: &Record, bytes: &mut usize) -> Result<Document, ServerError> {
        let record = self.merge(before)?;
        let mut line = self.line.clone();
        let value = if self.retypes && self.draft.kind() != Some(before.text("type")) {
            match &before.value {
                StoredValue::Missing => None,
                StoredValue::Inline(json) => {
                    self.validation.of(record.text("type"), Some(json))?;
                    line = record.is_line().then(|| append::parse_line_value(json)).transpose()?.map(Arc::new);
                    Some(json.clone())
                }
                StoredValue::Stored(_) => {
                    let is_current = |loaded: &&LoadedValue| loaded.id == before.id && loaded.version == before.version;
                    let loaded = self.loaded.iter().find(is_current).ok_or(ServerError::Outdated)?;
                    line = loaded.line.clone();
                    Some(loaded.value.clone())
                }
            }
        } else {
            self.check_value(&record)?;
            self.draft.value.clone()
        };
        if self.retypes {
            let points = line.as_deref().map_or(0, LineValue::points);
            *bytes = check_operation_size(memory_bytes(0, points).saturating_add(*bytes))?;
        }
        let record = append::put(batch, ChangeKind::Patched, record, value.clone().map(Some), line, self.append.clone())?;
        Ok(Document { record, value })
    }

    /// The cell with the keys of the draft.
    fn merge(&self, before: &Record) -> Result<Record, ApiError> {
        let mut record = Record::clone(before);
        if !self.draft.keys.is_empty() {
            record.keys.extend(self.draft.keys.clone());
            // Many small patches add up to a large document.
            check_keys_size(&record.keys)?;
        }
        if let Some(board) = &self.draft.board {
            record.board = board.clone();
        }
        Ok(record)
    }

    /// A value that comes without a type must fit the type that the cell has now. A draft with both
    /// was checked when it was parsed.
    fn check_value(&self, record: &Record) -> Result<(), ServerError> {
        let Some(value) = self.draft.value.as_deref().filter(|_| !self.draft.has_type()) else { return Ok(()) };
        if record.is_line() && self.line.is_none() && value.len() > MAX_PARSED_IN_WRITER_BYTES {
            return Err(ServerError::Outdated);
        }
        Ok(self.validation.of(record.text("type"), Some(value))?)
    }
}

/// Whether a value that comes without a type fits the types of the selected cells.
fn check_value(selection: &Selection, draft: &Draft) -> Validation {
    if draft.value.is_none() || draft.has_type() {
        return Validation::default();
    }
    Validation::on(draft.value.as_deref(), selection.records.iter().map(|record| record.text("type")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::boards::Query;
    use crate::server::testing::model::app;

    #[tokio::test]
    async fn a_plan_with_an_old_value_is_outdated_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let boards = app(folder.path()).await.boards.clone();
        let target = || Target::one("a", Query::default()).unwrap();
        let draft = |draft| Draft::from_value(draft).unwrap();
        let large = |letter: &str| json!({ "value": letter.repeat(20_000) });
        boards.patch(target(), draft(json!({ "type": "log", "value": "x".repeat(20_000) })), true, None).await.unwrap();
        let plan = async || boards.plan_patch(target(), Arc::new(draft(json!({ "type": "note" }))), false).await.unwrap();
        let (old, same) = (plan().await, plan().await);
        boards.store().write(1, move |batch| Ok::<_, ServerError>(same.apply(batch)?.0)).await.unwrap();
        boards.patch(target(), draft(large("y")), false, None).await.unwrap();
        boards.patch(target(), draft(json!({ "type": "log" })), false, None).await.unwrap();
        let error = boards.store().write(1, move |batch| Ok(old.apply(batch)?.0)).await.unwrap_err();
        assert!(matches!(error, ServerError::Outdated) && error.to_api_error().code == 503, "{error}");
        let record = boards.get("a", &Query::default()).await.unwrap().record;
        assert_eq!((record.text("type"), record.rev), ("log", 4));
    }
}
