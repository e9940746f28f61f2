//! Moving a cell with the mouse: by its title bar, to where the bar shows that it would land.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Element};

use crate::app::focus;
use crate::app::state::{Dashboard, DropTarget, SetIfChanged};
use crate::browser::dom;
use crate::protocol::CellId;

pub fn listen(dashboard: Dashboard) {
    let page = document();
    dom::listen(&page, "dragstart", move |event: DragEvent| start(dashboard, &event));
    dom::listen(&page, "dragover", move |event: DragEvent| over(dashboard, &event));
    dom::listen(&page, "drop", move |event: DragEvent| drop(dashboard, &event));
    dom::listen(&page, "dragend", move |_: DragEvent| end(dashboard));
}

fn start(dashboard: Dashboard, event: &DragEvent) {
    // Pictures and marked text can be dragged as well; they are none of our business.
    let title =
        event.target().and_then(|target| target.dyn_into::<Element>().ok()).filter(|target| target.class_list().contains("chart-title"));
    let Some(id) = title.and_then(|title| focus::owner(&title)) else { return };
    if let Some(data) = event.data_transfer() {
        data.set_effect_allowed("move");
        // Firefox drags nothing without data.
        let _ = data.set_data("text/plain", id.as_str());
    }
    dashboard.dragged.set(Some(id));
}

fn over(dashboard: Dashboard, event: &DragEvent) {
    if dashboard.dragged.with_untracked(Option::is_none) {
        return;
    }
    event.prevent_default();
    // Between cells, the last landing stays.
    let Some(article) = dom::around(event, "article[data-id]") else { return };
    let Some(beside) = focus::owner(&article) else { return };
    let place = article.get_bounding_client_rect();
    let after = if dashboard.order.with_untracked(|order| focus::columns(order)) == 1 {
        f64::from(event.client_y()) > place.top() + place.height() / 2.0
    } else {
        f64::from(event.client_x()) > place.left() + place.width() / 2.0
    };
    dashboard.drop_target.set_if_changed(Some(DropTarget { beside, after }));
}

fn drop(dashboard: Dashboard, event: &DragEvent) {
    let (Some(id), Some(landing)) = (dashboard.dragged.get_untracked(), dashboard.drop_target.get_untracked()) else { return };
    event.prevent_default();
    end(dashboard);
    if let Some(before) = dashboard.order.with_untracked(|order| destination(order, &id, &landing)) {
        dashboard.put_before(id, before);
    }
}

fn end(dashboard: Dashboard) {
    dashboard.dragged.set(None);
    dashboard.drop_target.set(None);
}

/// The cell that the dragged one will stand before; `None` when it stands there already.
fn destination(order: &[CellId], id: &CellId, landing: &DropTarget) -> Option<Option<CellId>> {
    let others: Vec<&CellId> = order.iter().filter(|known| *known != id).collect();
    let at = others.iter().position(|known| **known == landing.beside)? + usize::from(landing.after);
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
    fn a_cell_lands_where_the_bar_is() {
        let order = ["a", "b", "c"].map(id);
        let land = |what: &str, beside: &str, after| destination(&order, &id(what), &DropTarget { beside: id(beside), after });
        assert_eq!(land("a", "c", true), Some(None));
        assert_eq!(land("c", "a", false), Some(Some(id("a"))));
        assert_eq!(land("a", "b", true), Some(Some(id("c"))));
        assert_eq!(land("a", "b", false), None);
        assert_eq!(land("b", "a", true), None);
        assert_eq!(land("b", "b", true), None);
    }
}
