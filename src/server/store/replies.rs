//! What requests with an `Idempotency-Key` were answered, so that one that is sent again has no further effect.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Replies kept for each writer. Its numbers must ascend; so many requests of it may be on their way at once.
pub const REPLIES_PER_WRITER: u64 = 128;
/// Writers whose replies are kept: the one that was silent longest goes first.
const WRITERS: usize = 10_000;
/// Bytes of answers that are kept: they are in memory, too.
const BYTES: usize = 64 << 20;

/// `<writer>:<number>`; a key without a number is a writer with one request, and no writer of numbers: its name ends with a blank, which no key has.
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
        // Only as it is written by programs: '+5' and '005' are other keys than '5'.
        let plain = |number: &str| number.parse::<u32>().ok().filter(|parsed| parsed.to_string() == number);
        let numbered = text.rsplit_once(':').and_then(|(writer, number)| Some((Arc::from(writer), plain(number)?)));
        let (writer, number) = numbered.map_or_else(|| (Arc::from(format!("{text} ")), 0), |(writer, number)| (writer, u64::from(number)));
        fits.then_some(Self { writer, number })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Of the body that it answered.
    pub hash: u64,
    /// Of HTTP.
    pub status: u16,
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
    /// Of all answers.
    bytes: usize,
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
        self.bytes += reply.answer.len();
        let before = known.insert(key.number, reply);
        self.bytes -= before.map_or(0, |before| before.answer.len());
        let newest = known.last_key_value().map_or(0, |(number, _)| *number);
        // Those before it fell off earlier: each new number pushes out at most a few.
        while let Some(oldest) = known.first_entry()
            && *oldest.key() + REPLIES_PER_WRITER <= newest
        {
            self.bytes -= oldest.remove().answer.len();
        }
    }

    /// The writers beyond what is kept, the most silent first. To be deleted on disk, then [forgotten](Self::forget).
    pub fn surplus(&self) -> Vec<Arc<str>> {
        // A tenth at once, so that this is not looked for with every request.
        if self.writers.len() <= WRITERS + WRITERS / 10 && self.bytes <= BYTES + BYTES / 10 {
            return Vec::new();
        }
        let at = |known: &BTreeMap<u64, Reply>| known.values().map(|reply| reply.at_ms).max().unwrap_or(0);
        let mut silent: Vec<_> = self.writers.iter().map(|(writer, known)| (at(known), writer)).collect();
        silent.sort();
        let (mut writers, mut bytes, mut gone) = (self.writers.len(), self.bytes, Vec::new());
        for (_, writer) in silent {
            if writers <= WRITERS && bytes <= BYTES {
                break;
            }
            writers -= 1;
            bytes -= self.bytes_of(writer);
            gone.push(writer.clone());
        }
        gone
    }

    fn bytes_of(&self, writer: &Arc<str>) -> usize {
        self.writers.get(writer).map_or(0, |known| known.values().map(|reply| reply.answer.len()).sum())
    }

    pub fn forget(&mut self, writers: &[Arc<str>]) {
        for writer in writers {
            self.bytes -= self.bytes_of(writer);
            self.writers.remove(writer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(at_ms: u64) -> Reply {
        Reply { hash: 1, status: 201, answer: "{}".into(), at_ms }
    }

    #[test]
    fn keys_have_a_writer_and_a_number() {
        let key = |text| Key::parse(text).map(|key| (key.writer.to_string(), key.number));
        assert_eq!(key("a:b:12"), Some(("a:b".into(), 12)));
        assert_eq!(key("5f2d-77"), Some(("5f2d-77 ".into(), 0)));
        assert_eq!(key("a:+5"), Some(("a:+5 ".into(), 0)));
        assert_ne!(key("a"), key("a:0"));
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

    #[test]
    fn answers_are_bounded_together() {
        let mut replies = Replies::default();
        let long: Arc<str> = "x".repeat(BYTES / 64).into();
        for number in 0..80 {
            let reply = Reply { answer: long.clone(), ..reply(number) };
            // The same key again takes the place of what it had.
            replies.put(Key { writer: number.to_string().into(), number: 0 }, reply.clone());
            replies.put(Key { writer: number.to_string().into(), number: 0 }, reply);
        }
        let gone = replies.surplus();
        assert_eq!((gone.len(), gone[0].as_ref()), (16, "0"));
        replies.forget(&gone);
        assert!(replies.surplus().is_empty());
        assert_eq!(replies.bytes, BYTES / 64 * 64);
        for number in 1..=200 {
            replies.put(Key { writer: "79".into(), number }, reply(100));
        }
        assert_eq!(replies.bytes, BYTES / 64 * 63 + 128 * 2, "what falls off does not count");
    }
}
