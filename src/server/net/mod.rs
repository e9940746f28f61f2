//! Connections: the listener, its limits and timeouts, and the memory that responses may hold.

pub mod connections;
pub mod response_budget;
mod shutdown_body;
pub mod write_timeout;
