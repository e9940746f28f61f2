//! Short messages at the edge of the page: errors, and deletions that can be undone.

use leptos::prelude::*;

use crate::app::in_browser::InBrowser;
use crate::app::state::{Toast, ToastKind, use_dashboard};

fn message(kind: &ToastKind) -> String {
    match kind {
        ToastKind::Error(text) => text.clone(),
        ToastKind::Deleted { name, .. } if name.is_empty() => "Deleted the untitled cell.".to_owned(),
        ToastKind::Deleted { name, .. } => ["Deleted ‘", name, "’."].concat(),
        ToastKind::DeletedRun { name, .. } => ["Deleted the run ‘", name, "’."].concat(),
        ToastKind::HiddenRun { name, .. } => ["Hid the run ‘", name, "’ for everyone."].concat(),
        ToastKind::Tagged { tag, runs } if runs.is_empty() => ["All of them have the tag ‘", tag, "’ already."].concat(),
        ToastKind::Tagged { tag, runs } if runs.len() == 1 => ["Tagged 1 run with ‘", tag, "’."].concat(),
        ToastKind::Tagged { tag, runs } => ["Tagged ", &runs.len().to_string(), " runs with ‘", tag, "’."].concat(),
        ToastKind::Arranged { message, .. } | ToastKind::Changed { message, .. } | ToastKind::SetCharts { message, .. } => message.clone(),
        ToastKind::Overridden { message, .. } => message.clone(),
        ToastKind::Copied(object) => ["Copied ", object, "."].concat(),
        ToastKind::Filtered(1) => "The filter hides 1 cell that is new or renamed.".to_owned(),
        ToastKind::Filtered(count) => ["The filter hides ", &count.to_string(), " cells that are new or renamed."].concat(),
    }
}

fn button(kind: &ToastKind) -> &'static str {
    match kind {
        kind if kind.offers_undo() => "Undo",
        ToastKind::Filtered(_) => "Show all",
        ToastKind::Overridden { .. } => "Set for everyone",
        _ => "Dismiss",
    }
}

#[component]
pub fn Toasts() -> impl IntoView {
    let dashboard = use_dashboard();
    view! {
        <div id="toasts" class="toasts">
            <For each=move || dashboard.toasts.get() key=|toast| toast.number let(toast)>
                {InBrowser(view! { <ToastView toast /> })}
            </For>
        </div>
    }
}

#[component]
fn ToastView(toast: Toast) -> impl IntoView {
    let dashboard = use_dashboard();
    let is_error = matches!(toast.kind, ToastKind::Error(_));
    let (message, button) = (message(&toast.kind), button(&toast.kind));
    let press = move |_| dashboard.press_toast(toast.clone());
    view! {
        <div class="toast" class:error=is_error role=if is_error { "alert" } else { "status" }>
            <span>{message}</span>
            <button type="button" on:click=press>
                {button}
            </button>
        </div>
    }
}
