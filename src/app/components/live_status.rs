//! Shows the state of the live connection.

use leptos::prelude::*;

use crate::app::state::use_dashboard;
use crate::browser::connection::Live;

/// A dot and a word. Screen readers announce the word, and not each second of the countdown.
#[component]
pub fn LiveState() -> impl IntoView {
    let dashboard = use_dashboard();
    let state = move || dashboard.live.get();
    let word = move || match state() {
        Live::Connecting => "connecting",
        Live::Live => "live",
        Live::Waiting(_) => "reconnecting",
    };
    let is_waiting = move || matches!(state(), Live::Waiting(_));
    let countdown = move || match state() {
        Live::Waiting(seconds) => ["in ", &seconds.to_string(), " s"].concat(),
        _ => String::new(),
    };
    let retry = move |_| {
        dashboard.connection.with_value(|connection| {
            if let Some(connection) = connection {
                connection.wake();
            }
        });
    };
    view! {
        <span class="live-status" data-state=move || Some(word())>
            <span class="status-dot" aria-hidden="true"></span>
            <span role="status">{move || word().to_owned()}</span>
            <span aria-hidden="true" hidden=move || !is_waiting()>
                {countdown}
            </span>
            <button type="button" class="quiet" aria-label="Reconnect now" hidden=move || !is_waiting() on:click=retry>
                "now"
            </button>
        </span>
    }
}
