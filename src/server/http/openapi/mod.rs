//! The OpenAPI document: made from the `#[utoipa::path]` beside each handler while the routes are
//! mounted. This folder holds what the operations share: schemas, parameters and error responses.

pub mod exports;
pub mod parameters;
pub mod responses;
pub mod schemas;
pub mod shape;

use std::sync::{Arc, LazyLock};

use axum::Extension;
use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};
use utoipa::{Modify, OpenApi as _};

use responses::*;

/// The document without operations.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Agnez",
        description = "A live dashboard for deep-learning training. A cell is any JSON document; the page shows its `name`, `type`, `value` and `description` in the order of `pos`. A 2xx reply to a change means that it is on disk.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/")),
    security((), ("token" = []), ("password" = [])),
    components(responses(
        BadRequest,
        NotAuthenticated,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        Timeout,
        Conflict,
        Gone,
        NotTaken,
        PayloadTooLarge,
        PreconditionFailed,
        Unprocessable,
        OtherBody,
        Unavailable,
        InsufficientStorage
    ), schemas(schemas::Error, schemas::Event)),
    modifiers(&SecuritySchemes)
)]
struct Base;

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut OpenApi) {
        let token =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("agz_ and 43 letters, digits, '-' and '_'").description(Some(
                "A token for writing, reading or for one board, as `agnez token new` or `POST /shares` makes it. \
                 On Linux programs and browsers of the user that the server runs as need none, on its own machine, \
                 except at /shares; unless the server was started with flags that ask for one.",
            ));
        let password = HttpBuilder::new()
            .scheme(HttpAuthScheme::Basic)
            .description(Some("For tools that know nothing else: the token as the password, with any name."));
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme("token", SecurityScheme::Http(token.build()));
        components.add_security_scheme("password", SecurityScheme::Http(password.build()));
    }
}

pub fn base() -> OpenApi {
    Base::openapi()
}

/// The finished document as JSON, made by the first request for it: to write it takes a tenth of a start.
#[derive(Clone)]
pub struct Document(Arc<LazyLock<Bytes>>);

impl Document {
    pub fn new(make: fn() -> Bytes) -> Self {
        Self(Arc::new(LazyLock::new(make)))
    }
}

pub fn to_json(document: &OpenApi) -> Bytes {
    let json = serde_json::to_string(document).expect("the document is JSON");
    // OpenAPI's registry of formats has `uint64`, and utoipa 6.0 writes `u-int64`.
    json.replace(r#""format":"u-int"#, r#""format":"uint"#).into()
}

#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    summary = "This document",
    responses((status = 200, description = "This document.", body = Object, content_type = "application/json"))
)]
pub async fn document(Extension(document): Extension<Document>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], Bytes::clone(&document.0))
}
