//! The connection to `/live`: opened again whenever it is lost, for as long as the page is open.

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender};
use futures::future::{Either, select};
use gloo_net::websocket::Message;
use gloo_net::websocket::futures::WebSocket;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Date, Math};
use leptos::prelude::*;

use super::{browser, wire};
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
    fn take_points(&self, frame: points::Frame);
    /// Something could not be read: what is known is no longer complete, so the next connection must send everything.
    fn forget(&self);
    fn show(&self, state: Live);
}

/// The server sends at least a bookmark every 15 s; after more than two missed ones the connection is dead.
const SILENCE_MS: f64 = 40_000.0;
/// A computer that slept comes back with a socket that looks open; silence this long is not trusted then.
const DOUBT_MS: f64 = 20_000.0;
/// A connection that lasted this long has cleared the record of failures.
const STEADY_MS: f64 = 2_000.0;
const FIRST_PAUSE_MS: f64 = 250.0;
const LONGEST_PAUSE_MS: f64 = 10_000.0;

/// Sends a wake-up whenever waiting has become pointless: the network is back, or somebody looks.
pub fn wake_on_return(wake: UnboundedSender<()>) {
    let online = wake.clone();
    browser::listen(&window(), "online", move |_: web_sys::Event| {
        let _ = online.unbounded_send(());
    });
    browser::listen(&document(), "visibilitychange", move |_: web_sys::Event| {
        if !document().hidden() {
            let _ = wake.unbounded_send(());
        }
    });
}

/// Reads events until the page goes.
pub async fn follow(reader: impl Reader, mut wake: UnboundedReceiver<()>) {
    let mut failures = 0;
    loop {
        reader.show(Live::Connecting);
        let began = Date::now();
        let greeted = match WebSocket::open(&reader.address()) {
            Ok(socket) => listen(socket, &reader, &mut wake).await,
            Err(_) => false,
        };
        // A server that greets and hangs up at once is not healthy.
        let healthy = greeted && Date::now() - began > STEADY_MS;
        failures = if healthy { 0 } else { failures + 1 };
        while wake.try_recv().is_ok() {}
        pause(failures, &reader, &mut wake).await;
    }
}

/// Until the connection ends. True when the server greeted and everything that came could be read.
async fn listen(mut socket: WebSocket, reader: &impl Reader, wake: &mut UnboundedReceiver<()>) -> bool {
    let mut greeted = false;
    let mut heard = Date::now();
    // One timer for many frames: it is looked at when it fires, not set again for each frame.
    let mut watchdog = TimeoutFuture::new(SILENCE_MS as u32);
    loop {
        match select(socket.next(), select(&mut watchdog, wake.next())).await {
            Either::Left((Some(Ok(Message::Text(frame))), _)) => {
                heard = Date::now();
                let Some(event) = wire::event(&frame) else {
                    reader.forget();
                    return false;
                };
                if matches!(event, Event::Hello { .. }) {
                    greeted = true;
                    reader.show(Live::Live);
                }
                reader.take(event);
            }
            Either::Left((Some(Ok(Message::Bytes(frame))), _)) => {
                heard = Date::now();
                let Ok(frame) = points::read(&frame) else {
                    reader.forget();
                    return false;
                };
                reader.take_points(frame);
            }
            Either::Left((Some(Err(_)) | None, _)) => return greeted,
            Either::Right((Either::Left(_), _)) => {
                let silence = Date::now() - heard;
                if silence >= SILENCE_MS {
                    return greeted;
                }
                watchdog = TimeoutFuture::new((SILENCE_MS - silence).max(1.0) as u32);
            }
            Either::Right((Either::Right(_), _)) if greeted && Date::now() - heard > DOUBT_MS => return true,
            Either::Right((Either::Right(_), _)) => {}
        }
    }
}

/// Exponential back-off with full jitter, so that a hundred browsers do not come back in the same instant.
async fn pause(failures: u32, reader: &impl Reader, wake: &mut UnboundedReceiver<()>) {
    let longest = (FIRST_PAUSE_MS * f64::from(1_u32 << failures.min(16))).min(LONGEST_PAUSE_MS);
    let end = Date::now() + longest * Math::random();
    loop {
        let left = end - Date::now();
        if left <= 0.0 {
            return;
        }
        reader.show(Live::Waiting((left / 1000.0).ceil() as u32));
        // Wakes when the number of whole seconds changes, and at the end.
        let until_next = left - ((left / 1000.0).ceil() - 1.0) * 1000.0;
        if let Either::Right(_) = select(TimeoutFuture::new(until_next.ceil() as u32), wake.next()).await {
            return;
        }
    }
}
