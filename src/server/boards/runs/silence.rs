//! Whether a running run still gives signs of life. It is derived when it is read, and never stored.

use crate::protocol::RunStatus;

/// How a running run gives no signs of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// No sign for two announced intervals.
    Silent,
    /// No sign for ten minutes, and for two intervals.
    Lost,
    /// No sign for ten minutes from a run that announced no interval: it may log rarely.
    Quiet,
}

/// Ten minutes.
const LOST_MS: u64 = 600_000;

impl Silence {
    /// `interval`: the announced seconds between two signs. `up_since_ms`: when the server began to receive signs; earlier time does not
    /// count. `None`: the run has ended, or gives signs.
    pub fn derive(status: RunStatus, interval: Option<f64>, last_sign_ms: u64, now_ms: u64, up_since_ms: u64) -> Option<Self> {
        if status != RunStatus::Running {
            return None;
        }
        let silence = now_ms.saturating_sub(last_sign_ms.max(up_since_ms));
        // A cast of a float saturates.
        let allowed = interval.map(|seconds| (2000.0 * seconds) as u64);
        match allowed {
            None => (silence > LOST_MS).then_some(Self::Quiet),
            Some(allowed) if silence <= allowed => None,
            Some(_) if silence > LOST_MS => Some(Self::Lost),
            Some(_) => Some(Self::Silent),
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Lost => "lost",
            Self::Quiet => "quiet",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_counts_from_the_last_sign_and_while_the_server_is_up() {
        let state = |interval, silent_s: u64| Silence::derive(RunStatus::Running, interval, 1_000_000, 1_000_000 + 1000 * silent_s, 0);
        assert_eq!(state(Some(15.0), 30), None);
        assert_eq!(state(Some(15.0), 31), Some(Silence::Silent));
        assert_eq!(state(Some(15.0), 600), Some(Silence::Silent));
        assert_eq!(state(Some(15.0), 601), Some(Silence::Lost));
        assert_eq!(state(Some(3600.0), 7200), None);
        assert_eq!(state(Some(3600.0), 7201), Some(Silence::Lost));
        assert_eq!(state(Some(f64::MAX), 1 << 40), None);
        assert_eq!((state(None, 600), state(None, 601)), (None, Some(Silence::Quiet)));
        // The server was down for an hour, and came back ten seconds ago.
        let restarted = Silence::derive(RunStatus::Running, Some(15.0), 0, 3_600_000, 3_590_000);
        assert_eq!(restarted, None);
        for status in [RunStatus::Finished, RunStatus::Failed, RunStatus::Killed] {
            assert_eq!(Silence::derive(status, Some(1.0), 0, u64::MAX, 0), None);
        }
    }
}
