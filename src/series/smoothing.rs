//! Smoothed values at the columns of a window, without reading all points before it.
//!
//! After n finite values the weight of earlier values is wⁿ. The average is thus known up to rounding from the points of a look-back, whose
//! length [`look_back`] estimates. [`Smoothing`] verifies it against the values and doubles it if a huge value lies before. If columns are
//! narrower than the look-back, it runs through all points between them.

use super::smooth::{Average, NO_PLACE, Place};
use super::{Axis, CHUNK, Column, Points};

/// The weight of values before a look-back relative to the average: less than the sum of rounding errors.
const NEGLIGIBLE: f64 = 1e-15;
/// Ratio of the largest value to the usual ones for which the first estimate of the look-back is long enough.
const USUAL: f64 = 1e3;

/// Number of finite values after which earlier values are negligible.
fn look_back(weight: f64) -> u64 {
    if weight <= 0.0 { 1 } else { ((NEGLIGIBLE / USUAL).ln() / weight.ln()).ceil() as u64 }
}

/// A smoothed line: a place for each column, or [`NO_PLACE`], and the state that continues it.
#[derive(Clone, Debug, PartialEq)]
pub struct SmoothedLine {
    pub places: Vec<Place>,
    /// The average after the last point of the series; `None` if it exceeded the limit of reads.
    pub last: Option<Average>,
}

/// A smoothed line to be computed, and its limit of reads.
#[derive(Clone, Copy, Debug)]
pub struct SmoothingRequest {
    pub weight: f64,
    pub axis: Axis,
    /// Points in chunks, and in all.
    pub sealed: u64,
    pub total: u64,
    /// No finite value of the series is farther from zero.
    pub peak: f64,
    /// Chunks that may be read. Beyond it averages are given at fewer columns.
    pub most: u64,
}

/// A column that gets a place, and the indices of its points.
#[derive(Clone, Copy)]
struct Target {
    column: usize,
    start: u64,
    end: u64,
}

/// Computes the smoothed line of one series. While [`Self::next`] names chunks, read them and pass them to [`Self::take`] in that order; then
/// call [`Self::finish`].
pub struct Smoothing {
    request: SmoothingRequest,
    targets: Vec<Target>,
    /// The first target that is not yet answered.
    at: usize,
    places: Vec<Place>,
    /// How many points a look-back has now.
    look: u64,
    spent: u64,
    /// The average before the point at `position`.
    average: Average,
    /// The same of the sizes of the values: what the rest of the past is measured with.
    size: Average,
    /// How much of what lay before the first point that was read is in it: 0 where that does not matter.
    past: f64,
    /// What was read began where the series does, or where the average was known.
    is_all: bool,
    position: u64,
    /// Where the average was last known for good.
    known: Option<(u64, Average)>,
    /// Place in the series, place on the axis and average of the last finite value.
    finite: Option<(u64, Place)>,
    last: Option<Average>,
}

impl Smoothing {
    /// `columns` as a query answers them, `ends` the places in the series behind the last point of each.
    pub fn new(request: SmoothingRequest, columns: &[Column], ends: &[u64]) -> Self {
        let target = |(column, (of, end)): (usize, (&Column, &u64))| Target { column, start: end - of.count, end: *end };
        let all = columns.iter().zip(ends).enumerate().filter(|(_, (of, _))| of.finite() > 0).map(target);
        // The last one is no column: from there the line goes on.
        let rest = Target { column: usize::MAX, start: request.total, end: request.total };
        let mut smoothing = Self {
            request,
            targets: all.chain([rest]).collect(),
            at: 0,
            places: vec![NO_PLACE; columns.len()],
            look: look_back(request.weight),
            spent: 0,
            average: Average::new(request.weight),
            size: Average::new(request.weight),
            past: 0.0,
            is_all: true,
            position: 0,
            known: None,
            finite: None,
            last: None,
        };
        smoothing.thin();
        smoothing.begin();
        smoothing
    }

    /// Where to begin for a target, if the average is known before `from`.
    fn start(&self, target: u64, from: Option<u64>) -> u64 {
        let start = target.saturating_sub(self.look) / CHUNK * CHUNK;
        // The tail is there already: it is no read.
        from.filter(|from| *from >= start).unwrap_or(start.min(self.request.sealed / CHUNK * CHUNK))
    }

    /// How many chunks the open targets need, each `each`th of them.
    fn cost(&self, each: usize) -> u64 {
        let (mut cost, mut from) = (0, self.known.map(|known| known.0));
        let mut read_to = from.map_or(0, |from| from.div_ceil(CHUNK));
        for target in self.open(each) {
            let start = self.start(target.end, from) / CHUNK;
            let end = target.end.min(self.request.sealed).div_ceil(CHUNK);
            cost += end.saturating_sub(start.max(read_to));
            (read_to, from) = (read_to.max(end), Some(target.end));
        }
        cost
    }

    /// The open targets, each `each`th from the end, with the rest of the series.
    fn open(&self, each: usize) -> impl Iterator<Item = &Target> {
        let open = &self.targets[self.at..];
        let columns = open.len().saturating_sub(1);
        open.iter().enumerate().filter(move |(at, _)| *at >= columns || (columns - 1 - at).is_multiple_of(each)).map(|(_, target)| target)
    }

    /// Leaves out targets until the rest may be read.
    fn thin(&mut self) {
        let mut each = 1;
        while self.spent + self.cost(each) > self.request.most && each < self.targets.len() {
            each *= 2;
        }
        if each > 1 {
            self.targets = self.open(each).copied().collect();
            self.at = 0;
        }
    }

    /// Stands where the next target is to be read from.
    fn begin(&mut self) {
        let Some(target) = self.targets.get(self.at) else { return };
        let from = self.known.map(|known| known.0);
        let start = self.start(target.end, from);
        match self.known.filter(|known| known.0 == start) {
            Some((_, average)) => (self.average, self.past) = (average, 0.0),
            None => {
                self.average = Average::new(self.request.weight);
                self.size = Average::new(self.request.weight);
                self.past = if start == 0 { 0.0 } else { 1.0 };
            }
        }
        self.is_all = self.past == 0.0;
        self.position = start;
    }

    /// The chunks to be read next, at most `most` of them, ascending; the one behind the last is the tail. Empty: the answer is known.
    pub fn next(&self, most: usize) -> Vec<u64> {
        let mut chunks: Vec<u64> = Vec::new();
        // The reads of look-backs that had to be repeated are counted, too.
        if self.spent > 2 * self.request.most {
            return chunks;
        }
        let (mut start, tail) = (self.position, self.request.sealed / CHUNK);
        for target in &self.targets[self.at..] {
            // The first one begins where this stands, the others where they will.
            if !chunks.is_empty() {
                start = self.start(target.end, Some(start));
            }
            let from = chunks.last().map_or(0, |last| last + 1).max(start / CHUNK);
            let to = target.end.div_ceil(CHUNK).min(tail + 1);
            // A target without points of its own, at the end of a chunk, is answered with any.
            let to = if chunks.is_empty() { to.max(from + 1) } else { to };
            chunks.extend(from..to.min(from + most as u64));
            if chunks.len() >= most {
                break;
            }
            start = target.end;
        }
        chunks.truncate(most);
        chunks
    }

    /// Takes the points of the next chunk, which begin with the one at `base`.
    pub fn take(&mut self, base: u64, points: &Points) {
        if base < self.request.sealed {
            self.spent += 1;
        }
        let end = base + points.len() as u64;
        loop {
            // What has been answered, or begins elsewhere, has no use for these points.
            let Some(target) = self.targets.get(self.at).copied() else { return };
            if self.position < base || self.position > end || (self.position == end && target.end > end) {
                return;
            }
            let to = target.end.min(end);
            self.run(base, points, to);
            if to < target.end {
                return;
            }
            if !self.is_settled(&target) {
                self.look *= 2;
                self.thin();
                return self.begin();
            }
            self.answer(target);
            self.at += 1;
            self.begin();
        }
    }

    fn run(&mut self, base: u64, points: &Points, to: u64) {
        let range = (self.position - base) as usize..(to - base) as usize;
        let places = &points.along(self.request.axis)[range.clone()];
        for ((at, place), (step, y)) in (self.position..).zip(places).zip(points.x[range.clone()].iter().zip(&points.y[range])) {
            let (step, y) = (*step, *y);
            if self.past > 0.0 {
                self.size.push(step, y.abs());
                self.past = if self.average.is_begun_by(step) { 0.0 } else { self.past };
                self.past *= if y.is_finite() { self.request.weight } else { 1.0 };
            }
            if let Some(average) = self.average.push(step, y) {
                self.finite = Some((at, (*place, average)));
            }
        }
        self.position = to;
    }

    /// Whether what lies before the points that were read does not matter for a target.
    fn is_settled(&self, target: &Target) -> bool {
        let is_found = target.column == usize::MAX || self.finite.is_some_and(|finite| finite.0 >= target.start);
        self.is_all || (is_found && self.past < 1.0 && self.past * self.request.peak <= NEGLIGIBLE / 2.0 * self.size.value)
    }

    fn answer(&mut self, target: Target) {
        self.past = 0.0;
        self.known = Some((target.end, self.average));
        match self.places.get_mut(target.column) {
            Some(place) => *place = self.finite.filter(|finite| finite.0 >= target.start).map_or(NO_PLACE, |finite| finite.1),
            None => self.last = Some(self.average),
        }
    }

    pub fn finish(self) -> SmoothedLine {
        SmoothedLine { places: self.places, last: self.last }
    }
}
