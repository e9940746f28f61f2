//! Rate limit of log lines: a line that repeats all the time does not fill the disk, and the suppressed ones are counted.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::server::limits::{LOG_THROTTLE_WINDOW, MAX_THROTTLED_LOG_LINES};

/// The lines of one kind.
#[derive(Default)]
pub struct LogThrottle(Mutex<Window>);

#[derive(Default)]
struct Window {
    started: Option<Instant>,
    written: u32,
    suppressed: u64,
}

impl LogThrottle {
    pub const fn new() -> Self {
        Self(Mutex::new(Window { started: None, written: 0, suppressed: 0 }))
    }

    /// `Some` when a line may be written now: the number of lines that were suppressed before it.
    pub fn permit(&self, now: Instant) -> Option<u64> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.started.is_none_or(|started| now.duration_since(started) >= LOG_THROTTLE_WINDOW) {
            (window.started, window.written) = (Some(now), 0);
        }
        if window.written == MAX_THROTTLED_LOG_LINES {
            window.suppressed += 1;
            return None;
        }
        window.written += 1;
        Some(std::mem::take(&mut window.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_has_few_lines_and_no_count_is_lost() {
        let (throttle, now) = (LogThrottle::default(), Instant::now());
        let permits: Vec<_> = (0..1000).map(|_| throttle.permit(now)).collect();
        assert_eq!((permits.iter().flatten().count(), permits[0]), (MAX_THROTTLED_LOG_LINES as usize, Some(0)));
        assert_eq!(throttle.permit(now + LOG_THROTTLE_WINDOW), Some(1000 - u64::from(MAX_THROTTLED_LOG_LINES)));
        assert_eq!(throttle.permit(now + LOG_THROTTLE_WINDOW), Some(0));
    }
}
