//! A body ends with the token that let its request in: who is sent away while a long stream is under way adds nothing more to it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use super::tokens::TokenRegistry;
use crate::protocol::ErrorKind;

/// The error for the sender, and behind it the cause.
const REVOKED: &str = "The token was revoked.";

struct RevocableBody {
    body: Body,
    /// Ready when the token is no longer there; `None` after that.
    ended: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// The same body; once the token is gone, reading on is an `ApiError` (401).
pub fn revoke_with_token(body: Body, tokens: Arc<TokenRegistry>, token: String) -> Body {
    if body.is_end_stream() {
        return body;
    }
    Body::new(RevocableBody { body, ended: Some(Box::pin(async move { tokens.ended(Some(&token)).await })) })
}

impl HttpBody for RevocableBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.ended.as_mut().is_none_or(|ended| ended.as_mut().poll(context).is_ready()) {
            self.ended = None;
            return Poll::Ready(Some(Err(ErrorKind::NotAuthenticated.with(REVOKED).into())));
        }
        Pin::new(&mut self.body).poll_frame(context).map_err(axum::Error::into_inner)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
