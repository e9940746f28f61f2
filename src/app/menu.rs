//! The menu of a cell: one for all cells, opened beside the button that was pressed.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use super::state::{Dashboard, Field};
use crate::client::{browser, urls};
use crate::protocol::CellId;

const ID: &str = "cell-menu";

/// Shows the menu of this cell under its button. The browser closes it on Esc and on a click elsewhere, and gives the focus back.
pub fn open(dashboard: Dashboard, id: CellId, button: &HtmlElement) {
    let Some(menu) = browser::by_id(ID) else { return };
    dashboard.menu.set(Some(id));
    if menu.show_popover().is_err() {
        dashboard.menu.set(None);
        return;
    }
    let beside = button.get_bounding_client_rect();
    let edge = |length: Result<wasm_bindgen::JsValue, _>| length.ok().and_then(|length| length.as_f64()).unwrap_or(0.0) - 8.0;
    let left = (beside.right() - f64::from(menu.offset_width())).max(8.0);
    let top = (beside.bottom() + 4.0).min(edge(window().inner_height()) - f64::from(menu.offset_height())).max(8.0);
    let style = ["left:", &left.round().to_string(), "px;top:", &top.round().to_string(), "px"].concat();
    let _ = menu.set_attribute("style", &style);
    focus(&menu, |_, _| 0);
}

fn close() {
    if let Some(menu) = browser::by_id(ID) {
        let _ = menu.hide_popover();
    }
}

/// Focuses the item that `pick` names, from the place of the focused one and the number of all.
fn focus(menu: &HtmlElement, pick: impl Fn(u32, u32) -> u32) {
    let items = menu.children();
    let active = document().active_element();
    let at = (0..items.length()).find(|at| items.item(*at) == active).unwrap_or(0);
    let item = items.item(pick(at, items.length())).and_then(|item| item.dyn_into::<HtmlElement>().ok());
    if let Some(item) = item {
        let _ = item.focus();
    }
}

fn keys(event: KeyboardEvent) {
    let Some(menu) = browser::by_id(ID) else { return };
    match event.key().as_str() {
        "ArrowDown" => focus(&menu, |at, all| (at + 1) % all),
        "ArrowUp" => focus(&menu, |at, all| (at + all - 1) % all),
        "Home" => focus(&menu, |_, _| 0),
        "End" => focus(&menu, |_, all| all - 1),
        "Tab" => close(),
        _ => return,
    }
    event.prevent_default();
}

#[derive(Clone, Copy)]
enum Item {
    Rename,
    Note,
    Earlier,
    Later,
    CopyId,
    CopyLink,
    Delete,
}

const ITEMS: [(Item, &str); 7] = [
    (Item::Rename, "Rename"),
    (Item::Note, "Edit note"),
    (Item::Earlier, "Move earlier"),
    (Item::Later, "Move later"),
    (Item::CopyId, "Copy id"),
    (Item::CopyLink, "Copy link to value"),
    (Item::Delete, "Delete"),
];

fn choose(dashboard: Dashboard, item: Item) {
    let Some(id) = dashboard.menu.get_untracked() else { return };
    // First, because it gives the focus back to the button; what is chosen may then take it.
    close();
    match item {
        Item::Rename => dashboard.edit(id, Field::Name),
        Item::Note => dashboard.edit(id, Field::Note),
        Item::Earlier => dashboard.step(id, false),
        Item::Later => dashboard.step(id, true),
        Item::CopyId => dashboard.copy(id.to_string(), "the id"),
        Item::CopyLink => {
            let origin = window().location().origin().unwrap_or_default();
            dashboard.copy(origin + &urls::value(&id), "the link");
        }
        Item::Delete => dashboard.remove(id),
    }
}

#[component]
pub fn CellMenu() -> impl IntoView {
    let dashboard = Dashboard::here();
    let closed = move |_| {
        let is_open = browser::by_id(ID).is_some_and(|menu| menu.matches(":popover-open").unwrap_or(false));
        if !is_open {
            dashboard.menu.set(None);
        }
    };
    let items = ITEMS.map(|(item, label)| {
        view! {
            <button type="button" role="menuitem" tabindex="-1" on:click=move |_| choose(dashboard, item)>
                {label}
            </button>
        }
    });
    view! {
        <div id=ID class="menu" popover="auto" role="menu" aria-label="Cell" on:toggle=closed on:keydown=keys>
            {items.into_iter().collect_view()}
        </div>
    }
}
