//! The command line beside serving: tokens, backups, checks and the demo.

pub mod args;
pub mod busy_port;
pub mod demo;
mod error;
mod healthcheck;
mod http_client;
pub mod parse;
mod python;
pub mod run;
pub mod token;

use std::io::Write;

pub use error::CommandError;

/// Prints to standard output, which may be closed.
pub fn print_line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
