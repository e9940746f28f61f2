//! Numbers as colours: from dark to bright for amounts, from blue over white to red for numbers on both sides of zero.

use crate::charts::palette::Colour;
use crate::charts::scale::is_flat;

/// Steps of a colour table: the eye does not distinguish more, and each is one path.
pub const LEVELS: usize = 64;

/// Ascending in luminance, from violet over blue and green to yellow.
const AMOUNT: [Colour; 7] = [0x2c1e5c, 0x35428b, 0x2b6c94, 0x1f938a, 0x45b56b, 0xa3d24a, 0xf5e640];
const SIDES: [Colour; 7] = [0x1d4a94, 0x4a83c4, 0xa5c6e3, 0xf3f1ee, 0xefb8a0, 0xd46a4f, 0x99222f];

/// Which table, and what its ends stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colours {
    pub lo: f64,
    pub hi: f64,
    pub two_sided: bool,
}

impl Colours {
    /// For the finite ones of these numbers. On two sides zero is in the middle.
    pub fn over(numbers: impl Iterator<Item = f64>) -> Self {
        let (lo, hi) = numbers
            .filter(|number| number.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), number| (lo.min(number), hi.max(number)));
        if lo > hi {
            return Self { lo: 0.0, hi: 1.0, two_sided: false };
        }
        if lo < 0.0 && hi > 0.0 {
            let most = hi.max(-lo);
            return Self { lo: -most, hi: most, two_sided: true };
        }
        // All the same, but for rounding: the middle of the table, unless it is zero.
        if is_flat(lo, hi) {
            let room = lo.abs().max(1.0);
            return Self { lo: (if lo == 0.0 { 0.0 } else { lo - room }).max(f64::MIN), hi: (hi + room).min(f64::MAX), two_sided: false };
        }
        Self { lo, hi, two_sided: false }
    }

    /// For finite numbers: 0 to `LEVELS - 1`.
    pub fn level(&self, number: f64) -> usize {
        let span = self.hi - self.lo;
        // Halved where the range overflows; not always, since the smallest doubles have no half.
        let share =
            if span.is_finite() { (number - self.lo) / span } else { (number / 2.0 - self.lo / 2.0) / (self.hi / 2.0 - self.lo / 2.0) };
        ((share * LEVELS as f64) as usize).min(LEVELS - 1)
    }

    pub fn colour(&self, level: usize) -> Colour {
        let table = if self.two_sided { &SIDES } else { &AMOUNT };
        let at = level as f64 / (LEVELS - 1) as f64 * (table.len() - 1) as f64;
        let (below, share) = ((at as usize).min(table.len() - 2), at - (at as usize).min(table.len() - 2) as f64);
        [16, 8, 0].into_iter().fold(0, |mixed, shift| {
            let part = |colour: Colour| f64::from(colour >> shift & 255);
            let value = part(table[below]) * (1.0 - share) + part(table[below + 1]) * share;
            mixed | (value.round() as u32) << shift
        })
    }
}

/// Black or white letters, whichever is read better on this colour (WCAG 2: both have at least 4.5 : 1 at a luminance of 0.18).
pub fn ink_on(colour: Colour) -> Colour {
    let part = |shift: u32| {
        let value = f64::from(colour >> shift & 255) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    if 0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0) > 0.18 { 0x000000 } else { 0xffffff }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_have_the_ends_of_the_table() {
        let amounts = Colours::over([3.0, 1.0, f64::NAN, 9.0].into_iter());
        assert_eq!((amounts.level(1.0), amounts.level(9.0), amounts.two_sided), (0, LEVELS - 1, false));
        assert_eq!((amounts.colour(0), amounts.colour(LEVELS - 1)), (AMOUNT[0], AMOUNT[6]));
        let sides = Colours::over([-1.0, 4.0].into_iter());
        assert_eq!((sides.lo, sides.hi, sides.two_sided, sides.level(0.0)), (-4.0, 4.0, true, LEVELS / 2));
    }

    #[test]
    fn every_range_has_levels() {
        for (lo, hi) in [(f64::MIN, f64::MAX), (0.0, 5e-324), (7.0, 7.0), (0.0, 0.0), (f64::MAX, f64::MAX), (f64::INFINITY, f64::NAN)] {
            let colours = Colours::over([lo, hi].into_iter());
            assert!(
                colours.lo < colours.hi && colours.level(colours.lo) == 0 && colours.level(colours.hi) == LEVELS - 1,
                "{lo} {hi} {colours:?}"
            );
        }
    }

    #[test]
    fn letters_can_be_read_on_every_colour() {
        assert_eq!((ink_on(AMOUNT[0]), ink_on(AMOUNT[6])), (0xffffff, 0x000000));
    }
}
