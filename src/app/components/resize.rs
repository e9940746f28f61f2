//! Changes the size of a cell by its right edge, its lower edge or its corner, with mouse, pen or touch. A ghost shows the size that it
//! will have; one request on release; Esc cancels, a double click gives the default.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};

use crate::app::signals::SetIfChanged;
use crate::app::state::{Dashboard, Edge, Rect, Resizing, rect_of, snapped_height, snapped_width, use_dashboard};
use crate::protocol::CellId;

/// The handles of a cell. They are in it while the pointer or the focus is.
#[component]
pub fn ResizeHandles(id: CellId) -> impl IntoView {
    let id = StoredValue::new(id);
    Edge::ALL.map(|edge| view! { <ResizeHandle id edge /> }).into_iter().collect_view()
}

#[component]
fn ResizeHandle(id: StoredValue<CellId>, edge: Edge) -> impl IntoView {
    let dashboard = use_dashboard();
    let reset = move |_| {
        let (width, height) = changed(edge, None, None);
        dashboard.resize(id.get_value(), width, height, true);
    };
    view! {
        <span
            class="handle"
            data-edge=edge.name()
            aria-hidden="true"
            on:pointerdown=move |event| id.with_value(|id| hold(dashboard, id, edge, &event))
            on:pointermove=move |event| drag(dashboard, &event)
            on:pointerup=move |_| release(dashboard)
            on:pointercancel=move |_| dashboard.arrangement.resizing.set_if_changed(None)
            on:dblclick=reset
        ></span>
    }
}

fn place(event: &PointerEvent) -> (f64, f64) {
    (f64::from(event.client_x()), f64::from(event.client_y()))
}

fn hold(dashboard: Dashboard, id: &CellId, edge: Edge, event: &PointerEvent) {
    if event.button() != 0 {
        return;
    }
    let Some((cell, flow, stage_height)) = dashboard.measure_cell(id) else { return };
    if let Some(handle) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) {
        let _ = handle.set_pointer_capture(event.pointer_id());
    }
    event.prevent_default();
    event.stop_propagation();
    let (width, height) = (snapped_width(Resizing::columns(&flow, cell.width)), snapped_height(stage_height));
    let resizing = Resizing { id: id.clone(), edge, from: place(event), cell, stage_height, flow, width, height };
    dashboard.arrangement.resizing.set(Some(resizing));
}

fn drag(dashboard: Dashboard, event: &PointerEvent) {
    let Some(mut resizing) = dashboard.arrangement.resizing.get_untracked() else { return };
    let ((x, y), (from_x, from_y)) = (place(event), resizing.from);
    if resizing.edge != Edge::Bottom {
        resizing.width = snapped_width(Resizing::columns(&resizing.flow, resizing.cell.width + x - from_x));
    }
    if resizing.edge != Edge::Right {
        resizing.height = snapped_height(resizing.stage_height + y - from_y);
    }
    dashboard.arrangement.resizing.set_if_changed(Some(resizing));
}

fn release(dashboard: Dashboard) {
    let Some(Resizing { id, edge, cell, flow, stage_height, width, height, .. }) = dashboard.arrangement.resizing.get_untracked() else {
        return;
    };
    dashboard.arrangement.resizing.set(None);
    if (width, height) != (snapped_width(Resizing::columns(&flow, cell.width)), snapped_height(stage_height)) {
        let (width, height) = changed(edge, Some(width), Some(height));
        dashboard.resize(id, width, height, true);
    }
}

pub fn is_resizing(dashboard: Dashboard) -> bool {
    dashboard.arrangement.resizing.with_untracked(Option::is_some)
}

pub fn cancel(dashboard: Dashboard) {
    dashboard.arrangement.resizing.set(None);
}

/// What an edge changes of a size.
fn changed(edge: Edge, width: Option<u8>, height: Option<u16>) -> (Option<Option<u8>>, Option<Option<u16>>) {
    match edge {
        Edge::Right => (Some(width), None),
        Edge::Bottom => (None, Some(height)),
        Edge::Corner => (Some(width), Some(height)),
    }
}

/// The columns of the section and the size that the cell will have.
#[component]
pub fn ResizeGhost(#[prop(into)] resizing: Signal<Resizing>) -> impl IntoView {
    let ghost = move || resizing.with(Resizing::ghost);
    let guides = move || resizing.with(|resizing| resizing.flow.style());
    let columns = move || resizing.with(|resizing| [&resizing.width.to_string(), " of 12"].concat());
    let rows = move || resizing.with(|resizing| ["columns, ", &resizing.height.to_string(), " rows"].concat());
    view! {
        <div class="guides" style=guides aria-hidden="true"></div>
        <div class="ghost" style=move || ghost().style() aria-hidden="true">
            <span>
                <b>{columns}</b>
                " "
                {rows}
            </span>
        </div>
    }
}

impl Dashboard {
    /// The cell and the grid of its section in the window, and the height of what it shows.
    pub fn measure_cell(self, id: &CellId) -> Option<(Rect, Rect, f64)> {
        let elements = self.elements_of(id)?;
        let flow = elements.article.parent_element()?;
        Some((rect_of(&elements.article), rect_of(&flow), f64::from(elements.body.offset_height())))
    }
}
