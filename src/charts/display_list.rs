//! A drawing as a list of shapes: what a chart produces from its numbers, once for all back ends (`render::svg` on the server, the
//! page's canvas).
//!
//! A horizontal place is a share of the plot's width (0 to 1) and CSS pixels beside it, so that one list fits any width. A vertical
//! place is in CSS pixels from the top of the chart. Shapes of one list lie above those before them.

pub use super::glyph::{Glyph, Marker, plate_corners};
pub use super::ink::Ink;
use super::palette::Colour;
use super::polyline;
use super::series_style::SeriesStyle;
use super::text_metrics::FONT_SIZE;

/// The opacity of the plates behind texts: a curve beneath is seen to go on.
pub const PLATE_ALPHA: f64 = 0.8;

/// A chart as shapes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DisplayList {
    /// The chart in one sentence, for those who do not see it.
    pub summary: String,
    /// CSS pixels beside the plot; they stay the same however wide the chart is.
    pub left: f64,
    pub right: f64,
    /// Shapes beside the plot: the pixels of their places count from the left edge of the chart, the shares mean nothing.
    pub margin: Shapes,
    /// Shapes of the plot and of its axes.
    pub plot: Shapes,
}

/// A horizontal place, or a width.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct X {
    /// Of the plot's width.
    pub share: f64,
    /// CSS pixels, added to it.
    pub px: f64,
}

impl X {
    pub fn share(share: f64) -> Self {
        Self { share, px: 0.0 }
    }

    pub fn px(px: f64) -> Self {
        Self { share: 0.0, px }
    }
}

/// On which side of its place a text stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextAnchor {
    #[default]
    Start,
    Middle,
    End,
}

/// One shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A straight line, one pixel wide and sharp, with these dashes of the palette.
    Rule {
        ink: Ink,
        dash: usize,
        from: (X, f64),
        to: (X, f64),
    },
    Rect(Rect),
    Text(Text),
    Marker(Marker),
    /// Texts in the middle of their places: the numbers in the cells of a heatmap.
    CellLabels(Vec<CellLabel>),
    /// What is cut off where it leaves these rows of the plot.
    Window(Window),
    HeatCells(HeatCells),
    /// Which colour stands for which level, from the top: a bar right of the plot.
    ColourBar {
        colours: Vec<Colour>,
        top: f64,
        bottom: f64,
    },
    /// A piece of a line with these dashes, beside a name: from `x` on, `width` long.
    Swatch {
        ink: Ink,
        dash: usize,
        x: f64,
        width: f64,
        y: f64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    pub ink: Ink,
    pub x: X,
    pub y: f64,
    pub width: X,
    pub height: f64,
    /// The radius of its corners.
    pub corner: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    pub ink: Ink,
    pub anchor: TextAnchor,
    pub x: X,
    /// The base line.
    pub y: f64,
    pub text: String,
    /// Of the letters, in CSS pixels.
    pub size: f64,
    pub is_bold: bool,
    /// Turned: it goes upwards.
    pub is_upright: bool,
    /// Lies on a plate in the colour of the ground, to be read over lines.
    pub has_plate: bool,
    /// Goes on behind it, smaller and muted: pixels between the two, size and text.
    pub suffix: Option<(f64, f64, String)>,
    /// The whole text, where this is a part of it.
    pub whole: String,
}

impl Text {
    pub fn new(ink: Ink, anchor: TextAnchor, x: X, y: f64, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            ink,
            anchor,
            x,
            y,
            text,
            size: FONT_SIZE,
            is_bold: false,
            is_upright: false,
            has_plate: false,
            suffix: None,
            whole: String::new(),
        }
    }

    /// The plate of a text that is so wide: pixels from its place to the left edge, top, width and height.
    pub fn plate(&self, width: f64) -> [f64; 4] {
        const EDGE: f64 = 3.0;
        let before = match self.anchor {
            TextAnchor::Start => 0.0,
            TextAnchor::Middle => width / 2.0,
            TextAnchor::End => width,
        };
        [-before - EDGE, self.y - self.size + 1.0, width + 2.0 * EDGE, self.size + 2.0]
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct CellLabel {
    pub ink: Ink,
    pub share: f64,
    pub y: f64,
    pub text: String,
}

/// Paths in coordinates of their own: `width` units across the plot, CSS pixels down from `top`.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    pub top: f64,
    pub height: f64,
    pub width: f64,
    pub paths: Vec<Path>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Path {
    /// Rectangles that stand on the window's lower edge: from, to and height. With a gap between neighbours where they are few.
    Columns {
        slot: usize,
        columns: Vec<(f64, f64, f64)>,
        has_gaps: bool,
    },
    /// A line through points and the area below it, which covers what is behind.
    Ridge {
        slot: usize,
        points: Vec<(f64, f64)>,
        base: f64,
    },
    /// A line through points; where one is NaN it is broken.
    Line {
        slot: usize,
        points: Vec<(f64, f64)>,
        width: f64,
    },
    /// Lines of a series with its dashes; runs of a single point are dots.
    Stroke(Layer),
    Area(Area),
    /// Dots, by column and row of a grid with this spacing, sorted.
    Dots {
        slot: usize,
        size: f64,
        is_square: bool,
        spacing: f64,
        dots: Vec<(i32, i32)>,
    },
}

/// Lines of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    pub style: SeriesStyle,
    pub path: polyline::Polyline,
    /// The stroke in CSS pixels.
    pub width: f64,
    pub alpha: f64,
}

/// Areas of a series, each within a closed run of the path.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    pub slot: usize,
    pub path: polyline::Polyline,
    pub alpha: f64,
}

/// Coloured cells between `top` and `bottom`.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatCells {
    pub top: f64,
    pub bottom: f64,
    /// How many columns the plot is wide. The last cell of a row may reach beyond the plot's end, where it is cut off.
    pub columns: f64,
    /// Where each row begins and the last one ends, and how many such units the plot is high.
    pub edges: Vec<f64>,
    pub rows: f64,
    /// The colours that are used, by level.
    pub colours: Vec<Colour>,
    pub runs: Vec<CellRun>,
}

/// Neighbours of a row that have one colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellRun {
    pub level: usize,
    pub row: usize,
    pub from: usize,
    pub count: usize,
}

/// Shapes in the order in which they are drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shapes(pub Vec<Shape>);

impl Shapes {
    pub fn push(&mut self, shape: Shape) {
        self.0.push(shape);
    }

    /// From (share, pixel) to (share, pixel).
    pub fn rule(&mut self, ink: Ink, from: (f64, f64), to: (f64, f64)) {
        self.dashed_rule(ink, 0, from, to);
    }

    pub fn dashed_rule(&mut self, ink: Ink, dash: usize, from: (f64, f64), to: (f64, f64)) {
        self.push(Shape::Rule { ink, dash, from: (X::share(from.0), from.1), to: (X::share(to.0), to.1) });
    }

    pub fn rect(&mut self, ink: Ink, x: X, y: f64, width: X, height: f64) {
        self.push(Shape::Rect(Rect { ink, x, y, width, height, corner: 0.0 }));
    }

    /// `y` is the base line.
    pub fn text(&mut self, ink: Ink, anchor: TextAnchor, x: X, y: f64, text: impl Into<String>) {
        self.push(Shape::Text(Text::new(ink, anchor, x, y, text)));
    }

    pub fn marker(&mut self, ink: Ink, glyph: Glyph, share: f64, y: f64) {
        self.push(Shape::Marker(Marker { ink, glyph, is_outlined: false, share, y }));
    }
}

/// For tests.
#[cfg(any(test, feature = "fuzzing"))]
impl DisplayList {
    /// All texts that are seen, in no particular order.
    pub fn texts(&self) -> Vec<&str> {
        let mut all = Vec::new();
        for shape in self.margin.0.iter().chain(&self.plot.0) {
            match shape {
                Shape::Text(text) => {
                    all.push(text.text.as_str());
                    all.extend(text.suffix.iter().map(|(.., text)| text.as_str()));
                }
                Shape::CellLabels(labels) => all.extend(labels.iter().map(|label| label.text.as_str())),
                _ => {}
            }
        }
        all.retain(|text| !text.is_empty());
        all
    }

    /// All places and lengths; those that break a line are left out.
    pub fn coordinates(&self) -> Vec<f64> {
        let mut all = vec![self.left, self.right];
        for shape in self.margin.0.iter().chain(&self.plot.0) {
            match shape {
                Shape::Rule { from, to, .. } => all.extend([from.0.share, from.0.px, from.1, to.0.share, to.0.px, to.1]),
                Shape::Rect(rect) => {
                    all.extend([rect.x.share, rect.x.px, rect.y, rect.width.share, rect.width.px, rect.height, rect.corner]);
                }
                Shape::Text(text) => all.extend([text.x.share, text.x.px, text.y, text.size]),
                Shape::Marker(marker) => all.extend([marker.share, marker.y]),
                Shape::CellLabels(labels) => all.extend(labels.iter().flat_map(|label| [label.share, label.y])),
                Shape::Window(window) => {
                    all.extend([window.top, window.height, window.width]);
                    window.paths.iter().for_each(|path| path.coordinates(&mut all));
                }
                Shape::HeatCells(cells) => {
                    all.extend([cells.top, cells.bottom, cells.columns, cells.rows]);
                    all.extend(&cells.edges);
                }
                Shape::ColourBar { top, bottom, .. } => all.extend([top, bottom]),
                Shape::Swatch { x, width, y, .. } => all.extend([x, width, y]),
            }
        }
        all
    }
}

#[cfg(any(test, feature = "fuzzing"))]
impl Path {
    fn coordinates(&self, all: &mut Vec<f64>) {
        match self {
            Self::Columns { columns, .. } => all.extend(columns.iter().flat_map(|(from, to, height)| [*from, *to, *height])),
            Self::Ridge { points, base, .. } => all.extend(points.iter().flat_map(|(x, y)| [*x, *y]).chain([*base])),
            Self::Line { points, width, .. } => {
                all.extend(points.iter().filter(|(x, _)| !x.is_nan()).flat_map(|(x, y)| [*x, *y]).chain([*width]));
            }
            Self::Stroke(Layer { path, .. }) | Self::Area(Area { path, .. }) => {
                all.extend(path.iter().filter(|(x, _)| !x.is_nan()).flat_map(|(x, y)| [*x, *y]));
            }
            Self::Dots { size, .. } => all.push(*size),
        }
    }
}
