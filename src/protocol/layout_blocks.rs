//! Blocks of a layout: made, replaced and removed. Server and page share it.

use std::collections::BTreeMap;

use super::{BlockPatch, CellId, LayoutBlock, Mosaic};

impl BlockPatch {
    /// Changes one block, and returns its id. `cells` are those of the patch, `new_id` is that of a new block. Cells leave the blocks in
    /// which they are; a block without cells is removed.
    pub fn apply(&self, blocks: &mut Vec<LayoutBlock>, cells: BTreeMap<char, CellId>, new_id: impl FnOnce() -> String) -> Option<String> {
        let Some(mosaic) = &self.mosaic else {
            blocks.retain(|block| Some(&block.id) != self.id.as_ref());
            return self.id.clone();
        };
        let mosaic = Mosaic::named(mosaic).unwrap_or(mosaic);
        let mosaic = Mosaic::parse(mosaic).map_or_else(|_| mosaic.to_owned(), |mosaic| mosaic.to_string());
        let of_first = || {
            let first = cells.values().next()?;
            blocks.iter().find(|block| block.cells.values().any(|cell| cell == first)).map(|block| block.id.clone())
        };
        let id = self.id.clone().or_else(of_first).unwrap_or_else(new_id);
        for block in blocks.iter_mut().filter(|block| block.id != id) {
            block.cells.retain(|_, cell| !cells.values().any(|taken| taken == cell));
        }
        match blocks.iter_mut().find(|block| block.id == id) {
            Some(block) => (block.mosaic, block.cells) = (mosaic, cells),
            None => blocks.push(LayoutBlock { id: id.clone(), mosaic, cells }),
        }
        blocks.retain(|block| !block.cells.is_empty());
        Some(id)
    }
}
