//! `POST /purge`: removed cells are kept for undo; this deletes them for good.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::server::App;
use crate::server::auth::authorization::Permission;
use crate::server::error::ServerError;
use crate::server::http::route_table::Routes;

pub fn routes(routes: Routes) -> Routes {
    routes.on(axum::http::Method::POST, Permission::Write, "/purge", purge)
}

async fn purge(State(app): State<App>) -> Result<Response, ServerError> {
    let purged = app.boards.store.purge().await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], axum::Json(json!({ "purged": purged }))).into_response())
}
