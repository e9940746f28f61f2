//! Access control: which requests are let in, what they may do, and the tokens that decide it.

pub mod authorization;
mod base_path;
mod cors;
mod credentials;
mod forwarded;
pub mod host;
pub mod policy;
mod revocation;
pub mod tokens;
