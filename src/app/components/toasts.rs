//! Short messages at the edge of the page: what went wrong, what was deleted and can be brought back.

use std::time::Duration;

use leptos::prelude::*;
use web_sys::{Element, MouseEvent};

use super::filter;
use crate::app::state::Dashboard;
use crate::browser::dom;
use crate::protocol::CellId;

const ID: &str = "toasts";
const NUMBER: &str = "data-number";

#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Counts up; nothing else tells two toasts apart.
    pub number: u32,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Error(String),
    Deleted {
        id: CellId,
        name: String,
    },
    Copied(&'static str),
    /// So many cells have come, or have a new name, and are hidden by the filter.
    Filtered(u32),
}

impl What {
    /// Long enough to read it and to reach the button.
    const fn lasts(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Error(_) => 15,
            Self::Deleted { .. } | Self::Filtered(_) => 10,
            Self::Copied(_) => 3,
        })
    }
}

impl Dashboard {
    pub fn tell(self, what: What) {
        let lasts = what.lasts();
        let state = self.state();
        let mut toasts = state.toasts.now();
        let number = toasts.last().map_or(0, |toast| toast.number.wrapping_add(1));
        let what = match what {
            What::Filtered(count) => {
                let is_filtered = |toast: &Toast| matches!(toast.what, What::Filtered(_));
                let before = toasts.iter().position(is_filtered).map(|at| toasts.remove(at));
                match before.map(|toast| toast.what) {
                    Some(What::Filtered(before)) => What::Filtered(before.saturating_add(count)),
                    _ => What::Filtered(count),
                }
            }
            what => what,
        };
        // The same once more takes the place of the first.
        toasts.retain(|toast| toast.what != what);
        toasts.push(Toast { number, what });
        state.toasts.set(toasts);
        set_timeout(move || self.dismiss(number), lasts);
    }

    pub fn dismiss(self, number: u32) {
        let state = self.state();
        let mut toasts = state.toasts.now();
        toasts.retain(|toast| toast.number != number);
        state.toasts.set(toasts);
    }
}

/// The place of the messages. They are plain elements: a second list of views would cost the page 2 KB.
#[component]
pub fn Toasts() -> impl IntoView {
    let dashboard = Dashboard::here();
    dom::effect(move || {
        let toasts = dashboard.state().toasts.get();
        if let Some(place) = dom::by_id(ID) {
            show(&place, &toasts);
        }
    });
    view! { <div id=ID class="toasts"></div> }
}

/// Called once, when the page wakes.
pub fn listen(dashboard: Dashboard) {
    let Some(place) = dom::by_id(ID) else { return };
    dom::listen(&place, "click", move |event: MouseEvent| {
        let number = dom::around(&event, ".toast button").and_then(|button| number(&button.parent_element()?));
        let pressed = dashboard.state().toasts.now().into_iter().find(|toast| Some(toast.number) == number);
        match pressed {
            Some(Toast { number, what: What::Deleted { id, name } }) => dashboard.restore(number, id, &name),
            Some(Toast { number, what: What::Filtered(_) }) => {
                dashboard.dismiss(number);
                filter::clear(dashboard);
            }
            Some(toast) => dashboard.dismiss(toast.number),
            None => {}
        }
    });
}

fn number(message: &Element) -> Option<u32> {
    message.get_attribute(NUMBER)?.parse().ok()
}

/// Messages that stay are left alone, so that they are read aloud once and keep the focus.
fn show(place: &Element, toasts: &[Toast]) {
    let messages = place.children();
    let mut there = Vec::new();
    for message in (0..messages.length()).rev().filter_map(|at| messages.item(at)) {
        match number(&message).filter(|number| toasts.iter().any(|toast| toast.number == *number)) {
            Some(number) => there.push(number),
            None => message.remove(),
        }
    }
    for toast in toasts.iter().filter(|toast| !there.contains(&toast.number)) {
        let text = match &toast.what {
            What::Error(text) => text.clone(),
            What::Deleted { name, .. } if name.is_empty() => "Deleted the untitled cell.".to_owned(),
            What::Deleted { name, .. } => ["Deleted ‘", name, "’."].concat(),
            What::Copied(what) => ["Copied ", what, "."].concat(),
            What::Filtered(1) => "The filter hides 1 cell that is new or renamed.".to_owned(),
            What::Filtered(count) => ["The filter hides ", &count.to_string(), " cells that are new or renamed."].concat(),
        };
        let (class, role) = if matches!(toast.what, What::Error(_)) { ("toast error", "alert") } else { ("toast", "status") };
        let Some(message) = dom::append(place, "div", class, "") else { continue };
        dom::mark(&message, "role", role);
        dom::mark(&message, NUMBER, &toast.number.to_string());
        dom::append(&message, "span", "", &text);
        let word = match toast.what {
            What::Deleted { .. } => "Undo",
            What::Filtered(_) => "Show all",
            _ => "Dismiss",
        };
        if let Some(button) = dom::append(&message, "button", "", word) {
            dom::mark(&button, "type", "button");
        }
    }
}
