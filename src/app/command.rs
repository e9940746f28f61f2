//! A command to copy into a terminal or a script.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::client::clipboard;

/// `label` tells the button from the others: "Copy the curl command".
#[component]
pub fn Command(#[prop(into)] text: String, label: &'static str) -> impl IntoView {
    let copied = RwSignal::new(false);
    let shown = text.clone();
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            let done = clipboard::copy(&text).await;
            // The cell may be gone by now.
            copied.try_set(done);
            set_timeout(
                move || {
                    copied.try_set(false);
                },
                Duration::from_secs(2),
            );
        });
    };
    // The browser drops a line break right after <pre>; <code> between them keeps the text as it is.
    view! {
        <div class="command">
            <pre tabindex="0">
                <code>{shown}</code>
            </pre>
            <button type="button" aria-label=label on:click=copy>
                {move || if copied.get() { "Copied" } else { "Copy" }}
            </button>
        </div>
    }
}
