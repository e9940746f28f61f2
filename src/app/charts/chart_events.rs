//! The events of a chart's canvas. Until the second part of the page's code is there, a chart can be read, and not be zoomed.

use js_sys::Date;
use leptos::prelude::*;
use web_sys::{Event, MouseEvent, PointerEvent, WheelEvent};

use super::chart_input::ChartCommand;
use super::pointer_state::WHEEL_IDLE_MS;
use super::readout::Pin;
use super::registry::{ChartRegistry, Charts};
use crate::protocol::CellId;

impl ChartRegistry {
    /// Runs a command on a chart. False when the cell is no line chart.
    pub fn run(self, id: &CellId, command: ChartCommand) -> bool {
        let run = |charts: &mut Charts| match charts.input {
            Some(input) => (input.run)(charts, id, command),
            None => {
                self.deferred.request();
                charts.chart(id).is_some()
            }
        };
        self.with(run).unwrap_or_default()
    }

    /// Waits for the functions.
    pub fn await_input(self) {
        Effect::new(move |_| self.deferred.loaded().map(|code| (code.install_chart_input)()));
    }
}

impl Charts {
    pub fn on_pointer_down(&mut self, id: &CellId, event: &PointerEvent) {
        self.pointer.set_handled(event);
        match self.input {
            Some(input) => (input.pointer_down)(self, id, event),
            None => self.registry.deferred.request(),
        }
    }

    pub fn on_pointer_move(&mut self, id: &CellId, event: &PointerEvent) {
        self.pointer.set_handled(event);
        match (self.pointer.chart.clone(), self.input) {
            (Some(pressed), Some(input)) => (input.drag)(self, &pressed, event),
            _ => self.show_readout(id, canvas_place(event), client_place(event), Pin::Pointer),
        }
    }

    pub fn on_pointer_out(&mut self, event: &PointerEvent) {
        if self.pointer.chart.is_none() && !is_touch(event) {
            self.clear_readout();
        }
    }

    pub fn on_pointer_up(&mut self, event: &PointerEvent) {
        if let Some(input) = self.input {
            (input.release_pointer)(self, event, true);
        }
    }

    pub fn on_pointer_cancel(&mut self, event: &PointerEvent) {
        if let Some(input) = self.input {
            (input.release_pointer)(self, event, false);
        }
    }

    pub fn on_wheel(&mut self, id: &CellId, event: &WheelEvent) {
        self.pointer.set_handled(event);
        if let Some(input) = self.input {
            (input.wheel)(self, id, event);
        }
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

    pub fn on_double_click(&mut self, id: &CellId, event: &MouseEvent) {
        if let Some(input) = self.input {
            (input.double_click)(self, id, event);
        }
    }
}

/// The middle of the pixel of an event, in CSS pixels of the canvas.
pub fn canvas_place(event: &PointerEvent) -> (f64, f64) {
    (f64::from(event.offset_x()) + 0.5, f64::from(event.offset_y()) + 0.5)
}

pub fn client_place(event: &PointerEvent) -> (f64, f64) {
    (f64::from(event.client_x()), f64::from(event.client_y()))
}

pub fn is_touch(event: &PointerEvent) -> bool {
    event.pointer_type() == "touch"
}
