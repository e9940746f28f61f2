//! Access log and request counters: refusals and failures at `info`, every request at `debug`.
//!
//! A line has the client, the token's id, the method, the route pattern, the status, the duration, and the reason of a failure. It
//! never has the address as it was sent, a query, a header or a body: they may hold secrets.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::ops::metrics::{RequestMetrics, method_name};
use crate::server::auth::policy::Caller;
use crate::server::error::FailureReason;
use crate::server::log::throttle::LogThrottle;
use crate::server::net::connections::ShowedToken;
use crate::server::net::peer::Peer;

/// All requests since the start.
#[derive(Default)]
pub struct Requests {
    pub metrics: RequestMetrics,
    /// Throttled apart from the failures, so that a flood of refusals does not suppress those.
    refused: LogThrottle,
    failed: LogThrottle,
}

/// What the layers inside know of a request; it comes back with the response.
#[derive(Clone)]
struct RouteInfo {
    route: Option<MatchedPath>,
    /// The id of the token that let the caller in; no secret.
    token: Option<String>,
}

/// The client's address as a trusted proxy says it; it comes back with the response.
#[derive(Clone, Copy)]
pub struct ClientIp(pub Option<IpAddr>);

/// Runs inside the router, where the route is known.
pub async fn capture_route(request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Arc<Caller>>();
    let info = RouteInfo { route: request.extensions().get().cloned(), token: caller.and_then(|caller| caller.token.clone()) };
    let mut reply = next.run(request).await;
    if info.token.is_some() {
        reply.extensions_mut().insert(ShowedToken);
    }
    reply.extensions_mut().insert(info);
    reply
}

/// The outermost layer.
pub async fn log_request(State(requests): State<Arc<Requests>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let peer = request.extensions().get::<ConnectInfo<Peer>>().and_then(|info| info.0.address);
    let method = request.method().clone();
    let reply = next.run(request).await;
    let (status, ms) = (reply.status().as_u16(), (begun.elapsed().as_secs_f64() * 1e6).round() / 1e3);
    let client = reply.extensions().get().and_then(|client: &ClientIp| client.0).or(peer.map(|peer| peer.ip().to_canonical()));
    let client = client.map_or_else(|| "unknown".to_owned(), |client| client.to_string());
    requests.metrics.observe(&method, status, begun.elapsed());
    let info = reply.extensions().get::<RouteInfo>();
    // `other` and `none` for unknown methods and unmatched routes.
    let method = method_name(&method);
    let route = info.and_then(|info| info.route.as_ref()).map_or("none", MatchedPath::as_str);
    let token = info.and_then(|info| info.token.as_deref());
    match status {
        500.. => {
            if let Some(suppressed) = requests.failed.permit(begun) {
                let reason = reply.extensions().get().map(|FailureReason(word)| *word);
                tracing::warn!(client, token, method, route, status, ms, reason, suppressed, "failed");
            }
        }
        401 | 403 | 408 => {
            if let Some(suppressed) = requests.refused.permit(begun) {
                tracing::info!(client, token, method, route, status, ms, suppressed, "refused");
            }
        }
        _ => tracing::debug!(client, token, method, route, status, ms, "answered"),
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_leave_failures_their_lines() {
        let (requests, now) = (Requests::default(), Instant::now());
        while requests.refused.permit(now).is_some() {}
        assert_eq!(requests.failed.permit(now), Some(0));
    }
}
