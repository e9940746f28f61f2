//! The named sizes in a menu: S, M, L and full.

use leptos::prelude::*;

use crate::app::state::{CellSize, NAMED_SIZES};

#[component]
pub fn SizeChoice(label: &'static str, #[prop(into)] size: Signal<Option<CellSize>>, choose: Callback<CellSize>) -> impl IntoView {
    let choices = NAMED_SIZES.map(|(name, named)| {
        view! {
            <button
                type="button"
                role="menuitemradio"
                tabindex="-1"
                aria-checked=move || if size.get() == Some(named) { "true" } else { "false" }
                on:click=move |_| choose.run(named)
            >
                {name}
            </button>
        }
    });
    view! {
        <div class="size-choice" role="group" aria-label=label>
            <span aria-hidden="true">{label}</span>
            <span class="choice" role="none">
                {choices.into_iter().collect_view()}
            </span>
        </div>
    }
}
