//! Tokens: created, revoked and looked up, by the server and by the command line beside it.

mod error;
mod index;
pub mod links;
mod signed_urls;
pub mod store;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::protocol::{Cell, CellContent};
use crate::server::limits::{MAX_TOKEN_NAME_CHARS, MAX_TOKENS};
pub use error::TokenError;
use index::Index;
use store::{Fingerprint, Secret};
pub use store::{SharedBoard, Token, TokenKind};

/// Prefix of every token, so that scanners for leaked secrets find it.
pub const PREFIX: &str = "agz_";
/// A change of the files is noticed within this time.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);

/// The tokens of a data folder as the running server knows them.
pub struct TokenRegistry {
    folder: PathBuf,
    snapshot: RwLock<Snapshot>,
    /// Notified when the files have changed.
    changed: watch::Sender<()>,
}

struct Snapshot {
    tokens: Arc<Index>,
    fingerprint: Fingerprint,
    refreshed: Instant,
}

impl TokenRegistry {
    pub fn open(folder: &Path) -> Result<Self, TokenError> {
        let mut tokens = store::load(folder)?;
        if !tokens.tokens.is_empty() && !store::has_key(folder) {
            // Removing the key file ends all signed URLs; new keys are written, so that later URLs survive a restart.
            store::change(folder, |_| Ok(()))?;
            tokens = store::load(folder)?;
        }
        let snapshot =
            Snapshot { fingerprint: store::fingerprint(folder), tokens: Arc::new(Index::new(tokens)), refreshed: Instant::now() };
        Ok(Self { folder: folder.to_owned(), snapshot: RwLock::new(snapshot), changed: watch::Sender::new(()) })
    }

    /// The tokens of the files, at most [`REFRESH_INTERVAL`] old.
    fn tokens(&self) -> Arc<Index> {
        {
            let snapshot = self.snapshot.read().unwrap_or_else(PoisonError::into_inner);
            if snapshot.refreshed.elapsed() < REFRESH_INTERVAL {
                return snapshot.tokens.clone();
            }
        }
        self.refresh()
    }

    /// Reads the files if they have changed.
    fn refresh(&self) -> Arc<Index> {
        let mut snapshot = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        snapshot.refreshed = Instant::now();
        let fingerprint = store::fingerprint(&self.folder);
        if fingerprint != snapshot.fingerprint {
            snapshot.fingerprint = fingerprint;
            match store::load(&self.folder) {
                Ok(tokens) => {
                    snapshot.tokens = Arc::new(Index::new(tokens));
                    self.changed.send_replace(());
                }
                Err(error) => tracing::error!("{error} Until then the tokens hold that were there before."),
            }
        }
        snapshot.tokens.clone()
    }

    /// Refreshes all the time, so that connections are closed soon after their token was revoked.
    pub async fn watch(&self) {
        loop {
            tokio::time::sleep(REFRESH_INTERVAL).await;
            self.refresh();
        }
    }

    /// Resolves when this token was revoked; never without a token.
    pub async fn ended(&self, id: Option<&str>) {
        let Some(id) = id else { return std::future::pending().await };
        let mut changed = self.changed.subscribe();
        while self.tokens().by_id(id).is_some() {
            // The sender lives as long as `self`.
            let _ = changed.changed().await;
        }
    }

    /// The number of tokens, and whether one of them may write.
    pub fn count(&self) -> (usize, bool) {
        let tokens = self.tokens();
        (tokens.tokens.len(), tokens.tokens.iter().any(|token| token.kind == TokenKind::Write))
    }

    pub fn shares(&self, board: Option<&str>) -> Vec<Token> {
        let tokens = self.tokens();
        let shares = tokens.tokens.iter().filter(|token| token.kind == TokenKind::Share);
        shares.filter(|token| board.is_none() || token.board.as_deref() == board).cloned().collect()
    }

    /// Whose token this is. One that is not known may have been made this second.
    pub fn find(&self, token: &str) -> Option<Token> {
        let hash = hash(token);
        self.tokens().by_hash(&hash).cloned().or_else(|| self.refresh().by_hash(&hash).cloned())
    }

    /// The token and the board that a page's key opens for reading. It shows the details of runs only if that is what the token is for, which
    /// is a share: addresses are copied and logged, and show no more of runs than a share.
    pub fn opened_by(&self, key: &str) -> Option<(Token, SharedBoard)> {
        let (id, board) = signed_urls::parse(key)?;
        let tokens = self.tokens();
        let token = tokens.by_id(id).filter(|token| signed_urls::opens_page(&tokens.signing, token, key))?.clone();
        let is_its_own = token.kind != TokenKind::Share || token.board.as_deref() == Some(board.as_str());
        let shared = SharedBoard { name: board, details: token.details };
        is_its_own.then_some((token, shared))
    }

    /// The key in the addresses of a page; `None` if the token was just revoked.
    pub fn page_key(&self, id: &str, board: &str) -> Option<String> {
        let tokens = self.tokens();
        tokens.by_id(id).map(|token| signed_urls::page(&tokens.signing, token, board))
    }

    /// Adds the signature to the address of a figure on `board`, which clients with a token kind; without tokens it adds nothing.
    pub fn sign(&self, board: &str, cell: &mut Cell) {
        if let CellContent::Html { sig, .. } = &mut cell.content {
            let tokens = self.tokens();
            *sig = (!tokens.tokens.is_empty()).then(|| signed_urls::figure(&tokens.signing.figures, board, &cell.id));
        }
    }

    pub fn opens_figure(&self, board: &str, cell: &str, signature: &str) -> bool {
        let tokens = self.tokens();
        !tokens.tokens.is_empty() && signed_urls::opens_figure(&tokens.signing.figures, board, cell, signature)
    }

    /// Creates a token. Returns its entry, and the token itself, which is stored nowhere.
    pub fn create(&self, kind: TokenKind, shared: Option<SharedBoard>, name: &str) -> Result<(Token, String), TokenError> {
        let made = create(&self.folder, kind, shared, name)?;
        self.refresh();
        Ok(made)
    }

    /// Returns false if there is no such token of this kind.
    pub fn revoke(&self, id: &str, kind: TokenKind) -> Result<bool, TokenError> {
        let is_revoked = revoke(&self.folder, id, Some(kind))?;
        self.refresh();
        Ok(is_revoked)
    }
}

fn hash(token: &str) -> Secret {
    Secret(Sha256::digest(token.as_bytes()).into())
}

fn check_name(name: &str) -> Result<(), TokenError> {
    let fits = name.chars().count() <= MAX_TOKEN_NAME_CHARS && !name.contains(char::is_control);
    if fits { Ok(()) } else { Err(TokenError::Name) }
}

/// `shared` has the validated name of the board that a share shows.
pub fn create(folder: &Path, kind: TokenKind, shared: Option<SharedBoard>, name: &str) -> Result<(Token, String), TokenError> {
    check_name(name)?;
    let name = name.trim();
    let (board, details) = shared.map_or((None, false), |shared| (Some(shared.name), shared.details));
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(Secret::random().0));
    let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    store::change(folder, |tokens| {
        if tokens.tokens.len() >= MAX_TOKENS {
            return Err(TokenError::Full);
        }
        let id = loop {
            let id: String = std::iter::once('t').chain(crate::server::ids::random().to_ascii_lowercase().chars().take(5)).collect();
            if tokens.tokens.iter().all(|known| known.id != id) {
                break id;
            }
        };
        let known = Token { id, kind, board, details, name: name.to_owned(), hash: hash(&token), created };
        tokens.tokens.push(known.clone());
        Ok((known, token))
    })
}

/// Returns false if there is no such token, or it has another kind. Signed addresses of figures end too: clients may have stored them.
pub fn revoke(folder: &Path, id: &str, kind: Option<TokenKind>) -> Result<bool, TokenError> {
    store::change(folder, |tokens| {
        let before = tokens.tokens.len();
        tokens.tokens.retain(|token| token.id != id || kind.is_some_and(|kind| kind != token.kind));
        let is_revoked = tokens.tokens.len() < before;
        if is_revoked {
            tokens.signing.figures = Secret::random();
        }
        Ok(is_revoked)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lets_in_until_it_is_revoked_and_its_key_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let access = TokenRegistry::open(folder.path()).unwrap();
        assert_eq!(access.count(), (0, false));
        let (known, token) = access.create(TokenKind::Write, None, "").unwrap();
        let (share, _) = access.create(TokenKind::Share, Some(SharedBoard { name: "a".into(), details: false }), "for ann").unwrap();
        assert!(token.len() == 47 && token.starts_with(PREFIX));
        assert_eq!(access.find(&token).unwrap().id, known.id);
        assert!(access.find("agz_").is_none() && access.find(&token[..46]).is_none());
        let key = access.page_key(&known.id, "a").unwrap();
        assert_eq!(access.opened_by(&key).unwrap().1.name, "a");
        // The key of a share opens its own board only, even if it could be made for another.
        assert!(access.opened_by(&access.page_key(&share.id, "a").unwrap()).is_some());
        assert!(access.opened_by(&access.page_key(&share.id, "b").unwrap()).is_none());
        assert!(!access.revoke(&known.id, TokenKind::Share).unwrap());
        assert!(access.revoke(&known.id, TokenKind::Write).unwrap());
        assert!(access.find(&token).is_none() && access.opened_by(&key).is_none());
        assert_eq!(access.shares(Some("a")).len(), 1);
    }

    #[test]
    fn the_last_place_is_refused_in_a_sentence_and_a_revoked_one_is_free_again() {
        let folder = tempfile::tempdir().unwrap();
        let (first, _) = create(folder.path(), TokenKind::Read, None, "").unwrap();
        store::change(folder.path(), |tokens| {
            let more = (1..MAX_TOKENS).map(|at| Token { id: format!("x{at}"), hash: hash(&at.to_string()), ..first.clone() });
            tokens.tokens.extend(more);
            Ok(())
        })
        .unwrap();
        let access = TokenRegistry::open(folder.path()).unwrap();
        assert_eq!(access.create(TokenKind::Share, None, "").map(|_| ()), Err(TokenError::Full));
        assert!(access.find("9999").is_some_and(|token| token.id == "x9999") && access.tokens().by_id("x1").is_some());
        assert!(TokenError::Full.to_string().starts_with("There are 10000 tokens, which is the most; end some"));
        assert!(access.revoke("x1", TokenKind::Read).unwrap() && access.create(TokenKind::Read, None, "").is_ok());
        assert_eq!(access.create(TokenKind::Read, None, "a\nb").map(|_| ()), Err(TokenError::Name));
    }

    #[test]
    fn what_stands_in_access_json_opens_nothing_and_keys_outlive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let access = TokenRegistry::open(folder.path()).unwrap();
        let (known, token) = access.create(TokenKind::Write, None, "").unwrap();
        let (other, _) = access.create(TokenKind::Read, None, "").unwrap();
        let key = access.page_key(&known.id, "a").unwrap();
        let kept = std::fs::read_to_string(store::path(folder.path())).unwrap();
        assert!(!kept.contains(&token[4..]) && !kept.contains("secret"), "{kept}");
        // Whatever stands there, shown as a token or signed with.
        let listed: serde_json::Value = serde_json::from_str(&kept).unwrap();
        for word in listed["tokens"][0].as_object().unwrap().values().filter_map(|word| word.as_str()) {
            assert!(access.find(word).is_none() && access.opened_by(word).is_none(), "{word}");
        }
        let by_hash = store::Signing { pages: known.hash.clone(), figures: known.hash.clone() };
        assert!(access.opened_by(&signed_urls::page(&by_hash, &known, "a")).is_none());
        // Another server on a copy of the file alone: the key of a page that is open here is none there.
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(store::path(folder.path()), store::path(copy.path())).unwrap();
        assert!(TokenRegistry::open(copy.path()).unwrap().opened_by(&key).is_none());
        assert!(TokenRegistry::open(folder.path()).unwrap().opened_by(&key).is_some());
        // Without the key all addresses end that it has signed; then there is another.
        std::fs::remove_file(folder.path().join("access.key")).unwrap();
        let again = TokenRegistry::open(folder.path()).unwrap();
        assert!(again.opened_by(&key).is_none() && again.find(&token).is_some() && store::has_key(folder.path()));
        let key = again.page_key(&known.id, "a").unwrap();
        let access = TokenRegistry::open(folder.path()).unwrap();
        // The end of another token ends no page.
        assert!(access.revoke(&other.id, TokenKind::Read).unwrap() && access.opened_by(&key).is_some());
    }

    #[test]
    fn what_another_process_wrote_is_noticed_and_a_damaged_file_lets_nobody_new_in() {
        let folder = tempfile::tempdir().unwrap();
        let access = TokenRegistry::open(folder.path()).unwrap();
        let (_, token) = create(folder.path(), TokenKind::Read, None, "").unwrap();
        access.refresh();
        assert!(access.find(&token).is_some());
        std::fs::write(store::path(folder.path()), "{").unwrap();
        access.refresh();
        assert!(access.find(&token).is_some());
        std::fs::remove_file(store::path(folder.path())).unwrap();
        access.refresh();
        assert!(access.find(&token).is_none());
    }
}
