//! Mouse, pen and touch on a chart: the wheel zooms, a drag selects a range, with Shift it pans, a double click shows everything.

use js_sys::Date;
use web_sys::{Event, PointerEvent, WheelEvent};

use super::chart_state::ChartState;
use super::display::Selection;
use super::pointer_state::ActivePointer;
use super::readout::Pin;
use super::registry::Charts;
use super::viewport::Viewport;
use crate::app::signals::SetIfChanged;
use crate::protocol::CellId;

/// A pointer that moves less, in CSS pixels, is a click.
const CLICK_DISTANCE: f64 = 4.0;
/// Zoom of one notch of a wheel (100 pixels).
const WHEEL_ZOOM: f64 = 0.2;
/// The wheel goes on with the chart or the page that it began with until it has rested for this time.
const WHEEL_IDLE_MS: f64 = 300.0;

/// The middle of the pixel of an event, in CSS pixels of the canvas.
fn canvas_place(event: &PointerEvent) -> (f64, f64) {
    (f64::from(event.offset_x()) + 0.5, f64::from(event.offset_y()) + 0.5)
}

fn client_place(event: &PointerEvent) -> (f64, f64) {
    (f64::from(event.client_x()), f64::from(event.client_y()))
}

fn is_touch(event: &PointerEvent) -> bool {
    event.pointer_type() == "touch"
}

impl Charts {
    pub fn on_wheel(&mut self, id: &CellId, event: &WheelEvent) {
        if event.ctrl_key() {
            return;
        }
        self.pointer.set_handled(event);
        let lines = if event.delta_mode() == WheelEvent::DOM_DELTA_PIXEL { 100.0 } else { 3.0 };
        let (by, across) = (event.delta_y() / lines, event.delta_x() / lines);
        let now = Date::now();
        let begins = now - std::mem::replace(&mut self.pointer.wheel_at, now) > WHEEL_IDLE_MS;
        if begins {
            // A chart that shows all cannot be zoomed out or moved aside: that scrolls the page.
            let zooms = |chart: &mut ChartState| chart.viewport.is_some() || (by < 0.0 && across.abs() <= by.abs());
            self.pointer.wheel_chart = self.chart(id).is_some_and(zooms).then(|| id.clone());
        }
        if self.pointer.wheel_chart.as_ref() != Some(id) {
            return;
        }
        event.prevent_default();
        let Some(chart) = self.chart(id) else { return };
        let (Some(range), Some(layout)) = (chart.visible_range(), &chart.layout) else { return };
        let extent = chart.extent();
        let viewport = if across.abs() > by.abs() {
            chart.viewport.map(|viewport| viewport.pan(across * WHEEL_ZOOM, extent))
        } else {
            let x = layout.x_at(f64::from(event.offset_x()));
            range.zoom(x, (by * WHEEL_ZOOM).exp(), chart.min_window(x), extent)
        };
        self.set_viewport(id, viewport);
    }

    /// The wheel is turned outside of the charts.
    pub fn on_page_wheel(&mut self, event: &Event) {
        if self.pointer.is_handled(event) {
            return;
        }
        let now = Date::now();
        if now - std::mem::replace(&mut self.pointer.wheel_at, now) > WHEEL_IDLE_MS {
            self.pointer.wheel_chart = None;
        }
    }

    pub fn on_page_scroll(&mut self) {
        (self.pointer.wheel_at, self.pointer.wheel_chart) = (Date::now(), None);
        self.clear_readout();
    }

    /// A pointer moves or is pressed outside of the charts.
    pub fn on_page_pointer(&mut self, event: &PointerEvent) {
        if !self.pointer.is_handled(event) && self.pointer.chart.is_none() {
            self.clear_readout();
        }
    }

    pub fn on_pointer_down(&mut self, id: &CellId, event: &PointerEvent) {
        self.pointer.set_handled(event);
        let is_touch = is_touch(event);
        let is_primary = event.button() == 0;
        if is_touch || !is_primary {
            self.clear_readout();
        }
        if !is_primary || self.pointer.chart.as_ref().is_some_and(|chart| chart != id) {
            return;
        }
        let (x, _) = canvas_place(event);
        let Some(chart) = self.chart(id) else { return };
        if let Some(plot) = &chart.plot {
            // The drag goes on when the pointer leaves the canvas.
            let _ = plot.canvas.set_pointer_capture(event.pointer_id());
        }
        let range = chart.visible_range();
        let pointer = &mut self.pointer;
        pointer.start_range = range;
        pointer.is_panning = event.shift_key() || is_touch;
        pointer.is_tap = is_touch && pointer.active.is_empty();
        pointer.start_x = x;
        pointer.chart = Some(id.clone());
        pointer.active.push(ActivePointer { id: event.pointer_id(), x });
    }

    pub fn on_pointer_move(&mut self, id: &CellId, event: &PointerEvent) {
        self.pointer.set_handled(event);
        match self.pointer.chart.clone() {
            Some(pressed) => self.drag(&pressed, event),
            None => self.show_readout(id, canvas_place(event), client_place(event), Pin::Pointer),
        }
    }

    pub fn on_pointer_out(&mut self, event: &PointerEvent) {
        if self.pointer.chart.is_none() && !is_touch(event) {
            self.clear_readout();
        }
    }

    pub fn on_pointer_up(&mut self, event: &PointerEvent) {
        self.release_pointer(event, true);
    }

    pub fn on_pointer_cancel(&mut self, event: &PointerEvent) {
        self.release_pointer(event, false);
    }

    /// `is_up`: the pointer was lifted, and not taken by the browser.
    fn release_pointer(&mut self, event: &PointerEvent, is_up: bool) {
        let Some(id) = self.pointer.chart.take() else { return };
        self.pointer.active.retain(|pointer| pointer.id != event.pointer_id());
        let place = canvas_place(event);
        let (start_x, is_panning, is_tap) = (self.pointer.start_x, self.pointer.is_panning, self.pointer.is_tap);
        let left = std::mem::take(&mut self.pointer.active).into_iter().next();
        let Some(chart) = self.chart(&id) else { return };
        if let Some(plot) = &chart.plot {
            plot.display.selection.set_if_changed(None);
        }
        if let Some(left) = left {
            // One of two fingers is left, and the drag goes on from there.
            let range = chart.visible_range();
            let pointer = &mut self.pointer;
            (pointer.start_x, pointer.start_range, pointer.chart) = (left.x, range, Some(id.clone()));
            pointer.active.push(left);
        } else if is_up
            && !is_panning
            && (place.0 - start_x).abs() > CLICK_DISTANCE
            && let Some(viewport) = selected_range(chart, start_x, place.0)
        {
            self.set_viewport(&id, Some(viewport));
        }
        if is_tap && is_up && (place.0 - start_x).abs() <= CLICK_DISTANCE {
            self.show_readout(&id, place, client_place(event), Pin::Pending);
        } else if is_touch(event) {
            self.clear_readout();
        }
    }

    fn drag(&mut self, id: &CellId, event: &PointerEvent) {
        let (place, client) = (canvas_place(event), client_place(event));
        let before = self.pointer.spread();
        if let Some(pointer) = self.pointer.active.iter_mut().find(|pointer| pointer.id == event.pointer_id()) {
            pointer.x = place.0;
        }
        let after = self.pointer.spread();
        let (start_x, start_range, is_panning) = (self.pointer.start_x, self.pointer.start_range, self.pointer.is_panning);
        let Some(chart) = self.chart(id) else { return };
        let (Some(layout), extent) = (&chart.layout, chart.extent()) else { return };
        if let (Some((middle, before)), Some((_, after)), Some(range)) = (before, after, chart.visible_range()) {
            let x = layout.x_at(middle);
            let viewport = range.zoom(x, before / after, chart.min_window(x), extent);
            return self.set_viewport(id, viewport);
        }
        if !is_panning {
            let inside = |x: f64| x.max(layout.left).min(layout.left + layout.width) as i32;
            let (left, right) = (inside(start_x.min(place.0)), inside(start_x.max(place.0)));
            let is_wide = f64::from(right - left) > CLICK_DISTANCE;
            let selection = is_wide.then(|| Selection { left, width: right - left, bottom: layout.bottom_margin() });
            if let Some(plot) = &chart.plot {
                plot.display.selection.set_if_changed(selection);
            }
            return self.clear_readout();
        }
        match start_range.filter(|_| chart.viewport.is_some()) {
            Some(range) => {
                let viewport = range.pan((start_x - place.0) / layout.width, extent);
                self.set_viewport(id, Some(viewport));
                if let Some(readout) = &mut self.readout {
                    (readout.canvas, readout.client) = (place, client);
                }
            }
            // A chart that shows all cannot be panned: the finger reads values.
            None => self.show_readout(id, place, client, Pin::Pointer),
        }
    }
}

/// The range between two places of the canvas, and at least as wide as a window may be.
fn selected_range(chart: &ChartState, one: f64, other: f64) -> Option<Viewport> {
    let layout = chart.layout.as_ref()?;
    let x_at = |x: f64| layout.x_at(x.max(layout.left).min(layout.left + layout.width));
    let (from, to) = (x_at(one.min(other)), x_at(one.max(other)));
    let middle = from / 2.0 + to / 2.0;
    let half = (to / 2.0 - from / 2.0).max(chart.cache.min_window(middle) / 2.0);
    Viewport::new(middle - half, middle + half)
}
