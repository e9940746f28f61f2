//! The one tooltip of the page, beside the pointer. Its rows come from `readout.rs` for line charts and from `hover.rs` for others.

use leptos::either::Either;
use leptos::prelude::*;

use super::display::hex_color;
use crate::app::in_browser::InBrowser;
use crate::app::signals::SetIfChanged;

/// A handle to the content of the tooltip; `None` hides it.
#[derive(Clone, Copy)]
pub struct TooltipHandle(RwSignal<Option<TooltipContent>>);

#[derive(Clone, Debug, PartialEq)]
pub struct TooltipContent {
    pub rows: Vec<TooltipRow>,
    /// CSS pixels of the window.
    pub place: (f64, f64),
    /// It is so wide and stands exactly there, in the place of a legend; `None`: beside the pointer.
    pub docked_width: Option<i32>,
    /// Read aloud by screen readers: after a key or a tap. With a pointer that would be chatter.
    pub is_announced: bool,
}

/// One row: a swatch if there is a colour, a name, and a value unless it is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TooltipRow {
    pub class: &'static str,
    pub color: Option<u32>,
    pub name: String,
    pub value: String,
}

impl TooltipRow {
    /// A row without swatch and value.
    pub fn text(class: &'static str, name: String) -> Self {
        Self { class, name, ..Self::default() }
    }
}

impl TooltipHandle {
    pub fn new() -> Self {
        Self(RwSignal::new(None))
    }

    pub fn show(self, content: TooltipContent) {
        self.0.set_if_changed(Some(content));
    }

    /// Moves a tooltip that is shown.
    pub fn move_to(self, place: (f64, f64)) {
        self.0.maybe_update(|content| match content {
            Some(content) if content.place != place => {
                content.place = place;
                true
            }
            _ => false,
        });
    }

    pub fn hide(self) {
        self.0.set_if_changed(None);
    }
}

/// Stands right of the pointer, or left of it where the window ends: the style sheet chooses, so that nothing is measured in a frame that
/// draws.
#[component]
pub fn Tooltip(handle: TooltipHandle) -> impl IntoView {
    let content = handle.0;
    // The pointer moves more often than the values change.
    let rows = Memo::new(move |_| content.with(|content| content.as_ref().map(|content| content.rows.clone()).unwrap_or_default()));
    let role =
        move || content.with(|content| if content.as_ref().is_some_and(|content| content.is_announced) { "status" } else { "tooltip" });
    let is_docked = move || content.with(|content| content.as_ref().is_some_and(|content| content.docked_width.is_some()));
    let style = move || {
        content.with(|content| {
            let (x, y) = content.as_ref().map(|content| content.place).unwrap_or_default();
            let width = content.as_ref().and_then(|content| content.docked_width).unwrap_or_default();
            ["--x:", &(x as i32).to_string(), "px;--y:", &(y as i32).to_string(), "px;--w:", &width.to_string(), "px"].concat()
        })
    };
    view! {
        <div id="tooltip" class="tooltip" class:docked=is_docked role=role style=style hidden=move || content.with(Option::is_none)>
            {move || rows.get().into_iter().map(|row| InBrowser(view! { <Row row /> })).collect_view()}
        </div>
    }
}

#[component]
fn Row(row: TooltipRow) -> impl IntoView {
    let TooltipRow { class, color, name, value } = row;
    let swatch = color.map(|color| view! { <i style=["background:", &hex_color(color)].concat()></i> });
    let value = if value.is_empty() { Either::Left(()) } else { Either::Right(view! { <b>{value}</b> }) };
    view! {
        <p class=class>
            {swatch} <span dir="auto">{name}</span> {value}
        </p>
    }
}
