//! Short messages at the edge of the page: errors, and deletions that can be undone.

use std::time::Duration;

use leptos::prelude::*;

use super::filter;
use crate::app::state::{Dashboard, use_dashboard};
use crate::protocol::CellId;

#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Counts up; nothing else tells two toasts apart.
    pub number: u32,
    pub kind: ToastKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ToastKind {
    Error(String),
    Deleted {
        id: CellId,
        name: String,
    },
    /// Completes the sentence "Copied …".
    Copied(&'static str),
    /// This number of cells is new or renamed, and hidden by the filter.
    Filtered(u32),
}

impl ToastKind {
    /// Long enough to read it and to reach the button.
    const fn duration(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Error(_) => 15,
            Self::Deleted { .. } | Self::Filtered(_) => 10,
            Self::Copied(_) => 3,
        })
    }

    fn message(&self) -> String {
        match self {
            Self::Error(text) => text.clone(),
            Self::Deleted { name, .. } if name.is_empty() => "Deleted the untitled cell.".to_owned(),
            Self::Deleted { name, .. } => ["Deleted ‘", name, "’."].concat(),
            Self::Copied(what) => ["Copied ", what, "."].concat(),
            Self::Filtered(1) => "The filter hides 1 cell that is new or renamed.".to_owned(),
            Self::Filtered(count) => ["The filter hides ", &count.to_string(), " cells that are new or renamed."].concat(),
        }
    }

    const fn button(&self) -> &'static str {
        match self {
            Self::Deleted { .. } => "Undo",
            Self::Filtered(_) => "Show all",
            Self::Error(_) | Self::Copied(_) => "Dismiss",
        }
    }
}

impl Dashboard {
    pub fn notify(self, kind: ToastKind) {
        let duration = kind.duration();
        let mut toasts = self.toasts.get_untracked();
        let number = toasts.last().map_or(0, |toast| toast.number.wrapping_add(1));
        let kind = match kind {
            ToastKind::Filtered(count) => {
                let is_filtered = |toast: &Toast| matches!(toast.kind, ToastKind::Filtered(_));
                let before = toasts.iter().position(is_filtered).map(|at| toasts.remove(at));
                match before.map(|toast| toast.kind) {
                    Some(ToastKind::Filtered(before)) => ToastKind::Filtered(before.saturating_add(count)),
                    _ => ToastKind::Filtered(count),
                }
            }
            kind => kind,
        };
        // The same once more takes the place of the first.
        toasts.retain(|toast| toast.kind != kind);
        toasts.push(Toast { number, kind });
        self.toasts.set(toasts);
        set_timeout(move || self.dismiss(number), duration);
    }

    pub fn dismiss(self, number: u32) {
        self.toasts.update(|toasts| toasts.retain(|toast| toast.number != number));
    }
}

#[component]
pub fn Toasts() -> impl IntoView {
    let dashboard = use_dashboard();
    view! {
        <div id="toasts" class="toasts">
            <For each=move || dashboard.toasts.get() key=|toast| toast.number let(toast)>
                <ToastView toast />
            </For>
        </div>
    }
}

#[component]
fn ToastView(toast: Toast) -> impl IntoView {
    let dashboard = use_dashboard();
    let Toast { number, kind } = toast;
    let is_error = matches!(kind, ToastKind::Error(_));
    let (message, button) = (kind.message(), kind.button());
    let press = move |_| match &kind {
        ToastKind::Deleted { id, name } => dashboard.restore(number, id.clone(), name),
        ToastKind::Filtered(_) => {
            dashboard.dismiss(number);
            filter::clear(dashboard);
        }
        ToastKind::Error(_) | ToastKind::Copied(_) => dashboard.dismiss(number),
    };
    view! {
        <div class="toast" class:error=is_error role=if is_error { "alert" } else { "status" }>
            <span>{message}</span>
            <button type="button" on:click=press>
                {button}
            </button>
        </div>
    }
}
