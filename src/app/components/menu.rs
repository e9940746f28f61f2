//! The menu of a cell. One element serves all cells; it opens beside the pressed button.

use std::sync::Arc;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::section_choice::{NewSectionField, SectionChoice};
use super::size_choice::SizeChoice;
use crate::app::erased::Erase;
use crate::app::fullscreen;
use crate::app::in_browser::InBrowser;
use crate::app::signals::SetIfChanged;
use crate::app::state::{CellSize, CellState, ContentKind, Dashboard, Field, Landing, MenuPage, use_dashboard};
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
        // The menu of another cell may have been open: the browser tells only once that it is.
        dashboard.menu_page.set_if_changed(MenuPage::Items);
        if !popover::show_beside(&menu, &button, false) {
            return dashboard.menu_cell.set_if_changed(None);
        }
        dashboard.menu_button.set_value(Some(button));
        show_content(dashboard, focus_first);
    });
}

/// Places the menu for what it shows now, and gives that the focus.
fn show_content(dashboard: Dashboard, focus: impl FnOnce(&HtmlElement) + 'static) {
    spawn_local(async move {
        // Effects show it, and hide what was there before.
        tick().await;
        if let (Some(menu), Some(button)) = (dashboard.refs.cell_menu.get_untracked(), dashboard.menu_button.get_value()) {
            popover::place_beside(&menu, &button, false);
            focus(&menu);
        }
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

fn choose(dashboard: Dashboard, item: Item) {
    if let Item::ToSection = item {
        return dashboard.menu_page.set(MenuPage::Sections);
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
    let page = dashboard.menu_page;
    let has_items = move || page.get() == MenuPage::Items;
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
            page.set_if_changed(MenuPage::Items);
        }
    };
    let button = move |(item, label): (Item, &'static str)| {
        view! {
            <button
                type="button"
                role="menuitem"
                tabindex="-1"
                hidden=move || !has_items() || !item.is_shown(cell().as_deref(), may_write)
                on:click=move |_| choose(dashboard, item)
            >
                {label}
            </button>
        }
    };
    let items = ITEMS.map(button).into_iter().collect_view();
    let size = Memo::new(move |_| cell().map(|cell| dashboard.size_of(&cell)));
    // A block decides the widths of its cells.
    let has_sizes = Memo::new(move |_| {
        may_write && has_items() && dashboard.menu_cell.with(|id| id.as_ref().is_some_and(|id| !dashboard.is_in_block(id)))
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
    let shown = Callback::new(move |field: Option<HtmlElement>| {
        show_content(dashboard, move |menu| match field {
            Some(field) => drop(field.focus()),
            None => focus_first(menu),
        });
    });
    let sections = move || {
        let (page, id) = (page.get(), dashboard.menu_cell.get()?);
        match page {
            MenuPage::Items => None,
            MenuPage::Sections => Some(InBrowser(view! { <SectionChoice id shown choose=move_to /> }.erase())),
            MenuPage::NewSection => Some(InBrowser(view! { <NewSectionField shown choose=move_to /> }.erase())),
        }
    };
    // A field is no item of a menu.
    let role = move || if page.get() == MenuPage::NewSection { "dialog" } else { "menu" };
    let label = move || match page.get() {
        MenuPage::Items => "Cell",
        MenuPage::Sections => "Move to section",
        MenuPage::NewSection => "Move to a new section",
    };
    view! {
        <div
            id="cell-menu"
            class="menu"
            popover="auto"
            role=role
            aria-label=label
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
