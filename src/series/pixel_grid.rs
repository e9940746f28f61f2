//! Where places fall on the pixel columns of a window, and the writing of columns from nodes and points that come in order.

use super::{Axis, Column, Extent, Node, Span};

/// The window with its bounds known.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    pub from: f64,
    pub to: f64,
    width: u32,
    /// From left to right, halved, so that no difference of two finite numbers overflows; quotients are the same.
    half: f64,
}

/// How the points of a node stand to the window and its pixel columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fit {
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

impl Grid {
    /// An infinite bound is where the series begins or ends.
    pub fn new(from: f64, to: f64, width: u32, extent: Extent) -> Self {
        let from = if from.is_finite() { from } else { extent.min.min(to) };
        let to = if to.is_finite() { to } else { extent.max.max(from) };
        let to = to.max(from);
        Self { from, to, width, half: to / 2.0 - from / 2.0 }
    }

    /// `floor((place - from) / (to - from) * width)` for places within the window; the right end belongs to the last column.
    pub fn pixel(&self, place: f64) -> u32 {
        (self.along(place) as u32).min(self.width - 1)
    }

    /// NaN when the window is a point.
    fn along(&self, place: f64) -> f64 {
        (place / 2.0 - self.from / 2.0) / self.half * f64::from(self.width)
    }

    pub fn holds(&self, place: f64) -> bool {
        self.from <= place && place <= self.to
    }

    /// Whether a line from the one place to the other is seen; steps back are not drawn.
    pub fn crosses(&self, before: f64, after: f64) -> bool {
        before <= after && before <= self.to && after >= self.from
    }

    pub fn fit(&self, span: &Span) -> Fit {
        if span.max < self.from || span.min > self.to {
            return Fit::Outside;
        }
        // Of a window that is a point, or of pixels that are closer than numbers can tell, it is NaN: not wide.
        let wide = self.along(span.max) - self.along(span.min);
        match (self.holds(span.min) && self.holds(span.max), self.pixel(span.min) == self.pixel(span.max)) {
            (false, _) => Fit::Edge(wide),
            (true, true) => Fit::Whole,
            (true, false) if wide > 1.0 => Fit::Wide(wide),
            (true, false) => Fit::Across,
        }
    }
}

/// Makes columns of nodes and points that come in the order of the series. Of what is outside the window it takes the
/// point before and after each line that enters or leaves it, and the ends of the series.
pub struct Writer {
    grid: Grid,
    /// Whether what stands in one pixel column, without a step back, becomes one column.
    merge: bool,
    columns: Vec<Column>,
    /// For each column, the place in the series behind its last point.
    ends: Vec<u64>,
    /// The pixel of the last column, while it can still grow.
    pixel: Option<u32>,
    /// The point before: its place, its value, and whether it is in a column.
    before: Option<(f64, f64, bool)>,
    /// How many points have come.
    at: u64,
}

impl Writer {
    pub fn new(grid: Grid, merge: bool) -> Self {
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

    /// A node: left out where it is outside, else kept whole, wherever it reaches. `fit` is what [`Grid::fit`] says of it.
    pub fn node(&mut self, node: &Node, axis: Axis, fit: Fit) {
        let span = node.along(axis);
        let inside = fit != Fit::Outside;
        self.arrive(span.first, node.first, inside);
        if inside {
            self.put(node.column(axis), (fit == Fit::Whole).then(|| self.grid.pixel(span.min)), self.at + node.count);
        }
        self.at += node.count;
        self.before = Some((span.last, node.last, inside));
    }

    /// The next point is told of, before what it belongs to is put; one outside is put when a line to it is seen.
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

    /// A point outside the window, which nothing is merged with.
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

    /// The columns, and for each the place in the series behind its last point.
    pub fn finish(mut self) -> (Vec<Column>, Vec<u64>) {
        if let Some((place, value, false)) = self.before
            && place < self.grid.from
        {
            self.beyond(place, value, self.at);
        }
        (self.columns, self.ends)
    }
}
