//! A view of a board: how somebody looked at it, under a name, for everyone.

use serde::{Deserialize, Serialize};

use super::LayoutPatch;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    #[serde(rename = "_id")]
    pub id: String,
    pub name: String,
    /// The query of the page's address, without `?`: the search, the groups, the axes and so on.
    pub query: String,
    /// What differs from the arrangement of the board.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<LayoutPatch>,
    /// Names of the sections that are folded; an empty one is the part without a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folded: Vec<String>,
}
