//! What is made of a value once for all its readers: drawings, documents of frames, decoded pictures. A new value has many readers, and making
//! this may take a tenth of a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::body::Bytes;
use tokio::sync::OnceCell;

use crate::protocol::{ApiError, CellId};
use crate::server::App;
use crate::server::error::ServerError;
use crate::server::limits::RENDER_CACHE_BYTES;
use crate::server::net::response_budget::{Share, Who};

/// What is larger is not kept: it would take the room of many others.
const MAX_CACHED_BYTES: usize = RENDER_CACHE_BYTES / 4;
/// What a kept drawing takes besides its own bytes: the entry, its key and its place in the allocator, rounded up.
const ENTRY_BYTES: usize = 512;

/// One form of a cell. Another version of the value takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub id: CellId,
    /// Which form and size it has, as its address says it.
    pub asked: String,
}

/// The version of the value; of a line, whose points are no part of it, also the number of its last change.
pub type Version = (u64, u64);

/// What was made.
pub struct Made {
    pub bytes: Bytes,
    /// Its media type, or what else must be known of it.
    pub kind: &'static str,
    /// The version of the value that it was made of.
    pub version: u64,
    /// The share of the answers that are sent just now: all readers hold the same bytes.
    lent: Mutex<Weak<Share>>,
}

impl Made {
    pub fn new(bytes: impl Into<Bytes>, kind: &'static str, version: u64) -> Self {
        Self { bytes: bytes.into(), kind, version, lent: Mutex::default() }
    }

    /// The bytes for one more reader. The first takes the share of them; an error is 503.
    fn lend(&self, share: impl FnOnce(usize) -> Result<Share, ApiError>) -> Result<Bytes, ApiError> {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let share = match lent.upgrade() {
            Some(share) => share,
            None => {
                let share = Arc::new(share(self.bytes.len())?);
                *lent = Arc::downgrade(&share);
                share
            }
        };
        Ok(share.lend(self.bytes.clone()))
    }

    /// The same, where somebody reads them already.
    fn lend_again(&self) -> Option<Bytes> {
        let lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        lent.upgrade().map(|share| share.lend(self.bytes.clone()))
    }
}

/// How much memory something needs, about.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// While it is made.
    pub making: usize,
    /// What comes of it.
    pub made: usize,
}

/// The answer that all readers of a form have in common, and its bytes for one of them. It takes its share of the answers' memory and waits for its
/// turn before anything of it is made.
pub async fn common(
    app: &App,
    who: &Who,
    (key, version): (Key, Version),
    needs: Needs,
    make: impl Future<Output = Result<Made, ServerError>> + Send + 'static,
) -> Result<(Arc<Made>, Bytes), ServerError> {
    if let Some(known) = app.drawings.known(&key, version)
        && let Some(bytes) = known.lend_again()
    {
        return Ok((known, bytes));
    }
    let share = app.answers.share(who, needs.made).await?;
    let making = async { app.renderer.run(who, needs.making, make).await.map(Arc::new) };
    let made = app.drawings.get(key, version, making).await?;
    let bytes = made.lend(|bytes| share.fit(bytes))?;
    Ok((made, bytes))
}

#[derive(Default)]
pub struct Drawings(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    entries: HashMap<Key, Entry>,
    /// Counts the requests: who was asked for last.
    clock: u64,
}

struct Entry {
    version: Version,
    used: u64,
    /// What its key takes.
    key: usize,
    /// Empty while it is being made.
    made: Arc<OnceCell<Arc<Made>>>,
}

impl Entry {
    fn bytes(&self) -> usize {
        ENTRY_BYTES + self.key + self.made.get().map_or(0, |made| made.bytes.len())
    }
}

impl Drawings {
    /// The drawing of this version: made by the first who asks, while the others wait. A request that gives up leaves the making to the next;
    /// an error is kept for nobody.
    async fn get<E>(&self, key: Key, version: Version, make: impl Future<Output = Result<Arc<Made>, E>>) -> Result<Arc<Made>, E> {
        let made = self.entry(&key, version);
        if let Some(known) = made.get() {
            return Ok(known.clone());
        }
        let found = made.get_or_try_init(|| make).await.cloned();
        let is_kept = found.as_ref().is_ok_and(|made| made.bytes.len() <= MAX_CACHED_BYTES);
        let mut kept = self.lock();
        if !is_kept && kept.entries.get(&key).is_some_and(|entry| Arc::ptr_eq(&entry.made, &made)) {
            kept.entries.remove(&key);
        }
        kept.shrink(RENDER_CACHE_BYTES);
        found
    }

    /// What is there of this version.
    fn known(&self, key: &Key, version: Version) -> Option<Arc<Made>> {
        let mut kept = self.lock();
        kept.clock += 1;
        let used = kept.clock;
        let entry = kept.entries.get_mut(key).filter(|entry| entry.version == version)?;
        entry.used = used;
        entry.made.get().cloned()
    }

    fn entry(&self, key: &Key, version: Version) -> Arc<OnceCell<Arc<Made>>> {
        let mut kept = self.lock();
        kept.clock += 1;
        let used = kept.clock;
        if let Some(entry) = kept.entries.get_mut(key) {
            if entry.version == version {
                entry.used = used;
                return entry.made.clone();
            }
            // The past is asked for once more, by a request that was slow: it is not kept.
            if entry.version > version {
                return Arc::default();
            }
        }
        // A version that is over has no readers, in whatever size.
        kept.entries.retain(|known, entry| known.id != key.id || entry.version >= version);
        let made = Arc::<OnceCell<Arc<Made>>>::default();
        kept.entries.insert(key.clone(), Entry { version, used, key: key.asked.len(), made: made.clone() });
        made
    }

    /// Nothing that panics runs while it is held.
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Forgets what was not asked for the longest, until the rest has room. Those who wait for it get it nevertheless.
    fn shrink(&mut self, room: usize) {
        let mut bytes: usize = self.entries.values().map(Entry::bytes).sum();
        while bytes > room {
            let Some((key, entry)) = self.entries.iter().min_by_key(|(_, entry)| entry.used) else { return };
            bytes -= entry.bytes();
            let key = key.clone();
            self.entries.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::server::net::response_budget::Answers;

    fn key(id: &str, asked: &str) -> Key {
        Key { id: CellId::parse(id).unwrap(), asked: asked.to_owned() }
    }

    fn of(text: &str) -> Result<Arc<Made>, ()> {
        Ok(Arc::new(Made::new(text.to_owned(), "", 0)))
    }

    #[tokio::test]
    async fn many_readers_have_one_drawing() {
        let (drawings, made) = (Drawings::default(), AtomicUsize::new(0));
        let read = || {
            drawings.get(key("a", "svg"), (1, 0), async {
                made.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                of("<svg/>")
            })
        };
        let all = futures_util::future::join_all((0..100).map(|_| read())).await;
        assert!(all.iter().all(|made| made.as_ref().is_ok_and(|made| made.bytes == "<svg/>")));
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn readers_of_the_same_bytes_hold_one_share_of_them() {
        let answers = Arc::<Answers>::default();
        let made = Made::new(vec![7; 1 << 20], "", 0);
        assert!(made.lend_again().is_none());
        let share = answers.share(&None, 2 << 20).await.unwrap();
        let first = made.lend(|bytes| share.fit(bytes)).unwrap();
        let more: Vec<_> = (0..100).map(|_| made.lend(|_| panic!("one is there")).unwrap()).collect();
        drop(first);
        assert_eq!((answers.bytes(), made.lend_again().is_some()), (1 << 20, true));
        drop(more);
        assert_eq!(answers.bytes(), 0);
    }

    #[tokio::test]
    async fn a_new_version_takes_the_place_of_the_old_in_every_size() {
        let drawings = Drawings::default();
        let draw = async |asked: &str, version: u64| {
            drawings.get(key("a", asked), (version, 0), async { of(&version.to_string()) }).await.unwrap().bytes.clone()
        };
        draw("240", 1).await;
        draw("320", 1).await;
        assert_eq!((draw("240", 2).await, drawings.lock().entries.len()), (Bytes::from_static(b"2"), 1));
        // Who is late gets what was asked for, and it is not kept.
        assert_eq!((draw("240", 1).await, draw("240", 2).await), (Bytes::from_static(b"1"), Bytes::from_static(b"2")));
    }

    #[tokio::test]
    async fn an_error_is_for_one_and_the_next_draws() {
        let drawings = Drawings::default();
        assert_eq!(drawings.get(key("a", ""), (1, 0), async { Err("no") }).await.err(), Some("no"));
        assert!(drawings.lock().entries.is_empty());
        assert!(drawings.get(key("a", ""), (1, 0), async { of("") }).await.is_ok());
    }

    #[tokio::test]
    async fn what_was_not_asked_for_the_longest_goes_first_and_what_is_large_is_not_kept() {
        let drawings = Drawings::default();
        for id in ["a", "b", "c", "a"] {
            drawings.get(key(id, ""), (1, 0), async { of(&"x".repeat(1000)) }).await.unwrap();
        }
        drawings.get(key("large", ""), (1, 0), async { of(&"x".repeat(MAX_CACHED_BYTES + 1)) }).await.unwrap();
        let mut kept = drawings.lock();
        kept.shrink(2 * (1000 + ENTRY_BYTES));
        let mut left: Vec<_> = kept.entries.keys().map(|key| key.id.to_string()).collect();
        left.sort();
        assert_eq!(left, ["a", "c"]);
    }
}
