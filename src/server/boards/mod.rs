//! The use cases: validate a request and commit it to the store, which publishes it. The REST API,
//! the server functions and the page use the store only through [`Boards`].

pub mod append;
pub mod cell_content;
mod chart_settings;
mod documents;
mod draft;
mod idempotency;
pub mod ingest;
pub mod keras_epoch;
mod page_actions;
mod patch;
mod query;
mod size;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use draft::{Draft, board_name, parse_many, parse_one};
pub use idempotency::{ChangeOutcome, IdempotentRequest, JsonResponse, ResponseShape};
pub use ingest::{CellPoints, SeriesPoints, parse_lines, parse_many_points, parse_points};
pub use keras_epoch::parse_epoch;
pub use query::Query;
#[cfg(any(test, feature = "fuzzing"))]
pub use query::filter::QueryBudget;

use super::error::ServerError;
use super::store::{CellColumns, Record, SmoothingWeights, Store, StoreError, StoredValue};
use crate::protocol::{ApiError, Board, Cell, CellId, ErrorKind};
use crate::series::Window;
use documents::create;

pub struct Boards {
    pub store: Arc<Store>,
}

/// The cells that a request applies to.
pub enum Target {
    /// One cell, if it matches the query.
    One(CellId, Query),
    Matching(Query),
}

/// A cell with its value, as JSON text.
pub struct Document {
    pub record: Arc<Record>,
    pub value: Option<Arc<str>>,
}

impl Document {
    pub fn to_json(&self) -> String {
        self.record.document(self.value.as_deref())
    }
}

/// The columns of a cell, as far as they can be read.
pub enum ColumnsOutcome {
    Found(CellColumns),
    Missing,
    Damaged,
}

impl Boards {
    /// Reads the columns of a cell's series, with smoothed lines of this weight, for a query of `together`
    /// series. `or_damage`: damaged points are logged and are no error.
    pub async fn columns(
        &self,
        cell: &CellId,
        window: Window,
        (weight, together): (f64, usize),
        or_damage: bool,
    ) -> Result<ColumnsOutcome, ServerError> {
        match self.store.columns(cell, window, SmoothingWeights { of: &|_| weight, together }).await {
            Ok(Some(found)) => Ok(ColumnsOutcome::Found(found)),
            Ok(None) => Ok(ColumnsOutcome::Missing),
            Err(error @ StoreError::Corrupt(_)) if or_damage => {
                self.store.log_damage(&error);
                Ok(ColumnsOutcome::Damaged)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Names the points of a series for ever: other points under the same name have another generation, and
    /// so have those that follow a loss of data.
    pub fn generation(&self, series: i64) -> String {
        format!("{}.{series}", self.store.epoch())
    }
}

fn not_found(id: &str) -> ApiError {
    ErrorKind::NotFound.with(format!("No record found for id '{id}'"))
}

impl Target {
    pub fn one(id: &str, query: Query) -> Result<Self, ApiError> {
        CellId::parse(id).map(|id| Self::One(id, query)).ok_or_else(|| not_found(id))
    }

    fn id(id: CellId) -> Self {
        Self::One(id, Query::default())
    }

    /// The cell, if the target is one.
    fn cell(&self) -> Option<&CellId> {
        match self {
            Self::One(id, _) => Some(id),
            Self::Matching(_) => None,
        }
    }

    fn query(&self) -> &Query {
        match self {
            Self::One(_, query) | Self::Matching(query) => query,
        }
    }
}

impl Boards {
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

    /// The boards that have cells, by name, with their number of cells.
    pub fn list(&self) -> BTreeMap<String, usize> {
        let index = self.store.index();
        let not_empty = index.boards().filter(|(_, board)| !board.cells.is_empty());
        not_empty.map(|(name, board)| (name.to_string(), board.cells.len())).collect()
    }
}
