//! Where the data folder stands: made so that a power cut does not take it, and whether that is another machine's disk.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use rustix::fs::OFlags;

/// File systems of other machines, by their names in Linux's table of mounts.
const NETWORK: [&str; 12] =
    ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "lustre", "gpfs", "beegfs", "ceph", "fuse.ceph", "fuse.glusterfs", "afs"];

/// Makes the folder and those above it that are missing, each on disk under its name when this returns. For its owner alone: what tokens keep
/// from others must not be read there.
pub fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make(above)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        // Another program was first.
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(why) => Err(why),
        Ok(()) => File::open(above)?.sync_all(),
    }
}

/// A file that is there to be locked; made when missing, for its owner alone. A link in its place is an error: root may ask, and who owns the
/// folder may have put it there.
pub fn open_lock_file(file: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).custom_flags(flags).open(file)
}

/// A file of the folder becomes the folder's owner's: root makes tokens and restores for a server that runs as somebody else. Who owns the folder
/// may have put there a file that is root's, under a second name: that one is not given away.
pub fn give(file: &File, folder: &Path) -> io::Result<()> {
    let (ours, owner) = (file.metadata()?, folder.metadata()?);
    if ours.uid() == owner.uid() {
        return Ok(());
    }
    if !ours.is_file() || ours.nlink() != 1 {
        return Err(io::Error::other("what stands there is somebody else's file"));
    }
    fchown(file, Some(owner.uid()), Some(owner.gid()))
}

/// The kind of network file system that the folder is on, where the system tells.
pub fn network(folder: &Path) -> Option<&'static str> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    network_of(&mounts, &folder.canonicalize().ok()?)
}

fn network_of(mounts: &str, folder: &Path) -> Option<&'static str> {
    let mounts = mounts.lines().filter_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        // A space in a name is written in octal.
        Some((place.split(' ').nth(4)?.replace("\\040", " "), kind.split(' ').next()?))
    });
    // Of mounts at one place the last is on top.
    let (_, kind) = mounts.filter(|(at, _)| folder.starts_with(at)).max_by_key(|(at, _)| at.len())?;
    NETWORK.into_iter().find(|network| *network == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machines_disk_is_known() {
        let mounts = "22 1 252:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
                      40 22 0:50 / /home rw shared:9 - nfs4 server:/home rw\n\
                      41 40 0:51 / /home/my\\040own rw - xfs /dev/vdb rw\n";
        let of = |folder: &str| network_of(mounts, Path::new(folder));
        assert_eq!(of("/home/me/agnez-data"), Some("nfs4"));
        assert_eq!(of("/home/my own/agnez-data"), None);
        assert_eq!(of("/homes/me"), None);
    }

    #[test]
    fn a_lock_is_no_link_and_keeps_what_is_in_it() {
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
    fn folders_are_made_down_to_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        make(&deep).unwrap();
        make(&deep).unwrap();
        assert!(deep.is_dir());
        std::fs::write(folder.path().join("file"), b"").unwrap();
        assert!(make(&folder.path().join("file/x")).is_err());
    }
}
