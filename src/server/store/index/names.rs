//! Series by their names: a cell may have a thousand, and a request may be about all of them.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// So few are found faster by looking at each.
const FEW: usize = 16;

pub trait Keyed {
    fn name(&self) -> &Arc<str>;
}

/// Items in the order in which they came, no two of one name. Names do not change.
#[derive(Clone, Debug)]
pub struct NameIndex<T> {
    list: Vec<T>,
    /// Where each stands; empty while there are few.
    places: HashMap<Arc<str>, usize>,
}

impl<T> Default for NameIndex<T> {
    fn default() -> Self {
        Self { list: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Keyed> NameIndex<T> {
    pub fn place(&self, name: &str) -> Option<usize> {
        match self.places.is_empty() {
            true => self.list.iter().position(|item| **item.name() == *name),
            false => self.places.get(name).copied(),
        }
    }

    pub fn find(&self, name: &str) -> Option<&T> {
        self.place(name).map(|at| &self.list[at])
    }

    pub fn find_mut(&mut self, name: &str) -> Option<&mut T> {
        self.place(name).map(|at| &mut self.list[at])
    }

    /// Answers where it stands. No item has its name.
    pub fn push(&mut self, item: T) -> usize {
        let place = self.list.len();
        if !self.places.is_empty() {
            self.places.insert(item.name().clone(), place);
        }
        self.list.push(item);
        if self.list.len() == FEW + 1 {
            self.arrange();
        }
        place
    }

    pub fn retain(&mut self, stays: impl FnMut(&T) -> bool) {
        let before = self.list.len();
        self.list.retain(stays);
        if self.list.len() < before {
            self.arrange();
        }
    }

    fn arrange(&mut self) {
        self.places.clear();
        if self.list.len() > FEW {
            self.places.extend(self.list.iter().enumerate().map(|(place, item)| (item.name().clone(), place)));
        }
    }
}

impl<T: Keyed> FromIterator<T> for NameIndex<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut named = Self { list: items.into_iter().collect(), places: HashMap::new() };
        named.arrange();
        named
    }
}

impl<T> IntoIterator for NameIndex<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a NameIndex<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl<T> Deref for NameIndex<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.list
    }
}

impl<T> DerefMut for NameIndex<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.list
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
    fn few_and_many_are_found_where_they_stand() {
        let mut named: NameIndex<Arc<str>> = NameIndex::default();
        for number in 0..40 {
            assert_eq!(named.push(number.to_string().into()), number);
            assert!((0..=number).all(|known| named.place(&known.to_string()) == Some(known)));
            assert_eq!(named.place("40"), None);
        }
        for left in (0..40).rev() {
            named.retain(|name| name.len() > 1 || **name <= *"4");
            named.retain(|name| **name != *left.to_string());
            assert!(named.iter().enumerate().all(|(place, name)| named.place(name) == Some(place)));
            assert_eq!(named.place(&left.to_string()), None);
        }
        assert!(named.is_empty());
        let named: NameIndex<Arc<str>> = (0..20).map(|number| Arc::from(number.to_string())).collect();
        assert_eq!((named.place("19"), named.place("20"), named.len()), (Some(19), None, 20));
    }
}
