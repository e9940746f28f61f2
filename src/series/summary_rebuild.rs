//! Makes the summary of a curve again from all points of its series.

use super::{CurveSummary, Points, SupersededFilter, SupersededScan};

/// Takes the points of a series whose steps were scanned.
pub struct SummaryRebuild {
    filter: SupersededFilter,
    summary: CurveSummary,
}

impl SupersededScan {
    /// Begins the second pass, for a summary.
    pub fn into_rebuild(self) -> SummaryRebuild {
        SummaryRebuild { filter: self.into_filter(), summary: CurveSummary::default() }
    }
}

impl SummaryRebuild {
    /// Takes the next slice, the same as in the first pass.
    pub fn push(&mut self, points: &Points) {
        let curve = self.filter.filter(points);
        self.summary.points += (points.len() - curve.len()) as u64;
        self.summary.push(&curve);
    }

    /// The same summary, to the bit, as if all points had been pushed and no step had gone back too far.
    pub fn finish(self) -> CurveSummary {
        self.summary
    }
}
