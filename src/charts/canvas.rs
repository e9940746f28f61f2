//! What a chart is drawn on.

use super::palette::Theme;

/// How large, in which colours, and under which title a chart is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartCanvas {
    pub size: CanvasSize,
    pub theme: Theme,
    /// For those who do not see the chart. The chart's own summary where this is empty.
    pub title: String,
}

/// In CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CanvasSize {
    /// On a ground of its own: for files and other programs.
    Fixed { width: f64, height: f64 },
    /// As wide as where it is put, without a ground: for the page.
    Fluid { height: f64 },
}

/// How wide a fluid chart is taken to be where the room for texts must be judged: a tile on a phone.
const NOMINAL_WIDTH: f64 = 340.0;

/// The units of a plot's inner coordinates where the width is not known.
pub const FLUID_UNITS: f64 = 1000.0;

impl CanvasSize {
    /// Judged where it is fluid.
    pub fn width(self) -> f64 {
        match self {
            Self::Fixed { width, .. } => width,
            Self::Fluid { .. } => NOMINAL_WIDTH,
        }
    }

    pub fn height(self) -> f64 {
        match self {
            Self::Fixed { height, .. } | Self::Fluid { height } => height,
        }
    }

    /// How many units a plot between these margins is wide inside of a [`super::display_list::Window`]: pixels, or a thousand.
    pub fn plot_units(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Fixed { width, .. } => (width - left - right).max(0.0),
            Self::Fluid { .. } => FLUID_UNITS,
        }
    }
}

impl ChartCanvas {
    pub fn width(&self) -> f64 {
        self.size.width()
    }

    pub fn height(&self) -> f64 {
        self.size.height()
    }
}
