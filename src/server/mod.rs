//! The server: REST, live feeds, the page, and the store behind them.

mod access;
mod answers;
mod aside;
pub mod boards;
mod caught;
mod cells;
mod commands;
mod conditional;
mod config;
mod connections;
mod data_uri;
mod error;
mod error_page;
mod feed;
mod figure;
mod flood;
mod frames;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod guard;
mod hub;
mod ids;
mod live;
mod log;
mod media;
#[cfg(test)]
mod model;
mod operations;
mod owner;
mod page;
mod parting;
mod patience;
mod pool;
mod requests;
mod rest;
mod router;
mod routes;
mod rpc;
mod serve;
mod site;
mod socket;
mod store;
pub mod zones;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

pub use commands::run_command;
pub use config::{Command, Config, LogFormat, TokenCommand};
pub use log::{begin_log, format_of, tell_failure};
pub use router::addresses;
pub use rpc::{boards, told};
pub use serve::{Server, StartError};
pub use store::{Durability, OpenError};

use access::Access;
use boards::Boards;
use cells::render::cache::Drawings;
use guard::Door;
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
    answers: Arc<answers::Answers>,
    requests: Arc<Requests>,
    access: Arc<Access>,
    door: Arc<Door>,
    images: Arc<PathBuf>,
    durable: bool,
    external_images: bool,
    started: SystemTime,
    connections: connections::Connections,
    /// Live connections: they outlive their requests, so the stop waits for them by this.
    tasks: tokio_util::task::TaskTracker,
    stopping: tokio_util::sync::CancellationToken,
}
