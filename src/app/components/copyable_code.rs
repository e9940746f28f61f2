//! A command or code with a button that copies it.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser::clipboard;

/// `label` is the accessible name of the button, such as "Copy the curl command".
#[component]
pub fn CopyableCode(#[prop(into)] text: String, label: &'static str) -> impl IntoView {
    let is_copied = RwSignal::new(false);
    let shown = text.clone();
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            is_copied.set(clipboard::copy(&text).await);
            set_timeout(
                move || {
                    is_copied.try_set(false);
                },
                Duration::from_secs(2),
            );
        });
    };
    // The parser drops a line break right after <pre>: <code> keeps the text as it is.
    view! {
        <div class="copyable-code">
            <pre tabindex="0">
                <code>{shown}</code>
            </pre>
            <button type="button" aria-label=label on:click=copy>
                {move || if is_copied.get() { "Copied" } else { "Copy" }.to_owned()}
            </button>
        </div>
    }
}
