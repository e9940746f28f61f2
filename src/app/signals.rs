//! One addition to the framework's signals.

use leptos::prelude::*;

/// A signal notifies its subscribers on every `set`. What the page receives is mostly what it has already: an event carries
/// the whole cell, and a pointer that moves stays over one cell.
pub trait SetIfChanged: Update {
    /// Sets the value and notifies the subscribers, unless the value is the same.
    fn set_if_changed(&self, value: Self::Value)
    where
        Self::Value: PartialEq + Sized,
    {
        self.maybe_update(|current| {
            let is_changed = *current != value;
            if is_changed {
                *current = value;
            }
            is_changed
        });
    }
}

impl<S: Update> SetIfChanged for S {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn an_equal_value_notifies_nobody() {
        let signal = ArcRwSignal::new(String::from("a"));
        let runs = Arc::new(AtomicUsize::new(0));
        let (watched, counted) = (signal.clone(), runs.clone());
        let memo = ArcMemo::new(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            watched.with(String::len)
        });
        let mut seen = Vec::new();
        for value in ["a", "bc", "bc", "d"] {
            signal.set_if_changed(value.to_owned());
            seen.push((memo.get_untracked(), runs.load(Ordering::Relaxed)));
        }
        assert_eq!(seen, [(1, 1), (2, 2), (2, 2), (1, 3)]);
    }
}
