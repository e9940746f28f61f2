//! The menu of a cell: one for all cells, opened beside the button that was pressed.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent};

use crate::app::state::{CellState, Dashboard, Field, SetIfChanged, use_dashboard};
use crate::app::{charts, focus};
use crate::browser::dom;
use crate::protocol::{CellContent, CellId};
use crate::routes;

const ID: &str = "cell-menu";

/// Called once, when the page wakes.
pub fn listen(dashboard: Dashboard) {
    let Some(menu) = dom::by_id(ID) else { return };
    dom::listen(&menu, "keydown", |event: KeyboardEvent| keys(&event));
    dom::listen(&menu, "toggle", move |_: Event| {
        if !is_open() {
            dashboard.menu_cell.set_if_changed(None);
        }
    });
    // The cell may be deleted, or become another kind, while its menu is open.
    let items = menu.clone();
    dom::effect(move || {
        let Some(id) = dashboard.menu_cell.get() else { return };
        match dashboard.cells.with(|cells| cells.iter().find(|cell| cell.id == id).cloned()) {
            Some(cell) => {
                cell.content_kind.get();
                cell.cell_type.get();
                show_items(&items, Some(&cell), dashboard.may_write());
            }
            None => close(),
        }
    });
    // A press on the button of the open menu closes it before the click comes, which must not open it again.
    dom::listen(&document(), "pointerdown", move |event: Event| {
        let of_button = dom::around(&event, ".menu-button").and_then(|button| focus::owner(&button));
        dashboard.menu_closing.set_if_changed(of_button.filter(|id| dashboard.menu_cell.with_untracked(|open| open.as_ref() == Some(id))));
    });
}

fn is_open() -> bool {
    dom::by_id(ID).is_some_and(|menu| menu.matches(":popover-open").unwrap_or(false))
}

/// Shows the menu of this cell under its button. The browser closes it on Esc and on a click elsewhere, and gives the focus back.
pub fn open(dashboard: Dashboard, id: CellId, button: &HtmlElement) {
    let Some(menu) = dom::by_id(ID) else { return };
    let was_open = dashboard.menu_closing.with_untracked(|closing| closing.as_ref() == Some(&id));
    dashboard.menu_closing.set_if_changed(None);
    if was_open {
        return;
    }
    show_items(&menu, dashboard.cell(&id).as_deref(), dashboard.may_write());
    dashboard.menu_cell.set(Some(id));
    if !beside(&menu, button, false) {
        dashboard.menu_cell.set_if_changed(None);
        return;
    }
    go(&menu, |_, _| 0);
}

/// Only what is drawn from numbers can be saved; a table has its numbers and no drawing. Who may not write is offered what only reads.
fn show_items(menu: &HtmlElement, cell: Option<&CellState>, may_write: bool) {
    let is_drawn = cell
        .is_some_and(|cell| cell.content.with_untracked(|stage| matches!(stage, CellContent::LineChart(_) | CellContent::Chart { .. })));
    let is_table = cell.is_some_and(|cell| cell.cell_type.with_untracked(|kind| kind == "table"));
    for (at, (item, _)) in (0..).zip(ITEMS) {
        let is_shown = match item {
            Item::SavePng | Item::SaveSvg => is_drawn,
            Item::SaveCsv => is_drawn || is_table,
            Item::CopyId | Item::CopyLink => continue,
            _ => may_write,
        };
        if let Some(button) = menu.children().item(at) {
            button.unchecked_into::<HtmlElement>().set_hidden(!is_shown);
        }
    }
}

/// In narrower windows the style sheet puts what leaves a cell in sight at the lower edge.
const NARROW: i32 = 900;

/// Kept between a popover and what is beside it, in CSS pixels.
const GAP: i32 = 8;

/// Shows a popover under the button that opens it, or beside an element that stays in sight: at the right of it, or at the left where there is
/// no room. False where the browser knows no popovers.
pub fn beside(menu: &HtmlElement, element: &Element, stays: bool) -> bool {
    let Some(root) = document().document_element().filter(|_| menu.show_popover().is_ok()) else { return false };
    if stays && root.client_width() <= NARROW {
        element.scroll_into_view();
    }
    let beside = element.get_bounding_client_rect();
    let (start, end) = (beside.left() as i32, beside.right() as i32);
    let (width, most) = (menu.offset_width(), root.client_width() - GAP);
    let (left, top) = match stays {
        false => (end - width, beside.bottom() as i32 + GAP / 2),
        true if end + GAP + width > most && start - GAP - width >= GAP => (start - GAP - width, beside.top() as i32),
        true => ((end + GAP).min(most - width), beside.top() as i32),
    };
    let top = top.min(root.client_height() - GAP - menu.offset_height());
    let style = ["left:", &left.max(GAP).to_string(), "px;top:", &top.max(GAP).to_string(), "px"].concat();
    dom::mark(menu, "style", &style);
    true
}

fn close() {
    if let Some(menu) = dom::by_id(ID) {
        let _ = menu.hide_popover();
    }
}

/// Focuses the item that `pick` names, from the place of the focused one and the number of all that are shown.
fn go(menu: &HtmlElement, pick: impl Fn(usize, usize) -> usize) {
    let children = menu.children();
    let items = (0..children.length()).filter_map(|at| children.item(at)).map(|item| item.unchecked_into::<HtmlElement>());
    let items: Vec<HtmlElement> = items.filter(|item| !item.hidden()).collect();
    let active = document().active_element();
    let at = items.iter().position(|item| active.as_ref().is_some_and(|active| **item == *active)).unwrap_or(0);
    if let Some(item) = items.get(pick(at, items.len())) {
        let _ = item.focus();
    }
}

fn keys(event: &KeyboardEvent) {
    let Some(menu) = dom::by_id(ID) else { return };
    match event.key().as_str() {
        "ArrowDown" => go(&menu, |at, all| (at + 1) % all),
        "ArrowUp" => go(&menu, |at, all| (at + all - 1) % all),
        "Home" => go(&menu, |_, _| 0),
        "End" => go(&menu, |_, all| all - 1),
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
    SavePng,
    SaveSvg,
    SaveCsv,
    Delete,
}

const ITEMS: [(Item, &str); 10] = [
    (Item::Rename, "Rename"),
    (Item::Note, "Edit note"),
    (Item::Earlier, "Move earlier"),
    (Item::Later, "Move later"),
    (Item::CopyId, "Copy id"),
    (Item::CopyLink, "Copy link to value"),
    (Item::SavePng, "Save as PNG"),
    (Item::SaveSvg, "Save as SVG"),
    (Item::SaveCsv, "Save as CSV"),
    (Item::Delete, "Delete"),
];

fn choose(dashboard: Dashboard, item: Item) {
    let Some(id) = dashboard.menu_cell.get_untracked() else { return };
    // First, because it gives the focus back to the button; what is chosen may then take it.
    close();
    match item {
        Item::Rename => dashboard.edit(id, Field::Name),
        Item::Note => dashboard.edit(id, Field::Note),
        Item::Earlier => dashboard.step(id, false),
        Item::Later => dashboard.step(id, true),
        Item::CopyId => dashboard.copy(id.to_string(), "the id"),
        Item::CopyLink => dashboard.copy(dom::root() + &routes::value(&id), "the link"),
        Item::SavePng => dashboard.save_png(id),
        // What is answered is a file to keep: the page stays.
        Item::SaveSvg => drop(window().location().assign(&routes::svg_file(&id, &charts::seen(&id)))),
        Item::SaveCsv => drop(window().location().assign(&routes::csv_file(&id))),
        Item::Delete => dashboard.remove(id),
    }
}

#[component]
pub fn CellMenu() -> impl IntoView {
    let dashboard = use_dashboard();
    let items = ITEMS.map(|(item, label)| {
        view! {
            <button type="button" role="menuitem" tabindex="-1" on:click=move |_| choose(dashboard, item)>
                {label}
            </button>
        }
    });
    view! {
        <div id=ID class="menu" popover="auto" role="menu" aria-label="Cell">
            {items.into_iter().collect_view()}
        </div>
    }
}
