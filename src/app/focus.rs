//! The element of a cell by its id, and the cell around an element.

use web_sys::{Element, HtmlElement};

use crate::browser::dom;
use crate::protocol::CellId;

/// What the element of a cell is called in the document. Found by its id, which browsers have an index of.
pub fn element_id(id: &CellId) -> String {
    ["cell-", id.as_str()].concat()
}

pub fn element(id: &CellId) -> Option<HtmlElement> {
    dom::by_id(&element_id(id))
}

/// The cell that this element belongs to.
pub fn owner(element: &Element) -> Option<CellId> {
    let article = element.closest("article[data-id]").ok()??;
    CellId::parse(&article.get_attribute("data-id")?)
}
