//! Averages at the columns of a window, without a read of everything before it: the average forgets.
//!
//! After n finite values the part of what lay before them is wⁿ. So the average at a place is known to rounding from the points of a
//! look-back, whose length [`look_back`] estimates and [`Smoothing`] checks against the values themselves: where something huge lies
//! far back, it looks further. Where columns are narrower than that, it runs through them.

use super::smooth::{Average, NO_PLACE, Place};
use super::{Axis, CHUNK, Column, Points};

/// What is left of what lies before a look-back, as a part of the average: less than rounding adds up to.
const FORGOTTEN: f64 = 1e-15;
/// By how much the largest value of a series may exceed the usual ones before a look-back must be longer than the first guess.
const USUAL: f64 = 1e3;

/// How many finite values make what lay before them vanish.
fn look_back(weight: f64) -> u64 {
    if weight <= 0.0 { 1 } else { ((FORGOTTEN / USUAL).ln() / weight.ln()).ceil() as u64 }
}

/// A smoothed line: for each column its place, [`NO_PLACE`] where there is none; and what continues it.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoothed {
    pub places: Vec<Place>,
    /// After the last point of the series; `None` where it was too far to read.
    pub last: Option<Average>,
}

/// What is smoothed, and what that may cost.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
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

/// A column that gets a place: which one, and its points by their place in the series.
#[derive(Clone, Copy)]
struct Target {
    column: usize,
    start: u64,
    end: u64,
}

/// A question to one series. As long as [`Self::next`] names chunks, they are to be read and given to [`Self::take`] in that order; then
/// [`Self::finish`] has the answer.
pub struct Smoothing {
    asked: Asked,
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
    pub fn new(asked: Asked, columns: &[Column], ends: &[u64]) -> Self {
        let target = |(column, (of, end)): (usize, (&Column, &u64))| Target { column, start: end - of.count, end: *end };
        let all = columns.iter().zip(ends).enumerate().filter(|(_, (of, _))| of.finite() > 0).map(target);
        // The last one is no column: from there the line goes on.
        let rest = Target { column: usize::MAX, start: asked.total, end: asked.total };
        let mut smoothing = Self {
            asked,
            targets: all.chain([rest]).collect(),
            at: 0,
            places: vec![NO_PLACE; columns.len()],
            look: look_back(asked.weight),
            spent: 0,
            average: Average::new(asked.weight),
            size: Average::new(asked.weight),
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
        from.filter(|from| *from >= start).unwrap_or(start.min(self.asked.sealed / CHUNK * CHUNK))
    }

    /// How many chunks the open targets need, each `each`th of them.
    fn cost(&self, each: usize) -> u64 {
        let (mut cost, mut from) = (0, self.known.map(|known| known.0));
        let mut read_to = from.map_or(0, |from| from.div_ceil(CHUNK));
        for target in self.open(each) {
            let start = self.start(target.end, from) / CHUNK;
            let end = target.end.min(self.asked.sealed).div_ceil(CHUNK);
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
        while self.spent + self.cost(each) > self.asked.most && each < self.targets.len() {
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
                self.average = Average::new(self.asked.weight);
                self.size = Average::new(self.asked.weight);
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
        if self.spent > 2 * self.asked.most {
            return chunks;
        }
        let (mut start, tail) = (self.position, self.asked.sealed / CHUNK);
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
        if base < self.asked.sealed {
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
        let places = &points.along(self.asked.axis)[range.clone()];
        for ((at, place), (step, y)) in (self.position..).zip(places).zip(points.x[range.clone()].iter().zip(&points.y[range])) {
            let (step, y) = (*step, *y);
            if self.past > 0.0 {
                self.size.push(step, y.abs());
                self.past = if self.average.is_begun_by(step) { 0.0 } else { self.past };
                self.past *= if y.is_finite() { self.asked.weight } else { 1.0 };
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
        self.is_all || (is_found && self.past < 1.0 && self.past * self.asked.peak <= FORGOTTEN / 2.0 * self.size.value)
    }

    fn answer(&mut self, target: Target) {
        self.past = 0.0;
        self.known = Some((target.end, self.average));
        match self.places.get_mut(target.column) {
            Some(place) => *place = self.finite.filter(|finite| finite.0 >= target.start).map_or(NO_PLACE, |finite| finite.1),
            None => self.last = Some(self.average),
        }
    }

    pub fn finish(self) -> Smoothed {
        Smoothed { places: self.places, last: self.last }
    }
}
