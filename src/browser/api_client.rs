//! The client of the server functions: the framework's, with this tab's token.

use bytes::Bytes;
use futures::{Sink, Stream};
use leptos::prelude::*;
use leptos::server_fn::client::browser::BrowserClient;
use leptos::server_fn::client::{Client, set_server_url};
use leptos::server_fn::request::browser::BrowserRequest;
use leptos::server_fn::response::browser::BrowserResponse;

use super::fetch;
use crate::protocol::ApiError;

/// Adds the `Authorization` header: the page's URL grants read access only, and a server function changes the board.
pub struct AuthorizedClient;

impl Client<ApiError> for AuthorizedClient {
    type Request = BrowserRequest;
    type Response = BrowserResponse;

    fn send(request: BrowserRequest) -> impl Future<Output = Result<BrowserResponse, ApiError>> + Send {
        if let Some(value) = fetch::authorization() {
            request.headers().set("Authorization", &value);
        }
        <BrowserClient as Client<ApiError>>::send(request)
    }

    fn open_websocket(
        path: &str,
    ) -> impl Future<
        Output = Result<(impl Stream<Item = Result<Bytes, Bytes>> + Send + 'static, impl Sink<Bytes> + Send + 'static), ApiError>,
    > + Send {
        <BrowserClient as Client<ApiError>>::open_websocket(path)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<ApiError>>::spawn(future);
    }
}

/// Sends calls of server functions below the page's `<base>`: the server may stand below a path, and the base may carry a key.
/// Call it once, before the first call.
pub fn use_document_base() {
    let base = document().base_uri().ok().flatten().unwrap_or_default();
    set_server_url(String::leak(base.trim_end_matches('/').to_owned()));
}
