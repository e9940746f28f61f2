//! Which program answers at a port that is taken.

use std::time::Duration;

use super::healthcheck::local_url;
use super::http_client::{HttpClient, ServerUrl};
use crate::server::config::Config;
use crate::server::startup::StartError;

/// A program that needs longer to answer counts as another one than Agnez.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether Agnez answers at `url`, rather than another program. No token is sent.
pub async fn is_agnez(url: ServerUrl) -> bool {
    tokio::time::timeout(PROBE_TIMEOUT, HttpClient::connect(url)).await.is_ok_and(|client| client.is_ok())
}

/// Why the server did not start, as a sentence. Of a taken port it says whether Agnez is there already.
pub async fn explain_start_error(error: StartError, config: &Config) -> String {
    if let StartError::PortTaken(port) = error
        && let Ok(url) = local_url(config, port)
        && is_agnez(url).await
    {
        let address = config.address(port);
        return format!(
            "Port {port} is taken: Agnez runs there already. Open {address}, or start a second server with another --port and another --data."
        );
    }
    error.to_string()
}
