//! `agnez demo`: a small, real training run that is sent over the REST interface, as a user's script would.
//!
//! Without `--url` it starts a server of its own with a temporary data folder, and serves until a signal.

mod board;
mod network;
mod picture;
mod png;
mod spirals;
mod training;

use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::args::DemoArgs;
use super::busy_port::is_agnez;
use super::error::CommandError;
use super::healthcheck::local_url;
use super::http_client::{HttpClient, ServerUrl};
use super::print_line;
use crate::protocol::MAIN_BOARD;
use crate::server::auth::policy::LocalTrust;
use crate::server::auth::tokens::{TokenKind, links};
use crate::server::config::Config;
use crate::server::net::DEFAULT_PORT;
use crate::server::shutdown::{shutdown_signal, shutdown_signal_with_cleanup};
use crate::server::startup::{Server, StartError};
use training::train;

/// Runs the demo until its end; with a server of its own until a signal. Prints its progress, and returns the last line to print.
pub async fn run_demo(args: &DemoArgs, config: &Config) -> Result<String, CommandError> {
    let board = args.board.as_str();
    let duration = Duration::from_secs(args.seconds.into());
    if let Some(url) = &args.url {
        let url = with_environment_token(ServerUrl::parse(url)?);
        // The token is the caller's: it is not printed.
        let page = page(&url.address(), board);
        let client = HttpClient::connect(url).await?;
        print_line(&format!("Demo   {page}\n       It trains for about {} s. Ctrl-C stops it.", args.seconds));
        return tokio::select! {
            result = train(client, board, args.seed, duration) => Ok(result?),
            () = shutdown_signal() => Ok("Stopped. The board keeps what was sent.".to_owned()),
        };
    }
    let folder = tempfile::Builder::new().prefix("agnez-demo-").tempdir().map_err(CommandError::TemporaryFolder)?;
    let (server, is_default_taken) = start_server(args, config, folder.path()).await?;
    let own_url = own_url(&server, config)?;
    let page = match &own_url.token {
        None => page(&server.address, board),
        Some(token) => links::link(&server.address, board, token),
    };
    if is_default_taken {
        let url = local_url(config, DEFAULT_PORT)?;
        let hint = if is_agnez(url.clone()).await {
            format!(" To send to the server there: agnez demo --url {}", url.address())
        } else {
            String::new()
        };
        print_line(&format!("Port {DEFAULT_PORT} is in use, so the demo serves on a free one.{hint}"));
    }
    print_line(&format!(
        "Demo   {page}\n       It trains for about {} s and serves until Ctrl-C; then all data of this server is deleted, also what\n       \
         your scripts send to it. To keep data, start 'agnez' instead.",
        args.seconds
    ));
    let stopping = CancellationToken::new();
    let serving = tokio::spawn(server.run(stopping.clone().cancelled_owned()));
    let data = folder.path().to_owned();
    let mut signal = std::pin::pin!(shutdown_signal_with_cleanup(move || remove_folder(&data)));
    let training = async { train(HttpClient::connect(own_url).await?, board, args.seed, duration).await };
    let outcome = tokio::select! {
        result = training => result.map(Some),
        () = &mut signal => Ok(None),
    };
    if let Ok(Some(result)) = &outcome {
        print_line(&format!("{result}\nThe board stays at {page} until Ctrl-C."));
        signal.await;
    }
    stopping.cancel();
    // A panic of the server is logged; the folder is removed in any case.
    let _ = serving.await;
    folder.close().map_err(CommandError::TemporaryFolder)?;
    outcome?;
    Ok("Stopped. The demo's data is deleted.".to_owned())
}

/// The server may still write into it.
fn remove_folder(folder: &Path) {
    const ATTEMPTS: usize = 5;
    let _ = (0..ATTEMPTS).find(|_| std::fs::remove_dir_all(folder).is_ok() || !folder.exists());
}

/// A server with its data in `folder`; on a free port where the default one is taken and no other was named.
async fn start_server(args: &DemoArgs, config: &Config, folder: &Path) -> Result<(Server, bool), CommandError> {
    let port = args.port.unwrap_or(config.port);
    let config = Config { port, data: folder.join("data"), images: folder.join("images"), accept_loss: false, ..config.clone() };
    match Server::start(&config).await {
        Err(StartError::PortTaken(DEFAULT_PORT)) if args.port.is_none() => Ok((Server::start(&Config { port: 0, ..config }).await?, true)),
        started => Ok((started?, false)),
    }
}

/// Where this process reaches its own server, with a token where the server wants one.
fn own_url(server: &Server, config: &Config) -> Result<ServerUrl, CommandError> {
    let mut url = local_url(config, server.port)?;
    if config.listen.is_public() || matches!(config.access_policy.local, LocalTrust::Nobody | LocalTrust::Unknown) {
        url.token = Some(server.app.tokens.create(TokenKind::Write, None, "demo")?.1);
    }
    Ok(url)
}

fn page(address: &str, board: &str) -> String {
    if board == MAIN_BOARD { format!("{address}/") } else { format!("{address}/b/{board}") }
}

/// `AGNEZ_TOKEN` is for the server of `AGNEZ_URL`, and without that for any server, as in the Python client.
fn with_environment_token(mut url: ServerUrl) -> ServerUrl {
    let named = std::env::var("AGNEZ_URL").unwrap_or_default();
    let is_for_it = named.is_empty() || ServerUrl::parse(&named).is_ok_and(|named| named.address() == url.address());
    if url.token.is_none() && is_for_it {
        url.token = std::env::var("AGNEZ_TOKEN").ok().map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    }
    url
}
