//! The events of the document that concern all charts.

use leptos::prelude::*;
use web_sys::{Event, PointerEvent};

use super::registry::{ChartRegistry, Charts};
use crate::browser::dom;
use crate::protocol::CellId;

impl ChartRegistry {
    /// Starts to draw. Once, when the page hydrates. `focused_cell`: the cell with the keyboard focus.
    pub fn start(self, focused_cell: impl Fn() -> Option<CellId> + 'static) {
        self.observe();
        self.await_input();
        self.restore_zoom_link();
        self.listen_to_history();
        self.listen_to_print();
        dom::add_listener(&document(), "visibilitychange", move |_: Event| self.update(Charts::request_frame));
        // The colours of a canvas are those of the time when it was drawn.
        if let Ok(Some(system)) = window().match_media("(prefers-color-scheme: dark)") {
            dom::add_listener(&system, "change", move |_: Event| self.repaint());
        }
        for name in ["pointerdown", "pointermove"] {
            dom::add_listener(&document(), name, move |event: PointerEvent| self.update(|charts| charts.on_page_pointer(&event)));
        }
        dom::add_listener(&document(), "wheel", move |event: Event| self.update(|charts| charts.on_page_wheel(&event)));
        dom::add_listener(&document(), "scroll", move |_: Event| self.update(Charts::on_page_scroll));
        dom::add_listener(&document(), "focusin", move |_: Event| self.clear_readout_outside(focused_cell().as_ref()));
    }
}
