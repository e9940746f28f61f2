//! TODO-DOC
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz_targets;
#[cfg(test)]
pub mod model;
