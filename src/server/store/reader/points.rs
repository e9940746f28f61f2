//! Reading points by index.

use super::rows::LazyConnection;
use super::{MISSING_AFTER_TRIES, READ_TRIES};
use crate::protocol::{CellId, SeriesId};
use crate::series::Points;
use crate::server::store::Store;
use crate::server::store::error::StoreError;
use crate::server::store::series::CHUNK;

/// Consecutive points of a series.
pub struct PointsPage {
    pub points: Points,
    /// Number of points of the series.
    pub total: u64,
    /// Key of the series. It changes if the series is replaced.
    pub key: i64,
}

impl Store {
    /// At most `limit` points of a series from index `from` on. `None` if the cell has no such series.
    pub async fn points(&self, cell: &CellId, id: &SeriesId, from: u64, limit: usize) -> Result<Option<PointsPage>, StoreError> {
        let size = CHUNK as u64;
        // Tries in which the same rows were missing, and the series that should have them.
        let (mut missing, mut before) = (0, None);
        for _ in 0..READ_TRIES {
            let Some(series) = self.index().visible_series(cell, id).cloned() else { return Ok(None) };
            let (total, key) = (series.count(), series.key);
            if from >= total {
                return Ok(Some(PointsPage { points: Points::default(), total, key }));
            }
            let end = from.saturating_add(limit as u64).min(total);
            let sealed_end = end.min(series.sealed);
            let numbers: Vec<u64> = if from < sealed_end { (from / size..sealed_end.div_ceil(size)).collect() } else { Vec::new() };
            let mut connection = LazyConnection::default();
            let chunks = self.chunks(series.key, &numbers, &mut connection).await?;
            let tail =
                if end > series.sealed { self.tails(std::slice::from_ref(&series), &mut connection).await? } else { Some(Vec::new()) };
            let Some(tail) = tail.filter(|_| chunks.len() == numbers.len()) else {
                // The series may have been removed meanwhile.
                let rows = Some((key, series.sealed, series.stored));
                missing = if before == rows { missing + 1 } else { 1 };
                if missing == MISSING_AFTER_TRIES {
                    return Err(StoreError::Corrupt(format!("points of the series {id} of the cell '{cell}' are missing, or old").into()));
                }
                before = rows;
                tokio::task::yield_now().await;
                continue;
            };
            let mut points = Points::default();
            let tail = tail.into_iter().map(|tail| (series.sealed / size, tail));
            // In the order of their numbers.
            let mut parts: Vec<_> = chunks.into_iter().chain(tail).collect();
            parts.sort_unstable_by_key(|(number, _)| *number);
            for (number, chunk) in parts {
                let start = number * size;
                points.extend(&chunk.slice(from.saturating_sub(start) as usize, (end - start).min(chunk.len() as u64) as usize));
            }
            return Ok(Some(PointsPage { points, total, key }));
        }
        Err(StoreError::Busy)
    }
}
