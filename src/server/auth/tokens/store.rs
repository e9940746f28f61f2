//! `access.json` in the data folder: who may come in; `access.key`: what is signed with. Not in the database, so that a copy of the data holds no
//! secret; and two files, so that a copy of the first opens nothing.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::server::store::{chown_to_owner, open_lock_file, release_some};

/// What a token is for.
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

/// One of those who may come in. The token itself is not kept: of 256 random bits a hash needs to be neither slow nor salted.
#[derive(Clone, Serialize, Deserialize)]
pub struct Token {
    pub id: String,
    pub need: TokenKind,
    /// The board that a share shows; `None` for the others.
    pub board: Option<String>,
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
#[derive(Clone, PartialEq)]
pub struct Secret(pub [u8; 32]);

impl Secret {
    pub fn random() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system has a source of random numbers");
        Self(bytes)
    }

    /// As it stands in the file.
    pub fn text(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit = |at: usize| text.as_bytes().get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let (Some(high), Some(low)) = (digit(2 * at), digit(2 * at + 1)) else {
                return Err(serde::de::Error::custom("a hash and a secret have 64 hexadecimal digits"));
            };
            *byte = (high << 4 | low) as u8;
        }
        Ok(Self(bytes))
    }
}

/// Tells one version of the two files from another; `None` for one that is not there.
pub type Stamp = [Option<(u64, u64, SystemTime)>; 2];

pub fn path(folder: &Path) -> PathBuf {
    folder.join("access.json")
}

fn key_path(folder: &Path) -> PathBuf {
    folder.join("access.key")
}

pub fn has_key(folder: &Path) -> bool {
    key_path(folder).exists()
}

/// Whether only its owner gets into the folder.
pub fn is_private(folder: &Path) -> bool {
    folder.metadata().is_ok_and(|about| about.mode() & 0o077 == 0)
}

pub fn stamp(folder: &Path) -> Stamp {
    [path(folder), key_path(folder)].map(|path| {
        let about = path.metadata().ok()?;
        Some((about.ino(), about.len(), about.modified().unwrap_or(SystemTime::UNIX_EPOCH)))
    })
}

/// No file means no tokens, and a new secret. The error is a sentence for a terminal.
pub fn load(folder: &Path) -> Result<Tokens, String> {
    let listed: Option<Listed<Vec<Token>>> = read(&path(folder), "tokens", "make new ones with 'agnez token new'")?;
    Ok(Tokens { tokens: listed.map_or_else(Vec::new, |listed| listed.tokens), signing: load_key(folder)?.unwrap_or_else(Signing::random) })
}

fn load_key(folder: &Path) -> Result<Option<Signing>, String> {
    read(&key_path(folder), "signing keys", "start again; open pages have to be loaded again")
}

fn read<T: DeserializeOwned>(path: &Path, what: &str, remedy: &str) -> Result<Option<T>, String> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(format!("The {what} in {} cannot be read: {why}.", path.display())),
    };
    // The parser's own words could repeat what stands there.
    serde_json::from_str(&text).map(Some).map_err(|why| {
        let place = format!("line {} column {}", why.line(), why.column());
        format!("The {what} in {} are damaged ({place}). Move the file away, then {remedy}.", path.display())
    })
}

/// Reads, changes and writes it while no other process does; nothing is written when `change` refuses.
pub fn change<T, E: From<String>>(folder: &Path, change: impl FnOnce(&mut Tokens) -> Result<T, E>) -> Result<T, E> {
    let failed = |why: io::Error| format!("The tokens in {} cannot be written: {why}.", path(folder).display());
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let lock = open_lock_file(&folder.join("access.lock")).map_err(failed)?;
    chown_to_owner(&lock, folder).map_err(failed)?;
    lock.lock().map_err(failed)?;
    let mut tokens = load(folder)?;
    let kept = load_key(folder)?;
    let made = change(&mut tokens)?;
    // First, so that a token which is there has always been signed for.
    if kept.as_ref() != Some(&tokens.signing) {
        store(folder, &key_path(folder), &tokens.signing).map_err(failed)?;
    }
    store(folder, &path(folder), &Listed { tokens: &tokens.tokens }).map_err(failed)?;
    Ok(made)
}

fn store(folder: &Path, path: &Path, content: &impl Serialize) -> io::Result<()> {
    let content = serde_json::to_string_pretty(content)?;
    let content = content.as_bytes();
    match write(folder, path, content) {
        // Somebody can be sent away on a full disk, too.
        Err(why) if matches!(why.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) && release_some(folder) => {
            write(folder, path, content)
        }
        written => written,
    }
}

/// Whole or not at all, and never readable for others, not even for a moment.
pub fn write(folder: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_added_extension("new");
    match std::fs::remove_file(&new) {
        Err(why) if why.kind() != ErrorKind::NotFound => return Err(why),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    chown_to_owner(&file, folder)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
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
            Token { id: "t1".into(), need: TokenKind::Share, board: Some("b".into()), name: "n".into(), hash: hash.clone(), created: 7 };
        change(folder.path(), |tokens| {
            tokens.tokens.push(token);
            Ok::<_, String>(())
        })
        .unwrap();
        let read = load(folder.path()).unwrap();
        assert!(read.tokens.len() == 1 && read.tokens[0].hash == hash && read.tokens[0].board.as_deref() == Some("b"));
        for path in [path(folder.path()), key_path(folder.path())] {
            assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        }
        let before = stamp(folder.path());
        assert_eq!(change(folder.path(), |_| Err::<(), _>("no".to_owned())).unwrap_err(), "no");
        assert_eq!(stamp(folder.path()), before);
    }

    #[test]
    fn what_root_makes_belongs_to_the_owner_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        if std::os::unix::fs::chown(folder.path(), Some(65534), Some(65534)).is_err() {
            eprintln!("skipped: only root can make files for others");
            return;
        }
        change(folder.path(), |_| Ok::<_, String>(())).unwrap();
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
        let refused = || {
            change(&data, |_| Ok::<_, String>(())).is_err() && other.metadata().unwrap().uid() == folder.path().metadata().unwrap().uid()
        };
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
        change(&data, |_| Ok::<_, String>(())).unwrap();
    }

    #[test]
    fn a_damaged_file_is_an_error_that_repeats_nothing_of_it() {
        let folder = tempfile::tempdir().unwrap();
        for file in [path(folder.path()), key_path(folder.path())] {
            for text in
                ["", "{}", "{\"pages\":\"0123\",\"tokens\":[7]}", "{\"pages\":\"hunter2", "{\"tokens\":\"hunter2\"}", "[\"hunter2\"]"]
            {
                std::fs::write(&file, text).unwrap();
                let why = load(folder.path()).err().unwrap();
                assert!(why.contains(file.to_str().unwrap()) && (why.contains("damaged (line 1") || text.is_empty()), "{why}");
                assert!(!why.contains("hunter2"), "{why}");
            }
            std::fs::remove_file(&file).unwrap();
        }
    }
}
