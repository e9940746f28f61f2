//! Creates, replaces and removes documents, one or many at once: all of a request or nothing.

use std::sync::Arc;

use super::idempotency::{CREATED, ChangeOutcome};
use super::ingest::{LineValue, SeriesPoints};
use super::size::{check_operation_size, check_response_size, memory_bytes};
use super::{Boards, Document, Draft, IdempotentRequest, Target, append};
use crate::protocol::MAIN_BOARD;
use crate::protocol::{CellContent, CellId, ErrorKind};
use crate::server::error::ServerError;
use crate::server::ids;
use crate::server::store::{Batch, ChangeKind, Record, StoreError, StoredValue};

impl Boards {
    /// Creates all or none. `with_values`: the response has values that are only on disk.
    pub async fn create(
        &self,
        drafts: Vec<Draft>,
        with_values: bool,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<ChangeOutcome, ServerError> {
        if let Some(response) = self.stored_response(idempotency.as_ref())? {
            return Ok(ChangeOutcome::Stored(response));
        }
        // Each draft knows the size of the whole body.
        let body = drafts.first().map_or(0, Draft::bytes);
        let bytes =
            check_operation_size(memory_bytes(body, drafts.iter().filter_map(|draft| draft.line.as_deref()).map(LineValue::points).sum()))?;
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(ChangeOutcome::Stored(response));
            }
            let mut made = Vec::with_capacity(drafts.len());
            for draft in drafts {
                append::refuse_append(&draft)?;
                made.push(create(batch, draft, None)?);
            }
            Ok(IdempotentRequest::store_outcome(idempotency, batch, CREATED, made))
        };
        let outcome = self.store.write::<_, ServerError, _>(bytes, operation).await?;
        self.with_stored_values(outcome, with_values).await
    }

    /// Replaces a document. Its board and its `layout` stay unless the new document names others.
    pub async fn update(&self, target: Target, draft: Draft, idempotency: Option<IdempotentRequest>) -> Result<ChangeOutcome, ServerError> {
        append::refuse_append(&draft)?;
        if let Some(response) = self.stored_response(idempotency.as_ref())? {
            return Ok(ChangeOutcome::Stored(response));
        }
        let bytes = memory_bytes(draft.bytes(), draft.line.as_deref().map_or(0, LineValue::points));
        let with_values = target.query().selects("value");
        let selection = self.select(target).await?;
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(ChangeOutcome::Stored(response));
            }
            let before = selection.current(batch)?.pop().ok_or(ServerError::Outdated)?;
            let mut record = Record::clone(&before);
            let layout = record.keys.remove("layout");
            record.keys = draft.keys;
            if let Some(layout) = layout {
                record.keys.entry("layout").or_insert(layout);
            }
            record.board = draft.board.unwrap_or(record.board);
            if !record.is_line() {
                // A line that becomes another type loses its points.
                batch.clear_series(&record.id);
            }
            let value = draft.value.clone();
            let record = append::put(batch, ChangeKind::Updated, record, Some(draft.value), draft.line, None)?;
            Ok(IdempotentRequest::store_outcome(idempotency, batch, 200, vec![Document { record, value }]))
        };
        let outcome = self.store.write::<_, ServerError, _>(bytes, operation).await?;
        self.with_stored_values(outcome, with_values).await
    }

    /// Adds the values that the change did not bring: those on disk, and the summaries of lines.
    pub(super) async fn with_stored_values(&self, mut outcome: ChangeOutcome, with_values: bool) -> Result<ChangeOutcome, ServerError> {
        if let (ChangeOutcome::Documents(_, documents), true) = (&mut outcome, with_values) {
            for document in documents.iter_mut().filter(|document| document.value.is_none() || document.record.is_line()) {
                (document.record, document.value) = self.store.value_or_damaged(&document.record).await?;
            }
        }
        Ok(outcome)
    }

    /// Removes all or none, and returns what they were.
    pub async fn remove(&self, target: Target, idempotency: Option<IdempotentRequest>) -> Result<ChangeOutcome, ServerError> {
        if let Some(response) = self.stored_response(idempotency.as_ref())? {
            return Ok(ChangeOutcome::Stored(response));
        }
        let with_values = target.query().selects("value");
        let selection = self.select(target).await?;
        check_response_size(&selection.records, selection.target.query())?;
        // Loaded before the removal: of many cells at once, only the last hundred stay restorable.
        let loaded = if with_values { self.large_values(&selection.records, true).await? } else { Vec::new() };
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(ChangeOutcome::Stored(response));
            }
            let records = selection.current(batch)?;
            check_response_size(&records, selection.target.query())?;
            let mut removed = Vec::with_capacity(records.len());
            for record in records {
                let is_current = |(id, version, _): &&(CellId, u64, Arc<str>)| *id == record.id && *version == record.version;
                let value = match record.is_line() {
                    true => Some(Arc::from(batch.summary(&record.id))),
                    false => loaded.iter().find(is_current).map(|(_, _, value)| value.clone()),
                };
                removed.push(Document { record: batch.remove(&record), value });
            }
            Ok(IdempotentRequest::store_outcome(idempotency, batch, 200, removed))
        };
        let mut outcome = self.store.delete::<_, ServerError, _>(operation).await?;
        if let (ChangeOutcome::Documents(_, removed), true) = (&mut outcome, with_values) {
            for document in removed.iter_mut().filter(|document| document.value.is_none()) {
                (document.record, document.value) = self.store.value_or_damaged(&document.record).await?;
            }
        }
        Ok(outcome)
    }

    /// The values of the cells that are only on disk, each with its version. `or_damaged` leaves out
    /// damaged values; otherwise they are an error.
    pub(super) async fn large_values(
        &self,
        records: &[Arc<Record>],
        or_damaged: bool,
    ) -> Result<Vec<(CellId, u64, Arc<str>)>, ServerError> {
        let mut values = Vec::new();
        for record in records.iter().filter(|record| matches!(record.value, StoredValue::Stored(_))) {
            match self.store.read(&record.id).await {
                Err(StoreError::Corrupt(_)) if or_damaged => {}
                read => {
                    if let Some((record, Some(value))) = read? {
                        values.push((record.id.clone(), record.version, value));
                    }
                }
            }
        }
        Ok(values)
    }
}

/// Adds a new cell to its board. `append`: the first points of a line.
pub(crate) fn create(batch: &mut Batch, draft: Draft, append: Option<Vec<SeriesPoints>>) -> Result<Document, ServerError> {
    let id = draft.id.unwrap_or_else(ids::cell);
    if batch.cell(&id).is_some() {
        return Err(ErrorKind::Conflict
            .with(format!("A record with the id '{id}' exists already; nothing was created. Use PUT or PATCH to change it."))
            .into());
    }
    let record = Record {
        id,
        board: draft.board.unwrap_or_else(|| Arc::from(MAIN_BOARD)),
        seq: 0,
        entered_board_seq: 0,
        created_order: 0,
        rev: 0,
        version: 0,
        created_ms: batch.now_ms,
        updated_ms: batch.now_ms,
        keys: draft.keys,
        value: StoredValue::Missing,
        content: CellContent::Empty,
    };
    let value = draft.value.clone();
    batch.clear_for(&record);
    let record = append::put(batch, ChangeKind::Created, record, Some(draft.value), draft.line, append)?;
    Ok(Document { record, value })
}
