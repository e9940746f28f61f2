//! From a configuration to a server that listens.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::auth::policy::LocalTrust;
use super::auth::tokens::TokenError;
use super::auth::tokens::links::{link, save_address, save_link};
use super::auth::tokens::{TokenKind, TokenRegistry};
use super::boards::Boards;
use super::boards::cell_content::cell_content;
use super::config::data_flag;
use super::http::pages::assets::StaticAssets;
use super::http::router::router;
use super::live::hub::Hub;
use super::net::connections::Connections;
use super::net::listener::bind;
use super::platform::is_private;
use super::render::pool::Renderer;
use super::store::{Durability, OpenError, Store, StoreOptions};
use super::{App, AppState, Config};
use crate::protocol::MAIN_BOARD;

/// Why every client needs a token on systems other than Linux.
const UNKNOWN: &str = "This system cannot tell which user a connection belongs to, so every client needs a token; '--any-local-user' lets in every local program.";

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Tokens(#[from] TokenError),
    #[error("Port {0} is taken. Stop the program that has it, or choose another port with --port.")]
    PortTaken(u16),
    #[error("The address {0} cannot be listened on: {1}.")]
    Listen(SocketAddr, io::Error),
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A server that listens; [`Server::run`] serves.
pub struct Server {
    pub(crate) listeners: Vec<TcpListener>,
    pub(crate) router: Router,
    pub(crate) app: App,
    pub port: u16,
    pub data: PathBuf,
    /// The address of the page.
    pub address: String,
    /// Startup message about tokens, if any exist or are required; includes the first token if this start created it.
    pub access: Option<String>,
}

impl Server {
    /// Listens first, so that a taken port touches no data.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let policy = &config.access_policy;
        let (listeners, port) = listen(config)?;
        // The page's reactive tasks run on this runtime. A second server of the same process finds it set already.
        let _ = any_spawner::Executor::init_tokio();
        let hub = Arc::new(Hub::default());
        let publish = {
            let hub = hub.clone();
            Box::new(move |changes| hub.publish(changes))
        };
        let options = StoreOptions { durability: config.durability, accept_loss: config.accept_loss, content_fn: cell_content };
        let store = Store::open(&config.data, options, publish).await?;
        let tokens = Arc::new(TokenRegistry::open(&config.data)?);
        let address = config.address(port);
        save_address(&config.data, &address);
        let is_needed = config.listen.is_public() || matches!(policy.local, LocalTrust::Nobody | LocalTrust::Unknown);
        let access = first_token(&tokens, &config.data, &address, is_needed, policy.local == LocalTrust::Unknown)?;
        if policy.local != LocalTrust::EveryUser && !is_private(&config.data) {
            let data = config.data.display();
            tracing::warn!(
                "other users of this machine can read the boards in {data}, whatever their tokens: 'chmod 700 {data}' keeps them out"
            );
        }
        let app = Arc::new(AppState {
            tokens,
            access_policy: Arc::new(policy.clone()),
            boards: Arc::new(Boards::new(store)),
            hub,
            site: Arc::new(StaticAssets::load()),
            render_cache: Arc::default(),
            renderer: Renderer::new(),
            answers: Arc::default(),
            requests: Arc::default(),
            images: Arc::new(config.images.clone()),
            durable: config.durability == Durability::Full,
            external_images: config.external_images,
            started: SystemTime::now(),
            connections: Connections::new(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        });
        let data = config.data.canonicalize().unwrap_or_else(|_| config.data.clone());
        Ok(Self { listeners, router: router(app.clone()), app, port, data, address, access })
    }

    /// The first line of the log.
    pub(crate) fn log_start(&self) {
        let Self { app, data, port, .. } = self;
        let (version, durability) = (env!("CARGO_PKG_VERSION"), if app.durable { "full" } else { "normal" });
        let (_, max_connections) = app.connections.count();
        tracing::info!(version, port, data = %data.display(), durability, max_connections, "started");
    }
}

/// The startup message about tokens. Creates the first one where tokens are required and none may write.
fn first_token(
    tokens: &TokenRegistry,
    folder: &Path,
    address: &str,
    is_needed: bool,
    is_unknown: bool,
) -> Result<Option<String>, TokenError> {
    let why = if is_unknown { format!("\n       {UNKNOWN}") } else { String::new() };
    let (count, may_write) = tokens.count();
    if is_needed && !may_write {
        let (known, token) = tokens.create(TokenKind::Write, None, "first")?;
        let link = link(address, MAIN_BOARD, &token);
        if is_unknown {
            save_link(folder, &link)?;
        }
        return Ok(Some(format!(
            "{link}\n       This is shown only once. Revoke it with 'agnez token revoke {}{}'.{why}",
            known.id,
            data_flag(folder)
        )));
    }
    let tokens = if count == 1 { "1 token" } else { &format!("{count} tokens") };
    Ok((is_needed || count > 0).then(|| format!("{tokens}; 'agnez token new{}' makes another, with a link.{why}", data_flag(folder))))
}

fn listen(config: &Config) -> Result<(Vec<TcpListener>, u16), StartError> {
    let mut listeners = Vec::new();
    let mut port = config.port;
    for (mut address, must) in config.listen.sockets(config.port) {
        // With --port 0 the first listener's port holds for all.
        address.set_port(port);
        match bind(address) {
            Ok(listener) => {
                port = listener.local_addr().map_or(port, |address| address.port());
                listeners.push(listener);
            }
            Err(why) if why.kind() == io::ErrorKind::AddrInUse => return Err(StartError::PortTaken(port)),
            Err(why) if must => return Err(StartError::Listen(address, why)),
            Err(why) => tracing::debug!("not listening on {address}: {why}"),
        }
    }
    Ok((listeners, port))
}
