//! The server: REST, live feeds, the page, and the store behind them.

mod aside;
mod auth;
pub mod boards;
mod caught;
mod cells;
mod cli;
mod conditional;
mod config;
mod cpu_pool;
mod data_uri;
mod error;
mod error_page;
mod feed;
mod figure;
mod frames;
mod gate;
mod hub;
mod ids;
mod live;
mod log;
mod media;
mod net;
mod operations;
mod page;
mod requests;
mod rest;
mod router;
mod routes;
mod rpc;
mod site;
mod socket;
mod startup;
mod store;
mod testing;
pub mod time_zones;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

pub use cli::run::run_command;
pub use config::{Command, Config, LogFormat, TokenCommand};
pub use log::{begin_log, format_of, tell_failure};
pub use router::addresses;
pub use rpc::{boards, told};
pub use startup::{Server, StartError};
pub use store::{Durability, OpenError};

use auth::policy::Door;
use auth::tokens::Access;
use boards::Boards;
use cells::render::cache::Drawings;
use hub::Hub;
use requests::Requests;
use site::Site;

/// What every handler may use.
#[derive(Clone)]
pub struct App {
    boards: Arc<Boards>,
    hub: Arc<Hub>,
    site: Arc<Site>,
    drawings: Arc<Drawings>,
    renderer: cells::render::pool::Renderer,
    answers: Arc<net::response_budget::Answers>,
    requests: Arc<Requests>,
    access: Arc<Access>,
    door: Arc<Door>,
    images: Arc<PathBuf>,
    durable: bool,
    external_images: bool,
    started: SystemTime,
    connections: net::connections::Connections,
    /// Live connections: they outlive their requests, so the stop waits for them by this.
    tasks: tokio_util::task::TaskTracker,
    stopping: tokio_util::sync::CancellationToken,
}
