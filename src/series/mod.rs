//! Numbers without I/O: points, the columns that stand for them on a screen, and the pyramid that columns are made from.

#[cfg(test)]
mod brute_force_tests;
mod column;
mod columns;
#[cfg(test)]
mod cost_tests;
mod curve_rebuild;
mod curve_steps;
mod extent;
pub mod groups;
#[cfg(feature = "ssr")]
mod join;
#[cfg(test)]
mod log_grid_tests;
mod node;
mod outline;
#[cfg(test)]
mod outline_tests;
mod pixel_grid;
mod pyramid;
mod query;
mod read_budget;
mod smooth;
mod smoothing;
#[cfg(test)]
mod smoothing_brute_force_tests;
mod summary;
mod summary_codec;
#[cfg(test)]
mod summary_tests;
mod superseded;

pub use column::Column;
pub use columns::{Columns, PixelWidth};
pub use curve_rebuild::CurveRebuild;
pub use curve_steps::CurveSteps;
pub use extent::Extent;
#[cfg(feature = "ssr")]
pub use join::{join, places};
pub use node::{BLOCK, CHUNK, FAN, LEAF, Node, Nodes, Span, nodes_at, points_at};
#[cfg(feature = "ssr")]
pub(crate) use outline::column_number;
pub use outline::{CurveOutline, OUTLINE_COLUMNS, OutlineBuilder, OutlineColumn};
pub use pixel_grid::PixelScale;
pub use pyramid::{Block, Pyramid, roots};
pub use query::{BlockRead, ChunkRead, MissingRead, PendingReads, PyramidQuery, Window};
#[cfg(test)]
pub use smooth::smoothed;
pub use smooth::{Average, NO_PLACE, Place};
pub use smoothing::{SmoothedLine, Smoothing, SmoothingRequest};
pub use summary::{CurveFigures, CurveSummary, CurveValues, NewestStep, StepValue};
pub use summary_codec::SummaryDecodeError;
pub use superseded::{SupersededFilter, SupersededScan};

/// Which number of a point runs along the horizontal axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// `x`, as the client sent it: a step, an epoch, a count of samples.
    Step,
    /// `t`, the wall time.
    Time,
}

/// Points of one series in the order in which they were accepted. All three lists have the same length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// The steps: finite. Usually ascending; a smaller one than before begins a new segment of the line.
    pub x: Vec<f64>,
    /// The values: any double, NaN and infinities included.
    pub y: Vec<f64>,
    /// Wall time, seconds since 1970 (UTC): finite.
    pub t: Vec<f64>,
}

impl Points {
    pub fn len(&self) -> usize {
        self.x.len()
    }

    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    pub fn push(&mut self, x: f64, y: f64, t: f64) {
        self.x.push(x);
        self.y.push(y);
        self.t.push(t);
    }

    pub fn along(&self, axis: Axis) -> &[f64] {
        match axis {
            Axis::Step => &self.x,
            Axis::Time => &self.t,
        }
    }

    /// The points from `start` to before `end`.
    pub fn slice(&self, start: usize, end: usize) -> Self {
        Self { x: self.x[start..end].to_vec(), y: self.y[start..end].to_vec(), t: self.t[start..end].to_vec() }
    }

    pub fn extend(&mut self, more: &Self) {
        self.x.extend_from_slice(&more.x);
        self.y.extend_from_slice(&more.y);
        self.t.extend_from_slice(&more.t);
    }
}
