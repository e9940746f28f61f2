//! What a page gets of the document of its board.

use serde::{Deserialize, Serialize};

use super::{BoardLayout, Mark, View};

/// It is sent whole whenever the document changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BoardSettings {
    /// What the board is called: the key `title` of its document, or its name.
    pub title: String,
    /// What the board is about: HTML that the server has made of Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default)]
    pub archived: bool,
    pub layout: BoardLayout,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<View>,
}
