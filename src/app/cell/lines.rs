//! A line chart. The server draws it as a picture; when the page is awake a canvas takes that picture's place, to the pixel.

use std::sync::Arc;

use leptos::prelude::*;

use crate::app::plot;
use crate::app::state::Tile;
use crate::client::urls;
use crate::protocol::{CellId, Settings, Stage};

type Address = dyn Fn(&CellId) -> Option<String> + Send + Sync;

/// Where the server has put the picture of a chart: an address, or the picture itself. Only the server knows it.
#[derive(Clone)]
pub struct Drawn(pub Arc<Address>);

#[component]
pub fn Lines(tile: Arc<Tile>) -> impl IntoView {
    let id = tile.id.clone();
    let drawn = use_context::<Drawn>().and_then(|drawn| (drawn.0)(&id)).unwrap_or_else(|| urls::drawn(&id));
    // What stands beside the picture is `plot`'s, and changes without this view.
    Effect::new(move || plot::settle(&tile.id, tile.stage.with(settings)));
    on_cleanup(move || plot::remove(&id));
    view! {
        <div class="lines">
            <img alt="" src=drawn />
        </div>
    }
}

fn settings(stage: &Stage) -> Settings {
    match stage {
        Stage::Lines(settings) => settings.clone(),
        _ => Settings::default(),
    }
}
