//! Brings the members of a group to one grid, which is known when all of them are there.

use super::GroupGrid;
use super::curve::{CurvePart, MemberCurve};
use super::samples::{ColumnGrid, Sample, sample_columns, sample_steps};
use crate::series::Extent;
use crate::series::pixel_grid::PixelGrid;

/// What the members of a group have at one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tally {
    /// Members with a value.
    pub n: u32,
    pub nan: u32,
    pub ended: u32,
    pub interpolated: u32,
    /// The lowest and the highest finite point; NaN if there is none.
    pub min: f64,
    pub max: f64,
}

impl Tally {
    const EMPTY: Self = Self { n: 0, nan: 0, ended: 0, interpolated: 0, min: f64::NAN, max: f64::NAN };

    /// Counts a member's sample. Its value is NaN if it has none.
    fn take(&mut self, sample: Sample) -> f64 {
        let (value, min, max) = match sample {
            Sample::Own { value, min, max } => (value, min, max),
            Sample::Interpolated(value) => {
                self.interpolated += 1;
                (value, value, value)
            }
            Sample::Gap => {
                self.nan += 1;
                return f64::NAN;
            }
            Sample::Ended => {
                self.ended += 1;
                return f64::NAN;
            }
            Sample::NotBegun => return f64::NAN,
        };
        self.n += 1;
        // `min` and `max` pass over NaN.
        (self.min, self.max) = (self.min.min(min), self.max.max(max));
        value
    }
}

/// The members of a group at the places of its grid.
#[derive(Clone, Debug)]
pub struct SampledGroup {
    pub grid: GroupGrid,
    /// Ascending.
    pub places: Vec<f64>,
    /// For each place.
    pub tallies: Vec<Tally>,
    /// Of each member, in the order in which they were pushed, a value for each place; NaN where it has none.
    pub values: Vec<f64>,
    pub members: u32,
}

/// Takes the curves of the members of a group, one after the other, in an order that depends on nothing but the members, such as that of
/// their ids: sums are made in this order, so that the same members give the same bits.
///
/// If they have at most `width` distinct steps in the window, these are the places; otherwise the places are the middles of equal columns.
pub struct GroupSampler {
    from: f64,
    to: f64,
    /// Steps at most.
    width: usize,
    columns: ColumnGrid,
    column_count: u32,
    /// All steps in the window so far, ascending; `None` once there are too many.
    steps: Option<Vec<f64>>,
    /// The members, as long as the places may be steps.
    held: Vec<StepCurve>,
    tallies: Vec<Tally>,
    values: Vec<f64>,
    members: u32,
}

/// A curve of single steps, in the memory of their numbers.
struct StepCurve {
    steps: Vec<(f64, f64)>,
    /// Of each step the extremes of its points, unless each step is one point.
    extremes: Option<Vec<(f64, f64)>>,
}

impl StepCurve {
    fn of(parts: &[CurvePart]) -> Self {
        let is_plain = parts.iter().all(|part| part.finite == 0 || (part.min == part.mean && part.max == part.mean));
        let extremes = (!is_plain).then(|| parts.iter().map(|part| (part.min, part.max)).collect());
        Self { steps: parts.iter().map(|part| (part.x_first, part.mean)).collect(), extremes }
    }

    fn parts(&self) -> Vec<CurvePart> {
        let part = |(at, (x, value)): (usize, &(f64, f64))| {
            let (min, max) = self.extremes.as_ref().map_or((*value, *value), |extremes| extremes[at]);
            CurvePart::step(*x, *value, min, max)
        };
        self.steps.iter().enumerate().map(part).collect()
    }
}

impl GroupSampler {
    /// Columns of a window with finite bounds, `from <= to`, `width` of them and at least one.
    pub fn of_window(from: f64, to: f64, width: u32) -> Self {
        let grid = PixelGrid::new(from, to, width, Extent { min: from, max: to });
        Self::new(from, to, width, ColumnGrid::Window(grid), width)
    }

    /// Columns of `column_width`, a power of two, whose bounds are multiples of it, from that of `first_step` to that of `last_step`. For
    /// curves whose parts are each in one of these columns. `width`: steps at most.
    pub fn dyadic(first_step: f64, last_step: f64, column_width: f64, width: u32) -> Self {
        let (first, last) = ((first_step / column_width).floor(), (last_step / column_width).floor());
        let grid = ColumnGrid::Dyadic { first, width: column_width };
        let count = (last - first) as u32 + 1;
        Self::new(first * column_width, (last + 1.0) * column_width, width, grid, count)
    }

    fn new(from: f64, to: f64, width: u32, columns: ColumnGrid, column_count: u32) -> Self {
        Self {
            from,
            to,
            width: width as usize,
            columns,
            column_count,
            steps: Some(Vec::new()),
            held: Vec::new(),
            tallies: Vec::new(),
            values: Vec::new(),
            members: 0,
        }
    }

    /// Makes room for the values of so many members.
    pub fn reserve(&mut self, members: usize) {
        self.values.reserve(members * self.column_count as usize);
    }

    /// Takes the next member, as far as the window needs it ([`MemberCurve::within`]). If its parts are not all single steps, it has more than
    /// `width` steps in the window, and each part is in one column.
    pub fn push(&mut self, curve: &MemberCurve) {
        self.members += 1;
        if let Some(steps) = &mut self.steps {
            let inside = curve.parts.iter().filter(|part| part.x_first >= self.from && part.x_first <= self.to);
            if curve.parts.iter().all(CurvePart::is_step) && add_steps(steps, inside.map(|part| part.x_first), self.width) {
                self.held.push(StepCurve::of(&curve.parts));
                return;
            }
            self.steps = None;
            for held in std::mem::take(&mut self.held) {
                self.sample_columns(&held.parts());
            }
        }
        self.sample_columns(&curve.parts);
    }

    fn middle(&self, column: usize) -> f64 {
        let share = (column as f64 + 0.5) / f64::from(self.column_count);
        // No difference of two finite numbers overflows.
        self.from * (1.0 - share) + self.to * share
    }

    fn sample_columns(&mut self, parts: &[CurvePart]) {
        let count = self.column_count as usize;
        self.tallies.resize(count, Tally::EMPTY);
        let (mut values, mut tallies) = (std::mem::take(&mut self.values), std::mem::take(&mut self.tallies));
        let middle = |column: usize| self.middle(column);
        sample_columns(parts, self.columns, count, middle, |at, sample| values.push(tallies[at].take(sample)));
        (self.values, self.tallies) = (values, tallies);
    }

    /// All members at the places that they have together.
    pub fn finish(mut self) -> SampledGroup {
        let Some(places) = self.steps.take() else {
            let places = (0..self.column_count as usize).map(|column| self.middle(column)).collect();
            let grid = GroupGrid::Columns { from: self.from, to: self.to, count: self.column_count };
            let Self { tallies, values, members, .. } = self;
            return SampledGroup { grid, places, tallies, values, members };
        };
        let (mut tallies, mut values) = (vec![Tally::EMPTY; places.len()], Vec::with_capacity(places.len() * self.held.len()));
        for held in &self.held {
            sample_steps(&held.parts(), &places, |at, sample| values.push(tallies[at].take(sample)));
        }
        SampledGroup { grid: GroupGrid::Steps, places, tallies, values, members: self.members }
    }
}

/// Adds steps, both lists ascending. False if there are more than `most` then.
fn add_steps(steps: &mut Vec<f64>, new: impl Iterator<Item = f64>, most: usize) -> bool {
    let (mut missing, mut at) = (Vec::new(), 0);
    for step in new {
        while steps.get(at).is_some_and(|known| *known < step) {
            at += 1;
        }
        if steps.get(at).is_none_or(|known| *known != step) {
            missing.push(step);
        }
        if steps.len() + missing.len() > most {
            return false;
        }
    }
    if !missing.is_empty() {
        steps.append(&mut missing);
        // Two ascending runs are merged in linear time.
        steps.sort_by(f64::total_cmp);
    }
    true
}
