//! The arrangement of a board: sections, sizes and blocks of cells.

mod blocks;
mod check;
mod patch;
mod read;
mod sections;

pub use check::{check_board, check_cell, parse_layout};
pub use read::layout_tag;

use serde_json::Value;

use crate::protocol::BoardLayout;

/// The layout of a board's document; the default for one that no check has seen.
pub fn read_board(layout: &Value) -> BoardLayout {
    serde_json::from_value(layout.clone()).unwrap_or_default()
}
