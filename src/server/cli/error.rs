//! Why a subcommand failed. Each error is a sentence for a terminal.

use std::io;
use std::path::PathBuf;

use super::http_client::RequestError;
use crate::server::auth::tokens::TokenError;
use crate::server::startup::StartError;
use crate::server::store::{CopyError, OpenError};

#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// A database file that the command line names.
    #[error("{}", .0.file_message())]
    File(OpenError),
    #[error(transparent)]
    Data(OpenError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("{0}")]
    Board(String),
    #[error(
        "Say which kind of token: 'agnez token new share --board {board}{data_flag}' makes a link that shows this board only; \
         'write' and 'read' tokens open all boards, and their link begins with this one."
    )]
    BoardWithoutKind { board: String, data_flag: String },
    #[error("'--details' is for shares: 'write' and 'read' tokens show all of the runs without it.")]
    DetailsWithoutShare,
    #[error("There is no token '{id}' in {}; 'agnez token list{data_flag}' names those that are there.", folder.display())]
    NoToken { id: String, folder: PathBuf, data_flag: String },
    #[error("{} is damaged. Restore a backup: 'agnez restore FILE --replace'.\n{faults}", file.display())]
    Damaged { file: PathBuf, faults: String },
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("The server at {address} is not ready: {reason}")]
    Unhealthy { address: String, reason: String },
    #[error("'agnez {command}' is a command of the Python package, which is not installed here: pip install agnez.")]
    NoPython { command: String },
    #[error("{} cannot be started: {reason}.", python.display())]
    Python { python: PathBuf, reason: io::Error },
    #[error("The temporary folder of the demo cannot be used: {0}.")]
    TemporaryFolder(io::Error),
}
