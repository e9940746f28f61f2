//! A cache that is limited by bytes.

use std::collections::HashMap;
use std::hash::Hash;

/// An approximate LRU cache of two generations: new and used entries are in the young one; when that is full, it replaces the old one.
pub struct TwoGenerationCache<K, T> {
    /// Bytes of the young generation, at most and now.
    capacity: usize,
    bytes: usize,
    /// Entries with their bytes.
    young: HashMap<K, (T, usize)>,
    old: HashMap<K, (T, usize)>,
}

impl<K: Copy + Eq + Hash, T: Clone> TwoGenerationCache<K, T> {
    pub fn new(capacity: usize) -> Self {
        Self { capacity, bytes: 0, young: HashMap::new(), old: HashMap::new() }
    }

    pub fn get(&mut self, key: &K) -> Option<T> {
        if let Some((item, _)) = self.young.get(key) {
            return Some(item.clone());
        }
        let (item, bytes) = self.old.remove(key)?;
        self.insert(*key, item.clone(), bytes);
        Some(item)
    }

    pub fn insert(&mut self, key: K, item: T, bytes: usize) {
        if self.bytes + bytes > self.capacity {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        let before = self.young.insert(key, (item, bytes));
        self.bytes += bytes;
        self.bytes -= before.map_or(0, |(_, bytes)| bytes);
    }
}
