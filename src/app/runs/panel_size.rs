//! How much room the panel takes: folded, its width, and on a phone the height of the sheet.

use leptos::ev::{FocusEvent, KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::app::erased::Erase;
use crate::app::state::Dashboard;
use crate::browser::dom;

/// The attribute of the root element and the key of the storage that say whether the panel is open. Without it, it is open on a wide
/// window and closed on a phone: the style sheet decides. The script in the shell sets it before the first paint.
const OPEN: &str = "data-runs";
const STORAGE_KEY: &str = "agnez-runs";
const WIDTH_KEY: &str = "agnez-runs-width";
/// The variable of the style sheet.
const WIDTH: &str = "--runs-width";

/// Windows up to this width have the sheet; the style sheet has the same.
const PHONE: &str = "(width <= 640px)";

const MIN_WIDTH: f64 = 300.0;
const MAX_WIDTH: f64 = 1000.0;
/// The largest width that the style sheet gives the panel.
const DEFAULT_WIDTH: f64 = 684.0;
/// A press of an arrow key on the grip, in CSS pixels.
const KEY_STEP: f64 = 16.0;
/// Dragged further than this, a sheet changes its height.
const MIN_DRAG: f64 = 24.0;

#[derive(Clone, Copy)]
pub struct PanelSize {
    pub is_open: RwSignal<bool>,
    /// The sheet is as high as the window.
    pub is_full: RwSignal<bool>,
    /// In CSS pixels, as it is announced; `None`: as the style sheet has it.
    width: RwSignal<Option<f64>>,
    /// Where the pointer has gone down, and what the size was there.
    drag: RwSignal<Option<(f64, f64)>>,
}

impl PanelSize {
    pub fn new() -> Self {
        Self { is_open: RwSignal::new(true), is_full: RwSignal::new(false), width: RwSignal::new(None), drag: RwSignal::new(None) }
    }

    /// As the reader has left it. The shell has set the width before the first paint. Browser only.
    pub fn restore(self) {
        let root = document().document_element();
        self.is_open.set(match root.and_then(|root| root.get_attribute(OPEN)).as_deref() {
            Some(open) => open != "closed",
            None => !is_phone(),
        });
        let stored = dom::local_storage().and_then(|storage| storage.get_item(WIDTH_KEY).ok().flatten());
        if let Some(width) = stored.map(|text| dom::number_of(&text)).filter(|width| width.is_finite()) {
            self.set_width(width);
        }
    }

    pub fn toggle(self) {
        self.set_open(!self.is_open.get_untracked(), false);
    }

    /// A sheet that is open on a phone would cover the charts of the next page: it is not stored.
    fn set_open(self, is_open: bool, is_full: bool) {
        self.is_open.set(is_open);
        self.is_full.set(is_full);
        let value = match (is_open, is_full) {
            (false, _) => "closed",
            (true, false) => "open",
            (true, true) => "full",
        };
        dom::set_root_attribute(OPEN, Some(value));
        if let Some(storage) = dom::local_storage() {
            let _ = if is_open { storage.remove_item(STORAGE_KEY) } else { storage.set_item(STORAGE_KEY, value) };
        }
    }

    fn set_width(self, width: f64) {
        let width = width.clamp(MIN_WIDTH, MAX_WIDTH).round();
        self.width.set(Some(width));
        let text = dom::number_text(width);
        if let Some(root) = document().document_element().and_then(|root| root.dyn_into::<HtmlElement>().ok()) {
            let _ = root.style().set_property(WIDTH, &[&text, "px"].concat());
        }
        if let Some(storage) = dom::local_storage() {
            let _ = storage.set_item(WIDTH_KEY, &text);
        }
    }
}

fn is_phone() -> bool {
    window().match_media(PHONE).ok().flatten().is_some_and(|query| query.matches())
}

/// Folds or unfolds the panel. False if there is none.
pub fn fold(dashboard: Dashboard) -> bool {
    let toggle = dashboard.refs.runs_toggle.get_untracked();
    if let Some(toggle) = &toggle {
        toggle.click();
    }
    toggle.is_some()
}

/// Moves the focus to the row that it was in last, or to the first one. False if there is no panel.
pub fn focus_panel(dashboard: Dashboard) -> bool {
    let runs = dashboard.runs;
    let Some(toggle) = dashboard.refs.runs_toggle.get_untracked() else { return false };
    if toggle.get_attribute("aria-expanded").as_deref() != Some("true") {
        toggle.click();
    }
    let known = runs.current.get_untracked().filter(|key| runs.rows.with_untracked(|rows| rows.find(key).is_some()));
    match known.or_else(|| runs.rows.with_untracked(|rows| rows.key(0))) {
        Some(key) if runs.opened.with_untracked(Option::is_none) => runs.focus_due.set(Some(key)),
        _ => drop(toggle.focus()),
    }
    true
}

/// The keys of the panel as a whole.
pub fn on_key(dashboard: Dashboard, size: PanelSize, event: &KeyboardEvent) {
    if event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() || dom::is_typing(event) {
        return;
    }
    let runs = dashboard.runs;
    match event.key().as_str() {
        "[" => {
            size.toggle();
            if let Some(toggle) = dashboard.refs.runs_toggle.get_untracked() {
                let _ = toggle.focus();
            }
        }
        "/" => {
            let Some(field) = dashboard.refs.run_search.get_untracked() else { return };
            let _ = field.focus();
        }
        "r" => dashboard.focus_board(),
        "Escape" if runs.opened.with_untracked(Option::is_some) => super::open(dashboard, None),
        key @ ("j" | "k") if runs.opened.with_untracked(Option::is_some) => super::step(dashboard, key == "j"),
        _ => return,
    }
    event.prevent_default();
}

/// Changes the width of the panel, and on a phone the height of the sheet: by dragging, or by arrow keys.
#[component]
pub fn Grip(size: PanelSize) -> impl IntoView {
    let on_key = move |event: KeyboardEvent| {
        let by = match event.key().as_str() {
            "ArrowLeft" => -KEY_STEP,
            "ArrowRight" => KEY_STEP,
            "ArrowUp" if is_phone() => return size.set_open(true, size.is_open.get_untracked()),
            "ArrowDown" if is_phone() => return size.set_open(size.is_full.get_untracked(), false),
            _ => return,
        };
        event.prevent_default();
        size.set_width(current_width(&event.current_target()) + by);
    };
    // Where the width is that of the style sheet, only the document knows it.
    let focus = move |event: FocusEvent| size.width.set(Some(current_width(&event.current_target()).round()));
    let down = move |event: PointerEvent| {
        if let Some(grip) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) {
            let _ = grip.set_pointer_capture(event.pointer_id());
        }
        event.prevent_default();
        let at = if is_phone() { event.client_y() } else { event.client_x() };
        size.drag.set(Some((f64::from(at), current_width(&event.current_target()))));
    };
    let moved = move |event: PointerEvent| {
        if let Some((at, width)) = size.drag.get_untracked().filter(|_| !is_phone()) {
            size.set_width(width + f64::from(event.client_x()) - at);
        }
    };
    let up = move |event: PointerEvent| {
        let Some((at, _)) = size.drag.get_untracked() else { return };
        size.drag.set(None);
        let by = f64::from(event.client_y()) - at;
        if is_phone() && by < -MIN_DRAG {
            size.set_open(true, size.is_open.get_untracked());
        } else if is_phone() && by > MIN_DRAG {
            size.set_open(size.is_full.get_untracked(), false);
        }
    };
    view! {
        <div
            class="runs-grip"
            role="separator"
            tabindex="0"
            aria-label="Size of the runs panel"
            aria-controls="runs"
            aria-valuemin="300"
            aria-valuemax="1000"
            aria-valuenow=move || (size.width.get().unwrap_or(DEFAULT_WIDTH) as i32).to_string()
            on:focus=focus
            on:keydown=on_key
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=up
            on:pointercancel=move |_| size.drag.set(None)
        ></div>
    }
    .erase_built()
}

/// That of the panel around the grip.
fn current_width(grip: &Option<web_sys::EventTarget>) -> f64 {
    let grip = grip.clone().and_then(|target| target.dyn_into::<Element>().ok());
    grip.and_then(|grip| grip.parent_element()).map_or(MIN_WIDTH, |panel| panel.get_bounding_client_rect().width())
}
