//! What is told of requests: their number by kind of answer, refusals and failures in the log at `info`, all of them at `debug`.
//!
//! A line names who asked, the method, the pattern of the route, the status and the time. It never has the address as it
//! was sent, a query, a header or a body: they may hold secrets.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::ops::metrics::{RequestMetrics, method_name};
use crate::server::auth::policy::Caller;
use crate::server::log::throttle::LogThrottle;
use crate::server::net::connections::ShowedToken;
use crate::server::net::peer::Peer;

/// All requests since the start.
#[derive(Default)]
pub struct Requests {
    pub metrics: RequestMetrics,
    /// A flood of those leaves the failures their lines.
    refused: LogThrottle,
    failed: LogThrottle,
}

/// What only those further inside know; it comes back with the reply.
#[derive(Clone)]
struct Inside {
    route: Option<MatchedPath>,
    /// The id of the token that let the caller in; no secret.
    token: Option<String>,
}

/// Who asked, where a proxy says it: comes back with the reply.
#[derive(Clone, Copy)]
pub struct Client(pub Option<IpAddr>);

/// Stands around the handlers, where the route is known.
pub async fn note(request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Arc<Caller>>();
    let inside = Inside { route: request.extensions().get().cloned(), token: caller.and_then(|caller| caller.token.clone()) };
    let mut reply = next.run(request).await;
    if inside.token.is_some() {
        reply.extensions_mut().insert(ShowedToken);
    }
    reply.extensions_mut().insert(inside);
    reply
}

/// Stands around everything.
pub async fn log(State(requests): State<Arc<Requests>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let peer = request.extensions().get::<ConnectInfo<Peer>>().and_then(|info| info.0.address);
    let method = request.method().clone();
    let reply = next.run(request).await;
    let (status, ms) = (reply.status().as_u16(), (begun.elapsed().as_secs_f64() * 1e6).round() / 1e3);
    let client = reply.extensions().get().and_then(|client: &Client| client.0).or(peer.map(|peer| peer.ip().to_canonical()));
    let client = client.map_or_else(|| "unknown".to_owned(), |client| client.to_string());
    requests.metrics.observe(&method, status, begun.elapsed());
    let inside = reply.extensions().get::<Inside>();
    // A word of our own where the method or the route is none that we know.
    let method = method_name(&method);
    let route = inside.and_then(|inside| inside.route.as_ref()).map_or("none", MatchedPath::as_str);
    let token = inside.and_then(|inside| inside.token.as_deref());
    match status {
        500.. => {
            if let Some(suppressed) = requests.failed.permit(begun) {
                tracing::warn!(client, token, method, route, status, ms, suppressed, "failed");
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
