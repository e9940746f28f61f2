//! The stage: chooses the part that shows this kind of value, and keeps it while the kind stays the same.

use std::sync::Arc;

use leptos::either::EitherOf4;
use leptos::prelude::*;

use super::figure::Figure;
use super::picture::Picture;
use super::text::Text;
use crate::app::command::Command;
use crate::app::state::{Dashboard, Tile};
use crate::protocol::Stage;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Empty,
    Figure,
    Picture,
    Text,
}

#[component]
pub fn StageView(tile: Arc<Tile>) -> impl IntoView {
    let watched = tile.clone();
    // A memo, so that a new value of the same kind does not draw the part anew.
    let kind = Memo::new(move |_| {
        watched.stage.with(|stage| match stage {
            Stage::Empty | Stage::Lines(_) => Kind::Empty,
            Stage::Figure { .. } => Kind::Figure,
            Stage::Picture { .. } | Stage::Drawing { .. } => Kind::Picture,
            Stage::Text { .. } => Kind::Text,
        })
    });
    move || {
        let tile = tile.clone();
        match kind.get() {
            Kind::Empty => EitherOf4::A(view! { <Nothing tile /> }),
            Kind::Figure => EitherOf4::B(view! { <Figure tile /> }),
            Kind::Picture => EitherOf4::C(view! { <Picture tile /> }),
            Kind::Text => EitherOf4::D(view! { <Text tile /> }),
        }
    }
}

/// A cell without a value says how to send one.
#[component]
fn Nothing(tile: Arc<Tile>) -> impl IntoView {
    let state = Dashboard::here().state();
    let example = match tile.kind.with(|kind| kind == "img") {
        true => r#" -d '{"value":"https://…"}'"#,
        false => r#" -d '{"type":"html","value":"<h1>It works</h1>"}'"#,
    };
    let text = ["curl -X PATCH ", &state.origin, "/values/", tile.id.as_str(), example].concat();
    view! {
        <div class="nothing">
            <p>"Nothing here yet. Send a value:"</p>
            <Command text label="Copy the command that fills this cell" />
        </div>
    }
}
