//! HTML from a training script, in a frame of its own that can do nothing to the page. A new figure is loaded behind the old one.

use std::sync::Arc;

use leptos::attr;
use leptos::prelude::*;

use crate::app::focus;
use crate::app::state::Tile;
use crate::client::{browser, frames, urls};
use crate::protocol::Stage;

/// The first frame is a part of the page, so that it shows without a script; it may wait until it is scrolled to.
/// Those that follow are put beside it by [`frames::Pane`].
#[component]
pub fn Figure(tile: Arc<Tile>) -> impl IntoView {
    let (first, address) = tile.stage.peek(|stage| version(&tile, stage)).unwrap_or_default();
    // Tables and texts follow the theme.
    let is_themed = tile.dynamic(|tile| tile.kind.with(|kind| kind == "table" || kind == "text"));
    let (title, sandbox) = (tile.title(), tile.kind.peek(|kind| frames::sandbox(kind)));
    let mut pane: Option<frames::Pane> = None;
    browser::effect(move || {
        let (shown, title, sandbox) =
            (tile.stage.with(|stage| version(&tile, stage)), tile.title(), tile.kind.with(|kind| frames::sandbox(kind)));
        if pane.is_none() {
            let paper = focus::element(&tile.id).and_then(|cell| cell.query_selector(".paper").ok()?);
            pane = paper.and_then(|paper| frames::Pane::new(paper, first));
        }
        if let (Some(pane), Some((rev, address))) = (&pane, shown) {
            pane.want(rev, address, &title, sandbox);
        }
    });
    view! {
        <div class="paper" class:themed=is_themed>
            <iframe
                {..attr::loading("lazy")}
                sandbox=sandbox
                referrerpolicy="no-referrer"
                allow=""
                title=title
                src=address
            ></iframe>
        </div>
    }
}

/// The revision of the figure, and its address.
fn version(tile: &Tile, stage: &Stage) -> Option<(u64, String)> {
    match stage {
        Stage::Figure { rev, sig } => Some((*rev, urls::figure(&tile.id, *rev, sig.as_deref()))),
        _ => None,
    }
}
