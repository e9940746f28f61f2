//! Where the keyboard is: the cell that has the focus, its neighbours, and going there.

use leptos::prelude::*;
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

/// The cell that has the focus, in itself or in a part of it.
pub fn current() -> Option<CellId> {
    owner(&document().active_element()?)
}

pub fn cell(id: &CellId) {
    if let Some(cell) = element(id) {
        let _ = cell.focus();
    }
}

pub fn board() {
    if let Some(board) = dom::by_id("board") {
        let _ = board.focus();
    }
}

/// How many cells stand beside each other: those that are as high as the first.
pub fn columns(order: &[CellId]) -> usize {
    let tops = order.iter().map_while(element).map(|cell| cell.offset_top());
    let mut first = None;
    tops.take_while(|top| *first.get_or_insert(*top) == *top).count().max(1)
}
