//! Curves as pixels, for `putImageData`. It needs nothing but `core` and `Vec`.
//!
//! A crate of its own, because an optimisation level belongs to a crate: the page is compiled for size, and this for speed (see
//! `profile.wasm` in the `Cargo.toml` above).

mod curve;
mod pixels;

pub use curve::{DOT, Stroke};
pub use pixels::Pixels;

/// 0xRRGGBB.
pub type Colour = u32;
