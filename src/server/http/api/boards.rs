//! `GET /boards`: which boards there are.

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::wrong;
use crate::server::App;
use crate::server::auth::authorization::Permission;
use crate::server::error::ServerError;
use crate::server::http::route_table::Routes;

pub fn routes(routes: Routes) -> Routes {
    routes.get(Permission::Read, "/boards", list)
}

async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ServerError> {
    if let Some((key, value)) = form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes()).next() {
        return Err(wrong(&key, "is no key of this query, which has none", &value).into());
    }
    let told = app.boards.list().into_iter().map(|(name, cells)| json!({ "name": name, "cells": cells }));
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(told.collect::<Value>())).into_response())
}
