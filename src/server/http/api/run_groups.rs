//! `/boards/{board}/run-groups`: the groups of the runs of a board as rows, compared by one number of each run; and `run-colours`, their
//! colours by the value of a key.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::format::comparison_file;
use super::request::{BoardInPath, RequestContext};
use crate::protocol::RunGroups;
use crate::server::boards::groups::{RunColoursQuery, RunGroupsQuery};
use crate::server::error::ServerError;
use crate::server::http::conditional;
use crate::server::http::openapi::parameters::{BoardPath, ColoursQuery, RunGroupsPage};
use crate::server::http::openapi::responses::QueryErrors;
use crate::server::http::openapi::schemas::{RunColours, RunGroups as RunGroupsSchema};
use crate::server::net::response_budget::counted;

/// Memory of a table before its size is known.
const TABLE_BYTES: usize = 256 << 10;

#[utoipa::path(
    get,
    path = "/boards/{board}/run-groups",
    operation_id = "runGroups",
    summary = "The groups of the runs of a board, with means and differences",
    description = "The unit is the run: each contributes one number. Without `by` all runs are one group, and `proposed` names keys to group by.",
    params(BoardPath, RunGroupsPage),
    responses(
        (status = 200, description = "A page of groups, the best mean first unless they are sorted.", body = RunGroupsSchema, headers(("ETag"))),
        (status = 304, description = "Nothing has changed since the answer with the `ETag` of `If-None-Match`."),
        QueryErrors
    )
)]
pub async fn groups(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    let (app, is_public) = (&request.app, request.caller.is_public());
    let query = RunGroupsQuery::parse(&request.query)?;
    // Of the state before the groups are read: a change meanwhile gives another tag.
    let version = app.boards.run_groups_version(&board, &query);
    let tag = version.map(|version| format!("\"{}-{version}{}\"", app.site.build(), if is_public { "-share" } else { "" }));
    let head = head(tag.as_deref());
    if tag.is_some_and(|tag| conditional::is_known(&request.headers, &tag)) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    let share = app.answers.share(request.principal(), TABLE_BYTES).await?;
    let boards = app.boards.clone();
    let bytes = TABLE_BYTES + boards.run_groups_bytes(&board, &query);
    let read = async move { Ok(serde_json::to_string(&boards.run_groups(&board, &query, is_public).await?).unwrap_or_default()) };
    let text: String = app.renderer.run(request.principal(), bytes, read).await?;
    let share = Arc::new(share.fit(text.len())?);
    Ok(counted((head, [(header::CONTENT_TYPE, "application/json")], share.lend(text.into()))))
}

#[utoipa::path(
    get,
    path = "/boards/{board}/run-groups.tex",
    operation_id = "runGroupsLatex",
    summary = "The groups of the runs of a board as a table of LaTeX",
    description = "A `tabular` with the rules of the package `booktabs`: mean and standard deviation, and with a baseline the differences. Without `$limit` it has 200 groups at most; a comment says if there are more.",
    params(BoardPath, RunGroupsPage),
    responses((status = 200, description = "The table.", body = String, content_type = "application/x-tex"), QueryErrors)
)]
pub async fn latex(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    file(&request, &board, ("application/x-tex", "tex"), comparison_file::latex).await
}

#[utoipa::path(
    get,
    path = "/boards/{board}/run-groups.csv",
    operation_id = "runGroupsSheet",
    summary = "The groups of the runs of a board as comma-separated values",
    description = "Without `$limit` 200 groups at most.",
    params(BoardPath, RunGroupsPage),
    responses(
        (status = 200, description = "Lines end with CRLF, the first one names the columns.", body = String, content_type = "text/csv"),
        QueryErrors
    )
)]
pub async fn sheet(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    file(&request, &board, ("text/csv; charset=utf-8", "csv"), comparison_file::csv).await
}

/// The groups in a form of text, as a file.
async fn file(
    request: &RequestContext,
    board: &str,
    (media_type, ending): (&'static str, &'static str),
    write: impl FnOnce(&RunGroups, &[String]) -> String + Send + 'static,
) -> Result<Response, ServerError> {
    let (app, is_public) = (&request.app, request.caller.is_public());
    let query = RunGroupsQuery::parse_file(&request.query)?;
    let share = app.answers.share(request.principal(), TABLE_BYTES).await?;
    let (boards, name) = (app.boards.clone(), board.to_owned());
    let bytes = TABLE_BYTES + boards.run_groups_bytes(board, &query);
    let read = async move { Ok(write(&boards.run_groups(&name, &query, is_public).await?, query.secondary())) };
    let text: String = app.renderer.run(request.principal(), bytes, read).await?;
    let share = Arc::new(share.fit(text.len())?);
    let head = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{board}-groups.{ending}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok(counted((head, share.lend(text.into()))))
}

#[utoipa::path(
    get,
    path = "/boards/{board}/run-colours",
    operation_id = "runColours",
    summary = "The values of a key by which runs are coloured",
    description = "Equal values have one colour, whichever runs are named. Many numbers are on a scale.",
    params(BoardPath, ColoursQuery),
    responses(
        (status = 200, description = "The values of the runs that were named.", body = RunColours, headers(("ETag"))),
        (status = 304, description = "Nothing has changed since the answer with the `ETag` of `If-None-Match`."),
        QueryErrors
    )
)]
pub async fn colours(request: RequestContext, BoardInPath(board): BoardInPath) -> Result<Response, ServerError> {
    let (app, is_public) = (&request.app, request.caller.is_public());
    let query = RunColoursQuery::parse(&request.query)?;
    // Of the state before the runs are read: a change meanwhile gives another tag.
    let run_seq = app.boards.index().board(&board).map_or(0, |board| board.run_seq);
    let tag = format!("\"{}-{}-{run_seq}{}\"", app.site.build(), app.boards.epoch(), if is_public { "-share" } else { "" });
    let head = head(Some(&tag));
    if conditional::is_known(&request.headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    let share = app.answers.share(request.principal(), TABLE_BYTES).await?;
    let text = serde_json::to_string(&app.boards.run_colours(&board, &query, is_public).await?).unwrap_or_default();
    let share = Arc::new(share.fit(text.len())?);
    Ok(counted((head, [(header::CONTENT_TYPE, "application/json")], share.lend(text.into()))))
}

/// Groups without a tag change with the time.
fn head(tag: Option<&str>) -> HeaderMap {
    let mut head = HeaderMap::new();
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static(if tag.is_some() { "private, no-cache" } else { "no-store" }));
    head.extend(tag.and_then(|tag| HeaderValue::from_str(tag).ok()).map(|tag| (header::ETAG, tag)));
    head
}
