//! The number of rows of each table that a start reads completely, and the sum of their checksums: a missing, duplicate or outdated row
//! cannot be detected by its own checksum.

/// The counted tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Board,
    Cell,
    Series,
    Journal,
    Reply,
    Run,
    /// Rows of `value` with a run.
    RunValue,
    BoardDocument,
    Heartbeat,
}

const NAMES: [&str; 9] = ["board", "cell", "series", "journal", "reply", "run", "value", "board_document", "heartbeat"];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    rows: u64,
    sum: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowCounts([Count; NAMES.len()]);

impl RowCounts {
    pub fn add(&mut self, table: Table, sum: i64) {
        let count = &mut self.0[table as usize];
        *count = Count { rows: count.rows.wrapping_add(1), sum: count.sum.wrapping_add(mix(sum)) };
    }

    pub fn remove(&mut self, table: Table, sum: i64) {
        let count = &mut self.0[table as usize];
        *count = Count { rows: count.rows.wrapping_sub(1), sum: count.sum.wrapping_sub(mix(sum)) };
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| count.rows == 0)
    }

    /// Compares with the rows that were found; `self` was counted as they were written. `None` if they are equal, or else a sentence.
    pub fn compare(&self, found: &Self) -> Option<String> {
        let tables = NAMES.into_iter().zip(self.0.iter().zip(&found.0));
        let wrong = tables.filter(|(_, (written, found))| written != found).map(|(name, (written, found))| {
            if written.rows == found.rows {
                return format!("of the {} rows of the table '{name}' some are not those that were written last", written.rows);
            }
            format!("the table '{name}' has {} rows, and {} were written", found.rows, written.rows)
        });
        Some(wrong.collect::<Vec<_>>().join("; ")).filter(|wrong| !wrong.is_empty())
    }

    /// The form in `state.row_counts`.
    pub fn text(&self) -> String {
        let counts = self.0.iter().map(|count| format!("{} {:016x}", count.rows, count.sum));
        counts.collect::<Vec<_>>().join(" ")
    }

    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut row_counts = Self::default();
        for count in &mut row_counts.0 {
            let (rows, sum) = (words.next()?.parse().ok()?, u64::from_str_radix(words.next()?, 16).ok()?);
            *count = Count { rows, sum };
        }
        words.next().is_none().then_some(row_counts)
    }
}

/// Sums of CRCs, which are linear, would cancel out too easily: each is mixed first by the finalizer of SplitMix64 (Steele, Lea and Flood,
/// 2014).
fn mix(sum: i64) -> u64 {
    let mut z = (sum as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_duplicate_and_outdated_rows_are_detected() {
        let mut written = RowCounts::default();
        [3, 5, 9].iter().for_each(|sum| written.add(Table::Cell, *sum));
        written.add(Table::Board, 7);
        let found = |sums: &[i64]| {
            let mut row_counts = RowCounts::default();
            sums.iter().for_each(|sum| row_counts.add(Table::Cell, *sum));
            row_counts.add(Table::Board, 7);
            row_counts
        };
        assert_eq!(written.compare(&found(&[9, 3, 5])), None);
        assert!(written.compare(&found(&[3, 5])).unwrap().contains("'cell' has 2 rows, and 3 were written"));
        assert!(written.compare(&found(&[3, 5, 8])).is_some() && written.compare(&found(&[3, 3, 9])).is_some());
        assert_eq!(RowCounts::parse(&written.text()), Some(written.clone()));
        written.remove(Table::Cell, 5);
        assert_eq!(written.compare(&found(&[9, 3])), None);
        assert_eq!((RowCounts::parse(""), RowCounts::parse("1 2 3")), (None, None));
    }
}
