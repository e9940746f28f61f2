//! A line chart. The server draws it as a picture; when the page is awake a canvas takes that picture's place, to the pixel.

use std::sync::Arc;

use leptos::prelude::*;

use super::stage::Nothing;
use crate::app::plot;
use crate::app::state::Tile;
use crate::client::urls;
use crate::protocol::{CellId, Settings, Stage};

/// Where the server has put the picture of a chart: an address, or the picture itself. Only the server knows it.
#[derive(Clone)]
pub struct Drawn(pub Arc<dyn Fn(&CellId) -> Option<String> + Send + Sync>);

#[component]
pub fn Lines(tile: Arc<Tile>) -> impl IntoView {
    let id = tile.id.clone();
    let drawn = use_context::<Drawn>().and_then(|drawn| (drawn.0)(&id)).unwrap_or_else(|| urls::drawn(&id));
    let watched = tile.clone();
    // What is inside of these elements is `plot`'s, and changes without this view.
    Effect::new(move |was_there: Option<bool>| {
        let settings = watched.stage.with(settings);
        match was_there {
            None => plot::add(&watched.id, settings),
            Some(_) => plot::settle(&watched.id, settings),
        }
        true
    });
    on_cleanup(move || plot::remove(&id));
    view! {
        <div class="lines">
            <div class="plot">
                <img class="drawn" alt="" draggable="false" src=drawn />
                <canvas role="img" aria-label="Line chart"></canvas>
                <div class="cross" hidden></div>
                <div class="band" hidden></div>
                <div class="tools">
                    <button type="button" data-do="follow">
                        "Follow"
                    </button>
                    <button type="button" data-do="reset">
                        "Show all"
                    </button>
                    <button type="button" data-do="chart" aria-haspopup="dialog" aria-label=tile.dynamic(|tile| ["Chart of ", &tile.title()].concat())>
                        "Chart"
                    </button>
                </div>
                <div class="no-points" hidden>
                    <Nothing tile />
                </div>
            </div>
            <div class="legend" role="group" aria-label="Series"></div>
        </div>
    }
}

fn settings(stage: &Stage) -> Settings {
    match stage {
        Stage::Lines(settings) => settings.clone(),
        _ => Settings::default(),
    }
}
