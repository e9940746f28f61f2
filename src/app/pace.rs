//! How long the page waits before it asks again for what changes all the time.

/// The server calculates for one page at most a quarter of the time: its processors are often those of the training.
const WAIT_PER_RESPONSE: f64 = 3.0;
const MAX_WAIT_MS: f64 = 10_000.0;

/// The pause after a response that took so long; both in milliseconds.
pub fn pause_after(took_ms: f64) -> f64 {
    (WAIT_PER_RESPONSE * took_ms).clamp(0.0, MAX_WAIT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_follows_the_response_within_bounds() {
        assert_eq!((pause_after(5.0), pause_after(400.0), pause_after(60_000.0)), (15.0, 1_200.0, 10_000.0));
        assert_eq!(pause_after(-3.0), 0.0, "the clock was set back");
    }
}
