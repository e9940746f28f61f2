//! Makes the summary and the outline of a curve again from all points of its series.

use super::{CurveSummary, OutlineBuilder, Points, SupersededFilter, SupersededScan};

/// Takes the points of a series whose steps were scanned.
pub struct CurveRebuild {
    filter: SupersededFilter,
    summary: CurveSummary,
    outline: OutlineBuilder,
}

impl SupersededScan {
    /// Begins the second pass, for a summary and an outline.
    pub fn into_rebuild(self) -> CurveRebuild {
        CurveRebuild { filter: self.into_filter(), summary: CurveSummary::default(), outline: OutlineBuilder::default() }
    }
}

impl CurveRebuild {
    /// Takes the next slice, the same as in the first pass.
    pub fn push(&mut self, points: &Points) {
        let curve = self.filter.filter(points);
        let superseded = (points.len() - curve.len()) as u64;
        self.summary.skip(superseded);
        self.outline.skip(superseded);
        self.summary.push(&curve);
        self.outline.push(&curve);
    }

    /// The same, to the bit, as if all points had been pushed and no step had gone back too far.
    pub fn finish(self) -> (CurveSummary, OutlineBuilder) {
        (self.summary, self.outline)
    }
}
