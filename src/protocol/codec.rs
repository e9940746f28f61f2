//! Reads and writes little-endian binary frames. Each step checks the remaining length, so that no
//! input can panic or allocate more than its size permits.

use std::fmt;
use std::ops::RangeInclusive;

use super::{CellId, RunId};

/// Why a binary frame was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Offset in bytes, from 0, at which decoding stopped.
    pub at: usize,
    /// The fault at that offset, without a full stop.
    pub why: &'static str,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.why, self.at)
    }
}

impl std::error::Error for DecodeError {}

/// The first bytes of each frame; u8 version, u8 kind and u16 0 follow.
pub(crate) const MAGIC: [u8; 4] = *b"AGNZ";

pub(crate) struct Reader<'a> {
    size: usize,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { size: bytes.len(), rest: bytes }
    }

    /// The header of a frame: its version, its `seq`, and the number of parts that it declares.
    pub(crate) fn head(&mut self, kind: u8, versions: RangeInclusive<u8>) -> Result<(u8, u64, u32), DecodeError> {
        if self.take(4)? != MAGIC {
            return Err(DecodeError { at: 0, why: "the frame does not begin with 'AGNZ'" });
        }
        let version = self.u8()?;
        if self.take(3)? != [kind, 0, 0] || !versions.contains(&version) {
            return Err(DecodeError { at: 4, why: "the frame is of another version or kind" });
        }
        Ok((version, self.u64()?, self.u32()?))
    }

    pub(crate) fn id(&mut self) -> Result<CellId, DecodeError> {
        let at = self.at();
        let bytes = self.uint(1)?;
        CellId::parse(self.text(bytes)?).ok_or(DecodeError { at, why: "a cell's id must be 1 to 64 letters, digits, '-' or '_'" })
    }

    /// The id of a run; without a run its length is 0.
    pub(crate) fn run(&mut self) -> Result<Option<RunId>, DecodeError> {
        let at = self.at();
        let bytes = self.uint(1)?;
        match self.text(bytes)? {
            "" => Ok(None),
            text => {
                RunId::parse(text).map(Some).ok_or(DecodeError { at, why: "a run's id must be 1 to 64 letters, digits, '.', '_' or '-'" })
            }
        }
    }

    pub(crate) fn name(&mut self) -> Result<String, DecodeError> {
        let bytes = self.uint(2)?;
        self.text(bytes).map(str::to_owned)
    }

    /// Returns `value` if no bytes are left.
    pub(crate) fn end<T>(&self, value: T) -> Result<T, DecodeError> {
        if self.rest.is_empty() { Ok(value) } else { Err(self.error("the frame goes on after its last part")) }
    }

    pub(crate) fn at(&self) -> usize {
        self.size - self.rest.len()
    }

    fn error(&self, why: &'static str) -> DecodeError {
        DecodeError { at: self.at(), why }
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self.rest.split_at_checked(bytes).ok_or_else(|| self.error("the frame ends too early"))?;
        self.rest = rest;
        Ok(head)
    }

    fn uint(&mut self, bytes: usize) -> Result<u64, DecodeError> {
        Ok(self.take(bytes)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.uint(1).map(|number| number as u8)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.uint(4).map(|number| number as u32)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.uint(8)
    }

    fn text(&mut self, bytes: u64) -> Result<&'a str, DecodeError> {
        let error = self.error("a name is not UTF-8");
        std::str::from_utf8(self.take(bytes as usize)?).map_err(|_| error)
    }

    /// Reads `n` numbers, each f32 if `short`, else f64. Checks the length before it allocates.
    pub(crate) fn numbers(&mut self, n: u32, short: bool) -> Result<Vec<f64>, DecodeError> {
        let width = if short { 4 } else { 8 };
        if n as usize > self.rest.len() / width {
            return Err(self.error("the frame holds fewer numbers than it says"));
        }
        let bytes = self.take(n as usize * width)?;
        Ok(match short {
            true => bytes.as_chunks().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect(),
            false => bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
        })
    }

    /// Reads a list of `n` numbers and appends it to `known`. Compressed forms can expand, so memory
    /// is bounded by the first list, which is always stored item by item, times the number of lists.
    pub(crate) fn list<'b>(&mut self, n: u32, known: &'b mut Vec<Vec<f64>>) -> Result<&'b Vec<f64>, DecodeError> {
        let at = self.at();
        let numbers = match self.u8()? {
            form @ (F32 | F64) => self.numbers(n, form == F32)?,
            SAME if !known.is_empty() => vec![f64::from_bits(self.u64()?); n as usize],
            form => match known.get(usize::from(form.wrapping_sub(COPY_OF))) {
                Some(known) => known.clone(),
                None => return Err(DecodeError { at, why: "a list has no such form" }),
            },
        };
        let place = known.len();
        known.push(numbers);
        Ok(&known[place])
    }
}

// The forms of a list: one f64 that all items equal, an f32 or f64 for each item, or (16 + k) no
// data: equal to list k of the same part.
const SAME: u8 = 0;
const F32: u8 = 1;
const F64: u8 = 2;
const COPY_OF: u8 = 16;

/// Writes a list for [`Reader::list`] in the shortest lossless form and appends it to `known`.
pub(crate) fn write_list(out: &mut Vec<u8>, known: &mut Vec<Vec<f64>>, numbers: Vec<f64>) {
    let equal = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
    match (known.iter().take(usize::from(u8::MAX - COPY_OF)).position(|known| equal(known, &numbers)), numbers.first()) {
        (Some(k), _) => out.push(COPY_OF + k as u8),
        // The first list is always written item by item: its size bounds the reader's memory.
        (None, Some(first)) if !known.is_empty() && numbers.iter().all(|number| number.to_bits() == first.to_bits()) => {
            out.push(SAME);
            out.extend_from_slice(&first.to_le_bytes());
        }
        _ if is_short(&numbers) => {
            out.push(F32);
            write_f32s(out, &numbers);
        }
        _ => {
            out.push(F64);
            write_f64s(out, &numbers);
        }
    }
    known.push(numbers);
}

/// Writes the header of a frame for [`Reader::head`].
pub(crate) fn write_head(out: &mut Vec<u8>, version: u8, kind: u8, seq: u64, parts: usize) {
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[version, kind, 0, 0]);
    out.extend_from_slice(&seq.to_le_bytes());
    out.extend_from_slice(&u32::try_from(parts).expect("a frame has fewer than 2^32 parts").to_le_bytes());
}

pub(crate) fn write_id(out: &mut Vec<u8>, id: &CellId) {
    out.push(id.as_str().len() as u8);
    out.extend_from_slice(id.as_str().as_bytes());
}

/// Writes an id for [`Reader::run`].
pub(crate) fn write_run(out: &mut Vec<u8>, run: Option<&RunId>) {
    let text = run.map_or("", RunId::as_str);
    out.push(text.len() as u8);
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn write_name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(&u16::try_from(name.len()).expect("names of series are short").to_le_bytes());
    out.extend_from_slice(name.as_bytes());
}

pub(crate) fn write_f64s(out: &mut Vec<u8>, numbers: &[f64]) {
    out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

/// Writes numbers for which [`is_short`] is true.
pub(crate) fn write_f32s(out: &mut Vec<u8>, numbers: &[f64]) {
    out.extend(numbers.iter().flat_map(|number| (*number as f32).to_le_bytes()));
}

/// True if f32 represents every number exactly.
pub(crate) fn is_short(numbers: &[f64]) -> bool {
    numbers.iter().all(|number| f64::from(*number as f32).to_bits() == number.to_bits())
}
