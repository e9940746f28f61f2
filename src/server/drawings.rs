//! Drawings that are made once for all their readers: a new value has many, and drawing it may take a tenth of a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use tokio::sync::OnceCell;

use crate::protocol::CellId;

/// What is kept at most, in bytes.
const ROOM: usize = 32 << 20;
/// What a kept drawing takes besides its own bytes: the entry, its key and its place in the allocator, rounded up.
const ENTRY: usize = 512;

/// One drawing of a cell. Another version of the value takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub id: CellId,
    /// Which form and size it has, as its address says it.
    pub asked: String,
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
    version: u64,
    used: u64,
    /// Empty while it is being made.
    made: Arc<OnceCell<Bytes>>,
}

impl Entry {
    fn bytes(&self) -> usize {
        ENTRY + self.made.get().map_or(0, Bytes::len)
    }
}

impl Drawings {
    /// The drawing of this version: made by the first who asks, while the others wait. Whoever gives up leaves the making to the next;
    /// an error is kept for nobody.
    pub async fn get<E>(&self, key: Key, version: u64, make: impl Future<Output = Result<Bytes, E>>) -> Result<Bytes, E> {
        let made = self.entry(&key, version);
        if let Some(bytes) = made.get() {
            return Ok(bytes.clone());
        }
        let bytes = made.get_or_try_init(|| make).await.cloned();
        let mut kept = self.lock();
        if bytes.is_err() && kept.entries.get(&key).is_some_and(|entry| Arc::ptr_eq(&entry.made, &made)) {
            kept.entries.remove(&key);
        }
        kept.shrink(ROOM);
        bytes
    }

    fn entry(&self, key: &Key, version: u64) -> Arc<OnceCell<Bytes>> {
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
        let made = Arc::<OnceCell<Bytes>>::default();
        kept.entries.insert(key.clone(), Entry { version, used, made: made.clone() });
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

    fn key(id: &str, asked: &str) -> Key {
        Key { id: CellId::parse(id).unwrap(), asked: asked.to_owned() }
    }

    #[tokio::test]
    async fn many_readers_have_one_drawing() {
        let (drawings, made) = (Drawings::default(), AtomicUsize::new(0));
        let read = || {
            drawings.get(key("a", "svg"), 1, async {
                made.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok::<_, ()>(Bytes::from_static(b"<svg/>"))
            })
        };
        let all = futures_util::future::join_all((0..100).map(|_| read())).await;
        assert!(all.iter().all(|bytes| bytes.as_deref() == Ok(b"<svg/>")));
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_new_version_takes_the_place_of_the_old_in_every_size() {
        let drawings = Drawings::default();
        let draw = async |asked: &str, version: u64| {
            drawings.get(key("a", asked), version, async { Ok::<_, ()>(Bytes::from(version.to_string())) }).await.unwrap()
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
        assert_eq!(drawings.get(key("a", ""), 1, async { Err("no") }).await, Err("no"));
        assert!(drawings.lock().entries.is_empty());
        assert_eq!(drawings.get(key("a", ""), 1, async { Ok::<_, ()>(Bytes::new()) }).await, Ok(Bytes::new()));
    }

    #[tokio::test]
    async fn what_was_not_asked_for_the_longest_goes_first() {
        let drawings = Drawings::default();
        for id in ["a", "b", "c", "a"] {
            let _ = drawings.get(key(id, ""), 1, async { Ok::<_, ()>(Bytes::from(vec![0; 1000])) }).await;
        }
        let mut kept = drawings.lock();
        kept.shrink(2 * (1000 + ENTRY));
        let mut left: Vec<_> = kept.entries.keys().map(|key| key.id.to_string()).collect();
        left.sort();
        assert_eq!(left, ["a", "c"]);
    }
}
