//! The WebSocket to `/live`: one task that connects, follows, and connects again for as long as the page is open.

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::{FutureExt, SinkExt, StreamExt, select_biased};
use gloo_net::websocket::futures::WebSocket;
use gloo_net::websocket::{Message, WebSocketError};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Date, Math};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::protocol::{Cell, Event, parse_json, points};

/// The state of the connection, as the page shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Live {
    Connecting,
    Live,
    /// Lost; the next attempt begins in this number of seconds.
    Waiting(u32),
}

/// Takes what the connection receives.
pub trait EventSink {
    /// The URL that continues after the last event, so that nothing is sent twice.
    fn url(&self) -> String;
    fn on_event(&self, event: Event<Cell>);
    fn on_points(&self, frame: points::PointsFrame);
    /// The text that names what the server shall send; `None`: the server's default.
    fn subscription(&self) -> Option<String>;
    /// A warning of the server about itself; `None`: it is well.
    fn on_notice(&self, notice: Option<String>);
    /// Something could not be read: the state of the page is incomplete, so the next connection must send everything.
    fn forget_position(&self);
    fn on_state(&self, state: Live);
    /// The server has ended this reader's access.
    fn on_access_ended(&self);
}

/// The close code of a reader whose access has ended (RFC 6455, section 7.4.1: policy violation).
const POLICY_VIOLATION: u16 = 1008;
/// The server sends at least a bookmark every 15 s; after more than two missed ones the connection is dead.
const SILENCE_MS: f64 = 40_000.0;
/// A computer that slept wakes with a socket that looks open; silence this long is not trusted then.
const DOUBT_MS: f64 = 20_000.0;
/// A connection that lasted this long resets the count of failures.
const STEADY_MS: f64 = 2_000.0;
const FIRST_PAUSE_MS: f64 = 250.0;
const LONGEST_PAUSE_MS: f64 = 10_000.0;

/// A handle to the connection of the page.
#[derive(Clone)]
pub struct Connection {
    commands: UnboundedSender<Command>,
}

#[derive(Clone, Copy, PartialEq)]
enum Command {
    Wake,
    Subscribe,
}

impl Connection {
    /// Connects, and stays connected while the current owner lives. Browser only.
    pub fn open(sink: impl EventSink + 'static) -> Self {
        let (commands, received) = unbounded();
        let connection = Self { commands };
        spawn_local(run(sink, received));
        let (online, visible) = (connection.clone(), connection.clone());
        let listeners = [
            window_event_listener(leptos::ev::online, move |_| online.wake()),
            window_event_listener_untyped("visibilitychange", move |_| {
                if !document().hidden() {
                    visible.wake();
                }
            }),
        ];
        on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
        connection
    }

    /// Ends the pause before the next attempt, and tests an open connection that was silent for long: the network is back, or the
    /// reader looks at the page again.
    pub fn wake(&self) {
        let _ = self.commands.unbounded_send(Command::Wake);
    }

    /// Sends [`EventSink::subscription`] again: it has changed.
    pub fn subscribe(&self) {
        let _ = self.commands.unbounded_send(Command::Subscribe);
    }
}

/// How a connection ended.
enum End {
    Lost { was_greeted: bool },
    AccessEnded,
}

async fn run(sink: impl EventSink, mut commands: UnboundedReceiver<Command>) {
    let mut failures = 0_u32;
    loop {
        sink.on_state(Live::Connecting);
        let began = Date::now();
        let End::Lost { was_greeted } = follow(&sink, &mut commands).await else {
            return sink.on_access_ended();
        };
        // A server that greets and hangs up at once is not healthy.
        let is_healthy = was_greeted && Date::now() - began > STEADY_MS;
        failures = if is_healthy { 0 } else { failures + 1 };
        // Exponential back-off with full jitter, so that many browsers do not come back at the same instant.
        let longest = (FIRST_PAUSE_MS * f64::from(1_u32 << failures.min(16))).min(LONGEST_PAUSE_MS);
        pause(&sink, &mut commands, longest * Math::random()).await;
    }
}

/// Follows one connection to its end.
async fn follow(sink: &impl EventSink, commands: &mut UnboundedReceiver<Command>) -> End {
    let mut was_greeted = false;
    let Ok(socket) = WebSocket::open(&sink.url()) else { return End::Lost { was_greeted } };
    let mut socket = socket.fuse();
    let mut last_message = Date::now();
    let mut silence = timeout(SILENCE_MS).fuse();
    let mut is_subscription_due = false;
    loop {
        select_biased! {
            message = socket.next() => {
                last_message = Date::now();
                match message {
                    Some(Ok(message)) => match read(sink, message) {
                        Some(is_greeting) => {
                            was_greeted |= is_greeting;
                            is_subscription_due |= is_greeting;
                        }
                        None => {
                            sink.forget_position();
                            return End::Lost { was_greeted };
                        }
                    },
                    Some(Err(WebSocketError::ConnectionClose(close))) if close.code == POLICY_VIOLATION => return End::AccessEnded,
                    // An error is followed by the close event, which has the code.
                    Some(Err(WebSocketError::ConnectionError)) => {}
                    Some(Err(_)) | None => return End::Lost { was_greeted },
                }
            }
            command = commands.next() => {
                if was_greeted && Date::now() - last_message > DOUBT_MS {
                    return End::Lost { was_greeted };
                }
                is_subscription_due |= was_greeted && command == Some(Command::Subscribe);
            }
            () = silence => {
                let left = SILENCE_MS - (Date::now() - last_message);
                if left <= 0.0 {
                    return End::Lost { was_greeted };
                }
                silence = timeout(left).fuse();
            }
        }
        if std::mem::take(&mut is_subscription_due)
            && let Some(text) = sink.subscription()
            && socket.send(Message::Text(text)).await.is_err()
        {
            return End::Lost { was_greeted };
        }
    }
}

/// Whether the message is the greeting; `None` if it cannot be read.
fn read(sink: &impl EventSink, message: Message) -> Option<bool> {
    match message {
        Message::Text(text) if text.starts_with('!') => {
            let notice = text.get(1..).filter(|notice| !notice.is_empty());
            sink.on_notice(notice.map(str::to_owned));
            Some(false)
        }
        Message::Text(text) => {
            let event: Event<Cell> = parse_json(&text).ok()?;
            let is_greeting = matches!(event, Event::Hello { .. });
            if is_greeting {
                sink.on_notice(None);
                sink.on_state(Live::Live);
            }
            sink.on_event(event);
            Some(is_greeting)
        }
        Message::Bytes(bytes) => {
            sink.on_points(points::read(&bytes).ok()?);
            Some(false)
        }
    }
}

/// Waits before the next attempt, and shows the seconds that are left. [`Connection::wake`] ends it.
async fn pause(sink: &impl EventSink, commands: &mut UnboundedReceiver<Command>, milliseconds: f64) {
    // Calls from before the loss mean nothing now.
    while commands.try_recv().is_ok() {}
    let until = Date::now() + milliseconds;
    loop {
        let left = until - Date::now();
        if left <= 0.0 {
            return;
        }
        let seconds = (left / 1000.0).ceil();
        sink.on_state(Live::Waiting(seconds as u32));
        // Until the number of whole seconds changes.
        let mut tick = timeout(left - (seconds - 1.0) * 1000.0).fuse();
        select_biased! {
            command = commands.next() => {
                // The next connection subscribes when it is greeted.
                if command != Some(Command::Subscribe) {
                    return;
                }
            }
            () = tick => {}
        }
    }
}

fn timeout(milliseconds: f64) -> TimeoutFuture {
    TimeoutFuture::new(milliseconds.max(1.0).ceil() as u32)
}
