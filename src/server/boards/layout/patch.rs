//! Applies a change of the arrangement of a board, in one commit; the answer undoes it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::blocks;
use super::read::{empty_layout, layout_in, layout_tag};
use crate::protocol::{ApiError, BoardLayout, CellId, CellLayoutPatch, ErrorKind, LayoutBlock, LayoutPatch, UndoneChange};
use crate::server::boards::board_document::{LAYOUT, has_keys, layout_of, no_board, put_keys};
use crate::server::boards::document_merge::with_layout;
use crate::server::boards::metrics::cell_id;
use crate::server::boards::page_actions::cells_in_grid_order;
use crate::server::boards::size::check_keys_size;
use crate::server::boards::{Boards, IdempotentRequest, JsonResponse};
use crate::server::error::ServerError;
use crate::server::ids;
use crate::server::store::{Batch, ChangeKind, Record};

/// Memory of a change until it is written, beside that of its body.
pub const PATCH_BYTES: usize = 4096;
/// The same for each cell of a board that changes.
const CELL_BYTES: usize = 512;

impl Boards {
    /// Changes what the patch names, and returns the whole layout. `condition`: whether the client's `If-Match` allows the layout with
    /// this tag. 404: there is no such cell or board. 412: the layout is another one. 413: the document of the board would be too large.
    pub async fn put_layout(
        &self,
        board: Arc<str>,
        (patch, bytes): (LayoutPatch, usize),
        condition: Option<impl FnOnce(&str) -> bool + Send + 'static>,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<JsonResponse, ServerError> {
        let name = board.clone();
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(Some(response));
            }
            let was_there = is_there(batch, &board);
            // Without a board there is no layout that the header could name.
            if let Some(condition) = condition
                && !(was_there && condition(&layout_tag(&layout_in(batch, &board))))
            {
                return Err(ErrorKind::PreconditionFailed
                    .with(format!("The layout of '{board}' is not the one that 'If-Match' names; nothing was changed. Read it again."))
                    .into());
            }
            apply(batch, &board, &patch, CellNames::IdsOrNames)?;
            if !was_there && !is_there(batch, &board) {
                return Err(no_board(&board).into());
            }
            let stored = idempotency.map(|request| {
                let text = layout_in(batch, &board);
                IdempotentRequest::store_document(Some(request), batch, text, || json!({ "repeated": true }))
            });
            Ok(stored)
        };
        match self.store.write::<_, ServerError, _>(PATCH_BYTES + bytes, operation).await? {
            Some(response) => Ok(response),
            // Made here, because the writer would make all others wait for it.
            None => Ok(JsonResponse { status: 200, text: self.layout(&name).unwrap_or_else(|_| empty_layout()), is_repeated: false }),
        }
    }

    /// Estimated bytes of a change of all cells of a board.
    pub fn layout_bytes(&self, board: &str) -> usize {
        PATCH_BYTES + CELL_BYTES * self.store.index().board(board).map_or(0, |known| known.cells.len())
    }
}

/// Applies a checked patch. Returns the patch that undoes it. What does not change makes no event.
pub fn apply(batch: &mut Batch, board: &Arc<str>, patch: &LayoutPatch, names: CellNames) -> Result<LayoutPatch, ServerError> {
    let (mut undo, mut left) = (LayoutPatch::default(), LayoutPatch::default());
    let mut known = KnownCells { names, of_names: None };
    for (cell, change) in &patch.cells {
        let record = known.find(batch, board, cell).and_then(|id| batch.cell(&id)).ok_or_else(|| no_cell(board, cell))?;
        if let Some((before, after)) = apply_to_cell(batch, &record, change)? {
            undo.cells.insert(record.id.to_string(), before);
            left.cells.insert(record.id.to_string(), after);
        }
    }
    let document = batch.board_document(board);
    let before = document.as_deref().map(layout_of).unwrap_or_default();
    let mut after = before.clone();
    if let Some(sections) = &patch.sections {
        after.sections.clone_from(sections);
    }
    if let Some(density) = patch.density {
        after.density = density;
    }
    let mut named = HashSet::new();
    for block in &patch.blocks {
        // A cell that a script will make is named before it is there.
        let mut id_of = |name: &String| known.find(batch, board, name).unwrap_or_else(|| cell_id(board, name));
        let cells: BTreeMap<char, CellId> = block.cells.iter().map(|(letter, name)| (*letter, id_of(name))).collect();
        if let Some(twice) = cells.values().find(|cell| cells.values().filter(|other| other == cell).count() > 1) {
            let rule = format!("names the cell '{twice}' twice");
            return Err(ErrorKind::BadRequest.with(format!("'blocks.cells' {rule}; nothing was changed.")).at("blocks", rule).into());
        }
        named.extend(block.apply(&mut after.blocks, cells, ids::random));
    }
    let is_of_patch = |block: &LayoutBlock| named.contains(&block.id);
    blocks::check_count(&mut after.blocks, is_of_patch, |cell| batch.cell(cell).is_some() || batch.tombstone(cell).is_some())?;
    if before != after {
        undo.sections = (before.sections != after.sections).then(|| before.sections.clone());
        undo.density = (before.density != after.density).then_some(before.density);
        undo.blocks = blocks::undo(&before.blocks, &after.blocks);
        store(batch, board, &after)?;
        let states = undo.blocks.iter().filter_map(|block| Some(blocks::state_of(&after.blocks, block.id.as_deref()?)));
        left.blocks = states.collect();
        left.sections = undo.sections.is_some().then_some(after.sections);
        left.density = undo.density.is_some().then_some(after.density);
    }
    if undo != LayoutPatch::default() {
        undo.undone = Some(Box::new(UndoneChange { after: left, moved: None }));
    }
    Ok(undo)
}

/// Whether the board has cells, runs or a document.
fn is_there(batch: &Batch, board: &str) -> bool {
    let document = batch.board_document(board);
    document.as_deref().is_some_and(has_keys) || batch.run_count(board) > 0 || !batch.cells_on(board).is_empty()
}

/// Writes the layout of a board. Keys that are not known stay.
fn store(batch: &mut Batch, board: &Arc<str>, layout: &BoardLayout) -> Result<(), ApiError> {
    let mut keys = batch.board_document(board).map(|document| document.keys.clone()).unwrap_or_default();
    let stored = keys.get(LAYOUT).and_then(Value::as_object).cloned().unwrap_or_default();
    let stored = with_layout(stored, layout);
    match stored.is_empty() {
        true => drop(keys.shift_remove(LAYOUT)),
        false => drop(keys.insert(LAYOUT.to_owned(), stored.into())),
    }
    put_keys(batch, board, keys).map(drop)
}

/// Changes the layout of a cell. Returns the keys that change, before and after; `None` if nothing changes.
fn apply_to_cell(
    batch: &mut Batch,
    record: &Record,
    patch: &CellLayoutPatch,
) -> Result<Option<(CellLayoutPatch, CellLayoutPatch)>, ApiError> {
    let mut changed = record.clone();
    let layout = changed.keys.entry("layout").or_insert_with(|| json!({}));
    if !layout.is_object() {
        *layout = json!({});
    }
    let Value::Object(layout) = layout else { return Ok(None) };
    let (mut undo, mut left) = (json!({}), json!({}));
    if let Value::Object(keys) = json!(patch) {
        for (key, value) in keys {
            let before = layout.get(&key).cloned().unwrap_or_default();
            if before == value {
                continue;
            }
            undo[&key] = before;
            left[&key] = value.clone();
            match value {
                Value::Null => drop(layout.shift_remove(&key)),
                value => drop(layout.insert(key, value)),
            }
        }
    }
    let [undo, left]: [CellLayoutPatch; 2] = [undo, left].map(|keys| serde_json::from_value(keys).unwrap_or_default());
    if undo == CellLayoutPatch::default() {
        return Ok(None);
    }
    check_keys_size(&changed.keys)?;
    batch.put(ChangeKind::Patched, changed, None);
    Ok(Some((undo, left)))
}

/// How a patch names cells.
#[derive(Clone, Copy, PartialEq)]
pub enum CellNames {
    /// By ids, whether or not the cells are there.
    Ids,
    /// An id goes before a name, and of cells with one name the first is meant.
    IdsOrNames,
}

/// Finds the cells of a board that a patch names.
struct KnownCells {
    names: CellNames,
    /// Made once a name is no id.
    of_names: Option<HashMap<String, CellId>>,
}

impl KnownCells {
    fn find(&mut self, batch: &Batch, board: &str, name: &str) -> Option<CellId> {
        let id = CellId::parse(name);
        if self.names == CellNames::Ids {
            return id;
        }
        let of_names = || {
            let cells = cells_in_grid_order(batch, board);
            cells.iter().rev().map(|cell| (cell.text("name").to_owned(), cell.id.clone())).collect()
        };
        id.filter(|id| batch.cell(id).is_some_and(|cell| *cell.board == *board))
            .or_else(|| self.of_names.get_or_insert_with(of_names).get(name).cloned())
    }
}

fn no_cell(board: &str, name: &str) -> ServerError {
    let name: String = name.chars().take(80).collect();
    ErrorKind::NotFound.with(format!("The board '{board}' has no cell with the id or name '{name}'; nothing was changed.")).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{BlockPatch, SectionLayout};
    use crate::server::boards::Draft;
    use crate::server::testing::model::app;
    use crate::split_mix::SplitMix64;

    const CELLS: [&str; 6] = ["a", "c", "d", "e", "f", "g"];
    const SECTIONS: [&str; 3] = ["train", "val", "lr"];

    /// The layout of the board, with its blocks in the order of their ids: which one is older has no meaning.
    fn layout(boards: &Boards) -> Value {
        let mut layout: Value = serde_json::from_str(&boards.layout("b").unwrap()).unwrap();
        if let Some(blocks) = layout["blocks"].as_array_mut() {
            blocks.sort_by_key(|block| block["id"].to_string());
        }
        layout
    }

    fn random_patch(rng: &mut SplitMix64) -> LayoutPatch {
        let mut patch = LayoutPatch::default();
        for _ in 0..rng.below(4) {
            let change = CellLayoutPatch {
                section: (rng.below(2) == 0).then(|| rng.pick(&[None, Some("train".to_owned()), Some("val".to_owned())])),
                order: (rng.below(2) == 0).then(|| rng.pick(&[None, Some(-1.5), Some(3.0)])),
                width: (rng.below(2) == 0).then(|| rng.pick(&[None, Some(4), Some(12)])),
                height: (rng.below(3) == 0).then(|| rng.pick(&[None, Some(25)])),
            };
            patch.cells.insert(rng.pick(&CELLS).to_owned(), change);
        }
        if rng.below(4) == 0 {
            let section = |name: &&str| SectionLayout { name: (*name).to_owned(), pinned: *name == "lr", ..SectionLayout::default() };
            let from = rng.below(3) as usize;
            patch.sections = Some(SECTIONS[from..].iter().map(section).collect());
        }
        if rng.below(4) == 0 {
            patch.density = Some(rng.pick(&[None, Some(2), Some(6)]));
        }
        for _ in 0..rng.below(3) {
            let first = rng.below(5) as usize;
            let cells = [('A', CELLS[first].to_owned()), ('B', CELLS[first + 1].to_owned())].into();
            let id = rng.pick(&[None, Some("one".to_owned()), Some("two".to_owned())]);
            patch.blocks.push(match (rng.below(4), &id) {
                (0, Some(_)) => BlockPatch { id, ..BlockPatch::default() },
                _ => BlockPatch { id, mosaic: Some(rng.pick(&["AB", "A;B", "two-and-one"]).to_owned()), cells },
            });
        }
        patch
    }

    #[tokio::test]
    async fn every_change_can_be_undone() {
        let folder = tempfile::tempdir().unwrap();
        let boards = app(folder.path()).await.boards.clone();
        let drafts = CELLS.map(|id| Draft::from_value(json!({ "_id": id, "board": "b", "layout": { "own": 1 } })).unwrap());
        boards.create(drafts.into(), false, None).await.unwrap();
        let (mut rng, mut changes) = (SplitMix64(5), 0);
        for round in 0..150 {
            let before = layout(&boards);
            let (name, to) = (rng.pick(&SECTIONS).to_owned(), rng.pick(&SECTIONS).to_owned());
            let cell = CellId::parse(rng.pick(&CELLS)).unwrap();
            let undo = match rng.below(8) {
                0 => boards.rename_section("b".into(), name, to).await,
                1 => boards.move_section("b".into(), name, Some(to)).await,
                2 => boards.pin_section("b".into(), name, round % 2 == 0).await,
                3 => boards.resize_section("b".into(), (round % 3 > 0).then_some(name), Some(6), None).await,
                4 => boards.move_cell(cell, Some(name), CellId::parse(rng.pick(&CELLS))).await,
                5 => boards.move_cell(cell, None, None).await,
                _ => boards.change_layout("b".into(), random_patch(&mut rng)).await,
            };
            let undo = undo.unwrap();
            let after = layout(&boards);
            assert_eq!(undo.is_empty(), after == before, "{undo:?}");
            changes += usize::from(after != before);
            let redo = boards.change_layout("b".into(), undo).await.unwrap();
            assert_eq!(layout(&boards), before, "undone");
            boards.change_layout("b".into(), redo).await.unwrap();
            assert_eq!(layout(&boards), after, "done again");
        }
        assert!(changes > 60, "{changes}");
        assert!(boards.index().cells().all(|record| record.keys["layout"]["own"] == 1), "keys that are not known stay");
    }
}
