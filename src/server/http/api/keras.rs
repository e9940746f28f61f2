//! Addresses of other tools' clients: `POST /publish/epoch/end/`, which stock Keras calls.

use axum::body::Body;
use axum::response::Response;

use super::request::RequestContext;
use super::{invalid_parameter, json_response, parse_body};
use crate::protocol::ApiError;
use crate::server::boards::{ResponseShape, board_name, keras_epoch, parse_epoch};
use crate::server::error::ServerError;
use crate::server::http::body::read::read_to_end;
use crate::server::http::openapi::parameters::IdempotencyHeaders;
use crate::server::http::openapi::responses::{BodyErrors, ChangeErrors, NotTaken};
use crate::server::http::openapi::schemas::{Appended, Epoch, EpochForm};
use crate::server::limits::MAX_EPOCH_BODY_BYTES;

/// `keras.callbacks.RemoteMonitor(root="http://localhost:3000")`; `path="/publish/epoch/end/?board=mnist"` names another board.
#[utoipa::path(
    post,
    path = "/publish/epoch/end/",
    operation_id = "epochEnd",
    summary = "Append the metrics of an epoch",
    description = "What Keras' `RemoteMonitor(root=\"http://localhost:3000\")` calls, the slash at the end or not. Each metric is a `line` cell of the board, made when it is not there: `loss` its series `train`, `val_loss` its series `val`. All is taken or nothing.",
    params(("board" = Option<String>, Query, description = "The board; `keras` when it is not named."), IdempotencyHeaders),
    request_body(
        description = "At most 1 MiB and 1000 metrics. Python's tokens NaN, Infinity and -Infinity are taken.",
        content((Epoch = "application/json"), (EpochForm = "application/x-www-form-urlencoded"))
    ),
    responses(
        (status = 201, description = "They are on disk.", body = Appended),
        (status = 409, response = NotTaken),
        ChangeErrors,
        BodyErrors
    )
)]
pub async fn epoch_end(request: RequestContext, body: Body) -> Result<Response, ServerError> {
    let board = board_parameter(&request.query)?;
    let body = read_to_end(body, MAX_EPOCH_BODY_BYTES).await?;
    let epoch = parse_body(&body, parse_epoch).await?;
    let idempotent = request.idempotent(&format!("epoch of {board}"), &body, &ResponseShape::Points)?;
    Ok(json_response(request.app.boards.epoch_end(&board, epoch, idempotent).await?))
}

fn board_parameter(query: &str) -> Result<String, ApiError> {
    let mut board = keras_epoch::BOARD.to_owned();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*key {
            "board" => board = board_name(&value)?.to_owned(),
            key => return Err(invalid_parameter(key, "is no key of this query; known is board", &value)),
        }
    }
    Ok(board)
}
