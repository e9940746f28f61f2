//! What requests with an `Idempotency-Key` were answered, so that one that is sent again has no further effect.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

/// Replies kept for each writer of numbers. Its numbers must ascend; so many requests of it may be on their way at once.
pub const MAX_REPLIES_PER_WRITER: u64 = 128;
/// Writers of numbers whose replies are kept: the one that was silent longest goes first.
const WRITERS: usize = 10_000;
/// Opaque keys that are kept: one a second for a day, and some more. The oldest goes first.
const KEYS: usize = 100_000;
/// How long an opaque key is kept. A request is repeated within minutes; a program that keeps requests for longer numbers them.
const AGE_MS: u64 = 24 * 60 * 60 * 1000;
/// Bytes of answers that are kept, of both kinds apart: they are in memory, too.
const BYTES: usize = 64 << 20;
/// What is forgotten with one commit: more than a commit can bring.
const FORGOTTEN: usize = 1024;

/// The key of a request that is done once.
///
/// Of an opaque key nothing is known but itself: it is a writer with one request, whose name ends with a blank, which no key has. A writer of
/// numbers promises that they ascend, so that a window of them is enough.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    pub writer: Arc<str>,
    pub number: u64,
}

impl IdempotencyKey {
    pub const MAX_LEN: usize = 200;

    /// `None` when it is empty, longer than [`Self::MAX_LEN`], or has characters that are not printable ASCII.
    pub fn opaque(text: &str) -> Option<Self> {
        fits(text).then(|| Self { writer: Arc::from(format!("{text} ")), number: 0 })
    }

    /// `<writer>:<number>`, the number as programs write it: '+5' and '005' are none. `None` for everything else.
    pub fn ascending(text: &str) -> Option<Self> {
        let plain = |number: &str| number.parse::<u32>().ok().filter(|parsed| parsed.to_string() == number);
        let (writer, number) = text.rsplit_once(':').filter(|(writer, _)| fits(text) && !writer.is_empty())?;
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

fn fits(text: &str) -> bool {
    (1..=IdempotencyKey::MAX_LEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_opaque(writer: &str) -> bool {
    writer.ends_with(' ')
}

#[derive(Clone, Debug, PartialEq)]
pub struct StoredReply {
    /// Of the body that it answered.
    pub hash: u64,
    /// Of HTTP.
    pub status: u16,
    pub answer: Arc<str>,
    pub at_ms: u64,
}

/// Whether a request was done before.
#[derive(Debug, PartialEq)]
pub enum ReplyLookup {
    Never,
    Answered(StoredReply),
    /// So long ago that only its number is known.
    Forgotten,
}

#[derive(Clone, Debug, Default)]
pub struct ReplyIndex {
    writers: HashMap<Arc<str>, BTreeMap<u64, StoredReply>>,
    keys: HashMap<Arc<str>, StoredReply>,
    of_writers: Ages,
    of_keys: Ages,
}

/// Who was heard last, and how many bytes of answers there are.
#[derive(Clone, Debug, Default)]
struct Ages {
    /// By time, the most silent first.
    order: BTreeSet<(u64, Arc<str>)>,
    bytes: usize,
}

impl ReplyIndex {
    pub fn done(&self, key: &IdempotencyKey) -> ReplyLookup {
        if key.is_opaque() {
            return self.keys.get(&key.writer).map_or(ReplyLookup::Never, |reply| ReplyLookup::Answered(reply.clone()));
        }
        let Some(known) = self.writers.get(&key.writer) else { return ReplyLookup::Never };
        let newest = known.last_key_value().map_or(0, |(number, _)| *number);
        match known.get(&key.number) {
            Some(reply) => ReplyLookup::Answered(reply.clone()),
            None if key.number + MAX_REPLIES_PER_WRITER <= newest => ReplyLookup::Forgotten,
            None => ReplyLookup::Never,
        }
    }

    pub fn put(&mut self, key: IdempotencyKey, reply: StoredReply) {
        if key.is_opaque() {
            self.of_keys.bytes += reply.answer.len();
            self.of_keys.order.insert((reply.at_ms, key.writer.clone()));
            if let Some(before) = self.keys.insert(key.writer.clone(), reply.clone()) {
                self.of_keys.forget(&key.writer, before.answer.len(), before.at_ms, reply.at_ms);
            }
            return;
        }
        let known = self.writers.entry(key.writer.clone()).or_default();
        let heard = heard(known);
        self.of_writers.bytes += reply.answer.len();
        let before = known.insert(key.number, reply);
        let mut gone = before.map_or(0, |before| before.answer.len());
        let newest = known.last_key_value().map_or(0, |(number, _)| *number);
        // Those before it fell off earlier: each new number pushes out at most a few.
        while let Some(oldest) = known.first_entry()
            && *oldest.key() + MAX_REPLIES_PER_WRITER <= newest
        {
            gone += oldest.remove().answer.len();
        }
        let now = self::heard(known);
        self.of_writers.order.insert((now, key.writer.clone()));
        self.of_writers.forget(&key.writer, gone, heard, now);
    }

    /// What is beyond what is kept, the most silent first. To be deleted on disk, then [forgotten](Self::forget).
    pub fn surplus(&self, now_ms: u64) -> Vec<Arc<str>> {
        let mut gone = Vec::new();
        let mut beyond = |ages: &Ages, most: usize, until: u64, bytes_of: &dyn Fn(&Arc<str>) -> usize| {
            let (mut count, mut bytes) = (ages.order.len(), ages.bytes);
            for (at, writer) in &ages.order {
                if gone.len() >= FORGOTTEN || (count <= most && bytes <= BYTES && *at >= until) {
                    break;
                }
                count -= 1;
                bytes -= bytes_of(writer);
                gone.push(writer.clone());
            }
        };
        beyond(&self.of_keys, KEYS, now_ms.saturating_sub(AGE_MS), &|key| self.keys.get(key).map_or(0, |reply| reply.answer.len()));
        beyond(&self.of_writers, WRITERS, 0, &|writer| self.writers.get(writer).map_or(0, bytes_of));
        gone
    }

    pub fn forget(&mut self, writers: &[Arc<str>]) {
        for writer in writers {
            if let Some(reply) = self.keys.remove(writer) {
                self.of_keys.forget(writer, reply.answer.len(), reply.at_ms, u64::MAX);
            }
            if let Some(known) = self.writers.remove(writer) {
                self.of_writers.forget(writer, bytes_of(&known), heard(&known), u64::MAX);
            }
        }
    }
}

impl Ages {
    /// The bytes are gone, and where the time is another one now, so is the place of before.
    fn forget(&mut self, writer: &Arc<str>, bytes: usize, before: u64, now: u64) {
        self.bytes -= bytes;
        if before != now {
            self.order.remove(&(before, writer.clone()));
        }
    }
}

/// When a writer of numbers was heard last.
fn heard(known: &BTreeMap<u64, StoredReply>) -> u64 {
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
    fn a_key_is_opaque_unless_it_is_said_to_ascend() {
        let key = |text| IdempotencyKey::ascending(text).map(|key| (key.writer.to_string(), key.number));
        assert_eq!(key("a:b:12"), Some(("a:b".into(), 12)));
        assert_eq!([key("5f2d-77"), key("a:+5"), key("a:05"), key(":5"), key("a:4294967296")], [None, None, None, None, None]);
        let mut replies = ReplyIndex::default();
        replies.put(opaque("job:2026"), reply(1));
        assert_eq!(replies.done(&opaque("job:2026")), ReplyLookup::Answered(reply(1)));
        assert_eq!(replies.done(&opaque("job:7")), ReplyLookup::Never);
        assert_eq!(replies.done(&IdempotencyKey::ascending("job:2026").unwrap()), ReplyLookup::Never, "it is another key");
        for text in ["", "a b", "ä", &"x".repeat(201)] {
            assert_eq!(IdempotencyKey::opaque(text), None, "{text}");
        }
        assert_eq!((IdempotencyKey::ascending("a b:1"), IdempotencyKey::ascending(&format!("{}:1", "x".repeat(199)))), (None, None));
    }

    #[test]
    fn the_newest_replies_of_a_writer_are_kept() {
        let mut replies = ReplyIndex::default();
        for number in 0..=200 {
            replies.put(IdempotencyKey { writer: "w".into(), number }, reply(number));
        }
        let done = |number| replies.done(&IdempotencyKey { writer: "w".into(), number });
        assert_eq!(done(200), ReplyLookup::Answered(reply(200)));
        assert_eq!(done(201), ReplyLookup::Never);
        assert_eq!(done(72), ReplyLookup::Forgotten);
        assert!(matches!(done(73), ReplyLookup::Answered(_)));
        assert_eq!(replies.done(&IdempotencyKey { writer: "v".into(), number: 3 }), ReplyLookup::Never);
        assert_eq!(replies.of_writers.order.len(), 1);
    }

    #[test]
    fn the_most_silent_go_first() {
        let mut replies = ReplyIndex::default();
        for number in 0..WRITERS as u64 + 5 {
            replies.put(IdempotencyKey { writer: number.to_string().into(), number: 0 }, reply(number));
        }
        // Heard again, it is not the most silent one any more.
        replies.put(IdempotencyKey { writer: "0".into(), number: 1 }, reply(1 << 40));
        let gone = replies.surplus(0);
        assert_eq!((gone.len(), gone[0].as_ref()), (5, "1"));
        replies.forget(&gone);
        assert!(replies.surplus(0).is_empty());
        assert!(replies.surplus(u64::MAX).is_empty(), "a writer of numbers has no age");
    }

    #[test]
    fn opaque_keys_are_bounded_in_number_and_age_and_leave_writers_alone() {
        let mut replies = ReplyIndex::default();
        replies.put(IdempotencyKey { writer: "w".into(), number: 0 }, reply(0));
        for number in 0..KEYS as u64 + 2000 {
            replies.put(opaque(&number.to_string()), reply(number));
        }
        let mut rounds = 0;
        while let gone = replies.surplus(0)
            && !gone.is_empty()
        {
            assert!(gone.len() <= FORGOTTEN);
            replies.forget(&gone);
            rounds += 1;
        }
        assert_eq!((rounds, replies.keys.len(), replies.of_keys.order.len()), (2, KEYS, KEYS));
        assert_eq!(replies.done(&opaque("1999")), ReplyLookup::Never);
        assert!(matches!(replies.done(&opaque("2000")), ReplyLookup::Answered(_)));
        assert_eq!(replies.surplus(AGE_MS + 2003).iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["2000 ", "2001 ", "2002 "]);
        assert!(matches!(replies.done(&IdempotencyKey { writer: "w".into(), number: 0 }), ReplyLookup::Answered(_)));
    }

    #[test]
    fn answers_are_bounded_together() {
        let long: Arc<str> = "x".repeat(BYTES / 64).into();
        for key in
            [|number: u64| IdempotencyKey { writer: number.to_string().into(), number: 0 }, |number: u64| opaque(&number.to_string())]
        {
            let mut replies = ReplyIndex::default();
            for number in 0..80 {
                let reply = StoredReply { answer: long.clone(), ..reply(number) };
                // The same key again takes the place of what it had.
                replies.put(key(number), reply.clone());
                replies.put(key(number), reply);
            }
            let gone = replies.surplus(0);
            assert_eq!((gone.len(), gone[0].trim_end()), (16, "0"));
            replies.forget(&gone);
            assert!(replies.surplus(0).is_empty());
            assert_eq!(replies.of_writers.bytes + replies.of_keys.bytes, BYTES / 64 * 64);
            for number in 1..=200 {
                replies.put(IdempotencyKey { writer: "79".into(), number }, reply(100));
            }
            assert!(replies.of_writers.bytes <= BYTES / 64 * 63 + 128 * 2, "what falls off does not count");
        }
    }
}
