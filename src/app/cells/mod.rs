//! One cell: title bar, body and description. One file for each kind of body.

mod body;
mod figure;
mod first_value;
mod lines;
mod note;
mod picture;
mod text;
mod text_editor;
mod title;

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use super::components::resize::ResizeHandles;
use super::in_browser::InBrowser;
use super::state::{BlockPlaces, CellElements, CellSize, CellState, GridPlaces, medium_width, use_dashboard};
use crate::browser::near_viewport::use_near_viewport;
use body::CellBody;
pub use figure::provide_prerendered_frames;
pub use first_value::first_value;
pub use lines::PrerenderedCharts;
use note::Note;
pub use note::note_field;
pub use text_editor::TextEditor;
use title::Title;
pub use title::name_field;

/// A cell of the board.
#[component]
pub fn CellView(cell: Arc<CellState>) -> impl IntoView {
    let dashboard = use_dashboard();
    let places = use_context::<BlockPlaces>().map(|BlockPlaces(places)| places);
    let state = StoredValue::new(cell.clone());
    let id = move || state.read_value().id.clone();
    let is_filtered_out = move || !dashboard.is_shown(&state.read_value().name.read()) || dashboard.is_collapsed(&state.read_value().id);
    let is_covered = move || dashboard.fullscreen.with(|full| full.as_ref().is_some_and(|full| *full != id()));
    let is_full = move || dashboard.fullscreen.with(|full| full.as_ref().is_some_and(|full| *full == id()));
    let size = Memo::new(move |_| dashboard.size_of(&state.read_value()));
    let class = move || {
        let size = size.get();
        let states = [
            (size.height.is_some(), " sized"),
            (!size.has_legend(), " small"),
            (is_full(), " fullscreen"),
            (is_filtered_out(), " filtered-out"),
        ];
        ["chart-wrapper"].into_iter().chain(states.into_iter().filter_map(|(is, class)| is.then_some(class))).collect::<String>()
    };
    let style = move || {
        let place = places.and_then(|places| places.with(|places| places.get(&state.read_value().id).copied()));
        cell_style(size.get(), place)
    };
    // A board may have thousands of cells: what one can do with a cell is made when it has come near the window.
    let is_near = RwSignal::new(false);
    let may_write = dashboard.may_write();
    let handles = move || (may_write && is_near.get()).then(|| InBrowser(view! { <ResizeHandles id=id() /> }));
    let near_viewport = use_near_viewport();
    let (article, body) = (NodeRef::<html::Article>::new(), NodeRef::<html::Div>::new());
    Effect::new(move |_| {
        if let (Some(article), Some(body)) = (article.get(), body.get()) {
            near_viewport.run_light_once(&article, move || is_near.set(true));
            dashboard.register_cell(id(), CellElements { article, body: body.into() });
        }
    });
    view! {
        <article
            node_ref=article
            class=class
            id=["cell-", cell.id.as_str()].concat()
            data-id=cell.id.to_string()
            style=style
            inert=is_covered
            tabindex="0"
            aria-labelledby=title::element_id(&cell.id)
        >
            <Title cell=state.get_value() is_near />
            <div class="chart-stage" node_ref=body>
                <CellBody cell=state.get_value() />
            </div>
            <Note cell=state.get_value() />
            {handles}
        </article>
    }
}

/// The variables of the style sheet for a cell's size, and for its place if it is in the section of a block.
fn cell_style(size: CellSize, places: Option<GridPlaces>) -> String {
    let mut style = String::new();
    let mut set = |name: &str, value: &str| style.extend([name, value, ";"]);
    if let Some(width) = size.width {
        set("--w:", &width.to_string());
        set("--m:", &medium_width(width).to_string());
    }
    if let Some(height) = size.height {
        set("--rows:", &height.to_string());
    }
    if let Some((wide, medium)) = places {
        set("--wide:", &wide.to_string());
        set("--medium:", &medium.to_string());
    }
    style
}
