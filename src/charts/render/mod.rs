//! The renderers: SVG text, and pixels for a canvas.

pub mod pixels;
pub mod raster;
pub mod svg;
