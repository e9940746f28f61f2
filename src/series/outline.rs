//! The outline of a finished series: its whole curve in at most 256 columns, so that statistics and densities of many series need not
//! read their points.
//!
//! Each step counts once, by the mean of its finite points; a step without one counts as NaN. A curve of at most 256 steps has a column
//! for each step; that of a longer one has equal columns from its first to its last step, of which empty ones are left out.
//!
//! If no step occurs twice and none is superseded ([`CurveFigures::steps`] is the number of points), the outline of more than 512 points
//! is what the pyramid answers for the whole series at this width.

use super::pixel_grid::{ColumnWriter, PixelGrid};
use super::summary::NewestStep;
use super::{Column, CurveFigures, Extent, Points};

/// Columns of an outline at most.
pub const OUTLINE_COLUMNS: u32 = 256;

/// Makes the outline of a curve from its points.
pub struct OutlineBuilder {
    columns: ColumnWriter,
    newest: NewestStep,
}

impl OutlineBuilder {
    /// For the curve with these figures.
    pub fn new(figures: &CurveFigures) -> Self {
        let extent = Extent { min: figures.first_step, max: figures.last_step };
        let grid = PixelGrid::new(extent.min, extent.max, OUTLINE_COLUMNS, extent);
        let has_many_steps = figures.steps > u64::from(OUTLINE_COLUMNS);
        Self { columns: ColumnWriter::new(grid, has_many_steps), newest: NewestStep::default() }
    }

    /// Takes the next points of the curve, without superseded ones ([`super::SupersededFilter`]).
    pub fn push(&mut self, curve: &Points) {
        for (step, value) in curve.x.iter().zip(&curve.y) {
            if self.newest.points > 0 && *step > self.newest.step {
                self.end_step();
            }
            self.newest.add(*step, *value);
        }
    }

    fn end_step(&mut self) {
        let NewestStep { step, sum, .. } = std::mem::take(&mut self.newest);
        // The mean of no values is NaN.
        self.columns.point(step, sum.mean());
    }

    /// The columns, in the order of steps; none without points.
    pub fn finish(mut self) -> Vec<Column> {
        if self.newest.points > 0 {
            self.end_step();
        }
        self.columns.finish().0
    }
}
