//! `GET /live`: the feed over a WebSocket.

use std::pin::pin;
use std::sync::Arc;

use axum::Extension;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, close_code, rejection::WebSocketUpgradeRejection};
use axum::extract::{Query, State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::feed_socket::{FeedSocket, PendingUpgrade};
use super::page_message::PageMessage;
use super::{LiveQuery, SocketView};
use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::auth::policy::Caller;
use crate::server::error::ServerError;
use crate::server::http::openapi::responses::QueryErrors;
use crate::server::limits::{MAX_INCOMING_FRAME_BYTES, WEBSOCKET_STALL_TIMEOUT};
use crate::server::live::board_list::BoardListWatch;
use crate::server::live::encode::{board_list_frame, notice_frame};
use crate::server::live::feed::Feed;

const PROTOCOL: &str = "agnez";
const REVOKED: &str = "The token was revoked.";

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
pub async fn connect(
    State(app): State<App>,
    Extension(caller): Extension<Arc<Caller>>,
    Query(query): Query<LiveQuery>,
    headers: HeaderMap,
    on_upgrade: Option<Extension<OnUpgrade>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ServerError> {
    let request = query.check()?;
    let no_socket = || ErrorKind::BadRequest.with("This address speaks WebSocket; for a plain stream use /events.");
    // A client that sends its token as a subprotocol offers this one too.
    let upgrade = upgrade.map_err(|_| no_socket())?.protocols([PROTOCOL]);
    let pending = PendingUpgrade::new(&upgrade, on_upgrade, &headers).ok_or_else(no_socket)?;
    let mut feed = Feed::new(&app, caller.token.clone(), request);
    feed.begin().await?;
    let (reply, socket) = pending.complete();
    let tracker = app.tasks.clone();
    tokio::spawn(tracker.track_future(async move {
        let Some(socket) = socket.await else { return };
        if serve(socket, &app, feed, &caller).await.is_err() {
            tracing::debug!("a live connection broke off");
        }
    }));
    Ok(reply)
}

/// Accepts the upgrade of a client with an invalid token only to close it with 1008: browsers hide why an
/// upgrade failed.
pub fn close_unauthorized(upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols([PROTOCOL]).max_message_size(MAX_INCOMING_FRAME_BYTES).on_upgrade(async |mut socket| {
        let close = CloseFrame { code: close_code::POLICY, reason: Utf8Bytes::from_static(REVOKED) };
        let _ = timeout(WEBSOCKET_STALL_TIMEOUT, socket.send(Message::Close(Some(close)))).await;
    })
}

async fn serve(mut socket: FeedSocket, app: &App, mut feed: Feed, caller: &Caller) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let is_page = feed.is_page();
    let mut notice = None;
    let mut board_list = (is_page && caller.only_board().is_none()).then(|| BoardListWatch::new(&app.hub, app.boards.clone()));
    let mut ended = pin!(app.tokens.ended(caller.token.as_deref()));
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
            received = socket.receive() => {
                let Some(text) = received else { return Ok(()) };
                // Only pages have something to say.
                match if is_page { PageMessage::parse(&text) } else { continue } {
                    Ok(message) => feed.choose_runs(message.runs),
                    Err(reason) => {
                        socket.close(CloseCode::Invalid, reason).await;
                        return Ok(());
                    }
                }
                continue;
            }
            () = async {
                match &mut board_list {
                    Some(watch) => watch.changed().await,
                    None => std::future::pending().await,
                }
            } => {
                socket.feed(board_list_frame()).await?;
                socket.flush().await?;
                continue;
            }
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
        let now = app.boards.stats().notice();
        if is_page && std::mem::replace(&mut notice, now) != now {
            socket.feed(notice_frame(now)).await?;
        }
        socket.flush().await?;
    }
}
