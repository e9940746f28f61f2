//! Why a token was not created, revoked or read. Each error is a sentence.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::server::limits::{MAX_TOKEN_NAME_CHARS, MAX_TOKENS};

#[derive(Debug, PartialEq, thiserror::Error)]
pub enum TokenError {
    #[error("There are {MAX_TOKENS} tokens, which is the most; end some of them first, with 'agnez token revoke' or 'DELETE /shares/:id'.")]
    Full,
    #[error("A token's name may have {MAX_TOKEN_NAME_CHARS} characters, on one line.")]
    Name,
    #[error("The {what} in {} cannot be read: {reason}.", path.display())]
    Read { what: &'static str, path: PathBuf, reason: String },
    /// The place only: the parser's message could repeat a secret.
    #[error("The {what} in {} are damaged (line {line} column {column}). Move the file away, then {remedy}.", path.display())]
    Damaged { what: &'static str, path: PathBuf, line: usize, column: usize, remedy: &'static str },
    #[error("The tokens in {} cannot be written: {reason}.", path.display())]
    Write { path: PathBuf, reason: String },
    #[error("The link could not be written to {}: {reason}.", path.display())]
    Link { path: PathBuf, reason: String },
}

impl TokenError {
    pub fn write(path: &Path, reason: &impl fmt::Display) -> Self {
        Self::Write { path: path.to_owned(), reason: reason.to_string() }
    }
}
