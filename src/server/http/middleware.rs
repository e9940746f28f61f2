//! The middleware around all routes, in order.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;

use super::{access, error_page, request_log};
use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::auth::policy::Caller;
use crate::server::error::ServerError;
use crate::server::limits::MAX_UNCOUNTED_RESPONSE_BYTES;
use crate::server::net::response_budget::{Counted, full, with_share};

/// Longest message of a framework error that is repeated in ours.
const MAX_FRAMEWORK_MESSAGE_BYTES: usize = 1024;
/// On every response: a client that finds another program at the address writes nothing to it.
const API: (HeaderName, &str) = (HeaderName::from_static("agnez-api"), "1");

/// Wraps the routes. A request passes from the last layer to the first, its response back.
pub fn apply(routes: Router, app: &App) -> Router {
    let routed = routes
        // Counts the memory of responses that no handler has counted.
        .layer(from_fn_with_state(app.clone(), count_response))
        // Notes the matched route and the token for the log.
        .layer(from_fn(request_log::capture_route));
    // Nested, so that the layers below run before routing: `identify` changes the path.
    Router::new()
        .fallback_service(routed)
        // Host, origin and credentials; removes the base path and the page key.
        .layer(from_fn_with_state(app.clone(), access::identify))
        // A panic in a handler becomes a 500.
        .layer(CatchPanicLayer::custom(respond_to_panic))
        // Default headers, and one shape for all errors.
        .layer(from_fn_with_state(app.clone(), normalize_response))
        // Access log and counters.
        .layer(from_fn_with_state(app.requests.clone(), request_log::log_request))
}

/// A response to a read that no handler has counted takes its share of the memory here, or is refused with
/// 503. Changes are not refused: they are already done.
async fn count_response(State(app): State<App>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let token = request.extensions().get::<Arc<Caller>>().and_then(|caller| caller.token.clone());
    let reply = next.run(request).await;
    let bytes = reply.body().size_hint().exact().map_or(0, |bytes| bytes as usize);
    if !reads || bytes < MAX_UNCOUNTED_RESPONSE_BYTES || reply.extensions().get::<Counted>().is_some() {
        return reply;
    }
    match app.answers.try_share(&token, bytes) {
        Some(share) => with_share(reply, share),
        None => ServerError::from(full()).into_response(),
    }
}

/// The panic hook has logged where it happened. The message stays inside: it may hold secrets.
fn respond_to_panic(_: Box<dyn Any + Send>) -> Response {
    ServerError::Panicked.into_response()
}

/// Adds default security headers, converts framework errors to `ApiError` JSON, and errors to a page for a
/// browser navigation.
async fn normalize_response(State(app): State<App>, request: Request, next: Next) -> Response {
    let wants_page = error_page::is_wanted(&request);
    let mut reply = next.run(request).await;
    let is_plain = reply.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if let Some(kind) = ErrorKind::of_code(reply.status().as_u16()).filter(|_| is_plain) {
        let body = axum::body::to_bytes(reply.into_body(), MAX_FRAMEWORK_MESSAGE_BYTES).await.unwrap_or_default();
        let reason = String::from_utf8_lossy(&body);
        reply = ServerError::from(kind.with(format!("The request was refused: {}.", reason.trim().trim_end_matches('.')))).into_response();
    }
    if wants_page {
        reply = error_page::render(reply, &app.access_policy.base);
    }
    let defaults = [
        API,
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in defaults {
        reply.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    reply
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use tower_service::Service;

    use super::*;
    use crate::protocol::ApiError;

    #[tokio::test]
    async fn a_panic_becomes_a_500_and_releases_what_the_handler_held() {
        let held = Arc::new(tokio::sync::Semaphore::new(1));
        let permits = held.clone();
        let panics = async move |_: Request| -> &'static str {
            let _permit = permits.acquire().await;
            tokio::task::yield_now().await;
            panic!("on purpose")
        };
        let mut router: Router = Router::new().route("/", get(panics)).layer(CatchPanicLayer::custom(respond_to_panic));
        for _ in 0..2 {
            let reply = router.call(Request::new(Body::empty())).await.unwrap();
            assert_eq!((reply.status().as_u16(), held.available_permits()), (500, 1));
            let error: ApiError = serde_json::from_slice(&to_bytes(reply.into_body(), 4096).await.unwrap()).unwrap();
            assert_eq!((error.code, error.class_name.as_str()), (500, "general-error"));
            assert!(!error.message.contains("on purpose"), "{}", error.message);
        }
    }
}
