//! Access control: which requests are let in, what they may do, and the tokens that decide it.

pub mod authorization;
pub mod base_path;
pub mod cors;
pub mod credentials;
mod forwarded;
pub mod host;
pub mod policy;
pub mod request;
pub mod revocation;
pub mod tokens;
