use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;
use std::time::UNIX_EPOCH;

use tokio::net::TcpSocket;

use super::FileId;

/// Creates one folder, with the permissions of its parent.
pub fn create_private_dir(folder: &Path) -> io::Result<()> {
    std::fs::create_dir(folder)
}

/// Options that create a file, with the permissions of its folder.
pub fn private_file() -> OpenOptions {
    OpenOptions::new()
}

/// As [`private_file`].
pub fn private_file_without_links() -> OpenOptions {
    private_file()
}

/// Not known here: the folder of a user's profile is private, and no warning is better than one at each start.
pub fn is_private(_folder: &Path) -> bool {
    true
}

/// Files have the owner that the system gave them.
pub fn chown_to_owner(_file: &File, _folder: &Path) -> io::Result<()> {
    Ok(())
}

/// The time of creation: the standard library has no stable way to the file's number.
pub fn file_id(about: &Metadata) -> FileId {
    let created = about.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    FileId(created.as_secs(), created.subsec_nanos().into())
}

/// The file system keeps a journal of names; a folder cannot be opened as a file.
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes all bytes at an offset.
pub fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut file = file;
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

/// Not needed here, and not safe: on Windows the option lets another program take a port that is in use.
pub fn reuse_address(_socket: &TcpSocket) -> io::Result<()> {
    Ok(())
}

/// There is no limit below `most`.
pub fn raise_open_files(most: u64) -> u64 {
    most
}

/// Resolves when the system asks this process to end: the console is closed, or the system shuts down.
pub async fn terminate_signal() {
    #[cfg(windows)]
    {
        use tokio::signal::windows::{ctrl_close, ctrl_shutdown};
        if let (Ok(mut close), Ok(mut shutdown)) = (ctrl_close(), ctrl_shutdown()) {
            tokio::select! {
                _ = close.recv() => {}
                _ = shutdown.recv() => {}
            }
            return;
        }
    }
    std::future::pending().await
}

/// Runs a program, ends this process with its exit code, and returns only if it cannot be started.
pub fn replace_process(command: &mut Command) -> io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}
