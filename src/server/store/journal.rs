//! A row of the journal: the points that one commit appended, of all series mixed, as plain doubles. It is soon replaced by chunks.

use super::packed::Damaged;
use crate::series::Points;

/// Little-endian, for each series: key, index of the first point, the board's event (u64 each), the number of points (u64), steps, values, times (f64).
#[derive(Default)]
pub struct Row(Vec<u8>);

/// Points of one series in a row.
#[derive(Debug, PartialEq)]
pub struct Entry {
    pub series: i64,
    /// The index of the first point.
    pub start: u64,
    pub seq: u64,
    pub points: Points,
}

impl Row {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn push(&mut self, series: i64, start: u64, seq: u64, points: &Points) {
        self.0.reserve(32 + 24 * points.len());
        for number in [series as u64, start, seq, points.len() as u64] {
            self.0.extend_from_slice(&number.to_le_bytes());
        }
        for numbers in [&points.x, &points.y, &points.t] {
            numbers.iter().for_each(|number| self.0.extend_from_slice(&number.to_le_bytes()));
        }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

pub fn read(mut bytes: &[u8]) -> Result<Vec<Entry>, Damaged> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let head: [u64; 4] = words(&mut bytes, 4)?.try_into().map_err(|_| Damaged::Short)?;
        let [series, start, seq, len] = head;
        let len = usize::try_from(len).map_err(|_| Damaged::Short)?;
        let mut numbers = || Ok(words(&mut bytes, len)?.into_iter().map(f64::from_bits).collect::<Vec<_>>());
        let points = Points { x: numbers()?, y: numbers()?, t: numbers()? };
        entries.push(Entry { series: series as i64, start, seq, points });
    }
    Ok(entries)
}

fn words(bytes: &mut &[u8], count: usize) -> Result<Vec<u64>, Damaged> {
    let (taken, rest) = count.checked_mul(8).and_then(|size| bytes.split_at_checked(size)).ok_or(Damaged::Short)?;
    *bytes = rest;
    Ok(taken.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_was_cut_is_told() {
        let points = Points { x: vec![1.0, 2.0], y: vec![-0.0, f64::INFINITY], t: vec![0.5, 0.5] };
        let mut row = Row::default();
        row.push(7, 40, 9, &points);
        row.push(8, 0, 9, &Points::default());
        let bytes = row.into_bytes();
        let entries = read(&bytes).unwrap();
        assert_eq!(entries[0], Entry { series: 7, start: 40, seq: 9, points });
        assert_eq!(entries[1].points.len(), 0);
        assert!(read(&bytes[..bytes.len() - 1]).is_err());
        assert!(read(&u64::MAX.to_le_bytes().repeat(4)).is_err());
    }
}
