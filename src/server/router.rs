//! Every address of the server, and what stands around all of them.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::error::Problem;
use super::rest::{self, publish, series, values};
use super::{App, figure, guard, live, media, operations, page, requests, site};
use crate::protocol::{ApiError, ErrorKind};

/// More of a framework's reason is not repeated.
const REASON_BYTES: usize = 1024;
/// A note is the largest thing that a person sends.
const RPC_BYTES: usize = 512 * 1024;

pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(page::main))
        .route("/b/{board}", get(page::named))
        .merge(values::router("/values"))
        .merge(values::router("/api/v1/values"))
        .merge(series::router("/values"))
        .merge(series::router("/api/v1/values"))
        .merge(series::many())
        .merge(publish::router())
        .route("/live", get(live::socket))
        .route("/events", get(live::events))
        .route("/figure/{id}/{rev}", get(figure::figure))
        .route("/media/{id}/{rev}", get(media::media))
        .route("/images/{*path}", get(media::image))
        .route("/rpc/{*path}", post(rpc))
        .route("/openapi.json", get(openapi))
        .route("/healthz", get(operations::healthy))
        .route("/readyz", get(operations::ready))
        .route("/metrics", get(operations::metrics))
        .route("/pkg/{*path}", get(site::file))
        .route("/vendor/{*path}", get(site::file))
        .route("/{path}", get(site::file))
        .method_not_allowed_fallback(async || Problem::from(ErrorKind::MethodNotAllowed.with("This address does not take that method.")))
        .fallback(async || Problem::from(ErrorKind::NotFound.with("There is nothing at this address.")))
        .layer(from_fn(uniform))
        .with_state(app)
        .layer(from_fn(guard::guard))
        .layer(from_fn_with_state(requests::Lines::default(), requests::log))
}

/// What every reply says, unless it said otherwise itself; and every error in the one shape, also those of the framework.
async fn uniform(request: Request, next: Next) -> Response {
    let mut reply = next.run(request).await;
    let is_plain = reply.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if let Some(kind) = ErrorKind::of_code(reply.status().as_u16()).filter(|_| is_plain) {
        let body = axum::body::to_bytes(reply.into_body(), REASON_BYTES).await.unwrap_or_default();
        let reason = String::from_utf8_lossy(&body);
        reply = Problem::from(kind.with(format!("The request was refused: {}.", reason.trim().trim_end_matches('.')))).into_response();
    }
    let all = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in all {
        reply.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    reply
}

/// The page's server functions.
async fn rpc(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = rest::whole(body, RPC_BYTES).await?;
    let request = Request::from_parts(parts, body.into());
    let boards = app.boards.clone();
    let reply = leptos_axum::handle_server_fns_with_context(move || leptos::context::provide_context(boards.clone()), request).await;
    let (mut parts, body) = reply.into_response().into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    // What could not even be called is a 500 for the framework; the error itself knows better.
    if parts.status.is_server_error()
        && let Ok(error) = serde_json::from_slice::<ApiError>(&body)
        && let Ok(status) = StatusCode::from_u16(error.code)
    {
        parts.status = status;
    }
    Ok(Response::from_parts(parts, body.into()))
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], include_str!("openapi.json"))
}
