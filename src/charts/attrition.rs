//! Which members a group loses on the way: those that diverge, and those that only stop earlier than others.

use crate::protocol::groups::GroupColumn;

/// The losses of a group over its whole axis: a window alone does not say why a member has stopped before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attrition {
    /// Members that are left at the end: the most with a value in the last tenth of the places, as members that run at the same time do
    /// not stand at the same step.
    pub left: u32,
    /// Where the numbers change, from there on: diverged members among those that have ended, and among those without a number.
    changes: Vec<(f64, Diverged)>,
}

/// Members whose last values are not finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Diverged {
    /// Those that have ended.
    pub ended: u32,
    /// Those that go on, without a number.
    pub nan: u32,
}

impl Attrition {
    /// Of all columns of a curve. A member that ends where one without a number is missed was that one.
    pub fn of(columns: &[GroupColumn]) -> Self {
        let tail = &columns[columns.len() - columns.len().div_ceil(10)..];
        let left = tail.iter().map(|column| column.n).max().unwrap_or(0);
        let mut diverged = Vec::with_capacity(columns.len());
        let mut ended = 0;
        for (at, column) in columns.iter().enumerate() {
            if let Some(before) = at.checked_sub(1).map(|before| &columns[before]) {
                ended += column.ended.saturating_sub(before.ended).min(before.nan.saturating_sub(column.nan));
            }
            diverged.push(Diverged { ended, nan: column.nan });
        }
        // A gap that closes is no divergence: of those without a number only those count that never have one again.
        for at in (1..columns.len()).rev() {
            let (next, one) = (diverged[at], &mut diverged[at - 1]);
            one.nan = one.nan.min(next.nan + next.ended - one.ended);
        }
        let mut changes: Vec<(f64, Diverged)> = Vec::new();
        for (column, diverged) in columns.iter().zip(diverged) {
            if changes.last().map_or(Diverged::default(), |(_, known)| *known) != diverged {
                changes.push((column.x, diverged));
            }
        }
        Self { left, changes }
    }

    /// The members that have diverged before or at this place of the curve.
    pub fn diverged(&self, column: &GroupColumn) -> Diverged {
        let before = self.changes.partition_point(|(x, _)| *x <= column.x);
        let known = before.checked_sub(1).map_or(Diverged::default(), |at| self.changes[at].1);
        Diverged { ended: known.ended.min(column.ended), nan: known.nan.min(column.nan) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n`, `nan` and `ended` at each step.
    fn columns(counts: &[[u32; 3]]) -> Vec<GroupColumn> {
        let column = |(x, [n, nan, ended]): (u32, &[u32; 3])| GroupColumn {
            x: f64::from(x),
            line: 1.0,
            low: f64::NAN,
            high: f64::NAN,
            n: *n,
            nan: *nan,
            ended: *ended,
            interpolated: 0,
        };
        (0..).zip(counts).map(column).collect()
    }

    fn diverged(counts: &[[u32; 3]]) -> Vec<(u32, u32)> {
        let columns = columns(counts);
        let attrition = Attrition::of(&columns);
        columns.iter().map(|column| attrition.diverged(column)).map(|Diverged { ended, nan }| (ended, nan)).collect()
    }

    #[test]
    fn a_member_without_a_number_to_its_end_has_diverged() {
        assert_eq!(diverged(&[[3, 0, 0], [2, 1, 0], [2, 1, 0]]), [(0, 0), (0, 1), (0, 1)]);
        assert_eq!(diverged(&[[3, 0, 0], [2, 1, 0], [2, 0, 1], [2, 0, 1]]), [(0, 0), (0, 1), (1, 0), (1, 0)]);
    }

    #[test]
    fn a_gap_and_an_early_end_are_no_divergence() {
        assert_eq!(diverged(&[[3, 0, 0], [2, 1, 0], [3, 0, 0]]), [(0, 0); 3]);
        assert_eq!(diverged(&[[3, 0, 0], [2, 0, 1], [2, 0, 1]]), [(0, 0); 3]);
        assert_eq!(diverged(&[[4, 0, 0], [2, 2, 0], [2, 1, 1], [3, 0, 1]]), [(0, 0), (0, 1), (1, 0), (1, 0)]);
        assert!(diverged(&[]).is_empty());
    }

    #[test]
    fn a_window_behind_the_end_knows_why() {
        let all = columns(&[[3, 0, 0], [2, 1, 0], [2, 0, 1], [2, 0, 1]]);
        assert_eq!(Attrition::of(&all).diverged(&all[3]), Diverged { ended: 1, nan: 0 });
        assert_eq!(Attrition::of(&all[3..]).diverged(&all[3]), Diverged::default(), "the window alone does not");
    }

    #[test]
    fn members_that_run_at_the_same_time_are_all_left() {
        let mut counts = [[3, 0, 0]; 20];
        counts[19] = [1, 0, 2];
        assert_eq!(Attrition::of(&columns(&counts)).left, 3);
        counts[10..].fill([2, 0, 1]);
        assert_eq!(Attrition::of(&columns(&counts)).left, 2);
        assert_eq!(Attrition::of(&[]).left, 0);
    }
}
