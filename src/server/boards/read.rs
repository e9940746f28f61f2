//! Reading boards: cells, documents, points and columns, as they are committed.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLockReadGuard};

use super::along_metric::meeting;
use super::board_document::is_there;
use super::runs::started_ms;
use super::{Boards, Document, Query, not_found};
use crate::protocol::columns::SeriesColumns;
use crate::protocol::{AxisScale, Board, Cell, CellId, RunId, SeriesId, XAxis};
use crate::series::{PixelScale, Window};
use crate::server::error::ServerError;
use crate::server::store::{AlongMetric, Index, PointsPage, Record, RunRecord, SmoothingWeights, StoreError, StoredValue, TimeOrigin};

/// The columns of a cell, as far as they can be read.
pub enum ColumnsOutcome {
    Found(Vec<SeriesColumns>),
    Missing,
    Damaged,
}

/// The part of a line chart that is read.
#[derive(Clone, Debug)]
pub struct LineWindow {
    pub x: XAxis,
    /// Of [`XAxis::Metric`].
    pub x_metric: Arc<str>,
    /// Along `x`: steps, seconds since 1970, or seconds since the start of each run. Infinite for the ends of the series.
    pub from: f64,
    pub to: f64,
    /// Pixels that the columns are for.
    pub width: u32,
    pub scale: AxisScale,
}

impl LineWindow {
    fn origin(&self) -> TimeOrigin {
        fn start(run: &RunRecord) -> f64 {
            started_ms(run) as f64 / 1e3
        }
        if self.x == XAxis::Relative { TimeOrigin::RunStart(start) } else { TimeOrigin::Epoch }
    }
}

impl Boards {
    /// The committed state. Hold the guard shortly: the writer waits for it.
    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.store.index()
    }

    /// The cell of this id; `None` too for a text that is no id.
    pub fn record(&self, id: &str) -> Option<Arc<Record>> {
        self.index().cell(&CellId::parse(id)?).cloned()
    }

    /// Changes if commits may have been lost: event numbers of different epochs cannot be compared.
    pub fn epoch(&self) -> &str {
        self.store.epoch()
    }

    /// A record, and the JSON text of its value if it has one. A damaged value is logged, and replaced in the record by a text.
    pub async fn value_or_damaged(&self, record: &Arc<Record>) -> Result<(Arc<Record>, Option<Arc<str>>), StoreError> {
        self.store.value_or_damaged(record).await
    }

    /// At most `limit` points of a series, from the one at `from`. `None` if there is no such series.
    pub async fn points(&self, cell: &CellId, series: &SeriesId, from: u64, limit: usize) -> Result<Option<PointsPage>, StoreError> {
        self.store.points(cell, series, from, limit).await
    }

    /// The columns of a cell's series without a run and of those of `runs`, each smoothed by its weight. `None` if there is no such line.
    pub async fn smoothed_columns(
        &self,
        cell: &CellId,
        window: &LineWindow,
        weights: SmoothingWeights<'_>,
        runs: &[RunId],
    ) -> Result<Option<Vec<SeriesColumns>>, ServerError> {
        let LineWindow { x, from, to, width, scale, .. } = *window;
        let scale = if scale == AxisScale::Log { PixelScale::Log { origin: 0.0 } } else { PixelScale::Linear };
        let columns = Window { axis: x.axis(), from, to, width, scale };
        if x != XAxis::Metric {
            return Ok(self.store.columns(cell, columns, window.origin(), weights, runs).await?);
        }
        let metric = &*window.x_metric;
        self.joined_points(cell, metric, runs)?;
        let meeting = |run: &RunRecord, own: &str| meeting(run, own, metric);
        Ok(self.store.joined_columns(cell, columns, AlongMetric { metric, meeting: &meeting }, weights, runs).await?)
    }

    /// Reads the columns of a cell's series, with smoothed lines of this weight, for a query of `together`
    /// series. `or_damage`: damaged points are logged and are no error.
    pub async fn columns(
        &self,
        cell: &CellId,
        window: &LineWindow,
        (weight, together): (f64, usize),
        runs: &[RunId],
        or_damage: bool,
    ) -> Result<ColumnsOutcome, ServerError> {
        match self.smoothed_columns(cell, window, SmoothingWeights { of: &|_| weight, together }, runs).await {
            Ok(Some(found)) => Ok(ColumnsOutcome::Found(found)),
            Ok(None) => Ok(ColumnsOutcome::Missing),
            Err(ServerError::Store(error @ StoreError::Corrupt(_))) if or_damage => {
                self.store.log_damage(&error);
                Ok(ColumnsOutcome::Damaged)
            }
            Err(error) => Err(error),
        }
    }

    /// Names the points of a series for ever: other points under the same name have another generation, and
    /// so have those that follow a loss of data.
    pub fn generation(&self, series: i64) -> String {
        format!("{}.{series}", self.store.epoch())
    }

    pub async fn get(&self, id: &str, query: &Query) -> Result<Document, ServerError> {
        let found = match CellId::parse(id) {
            Some(id) => self.store.read(&id).await?,
            None => None,
        };
        let (record, value) = found.ok_or_else(|| not_found(id))?;
        match query.matches(&record)? {
            true => Ok(Document { record, value }),
            false => Err(not_found(id).into()),
        }
    }

    /// A page of the matching cells, in the order of the query, and the number of all matching cells.
    pub async fn find(&self, query: &Query) -> Result<(Vec<Arc<Record>>, usize), ServerError> {
        let (matching, ()) = self.search(query, |_| ()).await?;
        let total = matching.len();
        Ok((query.page(matching).collect(), total))
    }

    /// The document of a record with its value. A damaged value is reported in the document, so that
    /// the other documents of a response are still returned.
    pub async fn document(&self, record: Arc<Record>, query: &Query) -> Result<Document, ServerError> {
        let large = matches!(record.value, StoredValue::Stored(_)) && query.selects("value");
        let read = if large { self.store.read(&record.id).await.transpose() } else { None };
        let (record, value) = match read {
            Some(read) => self.store.or_damaged(&record, read)?,
            None if query.selects("value") => self.store.value_or_damaged(&record).await?,
            None => (record, None),
        };
        Ok(Document { record, value })
    }

    /// The board as the page needs it. An unknown board is empty.
    pub fn snapshot(&self, name: &str) -> Board {
        // The cells are built after the lock is released, because the writer waits for it.
        let known = self.store.index().board(name).map(|known| (known.seq, known.cells.values().cloned().collect::<Vec<_>>()));
        let (seq, records) = known.unwrap_or_default();
        let mut cells: Vec<Cell> = records.iter().map(|record| record.cell()).collect();
        cells.sort_by(Cell::compare);
        Board { name: name.to_owned(), epoch: self.store.epoch().to_owned(), seq, cells }
    }

    /// The numbers of cells and of runs of a board; `None` if it has neither nor a document.
    pub fn board_counts(&self, name: &str) -> Option<(usize, usize)> {
        let index = self.store.index();
        index.board(name).filter(|board| is_there(board)).map(|board| (board.cells.len(), board.runs.len()))
    }

    /// The boards that have cells or runs, by name, with their numbers of cells and of runs.
    pub fn list(&self) -> BTreeMap<String, (usize, usize)> {
        let index = self.store.index();
        let counts = index.boards().map(|(name, board)| (name, (board.cells.len(), board.runs.len())));
        counts.filter(|(_, counts)| *counts != (0, 0)).map(|(name, counts)| (name.to_string(), counts)).collect()
    }
}
