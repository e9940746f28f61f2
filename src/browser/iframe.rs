//! Frames of figures: exchanged without a flash, as high as the figure says. Figures are untrusted:
//! the only messages accepted from them are their height and what was blocked, both checked.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use js_sys::Reflect;
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlIFrameElement, MessageEvent};

use super::blocked_scripts::{self, Blocked};
use super::dom;

/// What a figure may. Never `allow-same-origin` beside it: together they would be no sandbox at all.
const SANDBOX: &str = "allow-scripts";
/// What a text may: its links open pages of their own. No script runs in it but the server's.
const LINKED: &str = "allow-scripts allow-popups allow-popups-to-escape-sandbox";

/// For a cell of this type.
pub fn sandbox(kind: &str) -> &'static str {
    if kind == "text" { LINKED } else { SANDBOX }
}

/// Heights in CSS pixels that a figure may ask for.
const LEAST: f64 = 40.0;
const MOST: f64 = 4000.0;

/// A figure that has loaded but told no height within this time is shown as high as the one before.
const PATIENCE: Duration = Duration::from_millis(300);

thread_local! {
    /// Bound: one entry for each figure in the document; it goes with its cell.
    static PANES: RefCell<Vec<Weak<Inner>>> = const { RefCell::new(Vec::new()) };
}

/// Hands what figures post to their panes. Called once, when the page wakes.
pub fn listen() {
    dom::listen(&window(), "message", |event: MessageEvent| {
        let (Some(message), Some(sender)) = (message(&event), event.source()) else { return };
        let sender: &JsValue = sender.as_ref();
        let panes = PANES.with_borrow(|panes| panes.iter().filter_map(Weak::upgrade).collect::<Vec<_>>());
        for pane in panes {
            if let Some(rev) = pane.sender(sender) {
                return match message {
                    Message::Height(height) => pane.measured(rev, height),
                    Message::Blocked(blocked) => pane.lacks(rev, blocked),
                };
            }
        }
    });
}

/// All that figures can say.
enum Message {
    Height(u32),
    Blocked(Blocked),
}

fn message(event: &MessageEvent) -> Option<Message> {
    let message = event.data();
    if !message.is_object() {
        return None;
    }
    let field = |name: &str| Reflect::get(&message, &JsValue::from_str(name)).ok();
    match field("agnez")?.as_string()?.as_str() {
        "height" => {
            let height = field("height")?.as_f64()?;
            // The clamp makes the conversion safe: what is left is between 40 and 4000.
            height.is_finite().then(|| Message::Height(height.clamp(LEAST, MOST).ceil() as u32))
        }
        "blocked" => Blocked::read(&field("what")?.as_string()?, &field("from")?.as_string()?).map(Message::Blocked),
        _ => None,
    }
}

/// Which figure is seen, which one is loading behind it, and the newest of those that arrived meanwhile.
#[derive(Clone, Debug, PartialEq)]
struct Swap {
    seen: u64,
    loading: Option<u64>,
    waiting: Option<u64>,
}

impl Swap {
    /// This figure should be seen. True when it must be loaded now.
    fn want(&mut self, rev: u64) -> bool {
        match self.loading {
            Some(loading) => self.waiting = (loading != rev).then_some(rev),
            None if self.seen == rev => {}
            None => {
                self.loading = Some(rev);
                return true;
            }
        }
        false
    }

    /// This figure has been drawn. True when it takes the place of the one that is seen.
    fn ready(&mut self, rev: u64) -> bool {
        let is_next = self.loading == Some(rev);
        if is_next {
            self.seen = rev;
            self.loading = None;
        }
        is_next
    }
}

/// The place for the frames of one cell.
pub struct Pane(Rc<Inner>);

struct Inner {
    /// The white paper that holds the frames, and has the height of the one that is seen.
    paper: Element,
    state: RefCell<Frames>,
}

struct Frames {
    swap: Swap,
    seen: HtmlIFrameElement,
    loading: Option<HtmlIFrameElement>,
    height: u32,
    title: String,
    /// That of the newest figure that is wanted: no other is loaded.
    address: String,
    /// Of the frames that will be loaded.
    sandbox: &'static str,
    /// What the figures of these revisions could not load: [`blocked_scripts::REPORTS`] of each at most.
    lacking: Vec<(u64, Blocked)>,
}

impl Pane {
    /// Takes over the frame that is on the paper already, and asks it for its height: it may have told it before anybody listened.
    pub fn new(paper: Element, rev: u64) -> Option<Self> {
        let seen: HtmlIFrameElement = paper.query_selector("iframe").ok()??.dyn_into().ok()?;
        if let (Some(window), Ok(question)) = (seen.content_window(), js_sys::JSON::parse(r#"{"agnez":"measure"}"#)) {
            let _ = window.post_message(&question, "*");
        }
        let swap = Swap { seen: rev, loading: None, waiting: None };
        let state = RefCell::new(Frames {
            swap,
            seen,
            loading: None,
            height: 0,
            title: String::new(),
            address: String::new(),
            sandbox: SANDBOX,
            lacking: Vec::new(),
        });
        let inner = Rc::new(Inner { paper, state });
        PANES.with_borrow_mut(|panes| {
            panes.retain(|pane| pane.strong_count() > 0);
            panes.push(Rc::downgrade(&inner));
        });
        Some(Self(inner))
    }

    /// Shows the figure of this revision as soon as it is drawn.
    pub fn want(&self, rev: u64, address: String, title: &str, sandbox: &'static str) {
        let must_load = {
            let mut state = self.0.state.borrow_mut();
            (state.address, state.sandbox) = (address, sandbox);
            if state.title != title {
                title.clone_into(&mut state.title);
                for frame in state.loading.iter().chain([&state.seen]) {
                    let _ = frame.set_attribute("title", title);
                }
            }
            state.swap.want(rev)
        };
        if must_load {
            self.0.load(rev);
        }
    }
}

impl Inner {
    /// The revision of the frame that this window belongs to.
    fn sender(&self, sender: &JsValue) -> Option<u64> {
        let state = self.state.borrow();
        let is_of = |frame: &HtmlIFrameElement| frame.content_window().is_some_and(|window| window.loose_eq(sender));
        if is_of(&state.seen) {
            return Some(state.swap.seen);
        }
        state.loading.as_ref().filter(|frame| is_of(frame)).and(state.swap.loading)
    }

    /// Always a new frame: one that is sent elsewhere would write into the browser's history.
    fn load(self: &Rc<Self>, rev: u64) {
        let Some(frame) = document().create_element("iframe").ok().and_then(|frame| frame.dyn_into::<HtmlIFrameElement>().ok()) else {
            return;
        };
        let mut state = self.state.borrow_mut();
        let attributes = [
            ("sandbox", state.sandbox),
            ("referrerpolicy", "no-referrer"),
            ("allow", ""),
            ("title", &state.title),
            ("class", "waiting"),
            ("aria-hidden", "true"),
            ("src", &state.address),
        ];
        for (name, value) in attributes {
            let _ = frame.set_attribute(name, value);
        }
        let this = Rc::downgrade(self);
        let loaded = Closure::once_into_js(move || {
            let shown = move || {
                if let Some(this) = this.upgrade() {
                    this.show(rev);
                }
            };
            set_timeout(shown, PATIENCE);
        });
        frame.set_onload(loaded.dyn_ref());
        state.loading = Some(frame.clone());
        drop(state);
        let _ = self.paper.append_child(&frame);
    }

    fn measured(self: &Rc<Self>, rev: u64, height: u32) {
        {
            let mut state = self.state.borrow_mut();
            if state.height != height {
                state.height = height;
                let _ = self.paper.set_attribute("style", &["height:", &height.to_string(), "px"].concat());
            }
        }
        self.show(rev);
    }

    /// Something that this figure wanted was blocked.
    fn lacks(&self, rev: u64, blocked: Blocked) {
        let mut state = self.state.borrow_mut();
        let lack = (rev, blocked);
        let known = state.lacking.iter().filter(|(of, _)| *of == rev).count();
        if known < blocked_scripts::REPORTS && !state.lacking.contains(&lack) {
            state.lacking.push(lack);
            self.say(&state);
        }
    }

    /// Says below the paper what the figure that is seen could not load.
    fn say(&self, state: &Frames) {
        let Some(place) = self.paper.next_element_sibling() else { return };
        let lacking: Vec<Blocked> =
            state.lacking.iter().filter(|(rev, _)| *rev == state.swap.seen).map(|(_, blocked)| blocked.clone()).collect();
        let _ = place.toggle_attribute_with_force("hidden", lacking.is_empty());
        place.set_text_content(Some(&blocked_scripts::sentence(&lacking)));
    }

    /// Exchanges the frames if this one has been waited for, and loads what arrived meanwhile.
    fn show(self: &Rc<Self>, rev: u64) {
        let waiting = {
            let mut state = self.state.borrow_mut();
            if !state.swap.ready(rev) {
                return;
            }
            if let Some(frame) = state.loading.take() {
                let _ = frame.remove_attribute("class");
                let _ = frame.remove_attribute("aria-hidden");
                std::mem::replace(&mut state.seen, frame).remove();
            }
            let seen = state.swap.seen;
            state.lacking.retain(|(of, _)| *of == seen);
            self.say(&state);
            state.swap.waiting.take().filter(|rev| state.swap.want(*rev))
        };
        if let Some(rev) = waiting {
            self.load(rev);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_waits_while_one_loads() {
        let mut swap = Swap { seen: 1, loading: None, waiting: None };
        assert!(!swap.want(1));
        assert!(swap.want(2));
        assert!(!swap.want(3));
        assert!(!swap.want(4));
        assert_eq!(swap, Swap { seen: 1, loading: Some(2), waiting: Some(4) });
        assert!(!swap.ready(1));
        assert!(swap.ready(2));
        assert_eq!(swap, Swap { seen: 2, loading: None, waiting: Some(4) });
    }
}
