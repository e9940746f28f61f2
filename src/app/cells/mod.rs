//! One cell: title bar, body and description. One file for each kind of body.

mod body;
mod figure;
mod lines;
mod note;
mod picture;
mod text;
mod title;

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use super::components::drag;
use super::state::{CellElements, CellState, use_dashboard};
use body::CellBody;
pub use figure::provide_prerendered_frames;
pub use lines::PrerenderedCharts;
use note::Note;
use title::Title;

/// A cell of the board.
#[component]
pub fn CellView(cell: Arc<CellState>) -> impl IntoView {
    let dashboard = use_dashboard();
    let state = StoredValue::new(cell.clone());
    let id = move || state.read_value().id.clone();
    let is_filtered_out = move || !dashboard.is_shown(&state.read_value().name.read());
    let drop_side = move || {
        dashboard.drop_target.with(|target| match target {
            Some(target) if target.beside == id() => Some(if target.after { "after" } else { "before" }),
            _ => None,
        })
    };
    let is_covered = move || dashboard.fullscreen.with(|full| full.as_ref().is_some_and(|full| *full != id()));
    let is_dragged = move || dashboard.dragged.with(|dragged| dragged.as_ref() == Some(&id()));
    let is_full = move || dashboard.fullscreen.with(|full| full.as_ref().is_some_and(|full| *full == id()));
    let (article, body) = (NodeRef::<html::Article>::new(), NodeRef::<html::Div>::new());
    Effect::new(move |_| {
        if let (Some(article), Some(body)) = (article.get(), body.get()) {
            dashboard.register_cell(id(), CellElements { article, body: body.into() });
        }
    });
    view! {
        <article
            node_ref=article
            class="chart-wrapper"
            id=["cell-", cell.id.as_str()].concat()
            class:dragged=is_dragged
            class:fullscreen=is_full
            class:filtered-out=is_filtered_out
            data-id=cell.id.to_string()
            data-drop=drop_side
            style=move || state.read_value().layout.with(|layout| layout.width.map(|width| format!("--grid-column:span {width}")).unwrap_or_default())
            inert=is_covered
            tabindex="0"
            on:dragover=move |event| drag::over(dashboard, id(), &event)
            aria-labelledby=title::element_id(&cell.id)
        >
            <Title cell=state.get_value() />
            <div class="chart-stage" node_ref=body>
                <CellBody cell=state.get_value() />
            </div>
            <Note cell=state.get_value() />
        </article>
    }
}
