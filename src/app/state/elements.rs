//! Elements that more than one component uses: the parts of the page, and the cells by id.

use std::collections::HashMap;

use leptos::html;
use leptos::prelude::*;
use web_sys::{Element, HtmlElement, Node};

use super::Dashboard;
use super::held::{MeasuredCell, Rect, rect_of};
use crate::protocol::CellId;

/// Parts of the page that exist once.
#[derive(Clone, Copy)]
pub struct PageRefs {
    pub board: NodeRef<html::Main>,
    pub filter: NodeRef<html::Input>,
    pub help: NodeRef<html::Dialog>,
    pub cell_menu: NodeRef<html::Div>,
    /// The part of the runs panel that scrolls.
    pub run_rows: NodeRef<html::Div>,
    /// The search of the runs panel.
    pub run_search: NodeRef<html::Input>,
    /// The button that folds the runs panel.
    pub runs_toggle: NodeRef<html::Button>,
}

impl PageRefs {
    pub(super) fn new() -> Self {
        Self {
            board: NodeRef::new(),
            filter: NodeRef::new(),
            help: NodeRef::new(),
            cell_menu: NodeRef::new(),
            run_rows: NodeRef::new(),
            run_search: NodeRef::new(),
            runs_toggle: NodeRef::new(),
        }
    }
}

/// The elements of a cell in the document.
#[derive(Clone)]
pub struct CellElements {
    pub article: HtmlElement,
    pub body: HtmlElement,
}

/// One entry for each cell in the document. Elements belong to the browser's one thread.
pub(super) type CellElementMap = StoredValue<HashMap<CellId, CellElements>, LocalStorage>;

impl Dashboard {
    /// Makes a cell known while the current owner lives.
    pub fn register_cell(self, id: CellId, elements: CellElements) {
        self.cell_elements.update_value(|map| {
            map.insert(id.clone(), elements);
        });
        on_cleanup(move || {
            self.cell_elements.try_update_value(|map| map.remove(&id));
        });
    }

    pub fn elements_of(self, id: &CellId) -> Option<CellElements> {
        self.cell_elements.with_value(|map| map.get(id).cloned())
    }

    /// Where a cell is in the window; `None`: it is not there.
    pub fn measure_cell(self, id: &CellId) -> Option<MeasuredCell> {
        let CellElements { article, body } = self.elements_of(id)?;
        let section = article.parent_element()?;
        let flow = if untrack(|| self.is_one_flow()) { section.closest("#grid").ok().flatten()? } else { section.clone() };
        let style = window().get_computed_style(&section).ok().flatten();
        let is_medium = style.is_some_and(|style| style.get_property_value("--window").is_ok_and(|window| !window.is_empty()));
        Some(MeasuredCell { cell: rect_of(&article), stage_height: f64::from(body.offset_height()), flow: rect_of(&flow), is_medium })
    }

    /// The cell that a node belongs to.
    pub fn cell_around(self, node: &Node) -> Option<CellId> {
        let is_around = |elements: &CellElements| elements.article.contains(Some(node));
        self.cell_elements.with_value(|map| map.iter().find(|(_, elements)| is_around(elements)).map(|(id, _)| id.clone()))
    }

    /// The cell that has the focus, in itself or in a part of it.
    pub fn focused_cell(self) -> Option<CellId> {
        let active: Element = document().active_element()?;
        self.cell_around(&active)
    }

    pub fn focus_cell(self, id: &CellId) {
        if let Some(elements) = self.elements_of(id) {
            let _ = elements.article.focus();
        }
    }

    pub fn focus_board(self) {
        if let Some(board) = self.refs.board.get_untracked() {
            let _ = board.focus();
        }
    }

    /// The cell above or below another one: of the next row with cells, the one whose middle is nearest.
    pub fn cell_in_next_row(self, order: &[CellId], from: &CellId, is_below: bool) -> Option<usize> {
        let middle = |rect: &Rect| rect.left + rect.width / 2.0;
        let places: Vec<Rect> = order.iter().filter_map(|id| Some(rect_of(&self.elements_of(id)?.article))).collect();
        let own = places.get(order.iter().position(|id| id == from)?)?;
        let is_beyond = |rect: &Rect| if is_below { rect.top >= own.top + own.height } else { rect.top + rect.height <= own.top };
        let distance = |rect: &Rect| (rect.top - own.top).abs() * 1e4 + (middle(rect) - middle(own)).abs();
        let beyond = places.iter().enumerate().filter(|(_, rect)| is_beyond(rect));
        beyond.reduce(|best, next| if distance(next.1) < distance(best.1) { next } else { best }).map(|(at, _)| at)
    }
}
