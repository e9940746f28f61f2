//! Reading the whole curves of many series from their outlines, without making the outlines.

use super::outlines::{blocking, read_stored_outlines};
use super::rows::LazyConnection;
use crate::protocol::{CellId, SeriesId};
use crate::series::groups::MemberCurve;
use crate::server::store::Store;
use crate::server::store::error::StoreError;
use crate::server::store::series::codec::StoredOutline;
use crate::server::store::series::outlines::{OutlineParts, READ_TOGETHER};

/// A series whose outline has all its points.
struct StoredCurve {
    /// Position in the request.
    at: usize,
    key: i64,
    points: u64,
}

impl Store {
    /// The curves of series of runs in a cell, as [`Store::outlines`] has them, in the order of `series`; `None` of series that are not there
    /// or have no points. Without the ranges the lowest and the highest values are the means, unless the outline is made from points.
    ///
    /// A curve takes up to 16 KB of memory: ask for at most 1,000 at a time.
    pub async fn outline_curves(
        &self,
        cell: &CellId,
        series: &[SeriesId],
        parts: OutlineParts,
    ) -> Result<Vec<Option<MemberCurve>>, StoreError> {
        let stored: Vec<StoredCurve> = {
            let index = self.index();
            let stored = series.iter().enumerate().filter_map(|(at, id)| {
                let known = index.visible_series(cell, id).filter(|known| known.outlined > 0 && known.outlined == known.count())?;
                Some(StoredCurve { at, key: known.key, points: known.outlined })
            });
            stored.collect()
        };
        let mut found = vec![None; series.len()];
        for (at, curve) in self.stored_curves(stored, parts).await? {
            found[at] = Some(curve);
        }
        let left: Vec<usize> = (0..series.len()).filter(|at| found[*at].is_none()).collect();
        if left.is_empty() {
            return Ok(found);
        }
        let ids: Vec<SeriesId> = left.iter().map(|at| series[*at].clone()).collect();
        for (at, outline) in left.into_iter().zip(self.outlines(cell, &ids).await?) {
            found[at] = outline.as_ref().map(MemberCurve::from);
        }
        Ok(found)
    }

    /// Those that are on disk, sound, and still of all points.
    async fn stored_curves(&self, stored: Vec<StoredCurve>, parts: OutlineParts) -> Result<Vec<(usize, MemberCurve)>, StoreError> {
        if stored.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<i64> = stored.iter().map(|stored| stored.key).collect();
        let outlines = read_stored_outlines(&keys, parts, LazyConnection::default().get(self).await?).await?;
        let decode = move || {
            let curves = stored.iter().enumerate().filter_map(|(place, stored)| {
                let outline =
                    outlines[place / READ_TOGETHER].get(stored.key).filter(|outline: &StoredOutline| outline.points() == stored.points)?;
                Some((stored.at, outline.curve().ok()?))
            });
            curves.collect()
        };
        blocking(decode).await
    }
}
