//! Charts that are drawn from a whole value, on the server: bars, histograms, heatmaps, points on a plane, one number.
//!
//! Each takes checked numbers and answers a complete SVG document. How long that is depends on the size of the drawing, not on how
//! many numbers there are. What is no number has a mark of its own and is never drawn as zero.

mod bar;
pub mod bins;
mod bins_told;
mod colours;
mod grid;
mod heatmap;
mod histogram;
#[cfg(test)]
mod nothing;
mod number;
mod scatter;
mod sheet;
#[cfg(any(test, feature = "fuzzing"))]
pub mod well_formed;

pub use bar::{Bar, Series};
pub use bins::{Bins, bins, count_into};
pub use heatmap::Heatmap;
pub use histogram::{Histogram, View};
pub use number::{Better, Number};
pub use scatter::Scatter;
pub use sheet::Sheet;
