//! The place and the size of a cell in the flow of its board: the known keys of its `layout`.

use serde::{Deserialize, Deserializer, Serialize};

/// What the page needs of `layout`. `layout.order` is [`Cell::order`](super::Cell::order).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CellLayout {
    /// The section that the cell stands in; `None`: the first part of the board, which has no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Columns of the grid, 1 to [`Self::COLUMNS`]; `None`: that of its section, else by the density of the board.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u8>,
    /// Rows of [`Self::ROW_PX`], [`Self::MIN_HEIGHT`] to [`Self::MAX_HEIGHT`]; `None`: that of its section, else by the kind of the cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u16>,
}

impl CellLayout {
    /// Columns of the grid of a section.
    pub const COLUMNS: u8 = 12;
    pub const MIN_HEIGHT: u16 = 4;
    pub const MAX_HEIGHT: u16 = 160;
    /// Height of a row in CSS pixels.
    pub const ROW_PX: u16 = 8;
    pub const MAX_SECTION_CHARS: usize = 120;

    pub fn is_width(width: u64) -> bool {
        (1..=u64::from(Self::COLUMNS)).contains(&width)
    }

    pub fn is_height(height: u64) -> bool {
        (u64::from(Self::MIN_HEIGHT)..=u64::from(Self::MAX_HEIGHT)).contains(&height)
    }
}

/// A change of a cell's layout: a missing key stays, `null` is removed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CellLayoutPatch {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_or")]
    pub section: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_or")]
    pub order: Option<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_or")]
    pub width: Option<Option<u8>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "null_or")]
    pub height: Option<Option<u16>>,
}

/// A key that is there: `Some(None)` if it is `null`.
pub(super) fn null_or<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(value).map(Some)
}

/// A key that may be `null`, which stands for a missing one.
pub(super) fn null_as_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(value).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_distinguishes_a_missing_key_from_null() {
        let patch = CellLayoutPatch { section: Some(None), width: Some(Some(6)), ..CellLayoutPatch::default() };
        let text = json!({ "section": null, "width": 6 });
        assert_eq!(serde_json::to_value(&patch).unwrap(), text);
        assert_eq!(serde_json::from_value::<CellLayoutPatch>(text).unwrap(), patch);
        assert_eq!(serde_json::from_value::<CellLayoutPatch>(json!({})).unwrap(), CellLayoutPatch::default());
        assert!(serde_json::from_value::<CellLayoutPatch>(json!({ "width": -1 })).is_err());
    }
}
