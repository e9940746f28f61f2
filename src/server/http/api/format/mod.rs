//! How numbers and columns are written in responses.

pub mod columns;
pub mod number;
