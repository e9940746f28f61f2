//! The command line beside serving: tokens, backups and checks.

pub mod args;
mod error;
pub mod run;
pub mod token;

pub use error::CommandError;
