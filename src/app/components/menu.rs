//! The menu of a cell. One element serves all cells; it opens beside the pressed button.

use std::sync::Arc;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::section_choice::SectionChoice;
use super::size_choice::SizeChoice;
use crate::app::fullscreen;
use crate::app::in_browser::InBrowser;
use crate::app::signals::SetIfChanged;
use crate::app::state::{CellSize, CellState, ContentKind, Dashboard, Field, Landing, use_dashboard};
use crate::browser::{dom, popover};
use crate::protocol::CellId;
use crate::routes;

/// Remembers that the menu was open when its button was pressed: the press closes it, and the click that follows must not open it again.
pub fn press_button(dashboard: Dashboard, id: &CellId) {
    let is_open = dashboard.menu_cell.with_untracked(|open| open.as_ref() == Some(id));
    dashboard.menu_closing.set_if_changed(is_open.then(|| id.clone()));
}

/// Shows the menu of this cell under its button. The browser closes it on Esc and on a click elsewhere, and restores the focus.
pub fn open(dashboard: Dashboard, id: CellId, button: &HtmlElement) {
    let was_open = dashboard.menu_closing.with_untracked(|closing| closing.as_ref() == Some(&id));
    dashboard.menu_closing.set_if_changed(None);
    if was_open {
        return;
    }
    let button = button.clone();
    let menu = move || dashboard.refs.cell_menu.get_untracked();
    spawn_local(async move {
        if menu().is_none() {
            // It comes with the second part of the page's code.
            dashboard.deferred.request();
            dashboard.deferred.load().await;
            tick().await;
        }
        let Some(menu) = menu() else { return };
        dashboard.menu_cell.set(Some(id));
        if !popover::show_beside(&menu, &button, false) {
            return dashboard.menu_cell.set_if_changed(None);
        }
        // Effects show the items of this cell, which changes the size of the menu.
        tick().await;
        popover::place_beside(&menu, &button, false);
        focus_first(&menu);
    });
}

fn close(dashboard: Dashboard) {
    if let Some(menu) = dashboard.refs.cell_menu.get_untracked() {
        let _ = menu.hide_popover();
    }
}

/// The items of a menu, also those in groups.
fn items(menu: &Element) -> Vec<HtmlElement> {
    let children = menu.children();
    let child = |at| children.item(at);
    let of_child = |child: Element| match child.matches("a, button") {
        Ok(true) => child.dyn_into().into_iter().collect(),
        _ => items(&child),
    };
    let found = (0..children.length()).filter_map(child).flat_map(of_child);
    found.filter(|item: &HtmlElement| !item.hidden()).collect()
}

/// Focuses the item that `pick` names, from the index of the focused one and the number of all that are shown.
fn focus_item(menu: &HtmlElement, pick: impl Fn(usize, usize) -> usize) {
    let items = items(menu);
    let active = document().active_element();
    let at = items.iter().position(|item| active.as_ref().is_some_and(|active| **item == *active)).unwrap_or(0);
    if let Some(item) = items.get(pick(at, items.len())) {
        let _ = item.focus();
    }
}

pub fn focus_first(menu: &HtmlElement) {
    focus_item(menu, |_, _| 0);
}

/// The keys of an open menu.
pub fn on_menu_key(menu: &HtmlElement, event: &KeyboardEvent) {
    match event.key().as_str() {
        "ArrowDown" | "ArrowRight" => focus_item(menu, |at, all| (at + 1) % all),
        "ArrowUp" | "ArrowLeft" => focus_item(menu, |at, all| (at + all - 1) % all),
        "Home" => focus_first(menu),
        "End" => focus_item(menu, |_, all| all - 1),
        "Tab" => drop(menu.hide_popover()),
        _ => return,
    }
    event.prevent_default();
}

fn on_key(dashboard: Dashboard, event: &KeyboardEvent) {
    if let Some(menu) = dashboard.refs.cell_menu.get_untracked() {
        on_menu_key(&menu, event);
    }
}

#[derive(Clone, Copy)]
enum Item {
    Rename,
    Text,
    Note,
    FullScreen,
    Duplicate,
    Earlier,
    Later,
    ToSection,
    CopyId,
    CopyLink,
    SavePng,
    SaveSvg,
    SaveCsv,
    Delete,
}

/// `Delete` comes after the sizes.
const ITEMS: [(Item, &str); 13] = [
    (Item::Rename, "Rename"),
    (Item::Text, "Edit text"),
    (Item::Note, "Edit note"),
    (Item::FullScreen, "Full screen"),
    (Item::Duplicate, "Duplicate"),
    (Item::Earlier, "Move earlier"),
    (Item::Later, "Move later"),
    (Item::ToSection, "Move to section…"),
    (Item::CopyId, "Copy id"),
    (Item::CopyLink, "Copy link to value"),
    (Item::SavePng, "Save as PNG"),
    (Item::SaveSvg, "Save as SVG"),
    (Item::SaveCsv, "Save as CSV"),
];

impl Item {
    /// Only charts can be saved as pictures, and only charts and tables as CSV. A reader with read-only access gets only the items that change
    /// nothing.
    fn is_shown(self, cell: Option<&CellState>, may_write: bool) -> bool {
        let is_drawn = || cell.is_some_and(|cell| matches!(cell.content_kind.get(), ContentKind::LineChart | ContentKind::Chart));
        let is_table = || cell.is_some_and(|cell| *cell.cell_type.read() == "table");
        match self {
            Self::SavePng | Self::SaveSvg => is_drawn(),
            Self::SaveCsv => is_drawn() || is_table(),
            Self::CopyId | Self::CopyLink | Self::FullScreen => true,
            Self::Text => may_write && cell.is_some_and(CellState::is_text),
            // The points of lines belong to their cell.
            Self::Duplicate => may_write && cell.is_some_and(|cell| cell.content_kind.get() != ContentKind::LineChart),
            Self::Rename | Self::Note | Self::Earlier | Self::Later | Self::ToSection | Self::Delete => may_write,
        }
    }
}

fn choose(dashboard: Dashboard, item: Item, is_moving: RwSignal<bool>) {
    if let Item::ToSection = item {
        return is_moving.set(true);
    }
    let Some(id) = dashboard.menu_cell.get_untracked() else { return };
    // First, because it restores the focus to the button; the action may then move it.
    close(dashboard);
    match item {
        Item::Rename => dashboard.edit(id, Field::Name),
        Item::Text => dashboard.edit(id, Field::Text),
        Item::Note => dashboard.edit(id, Field::Note),
        Item::FullScreen => fullscreen::toggle(dashboard, &id),
        Item::Duplicate => dashboard.duplicate(id),
        Item::Earlier => dashboard.step(id, false),
        Item::Later => dashboard.step(id, true),
        Item::ToSection => {}
        Item::CopyId => dashboard.copy(id.to_string(), "the id"),
        Item::CopyLink => dashboard.copy(dom::root() + &routes::value(&id), "the link"),
        Item::SavePng => dashboard.save_png(id),
        // The reply is a download: the page stays.
        Item::SaveSvg => drop(window().location().assign(&routes::svg_file(&id, &dashboard.charts.export_query(&id)))),
        Item::SaveCsv => drop(window().location().assign(&dashboard.charts.csv_file(&id))),
        Item::Delete => dashboard.remove(id),
    }
}

/// It belongs to the second part of the page's code.
#[component]
pub fn CellMenu() -> impl IntoView {
    let dashboard = use_dashboard();
    let menu = dashboard.refs.cell_menu;
    let may_write = dashboard.may_write();
    // The sections stand in place of the items.
    let is_moving = RwSignal::new(false);
    let cell = move || -> Option<Arc<CellState>> {
        let id = dashboard.menu_cell.get()?;
        dashboard.cells.read().iter().find(|cell| cell.id == id).cloned()
    };
    // The cell may be deleted while its menu is open.
    Effect::new(move || {
        if dashboard.menu_cell.read().is_some() && cell().is_none() {
            close(dashboard);
        }
    });
    let closed = move |_| {
        let is_open = menu.get_untracked().is_some_and(|menu| menu.matches(":popover-open").unwrap_or(false));
        if !is_open {
            dashboard.menu_cell.set_if_changed(None);
            is_moving.set_if_changed(false);
        }
    };
    let button = move |(item, label): (Item, &'static str)| {
        view! {
            <button
                type="button"
                role="menuitem"
                tabindex="-1"
                hidden=move || is_moving.get() || !item.is_shown(cell().as_deref(), may_write)
                on:click=move |_| choose(dashboard, item, is_moving)
            >
                {label}
            </button>
        }
    };
    let items = ITEMS.map(button).into_iter().collect_view();
    let size = Memo::new(move |_| cell().map(|cell| dashboard.size_of(&cell)));
    // A block decides the widths of its cells.
    let has_sizes = Memo::new(move |_| {
        may_write && !is_moving.get() && dashboard.menu_cell.with(|id| id.as_ref().is_some_and(|id| !dashboard.is_in_block(id)))
    });
    let resize = Callback::new(move |CellSize { width, height }| {
        let id = dashboard.menu_cell.get_untracked();
        close(dashboard);
        if let Some(id) = id {
            dashboard.resize(id, Some(width), Some(height), true);
        }
    });
    let move_to = Callback::new(move |section: String| {
        let id = dashboard.menu_cell.get_untracked();
        close(dashboard);
        if let Some(id) = id {
            dashboard.land(id.clone(), Landing { section, before: None }, true);
            dashboard.focus_cell(&id);
        }
    });
    let focus_sections = Callback::new(move |()| {
        if let Some(menu) = menu.get_untracked() {
            focus_first(&menu);
        }
    });
    let sections = move || {
        let id = is_moving.get().then(|| dashboard.menu_cell.get()).flatten()?;
        Some(InBrowser(view! { <SectionChoice id shown=focus_sections choose=move_to /> }))
    };
    view! {
        <div
            id="cell-menu"
            class="menu"
            popover="auto"
            role="menu"
            aria-label="Cell"
            node_ref=menu
            on:keydown=move |event| on_key(dashboard, &event)
            on:toggle=closed
        >
            {items}
            {move || has_sizes.get().then(|| InBrowser(view! { <SizeChoice label="Size" size choose=resize /> }))}
            {button((Item::Delete, "Delete"))}
            {sections}
        </div>
    }
}
