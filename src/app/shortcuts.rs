//! Keyboard shortcuts: one listener for the whole page. The help dialog lists them: `SHORTCUTS` in `components/help.rs`.

use leptos::ev;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::charts::{ChartCommand, ChartHover, use_chart_hover};
use super::components::{carry, filter, help, layout_panel, resize};
use super::signals::SetIfChanged;
use super::state::{Dashboard, Edge, Field};
use super::{fullscreen, runs};
use crate::browser::dom;
use crate::protocol::CellId;

/// The uppermost layer of the page. Keys act on it alone.
enum Layer {
    /// A menu, a panel, a list or a dialog in the browser's top layer, which has its own keys; Esc closes it.
    Popover,
    /// One cell in full screen.
    Fullscreen(CellId),
    Board,
}

fn layer(dashboard: Dashboard) -> Layer {
    if dom::has_top_layer() {
        return Layer::Popover;
    }
    dashboard.fullscreen.get_untracked().map_or(Layer::Board, Layer::Fullscreen)
}

/// Listens while the current owner lives.
pub fn use_shortcuts(dashboard: Dashboard) {
    let hover = use_chart_hover();
    let keys = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
        // A field that was opened is still loading.
        let is_editing = !dashboard.deferred.is_loaded() && dashboard.is_editing_name_or_text();
        if is_editing && event.key() == "Escape" {
            dashboard.set_editing(None);
            dashboard.arrangement.renaming.set_if_changed(None);
        }
        let busy = event.default_prevented() || event.is_composing() || is_editing || dom::is_typing(&event);
        let is_taken = !busy
            && match layer(dashboard) {
                Layer::Popover => false,
                Layer::Fullscreen(id) => on_fullscreen(dashboard, hover, &id, &event),
                Layer::Board => on_board(dashboard, hover, &event),
            };
        if is_taken {
            event.prevent_default();
        }
    });
    on_cleanup(move || keys.remove());
}

/// In full screen, keys act on the shown cell and on the page. The other cells cannot be seen, so no key moves the focus, adds, deletes or
/// restores a cell.
fn on_fullscreen(dashboard: Dashboard, hover: ChartHover, id: &CellId, event: &KeyboardEvent) -> bool {
    let key = event.key();
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return false;
    }
    if on_chart(dashboard, hover, id, &key) {
        return true;
    }
    if event.repeat() {
        return false;
    }
    match key.as_str() {
        "t" | "?" | "Escape" => on_page(dashboard, &key),
        "e" | "Enter" | "d" | "f" | "l" | "x" => on_cell(dashboard, event, id, &key),
        _ => false,
    }
}

/// True if the key has a meaning on the board.
fn on_board(dashboard: Dashboard, hover: ChartHover, event: &KeyboardEvent) -> bool {
    let key = event.key();
    if event.ctrl_key() || event.meta_key() {
        return !event.alt_key() && !event.shift_key() && key.eq_ignore_ascii_case("z") && dashboard.undo();
    }
    let id = dashboard.focused_cell();
    if event.alt_key() {
        let later = match key.as_str() {
            "ArrowLeft" | "ArrowUp" => false,
            "ArrowRight" | "ArrowDown" => true,
            _ => return false,
        };
        return id
            .map(|id| if event.shift_key() { dashboard.resize_by(id, edge(&key), later) } else { dashboard.step(id, later) })
            .is_some();
    }
    if move_focus(dashboard, &key) || id.as_ref().is_some_and(|id| on_chart(dashboard, hover, id, &key)) {
        return true;
    }
    // A key that is held down must not delete or add many.
    !event.repeat() && (on_page(dashboard, &key) || id.is_some_and(|id| on_cell(dashboard, event, &id, &key)))
}

/// The edge that an arrow key moves.
fn edge(key: &str) -> Edge {
    if matches!(key, "ArrowUp" | "ArrowDown") { Edge::Bottom } else { Edge::Right }
}

fn on_page(dashboard: Dashboard, key: &str) -> bool {
    match key {
        "n" => dashboard.add(None),
        "t" => dashboard.next_theme(),
        "?" => help::open(dashboard),
        "L" => layout_panel::toggle(dashboard),
        "/" => filter::focus(dashboard),
        "r" => return runs::focus_panel(dashboard),
        "[" => return runs::fold(dashboard),
        "Escape" if carry::is_carrying(dashboard) => carry::cancel(dashboard),
        "Escape" if resize::is_resizing(dashboard) => resize::cancel(dashboard),
        "Escape" => return dashboard.charts.clear_readout() | fullscreen::leave(dashboard),
        _ => return false,
    }
    true
}

fn on_cell(dashboard: Dashboard, event: &KeyboardEvent, id: &CellId, key: &str) -> bool {
    match key {
        "e" => dashboard.edit(id.clone(), Field::Name),
        // In a button or link of the cell, Enter means that button.
        "Enter" if !dom::is_activated_by_enter(event) => dashboard.edit(id.clone(), Field::Name),
        "d" => dashboard.edit(id.clone(), Field::Note),
        "w" if dashboard.cell(id).is_some_and(|cell| untrack(|| cell.is_text())) => dashboard.edit(id.clone(), Field::Text),
        "f" => fullscreen::toggle(dashboard, id),
        "l" => return dashboard.toggle_y_scale(id),
        "x" => return dashboard.toggle_x_scale(id),
        "Delete" => dashboard.remove(id.clone()),
        _ => return false,
    }
    true
}

/// Keys that may be held down.
fn on_chart(dashboard: Dashboard, hover: ChartHover, id: &CellId, key: &str) -> bool {
    let command = match key {
        "+" | "=" => ChartCommand::ZoomIn,
        "-" => ChartCommand::ZoomOut,
        "[" => ChartCommand::PanLeft,
        "]" => ChartCommand::PanRight,
        "y" => ChartCommand::ZoomInY,
        "Y" => ChartCommand::ZoomOutY,
        "{" => ChartCommand::PanDown,
        "}" => ChartCommand::PanUp,
        "0" => ChartCommand::ShowAll,
        "End" => ChartCommand::ToggleFollow,
        "," => ChartCommand::ReadPrevious,
        "." => ChartCommand::ReadNext,
        _ => return false,
    };
    dashboard.charts.run(id, command)
        || matches!(command, ChartCommand::PanLeft | ChartCommand::PanRight) && hover.step(id, command == ChartCommand::PanRight)
}

/// Moves the focus. Arrow keys do so from a cell only; elsewhere they scroll the page.
fn move_focus(dashboard: Dashboard, key: &str) -> bool {
    let from = dashboard.focused_cell();
    let mut order = dashboard.order.get_untracked();
    order.retain(|id| dashboard.elements_of(id).is_some_and(|elements| elements.article.offset_height() > 0));
    if let ("ArrowDown" | "ArrowUp", Some(from)) = (key, &from) {
        if let Some(to) = dashboard.cell_in_next_row(&order, from, key == "ArrowDown") {
            dashboard.focus_cell(&order[to]);
        }
        return true;
    }
    let to = match (key, from.and_then(|id| order.iter().position(|known| *known == id))) {
        ("j", None) => 0,
        ("k", None) => order.len().wrapping_sub(1),
        ("j" | "ArrowRight", Some(at)) => at + 1,
        ("k" | "ArrowLeft", Some(at)) => at.wrapping_sub(1),
        _ => return false,
    };
    if let Some(id) = order.get(to) {
        dashboard.focus_cell(id);
    }
    true
}
