//! The input of a claim (time, random numbers from a seed, the program) and its result, one row of the table.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Random numbers, the same for the same seed (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `below` - 1.
    pub fn below(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    /// True `percent` times of a hundred.
    pub fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A generator of its own for a task.
    pub fn branch(&mut self) -> Self {
        Self(self.next())
    }
}

/// A claim's part of the time: it ends at `until`, or when it has made the attempts of its goal.
pub struct Share {
    pub until: Instant,
    pub rng: Rng,
    pub program: PathBuf,
}

impl Share {
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// The result of a claim.
#[derive(Debug, Default)]
pub struct Row {
    pub tried: u64,
    /// The noun for `tried`.
    pub unit: &'static str,
    /// One sentence for each loss, duplicate, damage or admitted request.
    pub lost: Vec<String>,
    /// The worst latency of each operation; reported without a verdict.
    pub worst: BTreeMap<&'static str, Duration>,
    /// Further figures.
    pub figures: Vec<String>,
}

impl Row {
    pub fn of(unit: &'static str) -> Self {
        Self { unit, ..Self::default() }
    }

    /// Records a latency; the table shows the worst of each operation.
    pub fn took(&mut self, operation: &'static str, time: Duration) {
        let worst = self.worst.entry(operation).or_default();
        *worst = time.max(*worst);
    }

    /// Records a failure of the claim, at most 100 of them.
    pub fn lose(&mut self, failure: impl Into<String>) {
        if self.lost.len() < 100 {
            self.lost.push(failure.into());
        }
    }
}
