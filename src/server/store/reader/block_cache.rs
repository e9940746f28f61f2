//! Cache of blocks of nodes, of decoded chunks and of outlines that were made from points, limited by bytes. Its entries never change on
//! disk, except that blocks that are not full grow, and so do tails, which have the keys of the chunks that they become.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::curve_state::CurveState;
use crate::series::{Nodes, Points};
use crate::server::limits::{BLOCK_CACHE_BYTES, CHUNK_CACHE_BYTES, OUTLINE_CACHE_BYTES};
use crate::server::two_generation_cache::TwoGenerationCache;

pub struct Cache {
    blocks: Mutex<TwoGenerationCache<i64, Arc<dyn Nodes>>>,
    chunks: Mutex<TwoGenerationCache<i64, Arc<Points>>>,
    curves: Mutex<TwoGenerationCache<i64, Arc<CurveState>>>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            blocks: Mutex::new(TwoGenerationCache::new(BLOCK_CACHE_BYTES)),
            chunks: Mutex::new(TwoGenerationCache::new(CHUNK_CACHE_BYTES)),
            curves: Mutex::new(TwoGenerationCache::new(OUTLINE_CACHE_BYTES)),
        }
    }
}

/// Keys are those of the rows, and of series.
impl Cache {
    /// The curve of the first points of a series.
    pub fn curve(&self, series: i64) -> Option<Arc<CurveState>> {
        lock(&self.curves).get(&series)
    }

    pub fn insert_curve(&self, series: i64, curve: Arc<CurveState>) {
        let bytes = curve.bytes();
        lock(&self.curves).insert(series, curve, bytes);
    }

    pub fn block(&self, key: i64) -> Option<Arc<dyn Nodes>> {
        lock(&self.blocks).get(&key)
    }

    pub fn insert_block(&self, key: i64, block: Arc<dyn Nodes>, bytes: usize) {
        lock(&self.blocks).insert(key, block, bytes);
    }

    pub fn chunk(&self, key: i64) -> Option<Arc<Points>> {
        lock(&self.chunks).get(&key)
    }

    pub fn insert_chunk(&self, key: i64, chunk: Arc<Points>) {
        let bytes = 3 * size_of::<f64>() * chunk.len();
        lock(&self.chunks).insert(key, chunk, bytes);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
