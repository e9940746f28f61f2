//! Reading the values of runs in cells of other types than `line`.

use std::sync::Arc;
use std::time::Duration;

use super::READ_TRIES;
use crate::protocol::{CellId, RunId};
use crate::server::store::Store;
use crate::server::store::error::StoreError;
use crate::server::store::integrity::checksum;

const SELECT: &str = "SELECT version, json, sum FROM value WHERE cell = ? AND ifnull(run, 0) = ? AND ifnull(step, '') = ''";

impl Store {
    /// The last value of a run in a cell, as JSON text, with its version. `None` if there is none, or no such cell or run.
    pub async fn run_value(&self, cell: &CellId, run: &RunId) -> Result<Option<(u64, Arc<str>)>, StoreError> {
        for _ in 0..READ_TRIES {
            let Some(known) = self.index().visible_run_value(cell, run) else { return Ok(None) };
            let select = sqlx::query_as::<_, (i64, Vec<u8>, i64)>(SELECT).bind(cell.as_str()).bind(run.as_str());
            let row = select.fetch_optional(&self.readers).await.map_err(StoreError::from_read)?;
            // Between a commit and its application to the index the disk has a newer version.
            if let Some((version, json, sum)) = row.filter(|(version, ..)| *version as u64 >= known.version) {
                let damaged = || StoreError::Corrupt(format!("the value of the run '{run}' in the cell '{cell}' is damaged").into());
                if sum != checksum::value(cell.as_str(), Some(run.as_str()), None, version, &json) {
                    return Err(damaged());
                }
                let json = String::from_utf8(json).map_err(|_| damaged())?;
                return Ok(Some((version as u64, json.into())));
            }
            // It may be removed at this moment.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err(StoreError::Corrupt(format!("the value of the run '{run}' in the cell '{cell}' is missing").into()))
    }
}
