//! Takes a change of the arrangement back: only what is still as the change left it, so that changes of others, and later ones, stay.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::blocks;
use super::patch::{CellNames, PATCH_BYTES, apply};
use super::sections::place_before;
use crate::protocol::{BlockPatch, BoardLayout, CellId, CellLayoutPatch, LayoutPatch, SectionLayout, UndoneChange};
use crate::server::boards::board_document::layout_of;
use crate::server::boards::layout_rules::check_patch;
use crate::server::boards::{Boards, board_name};
use crate::server::error::ServerError;
use crate::server::store::{Batch, Record};

impl Boards {
    /// Changes what the patch of a page names. Returns the patch that undoes it. A patch that undoes another one takes back what is still as that left it.
    pub async fn change_layout(&self, board: String, mut patch: LayoutPatch) -> Result<LayoutPatch, ServerError> {
        let board = Arc::<str>::from(board_name(&board)?);
        let undone = patch.undone.take();
        let text = json!(patch);
        check_patch(&text)?;
        let bytes = PATCH_BYTES + text.to_string().len();
        let operation = move |batch: &mut Batch| match undone {
            Some(undone) => apply_undo(batch, &board, patch, *undone),
            None => apply(batch, &board, &patch, CellNames::IdsOrNames),
        };
        self.store.write(bytes, operation).await
    }
}

/// Applies the undo of a change. Cells that are not there any more are skipped. Returns the patch that undoes this.
fn apply_undo(batch: &mut Batch, board: &Arc<str>, undo: LayoutPatch, undone: UndoneChange) -> Result<LayoutPatch, ServerError> {
    let UndoneChange { after, moved } = undone;
    let current = batch.board_document(board).as_deref().map(layout_of).unwrap_or_default();
    let cell = |id: &str| CellId::parse(id).and_then(|id| batch.cell(&id)).filter(|cell| cell.board == *board);
    let mut cells: BTreeMap<String, CellLayoutPatch> = BTreeMap::new();
    let mut is_rearranged = false;
    for (id, before) in &undo.cells {
        let (Some(record), Some(after)) = (cell(id), after.cells.get(id)) else { continue };
        let unchanged = unchanged_keys(&record, before, after);
        is_rearranged |= before.order.is_some() && unchanged.order.is_none();
        cells.insert(id.clone(), unchanged);
    }
    if is_rearranged {
        // Orders have a meaning together: alone they would move what others have placed since.
        let moved = moved.filter(|(id, _)| cells.get(id.as_str()).is_some_and(|unchanged| unchanged.order.is_some()));
        cells.values_mut().for_each(|unchanged| unchanged.order = None);
        if let Some((record, before)) = moved.and_then(|(id, before)| Some((batch.cell(&id)?, before))) {
            for (id, order) in place_before(batch, &record, before.as_ref()) {
                cells.entry(id).or_default().order = Some(Some(order));
            }
        }
    }
    let patch = LayoutPatch {
        cells,
        sections: undo.sections.zip(after.sections).map(|(before, after)| undone_sections(&current.sections, &before, &after)),
        density: undo.density.filter(|_| after.density == Some(current.density)),
        blocks: unchanged_blocks(&current, undo.blocks, &after.blocks),
        undone: None,
    };
    apply(batch, board, &patch, CellNames::Ids)
}

/// The keys of `before` whose values in the record are those of `after`.
fn unchanged_keys(record: &Record, before: &CellLayoutPatch, after: &CellLayoutPatch) -> CellLayoutPatch {
    let layout = record.keys.get("layout");
    let current = |key: &str| layout.and_then(|layout| layout.get(key)).cloned().unwrap_or_default();
    let (Value::Object(keys), after) = (json!(before), json!(after)) else { return CellLayoutPatch::default() };
    let keys: Map<_, _> = keys.into_iter().filter(|(key, _)| after.get(key).is_some_and(|left| *left == current(key))).collect();
    serde_json::from_value(keys.into()).unwrap_or_default()
}

fn unchanged_blocks(current: &BoardLayout, undo: Vec<BlockPatch>, after: &[BlockPatch]) -> Vec<BlockPatch> {
    let left: HashMap<_, _> = after.iter().map(|block| (&block.id, block)).collect();
    let is_unchanged = |block: &BlockPatch| {
        let id = block.id.as_deref().unwrap_or_default();
        left.get(&block.id).is_some_and(|left| **left == blocks::state_of(&current.blocks, id))
    };
    undo.into_iter().filter(is_unchanged).collect()
}

/// The sections without the change from `before` to `after`, one by one: their pins and sizes; those that were added or removed; and the
/// order, unless that is another one by now.
fn undone_sections(current: &[SectionLayout], before: &[SectionLayout], after: &[SectionLayout]) -> Vec<SectionLayout> {
    let by_name = |list: &[SectionLayout]| -> HashMap<String, SectionLayout> {
        list.iter().map(|section| (section.name.clone(), section.clone())).collect()
    };
    let (old, left, now) = (by_name(before), by_name(after), by_name(current));
    let is_added = |section: &&SectionLayout| !old.contains_key(&section.name) && left.get(&section.name) == Some(*section);
    let mut sections: Vec<_> = current.iter().filter(|section| !is_added(section)).cloned().collect();
    for section in &mut sections {
        let Some((old, left)) = old.get(&section.name).zip(left.get(&section.name)) else { continue };
        section.pinned = if section.pinned == left.pinned { old.pinned } else { section.pinned };
        section.width = if section.width == left.width { old.width } else { section.width };
        section.height = if section.height == left.height { old.height } else { section.height };
    }
    for (at, section) in before.iter().enumerate() {
        if !left.contains_key(&section.name) && !now.contains_key(&section.name) {
            sections.insert(at.min(sections.len()), section.clone());
        }
    }
    let common = |list: &[SectionLayout], other: &HashMap<String, SectionLayout>| -> Vec<String> {
        list.iter().map(|section| section.name.clone()).filter(|name| other.contains_key(name)).collect()
    };
    if common(current, &left) == common(after, &now) {
        // Not of one that the change has removed and somebody has made again since.
        let is_ours = |name: &String| old.contains_key(name) && (left.contains_key(name) || !now.contains_key(name));
        let ours: HashSet<String> = sections.iter().map(|section| section.name.clone()).filter(is_ours).collect();
        let mut of_name = by_name(&sections);
        let mut in_order = before.iter().filter(|section| ours.contains(&section.name));
        for section in sections.iter_mut().filter(|section| ours.contains(&section.name)) {
            if let Some(next) = in_order.next().and_then(|next| of_name.remove(&next.name)) {
                *section = next;
            }
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `*train:4 val`: the pinned section `train` of 4 columns, and `val`.
    fn sections(text: &str) -> Vec<SectionLayout> {
        let section = |word: &str| {
            let (name, width) = word.split_once(':').unwrap_or((word, ""));
            let (name, pinned) = (name.trim_start_matches('*'), name.starts_with('*'));
            SectionLayout { name: name.to_owned(), pinned, width: width.parse().ok(), height: None }
        };
        text.split_whitespace().map(section).collect()
    }

    #[test]
    fn sections_are_undone_one_by_one() {
        for (current, before, after, undone) in [
            ("*a b", "a b", "*a b", "a b"),
            ("b a", "a b", "b a", "a b"),
            ("*a", "", "*a", ""),
            // Somebody has added, pinned, resized or moved another one since.
            ("*a b:6", "", "*a b", "b:6"),
            ("*a *b", "a b", "*a b", "a *b"),
            ("b a c:2", "a b", "b a", "a b c:2"),
            ("c a b", "a b c", "*a b c", "c a b"),
            ("b c *a", "a b c", "*a b c", "b c a"),
            ("b a c", "a b c", "c a b", "b a c"),
            // The same one.
            ("a:6", "", "*a", "a:6"),
            ("*a:6 b", "a b", "*a b", "a:6 b"),
            // One that was removed, as by a new name.
            ("b", "a:3 b", "b", "a:3 b"),
            ("b *a", "a:3 b", "b", "b *a"),
        ] {
            assert_eq!(undone_sections(&sections(current), &sections(before), &sections(after)), sections(undone), "{current}");
        }
    }
}
