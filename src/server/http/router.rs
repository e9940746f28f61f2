//! Every address of the server, and what stands around all of them.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::api::{boards, keras, points, purge, shares, values};
use super::catch_panic::caught;
use super::pages::{assets, board, figure, images};
use super::route_table::Routes;
use super::{error_page, live, ops, request_log};
use crate::protocol::{ApiError, ErrorKind};
use crate::server::App;
use crate::server::auth::authorization::{BoardScope, Permission};
use crate::server::auth::policy;
use crate::server::error::ServerError;
use crate::server::net::response_budget;

/// More of a framework's reason is not repeated.
const REASON_BYTES: usize = 1024;
/// A note is the largest thing that a person sends.
const RPC_BYTES: usize = 512 * 1024;

/// The door, behind it the addresses. A router of its own, because the door changes the path before one is looked for.
pub fn router(app: App) -> Router {
    let inside =
        routes().into_router(app.clone()).layer(from_fn_with_state(app.clone(), response_budget::count)).layer(from_fn(request_log::note));
    Router::new()
        .fallback_service(inside)
        .layer(from_fn_with_state(app.clone(), policy::guard))
        .layer(from_fn(caught))
        .layer(from_fn_with_state(app.clone(), uniform))
        .layer(from_fn_with_state(app.requests, request_log::log))
}

/// Every address: its method, its path as axum writes it, and its need (`open`, `read`, `board` or `write`).
pub fn addresses() -> Vec<(Method, String, &'static str)> {
    let routes = routes();
    let mut list: Vec<_> = routes.needs().iter().map(|((method, path), need)| (method.clone(), path.clone(), need.name())).collect();
    list.sort_by(|(method, path, _), (other, another, _)| (path, method.as_str()).cmp(&(another, other.as_str())));
    list
}

fn routes() -> Routes {
    let routes = Routes::default()
        .get(Permission::Board(BoardScope::Main), "/", board::main)
        .get(Permission::Board(BoardScope::Path), "/b/{board}", board::named)
        .get(Permission::Board(BoardScope::Live), "/live", live::socket)
        .get(Permission::Read, "/events", live::events)
        .get(Permission::Board(BoardScope::Figure), "/figure/{id}/{rev}", figure::figure)
        .get(Permission::Board(BoardScope::Cell), "/media/{id}/{rev}", images::media)
        .get(Permission::Board(BoardScope::Image), "/images/{*path}", images::image)
        .post("/rpc/{*path}", rpc)
        .get(Permission::Read, "/openapi.json", openapi)
        .get(Permission::Open, "/healthz", ops::healthy)
        .get(Permission::Read, "/readyz", ops::ready)
        .get(Permission::Read, "/metrics", ops::metrics)
        .get(Permission::Open, "/pkg/{*path}", assets::file)
        .get(Permission::Open, "/vendor/{*path}", assets::file)
        .get(Permission::Open, "/{path}", assets::file);
    let routes = ["/values", "/api/v1/values"].into_iter().fold(routes, |routes, base| points::routes(values::routes(routes, base), base));
    purge::routes(shares::routes(boards::routes(keras::routes(points::many(routes))))).with(|router| {
        router
            .method_not_allowed_fallback(async || {
                ServerError::from(ErrorKind::MethodNotAllowed.with("This address does not take that method."))
            })
            .fallback(async || ServerError::from(ErrorKind::NotFound.with("There is nothing at this address.")))
    })
}

/// What every reply says, unless it said otherwise itself; and every error in the one shape, also those of the framework.
async fn uniform(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_page = error_page::is_wanted(&request);
    let mut reply = next.run(request).await;
    let is_plain = reply.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if let Some(kind) = ErrorKind::of_code(reply.status().as_u16()).filter(|_| is_plain) {
        let body = axum::body::to_bytes(reply.into_body(), REASON_BYTES).await.unwrap_or_default();
        let reason = String::from_utf8_lossy(&body);
        reply = ServerError::from(kind.with(format!("The request was refused: {}.", reason.trim().trim_end_matches('.')))).into_response();
    }
    if is_page {
        reply = error_page::shown(reply, &app.access_policy.base);
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
async fn rpc(State(app): State<App>, request: Request) -> Result<Response, ServerError> {
    let (parts, body) = request.into_parts();
    let body = super::body::read::whole(body, RPC_BYTES).await?;
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
