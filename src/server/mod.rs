//! The server: REST, live feeds, the page, and the store behind them.

mod auth;
pub mod boards;
mod cells;
mod cli;
mod config;
mod cpu_pool;
mod data_dir;
mod error;
mod http;
mod ids;
pub mod limits;
mod live;
mod log;
mod low_priority;
mod net;
mod parse_pool;
mod platform;
mod render;
mod shutdown;
mod startup;
mod store;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod testing;
pub mod time_zones;
mod two_generation_cache;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

pub use cells::markdown_fragment;
pub use cli::args::{Args, Command, TokenCommand};
pub use cli::busy_port::explain_start_error;
pub use cli::parse::parse_args;
pub use cli::run::run_command;
pub use cli::{CommandError, print_line};
pub use config::{Config, ConfigError};
pub use http::router::addresses;
pub use http::server_functions::{boards, respond};
pub use log::{LogFormat, init_log, print_failure, requested_format};
pub use shutdown::shutdown_signal;
pub use startup::{Server, StartError};
pub use store::{Durability, OpenError};

use auth::policy::AccessPolicy;
use auth::tokens::TokenRegistry;
use boards::Boards;
use http::pages::assets::StaticAssets;
use http::request_log::Requests;
use live::hub::Hub;
use render::cache::RenderCache;

/// The state of the server as every handler gets it. Shared, because middleware and handlers clone it many times for each request.
pub type App = Arc<AppState>;

/// What every handler may use.
pub struct AppState {
    boards: Arc<Boards>,
    hub: Arc<Hub>,
    site: Arc<StaticAssets>,
    render_cache: Arc<RenderCache>,
    renderer: render::pool::Renderer,
    answers: Arc<net::response_budget::Answers>,
    requests: Arc<Requests>,
    tokens: Arc<TokenRegistry>,
    access_policy: Arc<AccessPolicy>,
    images: Arc<PathBuf>,
    durable: bool,
    external_images: bool,
    started: SystemTime,
    connections: net::connections::Connections,
    /// Live connections: they outlive their requests, so the stop waits for them by this.
    tasks: tokio_util::task::TaskTracker,
    stopping: tokio_util::sync::CancellationToken,
}
