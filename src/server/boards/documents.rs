//! Documents created, replaced, patched and removed, alone or many at once: all of a request or nothing.

use std::sync::Arc;

use serde_json::Value;

use super::idempotency::{CREATED, ChangeOutcome};
use super::ingest::{LineValue, SeriesPoints};
use super::query::selection::Selection;
use super::size::{answered, bounded, check_keys, held, stored};
use super::{Boards, Document, Draft, IdempotentRequest, MAIN, Target, append};
use crate::protocol::{ApiError, CellContent, CellId, ErrorKind};
use crate::server::cells::{Content, Verdicts};
use crate::server::error::ServerError;
use crate::server::http::body::parse_pool::aside;
use crate::server::ids;
use crate::server::store::{Batch, ChangeKind, Record, StoredValue};

/// How often a change is begun again whose cells have changed meanwhile.
const TRIES: usize = 8;

impl Boards {
    /// Creates all or none. `with_values`: whether the answer has values that are only on disk.
    pub async fn create(
        &self,
        drafts: Vec<Draft>,
        with_values: bool,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<ChangeOutcome, ServerError> {
        if let Some(answer) = self.stored_response(idempotency.as_ref())? {
            return Ok(ChangeOutcome::Stored(answer));
        }
        // Each knows the size of the whole body.
        let body = drafts.first().map_or(0, Draft::bytes);
        let bytes = bounded(held(body, drafts.iter().filter_map(|draft| draft.line.as_deref()).map(LineValue::points).sum()))?;
        let operation = move |batch: &mut Batch| {
            if let Some(answer) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(ChangeOutcome::Stored(answer));
            }
            let mut made = Vec::with_capacity(drafts.len());
            for draft in drafts {
                append::refuse_append(&draft)?;
                made.push(create(batch, draft, None)?);
            }
            Ok(IdempotentRequest::store_outcome(idempotency, batch, CREATED, made))
        };
        let outcome = self.store.write(bytes, operation).await?;
        self.with_stored_values(outcome, with_values).await
    }

    /// Replaces a document as a whole; its board and the person's arrangement stay unless the new one names others.
    pub async fn update(&self, target: Target, draft: Draft, idempotency: Option<IdempotentRequest>) -> Result<ChangeOutcome, ServerError> {
        append::refuse_append(&draft)?;
        if let Some(answer) = self.stored_response(idempotency.as_ref())? {
            return Ok(ChangeOutcome::Stored(answer));
        }
        let bytes = held(draft.bytes(), draft.line.as_deref().map_or(0, LineValue::points));
        let with_values = target.query().wants("value");
        let chosen = self.choose(&Arc::new(target)).await?;
        let operation = move |batch: &mut Batch| {
            if let Some(answer) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(ChangeOutcome::Stored(answer));
            }
            // One by its id is always looked at here.
            let before = chosen.records(batch)?.and_then(|mut records| records.pop()).ok_or(ServerError::Busy)?;
            let mut record = Record::clone(&before);
            let layout = record.keys.remove("layout");
            record.keys = draft.keys;
            if let Some(layout) = layout {
                record.keys.entry("layout").or_insert(layout);
            }
            record.board = draft.board.unwrap_or(record.board);
            if !record.is_line() {
                // The points of the line that it was go with everything else.
                batch.retain_series(&record.id, &[]);
            }
            let value = draft.value.clone();
            let record = append::put(batch, ChangeKind::Updated, record, Some(draft.value), draft.line, None)?;
            Ok(IdempotentRequest::store_outcome(idempotency, batch, 200, vec![Document { record, value }]))
        };
        let outcome = self.store.write(bytes, operation).await?;
        self.with_stored_values(outcome, with_values).await
    }

    /// Documents as they are told after a change: with values that the change did not bring, and of a line, what its series have now.
    async fn with_stored_values(&self, mut outcome: ChangeOutcome, with_values: bool) -> Result<ChangeOutcome, ServerError> {
        if let (ChangeOutcome::Documents(_, documents), true) = (&mut outcome, with_values) {
            for document in documents.iter_mut().filter(|document| document.value.is_none() || document.record.is_line()) {
                (document.record, document.value) = self.store.value_or_damaged(&document.record).await?;
            }
        }
        Ok(outcome)
    }

    /// Merges the draft's keys into each target: all or none. `upsert`: one that is missing is created, as by [`Self::create`].
    pub async fn patch(
        &self,
        target: Target,
        draft: Draft,
        upsert: bool,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<ChangeOutcome, ServerError> {
        if let Some(answer) = self.stored_response(idempotency.as_ref())? {
            return Ok(ChangeOutcome::Stored(answer));
        }
        let target = Arc::new(target);
        let draft = Arc::new(draft);
        // A new type may show the old value in another way: where that value is only on disk it is read first, and sent again.
        let retyped = draft.keys.contains_key("type") && draft.value.is_none();
        let append = {
            let (target, draft) = (target.clone(), draft.clone());
            aside(draft.bytes(), move || append::parse_append(&target, draft.append.as_deref())).await??
        };
        let appended: usize = append.iter().flatten().map(|series| series.y.len()).sum();
        let (with_values, draft_bytes) = (target.query().wants("value"), draft.bytes());
        for _ in 0..TRIES {
            let chosen = Arc::new(self.choose(&target).await?);
            let (fits, parsed) = {
                let (chosen, draft) = (chosen.clone(), draft.clone());
                let read = move || append::parse_line(&chosen, &draft).map(|parsed| (fits(&chosen, &draft), parsed));
                aside(draft_bytes, read).await??
            };
            let known = if retyped {
                let bytes = bounded(stored(&chosen.records))?;
                let (values, draft) = (self.large_values(&chosen.records, false).await?, draft.clone());
                aside(bytes, move || read_anew(draft.keys.get("type").and_then(Value::as_str).unwrap_or_default(), values)).await??
            } else {
                Vec::new()
            };
            let each = held(draft.bytes(), parsed.as_deref().map_or(0, LineValue::points) + appended);
            let bytes = bounded(each.saturating_mul(chosen.records.len().max(usize::from(upsert))))?;
            let (target, draft, append, idempotency) = (target.clone(), draft.clone(), append.clone(), idempotency.clone());
            let operation = move |batch: &mut Batch| {
                if let Some(answer) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                    return Ok(Some(ChangeOutcome::Stored(answer)));
                }
                if let (true, Target::One(id, _)) = (upsert, &*target)
                    && batch.cell(id).is_none()
                {
                    let mut draft = Draft::clone(&draft);
                    draft.id = Some(id.clone());
                    let made = create(batch, draft, append)?;
                    return Ok(Some(IdempotentRequest::store_outcome(idempotency, batch, CREATED, vec![made])));
                }
                let mut patched = Vec::new();
                let Some(targets) = chosen.records(batch)? else { return Ok(None) };
                let mut bytes = bounded(each.saturating_mul(targets.len()))?;
                if draft.value.is_none() {
                    answered(&targets, target.query())?;
                }
                for before in targets {
                    let redraw = retyped && draft.keys.get("type").and_then(Value::as_str) != Some(before.text("type"));
                    let is_known = known.iter().find(|known| known.id == before.id && known.version == before.version);
                    let value = match (&before.value, redraw) {
                        (StoredValue::Inline(json), true) => Some(json.clone()),
                        (StoredValue::Stored(_), true) => match is_known {
                            Some(known) => Some(known.value.clone()),
                            None => return Ok(None),
                        },
                        _ => draft.value.clone(),
                    };
                    let mut record = Record::clone(&before);
                    record.keys.extend(draft.keys.clone());
                    // Many small patches make a large document as well.
                    if !draft.keys.is_empty() {
                        check_keys(&record.keys)?;
                    }
                    if let Some(board) = &draft.board {
                        record.board = board.clone();
                    }
                    // A draft with both was checked when it came.
                    if value.is_some() && is_known.is_none() && (redraw || !draft.keys.contains_key("type")) {
                        fits.of(record.text("type"), value.as_deref())?;
                    }
                    let parsed = match &value {
                        // What another change made of it since it was looked at.
                        Some(_) if !redraw && record.is_line() && parsed.is_none() => return Ok(None),
                        Some(value) if redraw && record.is_line() => {
                            let parsed = match is_known.and_then(|known| known.line.clone()) {
                                Some(parsed) => parsed,
                                None => Arc::new(append::parse_line_value(value)?),
                            };
                            bytes = bounded(held(0, parsed.points()).saturating_add(bytes))?;
                            Some(parsed)
                        }
                        _ => parsed.clone(),
                    };
                    let record = append::put(batch, ChangeKind::Patched, record, value.clone().map(Some), parsed, append.clone())?;
                    patched.push(Document { record, value });
                }
                Ok(Some(IdempotentRequest::store_outcome(idempotency, batch, 200, patched)))
            };
            if let Some(outcome) = self.store.write(bytes, operation).await? {
                return self.with_stored_values(outcome, with_values).await;
            }
        }
        Err(ServerError::Busy)
    }

    /// Removes all or none, and answers what they were.
    pub async fn remove(&self, target: Target, idempotency: Option<IdempotentRequest>) -> Result<ChangeOutcome, ServerError> {
        if let Some(answer) = self.stored_response(idempotency.as_ref())? {
            return Ok(ChangeOutcome::Stored(answer));
        }
        let with_values = target.query().wants("value");
        let target = Arc::new(target);
        let mut tries = 0;
        let mut outcome = loop {
            let chosen = self.choose(&target).await?;
            answered(&chosen.records, target.query())?;
            // Read before they go: of many at once, only the last hundred are kept for undo.
            let known = if with_values { self.large_values(&chosen.records, true).await? } else { Vec::new() };
            let idempotency = idempotency.clone();
            let operation = move |batch: &mut Batch| {
                if let Some(answer) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                    return Ok(Some(ChangeOutcome::Stored(answer)));
                }
                let mut removed = Vec::new();
                let Some(targets) = chosen.records(batch)? else { return Ok(None) };
                answered(&targets, chosen.target.query())?;
                for record in targets {
                    let read = known.iter().find(|(id, version, _)| *id == record.id && *version == record.version);
                    let value = match record.is_line() {
                        true => Some(Arc::from(batch.summary(&record.id))),
                        false => read.map(|(_, _, value)| value.clone()),
                    };
                    removed.push(Document { record: batch.remove(&record), value });
                }
                Ok(Some(IdempotentRequest::store_outcome(idempotency, batch, 200, removed)))
            };
            if let Some(outcome) = self.store.free(operation).await? {
                break outcome;
            }
            tries += 1;
            if tries == TRIES {
                return Err(ServerError::Busy);
            }
        };
        if let (ChangeOutcome::Documents(_, removed), true) = (&mut outcome, with_values) {
            for document in removed.iter_mut().filter(|document| document.value.is_none()) {
                (document.record, document.value) = self.store.value_or_damaged(&document.record).await?;
            }
        }
        Ok(outcome)
    }

    /// The values of the targets that are only on disk, each with the revision it belongs to; without those that are damaged, where the others do.
    async fn large_values(&self, records: &[Arc<Record>], or_damaged: bool) -> Result<Vec<(CellId, u64, Arc<str>)>, ServerError> {
        let mut values = Vec::new();
        for record in records.iter().filter(|record| matches!(record.value, StoredValue::Stored(_))) {
            match self.store.read(&record.id).await {
                Err(ServerError::Damaged(_)) if or_damaged => {}
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

/// A value that is only on disk, read for another type before the writer sees it.
struct Known {
    id: CellId,
    version: u64,
    value: Arc<str>,
    line: Option<Arc<LineValue>>,
}

fn read_anew(kind: &str, values: Vec<(CellId, u64, Arc<str>)>) -> Result<Vec<Known>, ApiError> {
    let (mut known, mut bytes) = (Vec::with_capacity(values.len()), 0);
    for (id, version, value) in values {
        Content::check(kind, Some(&value))?;
        let line = (kind == "line").then(|| append::parse_line_value(&value)).transpose()?.map(Arc::new);
        bytes = bounded(held(0, line.as_deref().map_or(0, LineValue::points)).saturating_add(bytes))?;
        known.push(Known { id, version, value, line });
    }
    Ok(known)
}

/// Whether a new value that comes without a type fits the types that the targets have now.
fn fits(chosen: &Selection, draft: &Draft) -> Verdicts {
    if draft.value.is_none() || draft.keys.contains_key("type") {
        return Verdicts::default();
    }
    Verdicts::on(draft.value.as_deref(), chosen.records.iter().map(|record| record.text("type")))
}

/// Puts a new cell on its board; `append` are the first points of a line.
pub(crate) fn create(batch: &mut Batch, draft: Draft, append: Option<Vec<SeriesPoints>>) -> Result<Document, ServerError> {
    let id = draft.id.unwrap_or_else(ids::cell);
    if batch.cell(&id).is_some() {
        return Err(ErrorKind::Conflict
            .with(format!("A record with the id '{id}' exists already; nothing was created. Use PUT or PATCH to change it."))
            .into());
    }
    let record = Record {
        id,
        board: draft.board.unwrap_or_else(|| Arc::from(MAIN)),
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
    // Of an earlier life of this id nothing comes back.
    batch.retain_series(&record.id, &[]);
    let record = append::put(batch, ChangeKind::Created, record, Some(draft.value), draft.line, append)?;
    Ok(Document { record, value })
}
