//! The files of the tokens in the data folder: `access.json` lists them by their hashes, `access.key` has the signing keys.
//!
//! They are not in the database, so that a copy of the data holds no secret; and there are two, so that a copy of the first opens nothing.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::TokenError;
use crate::server::data_dir::disk_reserve::release_some;
use crate::server::data_dir::{self, chown_to_owner, open_lock_file};
use crate::server::platform::{self, FileId};

/// What a token permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// Everything
    Write,
    /// To read all boards
    Read,
    /// To read one board
    Share,
}

impl TokenKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Share => "share",
        }
    }
}

/// What a share shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedBoard {
    pub name: String,
    /// Also how and where scripts ran, and what they printed: command, host, console, traceback, and keys that clients made up.
    pub details: bool,
}

/// A token as it is stored: by its SHA-256 hash. A hash of 256 random bits needs neither a salt nor a slow function.
#[derive(Clone, Serialize, Deserialize)]
pub struct Token {
    pub id: String,
    #[serde(rename = "need")]
    pub kind: TokenKind,
    /// The board that a share shows; `None` for the others.
    pub board: Option<String>,
    /// Whether a share shows the private details of runs. Files of older versions do not say it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub details: bool,
    pub name: String,
    /// SHA-256.
    pub hash: Secret,
    /// Milliseconds since 1970.
    pub created: u64,
}

impl Token {
    /// As RFC 3339 in UTC.
    pub fn created_at(&self) -> String {
        humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(self.created)).to_string()
    }
}

/// Both files.
#[derive(Clone)]
pub struct Tokens {
    pub tokens: Vec<Token>,
    pub signing: Signing,
}

/// `access.json`.
#[derive(Serialize, Deserialize)]
struct Listed<T> {
    tokens: T,
}

/// `access.key`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Signing {
    /// The keys of pages, which each end with their token.
    pub pages: Secret,
    /// The addresses of figures; a new one ends all of them.
    pub figures: Secret,
}

impl Signing {
    fn random() -> Self {
        Self { pages: Secret::random(), figures: Secret::random() }
    }
}

/// 256 bits, in the file as 64 hexadecimal digits. It has no `Debug`, so that no log can hold it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(pub [u8; 32]);

impl Secret {
    pub fn random() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system has a source of random numbers");
        Self(bytes)
    }

    /// As it stands in the file.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        let length = "a hash and a secret have 64 hexadecimal digits";
        hex::decode_to_slice(text, &mut bytes).map_err(|_| serde::de::Error::custom(length))?;
        Ok(Self(bytes))
    }
}

/// Identifies a version of the two files: the file itself, its length, the time of its change. `None` for a file that does not exist.
pub type Fingerprint = [Option<(FileId, u64, SystemTime)>; 2];

pub fn path(folder: &Path) -> PathBuf {
    folder.join("access.json")
}

fn key_path(folder: &Path) -> PathBuf {
    folder.join("access.key")
}

pub fn has_key(folder: &Path) -> bool {
    key_path(folder).exists()
}

pub fn fingerprint(folder: &Path) -> Fingerprint {
    [path(folder), key_path(folder)].map(|path| {
        let about = path.metadata().ok()?;
        Some((platform::file_id(&about), about.len(), about.modified().unwrap_or(SystemTime::UNIX_EPOCH)))
    })
}

/// Without the files there are no tokens, and the signing keys are new.
pub fn load(folder: &Path) -> Result<Tokens, TokenError> {
    let listed: Option<Listed<Vec<Token>>> = read(&path(folder), "tokens", "make new ones with 'agnez token new'")?;
    Ok(Tokens { tokens: listed.map_or_else(Vec::new, |listed| listed.tokens), signing: load_key(folder)?.unwrap_or_else(Signing::random) })
}

fn load_key(folder: &Path) -> Result<Option<Signing>, TokenError> {
    read(&key_path(folder), "signing keys", "start again; open pages have to be loaded again")
}

fn read<T: DeserializeOwned>(path: &Path, what: &'static str, remedy: &'static str) -> Result<Option<T>, TokenError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(TokenError::Read { what, path: path.to_owned(), reason: error.to_string() }),
    };
    let damaged =
        |error: serde_json::Error| TokenError::Damaged { what, path: path.to_owned(), line: error.line(), column: error.column(), remedy };
    serde_json::from_str(&text).map(Some).map_err(damaged)
}

/// Reads, changes and writes the files while no other process does. Writes nothing when `change` fails.
pub fn change<T>(folder: &Path, change: impl FnOnce(&mut Tokens) -> Result<T, TokenError>) -> Result<T, TokenError> {
    let failed = |error: io::Error| TokenError::write(&path(folder), &error);
    data_dir::create(folder).map_err(failed)?;
    let lock = open_lock_file(&folder.join("access.lock")).map_err(failed)?;
    chown_to_owner(&lock, folder).map_err(failed)?;
    lock.lock().map_err(failed)?;
    let mut tokens = load(folder)?;
    let stored_keys = load_key(folder)?;
    let changed = change(&mut tokens)?;
    // The keys first: a token in the list has signing keys at any time.
    if stored_keys.as_ref() != Some(&tokens.signing) {
        store(folder, &key_path(folder), &tokens.signing).map_err(failed)?;
    }
    store(folder, &path(folder), &Listed { tokens: &tokens.tokens }).map_err(failed)?;
    Ok(changed)
}

fn store(folder: &Path, path: &Path, content: &impl Serialize) -> io::Result<()> {
    let content = serde_json::to_string_pretty(content)?;
    let content = content.as_bytes();
    match write(folder, path, content) {
        // A token can be revoked on a full disk, too.
        Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) && release_some(folder) => {
            write(folder, path, content)
        }
        written => written,
    }
}

/// Replaces the file atomically; it is never readable for other users.
pub fn write(folder: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_added_extension("new");
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = platform::private_file().write(true).create_new(true).open(&new)?;
    chown_to_owner(&file, folder)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    platform::sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn what_is_written_is_read_and_only_by_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let hash = Secret::random();
        let token = Token {
            id: "t1".into(),
            kind: TokenKind::Share,
            board: Some("b".into()),
            details: true,
            name: "n".into(),
            hash: hash.clone(),
            created: 7,
        };
        change(folder.path(), |tokens| {
            tokens.tokens.push(token);
            Ok(())
        })
        .unwrap();
        let read = load(folder.path()).unwrap();
        assert!(read.tokens.len() == 1 && read.tokens[0].hash == hash && read.tokens[0].board.as_deref() == Some("b"));
        for path in [path(folder.path()), key_path(folder.path())] {
            assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        }
        let before = fingerprint(folder.path());
        assert_eq!(change(folder.path(), |_| Err::<(), _>(TokenError::Name)), Err(TokenError::Name));
        assert_eq!(fingerprint(folder.path()), before);
    }

    #[test]
    fn what_root_makes_belongs_to_the_owner_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        if std::os::unix::fs::chown(folder.path(), Some(65534), Some(65534)).is_err() {
            eprintln!("skipped: only root can make files for others");
            return;
        }
        change(folder.path(), |_| Ok(())).unwrap();
        for name in ["access.json", "access.key", "access.lock"] {
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
        for file in [path(folder.path()), key_path(folder.path())] {
            for text in
                ["", "{}", "{\"pages\":\"0123\",\"tokens\":[7]}", "{\"pages\":\"hunter2", "{\"tokens\":\"hunter2\"}", "[\"hunter2\"]"]
            {
                std::fs::write(&file, text).unwrap();
                let why = load(folder.path()).err().unwrap().to_string();
                assert!(why.contains(file.to_str().unwrap()) && (why.contains("damaged (line 1") || text.is_empty()), "{why}");
                assert!(!why.contains("hunter2"), "{why}");
            }
            std::fs::remove_file(&file).unwrap();
        }
    }
}
