//! The renderers: SVG text here, pixels for a canvas in the crate `raster`.

#[cfg(feature = "ssr")]
pub mod pdf;
#[cfg(test)]
mod raster_tests;
pub mod svg;
