//! A line chart. The server draws it; once the page is hydrated, a canvas replaces the drawing,
//! pixel for pixel.

use std::collections::HashMap;
use std::sync::Arc;

use leptos::prelude::*;

use crate::app::charts::{ChartSource, LineChart, Prerendered};
use crate::app::state::{CellState, use_dashboard};
use crate::protocol::CellId;
use crate::routes;

/// The charts that the server has drawn for the page, in its context. The browser finds them in the
/// document instead.
#[derive(Clone)]
pub struct PrerenderedCharts(pub Arc<HashMap<CellId, Prerendered>>);

#[component]
pub fn Lines(cell: Arc<CellState>) -> impl IntoView {
    let dashboard = use_dashboard();
    let id = cell.id.clone();
    let prerendered = use_context::<PrerenderedCharts>().and_then(|charts| charts.0.get(&id).cloned()).unwrap_or_default();
    let page = dashboard.page();
    let example =
        page.may_write.then(|| ["curl ", &page.curl_origin(), "/", &routes::value(&id), r#"/points -d '{"loss":[[0,2.3]]}'"#].concat());
    let full = id.clone();
    let is_fullscreen = Signal::derive(move || dashboard.fullscreen.with(|shown| shown.as_ref() == Some(&full)));
    let sized = cell.clone();
    let most_rows = Signal::derive(move || dashboard.size_of(&sized).most_legend_rows());
    let newest = RwSignal::from(cell.newest.clone());
    let layout = cell.layout.clone();
    let section = Signal::derive(move || layout.with(|layout| layout.section.clone()));
    let source = ChartSource { settings: Signal::derive(move || cell.line_settings()), section };
    view! { <LineChart id source prerendered example is_fullscreen most_rows newest /> }
}
