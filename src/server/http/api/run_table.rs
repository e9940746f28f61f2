//! `/boards/{board}/run-table`: the runs of a board as rows, with the columns in which they differ.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt};

use super::request::{BoardInPath, RequestContext};
use crate::server::boards::run_table::RunTableQuery;
use crate::server::error::ServerError;
use crate::server::http::conditional;
use crate::server::http::openapi::parameters::{BoardPath, RunTablePage};
use crate::server::http::openapi::responses::QueryErrors;
use crate::server::http::openapi::schemas::RunTable;
use crate::server::net::response_budget::counted;

/// Memory of a table before its size is known.
const TABLE_BYTES: usize = 256 << 10;

#[utoipa::path(
    get,
    path = "/boards/{board}/run-table",
    operation_id = "runTable",
    summary = "The runs of a board as a table",
    description = "Without `columns` the table has the keys of configurations in which the runs that were found differ, and the most telling metrics.",
    params(BoardPath, RunTablePage),
    responses(
        (status = 200, description = "A page of the table.", body = RunTable, headers(("ETag"))),
        (status = 304, description = "Nothing has changed since the table with the `ETag` of `If-None-Match`."),
        QueryErrors
    )
)]
pub async fn table(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    let (app, is_public) = (&request.app, request.caller.is_public());
    let query = RunTableQuery::parse(&request.query)?;
    // Of the state before the table is made: a change meanwhile gives another tag.
    let version = app.boards.run_table_version(&board, &query);
    let tag = version.map(|version| format!("\"{}-{version}{}\"", app.site.build(), if is_public { "-share" } else { "" }));
    let head = head(tag.as_deref());
    if tag.is_some_and(|tag| conditional::is_known(&request.headers, &tag)) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    let share = app.answers.share(request.principal(), TABLE_BYTES).await?;
    let table = app.boards.run_table(&board, &query, is_public).await?;
    let text = serde_json::to_string(&table).unwrap_or_default();
    let share = Arc::new(share.fit(text.len())?);
    Ok(counted((head, [(header::CONTENT_TYPE, "application/json")], share.lend(text.into()))))
}

#[utoipa::path(
    get,
    path = "/boards/{board}/run-table.csv",
    operation_id = "runTableSheet",
    summary = "The runs of a board as comma-separated values",
    description = "All runs that are found, unless `$limit` is given.",
    params(BoardPath, RunTablePage),
    responses(
        (status = 200, description = "Lines end with CRLF, the first one names the columns: `run`, `name`, `status`, and those of the table.", body = String, content_type = "text/csv"),
        QueryErrors
    )
)]
pub async fn sheet(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    let query = RunTableQuery::parse(&request.query)?;
    let lines = request.app.boards.run_table_lines(&board, &query, request.caller.is_public()).await?;
    let share = Arc::new(request.app.answers.share(request.principal(), TABLE_BYTES).await?);
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{board}-runs.csv\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    let parts = stream::iter(std::iter::once(lines.head())).chain(stream::iter(lines));
    let body = parts.map(move |part| Ok::<_, ServerError>(share.lend(part.into())));
    Ok(counted((head, Body::from_stream(body))))
}

/// A table without a tag changes with the time.
fn head(tag: Option<&str>) -> HeaderMap {
    let mut head = HeaderMap::new();
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static(if tag.is_some() { "private, no-cache" } else { "no-store" }));
    head.extend(tag.and_then(|tag| HeaderValue::from_str(tag).ok()).map(|tag| (header::ETAG, tag)));
    head
}
