//! The command line beside serving: tokens, backups and checks.

pub mod args;
pub mod run;
pub mod token;
