//! The arrangement of a board: sections, sizes and blocks of cells.

mod check;

use serde_json::Value;

use crate::protocol::BoardLayout;
pub use check::{check_board, check_cell};

/// The layout of a board's document; the default for one that no check has seen.
pub fn read(layout: &Value) -> BoardLayout {
    serde_json::from_value(layout.clone()).unwrap_or_default()
}
