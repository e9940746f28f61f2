//! `/live` (WebSocket) and `/events` (Server-Sent Events): one feed of frames behind both.

mod socket;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use axum::Extension;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, close_code, rejection::WebSocketUpgradeRejection};
use axum::extract::{Query, State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::sse::{Event as SseEvent, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::Stream;
use hyper::upgrade::OnUpgrade;
use serde::Deserialize;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use utoipa::IntoParams;

use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::auth::policy::Caller;
use crate::server::boards;
use crate::server::error::ServerError;
use crate::server::http::openapi::responses::QueryErrors;
use crate::server::http::openapi::schemas::SentEvent;
use crate::server::http::openapi::shape::{shape, words};
use crate::server::live::encode::{STALL_TIMEOUT, notice_frame};
use crate::server::live::feed::{Feed, ReadyFrame};
use crate::server::live::hub::{FeedView, LiveFrame};
use socket::{INCOMING_BYTES, Socket, Turn};

const PROTOCOL: &str = "agnez";
const REVOKED: &str = "The token was revoked.";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LiveQuery {
    /// Which board; main when missing.
    #[serde(default)]
    #[param(required = false, pattern = "^$|^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$")]
    board: String,
    /// To resume: the epoch of the hello or snapshot frame.
    epoch: Option<String>,
    /// To resume: the number of the last frame.
    since: Option<u64>,
    #[param(ignore)]
    view: Option<String>,
}

shape! {
    /// What a WebSocket may carry.
    SocketView: words(["document", "page"]);
}

shape! {
    /// What an event stream may carry.
    EventsView: words(["document"]);
}

/// Which frames a reader wants.
pub struct Asked {
    pub board: String,
    /// The epoch and the last change that it knows.
    pub from: Option<(String, u64)>,
    pub view: FeedView,
}

impl LiveQuery {
    fn check(self) -> Result<Asked, ServerError> {
        let board = boards::board_name(&self.board)?.to_owned();
        let view = match self.view.as_deref() {
            None | Some("document") => FeedView::Document,
            Some("page") => FeedView::Page,
            Some(other) => return Err(ErrorKind::BadRequest.with(format!("'view' must be document or page, not '{other}'.")).into()),
        };
        let from = match (self.epoch, self.since) {
            (Some(epoch), Some(since)) => Some((epoch, since)),
            (None, None) => None,
            _ => return Err(ErrorKind::BadRequest.with("To resume, send both 'epoch' and 'since', as the last frames had them.").into()),
        };
        Ok(Asked { board, from, view })
    }
}

#[utoipa::path(
    get,
    path = "/live",
    operation_id = "live",
    summary = "WebSocket of events",
    description = "Text frames, each one JSON `Event`: hello first, then what was missed, then each change. A bookmark at least every 15 s. With `view=page` points come as binary frames in the form of docs/rest.md, \"Binary\". A browser shows its token as a subprotocol: `agnez` and `agnez.token.<token>`; the answer chooses `agnez`.",
    params(
        LiveQuery,
        ("view" = inline(Option<SocketView>), Query, description = "`document`: whole documents, as REST gives them. `page`: what the page shows.")
    ),
    responses(
        (status = 101, description = "Frames follow."),
        QueryErrors
    )
)]
pub async fn socket(
    State(app): State<App>,
    Extension(caller): Extension<Arc<Caller>>,
    Query(ask): Query<LiveQuery>,
    headers: HeaderMap,
    turns: Option<Extension<OnUpgrade>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ServerError> {
    let asked = ask.check()?;
    let no_socket = || ErrorKind::BadRequest.with("This address speaks WebSocket; for a plain stream use /events.");
    // Who shows a token as a subprotocol asks for this one too, and is answered with it.
    let upgrade = upgrade.map_err(|_| no_socket())?.protocols([PROTOCOL]);
    let turn = Turn::of(&upgrade, turns, &headers).ok_or_else(no_socket)?;
    let mut feed = Feed::new(&app, caller.token.clone(), asked);
    feed.begin().await?;
    let (reply, socket) = turn.take();
    let tracker = app.tasks.clone();
    tokio::spawn(tracker.track_future(async move {
        let Some(socket) = socket.await else { return };
        if serve(socket, &app, feed, caller.token.as_deref()).await.is_err() {
            tracing::debug!("a live connection broke off");
        }
    }));
    Ok(reply)
}

/// Takes the connection of somebody whose token is not known, or not any more, and closes it with the reason. Nothing else is sent.
pub fn end(upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols([PROTOCOL]).max_message_size(INCOMING_BYTES).on_upgrade(async |mut socket| {
        let close = CloseFrame { code: close_code::POLICY, reason: Utf8Bytes::from_static(REVOKED) };
        let _ = timeout(STALL_TIMEOUT, socket.send(Message::Close(Some(close)))).await;
    })
}

async fn serve(mut socket: Socket, app: &App, mut feed: Feed, token: Option<&str>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let is_page = feed.is_page();
    let mut notice = None;
    let mut ended = pin!(app.tokens.ended(token));
    loop {
        let ready = tokio::select! {
            ready = feed.next() => match ready {
                Ok(ready) => ready,
                Err(problem) => {
                    let (code, reason) = match problem.to_api_error().code {
                        503 => (CloseCode::Again, "The server has no room for this just now. Connect again."),
                        _ => (CloseCode::Error, "What changed could not be read; the server's log says why."),
                    };
                    problem.log();
                    socket.close(code, reason).await;
                    return Ok(());
                }
            },
            is_there = socket.hear() => if is_there { continue } else { return Ok(()) },
            () = &mut ended => {
                socket.close(CloseCode::Policy, REVOKED).await;
                return Ok(());
            }
            () = app.stopping.cancelled() => {
                socket.close(CloseCode::Restart, "The server is stopping.").await;
                return Ok(());
            }
        };
        socket.feed(ready.into_frame()).await?;
        // What is ready goes out together.
        while let Some(ready) = feed.ready() {
            socket.feed(ready.into_frame()).await?;
        }
        let now = app.boards.store.stats().notice();
        if is_page && std::mem::replace(&mut notice, now) != now {
            socket.feed(notice_frame(now)).await?;
        }
        socket.flush().await?;
    }
}

#[utoipa::path(
    get,
    path = "/events",
    operation_id = "events",
    summary = "The same events as Server-Sent Events",
    params(
        LiveQuery,
        ("view" = inline(Option<EventsView>), Query, description = "This stream has whole documents, as REST gives them.")
    ),
    responses(
        (status = 200, description = "`data:` of each is one JSON `Event`; `id:` is `<epoch>:<seq>`, taken back as `Last-Event-ID`.", body = SentEvent, content_type = "text/event-stream"),
        QueryErrors
    )
)]
pub async fn events(
    State(app): State<App>,
    Extension(caller): Extension<Arc<Caller>>,
    Query(mut ask): Query<LiveQuery>,
    headers: HeaderMap,
) -> Result<Response, ServerError> {
    // What EventSource sends when it reconnects by itself.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.split_once(':'));
    if let Some((epoch, Ok(since))) = last.map(|(epoch, since)| (epoch, since.parse())) {
        (ask.epoch, ask.since) = (Some(epoch.to_owned()), Some(since));
    }
    let asked = ask.check()?;
    if asked.view == FeedView::Page {
        return Err(ErrorKind::BadRequest.with("This stream has documents; view=page is for /live.").into());
    }
    let mut feed = Feed::new(&app, caller.token.clone(), asked);
    feed.begin().await?;
    Ok(Sse::new(sse(feed, app, caller)).into_response())
}

fn sse(feed: Feed, app: App, caller: Arc<Caller>) -> impl Stream<Item = Result<SseEvent, Infallible>> {
    // What was given out last is sent when the next is asked for: so long it holds its share of the answers' memory.
    let last: Option<ReadyFrame> = None;
    futures::stream::unfold((feed, app, caller, last), async |(mut feed, app, caller, last)| {
        drop(last);
        let ready = tokio::select! {
            ready = feed.next() => ready.inspect_err(ServerError::log).ok()?,
            () = app.tokens.ended(caller.token.as_deref()) => return None,
            () = app.stopping.cancelled() => return None,
        };
        let event = SseEvent::default().data(match &ready.frame {
            LiveFrame::Text(text) => text.as_str(),
            // This stream has documents only.
            LiveFrame::Binary(_) => return None,
        });
        // Where a snapshot follows, the reader is not yet anywhere.
        let event = match feed.reached() {
            Some((epoch, seq)) => event.id(format!("{epoch}:{seq}")),
            None => event,
        };
        Some((Ok(event), (feed, app, caller, Some(ready.without_frame()))))
    })
}
