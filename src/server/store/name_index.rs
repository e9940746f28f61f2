//! Items in insertion order that are found by name: a cell may have a thousand series, and a request may contain all of them.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Up to this number a linear search is faster than hashing.
const LINEAR_SEARCH_MAX: usize = 16;

pub trait Keyed {
    fn name(&self) -> &Arc<str>;
}

/// Items in insertion order with unique, immutable names.
#[derive(Clone, Debug)]
pub struct NameIndex<T> {
    items: Vec<T>,
    /// Position of each name; empty up to [`LINEAR_SEARCH_MAX`] items.
    positions: HashMap<Arc<str>, usize>,
}

impl<T> Default for NameIndex<T> {
    fn default() -> Self {
        Self { items: Vec::new(), positions: HashMap::new() }
    }
}

impl<T: Keyed> NameIndex<T> {
    pub fn position(&self, name: &str) -> Option<usize> {
        match self.positions.is_empty() {
            true => self.items.iter().position(|item| **item.name() == *name),
            false => self.positions.get(name).copied(),
        }
    }

    pub fn get(&self, name: &str) -> Option<&T> {
        self.position(name).map(|at| &self.items[at])
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.position(name).map(|at| &mut self.items[at])
    }

    /// Appends an item, whose name no other item may have, and returns its position.
    pub fn push(&mut self, item: T) -> usize {
        let position = self.items.len();
        if !self.positions.is_empty() {
            self.positions.insert(item.name().clone(), position);
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
        self.positions.clear();
        if self.items.len() > LINEAR_SEARCH_MAX {
            self.positions.extend(self.items.iter().enumerate().map(|(position, item)| (item.name().clone(), position)));
        }
    }
}

impl<T: Keyed> FromIterator<T> for NameIndex<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut named = Self { items: items.into_iter().collect(), positions: HashMap::new() };
        named.rebuild();
        named
    }
}

impl<T> IntoIterator for NameIndex<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a NameIndex<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<T> Deref for NameIndex<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> DerefMut for NameIndex<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Keyed for Arc<str> {
        fn name(&self) -> &Arc<str> {
            self
        }
    }

    #[test]
    fn items_are_found_below_and_above_the_limit_of_linear_search() {
        let mut named: NameIndex<Arc<str>> = NameIndex::default();
        for number in 0..40 {
            assert_eq!(named.push(number.to_string().into()), number);
            assert!((0..=number).all(|known| named.position(&known.to_string()) == Some(known)));
            assert_eq!(named.position("40"), None);
        }
        for left in (0..40).rev() {
            named.retain(|name| name.len() > 1 || **name <= *"4");
            named.retain(|name| **name != *left.to_string());
            assert!(named.iter().enumerate().all(|(position, name)| named.position(name) == Some(position)));
            assert_eq!(named.position(&left.to_string()), None);
        }
        assert!(named.is_empty());
        let named: NameIndex<Arc<str>> = (0..20).map(|number| Arc::from(number.to_string())).collect();
        assert_eq!((named.position("19"), named.position("20"), named.len()), (Some(19), None, 20));
    }
}
