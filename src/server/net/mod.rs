//! Connections: the listener, its limits and timeouts, and the memory that responses may hold.

pub mod connections;
mod file_limit;
pub mod listener;
pub mod peer;
pub mod peer_credentials;
pub mod response_budget;
mod shutdown_body;
pub mod write_timeout;

/// The port without `--port`.
pub const DEFAULT_PORT: u16 = 3000;
