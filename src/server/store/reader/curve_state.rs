//! The curve of the first points of a series: its outline, and its summary where the index does not have one.

use crate::series::{CurveFigures, CurveOutline, CurveSummary, OutlineBuilder, OutlineColumn, Points};
use crate::server::store::series::Series;

#[derive(Clone, Debug, Default)]
pub struct CurveState {
    pub outline: OutlineBuilder,
    /// Of a series whose own is made again.
    summary: Option<CurveSummary>,
}

impl CurveState {
    pub fn of_outline(outline: OutlineBuilder) -> Self {
        Self { outline, summary: None }
    }

    /// As all points make them again.
    pub fn rebuilt((summary, outline): (CurveSummary, OutlineBuilder)) -> Self {
        Self { outline, summary: Some(summary) }
    }

    /// Number of points that it has.
    pub fn points(&self) -> u64 {
        self.outline.points()
    }

    /// Whether a series that has these points may go on from here: nothing better is stored.
    pub fn is_part_of(&self, series: &Series) -> bool {
        (series.outlined..=series.count()).contains(&self.points()) && !self.outline.needs_rebuild()
    }

    /// Takes the next points.
    pub fn push(&mut self, points: &Points) {
        self.outline.push(points);
        if let Some(summary) = &mut self.summary {
            summary.push(points);
        }
    }

    /// The figures of the whole series; `None` if points are missing, or the curve has to be made again.
    pub fn figures(&self, series: &Series) -> Option<CurveFigures> {
        if self.points() != series.count() || self.outline.needs_rebuild() {
            return None;
        }
        series.figures().or_else(|| self.summary.as_ref()?.figures())
    }

    /// The outline of the whole series, under the same condition.
    pub fn finish(self, series: &Series) -> Option<CurveOutline> {
        let figures = self.figures(series)?;
        self.outline.finish(figures)
    }

    /// Its memory.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.outline.columns.len() * size_of::<OutlineColumn>()
    }
}
