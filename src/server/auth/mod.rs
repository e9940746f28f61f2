//! TODO-DOC
pub mod authorization;
mod base_path;
mod cors;
mod credentials;
mod forwarded;
pub mod host;
pub mod peer_credentials;
pub mod policy;
mod revocation;
pub mod tokens;
