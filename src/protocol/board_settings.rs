//! What a page gets of the document of its board.

use serde::{Deserialize, Serialize};

use super::BoardLayout;

/// It is sent whole whenever the document changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BoardSettings {
    /// What the board is called: the key `title` of its document, or its name.
    pub title: String,
    pub layout: BoardLayout,
}
