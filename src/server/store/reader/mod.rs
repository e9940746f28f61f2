//! Reading values, points and columns. Readers use connections of their own and never wait for the writer, nor the writer for them.

pub mod block_cache;
pub mod columns;
mod curve_state;
pub mod groups;
pub mod joined;
mod outline_curves;
pub mod outlines;
pub mod points;
mod rows;
mod run_values;
mod values;

use super::Store;
use super::error::StoreError;
use super::series::Series;
use crate::protocol::CellId;
use crate::series::MissingRead;

/// How often a read is repeated if what it reads changes meanwhile.
const READ_TRIES: u32 = 100;
/// Rows that are missing in this number of consecutive tries are damage.
const MISSING_AFTER_TRIES: u32 = 10;

enum ReadError {
    /// Rows of a series are missing: usually it was removed while it was read.
    SeriesReplaced,
    Store(StoreError),
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<MissingRead> for ReadError {
    fn from(_: MissingRead) -> Self {
        Self::SeriesReplaced
    }
}

impl Store {
    /// After a read of these series has failed for the `attempt`th time: waits for what may mend it. Error: nothing will.
    async fn before_next_try(&self, error: ReadError, attempt: u32, cell: &CellId, series: &[Series]) -> Result<(), StoreError> {
        match error {
            ReadError::SeriesReplaced if attempt < MISSING_AFTER_TRIES => tokio::task::yield_now().await,
            ReadError::SeriesReplaced | ReadError::Store(StoreError::Corrupt(_)) if self.repair_queue.add(series) => {
                // The writer repairs queued series before it runs an operation.
                self.write(1, |_| Ok::<_, StoreError>(())).await?;
            }
            ReadError::SeriesReplaced => {
                return Err(StoreError::Corrupt(format!("nodes or points of the cell '{cell}' are missing").into()));
            }
            ReadError::Store(error) => return Err(error),
        }
        Ok(())
    }
}
