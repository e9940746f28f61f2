//! Whether the files of the data folder are still those that were opened: what is written to a file that was removed is lost with the process,
//! and a second server on a file that took its place knows nothing of it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::server::store::maintenance::check::database_path;

/// Five calls of the system in each commit, about a microsecond each.
const FILES: [(&str, &str); 4] =
    [("", "the database"), ("-wal", "the database's log"), ("-shm", "the database's shared memory"), ("agnez.lock", "the lock")];

pub struct FileWatch {
    files: Vec<(PathBuf, &'static str, (u64, u64))>,
}

impl FileWatch {
    /// When the database is open, and with it all that SQLite keeps beside it.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let mut files = vec![(folder.to_owned(), "the data folder", identity(folder)?)];
        for (name, what) in FILES {
            let path = if name == "agnez.lock" { folder.join(name) } else { beside(&database_path(folder), name) };
            let known = identity(&path)?;
            files.push((path, what, known));
        }
        Ok(Self { files })
    }

    /// Which file is another one now, or gone, in words.
    pub fn look(&self) -> Result<(), String> {
        for (path, what, known) in &self.files {
            let now = match identity(path) {
                Ok(now) if now == *known => continue,
                Ok(_) => "was replaced".to_owned(),
                Err(why) if why.kind() == io::ErrorKind::NotFound => "was removed".to_owned(),
                Err(why) => format!("cannot be looked at ({why})"),
            };
            return Err(format!("{what} {} {now} while the server was running: stop it, and look what is there", path.display()));
        }
        Ok(())
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = std::fs::metadata(path)?;
    Ok((found.dev(), found.ino()))
}

/// What SQLite keeps beside a database.
pub fn beside(database_path: &Path, end: &str) -> PathBuf {
    let mut name = database_path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
