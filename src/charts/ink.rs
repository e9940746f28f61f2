//! The colours of a drawing by what they are for.

use super::palette::{self, Colour};

/// A colour by its role, which each theme has its own colour for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Of the series in this slot.
    Series(usize),
    /// The ground that the chart is drawn on.
    Ground,
    /// Lines of the grid.
    Grid,
    /// Lines of axes.
    Axis,
    /// Text that explains.
    Muted,
    /// Text that says something.
    Text,
    /// What is beneath cells.
    Well,
    Good,
    Bad,
    /// Stripes: here is no number. For rectangles.
    Hatch,
    /// The same in every theme.
    Fixed(Colour),
}

impl Ink {
    pub fn colour(self, is_dark: bool) -> Colour {
        let inks = palette::inks(is_dark);
        match self {
            Self::Series(slot) => palette::colour(slot, is_dark),
            Self::Ground => inks.surface,
            Self::Grid => inks.border,
            Self::Axis | Self::Muted | Self::Hatch => inks.muted,
            Self::Text => inks.text,
            Self::Well => palette::well(is_dark),
            Self::Good => palette::good(is_dark),
            Self::Bad => palette::bad(is_dark),
            Self::Fixed(colour) => colour,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_theme_has_its_own_inks() {
        for ink in [Ink::Series(0), Ink::Ground, Ink::Grid, Ink::Muted, Ink::Text, Ink::Well, Ink::Good, Ink::Bad] {
            assert_ne!(ink.colour(true), ink.colour(false), "{ink:?}");
        }
        assert_eq!((Ink::Fixed(0x12_34_56).colour(true), Ink::Series(11).colour(false)), (0x12_34_56, palette::colour(3, false)));
    }
}
