//! Every route of the server, with its permission.

use axum::http::Method;
use axum::{Extension, Router};
use utoipa_axum::routes;

use super::api::{
    boards, columns, empty_charts, groups, keras, layout, marks, points, purge, run_groups, run_log, run_reads, run_table, runs, shares,
    values, views,
};
use super::live::{sse, websocket};
use super::openapi::{self, exports};
use super::pages::{assets, board, export, figure, front, images};
use super::route_table::RouteTable;
use super::{middleware, ops, server_functions};
use crate::protocol::ErrorKind;
use crate::server::App;
use crate::server::auth::authorization::{BoardScope, Permission};
use crate::server::error::ServerError;

/// The routes with their middleware.
pub fn router(app: App) -> Router {
    let document = openapi::Document::new(|| openapi::to_json(routes().document()));
    middleware::apply(routes().into_router(app.clone()).layer(Extension(document)), &app)
}

/// Every address: its method, its path as axum writes it, and its need (`open`, `read`, `board` or `write`).
pub fn addresses() -> Vec<(Method, String, &'static str)> {
    let table = routes();
    let mut list: Vec<_> = table.permissions().iter().map(|(method, path, need)| (method.clone(), path.to_owned(), need.name())).collect();
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
        .described::<exports::__path_pdf>(Permission::Board(BoardScope::Form))
        .described::<exports::__path_csv>(Permission::Board(BoardScope::Form))
        .described::<exports::__path_json>(Permission::Board(BoardScope::Form))
        .route(Permission::Write, routes!(values::update), &ONE)
        .route(Permission::Write, routes!(values::patch), &ONE)
        .route(Permission::Write, routes!(values::remove), &ONE)
        .method_fallback(&["/values", MANY[0], MANY[1], MANY[2]], values::not_allowed)
        .method_fallback(&["/values/{id}", ONE[0], ONE[1], ONE[2]], values::not_allowed)
        .route(Permission::Board(BoardScope::Cell), routes!(points::read), &["/api/v1/values/{id}/points"])
        .route(Permission::Write, routes!(points::append), &["/api/v1/values/{id}/points"])
        .route(Permission::Write, routes!(points::append_many), &[])
        .route(Permission::Board(BoardScope::Cell), routes!(columns::of_cell), &["/api/v1/values/{id}/columns"])
        .route(Permission::Board(BoardScope::Cells), routes!(columns::of_cells), &[])
        .route(Permission::Board(BoardScope::Cells), routes!(groups::read), &[])
        .route(Permission::Write, routes!(keras::epoch_end), &["/publish/epoch/end"])
        .route(Permission::Read, routes!(boards::list), &[])
        .route(Permission::Board(BoardScope::Path), routes!(boards::read), &[])
        .route(Permission::Write, routes!(boards::patch), &[])
        .route(Permission::Write, routes!(boards::remove), &[])
        .route(Permission::Write, routes!(boards::restore), &[])
        .route(Permission::Board(BoardScope::Path), routes!(layout::read), &[])
        .route(Permission::Write, routes!(layout::put), &[])
        .route(Permission::Board(BoardScope::Path), routes!(marks::list), &[])
        .route(Permission::Write, routes!(marks::create), &[])
        .route(Permission::Write, routes!(marks::remove), &[])
        .route(Permission::Board(BoardScope::Path), routes!(views::list), &[])
        .route(Permission::Write, routes!(views::create), &[])
        .route(Permission::Board(BoardScope::Path), routes!(views::read), &[])
        .route(Permission::Write, routes!(views::update), &[])
        .route(Permission::Write, routes!(views::remove), &[])
        .route(Permission::Board(BoardScope::Path), routes!(runs::find), &[])
        .route(Permission::Write, routes!(runs::create), &[])
        .route(Permission::Write, routes!(runs::patch_many), &[])
        .route(Permission::Write, routes!(runs::remove_many), &[])
        .route(Permission::Board(BoardScope::Path), routes!(runs::read), &[])
        .route(Permission::Write, routes!(runs::patch), &[])
        .route(Permission::Write, routes!(runs::remove), &[])
        .route(Permission::Write, routes!(runs::restore), &[])
        .route(Permission::Write, routes!(runs::restore_removal), &[])
        .route(Permission::Board(BoardScope::Path), routes!(run_reads::history), &[])
        .route(Permission::Board(BoardScope::Path), routes!(run_reads::keys), &[])
        .route(Permission::Board(BoardScope::Path), routes!(run_reads::diff), &[])
        .route(Permission::Board(BoardScope::Path), routes!(empty_charts::read), &[])
        .route(Permission::Board(BoardScope::Path), routes!(run_table::table), &[])
        .route(Permission::Board(BoardScope::Path), routes!(run_table::sheet), &[])
        .route(Permission::Board(BoardScope::Path), routes!(run_groups::groups), &[])
        .route(Permission::Board(BoardScope::Path), routes!(run_groups::latex), &[])
        .route(Permission::Board(BoardScope::Path), routes!(run_groups::sheet), &[])
        .route(Permission::Board(BoardScope::Path), routes!(run_groups::colours), &[])
        .route(Permission::Board(BoardScope::Path), routes!(run_reads::value), &[])
        .route(Permission::Board(BoardScope::Details), routes!(run_reads::console), &[])
        .route(Permission::Write, routes!(run_log::append_console), &[])
        .route(Permission::Write, routes!(run_log::log), &[])
        .route(Permission::Write, routes!(run_log::heartbeat), &[])
        // The list says to whom a board was shown: a token for reading does not open it.
        .route(Permission::WriteByToken, routes!(shares::list), &[])
        .route(Permission::WriteByToken, routes!(shares::create), &[])
        .route(Permission::WriteByToken, routes!(shares::revoke), &[])
        .route(Permission::Write, routes!(purge::purge), &[])
        .route(Permission::Board(BoardScope::Live), routes!(websocket::connect), &[])
        .route(Permission::Read, routes!(sse::events), &[])
        .route(Permission::Board(BoardScope::Main), routes!(board::main), &[])
        .route(Permission::Read, routes!(front::list), &[])
        .route(Permission::Board(BoardScope::Path), routes!(board::named), &[])
        .route(Permission::Board(BoardScope::Path), routes!(export::export), &[])
        .route(Permission::Board(BoardScope::Figure), routes!(figure::figure), &[])
        .route(Permission::Board(BoardScope::Cell), routes!(images::media), &[])
        .route(Permission::Board(BoardScope::Image), routes!(images::image), &[])
        .route(Permission::Read, routes!(openapi::document), &[])
        .route(Permission::Open, routes!(ops::health::healthz), &[])
        .route(Permission::Open, routes!(ops::health::readyz), &[])
        .route(Permission::Read, routes!(ops::metrics::metrics), &[])
        .internal(Permission::Write, Method::POST, "/rpc/{*path}", server_functions::call)
        .internal(Permission::Board(BoardScope::Path), Method::GET, "/rpc/boards/{board}/runs/{run}/notes", runs::rendered_notes)
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;
    use crate::server::http::route_table::operations;

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
        let mounted: BTreeSet<_> = table.permissions().iter().map(|(method, path, _)| (path.to_owned(), method.to_string())).collect();
        let own = |path: &str| ["/rpc/", "/pkg/", "/vendor/"].iter().any(|start| path.starts_with(start)) || path == "/{path}";
        let undocumented = mounted.difference(&documented).filter(|(path, _)| !own(path));
        for (path, method) in undocumented {
            let canonical = path.trim_start_matches("/api/v1").trim_end_matches('/');
            let is_alias = documented.contains(&(canonical.to_owned(), method.clone())) || path == "/publish/epoch/end";
            assert!(is_alias, "{method} {path} is mounted without being documented");
        }
        let forms: Vec<_> = documented.difference(&mounted).map(|(path, method)| format!("{method} {path}")).collect();
        assert_eq!(forms, ["csv", "json", "pdf", "svg"].map(|form| format!("GET /values/{{id}}.{form}")));
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
