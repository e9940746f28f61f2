//! What requests with an `Idempotency-Key` were answered, so that one that is sent again has no further effect.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Replies kept for each writer. Its numbers must ascend; so many requests of it may be on their way at once.
pub const REPLIES_PER_WRITER: u64 = 128;
/// Writers whose replies are kept: the one that was silent longest goes first.
const WRITERS: usize = 10_000;

/// `<writer>:<number>`; a key without a number is a writer with one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub writer: Arc<str>,
    pub number: u64,
}

impl Key {
    pub const MAX_LEN: usize = 200;

    /// `None` when it is empty, longer than [`Self::MAX_LEN`], or has characters that are not printable ASCII.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let numbered = text.rsplit_once(':').and_then(|(writer, number)| Some((writer, number.parse::<u32>().ok()?)));
        let (writer, number) = numbered.map_or((text, 0), |(writer, number)| (writer, u64::from(number)));
        fits.then(|| Self { writer: Arc::from(writer), number })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Of the body that it answered.
    pub hash: u64,
    pub answer: Arc<str>,
    pub at_ms: u64,
}

/// Whether a request was done before.
#[derive(Debug, PartialEq)]
pub enum Done {
    Never,
    Answered(Reply),
    /// So long ago that only its number is known.
    Forgotten,
}

#[derive(Clone, Debug, Default)]
pub struct Replies {
    writers: HashMap<Arc<str>, BTreeMap<u64, Reply>>,
}

impl Replies {
    pub fn done(&self, key: &Key) -> Done {
        let Some(known) = self.writers.get(&key.writer) else { return Done::Never };
        let newest = known.last_key_value().map_or(0, |(number, _)| *number);
        match known.get(&key.number) {
            Some(reply) => Done::Answered(reply.clone()),
            None if key.number + REPLIES_PER_WRITER <= newest => Done::Forgotten,
            None => Done::Never,
        }
    }

    pub fn put(&mut self, key: Key, reply: Reply) {
        let known = self.writers.entry(key.writer).or_default();
        known.insert(key.number, reply);
        let newest = known.last_key_value().map_or(0, |(number, _)| *number);
        // Those before it fell off earlier: each new number pushes out at most a few.
        while let Some((oldest, _)) = known.first_key_value()
            && *oldest + REPLIES_PER_WRITER <= newest
        {
            known.pop_first();
        }
    }

    /// The writers beyond the number that is kept, the most silent first. To be deleted on disk, then [forgotten](Self::forget).
    pub fn surplus(&self) -> Vec<Arc<str>> {
        // A tenth at once, so that this is not looked for with every request.
        if self.writers.len() <= WRITERS + WRITERS / 10 {
            return Vec::new();
        }
        let at = |known: &BTreeMap<u64, Reply>| known.values().map(|reply| reply.at_ms).max().unwrap_or(0);
        let mut writers: Vec<_> = self.writers.iter().map(|(writer, known)| (at(known), writer.clone())).collect();
        writers.sort();
        writers.truncate(writers.len() - WRITERS);
        writers.into_iter().map(|(_, writer)| writer).collect()
    }

    pub fn forget(&mut self, writers: &[Arc<str>]) {
        writers.iter().for_each(|writer| drop(self.writers.remove(writer)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(at_ms: u64) -> Reply {
        Reply { hash: 1, answer: "{}".into(), at_ms }
    }

    #[test]
    fn keys_have_a_writer_and_a_number() {
        let key = |text| Key::parse(text).map(|key| (key.writer.to_string(), key.number));
        assert_eq!(key("a:b:12"), Some(("a:b".into(), 12)));
        assert_eq!(key("5f2d-77"), Some(("5f2d-77".into(), 0)));
        assert_eq!((key(""), key("a b"), key(&"x".repeat(201))), (None, None, None));
    }

    #[test]
    fn the_newest_replies_of_a_writer_are_kept() {
        let mut replies = Replies::default();
        for number in 0..=200 {
            replies.put(Key { writer: "w".into(), number }, reply(number));
        }
        let done = |number| replies.done(&Key { writer: "w".into(), number });
        assert_eq!(done(200), Done::Answered(reply(200)));
        assert_eq!(done(201), Done::Never);
        assert_eq!(done(72), Done::Forgotten);
        assert!(matches!(done(73), Done::Answered(_)));
        assert_eq!(replies.done(&Key { writer: "v".into(), number: 3 }), Done::Never);
    }

    #[test]
    fn the_most_silent_writers_go_first() {
        let mut replies = Replies::default();
        for number in 0..(WRITERS + WRITERS / 10 + 1) as u64 {
            replies.put(Key { writer: number.to_string().into(), number: 0 }, reply(number));
        }
        let gone = replies.surplus();
        assert_eq!((gone.len(), gone[0].as_ref()), (WRITERS / 10 + 1, "0"));
        replies.forget(&gone);
        assert!(replies.surplus().is_empty());
    }
}
