//! A line chart. The server draws it as a picture; when the page is awake a canvas takes that picture's place, to the pixel.

use std::sync::Arc;

use leptos::html::Div;
use leptos::prelude::*;

use crate::app::charts;
use crate::app::state::CellState;
use crate::browser::dom;
use crate::protocol::CellId;

/// A chart before the page is awake.
#[derive(Clone, Default)]
pub struct Picture {
    /// The drawing, or an image that is loaded when it comes near the screen, and the legend. The server's own markup.
    pub html: String,
    /// Whether they have two rows.
    pub is_long: bool,
    /// Of a figure: whether its frame stands in the page.
    pub is_first: bool,
}

type Find = dyn Fn(&CellId) -> Picture + Send + Sync;

/// What the server has drawn. Only the server knows it.
#[derive(Clone)]
pub struct Drawn(pub Arc<Find>);

#[component]
#[expect(clippy::disallowed_methods, reason = "the server's own markup, in which every text of clients is escaped")]
pub fn Lines(cell: Arc<CellState>) -> impl IntoView {
    let id = cell.id.clone();
    let Picture { html, is_long, .. } = use_context::<Drawn>().map(|drawn| (drawn.0)(&id)).unwrap_or_default();
    let place = NodeRef::<Div>::new();
    dom::effect(move || {
        let settings = cell.line_settings();
        if let Some(lines) = place.get() {
            charts::begin(&cell.id, settings, &lines);
        }
    });
    on_cleanup(move || charts::remove(&id));
    // What is in it is `plot`'s when the page is awake, and changes without this view.
    view! { <div node_ref=place class=if is_long { "lines long" } else { "lines" } inner_html=html></div> }
}
