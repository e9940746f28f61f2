//! Tokens: who they let in, made and revoked here, by the page or on the command line, also beside a running server.

mod file;
mod keys;
mod told;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::watch;

use crate::protocol::{Cell, Stage};
pub use file::{Right, Token, is_private};
use file::{Secret, Stamp, Tokens};
pub use told::{link, named, note_address, token_command};

/// What every token begins with, so that one that has got somewhere is found.
pub const PREFIX: &str = "agz_";
/// How long a change of the file may go unnoticed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Characters of the name that a person gives a token.
const NAME: usize = 100;
const TOKENS: usize = 10_000;

/// The tokens of a data folder as the running server knows them.
pub struct Access {
    folder: PathBuf,
    known: RwLock<Known>,
    /// Told whenever the file has changed.
    changed: watch::Sender<()>,
}

struct Known {
    tokens: Arc<Tokens>,
    stamp: Option<Stamp>,
    looked: Instant,
}

impl Access {
    pub fn open(folder: &Path) -> Result<Self, String> {
        let known = Known { stamp: file::stamp(folder), tokens: Arc::new(file::load(folder)?), looked: Instant::now() };
        Ok(Self { folder: folder.to_owned(), known: RwLock::new(known), changed: watch::Sender::new(()) })
    }

    /// What is in the file, as it was at most a second ago.
    fn tokens(&self) -> Arc<Tokens> {
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.looked.elapsed() < LOOK_EVERY {
                return known.tokens.clone();
            }
        }
        self.look()
    }

    /// Reads the file when it is another one than before.
    fn look(&self) -> Arc<Tokens> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.looked = Instant::now();
        let stamp = file::stamp(&self.folder);
        if stamp != known.stamp {
            known.stamp = stamp;
            match file::load(&self.folder) {
                Ok(tokens) => {
                    known.tokens = Arc::new(tokens);
                    self.changed.send_replace(());
                }
                Err(why) => tracing::error!("{why} Until then the tokens hold that were there before."),
            }
        }
        known.tokens.clone()
    }

    /// Looks at the file again and again, so that who is connected is cut when its token has gone.
    pub async fn watch(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.look();
        }
    }

    /// Returns when this token is no longer there; never without one.
    pub async fn ended(&self, id: Option<&str>) {
        let Some(id) = id else { return std::future::pending().await };
        let mut changed = self.changed.subscribe();
        while self.by_id(id).is_some() {
            // The sender lives as long as `self`.
            let _ = changed.changed().await;
        }
    }

    /// How many there are, and whether one of them may write.
    pub fn count(&self) -> (usize, bool) {
        let tokens = self.tokens();
        (tokens.tokens.len(), tokens.tokens.iter().any(|token| token.need == Right::Write))
    }

    pub fn shares(&self, board: Option<&str>) -> Vec<Token> {
        let tokens = self.tokens();
        let shares = tokens.tokens.iter().filter(|token| token.need == Right::Share);
        shares.filter(|token| board.is_none() || token.board.as_deref() == board).cloned().collect()
    }

    /// Whose token this is. One that is not known may have been made this second.
    pub fn find(&self, token: &str) -> Option<Token> {
        let hash = hash(token);
        find(&self.tokens(), &hash).or_else(|| find(&self.look(), &hash))
    }

    pub fn by_id(&self, id: &str) -> Option<Token> {
        self.tokens().tokens.iter().find(|token| token.id == id).cloned()
    }

    /// The token and the board that a page's key opens for reading.
    pub fn opened_by(&self, key: &str) -> Option<(Token, String)> {
        let (id, board) = keys::parse(key)?;
        let token = self.by_id(id).filter(|token| keys::opens_page(token, key))?;
        let is_its_own = token.need != Right::Share || token.board.as_deref() == Some(board.as_str());
        is_its_own.then_some((token, board))
    }

    /// `None` when the token has just gone.
    pub fn page_key(&self, id: &str, board: &str) -> Option<String> {
        self.by_id(id).map(|token| keys::page(&token, board))
    }

    /// Gives the frame of a figure on `board` the address that it opens at for those who come by a token; where there are none, nothing is added.
    pub fn sign(&self, board: &str, cell: &mut Cell) {
        if let Stage::Figure { sig, .. } = &mut cell.stage {
            let tokens = self.tokens();
            *sig = (!tokens.tokens.is_empty()).then(|| keys::figure(&tokens.secret, board, &cell.id));
        }
    }

    pub fn opens_figure(&self, board: &str, cell: &str, signature: &str) -> bool {
        let tokens = self.tokens();
        !tokens.tokens.is_empty() && keys::opens_figure(&tokens.secret, board, cell, signature)
    }

    /// Makes a token: what is known of it, and the token itself, which is told this once.
    pub fn create(&self, need: Right, board: Option<String>, name: &str) -> Result<(Token, String), String> {
        let made = create(&self.folder, need, board, name)?;
        self.look();
        Ok(made)
    }

    /// False when there is no such token of this kind.
    pub fn revoke(&self, id: &str, need: Right) -> Result<bool, String> {
        let is_gone = revoke(&self.folder, id, Some(need))?;
        self.look();
        Ok(is_gone)
    }
}

/// All are compared, each in constant time.
fn find(tokens: &Tokens, hash: &Secret) -> Option<Token> {
    tokens.tokens.iter().fold(None, |found, known| if bool::from(known.hash.0.ct_eq(&hash.0)) { Some(known) } else { found }).cloned()
}

fn hash(token: &str) -> Secret {
    Secret(Sha256::digest(token.as_bytes()).into())
}

pub fn check_name(name: &str) -> Result<(), String> {
    let fits = name.chars().count() <= NAME && !name.contains(char::is_control);
    if fits { Ok(()) } else { Err(format!("A token's name may have {NAME} characters, on one line.")) }
}

/// `board` is the one that a share shows; it was checked.
fn create(folder: &Path, need: Right, board: Option<String>, name: &str) -> Result<(Token, String), String> {
    check_name(name)?;
    let name = name.trim();
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(Secret::random().0));
    let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    file::change(folder, |tokens| {
        if tokens.tokens.len() >= TOKENS {
            return Err(format!("There are {TOKENS} tokens; revoke some of them first."));
        }
        let id = loop {
            let id: String = std::iter::once('t').chain(super::ids::random().to_ascii_lowercase().chars().take(5)).collect();
            if tokens.tokens.iter().all(|known| known.id != id) {
                break id;
            }
        };
        let known = Token { id, need, board, name: name.to_owned(), hash: hash(&token), created };
        tokens.tokens.push(known.clone());
        Ok((known, token))
    })
}

/// Whether there was one, of this kind where one is named. Addresses of figures end too: they may have been kept.
fn revoke(folder: &Path, id: &str, need: Option<Right>) -> Result<bool, String> {
    file::change(folder, |tokens| {
        let before = tokens.tokens.len();
        tokens.tokens.retain(|token| token.id != id || need.is_some_and(|need| need != token.need));
        let is_gone = tokens.tokens.len() < before;
        if is_gone {
            tokens.secret = Secret::random();
        }
        Ok(is_gone)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lets_in_until_it_is_revoked_and_its_key_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let access = Access::open(folder.path()).unwrap();
        assert_eq!(access.count(), (0, false));
        let (known, token) = access.create(Right::Write, None, "").unwrap();
        let (share, _) = access.create(Right::Share, Some("a".into()), "for ann").unwrap();
        assert!(token.len() == 47 && token.starts_with(PREFIX));
        assert_eq!(access.find(&token).unwrap().id, known.id);
        assert!(access.find("agz_").is_none() && access.find(&token[..46]).is_none());
        let key = access.page_key(&known.id, "a").unwrap();
        assert_eq!(access.opened_by(&key).unwrap().1, "a");
        // The key of a share opens its own board only, even if it could be made for another.
        assert!(access.opened_by(&access.page_key(&share.id, "a").unwrap()).is_some());
        assert!(access.opened_by(&access.page_key(&share.id, "b").unwrap()).is_none());
        assert!(!access.revoke(&known.id, Right::Share).unwrap());
        assert!(access.revoke(&known.id, Right::Write).unwrap());
        assert!(access.find(&token).is_none() && access.opened_by(&key).is_none());
        assert_eq!(access.shares(Some("a")).len(), 1);
    }

    #[test]
    fn what_another_process_wrote_is_noticed_and_a_damaged_file_lets_nobody_new_in() {
        let folder = tempfile::tempdir().unwrap();
        let access = Access::open(folder.path()).unwrap();
        let (_, token) = create(folder.path(), Right::Read, None, "").unwrap();
        access.look();
        assert!(access.find(&token).is_some());
        std::fs::write(file::path(folder.path()), "{").unwrap();
        access.look();
        assert!(access.find(&token).is_some());
        std::fs::remove_file(file::path(folder.path())).unwrap();
        access.look();
        assert!(access.find(&token).is_none());
    }
}
