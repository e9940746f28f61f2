//! From flags to a running server, and from a signal to a clean end.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::board::Boards;
use super::hub::Hub;
use super::patience::{Patient, Peer};
use super::router::router;
use super::site::Site;
use super::store::{Durability, OpenError, Store};
use super::{App, Config};

/// How long open connections may take to end.
const STOP_WITHIN: Duration = Duration::from_secs(8);
const BACKLOG: u32 = 1024;

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Flags(String),
    #[error("Port {0} is taken by another program (another Agnez?). Stop that one, or choose another port with --port.")]
    PortTaken(u16),
    #[error("The address {0} cannot be listened on: {1}.")]
    Listen(SocketAddr, io::Error),
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A server that listens; [`Server::run`] answers.
pub struct Server {
    listeners: Vec<TcpListener>,
    router: Router,
    app: App,
    pub port: u16,
    pub data: PathBuf,
}

impl Server {
    /// Listens first, so that a taken port touches no data.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let (listeners, port) = listen(config)?;
        // The page's reactive tasks run on this runtime. A second server of the same process finds it set already.
        let _ = any_spawner::Executor::init_tokio();
        let hub = Arc::new(Hub::default());
        let publish = {
            let hub = hub.clone();
            Box::new(move |changes| hub.publish(changes))
        };
        let store = Arc::new(Store::open(&config.data, config.durability, publish).await?);
        let app = App {
            boards: Arc::new(Boards { store }),
            hub,
            site: Arc::new(Site::load()),
            drawings: Arc::default(),
            images: Arc::new(config.images.clone()),
            durable: config.durability == Durability::Full,
            external_images: !config.no_external_images,
            started: SystemTime::now(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        };
        let data = config.data.canonicalize().unwrap_or_else(|_| config.data.clone());
        Ok(Self { listeners, router: router(app.clone()), app, port, data })
    }

    /// Answers until `stop` ends, then lets requests finish, closes live connections and puts everything on disk.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { listeners, router, app, .. } = self;
        let serving = TaskTracker::new();
        for listener in listeners {
            let service = router.clone().into_make_service_with_connect_info::<Peer>();
            let stopping = app.stopping.clone();
            serving.spawn(async move {
                if let Err(why) = axum::serve(Patient(listener), service).with_graceful_shutdown(stopping.cancelled_owned()).await {
                    tracing::error!("a listener ended: {why}");
                }
            });
        }
        stop.await;
        app.stopping.cancel();
        serving.close();
        app.tasks.close();
        let ended = async {
            serving.wait().await;
            app.tasks.wait().await;
        };
        if tokio::time::timeout(STOP_WITHIN, ended).await.is_err() {
            tracing::warn!("some connections did not end within {} s and were cut", STOP_WITHIN.as_secs());
        }
        app.boards.store.close().await;
    }
}

fn listen(config: &Config) -> Result<(Vec<TcpListener>, u16), StartError> {
    let mut listeners = Vec::new();
    let mut port = config.port;
    for (mut address, must) in config.addresses().map_err(StartError::Flags)? {
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

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
