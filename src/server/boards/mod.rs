//! The use cases: validate a request and commit it to the store, which publishes it. The REST API,
//! the server functions and the page use the store only through [`Boards`].

pub mod along_metric;
pub mod append;
mod board_document;
mod board_items;
pub mod board_list;
mod board_sizes;
pub mod board_trash;
mod canonical_json;
pub mod cell_content;
mod chart_settings;
mod document_merge;
mod documents;
mod draft;
mod empty_charts;
mod existing_run;
pub mod front;
pub mod groups;
mod idempotency;
pub mod ingest;
pub mod keras_epoch;
pub mod layout;
mod layout_rules;
pub mod lines;
pub mod marks;
pub mod metrics;
mod page_actions;
mod patch;
mod query;
mod read;
mod run_list;
pub mod run_table;
pub mod runs;
mod size;
pub mod views;

use std::sync::Arc;

pub use along_metric::check_joined_points;
pub use board_document::{BoardDraft, parse_board};
pub use draft::{Draft, board_name, parse_many, parse_one};
pub use idempotency::{ChangeOutcome, IdempotentRequest, JsonResponse, ResponseShape};
pub use ingest::{CellPoints, SeriesPoints, parse_lines, parse_many_points, parse_points};
pub use keras_epoch::parse_epoch;
use metrics::MetricSettingsCache;
pub use query::Query;
#[cfg(any(test, feature = "fuzzing"))]
pub use query::filter::QueryBudget;
pub use read::{ColumnsOutcome, LineWindow};
use runs::{ConfigIndexes, ConsoleTurns, RunSigns};

use super::store::{Batch, Record, Store, StoreError, StoreStats, now_ms};
use crate::protocol::{ApiError, CellId, ErrorKind};
use documents::create;
use front::FigureCache;
use groups::curves::GroupCurveCache;

/// The boards, over the store. Only the use cases here write to it.
pub struct Boards {
    store: Arc<Store>,
    signs: Arc<RunSigns>,
    config_indexes: Arc<ConfigIndexes>,
    metric_settings: Arc<MetricSettingsCache>,
    console_turns: ConsoleTurns,
    figures: FigureCache,
    group_curves: GroupCurveCache,
}

impl Boards {
    pub fn new(store: Store) -> Self {
        Self {
            store: Arc::new(store),
            signs: Arc::default(),
            config_indexes: Arc::default(),
            metric_settings: Arc::default(),
            console_turns: ConsoleTurns::default(),
            figures: FigureCache::default(),
            group_curves: GroupCurveCache::default(),
        }
    }

    /// Counters and failures of the database.
    pub fn stats(&self) -> &StoreStats {
        self.store.stats()
    }

    /// Errors: no changes are taken, and why.
    pub fn ready(&self) -> Result<(), StoreError> {
        self.store.ready()
    }

    /// Number of changes that wait for the disk, and their estimated bytes.
    pub fn queued(&self) -> (usize, usize) {
        self.store.queued()
    }

    /// Deletes the tombstones of all boards and returns their number: their cells, and the boards in the trash, cannot be restored any more.
    pub async fn purge(&self) -> Result<usize, StoreError> {
        let begun_ms = now_ms();
        let purged = self.store.purge().await?;
        self.forget_removed_boards(begun_ms).await?;
        Ok(purged)
    }

    /// Takes no more changes, and waits until those that were taken are on disk.
    pub async fn close(&self) {
        let signs = self.signs.clone();
        // Without them a run seems to be silent for longer; a full disk is no reason not to stop.
        let store_signs = move |batch: &mut Batch| {
            signs.store_all(batch);
            Ok::<_, StoreError>(())
        };
        let stored = self.store.write(1, store_signs).await;
        if let Err(error) = stored {
            tracing::debug!("the last signs of runs are not stored: {error}");
        }
        self.store.close().await;
    }

    /// For tests that go behind the use cases.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn store(&self) -> &Store {
        &self.store
    }
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
