//! TODO-DOC
pub mod cache;
pub mod line_chart;
pub mod pool;
