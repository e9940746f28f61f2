//! HTML from a training script, in a frame of its own that can do nothing to the page. A new figure is loaded behind the old one.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use leptos::html::Div;
use leptos::prelude::*;
use web_sys::Element;

use super::{Drawn, Picture};
use crate::app::charts::NotPrinted;
use crate::app::state::CellState;
use crate::browser::near_viewport::use_near_viewport;
use crate::browser::{dom, iframe};
use crate::charts::render::svg::escaped;
use crate::protocol::CellContent;
use crate::routes;

/// The first frames are a part of the page, so that they show without a script; those further down are made when they come near the screen.
/// Those that follow are put beside it by [`iframe::Pane`], which also says below the paper what a figure could not load.
#[component]
#[expect(clippy::disallowed_methods, reason = "the server's own markup, in which every text of clients is escaped")]
pub fn Figure(cell: Arc<CellState>) -> impl IntoView {
    let (first, address) = cell.content.with_untracked(|stage| version(&cell, stage)).unwrap_or_default();
    // Tables and texts follow the theme.
    let kind = cell.cell_type.clone();
    let is_themed = move || matches!(kind.read().as_str(), "table" | "text");
    let (title, sandbox) = (cell.title(), cell.cell_type.with_untracked(|kind| iframe::sandbox(kind)));
    let html = match use_context::<Drawn>().map(|drawn| (drawn.0)(&cell.id)) {
        Some(Picture { is_first: true, .. }) => markup(&title, sandbox, &address),
        // Browsers make a document for each frame, also for those that wait.
        Some(_) => ["<noscript>", &markup(&title, sandbox, &address), "</noscript>"].concat(),
        None => String::new(),
    };
    let place = NodeRef::<Div>::new();
    let pane: Rc<RefCell<Option<iframe::Pane>>> = Rc::default();
    let near = use_near_viewport();
    let (waiting_cell, waiting_pane) = (cell.clone(), pane.clone());
    Effect::new(move |_| {
        if let Some(paper) = place.get() {
            let (cell, pane) = (waiting_cell.clone(), waiting_pane.clone());
            near.run_once(&paper.clone(), move || *pane.borrow_mut() = begin(&cell, paper.into(), first));
        }
    });
    Effect::new(move |_| {
        let (shown, title, sandbox) =
            (cell.content.with(|stage| version(&cell, stage)), cell.title(), cell.cell_type.with(|kind| iframe::sandbox(kind)));
        if let (Some(pane), Some((rev, address))) = (&*pane.borrow(), shown) {
            pane.want(rev, address, &title, sandbox);
        }
    });
    view! {
        <div class="paper" class:themed=is_themed node_ref=place inner_html=html></div>
        <p class="blocked" role="note" hidden></p>
        <NotPrinted />
    }
}

/// The frame as the server writes it.
fn markup(title: &str, sandbox: &str, address: &str) -> String {
    let (title, address) = (escaped(title), escaped(address));
    format!(
        "<iframe loading=\"lazy\" sandbox=\"{sandbox}\" referrerpolicy=\"no-referrer\" allow=\"\" title=\"{title}\" src=\"{address}\"></iframe>"
    )
}

/// The paper has come near the screen: it gets its frame, unless the server has put one there, of the revision `first`.
fn begin(cell: &CellState, paper: Element, first: u64) -> Option<iframe::Pane> {
    let (rev, address) = cell.content.with_untracked(|stage| version(cell, stage))?;
    let there = paper.first_element_child().filter(|child| child.tag_name() == "IFRAME");
    if let Some(frame) = &there {
        // Its time has come, also where there is no screen that it could be near to: on paper.
        dom::mark(frame, "loading", "eager");
    }
    if there.is_none() {
        paper.set_text_content(None);
        let frame = document().create_element("iframe").ok()?;
        let (title, sandbox) = (cell.title(), cell.cell_type.with_untracked(|kind| iframe::sandbox(kind)));
        let attributes = [("sandbox", sandbox), ("referrerpolicy", "no-referrer"), ("allow", ""), ("title", &title), ("src", &address)];
        attributes.iter().for_each(|(name, value)| dom::mark(&frame, name, value));
        paper.append_child(&frame).ok()?;
        return iframe::Pane::new(paper, rev);
    }
    let pane = iframe::Pane::new(paper, first)?;
    pane.want(rev, address, &cell.title(), cell.cell_type.with_untracked(|kind| iframe::sandbox(kind)));
    Some(pane)
}

/// The revision of the figure, and its address.
fn version(cell: &CellState, stage: &CellContent) -> Option<(u64, String)> {
    match stage {
        CellContent::Html { rev, sig } => Some((*rev, routes::figure(&cell.id, *rev, sig.as_deref()))),
        _ => None,
    }
}
