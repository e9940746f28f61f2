//! The sections to which a cell can be moved, in place of the items of its menu; and the field for the name of a new one.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlElement;

use crate::app::state::{MenuPage, use_dashboard};
use crate::protocol::CellId;

/// The server's limit for names.
const MAX_NAME: &str = "120";

/// `choose` gets the name of the section; empty: the part of the board without a name. `shown` is called once they are in the document.
#[component]
pub fn SectionChoice(id: CellId, shown: Callback<Option<HtmlElement>>, choose: Callback<String>) -> impl IntoView {
    let dashboard = use_dashboard();
    let sections = dashboard.arrangement.sections.with_untracked(|sections| {
        let others = sections.iter().filter(|section| !section.cells.contains(&id));
        others.map(|section| section.name.clone()).collect::<Vec<_>>()
    });
    let has_own = dashboard.cell(&id).is_some_and(|cell| cell.layout.with_untracked(|layout| layout.section.is_some()));
    // The part without a name is there once it has a cell.
    let is_missing = has_own && !sections.iter().any(String::is_empty);
    let last = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        if last.get().is_some() {
            shown.run(None);
        }
    });
    let button = move |name: String| {
        let label = if name.is_empty() { "No section".to_owned() } else { name.clone() };
        view! {
            <button type="button" role="menuitem" tabindex="-1" on:click=move |_| choose.run(name.clone())>
                {label}
            </button>
        }
    };
    view! {
        {is_missing.then(|| button(String::new()))}
        {sections.into_iter().map(button).collect_view()}
        <button type="button" role="menuitem" tabindex="-1" node_ref=last on:click=move |_| dashboard.menu_page.set(MenuPage::NewSection)>
            "New section…"
        </button>
    }
}

/// Enter moves the cell. `shown` gets the field once it is in the document.
#[component]
pub fn NewSectionField(shown: Callback<Option<HtmlElement>>, choose: Callback<String>) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            shown.run(Some(field.into()));
        }
    });
    let create = move |event: SubmitEvent| {
        event.prevent_default();
        let name = field.get_untracked().map(|field| field.value().trim().to_owned()).unwrap_or_default();
        if !name.is_empty() {
            choose.run(name);
        }
    };
    // Letters, arrows and Tab belong to the field, not to the menu.
    let on_key = |event: KeyboardEvent| event.stop_propagation();
    view! {
        <form class="view-name" on:submit=create on:keydown=on_key>
            <input
                type="text"
                node_ref=field
                maxlength=MAX_NAME
                aria-label="Name of a new section"
                placeholder="New section"
                autocomplete="off"
            />
            <button type="submit" class="primary">
                "Move"
            </button>
        </form>
    }
}
