//! A list to choose from, with its name.

use leptos::prelude::*;

use crate::app::erased::Erase;

/// A list to choose from: values with their texts, of which one is chosen.
pub type Options = Vec<(String, String)>;

/// A select with its name before it.
pub fn choice(
    name: &'static str,
    options: impl Fn() -> Options + Copy + Send + Sync + 'static,
    value: impl Fn() -> String + Copy + Send + Sync + 'static,
    choose: impl Fn(String) + Copy + Send + Sync + 'static,
) -> impl Fn() -> AnyView + Copy + Send + Sync + 'static {
    move || {
        let options = move || {
            let chosen = value();
            options()
                .into_iter()
                .map(|(value, text)| {
                    let is_chosen = value == chosen;
                    view! {
                        <option value=value selected=is_chosen prop:selected=is_chosen>
                            {text}
                        </option>
                    }
                })
                .collect_view()
        };
        view! {
            <label>
                {name}
                <select aria-label=name on:change:target=move |event| choose(event.target().value())>
                    {options}
                </select>
            </label>
        }
        .erase_built()
    }
}
