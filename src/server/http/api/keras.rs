//! Addresses of other tools' clients: `POST /publish/epoch/end/`, which stock Keras calls.

use axum::body::Body;
use axum::response::Response;

use super::request::RequestContext;
use super::{invalid_parameter, json_response, parse_body};
use crate::protocol::ApiError;
use crate::server::boards::runs::parse_run_id;
use crate::server::boards::{ResponseShape, board_name, keras_epoch, parse_epoch};
use crate::server::error::ServerError;
use crate::server::http::body::read::read_to_end;
use crate::server::http::openapi::parameters::IdempotencyHeaders;
use crate::server::http::openapi::responses::{BodyErrors, ChangeErrors, Gone, NotTaken};
use crate::server::http::openapi::schemas::{Epoch, EpochForm, EpochTaken};
use crate::server::limits::MAX_EPOCH_BODY_BYTES;

/// `keras.callbacks.RemoteMonitor(root="http://localhost:3000")`; `path="/publish/epoch/end/?board=mnist"` names another board.
#[utoipa::path(
    post,
    path = "/publish/epoch/end/",
    operation_id = "epochEnd",
    summary = "Append the metrics of an epoch",
    description = "What Keras' `RemoteMonitor(root=\"http://localhost:3000\")` calls, the slash at the end or not. Each metric is a `line` cell of the board, made when it is not there: `loss` its series `train`, `val_loss` its series `val`. With `run` they are those of a run, as of `log`. All is taken or nothing.",
    params(
        ("board" = Option<String>, Query, description = "The board; `keras` when it is not named."),
        ("run" = Option<String>, Query, description = "The id of a run. Empty: the last run that was made so, and a new one when the epoch is not above its last one."),
        IdempotencyHeaders
    ),
    request_body(
        description = "At most 1 MiB and 1000 metrics. Python's tokens NaN, Infinity and -Infinity are taken.",
        content((Epoch = "application/json"), (EpochForm = "application/x-www-form-urlencoded"))
    ),
    responses(
        (status = 201, description = "They are on disk.", body = EpochTaken),
        (status = 409, response = NotTaken),
        (status = 410, response = Gone),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn epoch_end(request: RequestContext, body: Body) -> Result<Response, ServerError> {
    let (board, run) = parameters(&request.query)?;
    let body = read_to_end(body, MAX_EPOCH_BODY_BYTES).await?;
    let epoch = parse_body(&body, parse_epoch).await?;
    let Some(run) = run else {
        let idempotent = request.idempotent(&format!("epoch of {board}"), &body, &ResponseShape::Points)?;
        return Ok(json_response(request.app.boards.epoch_end(&board, epoch, idempotent).await?));
    };
    let run = if run.is_empty() { None } else { Some(parse_run_id(&run)?) };
    let named = run.as_ref().map_or("", |run| run.as_str());
    let idempotent = request.idempotent(&format!("epoch of {board} run {named}"), &body, &ResponseShape::Log)?;
    let epoch = (epoch.step, epoch.metrics);
    Ok(json_response(request.app.boards.log_epoch(board.into(), run, epoch, idempotent).await?))
}

/// The board, and the run if the query names one.
fn parameters(query: &str) -> Result<(String, Option<String>), ApiError> {
    let (mut board, mut run) = (keras_epoch::BOARD.to_owned(), None);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*key {
            "board" => board = board_name(&value)?.to_owned(),
            "run" => run = Some(value.into_owned()),
            key => return Err(invalid_parameter(key, "is no key of this query; known is board, and run", &value)),
        }
    }
    Ok((board, run))
}
