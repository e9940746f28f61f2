//! The button that changes the theme.

use leptos::prelude::*;

use crate::app::state::use_dashboard;

/// The style sheet draws the icon from `data-theme`, so that it is right before the page is hydrated.
#[component]
pub fn ThemeButton() -> impl IntoView {
    let dashboard = use_dashboard();
    let label = move || ["Theme: ", dashboard.theme.get().name()].concat();
    view! {
        <button type="button" class="icon-button" aria-label=label title="Theme (t)" on:click=move |_| dashboard.next_theme()>
            <span class="theme-icon" aria-hidden="true"></span>
        </button>
    }
}
