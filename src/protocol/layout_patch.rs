//! A change of the arrangement of a board: the body of `PUT /boards/:board/layout`, and what undoes one.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::cell_layout::{null_as_default, null_or};
use super::{CellId, CellLayoutPatch, SectionLayout};

/// Keys that are missing stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LayoutPatch {
    /// By the ids of cells, or by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_as_default")]
    pub cells: BTreeMap<String, CellLayoutPatch>,
    /// All sections of the board's document, in their order; `null` forgets them.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_as_none_of_them")]
    pub sections: Option<Vec<SectionLayout>>,
    /// `null` for the default.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_or")]
    pub density: Option<Option<u8>>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub blocks: Vec<BlockPatch>,
    /// Of a patch that undoes a change: what the change left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone: Option<Box<UndoneChange>>,
}

/// What a change of the arrangement left. Its undo leaves alone what is another one by now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UndoneChange {
    /// The values of all keys that the undo changes.
    pub after: LayoutPatch,
    /// The cell that was moved, with the cell before which it stood: where it goes if others were moved since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<(CellId, Option<CellId>)>,
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
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_as_default")]
    pub cells: BTreeMap<char, String>,
}

fn null_as_none_of_them<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Vec<SectionLayout>>, D::Error> {
    null_as_default(value).map(Some)
}

impl LayoutPatch {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
