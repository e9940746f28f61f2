//! Mapping of places to the pixel columns of a window, and merging of nodes and points, in order, into columns.

use super::{Axis, Column, Extent, Node, Span};

/// How pixel columns divide a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum PixelScale {
    /// Columns of one width.
    #[default]
    Linear,
    /// Columns of one ratio of the distances from `origin`. Places that are not above it are outside of every window.
    Log { origin: f64 },
}

/// A window with finite bounds.
#[derive(Clone, Copy, Debug)]
pub struct PixelGrid {
    pub from: f64,
    pub to: f64,
    width: u32,
    /// From left to right, halved, so that no difference of two finite numbers overflows; quotients are the same.
    half: f64,
    log: Option<LogGrid>,
}

/// A logarithmic grid.
#[derive(Clone, Copy, Debug)]
struct LogGrid {
    origin: f64,
    /// The distance from the origin at which the grid begins: what is nearer is in its first column.
    least: f64,
    start: f64,
    span: f64,
}

/// Decades of a logarithmic window whose own beginning has no logarithm.
const OPEN_RATIO: f64 = 1e-3;

/// How a node covers the window and its pixel columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coverage {
    Outside,
    /// Within the window and one pixel column.
    Whole,
    /// Within the window, across a boundary between two pixel columns, no wider than one.
    Across,
    /// Within the window, this many pixel columns wide, more than one.
    Wide(f64),
    /// Inside and outside, as wide as given.
    Edge(f64),
}

impl PixelGrid {
    /// An infinite bound is that of `extent`.
    pub fn new(from: f64, to: f64, width: u32, extent: Extent) -> Self {
        let from = if from.is_finite() { from } else { extent.min.min(to) };
        let to = if to.is_finite() { to } else { extent.max.max(from) };
        let to = to.max(from);
        Self { from, to, width, half: to / 2.0 - from / 2.0, log: None }
    }

    /// The same with the columns of a scale. A logarithmic window that begins at its origin, or before it, has at least three decades and a
    /// grid from 1 on: whole steps are exact, and what is nearer to the origin is one column.
    pub fn with_scale(self, scale: PixelScale) -> Self {
        let PixelScale::Log { origin } = scale else { return self };
        let from = if self.from > origin { self.from } else { origin.next_up() };
        let to = self.to.max(from);
        let least = if self.from > origin { self.from - origin } else { ((to - origin) * OPEN_RATIO).clamp(f64::MIN_POSITIVE, 1.0) };
        let start = least.ln();
        Self { from, to, log: Some(LogGrid { origin, least, start, span: (to - origin).ln() - start }), ..self }
    }

    /// `floor((place - from) / (to - from) * width)` for places within the window, of their logarithms on a logarithmic grid; the right end
    /// belongs to the last column.
    pub fn pixel(&self, place: f64) -> u32 {
        (self.along(place) as u32).min(self.width - 1)
    }

    /// NaN when the window is a point.
    fn along(&self, place: f64) -> f64 {
        if let Some(LogGrid { origin, least, start, span }) = self.log {
            return ((place - origin).max(least).ln() - start) / span * f64::from(self.width);
        }
        (place / 2.0 - self.from / 2.0) / self.half * f64::from(self.width)
    }

    pub fn holds(&self, place: f64) -> bool {
        self.from <= place && place <= self.to
    }

    /// Whether a line from the one place to the other is seen; steps back are not drawn.
    pub fn crosses(&self, before: f64, after: f64) -> bool {
        before <= after && before <= self.to && after >= self.from
    }

    pub fn fit(&self, span: &Span) -> Coverage {
        if span.max < self.from || span.min > self.to {
            return Coverage::Outside;
        }
        // Of a window that is a point, or of pixels that are closer than numbers can tell, it is NaN: not wide.
        let wide = self.along(span.max) - self.along(span.min);
        match (self.holds(span.min) && self.holds(span.max), self.pixel(span.min) == self.pixel(span.max)) {
            (false, _) => Coverage::Edge(wide),
            (true, true) => Coverage::Whole,
            (true, false) if wide > 1.0 => Coverage::Wide(wide),
            (true, false) => Coverage::Across,
        }
    }
}

/// Merges nodes and points into columns, in the order of the series. Outside the window it takes only the points before and after each line
/// that enters or leaves it, and the ends of the series.
pub struct ColumnWriter {
    grid: PixelGrid,
    /// Whether points of one pixel column, without a step back, become one column.
    merge: bool,
    columns: Vec<Column>,
    /// For each column, the index behind its last point.
    ends: Vec<u64>,
    /// The pixel of the last column, while it can still grow.
    pixel: Option<u32>,
    /// The point before: its place, its value, and whether it is in a column.
    before: Option<(f64, f64, bool)>,
    /// Number of points so far.
    at: u64,
}

impl ColumnWriter {
    pub fn new(grid: PixelGrid, merge: bool) -> Self {
        Self { grid, merge, columns: Vec::new(), ends: Vec::new(), pixel: None, before: None, at: 0 }
    }

    pub fn point(&mut self, place: f64, value: f64) {
        let inside = self.grid.holds(place);
        let shown = self.arrive(place, value, inside);
        if inside {
            self.put(Column::point(place, value), Some(self.grid.pixel(place)), self.at + 1);
        }
        self.at += 1;
        self.before = Some((place, value, inside || shown));
    }

    /// Adds a node as one column, or skips it if it is outside. `fit` is the result of [`PixelGrid::fit`].
    pub fn node(&mut self, node: &Node, axis: Axis, fit: Coverage) {
        let span = node.along(axis);
        let inside = fit != Coverage::Outside;
        self.arrive(span.first, node.first, inside);
        if inside {
            self.put(node.column(axis), (fit == Coverage::Whole).then(|| self.grid.pixel(span.min)), self.at + node.count);
        }
        self.at += node.count;
        self.before = Some((span.last, node.last, inside));
    }

    /// Handles the first point of the next item: points outside the window are added if a visible line begins or ends there.
    fn arrive(&mut self, place: f64, value: f64, inside: bool) -> bool {
        let seen = match self.before {
            Some((before, _, _)) => self.grid.crosses(before, place),
            None => place > self.grid.to,
        };
        if let Some((before, value, false)) = self.before
            && seen
        {
            self.beyond(before, value, self.at);
        }
        if seen && !inside {
            self.beyond(place, value, self.at + 1);
        }
        seen && !inside
    }

    /// Adds a point outside the window, which is not merged.
    fn beyond(&mut self, place: f64, value: f64, end: u64) {
        self.put(Column::point(place, value), None, end);
    }

    /// `pixel` is where all of the column stands, if it is in one.
    fn put(&mut self, column: Column, pixel: Option<u32>, end: u64) {
        match self.columns.last_mut() {
            Some(last) if self.merge && pixel.is_some() && pixel == self.pixel && last.x_last <= column.x_first => {
                last.merge(&column);
                self.ends.pop();
            }
            _ => self.columns.push(column),
        }
        self.ends.push(end);
        self.pixel = pixel;
    }

    /// The columns, and for each the index behind its last point.
    pub fn finish(mut self) -> (Vec<Column>, Vec<u64>) {
        if let Some((place, value, false)) = self.before
            && place < self.grid.from
        {
            self.beyond(place, value, self.at);
        }
        (self.columns, self.ends)
    }
}
