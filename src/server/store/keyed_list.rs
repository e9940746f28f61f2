//! Items in insertion order that are found by key: a cell may have a thousand series, and a request may contain all of them.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::{Deref, DerefMut};

/// Up to this number a linear search is faster than hashing.
const LINEAR_SEARCH_MAX: usize = 16;
/// Up to this number memory is taken for one item after the other: there are many lists of few items.
const EXACT_CAPACITY_MAX: usize = 4;

pub trait Keyed {
    type Key: Clone + Eq + Hash;

    fn key(&self) -> &Self::Key;
}

/// Items in insertion order with unique, immutable keys.
#[derive(Clone, Debug)]
pub struct KeyedList<T: Keyed> {
    items: Vec<T>,
    /// Position of each key; `None` up to [`LINEAR_SEARCH_MAX`] items.
    #[expect(clippy::box_collection, reason = "most lists are short, and there are many: the box keeps them small")]
    positions: Option<Box<HashMap<T::Key, usize>>>,
}

impl<T: Keyed> Default for KeyedList<T> {
    fn default() -> Self {
        Self { items: Vec::new(), positions: None }
    }
}

impl<T: Keyed> KeyedList<T> {
    pub fn position<K: Eq + Hash + ?Sized>(&self, key: &K) -> Option<usize>
    where
        T::Key: Borrow<K>,
    {
        match &self.positions {
            None => self.items.iter().position(|item| Borrow::<K>::borrow(item.key()) == key),
            Some(positions) => positions.get(key).copied(),
        }
    }

    pub fn get<K: Eq + Hash + ?Sized>(&self, key: &K) -> Option<&T>
    where
        T::Key: Borrow<K>,
    {
        self.position(key).map(|at| &self.items[at])
    }

    pub fn get_mut<K: Eq + Hash + ?Sized>(&mut self, key: &K) -> Option<&mut T>
    where
        T::Key: Borrow<K>,
    {
        self.position(key).map(|at| &mut self.items[at])
    }

    /// Appends an item, whose key no other item may have, and returns its position.
    pub fn push(&mut self, item: T) -> usize {
        let position = self.items.len();
        if let Some(positions) = &mut self.positions {
            positions.insert(item.key().clone(), position);
        }
        if position < EXACT_CAPACITY_MAX {
            self.items.reserve_exact(1);
        }
        self.items.push(item);
        if self.items.len() == LINEAR_SEARCH_MAX + 1 {
            self.rebuild();
        }
        position
    }

    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        let before = self.items.len();
        self.items.retain(keep);
        if self.items.len() < before {
            self.rebuild();
        }
    }

    fn rebuild(&mut self) {
        let positions = || self.items.iter().enumerate().map(|(position, item)| (item.key().clone(), position)).collect();
        self.positions = (self.items.len() > LINEAR_SEARCH_MAX).then(|| Box::new(positions()));
    }
}

impl<T: Keyed> FromIterator<T> for KeyedList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut named = Self { items: items.into_iter().collect(), positions: None };
        named.rebuild();
        named
    }
}

impl<T: Keyed> IntoIterator for KeyedList<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T: Keyed> IntoIterator for &'a KeyedList<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<T: Keyed> Deref for KeyedList<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T: Keyed> DerefMut for KeyedList<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    impl Keyed for Arc<str> {
        type Key = Self;

        fn key(&self) -> &Self {
            self
        }
    }

    #[test]
    fn items_are_found_below_and_above_the_limit_of_linear_search() {
        let mut named: KeyedList<Arc<str>> = KeyedList::default();
        for number in 0..40 {
            assert_eq!(named.push(number.to_string().into()), number);
            assert!((0..=number).all(|known| named.position(known.to_string().as_str()) == Some(known)));
            assert_eq!(named.position("40"), None);
        }
        for left in (0..40).rev() {
            named.retain(|name| name.len() > 1 || **name <= *"4");
            named.retain(|name| **name != *left.to_string());
            assert!(named.iter().enumerate().all(|(position, name)| named.position(&**name) == Some(position)));
            assert_eq!(named.position(left.to_string().as_str()), None);
        }
        assert!(named.is_empty());
        let named: KeyedList<Arc<str>> = (0..20).map(|number| Arc::from(number.to_string())).collect();
        assert_eq!((named.position("19"), named.position("20"), named.len()), (Some(19), None, 20));
    }
}
