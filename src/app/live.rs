//! Joins the connection to the page's state, and shows how it is.

use futures::channel::mpsc::unbounded;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::state::Dashboard;
use crate::client::live::{Live, Reader, follow, wake_on_return};
use crate::client::{browser, urls};
use crate::protocol::{Cell, Event};

/// Connects, and stays connected. Browser only.
pub fn start(dashboard: Dashboard) {
    let (wake, woken) = unbounded();
    dashboard.wake.set_value(Some(wake.clone()));
    wake_on_return(wake);
    spawn_local(follow(dashboard, woken));
}

impl Reader for Dashboard {
    fn address(&self) -> String {
        let (board, epoch, since) = self.position();
        let location = window().location();
        let scheme = if location.protocol().is_ok_and(|scheme| scheme == "https:") { "wss://" } else { "ws://" };
        [scheme, &location.host().unwrap_or_default(), &urls::live(&board, &epoch, since)].concat()
    }

    fn take(&self, event: Event<Cell>) {
        if let Event::Hello { build, .. } = &event
            && self.facts.with_value(|facts| facts.build != *build)
        {
            reload_for(*self, build.clone());
        }
        self.apply(event);
    }

    fn forget(&self) {
        self.forget_position();
    }

    fn show(&self, state: Live) {
        if self.live.get_untracked() != state {
            self.live.set(state);
        }
    }
}

/// Loads the page of the server's new build: once for each build and tab, so that a cache that answers with the old page cannot make a circle.
/// Waits until nothing is being edited.
fn reload_for(dashboard: Dashboard, build: String) {
    const RELOADED_FOR: &str = "agnez-reloaded-for";
    let Some(storage) = browser::passing() else { return };
    if storage.get_item(RELOADED_FOR).ok().flatten().as_deref() == Some(&build) || storage.set_item(RELOADED_FOR, &build).is_err() {
        return;
    }
    Effect::new(move || {
        if dashboard.editing.with(Option::is_none) {
            let _ = window().location().reload();
        }
    });
}

/// A dot and a word. The word is announced; the seconds, which would be chatter, are not.
#[component]
pub fn LiveState() -> impl IntoView {
    let dashboard = Dashboard::here();
    let state = dashboard.live;
    let word = Memo::new(move |_| match state.get() {
        Live::Connecting => "connecting",
        Live::Live => "live",
        Live::Waiting(_) => "reconnecting",
    });
    let seconds = Memo::new(move |_| match state.get() {
        Live::Waiting(seconds) => Some(seconds),
        _ => None,
    });
    view! {
        <span class="live" data-state=word>
            <span class="dot" aria-hidden="true"></span>
            <span role="status">{word}</span>
            {move || {
                seconds
                    .get()
                    .map(|seconds| {
                        view! {
                            <span aria-hidden="true">{[" in ", &seconds.to_string(), " s"].concat()}</span>
                            <button
                                type="button"
                                class="quiet"
                                aria-label="Reconnect now"
                                on:click=move |_| {
                                    dashboard
                                        .wake
                                        .with_value(|wake| {
                                            if let Some(wake) = wake {
                                                let _ = wake.unbounded_send(());
                                            }
                                        })
                                }
                            >
                                "now"
                            </button>
                        }
                    })
            }}
        </span>
    }
}
