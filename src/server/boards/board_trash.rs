//! Boards in the trash: deleted with their cells, runs and document, and restored whole.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::append::check_restored_series;
use super::board_document::{no_board, own_keys};
use super::document_merge::merge_documents;
use super::idempotency::JsonResponse;
use super::page_actions::cells_in_grid_order;
use super::runs::check_run_totals;
use super::{Boards, IdempotentRequest};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::error::ServerError;
use crate::server::limits::{MAX_RESTORE_ATTEMPTS, TOMBSTONE_TTL_MS};
use crate::server::store::{Batch, BoardDocument, BoardIndex, BoardRemoval, Record, RunRecord, RunTotals, StoreError, now_ms, timestamp};

/// Bytes of values that one commit of a restoration loads.
const MAX_RESTORED_BYTES: usize = 16 << 20;
/// Boards in the trash whose documents one commit forgets.
const MAX_FORGOTTEN_PER_COMMIT: usize = 1000;
/// Cells that one commit of a restoration brings back: others wait for it.
const MAX_RESTORED_CELLS: usize = 1000;
/// Key of the document: whether the list of boards leaves the board out.
const ARCHIVED: &str = "archived";
/// Memory of a restored cell or run until it is written.
const ITEM_BYTES: usize = 1024;

/// A deleted board that can be restored.
pub struct RemovedBoard {
    pub name: String,
    pub title: Option<String>,
    /// When it was deleted: RFC 3339 in UTC.
    pub removed_at: String,
    pub cells: usize,
    pub runs: usize,
}

impl RemovedBoard {
    /// `None` if nothing of it can be restored.
    fn of(name: &str, board: &BoardIndex, now_ms: u64) -> Option<Self> {
        let removal = BoardRemoval::of(board.document.as_deref()?)?;
        let (cells, runs) = (removed_cells(board, &removal).count(), removed_runs(board, &removal).count());
        let title = removal.keys.get("title").and_then(|title| title.as_str()).map(str::to_owned);
        let is_there = cells > 0 || runs > 0 || !is_expired(&removal, now_ms);
        is_there.then(|| Self { name: name.to_owned(), title, removed_at: timestamp(removal.at_ms), cells, runs })
    }
}

/// The deleted cells of a board that can be restored, in the order of their deletion.
fn removed_cells<'a>(board: &'a BoardIndex, removal: &'a BoardRemoval) -> impl Iterator<Item = &'a Arc<Record>> {
    removal.cells.iter().flat_map(|(first, last)| board.tombstones.range(first..=last)).map(|(_, record)| record)
}

fn removed_runs<'a>(board: &'a BoardIndex, removal: &'a BoardRemoval) -> impl Iterator<Item = &'a Arc<RunRecord>> {
    board.runs.tombstones().filter(|run| removal.has_removed_runs(run.seq))
}

/// Whether the document is purged, as the cells and runs of the deletion are by now.
fn is_expired(removal: &BoardRemoval, now_ms: u64) -> bool {
    now_ms.saturating_sub(removal.at_ms) > TOMBSTONE_TTL_MS
}

impl Boards {
    /// Deletes the cells, the runs and the document of a board; it can be restored whole. Boards that were deleted under its name before
    /// come back with it. 404: there is no such board.
    pub async fn remove_board(&self, board: Arc<str>, idempotency: Option<IdempotentRequest>) -> Result<JsonResponse, ServerError> {
        let name = board.clone();
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok((response, Vec::new()));
            }
            let (runs, cells) = (batch.runs(&board), cells_in_grid_order(batch, &board));
            let document = batch.board_document(&board);
            let mut keys = document.as_deref().map(own).unwrap_or_default();
            if runs.is_empty() && cells.is_empty() && keys.is_empty() {
                return Err(no_board(&board).into());
            }
            let earlier = document.as_deref().and_then(BoardRemoval::of);
            let earlier = earlier.filter(|earlier| !is_expired(earlier, batch.now_ms));
            let mut left_out = Vec::new();
            let earlier = earlier.map(|mut earlier| {
                // The newer board is archived, or is not.
                earlier.keys.shift_remove(ARCHIVED);
                (keys, left_out) = merge_documents(&earlier.keys, &keys);
                left_out.extend(std::mem::take(&mut earlier.left_out));
                // Cells that came back one by one, or before a restoration ended, are counted by this deletion.
                let returned = cells.iter().filter(|cell| cell.created_order <= earlier.last_created_order).count();
                earlier.cell_count = earlier.cell_count.saturating_sub(returned);
                earlier
            });
            let removed_runs: Vec<_> = runs.iter().map(|run| batch.remove_run(run)).collect();
            let removed_cells: Vec<_> = cells.iter().map(|cell| batch.remove(cell)).collect();
            let ends = |first: Option<u64>, last: Option<u64>| first.zip(last).into_iter().collect();
            let removal = BoardRemoval {
                at_ms: batch.now_ms,
                cell_count: cells.len(),
                last_created_order: batch.version_counter,
                cells: ends(removed_cells.first().map(|cell| cell.seq), removed_cells.last().map(|cell| cell.seq)),
                runs: ends(removed_runs.first().map(|run| run.seq), removed_runs.last().map(|run| run.seq)),
                keys,
                left_out,
            };
            let removal = match earlier {
                Some(earlier) => earlier.followed_by(removal),
                None => removal,
            };
            batch.put_board_document(&board, removal.into_keys());
            let text = json!({ "name": board, "cells": cells.len(), "runs": runs.len() }).to_string();
            let response = IdempotentRequest::store_document(idempotency, batch, text, || json!({ "name": board, "repeated": true }));
            Ok((response, removed_runs))
        };
        let (response, removed) = self.store.delete::<_, ServerError, _>(operation).await?;
        self.signs.remove(&name, removed.iter().map(|run| &run.id));
        Ok(response)
    }

    /// The boards in the trash, by name.
    pub fn removed_boards(&self) -> Vec<RemovedBoard> {
        let (now, index) = (now_ms(), self.store.index());
        let mut boards: Vec<_> = index.boards().filter_map(|(name, board)| RemovedBoard::of(name, board, now)).collect();
        boards.sort_by(|a, b| a.name.cmp(&b.name));
        boards
    }

    /// Brings a deleted board back: its cells in several commits, then its runs and its document in one. A request that is repeated goes
    /// on where it was. What is there stays as it is: a cell with the id of a deleted one takes the curves of its runs. 404: the board is not in
    /// the trash. 413: it would have too many runs.
    pub async fn restore_board(&self, board: Arc<str>, idempotency: Option<IdempotentRequest>) -> Result<JsonResponse, ServerError> {
        if let Some(response) = self.stored_response(idempotency.as_ref())? {
            return Ok(response);
        }
        let (removal, cells) = {
            let index = self.store.index();
            let known = index
                .board(&board)
                .filter(|known| RemovedBoard::of(&board, known, now_ms()).is_some())
                .ok_or_else(|| not_in_trash(&board))?;
            let removal = known.document.as_deref().and_then(BoardRemoval::of).ok_or_else(|| not_in_trash(&board))?;
            let mut cells: Vec<_> = removed_cells(known, &removal).cloned().collect();
            cells.sort_by_key(|record| record.created_order);
            let runs = removed_runs(known, &removal).count();
            let totals = known.runs.totals();
            check_run_totals(&RunTotals { runs: (totals.runs + runs).saturating_sub(1), ..totals })?;
            (removal, cells)
        };
        let mut rest = cells.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take(MAX_RESTORED_CELLS).take_while(|record| {
                bytes += ITEM_BYTES + record.value.bytes();
                bytes <= MAX_RESTORED_BYTES
            });
            let (group, others) = rest.split_at(fits.count().max(1));
            self.restore_cells(group).await?;
            rest = others;
        }
        self.restore_runs_and_document(board, removal, idempotency).await
    }

    /// Restores cells that are still deleted, in one commit.
    async fn restore_cells(&self, cells: &[Arc<Record>]) -> Result<(), ServerError> {
        for _ in 0..MAX_RESTORE_ATTEMPTS {
            let mut known = Vec::with_capacity(cells.len());
            for id in cells.iter().map(|record| &record.id) {
                known.extend(self.store.read_removed(id).await?);
            }
            let bytes = known.iter().map(|(record, _)| ITEM_BYTES + record.value.bytes()).sum();
            let operation = move |batch: &mut Batch| {
                for (record, value) in known {
                    match batch.tombstone(&record.id) {
                        Some(tombstone) if tombstone.version == record.version => drop(batch.restore(&tombstone, value.as_ref())),
                        // It was restored and removed again meanwhile.
                        Some(_) => return Ok(false),
                        None => {}
                    }
                }
                Ok(true)
            };
            if self.store.write::<_, ServerError, _>(bytes, operation).await? {
                return Ok(());
            }
        }
        Err(ServerError::Outdated)
    }

    async fn restore_runs_and_document(
        &self,
        board: Arc<str>,
        mut removal: BoardRemoval,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<JsonResponse, ServerError> {
        let bytes = ITEM_BYTES + self.store.index().board(&board).map_or(0, |known| ITEM_BYTES * known.runs.tombstones().count());
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(response);
            }
            let document = batch.board_document(&board);
            match document.as_deref().and_then(BoardRemoval::of) {
                Some(known) if known == removal => {}
                // Another board of the name was deleted meanwhile.
                Some(_) => return Err(ServerError::Outdated),
                None => return Err(not_in_trash(&board).into()),
            }
            let mut runs = batch.removed_runs(&board, |seq| removal.has_removed_runs(seq));
            runs.sort_by_key(|run| run.created_order);
            let totals = batch.run_totals(&board);
            check_run_totals(&RunTotals { runs: (totals.runs + runs.len()).saturating_sub(1), ..totals })?;
            let newer = document.as_deref().map(own).unwrap_or_default();
            let is_newer = |cell: &Arc<Record>| cell.created_order > removal.last_created_order;
            if !newer.is_empty() || !batch.runs(&board).is_empty() || batch.cells_on(&board).iter().any(is_newer) {
                // The board that has begun under the name stays in the list.
                removal.keys.shift_remove(ARCHIVED);
            }
            let restored: Vec<_> = runs.iter().map(|run| batch.restore_run(run)).collect();
            check_restored_series(batch, &board, &restored)?;
            let (keys, mut left_out) = merge_documents(&removal.keys, &newer);
            left_out.extend(std::mem::take(&mut removal.left_out));
            batch.put_board_document(&board, keys);
            // Here, because an earlier request may have restored some of the cells.
            let cells = batch.cells_on(&board).iter().filter(|cell| cell.created_order <= removal.last_created_order).count();
            let mut report = json!({ "name": board, "cells": cells, "runs": restored.len() });
            if let Some(missing) = removal.cell_count.checked_sub(cells).filter(|missing| *missing > 0) {
                report["missing"] = missing.into();
            }
            if !left_out.is_empty() {
                report["leftOut"] = left_out.into();
            }
            let text = report.to_string();
            Ok(IdempotentRequest::store_document(idempotency, batch, text, || json!({ "name": board, "repeated": true })))
        };
        self.store.write(bytes, operation).await
    }

    /// Forgets the documents of deleted boards of which nothing is left, and of those without cells and runs that were deleted until this
    /// Unix time, in ms.
    pub(super) async fn forget_removed_boards(&self, before_ms: u64) -> Result<(), StoreError> {
        let forget = move |batch: &mut Batch| {
            let now_ms = batch.now_ms;
            let is_over = |name: &str, board: &BoardIndex| {
                let removal = board.document.as_deref().and_then(BoardRemoval::of);
                removal.is_some_and(|removal| match RemovedBoard::of(name, board, now_ms) {
                    None => true,
                    Some(left) => left.cells == 0 && left.runs == 0 && removal.at_ms <= before_ms,
                })
            };
            let boards = batch.index.boards().filter(|(name, board)| is_over(name, board));
            let boards: Vec<_> = boards.map(|(name, _)| name.clone()).take(MAX_FORGOTTEN_PER_COMMIT).collect();
            for board in &boards {
                let keys = batch.board_document(board).as_deref().map(own).unwrap_or_default();
                batch.put_board_document(board, keys);
            }
            Ok::<_, StoreError>(boards.len())
        };
        while self.store.delete(forget).await? > 0 {}
        Ok(())
    }
}

/// The keys of the document without that of an earlier board of its name.
fn own(document: &BoardDocument) -> Map<String, Value> {
    own_keys(document).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn not_in_trash(board: &str) -> ApiError {
    ErrorKind::NotFound.with(format!("The board '{board}' is not in the trash, or was purged from it."))
}
