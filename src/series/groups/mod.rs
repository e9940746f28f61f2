//! Curves of groups of runs: at each place a line and a band over the curves of the members. The unit is the run; steps are never samples.
//!
//! A member's curve ([`MemberCurve`]) is brought to the grid of its group ([`GroupSampler`]), and the values at each place become a line and a
//! band ([`SampledGroup::aggregate`]).

#[cfg(feature = "ssr")]
mod aggregate;
mod column;
#[cfg(feature = "ssr")]
mod curve;
mod estimator;
#[cfg(feature = "ssr")]
mod line_average;
#[cfg(feature = "ssr")]
mod sampler;
#[cfg(feature = "ssr")]
mod samples;
#[cfg(test)]
mod tests;

#[cfg(feature = "ssr")]
pub use aggregate::GroupStyle;
pub use column::{GroupColumn, GroupGrid};
#[cfg(feature = "ssr")]
pub use curve::{CurvePart, MemberCurve};
pub use estimator::{Band, GroupLine};
#[cfg(feature = "ssr")]
pub use line_average::LineAverage;
#[cfg(feature = "ssr")]
pub use sampler::{GroupSampler, SampledGroup};
