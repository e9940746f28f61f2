//! The menu of a section. It exists while it is open.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlElement;

use crate::app::charts::PanelTarget;
use crate::app::components::menu;
use crate::app::components::size_choice::SizeChoice;
use crate::app::signals::SetIfChanged;
use crate::app::state::{Dashboard, use_dashboard};
use crate::browser::popover;

/// Remembers that the menu was open when its button was pressed: the press closes it, and the click that follows must not open it again.
pub fn press_button(dashboard: Dashboard, section: &str) {
    let arrangement = dashboard.arrangement;
    let is_open = arrangement.menu.with_untracked(|open| open.as_deref() == Some(section));
    arrangement.menu_closing.set_if_changed(is_open.then(|| section.to_owned()));
}

/// Shows the menu of this section below its button.
pub fn open(dashboard: Dashboard, section: String, button: &HtmlElement) {
    let arrangement = dashboard.arrangement;
    let was_open = arrangement.menu_closing.with_untracked(|closing| closing.as_ref() == Some(&section));
    arrangement.menu_closing.set_if_changed(None);
    arrangement.menu_button.set_value(Some(button.clone()));
    dashboard.deferred.request();
    arrangement.menu.set((!was_open).then_some(section));
}

/// The menu that is open. It belongs to the second part of the page's code.
#[component]
pub fn SectionMenu() -> impl IntoView {
    let menu = use_dashboard().arrangement.menu;
    move || menu.get().map(|name| view! { <OpenMenu name /> })
}

#[derive(Clone, Copy, PartialEq)]
enum Item {
    Rename,
    Up,
    Down,
    Pin,
    FoldOthers,
    Charts,
    AddCell,
    CopyPython,
    Dissolve,
}

const ITEMS: [(Item, &str, &str); 9] = [
    (Item::Rename, "Rename", "F2"),
    (Item::Up, "Move up", "Alt ↑"),
    (Item::Down, "Move down", "Alt ↓"),
    (Item::Pin, "Keep on top", ""),
    (Item::FoldOthers, "Fold all others", "Shift Enter"),
    (Item::Charts, "Axes and smoothing", ""),
    (Item::AddCell, "Add cell here", ""),
    (Item::CopyPython, "Copy layout as Python", ""),
    (Item::Dissolve, "Dissolve section", ""),
];

impl Item {
    /// Whether it is for readers with read-only access, too.
    const fn changes_nothing(self) -> bool {
        matches!(self, Self::FoldOthers | Self::CopyPython)
    }
}

fn choose(dashboard: Dashboard, section: &str, item: Item) {
    match item {
        Item::Rename => dashboard.begin_renaming_section(section),
        Item::Up => dashboard.move_section(section, false),
        Item::Down => dashboard.move_section(section, true),
        Item::Pin => dashboard.toggle_pinned(section),
        Item::FoldOthers => dashboard.fold_others(section),
        Item::Charts => open_charts(dashboard, section),
        Item::AddCell => dashboard.add(Some(section.to_owned())),
        Item::CopyPython => dashboard.copy(dashboard.section_code(section), "the layout"),
        Item::Dissolve => dashboard.dissolve_section(section),
    }
}

/// Opens the panel for the charts of a section, below the button of its menu.
fn open_charts(dashboard: Dashboard, section: &str) {
    let ids = untrack(|| dashboard.line_charts_among(dashboard.cells_of(section)));
    if let Some(button) = dashboard.arrangement.menu_button.get_value() {
        dashboard.charts.open_panel(PanelTarget::Section(section.to_owned(), ids), button);
    }
}

#[component]
fn OpenMenu(name: String) -> impl IntoView {
    let dashboard = use_dashboard();
    let section = dashboard.arrangement.menu;
    let may_write = dashboard.may_write();
    let menu = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        let (Some(element), Some(button)) = (menu.get(), dashboard.arrangement.menu_button.get_value()) else { return };
        if popover::show_beside(&element, &button, false) {
            menu::focus_first(&element);
        } else {
            section.set(None);
        }
    });
    let close = move || {
        if let Some(menu) = menu.get_untracked() {
            let _ = menu.hide_popover();
        }
    };
    let name = StoredValue::new(name);
    let size = Memo::new(move |_| name.with_value(|name| dashboard.section_size(name)));
    let choose_size = Callback::new(move |size| {
        // First, because it restores the focus to the button.
        close();
        name.with_value(|name| dashboard.set_section_size(name, size));
    });
    let is_pinned = move || name.with_value(|name| dashboard.is_pinned(name));
    let has_charts = !untrack(|| name.with_value(|name| dashboard.line_charts_among(dashboard.cells_of(name)))).is_empty();
    let is_shown = |item: Item| (may_write || item.changes_nothing()) && (item != Item::Charts || has_charts);
    let items = ITEMS.into_iter().filter(|(item, ..)| is_shown(*item));
    let items = items.map(|(item, label, key)| {
        let chosen = move |_| {
            close();
            name.with_value(|name| choose(dashboard, name, item));
        };
        let label = move || if item == Item::Pin && is_pinned() { "Keep no longer on top" } else { label };
        view! {
            <button type="button" role="menuitem" tabindex="-1" on:click=chosen>
                {label}
                {(!key.is_empty()).then(|| view! { <kbd aria-hidden="true">{key}</kbd> })}
            </button>
        }
    });
    let closed = move |_| {
        if !menu.get_untracked().is_some_and(|menu| menu.matches(":popover-open").unwrap_or(false)) {
            section.set(None);
        }
    };
    let on_key = move |event: KeyboardEvent| {
        if let Some(menu) = menu.get_untracked() {
            menu::on_menu_key(&menu, &event);
        }
    };
    view! {
        <div
            class="menu section-menu"
            popover="auto"
            role="menu"
            aria-label=["Section ", &name.get_value()].concat()
            node_ref=menu
            on:keydown=on_key
            on:toggle=closed
        >
            {may_write.then(|| view! { <SizeChoice label="Size of all cells" size choose=choose_size /> })}
            {items.collect_view()}
        </div>
    }
}
