//! Summaries and outlines that have to be made from the points of their series: step by step, while nothing else is to be done, and after
//! every 64th commit.

use std::sync::Arc;

use super::Writer;
use super::compaction::PendingState;
use crate::protocol::{CellId, SeriesId};
use crate::series::{CurveRebuild, CurveSummary, OutlineBuilder, Points, SupersededScan};
use crate::server::store::error::{StoreError, corrupt, reason};
use crate::server::store::integrity::checksum::keyed;
use crate::server::store::series::codec::unpack_points;
use crate::server::store::series::outlines::{SELECT_OUTLINES, put_outline, read_outline};
use crate::server::store::series::rows::{SeriesRow, chunk_key};
use crate::server::store::series::tails::{put_tail, read_tail};
use crate::server::store::series::{CHUNK, Series};
use crate::server::store::{now_ms, read, write};

/// Chunks and tails that are read in one step, about 20 ms: each step ends with a commit, whose flush takes longer than the rest of a
/// small one.
const READS_PER_STEP: u64 = 128;
/// After so many reads the step ends if a change waits.
const MIN_READS_PER_STEP: u64 = 16;

/// The curve of a series that is being made.
pub(crate) struct CurveJob {
    cell: CellId,
    key: i64,
    id: SeriesId,
    pass: Pass,
}

#[expect(clippy::large_enum_variant, reason = "there is one job at a time")]
enum Pass {
    /// Pushes the points that the outline does not have yet, to the summary, too, if it has to be made.
    Push {
        outline: OutlineBuilder,
        summary: Option<CurveSummary>,
    },
    /// Of the first `points` points; the next chunk is `next`.
    Scan {
        scan: SupersededScan,
        next: u64,
    },
    Rebuild {
        rebuild: Box<CurveRebuild>,
        points: u64,
        next: u64,
    },
}

/// The curve of all points that a series has.
struct MadeCurve {
    cell: CellId,
    series: Series,
    /// The points after the last chunk.
    tail: Points,
    outline: OutlineBuilder,
    summary: Option<CurveSummary>,
}

impl Writer {
    /// One step of making summaries and outlines. False if there are none to be made.
    pub(super) async fn make_curves(&mut self) -> bool {
        if !self.reserve.is_filled() {
            return false;
        }
        let (mut reads, mut made) = (READS_PER_STEP, Vec::new());
        let mut is_idle = true;
        while reads > 0 && (reads > READS_PER_STEP - MIN_READS_PER_STEP || self.queue.is_empty()) {
            let job = match self.curve_job.take() {
                Some(job) => job,
                None => {
                    let Some((cell, id)) = write(&self.index).next_curve(now_ms()) else { break };
                    reads -= 1;
                    match self.begin_curve(cell, &id).await {
                        Ok(Some(job)) => job,
                        Ok(None) => continue,
                        Err(why) => {
                            tracing::error!("the outline of a series cannot be made: {}", reason(&why));
                            continue;
                        }
                    }
                }
            };
            is_idle = false;
            match self.continue_curve(job, &mut reads).await {
                Ok(Some(curve)) => made.push(curve),
                Ok(None) => {}
                Err(why) => tracing::error!("the outline of a series cannot be made: {}", reason(&why)),
            }
        }
        if !made.is_empty() {
            self.store_curves(made).await;
        }
        !is_idle
    }

    async fn begin_curve(&mut self, cell: CellId, id: &SeriesId) -> sqlx::Result<Option<CurveJob>> {
        let known = read(&self.index).cell_series(&cell).and_then(|known| known.get(id)).cloned();
        let Some(series) = known.filter(|series| series.needs_curve() && !series.is_damaged()) else { return Ok(None) };
        let pass = if series.needs_summary() {
            Pass::Scan { scan: SupersededScan::default(), next: 0 }
        } else {
            Pass::Push { outline: self.stored_outline(&series).await?, summary: None }
        };
        Ok(Some(CurveJob { cell, key: series.key, id: series.id, pass }))
    }

    /// The outline as far as it is stored; one without points if it is missing or damaged.
    async fn stored_outline(&mut self, series: &Series) -> sqlx::Result<OutlineBuilder> {
        if series.outlined == 0 {
            return Ok(OutlineBuilder::default());
        }
        let select = sqlx::query(SELECT_OUTLINES).bind(format!("[{}]", series.key));
        let row = select.fetch_optional(&mut self.connection).await?;
        let stored = row.and_then(|row| read_outline(&row).ok());
        Ok(stored.filter(|outline| outline.points() <= series.count()).unwrap_or_default())
    }

    /// Reads at most `reads` chunks and tails. Returns the curve once it has all points; until then the job is put back, unless the series
    /// was removed.
    async fn continue_curve(&mut self, job: CurveJob, reads: &mut u64) -> sqlx::Result<Option<MadeCurve>> {
        let CurveJob { cell, key, id, mut pass } = job;
        let known = read(&self.index).cell_series(&cell).and_then(|known| known.get(&id)).cloned();
        let Some(series) = known.filter(|series| series.key == key) else { return Ok(None) };
        let mut tail: Option<Points> = None;
        let chunks = series.sealed / CHUNK as u64;
        loop {
            let next = match &pass {
                Pass::Push { outline, .. } => outline.points() / CHUNK as u64,
                Pass::Scan { next, .. } | Pass::Rebuild { next, .. } => *next,
            };
            if *reads == 0 {
                self.curve_job = Some(CurveJob { cell, key, id, pass });
                return Ok(None);
            }
            *reads -= 1;
            let is_last = next >= chunks;
            let read_chunk;
            let slice: &Points = if is_last {
                if tail.is_none() {
                    tail = Some(self.points_after_chunks(&series).await?);
                }
                tail.get_or_insert_default()
            } else {
                let Some(chunk) = self.chunk(key, next).await? else { return Ok(None) };
                read_chunk = chunk;
                &read_chunk
            };
            let start = next * CHUNK as u64;
            pass = match pass {
                Pass::Push { mut outline, mut summary } => {
                    let later = slice.slice((outline.points() - start).min(slice.len() as u64) as usize, slice.len());
                    summary.iter_mut().for_each(|summary| summary.push(&later));
                    outline.push(&later);
                    if outline.needs_rebuild() || summary.as_ref().is_some_and(CurveSummary::needs_rebuild) {
                        Pass::Scan { scan: SupersededScan::default(), next: 0 }
                    } else if is_last {
                        let tail = tail.unwrap_or_default();
                        return Ok(Some(MadeCurve { cell, series, tail, outline, summary }));
                    } else {
                        Pass::Push { outline, summary }
                    }
                }
                Pass::Scan { mut scan, .. } => {
                    scan.push(&slice.x);
                    let points = start + slice.len() as u64;
                    if is_last {
                        Pass::Rebuild { rebuild: Box::new(scan.into_rebuild()), points, next: 0 }
                    } else {
                        Pass::Scan { scan, next: next + 1 }
                    }
                }
                Pass::Rebuild { mut rebuild, points, .. } => {
                    // Meanwhile the slice that was the last one may have got more points.
                    let known = (points - start).min(slice.len() as u64) as usize;
                    rebuild.push(&slice.slice(0, known));
                    if start + known as u64 == points {
                        let (summary, outline) = rebuild.finish();
                        write(&self.index).curves_mut().set_rebuilt(&series);
                        Pass::Push { outline, summary: Some(summary) }
                    } else {
                        Pass::Rebuild { rebuild, points, next: next + 1 }
                    }
                }
            };
        }
    }

    async fn points_after_chunks(&mut self, series: &Series) -> sqlx::Result<Points> {
        let mut points = read_tail(&mut self.connection, series).await?;
        points.extend(&series.recent);
        Ok(points)
    }

    /// Sets the summaries of series, and stores them with the outlines and the tails, in a commit of its own.
    async fn store_curves(&mut self, made: Vec<MadeCurve>) {
        let mut made: Vec<MadeCurve> = made;
        {
            let mut index = write(&self.index);
            for MadeCurve { cell, series, summary, .. } in &mut made {
                let Some(summary) = summary.take() else { continue };
                series.summary = Some(Arc::new(summary));
                series.summary.iter().for_each(|summary| index.set_summary(cell, &series.id, summary.clone()));
            }
        }
        let done = self.commit_curves(&mut made).await.map_err(StoreError::from_write);
        match done {
            Ok(()) => {
                let mut index = write(&self.index);
                for MadeCurve { cell, series, .. } in made {
                    if let Some(known) = index.known_series_mut(&cell, &series.id) {
                        known.outlined = series.outlined;
                        known.set_stored(series.stored);
                    }
                }
            }
            // They are made again after the next start.
            Err(error) => self.record_failure(&error, "summaries and outlines of series could not be stored"),
        }
    }

    async fn commit_curves(&mut self, made: &mut [MadeCurve]) -> sqlx::Result<()> {
        let mut pending: PendingState = self.compaction.begin_commit();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        let written = async {
            for MadeCurve { cell, series, tail, outline, .. } in made {
                if series.needs_outline() {
                    put_outline(&mut self.connection, series.key, outline).await?;
                    series.outlined = outline.points();
                }
                // The row has the figures of the points in chunks and tail: all of them.
                if !series.recent.is_empty() {
                    series.set_stored(put_tail(&mut self.connection, series.key, series.sealed, tail).await?);
                    pending.set_flushed(series.key);
                }
                let seq = read(&self.index).cell_series(cell).map_or(0, |known| known.seq);
                SeriesRow::of(series, cell.as_str(), seq).replace(&mut self.connection, &mut pending.state.row_counts).await?;
            }
            pending.state.replace(&self.compaction.state, &mut self.connection).await?;
            sqlx::query("COMMIT").execute(&mut self.connection).await
        };
        match written.await {
            Ok(_) => {
                self.compaction.apply(pending);
                self.committed()
            }
            Err(why) => {
                let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
                Err(why)
            }
        }
    }

    /// `None` if it is not there: the series was deleted.
    async fn chunk(&mut self, series: i64, number: u64) -> sqlx::Result<Option<Points>> {
        let key = chunk_key(series, number);
        let select = sqlx::query_scalar::<_, Vec<u8>>("SELECT points FROM chunk WHERE key = ?").bind(key);
        let Some(bytes) = select.fetch_optional(&mut self.connection).await? else { return Ok(None) };
        unpack_points(&keyed(bytes, key)).map(Some).map_err(corrupt)
    }
}
