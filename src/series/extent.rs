//! From where to where numbers reach.

use super::{Axis, Points, Span};

/// The bounds of some numbers, both of them included; of none at all it is [`Self::EMPTY`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    pub min: f64,
    pub max: f64,
}

impl Extent {
    pub const EMPTY: Self = Self { min: f64::INFINITY, max: f64::NEG_INFINITY };

    pub fn is_empty(&self) -> bool {
        self.min > self.max
    }

    /// Widens it to hold the range; NaN changes nothing.
    pub fn include(&mut self, min: f64, max: f64) {
        self.min = self.min.min(min);
        self.max = self.max.max(max);
    }

    /// Where a series stands along `axis`: `spans` are those of nodes that cover what is sealed (the [`super::roots`] are enough), `tail` is the rest.
    pub fn of(axis: Axis, spans: impl IntoIterator<Item = Span>, tail: &Points) -> Self {
        let mut extent = Self::EMPTY;
        for span in spans {
            extent.include(span.min, span.max);
        }
        for place in tail.along(axis) {
            extent.include(*place, *place);
        }
        extent
    }
}
