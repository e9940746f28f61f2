//! What differs between operating systems: permissions and owners of files, their identity, flushed folders, signals, limits,
//! ports, and the replacement of this process. Whose process is at the other end of a connection is in `net::peer_credentials`.
//!
//! `unix` and `other` have the same functions. `other` is for Windows, where the permissions of a folder are those of its parent.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use other::*;
#[cfg(unix)]
pub use unix::*;

/// Identifies a file: two paths are the same file if they are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId(u64, u64);
