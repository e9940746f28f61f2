use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::OFlags;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpSocket;
use tokio::signal::unix::{SignalKind, signal};

use super::FileId;

/// Creates one folder that only its owner can open: mode 0700.
pub fn create_private_dir(folder: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(folder)
}

/// Options that create a file which only its owner can read and write: mode 0600.
pub fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// As [`private_file`]; opening a symbolic link is an error.
pub fn private_file_without_links() -> OpenOptions {
    let mut options = private_file();
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32);
    options
}

/// Whether the folder is open to its owner only.
pub fn is_private(folder: &Path) -> bool {
    folder.metadata().is_ok_and(|about| about.mode() & 0o077 == 0)
}

/// Gives a file of the folder to the folder's owner. Errors: a file of another user that is no regular file or has several hard links.
pub fn chown_to_owner(file: &File, folder: &Path) -> io::Result<()> {
    let (ours, owner) = (file.metadata()?, folder.metadata()?);
    if ours.uid() == owner.uid() {
        return Ok(());
    }
    if !ours.is_file() || ours.nlink() != 1 {
        return Err(io::Error::other("the file belongs to another user"));
    }
    fchown(file, Some(owner.uid()), Some(owner.gid()))
}

/// Device and inode.
pub fn file_id(about: &Metadata) -> FileId {
    FileId(about.dev(), about.ino())
}

/// Flushes the names in a folder to disk.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes all bytes at an offset.
pub fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Lets a restarted server listen at once, while connections of its predecessor are still ending.
pub fn reuse_address(socket: &TcpSocket) -> io::Result<()> {
    socket.set_reuseaddr(true)
}

/// Raises the process's limit of open files up to `most`, as far as the system allows, and returns it; at most `most`.
pub fn raise_open_files(most: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // `None` is unlimited.
    let wanted = limit.maximum.unwrap_or(most).min(most);
    let current = limit.current.unwrap_or(most).min(most);
    if wanted > current && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }).is_ok() {
        return wanted;
    }
    current
}

/// Resolves when the system asks this process to end: SIGTERM.
pub async fn terminate_signal() {
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

/// Runs a program in place of this one, and returns only if it cannot be started.
pub fn replace_process(command: &mut Command) -> io::Error {
    command.exec()
}
