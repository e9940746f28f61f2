//! Blocks of cells: how many there are, and what undoes their changes.

use crate::protocol::{ApiError, BlockPatch, CellId, ErrorKind, LayoutBlock};
use crate::server::limits::MAX_LAYOUT_BLOCKS;

/// Removes the oldest blocks without cells while there are too many, except those that the patch names. `is_there`: whether a cell is on
/// the board, or can be restored. 413: too many are left.
pub fn check_count(
    blocks: &mut Vec<LayoutBlock>,
    is_of_patch: impl Fn(&LayoutBlock) -> bool,
    is_there: impl Fn(&CellId) -> bool,
) -> Result<(), ApiError> {
    let mut surplus = blocks.len().saturating_sub(MAX_LAYOUT_BLOCKS);
    blocks.retain(|block| {
        let is_removed = surplus > 0 && !is_of_patch(block) && !block.cells.values().any(&is_there);
        surplus -= usize::from(is_removed);
        !is_removed
    });
    if blocks.len() <= MAX_LAYOUT_BLOCKS {
        return Ok(());
    }
    let message = format!("A board may have {MAX_LAYOUT_BLOCKS} blocks; nothing was changed. Remove one with 'mosaic': null.");
    Err(ErrorKind::PayloadTooLarge.with(message).at("layout", "has too many blocks"))
}

/// What makes `before` of `after`: removals first, so that cells are free for the blocks that come back.
pub fn undo(before: &[LayoutBlock], after: &[LayoutBlock]) -> Vec<BlockPatch> {
    let find = |blocks: &[LayoutBlock], id: &str| blocks.iter().any(|block| block.id == id);
    let made = after.iter().filter(|block| !find(before, &block.id));
    let removals = made.map(|block| BlockPatch { id: Some(block.id.clone()), ..BlockPatch::default() });
    let changed = before.iter().filter(|block| !after.contains(block));
    removals.chain(changed.map(BlockPatch::of)).collect()
}

/// The patch that makes the block with this id as it is, or removes it.
pub fn state_of(blocks: &[LayoutBlock], id: &str) -> BlockPatch {
    let known = blocks.iter().find(|block| block.id == id);
    known.map_or_else(|| BlockPatch { id: Some(id.to_owned()), ..BlockPatch::default() }, BlockPatch::of)
}

/// The patch that takes a cell out of its block; `None` if it is in none.
pub fn without_cell(blocks: &[LayoutBlock], cell: &CellId) -> Option<BlockPatch> {
    let block = blocks.iter().find(|block| block.cells.values().any(|known| known == cell))?;
    let mut patch = BlockPatch::of(block);
    patch.cells.retain(|_, known| known != cell.as_str());
    let is_empty = patch.cells.is_empty();
    Some(if is_empty { BlockPatch { mosaic: None, ..patch } } else { patch })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::ids;

    fn id(text: &str) -> CellId {
        CellId::parse(text).unwrap()
    }

    fn apply(blocks: &mut Vec<LayoutBlock>, patch: &BlockPatch) {
        let cells = patch.cells.iter().map(|(letter, cell)| (*letter, id(cell))).collect();
        patch.apply(blocks, cells, ids::random);
    }

    fn patch(block: Option<&str>, mosaic: Option<&str>, cells: &[(char, &str)]) -> BlockPatch {
        let cells = cells.iter().map(|(letter, cell)| (*letter, (*cell).to_owned())).collect();
        BlockPatch { id: block.map(str::to_owned), mosaic: mosaic.map(str::to_owned), cells }
    }

    /// `one:AB A=a B=b`.
    fn shown(blocks: &[LayoutBlock]) -> Vec<String> {
        let cells = |block: &LayoutBlock| block.cells.iter().map(|(letter, cell)| format!(" {letter}={cell}")).collect::<String>();
        blocks.iter().map(|block| format!("{}:{}{}", block.id, block.mosaic, cells(block))).collect()
    }

    #[test]
    fn a_cell_is_in_one_block_and_a_block_has_cells() {
        let mut blocks = Vec::new();
        apply(&mut blocks, &patch(Some("one"), Some(" AB\nAC "), &[('A', "a"), ('B', "b"), ('C', "c")]));
        apply(&mut blocks, &patch(Some("two"), Some("two-and-one"), &[('A', "b")]));
        assert_eq!(shown(&blocks), ["one:AB;AC A=a C=c", "two:AA;BC A=b"]);
        apply(&mut blocks, &patch(None, Some("X"), &[('X', "a")]));
        assert_eq!(shown(&blocks), ["one:X X=a", "two:AA;BC A=b"], "the block of the first cell is replaced");
        apply(&mut blocks, &patch(None, Some("XY"), &[('X', "new"), ('Y', "a")]));
        assert_eq!((blocks.len(), blocks[0].id.as_str(), blocks[1].cells.len()), (2, "two", 2), "an empty block is removed");
        apply(&mut blocks, &patch(Some("two"), None, &[]));
        apply(&mut blocks, &patch(Some("missing"), None, &[]));
        assert_eq!(blocks.len(), 1);
    }

    #[test]
    fn undo_brings_the_blocks_back() {
        let mut blocks = Vec::new();
        apply(&mut blocks, &patch(Some("one"), Some("AB"), &[('A', "a"), ('B', "b")]));
        apply(&mut blocks, &patch(Some("two"), Some("A"), &[('A', "c")]));
        let before = blocks.clone();
        apply(&mut blocks, &patch(Some("three"), Some("ABC"), &[('A', "b"), ('B', "c"), ('C', "d")]));
        for change in undo(&before, &blocks.clone()) {
            apply(&mut blocks, &change);
        }
        let sorted = |blocks: &[LayoutBlock]| {
            let mut shown = shown(blocks);
            shown.sort();
            shown
        };
        assert_eq!(sorted(&blocks), sorted(&before));
        assert_eq!(without_cell(&blocks, &id("c")), Some(patch(Some("two"), None, &[])));
        assert_eq!(without_cell(&blocks, &id("a")), Some(patch(Some("one"), Some("AB"), &[('B', "b")])));
        assert_eq!(without_cell(&blocks, &id("x")), None);
    }

    #[test]
    fn of_too_many_blocks_the_oldest_without_cells_are_removed() {
        let block = |at: usize| LayoutBlock { id: format!("b{at}"), mosaic: "A".into(), cells: [('A', id(&format!("c{at}")))].into() };
        let mut blocks: Vec<LayoutBlock> = (0..MAX_LAYOUT_BLOCKS + 1).map(block).collect();
        check_count(&mut blocks, |block| block.id == "b1", |cell| !["c1", "c3", "c7"].contains(&cell.as_str())).unwrap();
        assert_eq!((blocks.len(), blocks[3].id.as_str(), blocks[6].id.as_str()), (MAX_LAYOUT_BLOCKS, "b4", "b7"));
        blocks.push(block(999));
        assert_eq!(check_count(&mut blocks, |_| true, |_| false).unwrap_err().code, 413, "what a request names is never left out");
        assert_eq!(check_count(&mut blocks, |_| false, |_| true).unwrap_err().code, 413);
    }
}
