//! `GET /groups`: what charts of line cells show of groups of runs.

mod query;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryStreamExt};
use tokio_util::sync::CancellationToken;

use super::format::groups_json::write_curve;
use super::invalid_parameter;
use super::request::RequestContext;
use crate::protocol::groups::{self as frames, CellGroups, GroupCurve};
use crate::protocol::{ApiError, CellId, ErrorKind};
use crate::server::boards::groups::curves::{CurvePlan, CurveQuery, PlannedCell};
use crate::server::boards::groups::membership::RunGroup;
use crate::server::error::ServerError;
use crate::server::http::conditional;
use crate::server::http::openapi::responses::{PayloadTooLarge, QueryErrors};
use crate::server::http::openapi::schemas::{BinaryGroups, Groups};
use crate::server::limits::{MAX_GROUP_PLACES, MAX_GROUPS, MAX_GROUPS_PLACES};
use crate::server::net::response_budget::counted;
use query::GroupsQuery;

/// Curves of one answer that are calculated at the same time.
const CURVES_AT_ONCE: usize = 2;
/// Bytes of a curve without its places: the ids of its runs.
const CURVE_BYTES: usize = 8 << 10;
/// Bytes of a written place, about.
const BINARY_PLACE_BYTES: usize = 32;
const JSON_PLACE_BYTES: usize = 100;

#[utoipa::path(
    get,
    path = "/groups",
    operation_id = "readGroups",
    summary = "What the charts of several cells show of groups of runs",
    params(
        (
            "cells" = String,
            Query,
            description = "Ids with commas between them, at most 50, of one board. Those that do not exist are left out of the answer.",
            pattern = "^[A-Za-z0-9_-]{1,64}(,[A-Za-z0-9_-]{1,64})*$"
        ),
        ("q" = Option<String>, Query, description = "A search for runs, as in `GET /boards/{board}/runs`.", max_length = 2000),
        ("runs" = Option<String>, Query, description = "Ids of runs, separated by commas."),
        (
            "by" = Option<String>,
            Query,
            description = "Keys that the runs of a group agree in, at most 8, separated by commas: `config.lr,config.opt.name`. A missing value is a value. Without keys all runs are one group."
        ),
        GroupsQuery,
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of an earlier answer.")
    ),
    responses(
        (
            status = 200,
            description = "For each group, of which there are at most 50, a line with a band. `Accept: application/octet-stream` asks for the binary form.",
            content((Groups = "application/json"), (BinaryGroups = "application/octet-stream")),
            headers(("ETag"))
        ),
        (status = 304, description = "Not changed since the ETag that was sent."),
        (status = 413, response = PayloadTooLarge),
        QueryErrors
    )
)]
pub async fn read(request: RequestContext) -> Result<Response, ServerError> {
    let query = GroupsQuery::parse(&request.query, request.accept())?;
    let boards = &request.app.boards;
    let board = common_board(&request, &query.cells)?;
    let groups: Arc<[RunGroup]> = match &board {
        Some(board) => boards.groups_of_runs(board, &query.runs, &query.by, request.caller.is_public()).await?.into(),
        None => Arc::default(),
    };
    let plan = boards.plan_curves(board.as_deref().unwrap_or_default(), &query.cells, &groups, query.axis, &query.x_metric).await?;
    let mut hash = DefaultHasher::new();
    (plan.version, groups.len(), &request.query, query.binary).hash(&mut hash);
    let tag = format!("W/\"{:016x}\"", hash.finish());
    let head: [(HeaderName, String); 3] =
        [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "no-cache".to_owned()), (header::VARY, "accept".to_owned())];
    if conditional::is_known(&request.headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    let (width, curves) = (query.width.min(MAX_GROUP_PLACES) as usize, plan.cells.iter().map(|cell| cell.curves.len()).sum::<usize>());
    if curves * width > MAX_GROUPS_PLACES {
        let rule = format!("must be below {} for so many cells and groups", MAX_GROUPS_PLACES / curves + 1);
        return Err(invalid_parameter("width", &rule, &width.to_string()).into());
    }
    let (kind, place_bytes) = match query.binary {
        true => ("application/octet-stream", BINARY_PLACE_BYTES),
        false => ("application/json", JSON_PLACE_BYTES),
    };
    let share = request.app.answers.share(request.principal(), curves * (CURVE_BYTES + width * place_bytes)).await?;
    let body = calculate(&request, plan, groups, &query).await?;
    let body = Arc::new(share.fit(body.len())?).lend(body);
    Ok(counted(([(header::CONTENT_TYPE, kind)], head, body)))
}

/// The board of those of the cells that are there and that the caller may read; `None` without any. 400: there are several.
fn common_board(request: &RequestContext, cells: &[CellId]) -> Result<Option<Arc<str>>, ApiError> {
    let only = request.caller.only_board();
    let index = request.app.boards.index();
    let mut board: Option<Arc<str>> = None;
    for record in cells.iter().filter_map(|cell| index.cell(cell)).filter(|record| only.is_none_or(|only| *record.board == *only)) {
        if board.as_ref().is_some_and(|board| *board != record.board) {
            let rule = "must be of one board, because groups are";
            return Err(ErrorKind::BadRequest.with(format!("'cells' {rule}.")).at("cells", rule));
        }
        board = Some(record.board.clone());
    }
    Ok(board)
}

/// The body of the answer, whose curves are calculated on the threads for drawings.
async fn calculate(request: &RequestContext, plan: CurvePlan, groups: Arc<[RunGroup]>, query: &GroupsQuery) -> Result<Bytes, ServerError> {
    let style = query.curves();
    // Set when the client goes, which drops this future.
    let cancelled = CancellationToken::new();
    let _guard = cancelled.clone().drop_guard();
    let cells: Vec<(CellId, usize)> = plan.cells.iter().map(|planned| (planned.cell.clone(), planned.curves.len())).collect();
    let of_cell = |PlannedCell { cell, curves }| curves.into_iter().map(move |curve| (CellId::clone(&cell), curve));
    let jobs = plan.cells.into_iter().flat_map(of_cell);
    let calculated = futures::stream::iter(jobs).map(|(cell, curve)| {
        let (boards, groups, cancelled) = (request.app.boards.clone(), groups.clone(), cancelled.clone());
        async move {
            let group = &groups[curve.group];
            if let Some(known) = boards.known_group_curve(&curve, group, &style) {
                return Ok(known);
            }
            let bytes = curve.working_bytes(&style);
            let (renderer, groups) = (&request.app.renderer, groups.clone());
            let work = async move { boards.group_curve(&cell, &curve, &groups[curve.group], style, &cancelled).await };
            renderer.run(request.principal(), bytes, work).await
        }
    });
    let mut calculated = std::pin::pin!(calculated.buffered(CURVES_AT_ONCE));
    let more = groups.len().saturating_sub(MAX_GROUPS) as u32;
    let mut writer = GroupsWriter::new(query, plan.seq, cells.len());
    for (cell, curves) in cells {
        let mut found: Vec<GroupCurve> = Vec::with_capacity(curves);
        for _ in 0..curves {
            found.extend(calculated.try_next().await?.filter(|curve| curve.runs > 0));
        }
        writer.write(CellGroups { cell, groups: found, more }, &groups);
    }
    Ok(writer.finish())
}

/// Writes the answer cell by cell.
struct GroupsWriter {
    out: Vec<u8>,
    binary: bool,
    curves: CurveQuery,
    is_first: bool,
}

impl GroupsWriter {
    fn new(query: &GroupsQuery, seq: u64, cells: usize) -> Self {
        let mut out = Vec::new();
        match query.binary {
            true => frames::begin(&mut out, seq, cells),
            false => out.extend_from_slice(b"{\"cells\":{"),
        }
        Self { out, binary: query.binary, curves: query.curves(), is_first: true }
    }

    fn write(&mut self, cell: CellGroups, groups: &[RunGroup]) {
        if self.binary {
            return frames::write_cell(&mut self.out, &cell);
        }
        let mut text = format!("{}\"{}\":{{\"groups\":[", if self.is_first { "" } else { "," }, cell.cell.as_str());
        self.is_first = false;
        for (at, curve) in cell.groups.iter().enumerate() {
            text.push_str(if at == 0 { "" } else { "," });
            let group = groups.iter().find(|group| group.id == curve.group);
            write_curve(&mut text, curve, group.map_or(&[], |group| &group.key), self.curves.style, self.curves.smooth);
        }
        text.push_str(&format!("],\"more\":{}}}", cell.more));
        self.out.extend_from_slice(text.as_bytes());
    }

    fn finish(mut self) -> Bytes {
        if !self.binary {
            self.out.extend_from_slice(b"}}");
        }
        self.out.into()
    }
}
