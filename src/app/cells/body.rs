//! The stage: chooses the part that shows this kind of value, and keeps it while the kind stays the same.

use std::sync::Arc;

use leptos::either::EitherOf6;
use leptos::prelude::*;

use super::figure::Figure;
use super::lines::Lines;
use super::picture::Picture;
use super::text::Text;
use crate::app::components::copyable_code::Command;
use crate::app::state::{Dashboard, Part, Tile};

#[component]
pub fn StageView(tile: Arc<Tile>) -> impl IntoView {
    move || {
        let tile = tile.clone();
        match tile.part.get() {
            Part::Empty => EitherOf6::A(view! { <Nothing tile /> }),
            Part::Figure => EitherOf6::B(view! { <Figure tile /> }),
            Part::Picture => EitherOf6::C(view! { <Picture tile /> }),
            Part::Chart => EitherOf6::F(view! { <Picture tile /> }),
            Part::Text => EitherOf6::D(view! { <Text tile /> }),
            Part::Lines => EitherOf6::E(view! { <Lines tile /> }),
        }
    }
}

/// A cell without a value says how to send one.
#[component]
fn Nothing(tile: Arc<Tile>) -> impl IntoView {
    let state = Dashboard::here().state();
    let (method, example) = tile.kind.with(|kind| match kind.as_str() {
        "img" => ("-X PATCH ", r#" -d '{"value":"https://…"}'"#),
        "line" => ("", r#"/points -d '{"loss":[[0,2.3]]}'"#),
        _ => ("-X PATCH ", r#" -d '{"type":"html","value":"<h1>It works</h1>"}'"#),
    });
    let text = ["curl ", method, &state.origin, "/values/", tile.id.as_str(), example].concat();
    view! {
        <div class="nothing">
            <p>"Nothing here yet." <span class="writes">" Send a value:"</span></p>
            <Command text label="Copy the command that fills this cell" />
        </div>
    }
}
