//! One tile: title bar, stage, notes. One file for each kind of stage.

mod body;
mod figure;
pub mod hover;
mod lines;
mod note;
mod picture;
mod text;
mod title;

use std::sync::Arc;

use leptos::prelude::*;

use super::components::filter;
use super::focus;
use super::state::{Dashboard, Tile};
use body::StageView;
pub use lines::{Drawn, Picture};
use note::Note;
use title::Title;

/// A cell of the board.
#[component]
pub fn CellView(tile: Arc<Tile>) -> impl IntoView {
    let dashboard = Dashboard::here();
    let place = tile.dynamic(move |tile| {
        let state = dashboard.state();
        if !filter::finds(&state.filter.get(), &tile.name.get()) {
            return Some("out");
        }
        state.landing.with(|landing| match landing {
            Some(landing) if landing.beside == tile.id => Some(if landing.after { "after" } else { "before" }),
            _ => None,
        })
    });
    let is_covered = tile.dynamic(move |tile| dashboard.state().full.with(|full| full.as_ref().is_some_and(|full| *full != tile.id)));
    let is_dragged = tile.dynamic(move |tile| dashboard.state().dragged.with(|dragged| dragged.as_ref() == Some(&tile.id)));
    view! {
        <article
            class="chart-wrapper"
            id=focus::element_id(&tile.id)
            class:dragged=is_dragged
            data-id=tile.id.to_string()
            data-place=place
            style=tile.dynamic(|tile| tile.across.get())
            inert=is_covered
            tabindex="0"
            aria-labelledby=title::element_id(&tile.id)
        >
            <Title tile=tile.clone() />
            <div class="chart-stage">
                <StageView tile=tile.clone() />
            </div>
            <Note tile=tile.clone() />
        </article>
    }
}
