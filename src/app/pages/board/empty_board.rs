//! What an empty board shows: how to send the first cell.

use leptos::prelude::*;

use super::first_commands;
use crate::app::components::copyable_code::CopyableCode;
use crate::app::state::use_dashboard;

#[component]
pub fn EmptyBoard() -> impl IntoView {
    let page = use_dashboard().page();
    let title = if page.may_write { "Send the first cell" } else { "Nothing here yet" };
    view! {
        <section class="empty-board" aria-labelledby="empty-board-title">
            <h2 id="empty-board-title">{title}</h2>
            {page.may_write.then(|| view! { <FirstCommands /> })}
        </section>
    }
}

#[component]
fn FirstCommands() -> impl IntoView {
    let page = use_dashboard().page();
    let token = page.needs_token.then(|| {
        view! {
            <p>"In each command, replace " <code>"TOKEN"</code> " with your access token."</p>
        }
    });
    view! {
        <p>"It appears here as soon as it is sent, without a reload."</p>
        {token}
        <h3>"Python"</h3>
        <CopyableCode text="pip install agnez" label="Copy the install command" />
        <CopyableCode text=first_commands::python(&page) label="Copy the Python code" />
        <h3>"Shell, or any language that speaks HTTP"</h3>
        <CopyableCode text=first_commands::curl(&page) label="Copy the curl command" />
        <h3>"No training at hand? The demo trains a small network"</h3>
        <CopyableCode text=first_commands::demo(&page) label="Copy the demo command" />
    }
}
