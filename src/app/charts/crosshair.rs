//! The crosshair and the part that is being selected: elements over the canvas, so that nothing is drawn when they move.

use leptos::prelude::*;

use super::display::{Crosshair, Selection};
use crate::browser::dom;

#[component]
pub fn CrosshairLine(#[prop(into)] place: Signal<Option<Crosshair>>) -> impl IntoView {
    let style = move || {
        let Crosshair { left, bottom } = place.get()?;
        Some(["left:", &left.to_string(), "px;bottom:", &dom::number_text(bottom), "px"].concat())
    };
    view! { <div class="crosshair" hidden=move || place.with(Option::is_none) style=style></div> }
}

#[component]
pub fn SelectionBand(#[prop(into)] range: Signal<Option<Selection>>) -> impl IntoView {
    let style = move || {
        let Selection { left, top, width, height } = range.get()?;
        let ends = [("left:", left), ("px;top:", top), ("px;width:", width), ("px;height:", height)];
        Some(ends.map(|(name, length)| [name, &length.to_string()].concat()).concat() + "px")
    };
    view! { <div class="selection" hidden=move || range.with(Option::is_none) style=style></div> }
}
