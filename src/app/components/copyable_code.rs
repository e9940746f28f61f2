//! A command to copy into a terminal or a script.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::watched::{Watched, dynamic, handler};
use crate::browser::clipboard;

/// `label` tells the button from the others: "Copy the curl command".
#[component]
pub fn Command(#[prop(into)] text: String, label: &'static str) -> impl IntoView {
    let copied = Arc::new(Watched::new(false));
    let is_copied = copied.clone();
    let shown = text.clone();
    let copy = move |_| {
        let (text, copied) = (text.clone(), copied.clone());
        spawn_local(async move {
            copied.set(clipboard::copy(&text).await);
            set_timeout(move || copied.set(false), Duration::from_secs(2));
        });
    };
    // The browser drops a line break right after <pre>; <code> between them keeps the text as it is.
    view! {
        <div class="command">
            <pre tabindex="0">
                <code>{shown}</code>
            </pre>
            <button type="button" aria-label=label on:click=handler(copy)>
                {dynamic(move || if is_copied.get() { "Copied" } else { "Copy" }.to_owned())}
            </button>
        </div>
    }
}
