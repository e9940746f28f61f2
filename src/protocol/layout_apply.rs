//! A change of the arrangement, applied to a board as a page has it: views differ by one from the board.

use std::collections::BTreeMap;

use super::{BlockPatch, BoardLayout, Cell, CellId, CellLayoutPatch, LayoutBlock, LayoutPatch};
use crate::sorting;

impl CellLayoutPatch {
    fn apply(&self, cell: &mut Cell) {
        if let Some(section) = &self.section {
            cell.layout.section.clone_from(section);
        }
        if let Some(order) = self.order {
            cell.order = order;
        }
        if let Some(width) = self.width {
            cell.layout.width = width;
        }
        if let Some(height) = self.height {
            cell.layout.height = height;
        }
    }

    /// The patch that brings back what a cell has now.
    fn undo(&self, cell: &Cell) -> Self {
        Self {
            section: self.section.as_ref().map(|_| cell.layout.section.clone()),
            order: self.order.map(|_| cell.order),
            width: self.width.map(|_| cell.layout.width),
            height: self.height.map(|_| cell.layout.height),
        }
    }

    fn extend(&mut self, later: &Self) {
        self.section = later.section.clone().or_else(|| self.section.take());
        self.order = later.order.or(self.order);
        self.width = later.width.or(self.width);
        self.height = later.height.or(self.height);
    }
}

impl LayoutPatch {
    /// Changes cells, and sorts them again. Cells are known by their ids or their names.
    pub fn apply_to_cells(&self, cells: &mut [Cell]) {
        if self.cells.is_empty() {
            return;
        }
        for cell in cells.iter_mut() {
            if let Some(patch) = self.cells.get(cell.id.as_str()).or_else(|| self.cells.get(&cell.name)) {
                patch.apply(cell);
            }
        }
        if self.cells.values().any(|patch| patch.order.is_some()) {
            sorting::sort_by(cells, Cell::compare);
        }
    }

    /// Changes the document of the board. A cell in a block that is not among `cells` is left out.
    pub fn apply_to_layout(&self, layout: &mut BoardLayout, cells: &[Cell]) {
        if let Some(sections) = &self.sections {
            layout.sections.clone_from(sections);
        }
        if let Some(density) = self.density {
            layout.density = density;
        }
        for patch in &self.blocks {
            let of_block: BTreeMap<char, CellId> =
                patch.cells.iter().filter_map(|(letter, name)| Some((*letter, find(cells, name)?.id.clone()))).collect();
            let number = layout.blocks.len();
            patch.apply(&mut layout.blocks, of_block, || format!("view-{number}"));
        }
    }

    /// The patch that brings back what a board has now. Of blocks that brings back all.
    pub fn undo(&self, layout: &BoardLayout, cells: &[Cell]) -> Self {
        let of_cell = |(name, patch): (&String, &CellLayoutPatch)| Some((name.clone(), patch.undo(find(cells, name)?)));
        let blocks = if self.blocks.is_empty() {
            Vec::new()
        } else {
            let mut changed = layout.clone();
            self.apply_to_layout(&mut changed, cells);
            let is_made = |block: &&LayoutBlock| !layout.blocks.iter().any(|known| known.id == block.id);
            let removals = changed.blocks.iter().filter(is_made).map(BlockPatch::removal);
            removals.chain(layout.blocks.iter().map(BlockPatch::of)).collect()
        };
        Self {
            cells: self.cells.iter().filter_map(of_cell).collect(),
            sections: self.sections.as_ref().map(|_| layout.sections.clone()),
            density: self.density.map(|_| layout.density),
            blocks,
            undone: None,
        }
    }

    /// This change and then the later one, as one.
    pub fn extend(&mut self, later: Self) {
        for (name, patch) in later.cells {
            self.cells.entry(name).or_default().extend(&patch);
        }
        self.sections = later.sections.or_else(|| self.sections.take());
        self.density = later.density.or(self.density);
        for patch in later.blocks {
            self.blocks.retain(|known| known.id.is_none() || known.id != patch.id);
            self.blocks.push(patch);
        }
    }
}

impl BlockPatch {
    /// The patch that makes this block.
    pub fn of(block: &LayoutBlock) -> Self {
        let cells = block.cells.iter().map(|(letter, cell)| (*letter, cell.to_string())).collect();
        Self { id: Some(block.id.clone()), mosaic: Some(block.mosaic.clone()), cells }
    }

    fn removal(block: &LayoutBlock) -> Self {
        Self { id: Some(block.id.clone()), ..Self::default() }
    }
}

fn find<'a>(cells: &'a [Cell], name: &str) -> Option<&'a Cell> {
    cells.iter().find(|cell| cell.id.as_str() == name).or_else(|| cells.iter().find(|cell| cell.name == name))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::{CellContent, CellLayout};

    fn cells() -> Vec<Cell> {
        let cell = |(at, id): (usize, &str)| Cell {
            id: CellId::parse(id).unwrap(),
            name: format!("the {id}"),
            cell_type: String::new(),
            description: String::new(),
            order: None,
            layout: CellLayout::default(),
            hidden: false,
            created_seq: at as u64,
            rev: 1,
            content: CellContent::Empty,
        };
        ["a", "b", "c"].into_iter().enumerate().map(cell).collect()
    }

    fn patch(text: Value) -> LayoutPatch {
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn a_change_is_applied_and_taken_back() {
        let (mut cells, mut layout) = (cells(), BoardLayout::default());
        layout.blocks.push(LayoutBlock { id: "one".into(), mosaic: "A".into(), cells: [('A', CellId::parse("a").unwrap())].into() });
        let (before, board) = (cells.clone(), layout.clone());
        let change = patch(json!({
            "cells": { "the a": { "width": 8, "section": "train" }, "c": { "order": -1 }, "missing": { "width": 1 } },
            "density": 4,
            "blocks": [{ "mosaic": "AB", "cells": { "A": "b", "B": "the a" } }],
        }));
        let undo = change.undo(&layout, &cells);
        change.apply_to_layout(&mut layout, &cells);
        change.apply_to_cells(&mut cells);
        assert_eq!(cells.iter().map(|cell| cell.id.as_str()).collect::<Vec<_>>(), ["c", "a", "b"]);
        assert_eq!((cells[1].layout.width, cells[1].layout.section.as_deref(), layout.density), (Some(8), Some("train"), Some(4)));
        assert_eq!((layout.blocks.len(), layout.blocks[0].cells.len()), (1, 2), "the cell has left its block");
        undo.apply_to_layout(&mut layout, &cells);
        undo.apply_to_cells(&mut cells);
        assert_eq!((cells, layout), (before, board));
    }

    #[test]
    fn later_changes_go_before_earlier_ones() {
        let mut both = patch(
            json!({ "cells": { "a": { "width": 3, "height": 20 } }, "blocks": [{ "id": "x", "mosaic": "A", "cells": { "A": "a" } }] }),
        );
        both.extend(patch(
            json!({ "cells": { "a": { "width": null }, "b": { "width": 2 } }, "density": 6, "blocks": [{ "id": "x", "mosaic": null }] }),
        ));
        let sum = json!({ "cells": { "a": { "width": null, "height": 20 }, "b": { "width": 2 } }, "density": 6, "blocks": [{ "id": "x", "mosaic": null }] });
        assert_eq!(both, patch(sum));
    }
}
