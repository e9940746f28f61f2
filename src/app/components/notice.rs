//! The server's warning about itself, fixed at the lower edge of the window.

use leptos::prelude::*;

use crate::app::state::use_dashboard;

#[component]
pub fn Notice() -> impl IntoView {
    let dashboard = use_dashboard();
    view! {
        <p class="notice" role="alert" hidden=move || dashboard.notice.read().is_none()>
            {move || dashboard.notice.get().unwrap_or_default()}
        </p>
    }
}
