//! Tests of queries against all points: whatever the data and the window, columns say what brute force says.

use std::sync::Arc;

use super::*;
use crate::split_mix::SplitMix64;

/// A series as a store would hold it.
pub struct Stored {
    pub points: Points,
    pub sealed: u64,
    pub tail: Arc<Points>,
    chunks: Vec<Arc<Points>>,
    levels: Vec<Vec<Arc<dyn Nodes>>>,
}

impl Stored {
    pub fn new(points: Points) -> Self {
        let sealed = points.len() as u64 / CHUNK * CHUNK;
        let mut stored =
            Self { sealed, tail: Arc::new(points.slice(sealed as usize, points.len())), points, chunks: Vec::new(), levels: Vec::new() };
        let mut pyramid = Pyramid::default();
        for start in (0..sealed as usize).step_by(CHUNK as usize) {
            let chunk = stored.points.slice(start, start + CHUNK as usize);
            pyramid.add_chunk(&chunk);
            stored.chunks.push(Arc::new(chunk));
            for Block { level, number, nodes } in pyramid.take() {
                stored.levels.resize_with(stored.levels.len().max(level as usize + 1), Vec::new);
                let blocks = &mut stored.levels[level as usize];
                blocks.truncate(number as usize);
                assert_eq!(blocks.len(), number as usize, "a block of level {level} is left out");
                blocks.push(Arc::new(nodes));
            }
        }
        stored
    }

    /// The answer, and how many rounds, blocks and chunks it took.
    pub fn ask(&self, ask: Window) -> (Vec<Column>, [usize; 3]) {
        let (query, reads) = self.answered(ask);
        (query.finish(), reads)
    }

    /// The columns with the places behind their last points, the smoothed line, and how many chunks were read for it.
    pub fn ask_smoothed(&self, ask: Window, weight: f64, most: u64) -> (Vec<Column>, Vec<u64>, SmoothedLine, u64) {
        let (query, _) = self.answered(ask);
        let (total, peak) = (self.points.len() as u64, query.peak());
        let (columns, ends) = query.finish_with_ends();
        let asked = SmoothingRequest { weight, axis: ask.axis, sealed: self.sealed, total, peak, most };
        let mut smoothing = Smoothing::new(asked, &columns, &ends);
        let mut reads = 0;
        loop {
            let numbers = smoothing.next(7);
            if numbers.is_empty() {
                break;
            }
            assert!(numbers.len() <= 7 && numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
            for number in numbers {
                let chunk = self.chunks.get(number as usize);
                reads += u64::from(chunk.is_some());
                smoothing.take(number * CHUNK, chunk.unwrap_or(&self.tail));
            }
        }
        (columns, ends, smoothing.finish(), reads)
    }

    /// The exact answer, for places that ascend, and the reads.
    pub fn ask_exactly(&self, ask: Window) -> (Vec<Column>, [usize; 3]) {
        let (query, reads) = self.supplied(PyramidQuery::exact(ask, self.sealed, self.tail.clone()));
        (query.finish(), reads)
    }

    fn answered(&self, ask: Window) -> (PyramidQuery, [usize; 3]) {
        self.supplied(PyramidQuery::new(ask, self.sealed, self.tail.clone()))
    }

    fn supplied(&self, mut query: PyramidQuery) -> (PyramidQuery, [usize; 3]) {
        let mut reads = [0; 3];
        while !query.pending_reads().is_empty() {
            let PendingReads { blocks, chunks } = query.pending_reads().clone();
            assert!(blocks.is_sorted() && chunks.is_sorted());
            reads = [reads[0] + 1, reads[1] + blocks.len(), reads[2] + chunks.len()];
            let blocks: Vec<_> = blocks.into_iter().map(|key| (key, self.levels[key.0 as usize][key.1 as usize].clone())).collect();
            let chunks: Vec<_> = chunks.into_iter().map(|number| (number, self.chunks[number as usize].clone())).collect();
            query.supply(&blocks, &chunks).unwrap();
        }
        (query, reads)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Steps {
    Regular,
    Irregular,
    Bursts,
    Restarting,
    Jittering,
    Random,
    Constant,
    Whole,
}

pub const STEPS: [Steps; 8] =
    [Steps::Regular, Steps::Irregular, Steps::Bursts, Steps::Restarting, Steps::Jittering, Steps::Random, Steps::Constant, Steps::Whole];

pub fn places(steps: Steps, count: usize, rng: &mut SplitMix64) -> Vec<f64> {
    let mut place = rng.pick(&[0.0, -1e6, 1.7e9, 0.125]);
    let step = rng.pick(&[1.0, 10.0, 0.25, 1e-3]);
    let begin = place;
    let mut run = 1 + rng.below(count as u64);
    let one = |at: usize| {
        let here = place;
        match steps {
            Steps::Regular => place = begin + step * (at + 1) as f64,
            Steps::Irregular => place += step * rng.unit().powi(3),
            Steps::Bursts => place += if rng.below(500) == 0 { step * 1e5 * rng.unit() } else { step * 1e-3 },
            Steps::Restarting => {
                run -= 1;
                place += step;
                if run == 0 {
                    run = 1 + rng.below(count as u64);
                    place = begin + (place - begin) * rng.unit();
                }
            }
            Steps::Jittering => place = begin + step * (at as f64 + 10.0 * rng.unit()),
            Steps::Random => place = begin + step * rng.unit() * count as f64,
            Steps::Constant => (),
            Steps::Whole => place += rng.below(3) as f64,
        }
        here
    };
    (0..count).map(one).collect()
}

/// What an event is, at one point.
const EVENTS: [f64; 5] = [1e9, -1e9, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// Noise with events at edges of chunks and nodes, beside one another, and anywhere; and where they are.
pub fn values(count: usize, events: usize, rng: &mut SplitMix64) -> (Vec<f64>, Vec<usize>) {
    let mut y: Vec<f64> = (0..count).map(|at| 3.0 * (-(at as f64) / 1e4).exp() + 0.3 * (rng.unit() - 0.5)).collect();
    let mut planted = Vec::new();
    for _ in 0..events {
        let edge = rng.pick(&[1, 64, 256, 1024, 4096, 65536]);
        let at = ((rng.below(count as u64) / edge * edge + rng.below(3)) as usize).saturating_sub(1).min(count - 1);
        let size = 1.0 + rng.unit();
        y[at] = rng.pick(&EVENTS) * size;
        planted.push(at);
        if rng.below(3) == 0 && at + 1 < count {
            y[at + 1] = -y[at];
            planted.push(at + 1);
        }
    }
    (y, planted)
}

/// Bit-equal or both NaN: `==` for columns that may hold NaN.
fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

/// What brute force finds: where each column begins, and all that was wrong.
fn check(points: &Points, ask: Window, columns: &[Column]) -> Vec<usize> {
    let places = points.along(ask.axis);
    let extent = Extent::of(ask.axis, [], points);
    let from = if ask.from.is_finite() { ask.from } else { extent.min };
    let to = if ask.to.is_finite() { ask.to } else { extent.max };
    let holds = |at: usize| from <= places[at] && places[at] <= to;
    // A point outside is due where the line to or from it is seen, or at the series' ends.
    let seen = |a: usize, b: usize| places[a] <= places[b] && places[a] <= to && places[b] >= from;
    let last = places.len() - 1;
    let due = |at: usize| {
        let (begins, ends) = (at == 0 && places[at] > to, at == last && places[at] < from);
        holds(at) || begins || ends || (at > 0 && seen(at - 1, at)) || (at < last && seen(at, at + 1))
    };
    let mut starts = Vec::new();
    let mut at = 0;
    for column in columns {
        while !(due(at) || column.count > 1) {
            at += 1;
        }
        // A node that was kept begins with a point that may be outside: then the columns' own places say where.
        if column.count > 1 && !due(at) {
            while !(places[at] == column.x_first && same(points.y[at], column.first) && agrees(points, ask.axis, at, column)) {
                assert!(!holds(at), "point {at} at {} is left out of {ask:?}", places[at]);
                at += 1;
            }
        }
        assert!(agrees(points, ask.axis, at, column), "{column:?} is not what points from {at} on say, {ask:?}");
        starts.push(at);
        at += column.count as usize;
    }
    for (rest, place) in places.iter().enumerate().skip(at) {
        assert!(!due(rest), "point {rest} at {place} is left out at the end of {ask:?}");
    }
    starts
}

/// Whether a column is the merge of the points from `at` on.
fn agrees(points: &Points, axis: Axis, at: usize, column: &Column) -> bool {
    let places = points.along(axis);
    let count = column.count as usize;
    if at + count > places.len() {
        return false;
    }
    let mut all = Column::point(places[at], points.y[at]);
    (at + 1..at + count).for_each(|at| all.merge(&Column::point(places[at], points.y[at])));
    let near =
        |a: f64, b: f64| (a - b).abs() <= 1e-9 * points.y[at..at + count].iter().filter(|y| y.is_finite()).map(|y| y.abs()).sum::<f64>();
    let within = |place: f64| column.x_min <= place && place <= column.x_max;
    let exact = count > 1 || (same(column.at_min, places[at]) && same(column.at_max, places[at]));
    let counts = |c: &Column| (c.count, c.nan, c.pos_inf, c.neg_inf, c.breaks);
    let numbers = |c: &Column| [c.x_first, c.x_last, c.x_min, c.x_max, c.first, c.last, c.min, c.max];
    counts(&all) == counts(column)
        && numbers(&all).into_iter().zip(numbers(column)).all(|(a, b)| same(a, b))
        && near(all.sum, column.sum)
        && exact
        && within(column.at_min)
        && within(column.at_max)
}

/// Whether the column that holds it tells of the event at a point.
fn tells(column: &Column, y: f64) -> bool {
    match y {
        y if y.is_nan() => column.nan > 0,
        f64::INFINITY => column.pos_inf > 0,
        f64::NEG_INFINITY => column.neg_inf > 0,
        y if y > 0.0 => column.max >= y,
        y => column.min <= y,
    }
}

/// That each column is in one pixel, or a whole node; has no step back inside, or holds a whole node; and that they are not too many.
fn check_shape(points: &Points, ask: Window, columns: &[Column], starts: &[usize], steps: Steps) {
    let places = points.along(ask.axis);
    let extent = Extent::of(ask.axis, [], points);
    let from = if ask.from.is_finite() { ask.from } else { extent.min.min(ask.to) };
    let to = if ask.to.is_finite() { ask.to } else { extent.max.max(from) };
    let width = f64::from(ask.width);
    let pixel = |place: f64| if to > from { ((place - from) / (to - from) * width).floor().min(width - 1.0) } else { 0.0 };
    let inside = places.iter().filter(|place| from <= **place && **place <= to).count();
    let ascending = !matches!(steps, Steps::Restarting | Steps::Jittering | Steps::Random);
    for (column, start) in columns.iter().zip(starts) {
        let count = column.count as usize;
        let full = count.is_multiple_of(64) && (count / 64).is_power_of_two() && (count / 64).trailing_zeros().is_multiple_of(2);
        // The tail's last leaf is not full. It is folded where there would be too many columns, which only steps back can bring about.
        let node = if full { start % count == 0 } else { !ascending && start % 64 == 0 && start + count == places.len() };
        let across = pixel(column.x_min) != pixel(column.x_max);
        assert!(!across || node, "{column:?} from {start} on is across, {steps:?} {ask:?}");
        assert!(column.breaks == 0 || count >= 64 || node, "{column:?} from {start} on goes back");
        if ascending {
            let narrow = (column.x_max - column.x_min) * width <= (to - from) * (1.0 + 1e-9);
            assert!(count == 1 || narrow && from <= column.x_min && column.x_max <= to, "{column:?} is too wide, {steps:?} {ask:?}");
            assert!(!across || places.len() > 130_000, "{column:?} from {start} on could have been opened, {steps:?} {ask:?}");
        }
    }
    let width = ask.width as usize;
    if ascending && inside <= 2 * width {
        assert!(columns.iter().all(|column| column.count == 1) && columns.len() <= inside + 2);
    }
    let most = if ascending { 2 * width + 2 } else { 18 * width + 8192 };
    assert!(columns.len() <= most, "{} columns, {inside} points, {steps:?} {ask:?}", columns.len());
}

pub fn window(places: &[f64], rng: &mut SplitMix64) -> (f64, f64) {
    let any = |rng: &mut SplitMix64| rng.pick(places) + rng.pick(&[0.0, 0.0, 1e-4, -0.3]);
    match rng.below(8) {
        0 => (f64::NEG_INFINITY, f64::INFINITY),
        1 => (any(rng), f64::INFINITY),
        2 => (f64::NEG_INFINITY, any(rng).max(places.iter().copied().fold(f64::INFINITY, f64::min))),
        3 => {
            let at = any(rng);
            (at, at)
        }
        4 => {
            let at = rng.below(places.len() as u64) as usize;
            let (a, b) = (places[at], places[(at + rng.below(2000) as usize).min(places.len() - 1)]);
            (a.min(b), a.max(b))
        }
        _ => {
            let (a, b) = (any(rng), any(rng));
            (a.min(b), a.max(b))
        }
    }
}

#[test]
fn columns_say_what_all_points_say_and_no_event_is_lost() {
    let mut rng = SplitMix64(3);
    let (mut events, mut views) = (0, 0);
    for round in 0..48 {
        let steps = STEPS[round % STEPS.len()];
        let count = rng.pick(&[1, 63, 4095, 4096, 4097, 20_000, 70_000, 200_000]);
        let (y, mut planted) = values(count, (count / 100).min(300), &mut rng);
        planted.sort_unstable();
        planted.dedup();
        let times = rng.pick(&STEPS);
        let t = places(times, count, &mut rng);
        let stored = Stored::new(Points { x: places(steps, count, &mut rng), y, t });
        for _ in 0..12 {
            let axis = rng.pick(&[Axis::Step, Axis::Time]);
            let places = stored.points.along(axis);
            let (from, to) = window(places, &mut rng);
            let ask = Window { axis, from, to, width: rng.pick(&[1, 2, 100, 777, 2000, 16_384]), scale: PixelScale::Linear };
            let (columns, _) = stored.ask(ask);
            let starts = check(&stored.points, ask, &columns);
            check_shape(&stored.points, ask, &columns, &starts, if axis == Axis::Step { steps } else { times });
            views += 1;
            for at in &planted {
                let place = places[*at];
                if (!from.is_finite() || from <= place) && (!to.is_finite() || place <= to) {
                    let column = starts.partition_point(|start| start <= at) - 1;
                    let (start, column) = (starts[column], &columns[column]);
                    assert!(*at < start + column.count as usize && column.x_min <= place && place <= column.x_max);
                    assert!(tells(column, stored.points.y[*at]), "event {} is lost in {column:?}", stored.points.y[*at]);
                    events += 1;
                }
            }
        }
    }
    assert!(views == 576 && events > 10_000, "{events} events in {views} views");
}

#[test]
fn what_is_missing_is_named_and_of_nothing_there_is_no_column() {
    let ask = Window { axis: Axis::Step, from: 10.5, to: 10.75, width: 100, scale: PixelScale::Linear };
    let nothing = PyramidQuery::new(ask, 0, Arc::default());
    assert!(nothing.pending_reads().is_empty() && nothing.extent().is_empty() && nothing.finish().is_empty());

    let mut points = Points::default();
    (0..5000).for_each(|at| points.push(f64::from(at), f64::from(at), 0.0));
    let stored = Stored::new(points);
    let ends: Vec<_> = stored.ask(ask).0.iter().map(|column| (column.x_first, column.count)).collect();
    assert_eq!(ends, [(10.0, 1), (11.0, 1)], "a line passes where no point is");
    let beyond = stored.ask(Window { from: 6000.0, to: 7000.0, ..ask }).0;
    assert_eq!(beyond, [Column::point(4999.0, 4999.0)], "the line goes on from here");

    let mut query = PyramidQuery::new(ask, stored.sealed, stored.tail.clone());
    assert_eq!(query.supply(&[], &[]), Err(MissingRead::Block(3, 0)));
    let mut query = PyramidQuery::new(ask, stored.sealed, stored.tail.clone());
    let levels = |level: u8| ((level, 0), stored.levels[level as usize][0].clone());
    for level in (0..4).rev() {
        assert_eq!(query.pending_reads(), &PendingReads { blocks: vec![(level, 0)], chunks: vec![] });
        query.supply(&[levels(level)], &[]).unwrap();
    }
    assert_eq!(query.extent(), Extent { min: 0.0, max: 4999.0 });
    assert_eq!(query.pending_reads(), &PendingReads { blocks: vec![], chunks: vec![0] });
    assert_eq!(query.supply(&[], &[(0, stored.tail.clone())]), Err(MissingRead::Chunk(0)), "a chunk that is too short");
}
