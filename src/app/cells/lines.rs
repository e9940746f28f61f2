//! A line chart. The server draws it as a picture; when the page is awake a canvas takes that picture's place, to the pixel.

use std::sync::Arc;

use leptos::prelude::*;

use crate::app::charts::{LineChart, Prerendered};
use crate::app::state::{CellState, use_dashboard};
use crate::protocol::CellId;
use crate::routes;

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
pub fn Lines(cell: Arc<CellState>) -> impl IntoView {
    let dashboard = use_dashboard();
    let id = cell.id.clone();
    let Picture { html, is_long, .. } = use_context::<Drawn>().map(|drawn| (drawn.0)(&id)).unwrap_or_default();
    let page = dashboard.page();
    let example =
        page.may_write.then(|| ["curl ", &page.curl_origin(), "/", &routes::value(&id), r#"/points -d '{"loss":[[0,2.3]]}'"#].concat());
    let full = id.clone();
    let is_fullscreen = Signal::derive(move || dashboard.fullscreen.with(|shown| shown.as_ref() == Some(&full)));
    let settings = Signal::derive(move || cell.line_settings());
    view! { <LineChart id settings prerendered=Prerendered { html, is_long } example is_fullscreen /> }
}
