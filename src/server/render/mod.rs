//! Drawings made on the server, and the threads and the cache behind them.

pub mod cache;
pub mod drawn_groups;
mod drawn_runs;
pub mod export;
pub mod groups_csv;
pub mod line_chart;
pub mod pool;
pub mod prerendered_charts;
