//! Groups of runs in charts: which are drawn, and their curves.

mod cache;
mod grouping;

pub use cache::{CachedGroup, GroupCache};
pub use grouping::Grouping;
