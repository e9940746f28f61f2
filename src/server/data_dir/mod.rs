//! The data folder: its creation, the names and owners of its files, and whether it is on a network file system.

pub mod disk_reserve;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::server::platform;

/// Network file systems, by the names of Linux's mount table.
const NETWORK: [&str; 12] =
    ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "lustre", "gpfs", "beegfs", "ceph", "fuse.ceph", "fuse.glusterfs", "afs"];

/// The database of a data folder.
pub fn database_path(folder: &Path) -> PathBuf {
    folder.join("agnez.sqlite")
}

/// The path of a file that SQLite keeps next to a database: `suffix` is `-wal`, `-shm` or `-journal`.
pub fn sidecar_path(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Options of a connection that never writes to the database `file`.
pub fn read_only(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(Duration::from_secs(5)).disable_statement_logging()
}

/// Creates the folder and its missing parents with mode 0700: other users must not read what tokens protect. Each folder is
/// flushed to disk before this returns.
pub fn create(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = parent(folder);
    create(parent)?;
    match platform::create_private_dir(folder) {
        // Another process created it meanwhile.
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(why) => Err(why),
        Ok(()) => platform::sync_folder(parent),
    }
}

/// The folder of a path; `.` for a bare name.
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens a lock file, created with mode 0600 if missing. A symbolic link is an error: root may run this, and the owner of the
/// folder could point a link at any file of the system.
pub fn open_lock_file(file: &Path) -> io::Result<File> {
    platform::private_file_without_links().create(true).truncate(false).write(true).open(file)
}

/// Gives a file of the folder to the folder's owner: root may create tokens or restore a backup for a server that runs as another
/// user. A file with several hard links is refused, since the folder's owner could have linked a file of root's there.
pub fn chown_to_owner(file: &File, folder: &Path) -> io::Result<()> {
    platform::chown_to_owner(file, folder)
}

/// The type of the network file system that holds the folder; `None` for a local one, and where there is no `/proc`.
pub fn network_file_system(folder: &Path) -> Option<&'static str> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    network_file_system_in(&mounts, &folder.canonicalize().ok()?)
}

fn network_file_system_in(mounts: &str, folder: &Path) -> Option<&'static str> {
    let mounts = mounts.lines().filter_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        // Spaces are escaped as \040.
        Some((place.split(' ').nth(4)?.replace("\\040", " "), kind.split(' ').next()?))
    });
    // Later mounts at the same place cover earlier ones.
    let (_, kind) = mounts.filter(|(at, _)| folder.starts_with(at)).max_by_key(|(at, _)| at.len())?;
    NETWORK.into_iter().find(|network| *network == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_recognised() {
        let mounts = "22 1 252:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
                      40 22 0:50 / /home rw shared:9 - nfs4 server:/home rw\n\
                      41 40 0:51 / /home/my\\040own rw - xfs /dev/vdb rw\n";
        let of = |folder: &str| network_file_system_in(mounts, Path::new(folder));
        assert_eq!(of("/home/me/agnez-data"), Some("nfs4"));
        assert_eq!(of("/home/my own/agnez-data"), None);
        assert_eq!(of("/homes/me"), None);
    }

    #[test]
    fn a_lock_file_is_no_link_and_is_not_truncated() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "kept").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(open_lock_file(&link).is_err() && open_lock_file(&file).is_ok());
        assert_eq!(std::fs::read(&file).unwrap(), b"kept");
        std::os::unix::fs::symlink(folder.path().join("none"), folder.path().join("other")).unwrap();
        assert!(open_lock_file(&folder.path().join("other")).is_err() && !folder.path().join("none").exists());
    }

    #[test]
    fn folders_are_created_with_their_parents() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        create(&deep).unwrap();
        create(&deep).unwrap();
        assert!(deep.is_dir());
        std::fs::write(folder.path().join("file"), b"").unwrap();
        assert!(create(&folder.path().join("file/x")).is_err());
    }
}
