//! A line chart. The server draws it as a picture; when the page is awake a canvas takes that picture's place, to the pixel.

use std::sync::Arc;

use leptos::prelude::*;

use crate::app::plot;
use crate::app::state::Tile;
use crate::client::{browser, urls};
use crate::protocol::CellId;

/// A chart before the page is awake.
#[derive(Clone, Default)]
pub struct Picture {
    /// The picture itself, where it stands in the page.
    pub src: Option<String>,
    /// The names of its series: a picture that `style/main.css` puts where the legend will be.
    pub legend: String,
    /// Whether they have two rows.
    pub is_long: bool,
}

type Find = dyn Fn(&CellId) -> Picture + Send + Sync;

/// What the server has drawn. Only the server knows it.
#[derive(Clone)]
pub struct Drawn(pub Arc<Find>);

#[component]
pub fn Lines(tile: Arc<Tile>) -> impl IntoView {
    let id = tile.id.clone();
    let Picture { src, legend, is_long } = use_context::<Drawn>().map(|drawn| (drawn.0)(&id)).unwrap_or_default();
    let drawn = src.unwrap_or_else(|| urls::drawn(&id));
    // What stands beside the picture is `plot`'s, and changes without this view.
    browser::effect(move || plot::settle(&tile.id, tile.settings()));
    on_cleanup(move || plot::remove(&id));
    view! {
        <div class=if is_long { "lines long" } else { "lines" } style=legend>
            <img alt="" src=drawn />
        </div>
    }
}
