//! The record of acknowledged changes, and the comparison with a server's data. No I/O; tested with planted losses.

use serde_json::Value;

/// The points of one series: the value of each is its index, so that order, loss and doubling show.
#[derive(Clone, Debug, Default)]
pub struct Points {
    /// Acknowledged.
    pub certain: u64,
    /// Sent, but not answered: all of these are there, or none.
    pub maybe: u64,
}

impl Points {
    /// `found` are the values from index `from` on. Answers how many there are in all.
    pub fn settle(&self, from: u64, found: &[f64]) -> Result<u64, String> {
        if let Some((at, value)) = (from..).zip(found).find(|(at, value)| **value != *at as f64) {
            return Err(format!("point {at} is {value}: lost, doubled or out of order"));
        }
        let there = from + found.len() as u64;
        if there == self.certain || there == self.certain + self.maybe {
            Ok(there)
        } else {
            Err(format!("{there} points are there; {} were acknowledged, {} more were sent", self.certain, self.maybe))
        }
    }
}

/// What is known of a document: a number of ours and the server's count of changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    pub n: u64,
    pub rev: u64,
}

impl State {
    pub fn of(document: &Value) -> Option<Self> {
        Some(Self { n: document["n"].as_u64()?, rev: document["rev"].as_u64()? })
    }
}

/// A change of a document that may be under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    Create { n: u64 },
    Patch { n: u64 },
    Remove,
}

impl Change {
    /// Whether `found` is what this makes of `before`, done exactly once.
    pub fn explains(self, before: Option<State>, found: Option<State>) -> bool {
        match (self, before, found) {
            (Self::Create { n }, None, Some(found)) => found.n == n && found.rev == 1,
            (Self::Patch { n }, Some(before), Some(found)) => found == State { n, rev: before.rev + 1 },
            (Self::Remove, Some(_), None) => true,
            _ => false,
        }
    }
}

/// Without a change under way a document is what was acknowledged; with one, it may also be what that makes of it.
pub fn settle(known: Option<State>, under_way: Option<Change>, found: Option<State>) -> Result<Option<State>, String> {
    if found == known || under_way.is_some_and(|change| change.explains(known, found)) {
        return Ok(found);
    }
    Err(format!("{found:?} is there; {known:?} was acknowledged, {under_way:?} under way"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_doubled_and_exchanged_points_are_seen() {
        let points = Points { certain: 4, maybe: 3 };
        assert_eq!(points.settle(2, &[2.0, 3.0]), Ok(4));
        assert_eq!(points.settle(2, &[2.0, 3.0, 4.0, 5.0, 6.0]), Ok(7));
        let broken: [&[f64]; 6] = [&[2.0], &[], &[2.0, 2.0, 3.0], &[3.0, 2.0], &[2.0, 3.0, 4.0], &[2.0, 3.0, 4.0, 5.0, 6.0, 4.0, 5.0, 6.0]];
        for found in broken {
            assert!(points.settle(2, found).is_err(), "{found:?}");
        }
    }

    #[test]
    fn a_change_that_is_lost_done_twice_or_nobodys_is_seen() {
        let at = |n, rev| Some(State { n, rev });
        assert_eq!(settle(at(1, 1), None, at(1, 1)), Ok(at(1, 1)));
        assert_eq!(settle(at(1, 1), Some(Change::Patch { n: 2 }), at(2, 2)), Ok(at(2, 2)));
        assert_eq!(settle(None, Some(Change::Create { n: 3 }), at(3, 1)), Ok(at(3, 1)));
        assert_eq!(settle(at(1, 1), Some(Change::Remove), None), Ok(None));
        assert!(settle(at(2, 2), None, at(1, 1)).is_err(), "lost");
        assert!(settle(at(1, 1), Some(Change::Patch { n: 2 }), at(2, 3)).is_err(), "done twice");
        assert!(settle(at(1, 1), None, None).is_err(), "gone");
        assert!(settle(None, None, at(1, 1)).is_err(), "back again");
        assert!(settle(at(1, 1), Some(Change::Remove), at(7, 9)).is_err(), "of nobody");
    }
}
