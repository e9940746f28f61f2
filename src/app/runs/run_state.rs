//! The state of a run as a reader sees it: the status that the run wrote, or that it has fallen
//! silent.

use super::cell_text::step_text;
use crate::charts::format_number;
use crate::protocol::{NonFiniteEnd, Run, RunStatus};

/// A running run without a sign for so many of its announced intervals is silent.
const SILENT_INTERVALS: f64 = 2.0;
/// After so many milliseconds without a sign it is lost.
const LOST_MS: f64 = 600_000.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    Running,
    /// Running, but no sign came for two intervals.
    Silent,
    /// Running, but no sign came for ten minutes.
    Lost,
    Finished,
    Failed,
    Killed,
}

impl RunState {
    /// `now_ms`: Unix time of the server. A run that announced no interval is never silent.
    pub fn of(run: &Run, now_ms: f64) -> Self {
        match run.status {
            RunStatus::Finished => Self::Finished,
            RunStatus::Failed => Self::Failed,
            RunStatus::Killed => Self::Killed,
            RunStatus::Running => {
                let quiet_ms = now_ms - run.last_sign_ms as f64;
                match run.interval {
                    Some(_) if quiet_ms > LOST_MS => Self::Lost,
                    Some(seconds) if quiet_ms > SILENT_INTERVALS * 1000.0 * seconds => Self::Silent,
                    _ => Self::Running,
                }
            }
        }
    }

    /// The word beside the shape, by which the style sheet chooses the shape, too.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Silent => "silent",
            Self::Lost => "lost",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Killed => "killed",
        }
    }
}

/// `loss NaN from step 30`.
pub fn non_finite_text(end: &NonFiniteEnd) -> String {
    let value = format_number(end.value);
    let mut text = [&end.metric, " ", &value].concat();
    if let Some(step) = end.step {
        text.extend([" from step ", &step_text(step)]);
    }
    if end.metrics > 1 {
        text.extend([", ", &(end.metrics - 1).to_string(), " more metrics"]);
    }
    text
}

/// A duration in two units at most: `42 s`, `3 min`, `2 h 5 min`, `3 d 4 h`.
pub fn duration(seconds: f64) -> String {
    let seconds = if seconds > 0.0 { seconds as u64 } else { 0 };
    let pair = |large: u64, large_unit: &str, small: u64, small_unit: &str| {
        let mut text = [&large.to_string(), large_unit].concat();
        if small > 0 {
            text.extend([" ", &small.to_string(), small_unit]);
        }
        text
    };
    match seconds {
        0..60 => pair(seconds, " s", 0, ""),
        60..3600 => pair(seconds / 60, " min", 0, ""),
        3600..86_400 => pair(seconds / 3600, " h", seconds % 3600 / 60, " min"),
        _ => pair(seconds / 86_400, " d", seconds % 86_400 / 3600, " h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::RunId;

    fn run(status: RunStatus, interval: Option<f64>) -> Run {
        Run {
            id: RunId::parse("a").unwrap(),
            name: String::new(),
            colour: 0,
            status,
            hidden: false,
            archived: false,
            has_warning: false,
            group: String::new(),
            tags: Vec::new(),
            created_order: 1,
            rev: 1,
            started_ms: 0,
            ended_ms: None,
            last_sign_ms: 1_000_000,
            interval,
            last: Vec::new(),
            non_finite: None,
        }
    }

    #[test]
    fn a_run_without_signs_is_silent_and_then_lost() {
        let state = |after_ms: f64| RunState::of(&run(RunStatus::Running, Some(15.0)), 1_000_000.0 + after_ms);
        assert_eq!([-5e3, 0.0, 30e3].map(state), [RunState::Running; 3]);
        assert_eq!([30_001.0, 600e3].map(state), [RunState::Silent; 2]);
        assert_eq!(state(600_001.0), RunState::Lost);
        assert_eq!(RunState::of(&run(RunStatus::Running, None), 1e12), RunState::Running, "it announced no interval");
        assert_eq!(RunState::of(&run(RunStatus::Failed, Some(1.0)), 1e12), RunState::Failed);
    }

    #[test]
    fn a_curve_that_ends_without_a_number_is_said() {
        let end = NonFiniteEnd { metric: "loss".into(), step: Some(1200.0), value: f64::NAN, metrics: 1 };
        assert_eq!(non_finite_text(&end), "loss NaN from step 1,200");
        assert_eq!(non_finite_text(&NonFiniteEnd { step: None, metrics: 3, ..end }), "loss NaN, 2 more metrics");
    }

    #[test]
    fn durations_are_short() {
        let shown = [-3.0, 0.9, 59.0, 61.0, 3600.0, 7500.0, 86_400.0, 273_600.0].map(duration);
        assert_eq!(shown, ["0 s", "0 s", "59 s", "1 min", "1 h", "2 h 5 min", "1 d", "3 d 4 h"]);
    }
}
