//! Reading values of cells.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::READ_TRIES;
use crate::protocol::CellId;
use crate::server::log::throttle::LogThrottle;
use crate::server::store::error::{StoreError, reason};
use crate::server::store::index::Index;
use crate::server::store::open::load_cells::{SELECT_VALUE, verify_value};
use crate::server::store::record::{Record, StoredValue};
use crate::server::store::{Store, series};

/// A record, and the JSON text of its value if it has one.
type Value = (Arc<Record>, Option<Arc<str>>);

static DAMAGE_LOG: LogThrottle = LogThrottle::new();

impl Store {
    /// A cell with its value, both of the same version; `None` if there is no such cell.
    pub async fn read(&self, id: &CellId) -> Result<Option<Value>, StoreError> {
        self.read_with(id, |index| index.cell(id).cloned()).await
    }

    /// A deleted cell that can be restored, with its value, or the summary of its series.
    pub async fn read_removed(&self, id: &CellId) -> Result<Option<Value>, StoreError> {
        self.read_with(id, |index| index.tombstone(id).cloned()).await
    }

    async fn read_with(&self, id: &CellId, find: impl Fn(&Index) -> Option<Arc<Record>>) -> Result<Option<Value>, StoreError> {
        let mut waited_for = None;
        for _ in 0..READ_TRIES {
            let Some(record) = find(&self.index()) else { return Ok(None) };
            if record.is_line() || !matches!(record.value, StoredValue::Stored(_)) {
                let value = self.value(&record).await?;
                return Ok(Some((record, value)));
            }
            if let Some((version, value)) = self.stored(id).await?
                && version == record.version
            {
                return Ok(Some((record, Some(value))));
            }
            waited_for = Some(record.version);
            // Between a commit and its application to the index the disk has a newer version.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        match find(&self.index()) {
            Some(record) if waited_for == Some(record.version) => Err(missing(id)),
            _ => Err(StoreError::Busy),
        }
    }

    /// The value of a record as JSON text; if it is only on disk, the newest version there. `None` if it has no value, or was purged.
    pub async fn value(&self, record: &Record) -> Result<Option<Arc<str>>, StoreError> {
        match &record.value {
            _ if record.is_line() => return Ok(Some(series::summary(self.index().series(&record.id)).into())),
            StoredValue::Missing => return Ok(None),
            StoredValue::Inline(json) => return Ok(Some(json.clone())),
            StoredValue::Stored(_) => {}
        }
        for _ in 0..READ_TRIES {
            if let Some((version, value)) = self.stored(&record.id).await?
                && version >= record.version
            {
                return Ok(Some(value));
            }
            let is_there = {
                let index = self.index();
                let known = index.cell(&record.id).or(index.tombstone(&record.id));
                known.is_some_and(|known| matches!(known.value, StoredValue::Stored(_) | StoredValue::Inline(_)))
            };
            if !is_there {
                return Ok(None);
            }
            // The value may be written or replaced at this moment.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err(missing(&record.id))
    }

    /// As [`Self::value`], for lists: if the value is damaged, the record is replaced by [`Record::damaged`].
    pub async fn value_or_damaged(&self, record: &Arc<Record>) -> Result<Value, StoreError> {
        let value = self.value(record).await;
        self.or_damaged(record, value.map(|value| (record.clone(), value)))
    }

    /// Replaces the error of a damaged value by [`Record::damaged`], and logs it.
    pub fn or_damaged<T>(
        &self,
        record: &Arc<Record>,
        read: Result<(Arc<Record>, Option<T>), StoreError>,
    ) -> Result<(Arc<Record>, Option<T>), StoreError> {
        match read {
            Err(error @ StoreError::Corrupt(_)) => {
                self.log_damage(&error);
                Ok((Arc::new(record.damaged()), None))
            }
            read => read,
        }
    }

    /// Logs damage that a reader met, and counts it.
    pub fn log_damage(&self, error: &StoreError) {
        if let Some(suppressed) = DAMAGE_LOG.permit(Instant::now()) {
            tracing::error!(suppressed, "{error}");
        }
        self.stats.record_damage();
    }

    async fn stored(&self, id: &CellId) -> Result<Option<(u64, Arc<str>)>, StoreError> {
        let select = sqlx::query_as::<_, (i64, Vec<u8>, i64)>(SELECT_VALUE).bind(id.as_str());
        let Some((version, json, sum)) = select.fetch_optional(&self.readers).await.map_err(StoreError::from_read)? else {
            return Ok(None);
        };
        let json = verify_value(id, version, json, sum).map_err(|why| StoreError::Corrupt(reason(&why).into()))?;
        Ok(Some((version as u64, Arc::from(json))))
    }
}

fn missing(id: &CellId) -> StoreError {
    StoreError::Corrupt(format!("the value of the cell '{id}' is missing, or another one's").into())
}
