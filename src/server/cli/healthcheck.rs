//! `agnez healthcheck`: whether the server of this machine is well, for containers, which have no other program to ask with.

use std::time::Duration;

use axum::http::{Method, Response};

use super::error::CommandError;
use super::http_client::{HttpClient, RequestError, ServerUrl, response_message};
use crate::server::config::{Config, ListenAddress};

/// A server that needs longer is not healthy.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Requests `/readyz` of the server at `url`, by default the one with this configuration. Returns the server's sentence.
pub async fn healthcheck(url: Option<&str>, config: &Config) -> Result<String, CommandError> {
    let url = match url {
        Some(url) => ServerUrl::parse(url)?,
        None => local_url(config, config.port)?,
    };
    let address = url.address();
    let unhealthy = |reason: String| CommandError::Unhealthy { address: address.clone(), reason };
    let response = tokio::time::timeout(TIMEOUT, request_readiness(url)).await.map_err(|_| unhealthy("no answer".to_owned()))??;
    let (status, text) = (response.status(), response_message(response.body()));
    if status.is_success() { Ok(text) } else { Err(unhealthy(format!("{status}: {text}"))) }
}

/// `/readyz` is open to every caller of this machine.
async fn request_readiness(url: ServerUrl) -> Result<Response<Vec<u8>>, RequestError> {
    HttpClient::connect(url).await?.send(Method::GET, "/readyz", None).await
}

/// Where processes of this machine reach the server that listens at `port`.
pub fn local_url(config: &Config, port: u16) -> Result<ServerUrl, CommandError> {
    let host = match config.listen {
        ListenAddress::Ip(address) if address.is_ipv6() && !address.is_unspecified() => format!("[{address}]"),
        ListenAddress::Ip(address) if !address.is_unspecified() => address.to_string(),
        _ => "127.0.0.1".to_owned(),
    };
    Ok(ServerUrl::parse(&format!("http://{host}:{port}{}", config.access_policy.base))?)
}
