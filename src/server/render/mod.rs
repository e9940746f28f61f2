//! Drawings made on the server, and the threads and the cache behind them.

pub mod cache;
mod drawn_runs;
pub mod export;
pub mod line_chart;
pub mod pool;
