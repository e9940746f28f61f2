//! Messages of figures' frames to the page. Figures are untrusted: the only messages accepted from
//! them are their height and what was blocked, both checked.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use js_sys::{Map, Reflect};
use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{MessageEvent, Window};

use super::blocked_scripts::Blocked;

/// The sandbox of figures. Never add `allow-same-origin`: beside `allow-scripts` it would remove
/// the sandbox.
const FIGURE_SANDBOX: &str = "allow-scripts";
/// The sandbox of texts, whose links open new pages. No script runs in a text but the server's.
const TEXT_SANDBOX: &str = "allow-scripts allow-popups allow-popups-to-escape-sandbox";

/// Heights that a figure may have, in CSS pixels.
const MIN_HEIGHT: f64 = 40.0;
const MAX_HEIGHT: f64 = 4000.0;

/// The `sandbox` attribute of the frame of a cell of this type.
pub fn sandbox(cell_type: &str) -> &'static str {
    if cell_type == "text" { TEXT_SANDBOX } else { FIGURE_SANDBOX }
}

#[derive(Clone, Debug, PartialEq)]
pub enum FrameMessage {
    /// The height of the figure's content in CSS pixels, within its bounds.
    Height(u32),
    Blocked(Blocked),
}

impl FrameMessage {
    /// `None` for everything that `frame.js` does not send.
    fn parse(data: &JsValue) -> Option<Self> {
        if !data.is_object() {
            return None;
        }
        let field = |name: &str| Reflect::get(data, &JsValue::from_str(name)).ok();
        match field("agnez")?.as_string()?.as_str() {
            "height" => bounded_height(field("height")?.as_f64()?).map(Self::Height),
            "blocked" => Blocked::parse(&field("directive")?.as_string()?, &field("uri")?.as_string()?).map(Self::Blocked),
            _ => None,
        }
    }
}

/// Rounded up and within the bounds; `None` for NaN and infinity.
fn bounded_height(height: f64) -> Option<u32> {
    height.is_finite().then(|| height.clamp(MIN_HEIGHT, MAX_HEIGHT).ceil() as u32)
}

/// A handle to the message handlers of frames, which components get by [`use_frame_messages`]. On
/// the server it has none.
///
/// One listener finds the sender's handler by its window. With a listener for each frame, every
/// message would run through all of them, and a board may have thousands of frames.
#[derive(Clone, Copy)]
pub struct FrameMessages(Option<StoredValue<Rc<RefCell<Handlers>>, LocalStorage>>);

type Handler = Rc<dyn Fn(FrameMessage)>;

struct Handlers {
    /// The id of the handler of each window. Windows are compared by identity.
    ids: Map,
    by_id: HashMap<u32, (Window, Handler)>,
    next_id: u32,
}

/// Gives the components below the current owner a [`FrameMessages`], which listens while that owner
/// lives.
pub fn provide_frame_messages() {
    let messages = FrameMessages::new();
    let listener = window_event_listener(ev::message, move |event| messages.dispatch(&event));
    on_cleanup(move || listener.remove());
    provide_context(messages);
}

/// The message handlers of the page. Panics outside of [`crate::app::App`].
pub fn use_frame_messages() -> FrameMessages {
    expect_context()
}

impl FrameMessages {
    fn new() -> Self {
        let handlers = || Handlers { ids: Map::new(), by_id: HashMap::new(), next_id: 0 };
        Self(is_browser().then(|| StoredValue::new_local(Rc::new(RefCell::new(handlers())))))
    }

    /// Calls `handler` with each message of this frame while the current owner lives. Asks the
    /// frame to send again what it sent before.
    pub fn register(self, frame: Window, handler: impl Fn(FrameMessage) + 'static) {
        let Some(handlers) = self.handlers() else { return };
        if let Ok(request) = js_sys::JSON::parse(r#"{"agnez":"measure"}"#) {
            // The frame's origin is opaque. The message has no secret.
            let _ = frame.post_message(&request, "*");
        }
        let id = handlers.borrow_mut().insert(frame, Rc::new(handler));
        on_cleanup(move || {
            if let Some(handlers) = self.handlers() {
                handlers.borrow_mut().remove(id);
            }
        });
    }

    fn dispatch(self, event: &MessageEvent) {
        let (Some(handlers), Some(source)) = (self.handlers(), event.source()) else { return };
        let handler = handlers.borrow().find(source.as_ref());
        // The handlers are not borrowed here: a message may add a frame.
        if let (Some(handler), Some(message)) = (handler, FrameMessage::parse(&event.data())) {
            handler(message);
        }
    }

    fn handlers(self) -> Option<Rc<RefCell<Handlers>>> {
        self.0?.try_get_value()
    }
}

impl Handlers {
    fn insert(&mut self, frame: Window, handler: Handler) -> u32 {
        self.next_id += 1;
        self.ids.set(&frame, &self.next_id.into());
        self.by_id.insert(self.next_id, (frame, handler));
        self.next_id
    }

    fn remove(&mut self, id: u32) {
        if let Some((frame, _)) = self.by_id.remove(&id) {
            self.ids.delete(&frame);
        }
    }

    fn find(&self, source: &JsValue) -> Option<Handler> {
        let id = self.ids.get(source).as_f64()? as u32;
        self.by_id.get(&id).map(|(_, handler)| handler.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_bounded() {
        assert_eq!([0.0, 99.2, 1e9, -5.0].map(bounded_height), [Some(40), Some(100), Some(4000), Some(40)]);
        assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(bounded_height), [None; 3]);
    }

    #[test]
    fn no_sandbox_gives_a_figure_the_origin_of_the_page() {
        for cell_type in ["html", "text", "table", ""] {
            assert!(!sandbox(cell_type).contains("same-origin"), "{cell_type}");
        }
        assert!(!sandbox("html").contains("popups"));
    }
}
