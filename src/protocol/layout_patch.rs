//! A change of the arrangement of a board: the body of `PUT /boards/:board/layout`, and what undoes one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cell_layout::null_or;
use super::{CellLayoutPatch, SectionLayout};

/// Keys that are missing stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LayoutPatch {
    /// By the ids of cells, or by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cells: BTreeMap<String, CellLayoutPatch>,
    /// All sections of the board's document, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sections: Option<Vec<SectionLayout>>,
    /// `null` for the default.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_or")]
    pub density: Option<Option<u8>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<BlockPatch>,
}

/// A block that is made, replaced or removed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlockPatch {
    /// Without one the block of the first cell is replaced, or a new one is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A mosaic, or the name of one; `None` removes the block: its cells stand in the flow.
    pub mosaic: Option<String>,
    /// Cells by their ids or names. They leave the blocks in which they are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cells: BTreeMap<char, String>,
}

impl LayoutPatch {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
