//! Summaries of curves that have to be made from all points of their series, because a step went far back: step by step, while nothing else
//! is to be done, and after every 64th commit.

use std::sync::Arc;

use super::Writer;
use super::compaction::PendingState;
use crate::protocol::{CellId, SeriesId};
use crate::series::{Points, SummaryRebuild, SupersededScan};
use crate::server::store::error::{StoreError, corrupt, reason};
use crate::server::store::integrity::checksum::keyed;
use crate::server::store::series::codec::unpack_points;
use crate::server::store::series::rows::{SeriesRow, chunk_key};
use crate::server::store::series::tails::read_tail;
use crate::server::store::series::{CHUNK, Series};
use crate::server::store::{read, write};

/// Chunks that are read in one step, about 4 ms.
const CHUNKS_PER_STEP: u64 = 32;

/// A summary that is being made.
pub(crate) struct SummaryJob {
    cell: CellId,
    /// As it was when the job began.
    series: Series,
    /// Its points after the last chunk.
    tail: Points,
    /// The next chunk of the pass.
    next: u64,
    pass: Pass,
}

enum Pass {
    Scan(SupersededScan),
    Rebuild(Box<SummaryRebuild>),
}

impl Writer {
    /// One step of making a summary. False if there is none to be made.
    pub(super) async fn make_summaries(&mut self) -> bool {
        let job = match self.summary_job.take() {
            Some(job) => job,
            None => {
                let Some((cell, id)) = write(&self.index).summaries_due().pop() else { return false };
                match self.begin_summary(cell, &id).await {
                    Ok(Some(job)) => job,
                    Ok(None) => return true,
                    Err(why) => {
                        tracing::error!("the summary of a series cannot be made: {}", reason(&why));
                        return true;
                    }
                }
            }
        };
        match self.continue_summary(job).await {
            Ok(job) => self.summary_job = job,
            Err(why) => tracing::error!("the summary of a series cannot be made: {}", reason(&why)),
        }
        true
    }

    async fn begin_summary(&mut self, cell: CellId, id: &SeriesId) -> sqlx::Result<Option<SummaryJob>> {
        let series = read(&self.index).cell_series(&cell).and_then(|known| known.get(id)).filter(|series| series.needs_summary()).cloned();
        let Some(series) = series else { return Ok(None) };
        let tail = self.points_after_chunks(&series).await?;
        Ok(Some(SummaryJob { cell, series, tail, next: 0, pass: Pass::Scan(SupersededScan::default()) }))
    }

    async fn points_after_chunks(&mut self, series: &Series) -> sqlx::Result<Points> {
        let mut points = read_tail(&mut self.connection, series).await?;
        points.extend(&series.recent);
        Ok(points)
    }

    async fn continue_summary(&mut self, mut job: SummaryJob) -> sqlx::Result<Option<SummaryJob>> {
        let chunks = job.series.sealed / CHUNK as u64;
        for number in job.next..chunks.min(job.next + CHUNKS_PER_STEP) {
            let Some(chunk) = self.chunk(job.series.key, number).await? else { return Ok(None) };
            match &mut job.pass {
                Pass::Scan(scan) => scan.push(&chunk.x),
                Pass::Rebuild(rebuild) => rebuild.push(&chunk),
            }
            job.next += 1;
        }
        if job.next < chunks {
            return Ok(Some(job));
        }
        match job.pass {
            Pass::Scan(mut scan) => {
                scan.push(&job.tail.x);
                Ok(Some(SummaryJob { pass: Pass::Rebuild(Box::new(scan.into_rebuild())), next: 0, ..job }))
            }
            Pass::Rebuild(mut rebuild) => {
                rebuild.push(&job.tail);
                self.end_summary(&job.cell, &job.series, *rebuild).await.map(|()| None)
            }
        }
    }

    /// Adds the points that came meanwhile, and sets the summary of the series, if that is still there.
    async fn end_summary(&mut self, cell: &CellId, before: &Series, rebuild: SummaryRebuild) -> sqlx::Result<()> {
        let now = read(&self.index).cell_series(cell).and_then(|known| known.get(&before.id)).cloned();
        let Some(mut series) = now.filter(|now| now.key == before.key) else { return Ok(()) };
        let mut later = Points::default();
        for number in before.sealed / CHUNK as u64..series.sealed / CHUNK as u64 {
            let Some(chunk) = self.chunk(series.key, number).await? else { return Ok(()) };
            later.extend(&chunk);
        }
        later.extend(&self.points_after_chunks(&series).await?);
        let mut summary = rebuild.finish();
        summary.push(&later.slice((before.count() - before.sealed) as usize, later.len()));
        series.summary = Some(Arc::new(summary));
        let (is_stored, is_due) = (series.recent.is_empty(), series.needs_summary());
        {
            let mut index = write(&self.index);
            if is_due {
                index.summaries_due().push((cell.clone(), series.id.clone()));
            }
            if let Some(known) = index.known_series_mut(cell, &series.id) {
                known.summary = series.summary.clone();
            }
        }
        // Otherwise it is stored with the next tail.
        if is_stored && !is_due { self.store_summary(cell, &series).await } else { Ok(()) }
    }

    /// Stores the summary of a series whose points are all in chunks and tail, in a commit of its own.
    async fn store_summary(&mut self, cell: &CellId, series: &Series) -> sqlx::Result<()> {
        let seq = read(&self.index).cell_series(cell).map_or(0, |known| known.seq);
        let mut pending: PendingState = self.compaction.begin_commit();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
        let written = async {
            let row = SeriesRow::of(series, cell.as_str(), seq);
            row.replace(&mut self.connection, &mut pending.state.row_counts).await?;
            pending.state.replace(&self.compaction.state, &mut self.connection).await?;
            sqlx::query("COMMIT").execute(&mut self.connection).await
        };
        let done = match written.await {
            Ok(_) => {
                self.compaction.apply(pending);
                self.committed()
            }
            Err(why) => {
                let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
                Err(why)
            }
        };
        // It is made again after the next start if the disk is full.
        match done.map_err(StoreError::from_write) {
            Err(error @ StoreError::Failed(_)) => self.record_failure(&error, ""),
            Err(error) => tracing::warn!("the summary of a series could not be stored: {error}"),
            Ok(()) => {}
        }
        Ok(())
    }

    /// `None` if it is not there: the series was deleted.
    async fn chunk(&mut self, series: i64, number: u64) -> sqlx::Result<Option<Points>> {
        let key = chunk_key(series, number);
        let select = sqlx::query_scalar::<_, Vec<u8>>("SELECT points FROM chunk WHERE key = ?").bind(key);
        let Some(bytes) = select.fetch_optional(&mut self.connection).await? else { return Ok(None) };
        unpack_points(&keyed(bytes, key)).map(Some).map_err(corrupt)
    }
}
