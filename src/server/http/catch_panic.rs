//! A panic in a handler is a defect of the server, and an answer all the same: 500 in the one shape, and the connection goes on.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;

use crate::server::error::ServerError;

/// Stands around everything that answers. What a handler held is given back while it unwinds.
pub async fn caught(request: Request, next: Next) -> Response {
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| ServerError::Panicked.into_response())
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower_service::Service;

    use super::*;
    use crate::protocol::ApiError;

    #[tokio::test]
    async fn a_panic_is_answered_and_gives_back_what_was_held() {
        let held = std::sync::Arc::new(tokio::sync::Semaphore::new(1));
        let permits = held.clone();
        let panics = async move |_: Request| -> &'static str {
            let _permit = permits.acquire().await;
            tokio::task::yield_now().await;
            panic!("on purpose")
        };
        let mut router: Router = Router::new().route("/", get(panics)).layer(from_fn(caught));
        for _ in 0..2 {
            let reply = router.call(Request::new(Body::empty())).await.unwrap();
            assert_eq!((reply.status().as_u16(), held.available_permits()), (500, 1));
            let told: ApiError = serde_json::from_slice(&to_bytes(reply.into_body(), 4096).await.unwrap()).unwrap();
            assert_eq!((told.code, told.class_name.as_str()), (500, "general-error"));
            assert!(!told.message.contains("on purpose"), "{}", told.message);
        }
    }
}
