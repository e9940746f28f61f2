//! Curves of groups of runs: at each place a line and a band over the curves of the members. The unit is the run; steps are never samples.

mod column;
mod estimator;

pub use column::{GroupColumn, GroupGrid};
pub use estimator::{Band, GroupLine};
