//! Access control as middleware: the checks of `auth`, and how a rejection is answered.

use std::sync::Arc;

use axum::RequestExt;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::live::websocket;
use super::pages::login;
use super::request_log::ClientIp;
use crate::protocol::{ApiError, ErrorKind};
use crate::server::App;
use crate::server::auth::authorization::{BoardScope, Permission, Permissions, check_permission};
use crate::server::auth::base_path::{self, LogicalPath};
use crate::server::auth::cors::{self, RequestOrigin};
use crate::server::auth::credentials::{self, Credential, Grant};
use crate::server::auth::policy::{Caller, Scope};
use crate::server::auth::request::is_page;
use crate::server::auth::revocation::revoke_with_token;
use crate::server::error::ServerError;
use crate::server::net::peer::Peer;

/// Runs before routing, because it removes the base path and the page key from the path. Rejects
/// requests from foreign pages and to foreign names; every other request continues with its [`Caller`].
pub async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|info| info.0.clone()).unwrap_or_default();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let verified = match app.access_policy.check_request((&method, &uri, request.version()), request.headers(), &peer) {
        Ok(verified) => verified,
        Err(error) => return ServerError::from(error).into_response(),
    };
    let LogicalPath { path, key } = verified.logical_path;
    let reads = matches!(method, Method::GET | Method::HEAD);
    if let RequestOrigin::Allowed(origin) = &verified.asking
        && cors::is_preflight(&method, request.headers())
    {
        return cors::preflight(origin);
    }
    let asking = verified.asking.clone();
    // The address bar never holds a key: a reload logs in again with the token that the tab has.
    if key.is_some() && is_page(path) && reads {
        return (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{}{path}", app.access_policy.base))]).into_response();
    }
    let credential = match credentials::credential(request.headers(), path, key, &app.tokens) {
        Ok(credential) => credential,
        Err(error) => return ServerError::from(error).into_response(),
    };
    let is_unknown = credential == Credential::Unknown;
    let grant = match credential {
        Credential::Known(grant) => grant,
        Credential::Nothing if verified.is_local && app.access_policy.local.trusts(&peer) => Grant { scope: Scope::Writing, token: None },
        Credential::Unknown | Credential::Nothing => Grant { scope: Scope::Nothing, token: None },
    };
    let caller = Caller {
        scope: grant.scope,
        token: grant.token,
        is_unknown,
        host: verified.host,
        is_secure: verified.is_secure,
        base: app.access_policy.base.clone(),
    };
    match base_path::with_path(&uri, path) {
        Some(with_path) => *request.uri_mut() = with_path,
        None => return ServerError::from(ErrorKind::NotFound.with("There is nothing at this address.")).into_response(),
    }
    if let Some(token) = caller.token.clone() {
        request = request.map(|body| revoke_with_token(body, app.tokens.clone(), token));
    }
    request.extensions_mut().insert(Arc::new(caller));
    let mut reply = next.run(request).await;
    reply.extensions_mut().insert(ClientIp(verified.address));
    match asking {
        RequestOrigin::Allowed(origin) => cors::readable(reply, &origin),
        RequestOrigin::Embedded => cors::embeddable(reply),
        RequestOrigin::Ours => reply,
    }
}

/// Runs around every handler: checks the permission that its route was declared with.
pub async fn authorize(State((app, permissions)): State<(App, Arc<Permissions>)>, mut request: Request, next: Next) -> Response {
    let Some(caller) = request.extensions().get::<Arc<Caller>>().cloned() else {
        return ServerError::from(ErrorKind::Forbidden.with("Internal error: the request bypassed authentication.")).into_response();
    };
    let permission = match request.extensions().get::<MatchedPath>() {
        Some(path) => {
            let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
            permissions.find(method, path.as_str()).unwrap_or(Permission::Write)
        }
        // No route matches.
        None => Permission::Read,
    };
    match check_permission(&app, &caller, permission, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(error) => {
            // Browsers hide why an upgrade failed: the upgrade is accepted to close it with the reason.
            if caller.is_unknown
                && permission == Permission::Board(BoardScope::Live)
                && let Ok(upgrade) = request.extract_parts().await
            {
                return websocket::close_unauthorized(upgrade);
            }
            reject(&app, &caller, &request, error)
        }
    }
}

/// JSON with the reason, or the login page for a browser navigation without a token.
fn reject(app: &App, caller: &Caller, request: &Request, error: ApiError) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let wants_page = accept.is_some_and(|accept| accept.contains("text/html"));
    let is_locked = error.code == ErrorKind::NotAuthenticated.code();
    if is_locked && !caller.is_unknown && wants_page && is_page(request.uri().path()) {
        return login::login(app, caller);
    }
    let mut reply = ServerError::from(error).into_response();
    if is_locked {
        reply.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Agnez\""));
        reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    reply
}
