//! What the page knows of a chart's points: columns over a range, into which new points are merged as they come.

#[cfg(test)]
mod tests;

use crate::protocol::points::SeriesPart;
use crate::series::{Average, Axis, Column, Columns, NO_PLACE, Smoothed};

use super::viewport::View;
use crate::charts::gap;

/// Parts that come while columns are on their way; more than this and they are asked for once more.
const KEPT_PARTS: usize = 4096;

pub struct Curve {
    pub name: String,
    /// How many points the series has, as far as is known.
    pub total: u64,
    pub columns: Columns,
    /// Continues the smoothed line with each point; `None` where there is none, or where it is not known.
    average: Option<Average>,
    /// Another series has its name now, or none: it is shown until the next answer, and takes no points.
    pub is_over: bool,
}

/// What was asked of the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    pub axis: Axis,
    /// Infinite at an end that was left open.
    pub from: f64,
    pub to: f64,
    /// How many columns at most.
    pub width: u32,
    /// The weight of the smoothed lines; 0 for none.
    pub smooth: f64,
}

/// A series as the server answers it.
pub struct Answered {
    pub name: String,
    pub total: u64,
    pub columns: Vec<Column>,
    pub smoothed: Option<Smoothed>,
}

#[derive(Debug, PartialEq)]
pub enum Taken {
    /// Nothing that is seen has changed.
    Known,
    Drawn,
    /// Points are missing in between: columns must be asked for again.
    Gap,
}

pub struct Curves {
    pub list: Vec<Curve>,
    /// What [`Self::list`] holds; `None` before the first answer.
    held: Option<Asked>,
    /// What a column spans at most.
    pixel: f64,
    /// While an answer is awaited: what has come since the question.
    since: Option<Vec<SeriesPart>>,
    /// Leftmost and rightmost point known; NaN before the first.
    pub extent: (f64, f64),
}

impl Curves {
    pub const fn new() -> Self {
        Self { list: Vec::new(), held: None, pixel: 0.0, since: None, extent: (f64::NAN, f64::NAN) }
    }

    pub fn total(&self) -> u64 {
        self.list.iter().map(|curve| curve.total).sum()
    }

    /// Along which axis the columns are.
    pub fn axis(&self) -> Option<Axis> {
        self.held.map(|held| held.axis)
    }

    /// Whether what is held has smoothed lines: with another weight than the one that is wanted while the answer is awaited.
    pub fn is_smooth(&self) -> bool {
        self.held.is_some_and(|held| held.smooth > 0.0)
    }

    /// What to ask for this view in `width` pixels, with lines smoothed by this weight. The first question along an axis is always for all of it: where the chart begins
    /// and ends must be known before it can be zoomed out of a part.
    pub fn wanted(&self, view: Option<View>, axis: Axis, width: u32, smooth: f64) -> Asked {
        match view.filter(|_| self.axis() == Some(axis)) {
            None => Asked { axis, from: f64::NEG_INFINITY, to: f64::INFINITY, width, smooth },
            Some(view) => {
                let (from, to) = view.with_margins();
                let to = if view.follows { f64::INFINITY } else { to };
                Asked { axis, from, to, width: width.saturating_mul(3), smooth }
            }
        }
    }

    /// The same where not all of it is here.
    pub fn missing(&self, view: Option<View>, axis: Axis, width: u32, smooth: f64) -> Option<Asked> {
        let wanted = self.wanted(view, axis, width, smooth);
        let Some(held) = self.held.filter(|held| held.axis == axis) else { return Some(wanted) };
        let seen = view.map_or(self.extent.1 - self.extent.0, |view| view.width());
        let is_fine = self.pixel <= 1.5 * seen / f64::from(width.max(1)) || self.is_raw();
        let is_there = match view {
            None => held.from == f64::NEG_INFINITY && held.to == f64::INFINITY,
            Some(view) => {
                let edge = view.width() / 4.0;
                // A neighbour outside of what was asked for says that there is more on that side.
                held.from <= (view.from - edge).max(self.extent.0) && (view.to + edge).min(self.extent.1) <= held.to
            }
        };
        let is_smoothed = smooth == 0.0 || smooth == held.smooth;
        (!is_fine || !is_there || !is_smoothed).then_some(wanted)
    }

    /// How narrow a window around `x` may become: a few of the smallest gaps between neighbours there.
    pub fn least(&self, x: f64) -> f64 {
        const GAPS: f64 = 3.0;
        let gaps = self.list.iter().map(|curve| gap(&curve.columns.list, x));
        let least = gaps.fold(f64::INFINITY, |least, gap| if gap < least { gap } else { least });
        if least.is_finite() { GAPS * least } else { 0.0 }
    }

    fn is_raw(&self) -> bool {
        self.list.iter().all(|curve| curve.columns.list.iter().all(|column| column.count == 1))
    }

    /// From now on what comes is kept, because the answer may be older.
    pub fn begin(&mut self) {
        self.since = Some(Vec::new());
    }

    /// The question was in vain.
    pub fn give_up(&mut self) {
        self.since = None;
    }

    /// True when something is still missing.
    pub fn answer(&mut self, asked: Asked, answered: Vec<Answered>) -> bool {
        let extent = Answered::extent(&answered);
        let is_whole = asked.from == f64::NEG_INFINITY && asked.to == f64::INFINITY;
        self.extent =
            if is_whole || self.axis() != Some(asked.axis) { extent } else { (self.extent.0.min(extent.0), self.extent.1.max(extent.1)) };
        let curve = |Answered { name, total, columns, smoothed }| {
            let (places, average) = smoothed.map_or((Vec::new(), None), |smoothed| (smoothed.places, smoothed.last));
            Curve { name, total, columns: Columns::new(columns, places), average, is_over: false }
        };
        let list = answered.into_iter().map(curve);
        self.list = list.collect();
        let (from, to) = (asked.from.max(self.extent.0), asked.to.min(self.extent.1));
        let pixel = (to - from) / f64::from(asked.width.max(1));
        // Of a chart without points nothing is known, not even where it begins.
        self.pixel = if pixel > 0.0 && pixel.is_finite() { pixel } else { 0.0 };
        self.held = Some(asked);
        let since = self.since.take();
        let overflowed = since.as_ref().is_some_and(|parts| parts.len() >= KEPT_PARTS);
        let gaps = since.into_iter().flatten().filter(|part| self.merge(part) == Taken::Gap).count();
        gaps > 0 || overflowed
    }

    /// Takes new points. Those that are known already change nothing.
    pub fn take(&mut self, part: SeriesPart) -> Taken {
        let taken = if self.held.is_some() { self.merge(&part) } else { Taken::Gap };
        if let Some(since) = self.since.as_mut().filter(|since| since.len() < KEPT_PARTS) {
            since.push(part);
        }
        taken
    }

    fn merge(&mut self, part: &SeriesPart) -> Taken {
        let Some(held) = self.held else { return Taken::Gap };
        let at = self.list.iter().position(|curve| curve.name == part.series);
        let Some(numbers) = &part.numbers else {
            if let Some(at) = at.filter(|_| part.n == 0 && part.start == Some(0)) {
                self.list[at].is_over = true;
            }
            return Taken::Gap;
        };
        let at = match at {
            Some(at) => at,
            None => {
                let average = (held.smooth > 0.0).then(|| Average::new(held.smooth));
                let (name, columns) = (part.series.clone(), Columns::default());
                self.list.push(Curve { name, total: 0, columns, average, is_over: false });
                self.list.len() - 1
            }
        };
        let curve = &mut self.list[at];
        let start = part.start.unwrap_or(curve.total);
        let known = curve.total.saturating_sub(start);
        if curve.is_over || known >= u64::from(part.n) {
            return Taken::Known;
        }
        let along = if held.axis == Axis::Step { &numbers.x } else { &numbers.t };
        let (Some(along), true) = (along, start <= curve.total) else { return Taken::Gap };
        // Segments of the smoothed line are those of the steps, on every axis.
        let steps = numbers.x.as_ref().unwrap_or(along);
        let mut taken = Taken::Known;
        for ((x, y), step) in along.iter().zip(&numbers.y).zip(steps).skip(known as usize) {
            curve.total += 1;
            let smoothed = curve.average.as_mut().and_then(|average| average.push(*step, *y));
            // `max` and `min` pass over NaN.
            self.extent = (self.extent.0.min(*x), self.extent.1.max(*x));
            // The first point beyond the right end belongs to it: the line leads there.
            let leaves = || curve.columns.list.last().is_some_and(|last| held.from <= *x && last.x_last <= held.to);
            if (held.from <= *x && *x <= held.to) || leaves() {
                curve.columns.push_smoothed(*x, *y, self.pixel, smoothed.map_or(NO_PLACE, |smoothed| (*x, smoothed)));
                taken = Taken::Drawn;
            }
        }
        if curve.columns.list.len() > 2 * held.width as usize {
            self.shrink(held);
        }
        taken
    }

    /// Twice as many columns as were asked for are too many: neighbours are joined. A window that does not follow stops growing instead.
    fn shrink(&mut self, held: Asked) {
        if held.from == f64::NEG_INFINITY {
            self.pixel = (2.0 * self.pixel).max((self.extent.1 - self.extent.0) / f64::from(held.width));
            self.list.iter_mut().for_each(|curve| curve.columns.coarsen(self.pixel));
        } else {
            // What the window has left behind goes first.
            for curve in &mut self.list {
                let surplus = curve.columns.list.len().saturating_sub(held.width as usize);
                curve.columns.forget(surplus);
            }
            let left = self
                .list
                .iter()
                .filter_map(|curve| curve.columns.list.first())
                .map(|column| column.x_min)
                .fold(f64::NEG_INFINITY, f64::max);
            self.held = Some(Asked { from: left.max(held.from), ..held });
        }
    }
}

impl Answered {
    fn extent(all: &[Self]) -> (f64, f64) {
        let columns = || all.iter().flat_map(|series| &series.columns);
        let from = columns().fold(f64::NAN, |least, column| least.min(column.x_min));
        (from, columns().fold(f64::NAN, |most, column| most.max(column.x_max)))
    }
}
