//! The arrangement of a board as JSON, and the tag by which a client says which one it knows.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::protocol::ApiError;
use crate::server::boards::Boards;
use crate::server::boards::board_document::{existing_board, layout_of};
use crate::server::boards::page_actions::cells_in_grid_order;
use crate::server::boards::query::filter;
use crate::server::store::{Batch, BoardDocument, Record};

/// Bytes of the hash in a tag.
const TAG_BYTES: usize = 8;

impl Boards {
    /// `{"sections":[…],"density":3,"blocks":[…],"cells":{"a":{"section":"train","order":1,"width":4,"height":25}}}`, the cells in the order
    /// of the board. 404: there is no such board.
    pub fn layout(&self, board: &str) -> Result<String, ApiError> {
        let (document, mut cells) = {
            let index = self.store.index();
            let known = existing_board(&index, board)?;
            (known.document.clone(), known.cells.values().cloned().collect::<Vec<_>>())
        };
        cells.sort_by(|a, b| filter::grid_order(a, b));
        Ok(to_json(document.as_deref(), &cells))
    }
}

/// The same within the writer.
pub fn layout_in(batch: &Batch, board: &str) -> String {
    to_json(batch.board_document(board).as_deref(), &cells_in_grid_order(batch, board))
}

/// That of a board with nothing in it.
pub fn empty_layout() -> String {
    to_json(None, &[])
}

/// The strong tag of a layout.
pub fn layout_tag(json: &str) -> String {
    format!("\"{}\"", hex::encode(&Sha256::digest(json)[..TAG_BYTES]))
}

fn to_json(document: Option<&BoardDocument>, cells: &[Arc<Record>]) -> String {
    let of_cells: Map<String, Value> = cells.iter().map(|record| (record.id.to_string(), cell_json(record))).collect();
    let mut layout = json!(document.map(layout_of).unwrap_or_default());
    layout["cells"] = of_cells.into();
    layout.to_string()
}

/// The known keys of a cell's layout.
fn cell_json(record: &Record) -> Value {
    let mut keys = json!(record.layout());
    if let Some(order) = record.keys.get("layout").and_then(|layout| layout.get("order")).filter(|order| order.is_number()) {
        keys["order"] = order.clone();
    }
    keys
}
