//! The arrangement of a board's cells: the key `layout` of its document.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::CellId;
use super::cell_layout::null_as_default;

/// The section of metrics whose chart has no other one; the first after those that a person has arranged.
pub const DEFAULT_SECTION: &str = "Metrics";
/// The section of the machine's own metrics, `system/…`; the last of a board.
pub const SYSTEM_SECTION: &str = "system";

/// Sections in the order that a person gave them, the density of the grid, and blocks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BoardLayout {
    /// Sections that were moved, pinned or resized. Others follow: see [`Self::section_order`].
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub sections: Vec<SectionLayout>,
    /// Cells in a row of the grid that have no width: one of [`Self::DENSITIES`]; `None`: [`Self::DEFAULT_DENSITY`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<u8>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub blocks: Vec<LayoutBlock>,
}

/// A section with its place among others, and the size of its cells without their own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SectionLayout {
    pub name: String,
    /// It stays above all others.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_as_default")]
    pub pinned: bool,
    /// Columns, as [`CellLayout::width`](super::CellLayout::width).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u8>,
    /// Rows, as [`CellLayout::height`](super::CellLayout::height).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u16>,
}

/// Cells in a grid of their own, which stands in the flow where its first cell does. The letters are those of the mosaic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayoutBlock {
    pub id: String,
    /// As [`Mosaic`](super::Mosaic) writes it.
    pub mosaic: String,
    /// Letters without a cell are empty. A cell is in one block at most.
    pub cells: BTreeMap<char, CellId>,
}

impl BoardLayout {
    pub const DENSITIES: [u8; 4] = [2, 3, 4, 6];
    pub const DEFAULT_DENSITY: u8 = 3;

    pub fn section(&self, name: &str) -> Option<&SectionLayout> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// The block of a cell, and its letter there.
    pub fn block_of(&self, cell: &CellId) -> Option<(&LayoutBlock, char)> {
        let letter = |block: &LayoutBlock| block.cells.iter().find(|(_, known)| *known == cell).map(|(letter, _)| *letter);
        self.blocks.iter().find_map(|block| Some((block, letter(block)?)))
    }

    /// The sections of cells, in the order of the board: pinned ones; the part without a name (`None`); those that a person has
    /// arranged; [`DEFAULT_SECTION`]; all others by the first of their cells; [`SYSTEM_SECTION`]. `of_cells`: the section of each cell, in the order of
    /// the board.
    pub fn section_order<'a>(&self, of_cells: impl IntoIterator<Item = Option<&'a str>>) -> Vec<Option<&'a str>> {
        let mut known = HashSet::new();
        let mut found: Vec<Option<&str>> = of_cells.into_iter().filter(|section| known.insert(*section)).collect();
        let places: HashMap<&str, usize> = self.sections.iter().enumerate().map(|(at, section)| (section.name.as_str(), at)).collect();
        let key = |section: &Option<&str>| {
            let Some(name) = section else { return (1, 0) };
            match places.get(name).copied() {
                Some(at) if self.sections[at].pinned => (0, at),
                Some(at) => (2, at),
                None if *name == DEFAULT_SECTION => (3, 0),
                None if *name == SYSTEM_SECTION => (5, 0),
                None => (4, 0),
            }
        };
        crate::sorting::sort_by(&mut found, |a, b| key(a).cmp(&key(b)));
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sections_are_in_the_order_of_the_board() {
        let section = |name: &str, pinned| SectionLayout { name: name.into(), pinned, ..SectionLayout::default() };
        let names = [Some("system"), Some("val"), None, Some("Metrics"), Some("train"), Some("val"), Some("lr"), Some("best")];
        let order = |layout: &BoardLayout| {
            layout.section_order(names).into_iter().map(|name| name.unwrap_or("-").to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(order(&BoardLayout::default()), "- Metrics val train lr best system");
        let sections = vec![section("train", false), section("empty", false), section("best", true), section("system", false)];
        assert_eq!(order(&BoardLayout { sections, ..BoardLayout::default() }), "best - train system Metrics val lr");
        assert_eq!(BoardLayout::default().section_order([]), []);
    }

    #[test]
    fn a_block_knows_its_cells() {
        let layout: BoardLayout = serde_json::from_value(json!({
            "sections": [{ "name": "train", "pinned": true, "width": 4 }, { "name": "val" }],
            "blocks": [{ "id": "b1", "mosaic": "AB", "cells": { "B": "x" } }, { "id": "b2", "mosaic": "A", "cells": { "A": "y" } }],
            "other": 1,
        }))
        .unwrap();
        let of = |id: &str| layout.block_of(&CellId::parse(id).unwrap()).map(|(block, letter)| (block.id.as_str(), letter));
        assert_eq!((of("x"), of("y"), of("z")), (Some(("b1", 'B')), Some(("b2", 'A')), None));
        assert_eq!(layout.section("train"), Some(&SectionLayout { name: "train".into(), pinned: true, width: Some(4), height: None }));
        let text = json!({
            "sections": [{ "name": "train", "pinned": true, "width": 4 }, { "name": "val" }],
            "blocks": [{ "id": "b1", "mosaic": "AB", "cells": { "B": "x" } }, { "id": "b2", "mosaic": "A", "cells": { "A": "y" } }],
        });
        assert_eq!(serde_json::to_value(&layout).unwrap(), text);
    }
}
