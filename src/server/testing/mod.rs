//! A model of the server for random histories, and the targets of the fuzzer.

#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz_targets;
#[cfg(test)]
pub mod model;
