//! Renders a value once for all its readers: charts, documents of frames, decoded pictures. A new value has many readers, and making
//! this may take a tenth of a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::body::Bytes;
use tokio::sync::OnceCell;

use crate::protocol::{ApiError, CellId};
use crate::server::App;
use crate::server::error::ServerError;
use crate::server::limits::RENDER_CACHE_BYTES;
use crate::server::net::response_budget::{Principal, Share};

/// A larger rendering is not cached: it would evict many others.
const MAX_CACHED_BYTES: usize = RENDER_CACHE_BYTES / 4;
/// The overhead of a cached rendering: the entry, its key and its place in the allocator, rounded up.
const ENTRY_BYTES: usize = 512;

/// One rendering of a cell. Another version of the value replaces it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub id: CellId,
    /// Its format, size and view, as they stand in the URL.
    pub variant: String,
}

/// The version of the value; of a line, whose points are no part of it, also the number of its last change.
pub type Version = (u64, u64);

/// The bytes of a rendering, shared by its readers.
pub struct Rendering {
    pub bytes: Bytes,
    /// Its media type; empty where the caller knows it.
    pub kind: &'static str,
    /// The version of the value that was rendered.
    pub version: u64,
    /// The share of the answers that are sent just now: all readers hold the same bytes.
    lent: Mutex<Weak<Share>>,
}

impl Rendering {
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

/// Estimated memory of a rendering, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct MemoryNeeds {
    /// While it is rendered.
    pub working: usize,
    /// The result.
    pub output: usize,
}

/// The answer that all readers of a form have in common, and its bytes for one of them. It takes its share of the answers' memory and waits for its
/// turn before anything of it is made.
pub async fn render_shared(
    app: &App,
    principal: &Principal,
    (key, version): (Key, Version),
    needs: MemoryNeeds,
    make: impl Future<Output = Result<Rendering, ServerError>> + Send + 'static,
) -> Result<(Arc<Rendering>, Bytes), ServerError> {
    if let Some(known) = app.render_cache.known(&key, version)
        && let Some(bytes) = known.lend_again()
    {
        return Ok((known, bytes));
    }
    let share = app.answers.share(principal, needs.output).await?;
    let making = async { app.renderer.run(principal, needs.working, make).await.map(Arc::new) };
    let made = app.render_cache.get(key, version, making).await?;
    let bytes = made.lend(|bytes| share.fit(bytes))?;
    Ok((made, bytes))
}

#[derive(Default)]
pub struct RenderCache(Mutex<State>);

#[derive(Default)]
struct State {
    entries: HashMap<Key, Entry>,
    /// Counts the lookups: the entry with the lowest count is the least recently used.
    clock: u64,
}

struct Entry {
    version: Version,
    used: u64,
    /// What its key takes.
    key: usize,
    /// Empty while it is being made.
    made: Arc<OnceCell<Arc<Rendering>>>,
}

impl Entry {
    fn bytes(&self) -> usize {
        ENTRY_BYTES + self.key + self.made.get().map_or(0, |made| made.bytes.len())
    }
}

impl RenderCache {
    /// The rendering of this version. The first caller renders while the others wait; if it is dropped, the next one renders. Errors are
    /// not cached.
    async fn get<E>(&self, key: Key, version: Version, make: impl Future<Output = Result<Arc<Rendering>, E>>) -> Result<Arc<Rendering>, E> {
        let made = self.entry(&key, version);
        if let Some(known) = made.get() {
            return Ok(known.clone());
        }
        let found = made.get_or_try_init(|| make).await.cloned();
        let is_kept = found.as_ref().is_ok_and(|made| made.bytes.len() <= MAX_CACHED_BYTES);
        let mut state = self.lock();
        if !is_kept && state.entries.get(&key).is_some_and(|entry| Arc::ptr_eq(&entry.made, &made)) {
            state.entries.remove(&key);
        }
        state.shrink(RENDER_CACHE_BYTES);
        found
    }

    /// The finished rendering of this version.
    fn known(&self, key: &Key, version: Version) -> Option<Arc<Rendering>> {
        let mut state = self.lock();
        state.clock += 1;
        let used = state.clock;
        let entry = state.entries.get_mut(key).filter(|entry| entry.version == version)?;
        entry.used = used;
        entry.made.get().cloned()
    }

    fn entry(&self, key: &Key, version: Version) -> Arc<OnceCell<Arc<Rendering>>> {
        let mut state = self.lock();
        state.clock += 1;
        let used = state.clock;
        if let Some(entry) = state.entries.get_mut(key) {
            if entry.version == version {
                entry.used = used;
                return entry.made.clone();
            }
            // A slow request wants an older version: its rendering is not cached.
            if entry.version > version {
                return Arc::default();
            }
        }
        // A version that is over has no readers, in whatever size.
        state.entries.retain(|known, entry| known.id != key.id || entry.version >= version);
        let made = Arc::<OnceCell<Arc<Rendering>>>::default();
        state.entries.insert(key.clone(), Entry { version, used, key: key.variant.len(), made: made.clone() });
        made
    }

    /// Nothing that panics runs while it is held.
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Evicts the least recently used entries until the rest fits. Their waiting readers still get them.
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

    fn key(id: &str, variant: &str) -> Key {
        Key { id: CellId::parse(id).unwrap(), variant: variant.to_owned() }
    }

    fn of(text: &str) -> Result<Arc<Rendering>, ()> {
        Ok(Arc::new(Rendering::new(text.to_owned(), "", 0)))
    }

    #[tokio::test]
    async fn many_readers_have_one_drawing() {
        let (cache, made) = (RenderCache::default(), AtomicUsize::new(0));
        let read = || {
            cache.get(key("a", "svg"), (1, 0), async {
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
        let made = Rendering::new(vec![7; 1 << 20], "", 0);
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
        let cache = RenderCache::default();
        let draw = async |variant: &str, version: u64| {
            cache.get(key("a", variant), (version, 0), async { of(&version.to_string()) }).await.unwrap().bytes.clone()
        };
        draw("240", 1).await;
        draw("320", 1).await;
        assert_eq!((draw("240", 2).await, cache.lock().entries.len()), (Bytes::from_static(b"2"), 1));
        // A late reader gets the version that it wanted, and that is not cached.
        assert_eq!((draw("240", 1).await, draw("240", 2).await), (Bytes::from_static(b"1"), Bytes::from_static(b"2")));
    }

    #[tokio::test]
    async fn an_error_is_for_one_and_the_next_draws() {
        let cache = RenderCache::default();
        assert_eq!(cache.get(key("a", ""), (1, 0), async { Err("no") }).await.err(), Some("no"));
        assert!(cache.lock().entries.is_empty());
        assert!(cache.get(key("a", ""), (1, 0), async { of("") }).await.is_ok());
    }

    #[tokio::test]
    async fn the_least_recently_used_is_evicted_first_and_large_renderings_are_not_cached() {
        let cache = RenderCache::default();
        for id in ["a", "b", "c", "a"] {
            cache.get(key(id, ""), (1, 0), async { of(&"x".repeat(1000)) }).await.unwrap();
        }
        cache.get(key("large", ""), (1, 0), async { of(&"x".repeat(MAX_CACHED_BYTES + 1)) }).await.unwrap();
        let mut state = cache.lock();
        state.shrink(2 * (1000 + ENTRY_BYTES));
        let mut left: Vec<_> = state.entries.keys().map(|key| key.id.to_string()).collect();
        left.sort();
        assert_eq!(left, ["a", "c"]);
    }
}
