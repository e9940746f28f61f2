//! Replies to requests with an `Idempotency-Key`: a repeated request gets the stored reply and has no further effect.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use crate::server::limits::{
    MAX_IDEMPOTENCY_KEY_CHARS, MAX_OPAQUE_KEYS, MAX_REPLIES_PER_WRITER, MAX_REPLY_BYTES, MAX_WRITERS, OPAQUE_KEY_TTL_MS,
};

/// Keys evicted per commit: more than a commit can add.
const MAX_EVICTED_PER_COMMIT: usize = 1024;

/// The key of a request that takes effect once.
///
/// An opaque key is stored as a writer with the single number 0. Its name gets a trailing space, which no key contains, so that it cannot
/// collide with a writer of ascending keys. Ascending keys `<writer>:<number>` need only a window of the newest numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    pub writer: Arc<str>,
    pub number: u64,
}

impl IdempotencyKey {
    /// `None` if the key is empty, longer than [`MAX_IDEMPOTENCY_KEY_CHARS`], or not printable ASCII without spaces.
    pub fn opaque(text: &str) -> Option<Self> {
        is_valid(text).then(|| Self { writer: Arc::from(format!("{text} ")), number: 0 })
    }

    /// Parses `<writer>:<number>` with a decimal u32 without sign or leading zeros. `None` for everything else.
    pub fn ascending(text: &str) -> Option<Self> {
        let plain = |number: &str| number.parse::<u32>().ok().filter(|parsed| parsed.to_string() == number);
        let (writer, number) = text.rsplit_once(':').filter(|(writer, _)| is_valid(text) && !writer.is_empty())?;
        Some(Self { writer: Arc::from(writer), number: u64::from(plain(number)?) })
    }

    fn is_opaque(&self) -> bool {
        is_opaque(&self.writer)
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.writer.strip_suffix(' ') {
            Some(key) => f.write_str(key),
            None => write!(f, "{}:{}", self.writer, self.number),
        }
    }
}

fn is_valid(text: &str) -> bool {
    (1..=MAX_IDEMPOTENCY_KEY_CHARS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_opaque(writer: &str) -> bool {
    writer.ends_with(' ')
}

#[derive(Clone, Debug, PartialEq)]
pub struct StoredReply {
    /// Hash of the request: its method, its address and its body.
    pub hash: u64,
    /// HTTP status.
    pub status: u16,
    /// The response body.
    pub answer: Arc<str>,
    /// Unix time of the request, in ms.
    pub at_ms: u64,
}

/// Result of looking up a key.
#[derive(Debug, PartialEq)]
pub enum ReplyLookup {
    /// No request with this key is known.
    New,
    Found(StoredReply),
    /// The number is below the window of its writer: its reply is no longer stored.
    Expired,
}

#[derive(Clone, Debug, Default)]
pub struct ReplyIndex {
    writers: HashMap<Arc<str>, BTreeMap<u64, StoredReply>>,
    keys: HashMap<Arc<str>, StoredReply>,
    writer_usage: Usage,
    key_usage: Usage,
}

/// Writers by the time of their last request, and the bytes of their replies.
#[derive(Clone, Debug, Default)]
struct Usage {
    /// `(at_ms, writer)`: the least recently used first.
    order: BTreeSet<(u64, Arc<str>)>,
    bytes: usize,
}

impl ReplyIndex {
    pub fn lookup(&self, key: &IdempotencyKey) -> ReplyLookup {
        if key.is_opaque() {
            return self.keys.get(&key.writer).map_or(ReplyLookup::New, |reply| ReplyLookup::Found(reply.clone()));
        }
        let Some(known) = self.writers.get(&key.writer) else { return ReplyLookup::New };
        let newest = known.last_key_value().map_or(0, |(number, _)| *number);
        match known.get(&key.number) {
            Some(reply) => ReplyLookup::Found(reply.clone()),
            None if key.number + MAX_REPLIES_PER_WRITER <= newest => ReplyLookup::Expired,
            None => ReplyLookup::New,
        }
    }

    pub fn put(&mut self, key: IdempotencyKey, reply: StoredReply) {
        if key.is_opaque() {
            self.key_usage.bytes += reply.answer.len();
            self.key_usage.order.insert((reply.at_ms, key.writer.clone()));
            if let Some(before) = self.keys.insert(key.writer.clone(), reply.clone()) {
                self.key_usage.drop_reply(&key.writer, before.answer.len(), before.at_ms, reply.at_ms);
            }
            return;
        }
        let known = self.writers.entry(key.writer.clone()).or_default();
        let before_ms = last_used(known);
        self.writer_usage.bytes += reply.answer.len();
        let before = known.insert(key.number, reply);
        let mut dropped_bytes = before.map_or(0, |before| before.answer.len());
        let newest = known.last_key_value().map_or(0, |(number, _)| *number);
        // Earlier calls have removed what was below the window before: each new number removes few.
        while let Some(oldest) = known.first_entry()
            && *oldest.key() + MAX_REPLIES_PER_WRITER <= newest
        {
            dropped_bytes += oldest.remove().answer.len();
        }
        let now_ms = last_used(known);
        self.writer_usage.order.insert((now_ms, key.writer.clone()));
        self.writer_usage.drop_reply(&key.writer, dropped_bytes, before_ms, now_ms);
    }

    /// Writers beyond the limits, least recently used first: to be deleted on disk, then [evicted](Self::evict).
    pub fn evictable(&self, now_ms: u64) -> Vec<Arc<str>> {
        let mut evictable = Vec::new();
        let mut add = |usage: &Usage, limit: usize, until: u64, bytes_of: &dyn Fn(&Arc<str>) -> usize| {
            let (mut count, mut bytes) = (usage.order.len(), usage.bytes);
            for (at, writer) in &usage.order {
                if evictable.len() >= MAX_EVICTED_PER_COMMIT || (count <= limit && bytes <= MAX_REPLY_BYTES && *at >= until) {
                    break;
                }
                count -= 1;
                bytes -= bytes_of(writer);
                evictable.push(writer.clone());
            }
        };
        add(&self.key_usage, MAX_OPAQUE_KEYS, now_ms.saturating_sub(OPAQUE_KEY_TTL_MS), &|key| {
            self.keys.get(key).map_or(0, |reply| reply.answer.len())
        });
        add(&self.writer_usage, MAX_WRITERS, 0, &|writer| self.writers.get(writer).map_or(0, bytes_of));
        evictable
    }

    pub fn evict(&mut self, writers: &[Arc<str>]) {
        for writer in writers {
            if let Some(reply) = self.keys.remove(writer) {
                self.key_usage.drop_reply(writer, reply.answer.len(), reply.at_ms, u64::MAX);
            }
            if let Some(known) = self.writers.remove(writer) {
                self.writer_usage.drop_reply(writer, bytes_of(&known), last_used(&known), u64::MAX);
            }
        }
    }
}

impl Usage {
    /// Subtracts the bytes of removed replies, and removes the entry of the time before if the time has changed.
    fn drop_reply(&mut self, writer: &Arc<str>, bytes: usize, before_ms: u64, now_ms: u64) {
        self.bytes -= bytes;
        if before_ms != now_ms {
            self.order.remove(&(before_ms, writer.clone()));
        }
    }
}

/// Time of a writer's last request.
fn last_used(known: &BTreeMap<u64, StoredReply>) -> u64 {
    known.values().map(|reply| reply.at_ms).max().unwrap_or(0)
}

fn bytes_of(known: &BTreeMap<u64, StoredReply>) -> usize {
    known.values().map(|reply| reply.answer.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(at_ms: u64) -> StoredReply {
        StoredReply { hash: 1, status: 201, answer: "{}".into(), at_ms }
    }

    fn opaque(text: &str) -> IdempotencyKey {
        IdempotencyKey::opaque(text).unwrap()
    }

    #[test]
    fn a_key_is_opaque_unless_it_is_parsed_as_ascending() {
        let key = |text| IdempotencyKey::ascending(text).map(|key| (key.writer.to_string(), key.number));
        assert_eq!(key("a:b:12"), Some(("a:b".into(), 12)));
        assert_eq!([key("5f2d-77"), key("a:+5"), key("a:05"), key(":5"), key("a:4294967296")], [None, None, None, None, None]);
        let mut replies = ReplyIndex::default();
        replies.put(opaque("job:2026"), reply(1));
        assert_eq!(replies.lookup(&opaque("job:2026")), ReplyLookup::Found(reply(1)));
        assert_eq!(replies.lookup(&opaque("job:7")), ReplyLookup::New);
        assert_eq!(replies.lookup(&IdempotencyKey::ascending("job:2026").unwrap()), ReplyLookup::New, "it is another key");
        for text in ["", "a b", "ä", &"x".repeat(201)] {
            assert_eq!(IdempotencyKey::opaque(text), None, "{text}");
        }
        assert_eq!((IdempotencyKey::ascending("a b:1"), IdempotencyKey::ascending(&format!("{}:1", "x".repeat(199)))), (None, None));
    }

    #[test]
    fn the_newest_replies_of_a_writer_are_stored() {
        let mut replies = ReplyIndex::default();
        for number in 0..=200 {
            replies.put(IdempotencyKey { writer: "w".into(), number }, reply(number));
        }
        let lookup = |number| replies.lookup(&IdempotencyKey { writer: "w".into(), number });
        assert_eq!(lookup(200), ReplyLookup::Found(reply(200)));
        assert_eq!(lookup(201), ReplyLookup::New);
        assert_eq!(lookup(72), ReplyLookup::Expired);
        assert!(matches!(lookup(73), ReplyLookup::Found(_)));
        assert_eq!(replies.lookup(&IdempotencyKey { writer: "v".into(), number: 3 }), ReplyLookup::New);
        assert_eq!(replies.writer_usage.order.len(), 1);
    }

    #[test]
    fn the_least_recently_used_writer_is_evicted_first() {
        let mut replies = ReplyIndex::default();
        for number in 0..MAX_WRITERS as u64 + 5 {
            replies.put(IdempotencyKey { writer: number.to_string().into(), number: 0 }, reply(number));
        }
        // A new request of writer 0: writer 1 is now the least recently used.
        replies.put(IdempotencyKey { writer: "0".into(), number: 1 }, reply(1 << 40));
        let evicted = replies.evictable(0);
        assert_eq!((evicted.len(), evicted[0].as_ref()), (5, "1"));
        replies.evict(&evicted);
        assert!(replies.evictable(0).is_empty());
        assert!(replies.evictable(u64::MAX).is_empty(), "writers of ascending keys do not expire");
    }

    #[test]
    fn opaque_keys_are_limited_in_number_and_age_and_do_not_evict_writers() {
        let mut replies = ReplyIndex::default();
        replies.put(IdempotencyKey { writer: "w".into(), number: 0 }, reply(0));
        for number in 0..MAX_OPAQUE_KEYS as u64 + 2000 {
            replies.put(opaque(&number.to_string()), reply(number));
        }
        let mut rounds = 0;
        while let evicted = replies.evictable(0)
            && !evicted.is_empty()
        {
            assert!(evicted.len() <= MAX_EVICTED_PER_COMMIT);
            replies.evict(&evicted);
            rounds += 1;
        }
        assert_eq!((rounds, replies.keys.len(), replies.key_usage.order.len()), (2, MAX_OPAQUE_KEYS, MAX_OPAQUE_KEYS));
        assert_eq!(replies.lookup(&opaque("1999")), ReplyLookup::New);
        assert!(matches!(replies.lookup(&opaque("2000")), ReplyLookup::Found(_)));
        assert_eq!(
            replies.evictable(OPAQUE_KEY_TTL_MS + 2003).iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
            ["2000 ", "2001 ", "2002 "]
        );
        assert!(matches!(replies.lookup(&IdempotencyKey { writer: "w".into(), number: 0 }), ReplyLookup::Found(_)));
    }

    #[test]
    fn the_bytes_of_replies_are_limited() {
        let long: Arc<str> = "x".repeat(MAX_REPLY_BYTES / 64).into();
        for key in
            [|number: u64| IdempotencyKey { writer: number.to_string().into(), number: 0 }, |number: u64| opaque(&number.to_string())]
        {
            let mut replies = ReplyIndex::default();
            for number in 0..80 {
                let reply = StoredReply { answer: long.clone(), ..reply(number) };
                // A second reply with the same key replaces the first.
                replies.put(key(number), reply.clone());
                replies.put(key(number), reply);
            }
            let evicted = replies.evictable(0);
            assert_eq!((evicted.len(), evicted[0].trim_end()), (16, "0"));
            replies.evict(&evicted);
            assert!(replies.evictable(0).is_empty());
            assert_eq!(replies.writer_usage.bytes + replies.key_usage.bytes, MAX_REPLY_BYTES / 64 * 64);
            for number in 1..=200 {
                replies.put(IdempotencyKey { writer: "79".into(), number }, reply(100));
            }
            assert!(replies.writer_usage.bytes <= MAX_REPLY_BYTES / 64 * 63 + 128 * 2, "replies below the window are not counted");
        }
    }
}
