//! Lines of the log that could become a flood, kept few without losing their number.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What happens again and again must not fill the disk: in this time there are so many lines at most, and the next one counts the rest.
const WINDOW: Duration = Duration::from_secs(10);
const LINES: u32 = 20;

/// What was told lately.
#[derive(Default)]
pub struct Lines(Mutex<Window>);

#[derive(Default)]
struct Window {
    begun: Option<Instant>,
    told: u32,
    untold: u64,
}

impl Lines {
    pub const fn new() -> Self {
        Self(Mutex::new(Window { begun: None, told: 0, untold: 0 }))
    }

    /// Whether there is room for one more line; then how many were left out before it.
    pub fn room(&self, now: Instant) -> Option<u64> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.begun.is_none_or(|begun| now.duration_since(begun) >= WINDOW) {
            (window.begun, window.told) = (Some(now), 0);
        }
        if window.told == LINES {
            window.untold += 1;
            return None;
        }
        window.told += 1;
        Some(std::mem::take(&mut window.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_has_few_lines_and_loses_no_count() {
        let (lines, now) = (Lines::default(), Instant::now());
        let told: Vec<_> = (0..1000).map(|_| lines.room(now)).collect();
        assert_eq!((told.iter().flatten().count(), told[0]), (LINES as usize, Some(0)));
        assert_eq!(lines.room(now + WINDOW), Some(1000 - u64::from(LINES)));
        assert_eq!(lines.room(now + WINDOW), Some(0));
    }
}
