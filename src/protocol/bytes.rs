//! Reading little-endian binary: every step is checked against what is left, so that no input can panic or allocate more than it holds.

use std::fmt;

/// Why a binary frame was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The byte, counted from 0, at which reading stopped.
    pub at: usize,
    /// What is wrong there, without a full stop.
    pub why: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.why, self.at)
    }
}

impl std::error::Error for Malformed {}

pub(super) struct Reader<'a> {
    size: usize,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { size: bytes.len(), rest: bytes }
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn at(&self) -> usize {
        self.size - self.rest.len()
    }

    pub(super) fn wrong(&self, why: &'static str) -> Malformed {
        Malformed { at: self.at(), why }
    }

    pub(super) fn array<const W: usize>(&mut self) -> Result<[u8; W], Malformed> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(|| self.wrong("the frame ends too early"))?;
        self.rest = rest;
        Ok(*head)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn text(&mut self, bytes: usize) -> Result<&'a str, Malformed> {
        let (head, rest) = self.rest.split_at_checked(bytes).ok_or_else(|| self.wrong("the frame ends within a name"))?;
        let text = std::str::from_utf8(head).map_err(|_| self.wrong("a name is not UTF-8"))?;
        self.rest = rest;
        Ok(text)
    }

    /// The next `n` items of `W` bytes each; nothing is allocated.
    fn items<const W: usize>(&mut self, n: u32) -> Result<&'a [[u8; W]], Malformed> {
        let (all, _) = self.rest.as_chunks();
        let head = all.get(..n as usize).ok_or_else(|| self.wrong("the frame holds fewer numbers than it says"))?;
        self.rest = &self.rest[head.len() * W..];
        Ok(head)
    }

    pub(super) fn f64s(&mut self, n: u32) -> Result<Vec<f64>, Malformed> {
        Ok(self.items(n)?.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
    }

    pub(super) fn f32s(&mut self, n: u32) -> Result<Vec<f64>, Malformed> {
        Ok(self.items(n)?.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect())
    }
}
