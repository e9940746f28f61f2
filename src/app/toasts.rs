//! Short messages at the edge of the page: what went wrong, what was deleted and can be brought back.

use std::time::Duration;

use leptos::prelude::*;
use web_sys::MouseEvent;

use super::state::Dashboard;
use super::watched::handler;
use crate::protocol::CellId;

#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Counts up; nothing else tells two toasts apart.
    pub number: u32,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Error(String),
    Deleted { id: CellId, name: String },
    Copied(&'static str),
}

impl What {
    /// Long enough to read it and to reach the button.
    const fn lasts(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Error(_) => 15,
            Self::Deleted { .. } => 10,
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

#[component]
pub fn Toasts() -> impl IntoView {
    let dashboard = Dashboard::here();
    view! {
        <div class="toasts">
            <For each=move || dashboard.state().toasts.get() key=|toast| toast.number.to_string() let(toast)>
                <Message toast />
            </For>
        </div>
    }
}

#[component]
fn Message(toast: Toast) -> impl IntoView {
    let dashboard = Dashboard::here();
    let Toast { number, what } = toast;
    let text = match &what {
        What::Error(text) => text.clone(),
        What::Deleted { name, .. } if name.is_empty() => "Deleted the untitled cell.".to_owned(),
        What::Deleted { name, .. } => ["Deleted ‘", name, "’."].concat(),
        What::Copied(what) => ["Copied ", what, "."].concat(),
    };
    let (class, role) = if matches!(what, What::Error(_)) { ("toast error", "alert") } else { ("toast", "status") };
    let button = if matches!(what, What::Deleted { .. }) { "Undo" } else { "Dismiss" };
    let press = move |_: MouseEvent| match &what {
        What::Deleted { id, .. } => dashboard.restore(number, id.clone()),
        _ => dashboard.dismiss(number),
    };
    view! {
        <div class=class role=role>
            <span>{text}</span>
            <button type="button" on:click=handler(press)>
                {button}
            </button>
        </div>
    }
}
