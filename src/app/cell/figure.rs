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
    let first = tile.stage.peek(revision).unwrap_or_default();
    // Tables and texts follow the theme.
    let is_themed = tile.dynamic(|tile| tile.kind.with(|kind| kind == "table" || kind == "text"));
    let (address, title, sandbox) = (urls::figure(&tile.id, first), tile.title(), tile.kind.peek(|kind| frames::sandbox(kind)));
    let mut pane: Option<frames::Pane> = None;
    browser::effect(move || {
        let (rev, title, sandbox) = (tile.stage.with(revision), tile.title(), tile.kind.with(|kind| frames::sandbox(kind)));
        if pane.is_none() {
            let paper = focus::element(&tile.id).and_then(|cell| cell.query_selector(".paper").ok()?);
            pane = paper.and_then(|paper| frames::Pane::new(tile.id.clone(), paper, first));
        }
        if let (Some(pane), Some(rev)) = (&pane, rev) {
            pane.want(rev, &title, sandbox);
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

fn revision(stage: &Stage) -> Option<u64> {
    match stage {
        Stage::Figure { rev, .. } => Some(*rev),
        _ => None,
    }
}
