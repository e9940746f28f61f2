//! The warning of the server about itself, below everything, wherever the reader has scrolled.

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
