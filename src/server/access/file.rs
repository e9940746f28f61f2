//! `access.json` in the data folder: who may come in. Not in the database, so that a copy of the data holds no secret.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::server::store::{give, give_some, to_lock};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Everything
    Write,
    /// To read all boards
    Read,
    /// To read one board
    Share,
}

impl Right {
    pub fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Share => "share",
        }
    }
}

/// One of those who may come in. The token itself is not kept: of 256 random bits a hash needs to be neither slow nor salted.
#[derive(Clone, Serialize, Deserialize)]
pub struct Token {
    pub id: String,
    pub need: Right,
    /// The board that a share shows; `None` for the others.
    pub board: Option<String>,
    pub name: String,
    /// SHA-256.
    pub hash: Secret,
    /// Milliseconds since 1970.
    pub created: u64,
}

/// The whole file.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Tokens {
    /// What the addresses of figures are signed with; a new one ends all of them.
    pub secret: Secret,
    pub tokens: Vec<Token>,
}

/// 256 bits, in the file as 64 hexadecimal digits. It has no `Debug`, so that no log can hold it.
#[derive(Clone, Default, PartialEq)]
pub struct Secret(pub [u8; 32]);

impl Secret {
    pub fn random() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system has a source of random numbers");
        Self(bytes)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}", self.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit = |at: usize| text.as_bytes().get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let (Some(high), Some(low)) = (digit(2 * at), digit(2 * at + 1)) else {
                return Err(serde::de::Error::custom("a hash and the secret have 64 hexadecimal digits"));
            };
            *byte = (high << 4 | low) as u8;
        }
        Ok(Self(bytes))
    }
}

/// Tells one version of the file from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stamp(u64, u64, SystemTime);

pub fn path(folder: &Path) -> PathBuf {
    folder.join("access.json")
}

/// Whether only its owner gets into the folder.
pub fn is_private(folder: &Path) -> bool {
    folder.metadata().is_ok_and(|about| about.mode() & 0o077 == 0)
}

/// `None` when there is no such file.
pub fn stamp(folder: &Path) -> Option<Stamp> {
    let about = path(folder).metadata().ok()?;
    Some(Stamp(about.ino(), about.len(), about.modified().unwrap_or(SystemTime::UNIX_EPOCH)))
}

/// No file means no tokens. The error is a sentence for a terminal.
pub fn load(folder: &Path) -> Result<Tokens, String> {
    let path = path(folder);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(Tokens { secret: Secret::random(), tokens: Vec::new() }),
        Err(why) => return Err(format!("The tokens in {} cannot be read: {why}.", path.display())),
    };
    // The parser's own words could repeat what stands there.
    serde_json::from_str(&text).map_err(|why| {
        let place = format!("line {} column {}", why.line(), why.column());
        format!("The tokens in {} are damaged ({place}). Move the file away, then make new ones with 'agnez token new'.", path.display())
    })
}

/// Reads, changes and writes it while no other process does; nothing is written when `change` refuses.
pub fn change<T>(folder: &Path, change: impl FnOnce(&mut Tokens) -> Result<T, String>) -> Result<T, String> {
    let failed = |why: io::Error| format!("The tokens in {} cannot be written: {why}.", path(folder).display());
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let lock = to_lock(&folder.join("access.lock")).map_err(failed)?;
    give(&lock, folder).map_err(failed)?;
    lock.lock().map_err(failed)?;
    let mut tokens = load(folder)?;
    let made = change(&mut tokens)?;
    let stored = match store(folder, &tokens) {
        // Somebody can be sent away on a full disk, too.
        Err(why) if matches!(why.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) && give_some(folder) => store(folder, &tokens),
        stored => stored,
    };
    stored.map_err(failed)?;
    Ok(made)
}

/// Whole or not at all, and never readable for others, not even for a moment.
fn store(folder: &Path, tokens: &Tokens) -> io::Result<()> {
    let new = folder.join("access.json.new");
    match std::fs::remove_file(&new) {
        Err(why) if why.kind() != ErrorKind::NotFound => return Err(why),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    give(&file, folder)?;
    file.write_all(serde_json::to_string_pretty(tokens)?.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path(folder))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_only_by_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let hash = Secret::random();
        let token =
            Token { id: "t1".into(), need: Right::Share, board: Some("b".into()), name: "n".into(), hash: hash.clone(), created: 7 };
        change(folder.path(), |tokens| {
            tokens.tokens.push(token);
            Ok(())
        })
        .unwrap();
        let read = load(folder.path()).unwrap();
        assert!(read.tokens.len() == 1 && read.tokens[0].hash == hash && read.tokens[0].board.as_deref() == Some("b"));
        assert_eq!(path(folder.path()).metadata().unwrap().mode() & 0o777, 0o600);
        let before = stamp(folder.path());
        assert_eq!(change(folder.path(), |_| Err::<(), _>("no".into())).unwrap_err(), "no");
        assert_eq!(stamp(folder.path()), before);
    }

    #[test]
    fn what_root_makes_belongs_to_the_owner_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        if std::os::unix::fs::chown(folder.path(), Some(65534), Some(65534)).is_err() {
            eprintln!("skipped: only root can make files for others");
            return;
        }
        change(folder.path(), |_| Ok(())).unwrap();
        for name in ["access.json", "access.lock"] {
            let about = folder.path().join(name).metadata().unwrap();
            assert_eq!((about.uid(), about.mode() & 0o777), (65534, 0o600), "{name}");
        }
    }

    #[test]
    fn root_gives_away_nothing_that_a_link_names() {
        let folder = tempfile::tempdir().unwrap();
        let (data, other) = (folder.path().join("data"), folder.path().join("roots"));
        std::fs::create_dir(&data).unwrap();
        std::fs::write(&other, "roots").unwrap();
        let lock = data.join("access.lock");
        let refused = || change(&data, |_| Ok(())).is_err() && other.metadata().unwrap().uid() == folder.path().metadata().unwrap().uid();
        std::os::unix::fs::symlink(&other, &lock).unwrap();
        assert!(refused());
        std::fs::remove_file(&lock).unwrap();
        if std::os::unix::fs::chown(&data, Some(65534), Some(65534)).is_err() {
            eprintln!("skipped: only root can make files for others");
            return;
        }
        std::fs::hard_link(&other, &lock).unwrap();
        assert!(refused());
        std::fs::remove_file(&lock).unwrap();
        change(&data, |_| Ok(())).unwrap();
    }

    #[test]
    fn a_damaged_file_is_an_error_that_repeats_nothing_of_it() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "{}", "{\"secret\":\"0123\",\"tokens\":[]}", "{\"secret\":\"hunter2", "[\"hunter2\"]"] {
            std::fs::write(path(folder.path()), text).unwrap();
            let why = load(folder.path()).err().unwrap();
            assert!(why.contains("damaged (line 1") || text.is_empty(), "{why}");
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
