//! Which metrics are shown first, and which one runs are compared by unless the board says it.

use super::{MetricSettings, place_metric};
use crate::protocol::Direction;
use crate::protocol::SYSTEM_SECTION;

/// The rank of a metric: the lowest is the most telling one. Metrics of the machine and counters have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricRank {
    has_no_direction: bool,
    is_no_validation: bool,
    is_no_main: bool,
}

impl MetricRank {
    /// `direction`: the better end, as the board or the name says it.
    pub fn of(name: &str, direction: Option<Direction>, settings: &MetricSettings) -> Option<Self> {
        let place = place_metric(name, settings);
        if place.is_counter || place.section == SYSTEM_SECTION {
            return None;
        }
        let words = || place.chart.split(|c: char| !c.is_ascii_alphanumeric());
        let is_main = words().any(|word| ["acc", "accuracy", "loss"].iter().any(|main| word.eq_ignore_ascii_case(main)));
        Some(Self { has_no_direction: direction.is_none(), is_no_validation: !place.line.starts_with("val"), is_no_main: !is_main })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::boards::metrics::best_direction;

    #[test]
    fn validation_comes_before_training_and_what_has_no_better_end_comes_last() {
        let rank = |name: &str| MetricRank::of(name, best_direction(name), &MetricSettings::default());
        let ascending = ["val/acc", "val/f1", "train/loss", "train/f1", "val/lr", "grad_norm"];
        let ranks: Vec<_> = ascending.iter().map(|name| rank(name).unwrap()).collect();
        assert!(ranks.windows(2).all(|pair| pair[0] < pair[1]), "{ranks:?}");
        assert_eq!([rank("epoch"), rank("system/cpu")], [None; 2]);
    }
}
