//! Ids of runs that their scripts do not name, such as `2026-11-28-brave-otter`, and the colours of new runs.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::protocol::RunId;
use crate::server::ids;
use crate::server::store::RUN_COLOURS;

/// Attempts to find an id that is not taken, of 4096 of a day; then the id gets a random suffix.
const MAX_ATTEMPTS: usize = 16;
/// Characters of the suffix.
const SUFFIX_CHARS: usize = 4;

const ADJECTIVES: [&str; 64] = [
    "able", "agile", "amber", "apt", "azure", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid", "clever", "coral", "cosy",
    "crisp", "curious", "daring", "eager", "early", "fair", "fleet", "fond", "fresh", "gentle", "glad", "golden", "graceful", "happy",
    "hardy", "honest", "humble", "jolly", "keen", "kind", "lively", "lucid", "lucky", "mellow", "merry", "mighty", "modest", "nimble",
    "noble", "patient", "plucky", "polite", "proud", "quick", "quiet", "rapid", "ready", "silver", "smart", "snug", "steady", "sunny",
    "swift", "tidy", "true", "vivid", "warm", "wise", "witty",
];
const ANIMALS: [&str; 64] = [
    "alpaca", "badger", "beaver", "bee", "bison", "bobcat", "camel", "cat", "crane", "deer", "dolphin", "dove", "duck", "eagle", "elk",
    "falcon", "ferret", "finch", "fox", "frog", "gecko", "goose", "hare", "hawk", "hedgehog", "heron", "horse", "ibex", "jackdaw", "jay",
    "koala", "lark", "lemur", "lion", "llama", "lynx", "magpie", "marmot", "marten", "mole", "moose", "newt", "orca", "otter", "owl",
    "panda", "penguin", "pony", "puffin", "quail", "rabbit", "raven", "robin", "salmon", "seal", "sparrow", "squirrel", "stork", "swan",
    "tiger", "turtle", "walrus", "whale", "wren",
];

/// An id for a run that begins at this Unix time in milliseconds, by the date in UTC. `is_taken`: whether a run of the board, or a deleted
/// one, has it.
pub fn generate_run_id(now_ms: u64, is_taken: impl Fn(&RunId) -> bool) -> RunId {
    let time = i64::try_from(now_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    let date = time.to_zoned(TimeZone::UTC).date();
    let mut attempts = 0;
    loop {
        let mut bytes = [0; 2];
        getrandom::fill(&mut bytes).expect("the system has a source of random numbers");
        // Both lists have 64 words, so that all are equally likely.
        let [adjective, animal] = [ADJECTIVES[usize::from(bytes[0] % 64)], ANIMALS[usize::from(bytes[1] % 64)]];
        let mut text = format!("{date}-{adjective}-{animal}");
        if attempts >= MAX_ATTEMPTS {
            text = format!("{text}-{}", ids::random()[..SUFFIX_CHARS].to_ascii_lowercase());
        }
        let id = RunId::parse(&text).expect("letters, digits and '-', fewer than 64");
        if !is_taken(&id) {
            return id;
        }
        attempts += 1;
    }
}

/// The colour of a new run: the first of those that the fewest runs have. `counts`: for each colour, how many runs have it.
pub fn next_colour(counts: &[usize; RUN_COLOURS]) -> u8 {
    (0..RUN_COLOURS as u8).min_by_key(|colour| counts[usize::from(*colour)]).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::HashSet;

    use super::*;

    /// 2026-11-28, 23:59:59.999 UTC.
    const LATE: u64 = 1_795_910_399_999;

    #[test]
    fn ids_have_the_date_in_utc_and_two_words() {
        let id = generate_run_id(LATE, |_| false);
        let (date, words) = id.as_str().split_at(10);
        assert_eq!(date, "2026-11-28");
        let words: Vec<&str> = words.split('-').collect();
        assert!(words.len() == 3 && ADJECTIVES.contains(&words[1]) && ANIMALS.contains(&words[2]), "{id}");
        assert!(generate_run_id(LATE + 1, |_| false).as_str().starts_with("2026-11-29-"));
        assert!(generate_run_id(u64::MAX, |_| false).as_str().starts_with("1970-01-01-"));
        let days: HashSet<RunId> = (0..100).map(|_| generate_run_id(LATE, |_| false)).collect();
        assert!(days.len() > 50, "{days:?}");
    }

    #[test]
    fn a_taken_id_is_not_given_again() {
        let attempts = Cell::new(0);
        let id = generate_run_id(LATE, |_| {
            attempts.set(attempts.get() + 1);
            attempts.get() <= MAX_ATTEMPTS + 3
        });
        let parts: Vec<&str> = id.as_str().split('-').collect();
        assert!(parts.len() == 6 && parts[5].len() == SUFFIX_CHARS, "{id}");
        let mut taken = HashSet::new();
        for _ in 0..5000 {
            let id = generate_run_id(LATE, |id| taken.contains(id));
            assert!(taken.insert(id));
        }
    }

    #[test]
    fn words_are_plain_and_occur_once() {
        let words: HashSet<&str> = ADJECTIVES.iter().chain(&ANIMALS).copied().collect();
        assert_eq!(words.len(), 128);
        assert!(words.iter().all(|word| word.len() <= 10 && word.bytes().all(|byte| byte.is_ascii_lowercase())));
    }

    #[test]
    fn the_colour_that_is_used_least_comes_next() {
        assert_eq!(next_colour(&[0; 8]), 0);
        assert_eq!(next_colour(&[1, 1, 0, 0, 1, 1, 1, 1]), 2);
        assert_eq!(next_colour(&[2, 2, 2, 2, 2, 2, 2, 1]), 7);
        let mut counts = [0; 8];
        for at in 0..24 {
            let colour = next_colour(&counts);
            assert_eq!(usize::from(colour), at % 8);
            counts[usize::from(colour)] += 1;
        }
    }
}
