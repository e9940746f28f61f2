//! Moves a cell with the mouse: it is dragged by its title bar; a bar shows where it will be dropped.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Element};

use crate::app::signals::SetIfChanged;
use crate::app::state::{Dashboard, DropTarget};
use crate::protocol::CellId;

/// Accepts the drop anywhere on the page, while the current owner lives. Between cells the last target stays.
pub fn use_drop(dashboard: Dashboard) {
    let listeners = [
        window_event_listener(ev::dragover, move |event| {
            if dashboard.dragged.with_untracked(Option::is_some) {
                event.prevent_default();
            }
        }),
        window_event_listener(ev::drop, move |event| drop_cell(dashboard, &event)),
        window_event_listener(ev::dragend, move |_| end(dashboard)),
    ];
    on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
}

/// Handles `dragstart` of the title bar of a cell.
pub fn start(dashboard: Dashboard, id: CellId, event: &DragEvent) {
    // Images and selected text in the title can be dragged as well.
    if event.target() != event.current_target() {
        return;
    }
    if let Some(data) = event.data_transfer() {
        data.set_effect_allowed("move");
        // Firefox drags nothing without data.
        let _ = data.set_data("text/plain", id.as_str());
    }
    dashboard.dragged.set(Some(id));
}

/// Handles `dragover` of the element of a cell.
pub fn over(dashboard: Dashboard, beside: CellId, event: &DragEvent) {
    if dashboard.dragged.with_untracked(Option::is_none) {
        return;
    }
    let Some(article) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let bounds = article.get_bounding_client_rect();
    let after = if dashboard.order.with_untracked(|order| dashboard.grid_columns(order)) == 1 {
        f64::from(event.client_y()) > bounds.top() + bounds.height() / 2.0
    } else {
        f64::from(event.client_x()) > bounds.left() + bounds.width() / 2.0
    };
    dashboard.drop_target.set_if_changed(Some(DropTarget { beside, after }));
}

fn drop_cell(dashboard: Dashboard, event: &DragEvent) {
    let (Some(id), Some(target)) = (dashboard.dragged.get_untracked(), dashboard.drop_target.get_untracked()) else { return };
    event.prevent_default();
    end(dashboard);
    if let Some(before) = dashboard.order.with_untracked(|order| destination(order, &id, &target)) {
        dashboard.put_before(id, before);
    }
}

fn end(dashboard: Dashboard) {
    dashboard.dragged.set_if_changed(None);
    dashboard.drop_target.set_if_changed(None);
}

/// The cell that will follow the dragged one (`Some(None)`: none); `None` if the order does not change.
fn destination(order: &[CellId], id: &CellId, target: &DropTarget) -> Option<Option<CellId>> {
    let others: Vec<&CellId> = order.iter().filter(|known| *known != id).collect();
    let at = others.iter().position(|known| **known == target.beside)? + usize::from(target.after);
    let now = order.iter().position(|known| known == id)?;
    (at != now).then(|| others.get(at).map(|before| (*before).clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> CellId {
        CellId::parse(name).unwrap()
    }

    #[test]
    fn a_cell_is_moved_to_the_bar() {
        let order = ["a", "b", "c"].map(id);
        let land = |dragged: &str, beside: &str, after| destination(&order, &id(dragged), &DropTarget { beside: id(beside), after });
        assert_eq!(land("a", "c", true), Some(None));
        assert_eq!(land("c", "a", false), Some(Some(id("a"))));
        assert_eq!(land("a", "b", true), Some(Some(id("c"))));
        assert_eq!(land("a", "b", false), None);
        assert_eq!(land("b", "a", true), None);
        assert_eq!(land("b", "b", true), None);
    }
}
