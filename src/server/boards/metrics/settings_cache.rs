//! The parsed settings of boards, each parsed once for a version of its board's document.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use serde_json::Value;

use super::MetricSettings;
use crate::protocol::ApiError;
use crate::server::store::BoardDocument;

/// Parsed settings by board. An entry lives no longer than the document that it was parsed from.
#[derive(Default)]
pub struct MetricSettingsCache(Mutex<HashMap<Arc<str>, Entry>>);

struct Entry {
    document: Weak<BoardDocument>,
    settings: Arc<MetricSettings>,
}

impl MetricSettingsCache {
    /// The settings in the document of a board. Errors: as those of [`MetricSettings::parse`].
    pub fn of(&self, board: &str, document: Option<&Arc<BoardDocument>>) -> Result<Arc<MetricSettings>, ApiError> {
        let metrics = document.and_then(|document| Some((document, document.keys.get("metrics")?)));
        let Some((document, metrics)) = metrics.filter(|(_, metrics)| **metrics != Value::Null) else {
            return Ok(Arc::default());
        };
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The weak pointer holds the address: no other document can have it.
        if let Some(known) = entries.get(board).filter(|known| std::ptr::eq(known.document.as_ptr(), Arc::as_ptr(document))) {
            return Ok(known.settings.clone());
        }
        let settings = Arc::new(MetricSettings::parse(metrics)?);
        entries.retain(|_, known| known.document.strong_count() > 0);
        entries.insert(board.into(), Entry { document: Arc::downgrade(document), settings: settings.clone() });
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(unit: &str) -> Arc<BoardDocument> {
        let keys = json!({ "metrics": { "loss": { "unit": unit } } }).as_object().unwrap().clone();
        Arc::new(BoardDocument::of_row(keys, 1, 0, 0))
    }

    #[test]
    fn settings_are_parsed_once_for_a_version_of_the_document() {
        let (cache, board, other) = (MetricSettingsCache::default(), "a", "b");
        let unit = |settings: &MetricSettings| settings.of("loss").unit;
        let first = document("nat");
        let parsed = cache.of(board, Some(&first)).unwrap();
        assert!(Arc::ptr_eq(&parsed, &cache.of(board, Some(&first)).unwrap()));
        assert_eq!(unit(&parsed).as_deref(), Some("nat"));
        let second = document("bit");
        assert_eq!(unit(&cache.of(board, Some(&second)).unwrap()).as_deref(), Some("bit"));
        // A batch that is rolled back leaves the first one.
        drop(second);
        assert_eq!(unit(&cache.of(board, Some(&first)).unwrap()).as_deref(), Some("nat"));
        assert_eq!(unit(&cache.of(other, Some(&document("s"))).unwrap()).as_deref(), Some("s"));
        assert_eq!(unit(&cache.of(board, None).unwrap()), None);
        drop(first);
        let third = document("ban");
        cache.of(other, Some(&third)).unwrap();
        assert_eq!(cache.0.lock().unwrap().len(), 1, "entries of documents that are replaced or removed go");
    }

    #[test]
    fn wrong_settings_are_an_error_each_time() {
        let cache = MetricSettingsCache::default();
        let keys = json!({ "metrics": 5 }).as_object().unwrap().clone();
        let wrong = Arc::new(BoardDocument::of_row(keys, 1, 0, 0));
        for _ in 0..2 {
            assert_eq!(cache.of("a", Some(&wrong)).unwrap_err().code, 400);
        }
    }
}
