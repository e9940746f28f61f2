//! Changes the size of a cell by its right edge, its lower edge or its corner, with mouse, pen or touch. A ghost shows the size that it
//! will have; one request on release; Esc cancels, a double click gives the default.

use leptos::ev;
use leptos::leptos_dom::helpers::WindowListenerHandle;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};

use crate::app::signals::SetIfChanged;
use crate::app::state::{Dashboard, Edge, Resizing, use_dashboard};
use crate::protocol::CellId;

/// The handles of a cell, which the style sheet offers while the pointer or the focus is in it. In a block its mosaic decides the width.
#[component]
pub fn ResizeHandles(id: CellId) -> impl IntoView {
    let dashboard = use_dashboard();
    let id = StoredValue::new(id);
    let is_in_block = Memo::new(move |_| id.with_value(|id| dashboard.is_in_block(id)));
    move || {
        let is_in_block = is_in_block.get();
        let edges = Edge::ALL.into_iter().filter(|edge| *edge == Edge::Bottom || !is_in_block);
        edges.map(|edge| view! { <ResizeHandle id edge /> }).collect_view()
    }
}

#[component]
fn ResizeHandle(id: StoredValue<CellId>, edge: Edge) -> impl IntoView {
    let dashboard = use_dashboard();
    let reset = move |_| {
        let width = (edge != Edge::Bottom).then_some(None);
        let height = (edge != Edge::Right).then_some(None);
        dashboard.resize(id.get_value(), width, height, true);
    };
    view! {
        <span
            class="handle"
            data-edge=edge.name()
            aria-hidden="true"
            on:pointerdown=move |event| id.with_value(|id| hold(dashboard, id, edge, &event))
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
    let Some(measured) = dashboard.measure_cell(id) else { return };
    if let Some(handle) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) {
        let _ = handle.set_pointer_capture(event.pointer_id());
    }
    event.prevent_default();
    event.stop_propagation();
    let (width, height) = measured.size((0.0, 0.0));
    let resizing = Resizing { id: id.clone(), edge, pointer: event.pointer_id(), from: place(event), measured, width, height };
    dashboard.arrangement.resizing.set(Some(resizing));
}

/// The cell that this pointer holds.
fn held_by(dashboard: Dashboard, event: &PointerEvent) -> Option<Resizing> {
    dashboard.arrangement.resizing.get_untracked().filter(|resizing| resizing.pointer == event.pointer_id())
}

fn drag(dashboard: Dashboard, event: &PointerEvent) {
    let Some(mut resizing) = held_by(dashboard, event) else { return };
    let ((x, y), (from_x, from_y)) = (place(event), resizing.from);
    let (width, height) = resizing.measured.size((x - from_x, y - from_y));
    if resizing.edge != Edge::Bottom {
        resizing.width = width;
    }
    if resizing.edge != Edge::Right {
        resizing.height = height;
    }
    dashboard.arrangement.resizing.set_if_changed(Some(resizing));
}

fn release(dashboard: Dashboard, event: &PointerEvent) {
    let Some(Resizing { id, measured, width, height, .. }) = held_by(dashboard, event) else { return };
    cancel(dashboard);
    // What the reader has not changed keeps its size, also one that no drag gives.
    let (width_before, height_before) = measured.size((0.0, 0.0));
    let width = (width != width_before).then_some(Some(width));
    let height = (height != height_before).then_some(Some(height));
    if width.is_some() || height.is_some() {
        dashboard.resize(id, width, height, true);
    }
}

pub fn is_resizing(dashboard: Dashboard) -> bool {
    dashboard.arrangement.resizing.with_untracked(Option::is_some)
}

pub fn cancel(dashboard: Dashboard) {
    dashboard.arrangement.resizing.set_if_changed(None);
}

/// The columns of the section and the size that the cell will have. It follows the pointer of the window: the handle leaves with its cell.
#[component]
pub fn ResizeGhost(#[prop(into)] resizing: Signal<Resizing>) -> impl IntoView {
    let dashboard = use_dashboard();
    let listeners = [
        window_event_listener(ev::pointermove, move |event| drag(dashboard, &event)),
        window_event_listener(ev::pointerup, move |event| release(dashboard, &event)),
        window_event_listener(ev::pointercancel, move |_| cancel(dashboard)),
    ];
    on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
    let ghost = move || resizing.with(Resizing::ghost);
    let guides = move || resizing.with(|resizing| resizing.measured.flow.style());
    let columns = move || resizing.with(|resizing| [&resizing.shown_width().to_string(), " of 12"].concat());
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
