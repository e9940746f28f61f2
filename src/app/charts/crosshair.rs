//! The crosshair and the range that is being selected: elements over the canvas, so that nothing is drawn when they move.

use leptos::prelude::*;

use super::display::{Crosshair, Selection};
use crate::browser::dom;

#[component]
pub fn CrosshairLine(#[prop(into)] place: Signal<Option<Crosshair>>) -> impl IntoView {
    let style = move || place.get().map(|Crosshair { left, bottom }| format_style(left, None, bottom));
    view! { <div class="crosshair" hidden=move || place.with(Option::is_none) style=style></div> }
}

#[component]
pub fn SelectionBand(#[prop(into)] range: Signal<Option<Selection>>) -> impl IntoView {
    let style = move || range.get().map(|Selection { left, width, bottom }| format_style(left, Some(width), bottom));
    view! { <div class="selection" hidden=move || range.with(Option::is_none) style=style></div> }
}

fn format_style(left: i32, width: Option<i32>, bottom: f64) -> String {
    let mut style = ["left:", &left.to_string(), "px;bottom:", &dom::number_text(bottom), "px"].concat();
    if let Some(width) = width {
        style.extend([";width:", &width.to_string(), "px"]);
    }
    style
}
