//! Error responses that several operations have, each by its name under `components/responses`.
#![expect(dead_code, reason = "they are read by the derive macros only")]

use std::collections::BTreeMap;

use utoipa::openapi::{Ref, RefOr, Response};
use utoipa::{IntoResponses, ToResponse};

use super::schemas::Error;

/// Not understood: malformed JSON (with its position), a wrong type (with its field), an unknown query operator.
#[derive(ToResponse)]
pub struct BadRequest(Error);

/// A token is needed, or this one is not known (any more); nothing has changed.
#[derive(ToResponse)]
#[response(headers(("WWW-Authenticate")))]
pub struct NotAuthenticated(Error);

/// Nothing has changed: the token does not reach so far, a page of another site asked, or the server was called by a name that is not its own.
#[derive(ToResponse)]
pub struct Forbidden(Error);

/// No such cell, picture or page.
#[derive(ToResponse)]
pub struct NotFound(Error);

/// Many cells may only be changed with a query.
#[derive(ToResponse)]
pub struct MethodNotAllowed(Error);

/// The body came too slowly: less than 120 KiB, and not its end, within 30 s.
#[derive(ToResponse)]
pub struct Timeout(Error);

/// A cell with this `_id` exists.
#[derive(ToResponse)]
pub struct Conflict(Error);

/// The run was deleted; it can be restored.
#[derive(ToResponse)]
pub struct Gone(Error);

/// It is not what `If-Match` names; nothing was changed.
#[derive(ToResponse)]
pub struct PreconditionFailed(Error);

/// The cell is of a type that takes no points; nothing was appended.
#[derive(ToResponse)]
pub struct NotTaken(Error);

/// Nothing was changed.
#[derive(ToResponse)]
pub struct PayloadTooLarge(Error);

/// Not a picture.
#[derive(ToResponse)]
pub struct Unprocessable(Error);

/// The `Idempotency-Key` was used with another body or address; nothing was changed.
#[derive(ToResponse)]
pub struct OtherBody(Error);

/// More is asked for, or is waiting, than there is room for, or the server is stopping; nothing was changed, try again after `Retry-After` seconds.
#[derive(ToResponse)]
pub struct Unavailable(Error);

/// The disk is full; nothing was changed.
#[derive(ToResponse)]
pub struct InsufficientStorage(Error);

/// Of every operation that reads cells by a query.
pub struct QueryErrors;

impl IntoResponses for QueryErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        by_name([(400, "BadRequest"), (503, "Unavailable")])
    }
}

/// Of every change that takes an `Idempotency-Key`.
pub struct ChangeErrors;

impl IntoResponses for ChangeErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        by_name([(400, "BadRequest"), (422, "OtherBody"), (503, "Unavailable"), (507, "InsufficientStorage")])
    }
}

/// Of every operation that reads a body.
pub struct BodyErrors;

impl IntoResponses for BodyErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        by_name([(408, "Timeout"), (413, "PayloadTooLarge")])
    }
}

/// References to the responses above.
pub fn by_name<const N: usize>(list: [(u16, &str); N]) -> BTreeMap<String, RefOr<Response>> {
    list.into_iter().map(|(status, name)| (status.to_string(), Ref::from_response_name(name).into())).collect()
}
