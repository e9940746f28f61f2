//! Boards in the trash: deleted with their cells, runs and document, and restored whole.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, json};

use super::append::check_restored_series;
use super::board_document::no_board;
use super::document_merge::merge_documents;
use super::idempotency::JsonResponse;
use super::page_actions::cells_in_grid_order;
use super::runs::check_run_totals;
use super::{Boards, IdempotentRequest};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::error::ServerError;
use crate::server::limits::{MAX_BOARDS_PER_PAGE, MAX_REMOVED_BOARDS, MAX_RESTORE_ATTEMPTS, TOMBSTONE_TTL_MS};
use crate::server::store::{Batch, BoardIndex, BoardRemoval, Index, Record, RunRecord, RunTotals, StoreError, now_ms, timestamp};

/// Bytes of values that one commit of a restoration loads.
const MAX_RESTORED_BYTES: usize = 16 << 20;
/// Boards in the trash that one commit forgets.
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
    fn of(index: &Index, name: &str) -> Option<Self> {
        let board = index.board(name)?;
        let removal = removal_of(board)?;
        let title = removal.keys.get("title").and_then(|title| title.as_str()).map(str::to_owned);
        Some(Self {
            name: name.to_owned(),
            title,
            removed_at: timestamp(removal.at_ms),
            cells: removed_cells(board, removal).count(),
            runs: removed_runs(board, removal).count(),
        })
    }
}

/// A page of the boards in the trash, the one that was deleted last first.
pub struct TrashPage {
    pub boards: Vec<RemovedBoard>,
    /// From 0.
    pub page: usize,
    pub pages: usize,
    /// Number of all.
    pub total: usize,
}

fn removal_of(board: &BoardIndex) -> Option<&Arc<BoardRemoval>> {
    board.document.as_deref()?.removal.as_ref()
}

/// The names of the boards that can be restored, the one that was deleted last first.
fn removed_names(index: &Index, now_ms: u64) -> impl Iterator<Item = &Arc<str>> {
    let newest = index.board_trash().oldest().rev();
    // Others are about to be forgotten.
    newest.take_while(move |(at_ms, _)| !is_over(*at_ms, now_ms)).take(MAX_REMOVED_BOARDS).map(|(_, name)| name)
}

/// The deleted cells of a board that can be restored, in the order of their deletion.
fn removed_cells<'a>(board: &'a BoardIndex, removal: &'a BoardRemoval) -> impl Iterator<Item = &'a Arc<Record>> {
    removal.cells.iter().flat_map(|(first, last)| board.tombstones.range(first..=last)).map(|(_, record)| record)
}

fn removed_runs<'a>(board: &'a BoardIndex, removal: &'a BoardRemoval) -> impl Iterator<Item = &'a Arc<RunRecord>> {
    board.runs.tombstones().filter(|run| removal.has_removed_runs(run.seq))
}

/// Whether what was deleted then is purged by now, or is about to be.
fn is_over(removed_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(removed_ms) > TOMBSTONE_TTL_MS
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
            let (mut keys, earlier) = document.map_or_else(Default::default, |known| (known.keys.clone(), known.removal.clone()));
            if runs.is_empty() && cells.is_empty() && keys.is_empty() {
                return Err(no_board(&board).into());
            }
            let earlier = earlier.filter(|earlier| !is_over(earlier.at_ms, batch.now_ms));
            let mut left_out = Vec::new();
            let earlier = earlier.map(|earlier| {
                let mut earlier = BoardRemoval::clone(&earlier);
                // The newer board is archived, or is not.
                earlier.keys.shift_remove(ARCHIVED);
                let left = batch.tombstones_on(&board);
                let left: HashSet<u64> = left.iter().chain(&cells).map(|cell| cell.created_order).collect();
                earlier.forget_purged(|order| left.contains(&order));
                (keys, left_out) = merge_documents(&earlier.keys, &keys);
                left_out.extend(std::mem::take(&mut earlier.left_out));
                earlier
            });
            let removed_runs: Vec<_> = runs.iter().map(|run| batch.remove_run(run)).collect();
            let removed_cells: Vec<_> = cells.iter().map(|cell| batch.remove(cell)).collect();
            let ends = |first: Option<u64>, last: Option<u64>| first.zip(last).into_iter().collect();
            let removal = BoardRemoval {
                at_ms: batch.now_ms,
                created_orders: cells.iter().map(|cell| cell.created_order).collect(),
                cells: ends(removed_cells.first().map(|cell| cell.seq), removed_cells.last().map(|cell| cell.seq)),
                runs: ends(removed_runs.first().map(|run| run.seq), removed_runs.last().map(|run| run.seq)),
                keys,
                left_out,
                ..BoardRemoval::default()
            };
            let removal = match earlier {
                Some(earlier) => earlier.followed_by(removal),
                None => removal,
            };
            batch.put_board(&board, Map::new(), Some(removal.into()));
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
        let index = self.store.index();
        let mut boards: Vec<_> = removed_names(&index, now_ms()).filter_map(|name| RemovedBoard::of(&index, name)).collect();
        boards.sort_by(|a, b| a.name.cmp(&b.name));
        boards
    }

    /// Number of boards in the trash.
    pub fn removed_board_count(&self) -> usize {
        removed_names(&self.store.index(), now_ms()).count()
    }

    /// `page`: from 0; one behind the last page is the last page.
    pub fn trash_page(&self, page: usize) -> TrashPage {
        let index = self.store.index();
        let names: Vec<_> = removed_names(&index, now_ms()).collect();
        let pages = names.len().div_ceil(MAX_BOARDS_PER_PAGE).max(1);
        let page = page.min(pages - 1);
        let here = names.iter().skip(page * MAX_BOARDS_PER_PAGE).take(MAX_BOARDS_PER_PAGE);
        TrashPage { boards: here.filter_map(|name| RemovedBoard::of(&index, name)).collect(), page, pages, total: names.len() }
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
            let known = index.board(&board).ok_or_else(|| not_in_trash(&board))?;
            let removal =
                removal_of(known).filter(|removal| !is_over(removal.at_ms, now_ms())).ok_or_else(|| not_in_trash(&board))?.clone();
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
        removal: Arc<BoardRemoval>,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<JsonResponse, ServerError> {
        let bytes = ITEM_BYTES + self.store.index().board(&board).map_or(0, |known| ITEM_BYTES * known.runs.tombstones().count());
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(response);
            }
            let document = batch.board_document(&board);
            let (newer, known) = document.map_or_else(Default::default, |document| (document.keys.clone(), document.removal.clone()));
            match known {
                Some(known) if known == removal => {}
                // Another board of the name was deleted meanwhile.
                Some(_) => return Err(ServerError::Outdated),
                None => return Err(not_in_trash(&board).into()),
            }
            let mut runs = batch.removed_runs(&board, |seq| removal.has_removed_runs(seq));
            runs.sort_by_key(|run| run.created_order);
            let totals = batch.run_totals(&board);
            check_run_totals(&RunTotals { runs: (totals.runs + runs.len()).saturating_sub(1), ..totals })?;
            let mut removal = BoardRemoval::clone(&removal);
            let is_newer = |cell: &Arc<Record>| !removal.created_orders.contains(cell.created_order);
            if !newer.is_empty() || !batch.runs(&board).is_empty() || batch.cells_on(&board).iter().any(is_newer) {
                // The board that has begun under the name stays in the list.
                removal.keys.shift_remove(ARCHIVED);
            }
            let restored: Vec<_> = runs.iter().map(|run| batch.restore_run(run)).collect();
            check_restored_series(batch, &board, &restored)?;
            let (keys, mut left_out) = merge_documents(&removal.keys, &newer);
            left_out.extend(std::mem::take(&mut removal.left_out));
            batch.put_board(&board, keys, None);
            // Here, because an earlier request may have restored some of the cells.
            let cells = batch.cells_on(&board).iter().filter(|cell| removal.created_orders.contains(cell.created_order)).count();
            let mut report = json!({ "name": board, "cells": cells, "runs": restored.len() });
            if cells < removal.cell_count() {
                report["missing"] = (removal.cell_count() - cells).into();
            }
            if !left_out.is_empty() {
                report["leftOut"] = left_out.into();
            }
            let text = report.to_string();
            Ok(IdempotentRequest::store_document(idempotency, batch, text, || json!({ "name": board, "repeated": true })))
        };
        self.store.write(bytes, operation).await
    }

    /// Forgets the deleted boards without cells and runs that were deleted until this Unix time, in ms.
    pub(super) async fn forget_removed_boards(&self, before_ms: u64) -> Result<(), StoreError> {
        let forget = move |batch: &mut Batch| {
            let index = batch.index;
            let is_empty = |name: &str| RemovedBoard::of(index, name).is_none_or(|left| left.cells == 0 && left.runs == 0);
            let purged = index.board_trash().oldest().take_while(|(at_ms, _)| *at_ms <= before_ms).filter(|(_, name)| is_empty(name));
            let boards: Vec<_> = purged.map(|(_, name)| name.clone()).take(MAX_FORGOTTEN_PER_COMMIT).collect();
            boards.iter().for_each(|board| batch.forget_removed_board(board));
            Ok::<_, StoreError>(boards.len())
        };
        while self.store.delete(forget).await? > 0 {}
        Ok(())
    }
}

fn not_in_trash(board: &str) -> ApiError {
    ErrorKind::NotFound.with(format!("The board '{board}' is not in the trash, or was purged from it."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::CellId;
    use crate::server::store::{ChangeKind, Durability, Store};

    async fn boards(folder: &std::path::Path) -> Boards {
        Boards::new(Store::open_with_small_limits(folder, Durability::Normal, Box::new(drop)).await)
    }

    #[tokio::test]
    async fn a_name_that_is_used_again_and_again_collects_no_cells() {
        let folder = tempfile::tempdir().unwrap();
        let boards = boards(folder.path()).await;
        let removal = || removal_of(boards.store.index().board("b").unwrap()).unwrap().clone();
        for round in 0..5 {
            let create = move |batch: &mut Batch| {
                for id in ["same".to_owned(), format!("own{round}")] {
                    batch.put(ChangeKind::Created, Record::new(CellId::parse(&id).unwrap(), "b".into(), Map::new()), None);
                }
                Ok::<_, StoreError>(())
            };
            boards.store.write(1, create).await.unwrap();
            boards.remove_board("b".into(), None).await.unwrap();
            // What the newer cell has replaced is only counted.
            assert_eq!((removal().created_orders.len(), removal().purged), (round + 2, round));
        }
        let restored = boards.restore_board("b".into(), None).await.unwrap();
        assert_eq!(restored.text, json!({ "name": "b", "cells": 6, "runs": 0, "missing": 4 }).to_string());
        boards.close().await;
    }

    #[test]
    fn the_trash_lists_the_boards_that_were_deleted_last_also_before_others_are_forgotten() {
        let (mut index, now) = (Index::default(), now_ms());
        let mut batch = Batch::new(&index, now, 0);
        for at in 0..MAX_REMOVED_BOARDS as u64 + 2 {
            let removal = BoardRemoval { at_ms: now - 10_000 + at, ..BoardRemoval::default() };
            batch.put_board(&format!("b{at}").into(), Map::new(), Some(removal.into()));
        }
        batch.end(true);
        batch.finish(&mut 0).apply(&mut index);
        let names: Vec<_> = removed_names(&index, now).collect();
        assert_eq!((index.board_trash().len(), names.len()), (MAX_REMOVED_BOARDS + 2, MAX_REMOVED_BOARDS));
        assert_eq!((&**names[0], names.contains(&&Arc::from("b1"))), (&*format!("b{}", MAX_REMOVED_BOARDS + 1), false));
    }
}
