//! `GET /events`: the feed as Server-Sent Events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::Stream;

use super::{EventsView, LiveQuery};
use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::auth::policy::Caller;
use crate::server::error::ServerError;
use crate::server::http::openapi::responses::QueryErrors;
use crate::server::http::openapi::schemas::SentEvent;
use crate::server::live::event::{FeedView, LiveFrame};
use crate::server::live::feed::{Feed, ReadyFrame};

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
    Query(mut query): Query<LiveQuery>,
    headers: HeaderMap,
) -> Result<Response, ServerError> {
    // What EventSource sends when it reconnects by itself.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.split_once(':'));
    if let Some((epoch, Ok(since))) = last.map(|(epoch, since)| (epoch, since.parse())) {
        (query.epoch, query.since) = (Some(epoch.to_owned()), Some(since));
    }
    let request = query.check()?;
    if request.view == FeedView::Page {
        return Err(ErrorKind::BadRequest.with("This stream has documents; view=page is for /live.").into());
    }
    let mut feed = Feed::new(&app, caller.token.clone(), request);
    feed.begin().await?;
    Ok(Sse::new(sse(feed, app, caller)).into_response())
}

fn sse(feed: Feed, app: App, caller: Arc<Caller>) -> impl Stream<Item = Result<Event, Infallible>> {
    // What was given out last is sent when the next is asked for: so long it holds its share of the answers' memory.
    let last: Option<ReadyFrame> = None;
    futures::stream::unfold((feed, app, caller, last), async |(mut feed, app, caller, last)| {
        drop(last);
        let ready = tokio::select! {
            ready = feed.next() => ready.inspect_err(ServerError::log).ok()?,
            () = app.tokens.ended(caller.token.as_deref()) => return None,
            () = app.stopping.cancelled() => return None,
        };
        let event = Event::default().data(match &ready.frame {
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
