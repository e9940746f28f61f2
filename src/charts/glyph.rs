//! Small figures of a fixed size: markers, dots, ticks, the plates behind numbers.

use super::ink::Ink;

/// A small figure of a fixed size at a place of the plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marker {
    pub ink: Ink,
    pub glyph: Glyph,
    /// A thin line around it in the full ink.
    pub is_outlined: bool,
    pub share: f64,
    pub y: f64,
}

/// Lengths are CSS pixels around the marker's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Glyph {
    Polygon(&'static [(f64, f64)]),
    /// Two strokes across.
    Cross {
        arm: f64,
    },
    Disc {
        radius: f64,
    },
    /// A level stroke that ends at the place.
    Tick {
        length: f64,
    },
    /// The ground for a number, with an edge in the ink.
    Plate {
        width: f64,
        height: f64,
    },
}

/// The corners of [`Glyph::Plate`]: cut, so that they look round.
pub fn plate_corners(width: f64, height: f64) -> [(f64, f64); 8] {
    const CUT: f64 = 1.5;
    let (x, y) = (width / 2.0, height / 2.0);
    let (inner_x, inner_y) = (x - CUT, y - CUT);
    [(x, inner_y), (inner_x, y), (-inner_x, y), (-x, inner_y), (-x, -inner_y), (-inner_x, -y), (inner_x, -y), (x, -inner_y)]
}
