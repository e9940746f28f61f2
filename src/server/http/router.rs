//! Every address of the server, and what stands around all of them.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use utoipa_axum::routes;

use super::api::{boards, keras, points, purge, shares, values};
use super::catch_panic::caught;
use super::openapi::{self, exports};
use super::pages::{assets, board, figure, images};
use super::route_table::RouteTable;
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
    let table = routes();
    let document = openapi::Document::new(table.document()).expect("the document is JSON");
    let inside = table
        .into_router(app.clone())
        .layer(Extension(document))
        .layer(from_fn_with_state(app.clone(), response_budget::count))
        .layer(from_fn(request_log::note));
    Router::new()
        .fallback_service(inside)
        .layer(from_fn_with_state(app.clone(), policy::guard))
        .layer(from_fn(caught))
        .layer(from_fn_with_state(app.clone(), uniform))
        .layer(from_fn_with_state(app.requests, request_log::log))
}

/// Every address: its method, its path as axum writes it, and its need (`open`, `read`, `board` or `write`).
pub fn addresses() -> Vec<(Method, String, &'static str)> {
    let table = routes();
    let mut list: Vec<_> = table.permissions().iter().map(|((method, path), need)| (method.clone(), path.clone(), need.name())).collect();
    list.sort_by(|(method, path, _), (other, another, _)| (path, method.as_str()).cmp(&(another, other.as_str())));
    list
}

/// Other addresses of `/values`, `/values/{id}` and what is below it.
const MANY: [&str; 3] = ["/values/", "/api/v1/values", "/api/v1/values/"];
const ONE: [&str; 3] = ["/values/{id}/", "/api/v1/values/{id}", "/api/v1/values/{id}/"];

fn routes() -> RouteTable {
    RouteTable::new()
        .route(Permission::Read, routes!(values::find), &MANY)
        .route(Permission::Write, routes!(values::create), &MANY)
        .route(Permission::Write, routes!(values::patch_many), &MANY)
        .route(Permission::Write, routes!(values::remove_many), &MANY)
        .route(Permission::Board(BoardScope::Form), routes!(values::read), &ONE)
        .described::<exports::__path_svg>(Permission::Board(BoardScope::Form))
        .described::<exports::__path_csv>(Permission::Board(BoardScope::Form))
        .route(Permission::Write, routes!(values::update), &ONE)
        .route(Permission::Write, routes!(values::patch), &ONE)
        .route(Permission::Write, routes!(values::remove), &ONE)
        .method_fallback(&["/values", MANY[0], MANY[1], MANY[2]], values::not_allowed)
        .method_fallback(&["/values/{id}", ONE[0], ONE[1], ONE[2]], values::not_allowed)
        .route(Permission::Board(BoardScope::Cell), routes!(points::read), &["/api/v1/values/{id}/points"])
        .route(Permission::Write, routes!(points::append), &["/api/v1/values/{id}/points"])
        .route(Permission::Write, routes!(points::append_many), &[])
        .route(Permission::Board(BoardScope::Cell), routes!(points::columns_of_one), &["/api/v1/values/{id}/columns"])
        .route(Permission::Board(BoardScope::Cells), routes!(points::columns_of_many), &[])
        .route(Permission::Write, routes!(keras::epoch_end), &["/publish/epoch/end"])
        .route(Permission::Read, routes!(boards::list), &[])
        // Who may only read is not told whom a board was shown to.
        .route(Permission::WriteByToken, routes!(shares::list), &[])
        .route(Permission::WriteByToken, routes!(shares::create), &[])
        .route(Permission::WriteByToken, routes!(shares::revoke), &[])
        .route(Permission::Write, routes!(purge::purge), &[])
        .route(Permission::Board(BoardScope::Live), routes!(live::socket), &[])
        .route(Permission::Read, routes!(live::events), &[])
        .route(Permission::Board(BoardScope::Main), routes!(board::main), &[])
        .route(Permission::Board(BoardScope::Path), routes!(board::named), &[])
        .route(Permission::Board(BoardScope::Figure), routes!(figure::figure), &[])
        .route(Permission::Board(BoardScope::Cell), routes!(images::media), &[])
        .route(Permission::Board(BoardScope::Image), routes!(images::image), &[])
        .route(Permission::Read, routes!(openapi::document), &[])
        .route(Permission::Open, routes!(ops::health::healthz), &[])
        .route(Permission::Read, routes!(ops::health::readyz), &[])
        .route(Permission::Read, routes!(ops::metrics::metrics), &[])
        .internal(Permission::Write, Method::POST, "/rpc/{*path}", rpc)
        .internal(Permission::Open, Method::GET, "/pkg/{*path}", assets::file)
        .internal(Permission::Open, Method::GET, "/vendor/{*path}", assets::file)
        .internal(Permission::Open, Method::GET, "/{path}", assets::file)
        .map_router(|router| {
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::super::route_table::operations;
    use super::*;

    /// Every operation of the document, with the path as axum writes it.
    fn documented(table: &RouteTable) -> BTreeMap<(String, String), Value> {
        let wildcard = |path: &str| path.replace("/images/{path}", "/images/{*path}");
        let items = table.document().paths.paths.iter();
        items
            .flat_map(|(path, item)| {
                operations(item)
                    .map(move |(method, operation)| ((wildcard(path), method.to_string()), serde_json::to_value(operation).unwrap()))
            })
            .collect()
    }

    #[test]
    fn the_document_has_every_route_and_no_other() {
        let table = routes();
        let documented: BTreeSet<_> = documented(&table).into_keys().collect();
        let mounted: BTreeSet<_> = table.permissions().keys().map(|(method, path)| (path.clone(), method.to_string())).collect();
        let own = |path: &str| ["/rpc/", "/pkg/", "/vendor/"].iter().any(|start| path.starts_with(start)) || path == "/{path}";
        let undocumented = mounted.difference(&documented).filter(|(path, _)| !own(path));
        for (path, method) in undocumented {
            let canonical = path.trim_start_matches("/api/v1").trim_end_matches('/');
            let is_alias = documented.contains(&(canonical.to_owned(), method.clone())) || path == "/publish/epoch/end";
            assert!(is_alias, "{method} {path} is mounted without being documented");
        }
        let forms: Vec<_> = documented.difference(&mounted).map(|(path, method)| format!("{method} {path}")).collect();
        assert_eq!(forms, ["GET /values/{id}.csv", "GET /values/{id}.svg"]);
    }

    #[test]
    fn every_operation_has_an_id_a_summary_its_path_parameters_and_a_2xx() {
        let table = routes();
        let mut ids = BTreeSet::new();
        for ((path, method), operation) in documented(&table) {
            let at = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{at}");
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{at}");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let described: BTreeSet<_> =
                parameters.iter().filter(|one| one["in"] == "path").map(|one| one["name"].as_str().unwrap()).collect();
            let in_path: BTreeSet<_> =
                path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().trim_start_matches('*')).collect();
            assert_eq!(described, in_path, "{at}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with(['1', '2'])), "{at}");
        }
    }

    #[test]
    fn every_reference_of_the_document_is_there() {
        let document = serde_json::to_value(routes().document()).unwrap();
        let mut references = 0;
        let mut left = vec![&document];
        while let Some(value) = left.pop() {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                references += 1;
            }
            match value {
                Value::Array(list) => left.extend(list),
                Value::Object(object) => left.extend(object.values()),
                _ => {}
            }
        }
        assert!(references > 100, "{references}");
    }
}
