//! Detects files of the data folder that were removed or replaced while the server runs: writes to a removed file are lost with the process,
//! and a second server may use the file that replaced it.

use std::io;
use std::path::{Path, PathBuf};

use crate::server::data_dir::{database_path, sidecar_path};
use crate::server::platform::{FileId, file_id};

/// Suffixes and names. A check is five calls of `stat`, about a microsecond each.
const FILES: [(&str, &str); 4] =
    [("", "the database"), ("-wal", "the database's log"), ("-shm", "the database's shared memory"), ("agnez.lock", "the lock")];

/// A file that is not the one that was opened.
#[derive(Debug, thiserror::Error)]
#[error("{what} {} {now} while the server was running: stop it, and look what is there", path.display())]
pub struct FileReplaced {
    what: &'static str,
    path: PathBuf,
    now: String,
}

pub struct FileWatch {
    files: Vec<(PathBuf, &'static str, FileId)>,
}

impl FileWatch {
    /// Remembers the files of the folder. The database must be open, so that SQLite's files exist.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let mut files = vec![(folder.to_owned(), "the data folder", identity(folder)?)];
        for (name, what) in FILES {
            let path = if name == "agnez.lock" { folder.join(name) } else { sidecar_path(&database_path(folder), name) };
            let known = identity(&path)?;
            files.push((path, what, known));
        }
        Ok(Self { files })
    }

    /// Errors: a file was removed or replaced, as a sentence.
    pub fn check(&self) -> Result<(), FileReplaced> {
        for (path, what, known) in &self.files {
            let now = match identity(path) {
                Ok(now) if now == *known => continue,
                Ok(_) => "was replaced".to_owned(),
                Err(why) if why.kind() == io::ErrorKind::NotFound => "was removed".to_owned(),
                Err(why) => format!("cannot be examined ({why})"),
            };
            return Err(FileReplaced { what, path: path.clone(), now });
        }
        Ok(())
    }
}

fn identity(path: &Path) -> io::Result<FileId> {
    std::fs::metadata(path).map(|about| file_id(&about))
}
