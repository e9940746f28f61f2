//! TODO-DOC
pub mod pixels;
pub mod raster;
pub mod svg;
