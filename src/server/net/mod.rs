//! TODO-DOC
pub mod connections;
pub mod response_budget;
mod shutdown_body;
pub mod write_timeout;
