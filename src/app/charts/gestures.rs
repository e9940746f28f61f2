//! Mouse, pen and touch on a chart: Ctrl or ⌘ and the wheel zoom, a drag selects a range, with Shift it pans, with Ctrl or ⌘ it selects a box, a double
//! click shows everything. Beside the y axis the wheel, a drag and a double click do the same to that axis.

use js_sys::Date;
use leptos::prelude::{GetUntracked, document};
use web_sys::{Element, MouseEvent, PointerEvent, WheelEvent};

use super::chart_events::{canvas_place, client_place, is_touch};
use super::chart_input::{ChartCommand, ChartInput};
use super::chart_state::ChartState;
use super::display::Selection;
use super::pointer_state::{ActivePointer, DragKind, PointerState, WHEEL_IDLE_MS};
use super::readout::Pin;
use super::registry::{Charts, use_charts};
use super::viewport::Viewport;
use crate::app::signals::SetIfChanged;
use crate::protocol::CellId;

/// A pointer that moves less, in CSS pixels, is a click.
const CLICK_DISTANCE: f64 = 4.0;
/// Zoom of one notch of a wheel (100 pixels).
const WHEEL_ZOOM: f64 = 0.2;

const INPUT: ChartInput<Charts> = ChartInput {
    pointer_down: Charts::pointer_down,
    drag: Charts::drag,
    release_pointer: Charts::release_pointer,
    wheel: Charts::wheel,
    double_click: Charts::double_click,
    save_url: Charts::save_url,
    run: Charts::run,
};

/// Gives the charts of the page what pointers and keys do to them.
pub fn install_chart_input() {
    use_charts().update(|charts| {
        charts.input = Some(&INPUT);
        charts.save_url();
    });
}

impl Charts {
    pub(super) fn wheel(&mut self, id: &CellId, event: &WheelEvent) {
        let lines = if event.delta_mode() == WheelEvent::DOM_DELTA_PIXEL { 100.0 } else { 3.0 };
        let (by, across) = (event.delta_y() / lines, event.delta_x() / lines);
        let now = Date::now();
        let begins = now - std::mem::replace(&mut self.pointer.wheel_at, now) > WHEEL_IDLE_MS;
        let is_upright = across.abs() <= by.abs();
        let is_asked = event.ctrl_key() || event.meta_key();
        // An axis that shows all cannot be zoomed out or moved aside.
        let can_go = |chart: &mut ChartState| {
            let is_y = is_upright && chart.is_beside_y(event.offset_x().into());
            let window = if is_y { chart.y_viewport } else { chart.viewport };
            window.is_some() || (by < 0.0 && is_upright)
        };
        let can_go = self.chart(id).is_some_and(can_go);
        if is_asked {
            self.pointer.wheel_chart = Some(id.clone());
        } else if begins {
            // A chart in passing lets the page scroll.
            let takes = can_go && (!is_upright || self.chart(id).is_some_and(|chart| is_entered(chart)));
            self.pointer.wheel_chart = takes.then(|| id.clone());
        }
        if self.pointer.wheel_chart.as_ref() != Some(id) {
            return;
        }
        event.prevent_default();
        let Some(chart) = self.chart(id).filter(|_| can_go) else { return };
        if across.abs() <= by.abs() && chart.is_beside_y(event.offset_x().into()) {
            return self.zoom_y(id, f64::from(event.offset_y()), (by * WHEEL_ZOOM).exp());
        }
        let (Some(range), Some(layout)) = (chart.visible_range(), &chart.layout) else { return };
        let (extent, space) = (chart.extent(), chart.x_space());
        let viewport = if across.abs() > by.abs() {
            chart.viewport.map(|viewport| space.pan(&viewport, across * WHEEL_ZOOM, extent))
        } else {
            let x = layout.x_at(f64::from(event.offset_x()));
            space.zoom(&range, x, (by * WHEEL_ZOOM).exp(), chart.min_window(x), extent)
        };
        self.set_viewport(id, viewport);
    }

    pub(super) fn pointer_down(&mut self, id: &CellId, event: &PointerEvent) {
        let is_touch = is_touch(event);
        let is_primary = event.button() == 0;
        if is_touch || !is_primary {
            self.clear_readout();
        }
        if !is_primary || self.pointer.chart.as_ref().is_some_and(|chart| chart != id) {
            return;
        }
        let start = canvas_place(event);
        let Some(chart) = self.chart(id) else { return };
        if let Some(plot) = &chart.plot {
            // The drag goes on when the pointer leaves the canvas.
            let _ = plot.canvas.set_pointer_capture(event.pointer_id());
        }
        let (range, y_range) = (chart.visible_range(), chart.y_range());
        let drag = if chart.is_beside_y(start.0) {
            DragKind::SelectY
        } else if event.shift_key() || is_touch {
            DragKind::Pan
        } else if event.ctrl_key() || event.meta_key() {
            DragKind::SelectBox
        } else {
            DragKind::SelectX
        };
        let pointer = &mut self.pointer;
        (pointer.start, pointer.start_range, pointer.start_y_range, pointer.drag) = (start, range, y_range, drag);
        pointer.is_tap = is_touch && pointer.active.is_empty() && drag == DragKind::Pan;
        pointer.chart = Some(id.clone());
        pointer.active.push(ActivePointer { id: event.pointer_id(), x: start.0 });
    }

    pub(super) fn double_click(&mut self, id: &CellId, event: &MouseEvent) {
        let is_beside_y = self.chart(id).is_some_and(|chart| chart.is_beside_y(event.offset_x().into()));
        if is_beside_y {
            self.set_y_viewport(id, None);
        } else {
            self.run(id, ChartCommand::ShowAll);
        }
    }

    /// `is_up`: the pointer was lifted, and not taken by the browser.
    pub(super) fn release_pointer(&mut self, event: &PointerEvent, is_up: bool) {
        let Some(id) = self.pointer.chart.take() else { return };
        self.pointer.active.retain(|pointer| pointer.id != event.pointer_id());
        let place = canvas_place(event);
        let (start, drag, is_tap) = (self.pointer.start, self.pointer.drag, self.pointer.is_tap);
        let left = std::mem::take(&mut self.pointer.active).into_iter().next();
        let Some(chart) = self.chart(&id) else { return };
        if let Some(plot) = &chart.plot {
            plot.display.selection.set_if_changed(None);
        }
        if let Some(left) = left {
            // One of two fingers is left, and the drag goes on from there.
            let range = chart.visible_range();
            let pointer = &mut self.pointer;
            (pointer.start.0, pointer.start_range, pointer.chart) = (left.x, range, Some(id.clone()));
            pointer.active.push(left);
        } else if is_up {
            let is_far = |one: f64, other: f64| (one - other).abs() > CLICK_DISTANCE;
            let has_x = matches!(drag, DragKind::SelectX | DragKind::SelectBox) && is_far(place.0, start.0);
            let has_y = matches!(drag, DragKind::SelectY | DragKind::SelectBox) && is_far(place.1, start.1);
            let x = if has_x { selected_range(chart, start.0, place.0) } else { None };
            let y = if has_y { chart.y_between(start.1, place.1) } else { None };
            if x.is_some() {
                self.set_viewport(&id, x);
            }
            if y.is_some() {
                self.set_y_viewport(&id, y);
            }
        }
        if is_tap && is_up && (place.0 - start.0).abs() <= CLICK_DISTANCE {
            self.show_readout(&id, place, client_place(event), Pin::Pending);
        } else if is_touch(event) {
            self.clear_readout();
        }
    }

    pub(super) fn drag(&mut self, id: &CellId, event: &PointerEvent) {
        let (place, client) = (canvas_place(event), client_place(event));
        let before = self.pointer.spread();
        if let Some(pointer) = self.pointer.active.iter_mut().find(|pointer| pointer.id == event.pointer_id()) {
            pointer.x = place.0;
        }
        let after = self.pointer.spread();
        let PointerState { start, start_range, start_y_range, drag, .. } = self.pointer;
        let Some(chart) = self.chart(id) else { return };
        let (Some(layout), extent, space) = (&chart.layout, chart.extent(), chart.x_space()) else { return };
        if let (Some((middle, before)), Some((_, after)), Some(range)) = (before, after, chart.visible_range()) {
            let x = layout.x_at(middle);
            let viewport = space.zoom(&range, x, before / after, chart.min_window(x), extent);
            return self.set_viewport(id, viewport);
        }
        if drag != DragKind::Pan {
            let (right, bottom) = (layout.left + layout.width, layout.bottom());
            let span = |one: f64, other: f64, ends: (f64, f64)| {
                let inside = |place: f64| place.max(ends.0).min(ends.1);
                (inside(one.min(other)), inside(one.max(other)))
            };
            let x = if drag == DragKind::SelectY { (layout.left, right) } else { span(start.0, place.0, (layout.left, right)) };
            let y = if drag == DragKind::SelectX { (layout.top, bottom) } else { span(start.1, place.1, (layout.top, bottom)) };
            let is_wide = (x.1 - x.0).min(y.1 - y.0) > CLICK_DISTANCE;
            let selection =
                is_wide.then_some(Selection { left: x.0 as i32, top: y.0 as i32, width: (x.1 - x.0) as i32, height: (y.1 - y.0) as i32 });
            if let Some(plot) = &chart.plot {
                plot.display.selection.set_if_changed(selection);
            }
            return self.clear_readout();
        }
        let x = start_range.filter(|_| chart.viewport.is_some()).map(|range| space.pan(&range, (start.0 - place.0) / layout.width, extent));
        let y = self.chart_and_runs(id).and_then(|(chart, runs)| chart.y_dragged(start_y_range, place.1 - start.1, runs));
        match x.or(y) {
            Some(_) => {
                if x.is_some() {
                    self.set_viewport(id, x);
                }
                if y.is_some() {
                    self.set_y_viewport(id, y);
                }
                if let Some(readout) = &mut self.readout {
                    (readout.canvas, readout.client) = (place, client);
                }
            }
            // A chart that shows all cannot be panned: the finger reads values.
            None => self.show_readout(id, place, client, Pin::Pointer),
        }
    }
}

impl ChartState {
    /// Whether a place of the canvas is left of the plot.
    pub fn is_beside_y(&self, x: f64) -> bool {
        self.layout.as_ref().is_some_and(|layout| x < layout.left)
    }
}

/// Whether a reader is at this chart: it has the focus, or is in full screen, where the page cannot be scrolled.
fn is_entered(chart: &ChartState) -> bool {
    let is_own = |active: Element| active.get_attribute("data-id").as_deref() == Some(chart.id.as_str());
    chart.is_fullscreen.get_untracked() || chart.has_focus() || document().active_element().is_some_and(is_own)
}

/// The range between two places of the canvas, and at least as wide as a window may be.
fn selected_range(chart: &ChartState, one: f64, other: f64) -> Option<Viewport> {
    let layout = chart.layout.as_ref()?;
    let x_at = |x: f64| layout.x_at(x.max(layout.left).min(layout.left + layout.width));
    let (from, to) = (x_at(one.min(other)), x_at(one.max(other)));
    let middle = from / 2.0 + to / 2.0;
    let least = chart.min_window(middle);
    if to - from >= least { Viewport::new(from, to) } else { Viewport::new(middle - least / 2.0, middle + least / 2.0) }
}
