//! Groups of runs in charts: which are drawn, their curves, the requests for them, and what is read off them.

mod cache;
mod control;
mod grouping;
mod readout;
mod requests;

pub use cache::{CachedGroup, GroupCache};
pub use grouping::Grouping;
pub use readout::read_groups;
