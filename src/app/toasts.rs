//! Short messages at the edge of the page: what went wrong, what was deleted and can be brought back.

use std::time::Duration;

use leptos::either::EitherOf3;
use leptos::prelude::*;

use super::state::Dashboard;
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
        let number = self.toasts.with_untracked(|toasts| toasts.last().map_or(0, |toast| toast.number.wrapping_add(1)));
        self.toasts.update(|toasts| toasts.push(Toast { number, what }));
        set_timeout(move || self.dismiss(number), lasts);
    }

    pub fn dismiss(self, number: u32) {
        self.toasts.update(|toasts| toasts.retain(|toast| toast.number != number));
    }
}

#[component]
pub fn Toasts() -> impl IntoView {
    let dashboard = Dashboard::here();
    view! {
        <div class="toasts">
            <For each=move || dashboard.toasts.get() key=|toast| toast.number let(toast)>
                <Message toast />
            </For>
        </div>
    }
}

#[component]
fn Message(toast: Toast) -> impl IntoView {
    let dashboard = Dashboard::here();
    let Toast { number, what } = toast;
    match what {
        What::Error(text) => EitherOf3::A(view! {
            <div class="toast error" role="alert">
                <span>{text}</span>
                <button type="button" aria-label="Dismiss" on:click=move |_| dashboard.dismiss(number)>
                    "✕"
                </button>
            </div>
        }),
        What::Deleted { id, name } => EitherOf3::B(view! {
            <div class="toast" role="status">
                <span>{if name.is_empty() { "Deleted the untitled cell.".to_owned() } else { ["Deleted ‘", &name, "’."].concat() }}</span>
                <button type="button" on:click=move |_| dashboard.restore(number, id.clone())>
                    "Undo"
                </button>
            </div>
        }),
        What::Copied(what) => EitherOf3::C(view! {
            <div class="toast" role="status">
                <span>{["Copied ", what, "."].concat()}</span>
            </div>
        }),
    }
}
