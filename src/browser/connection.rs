//! The connection to `/live`: opened again whenever it is lost, for as long as the page is open.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{ArrayBuffer, Date, Math, Reflect, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, MessageEvent, WebSocket};

use super::dom;
use crate::protocol::{Cell, Event, points};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Live {
    Connecting,
    Live,
    /// Lost: the next try comes in this many seconds.
    Waiting(u32),
}

/// Who reads the events.
pub trait Reader {
    /// Where to connect, so that nothing already known is sent again.
    fn address(&self) -> String;
    fn take(&self, event: Event<Cell>);
    fn take_points(&self, frame: points::PointsFrame);
    /// Something could not be read: what is known is no longer complete, so the next connection must send everything.
    fn forget(&self);
    fn show(&self, state: Live);
}

/// How the server closes the connection of somebody whose access has ended (RFC 6455: "policy violation").
const ENDED: f64 = 1008.0;

/// The server sends at least a bookmark every 15 s; after more than two missed ones the connection is dead.
const SILENCE_MS: f64 = 40_000.0;
/// A computer that slept comes back with a socket that looks open; silence this long is not trusted then.
const DOUBT_MS: f64 = 20_000.0;
/// A connection that lasted this long has cleared the record of failures.
const STEADY_MS: f64 = 2_000.0;
const FIRST_PAUSE_MS: f64 = 250.0;
const LONGEST_PAUSE_MS: f64 = 10_000.0;

/// What is wrong with the server is told in frames that begin with `!`, and stands here for the style to show.
const NOTICE: &str = "data-notice";

/// The one connection of the page.
struct Line {
    reader: Rc<dyn Reader>,
    /// Called with everything that a socket has to say.
    hear: js_sys::Function,
    /// `None` while waiting for the next try.
    socket: Option<WebSocket>,
    greeted: bool,
    /// When it began to connect, when something was heard last, and when the next try comes: milliseconds since 1970.
    began: f64,
    heard: f64,
    next_try: f64,
    failures: u32,
    /// Counts the alarms, of which only the last one rings.
    alarm: u32,
}

thread_local! {
    static LINE: RefCell<Option<Line>> = const { RefCell::new(None) };
}

/// Looks at the line. The reader is not called meanwhile, so that it may do anything.
fn line<R>(look: impl FnOnce(&mut Line) -> R) -> Option<R> {
    LINE.with(|line| line.borrow_mut().as_mut().map(look))
}

/// Connects, and stays connected until the page goes.
pub fn follow(reader: impl Reader + 'static) {
    let hear = dom::function(hear);
    let line =
        Line { reader: Rc::new(reader), hear, socket: None, greeted: false, began: 0.0, heard: 0.0, next_try: 0.0, failures: 0, alarm: 0 };
    LINE.with(|place| *place.borrow_mut() = Some(line));
    dom::listen(&window(), "online", |_: web_sys::Event| wake());
    dom::listen(&document(), "visibilitychange", |_: web_sys::Event| {
        if !document().hidden() {
            wake();
        }
    });
    connect();
}

/// Waiting has become pointless: the network is back, or somebody looks.
pub fn wake() {
    let is_waiting = line(|line| line.socket.is_none());
    let is_doubtful = line(|line| line.socket.is_some() && line.greeted && Date::now() - line.heard > DOUBT_MS);
    match (is_waiting, is_doubtful) {
        (Some(true), _) => connect(),
        (_, Some(true)) => lose(),
        _ => {}
    }
}

fn connect() {
    let Some(reader) = line(|line| line.reader.clone()) else { return };
    reader.show(Live::Connecting);
    let socket = WebSocket::new(&reader.address()).ok();
    let is_open = line(|line| {
        (line.began, line.heard, line.greeted) = (Date::now(), Date::now(), false);
        line.socket = socket;
        let Some(socket) = &line.socket else { return false };
        socket.set_binary_type(BinaryType::Arraybuffer);
        ["message", "close", "error"].iter().all(|name| socket.add_event_listener_with_callback(name, &line.hear).is_ok())
    });
    if is_open == Some(true) { ring_in(SILENCE_MS) } else { lose() }
}

fn hear(event: JsValue) {
    let event: MessageEvent = event.unchecked_into();
    // What an abandoned socket still has to say is of no interest.
    let reader = line(|line| {
        let is_ours = line.socket.as_ref().is_some_and(|socket| event.target().is_some_and(|target| target == **socket));
        if is_ours {
            line.heard = Date::now();
        }
        is_ours.then(|| line.reader.clone())
    });
    let Some(reader) = reader.flatten() else { return };
    if event.type_() != "message" {
        if Reflect::get(&event, &JsValue::from_str("code")).is_ok_and(|code| code == ENDED) {
            // The server then asks for a token, and says why.
            let _ = window().location().reload();
            return;
        }
        return lose();
    }
    let data = event.data();
    let is_read = match data.as_string() {
        Some(text) if text.starts_with('!') => {
            dom::mark_root(NOTICE, text.get(1..));
            true
        }
        Some(text) => match serde_json::from_str(&text).ok() {
            Some::<Event<Cell>>(event) => {
                if matches!(event, Event::Hello { .. }) {
                    dom::mark_root(NOTICE, None);
                    line(|line| line.greeted = true);
                    reader.show(Live::Live);
                }
                reader.take(event);
                true
            }
            None => false,
        },
        None => {
            let bytes = data.dyn_into::<ArrayBuffer>().map(|bytes| Uint8Array::new(&bytes).to_vec()).unwrap_or_default();
            points::read(&bytes).is_ok_and(|frame| {
                reader.take_points(frame);
                true
            })
        }
    };
    if !is_read {
        reader.forget();
        lose();
    }
}

/// The connection is no more. Exponential back-off with full jitter, so that a hundred browsers do not come back in the same instant.
fn lose() {
    line(|line| {
        if let Some(socket) = line.socket.take() {
            let _ = socket.close();
        }
        // A server that greets and hangs up at once is not healthy.
        let is_healthy = line.greeted && Date::now() - line.began > STEADY_MS;
        line.failures = if is_healthy { 0 } else { line.failures + 1 };
        let longest = (FIRST_PAUSE_MS * f64::from(1_u32 << line.failures.min(16))).min(LONGEST_PAUSE_MS);
        line.next_try = Date::now() + longest * Math::random();
    });
    ring();
}

/// One timer for all: the countdown while waiting, and the silence of a line that is open.
fn ring() {
    let Some((is_open, reader, heard, next_try)) = line(|line| (line.socket.is_some(), line.reader.clone(), line.heard, line.next_try))
    else {
        return;
    };
    if is_open {
        let left = SILENCE_MS - (Date::now() - heard);
        return if left <= 0.0 { lose() } else { ring_in(left) };
    }
    let left = next_try - Date::now();
    if left <= 0.0 {
        return connect();
    }
    let seconds = (left / 1000.0).ceil();
    reader.show(Live::Waiting(seconds as u32));
    // When the number of whole seconds changes, and at the end.
    ring_in(left - (seconds - 1.0) * 1000.0);
}

fn ring_in(milliseconds: f64) {
    let alarm = line(|line| {
        line.alarm += 1;
        line.alarm
    });
    let ring_if_last = move || {
        if line(|line| line.alarm) == alarm {
            ring();
        }
    };
    set_timeout(ring_if_last, Duration::from_millis(milliseconds.max(1.0).ceil() as u64));
}
