//! Summaries against a calculation over all points.

use super::*;
use crate::split_mix::SplitMix64;

/// The curve by its definition.
#[derive(Default)]
struct Curve {
    /// (step, value, time)
    points: Vec<(f64, f64, f64)>,
    superseded: u64,
}

impl Curve {
    fn of(points: &Points) -> Self {
        let mut curve = Self::default();
        for at in 0..points.len() {
            let step = points.x[at];
            if curve.points.last().is_some_and(|last| step < last.0) {
                let before = curve.points.len();
                curve.points.retain(|point| point.0 < step);
                curve.superseded += (before - curve.points.len()) as u64;
            }
            curve.points.push((step, points.y[at], points.t[at]));
        }
        curve
    }

    /// For each step the mean of its finite values; NaN for a gap.
    fn steps(&self) -> Vec<StepValue> {
        let same_step = self.points.chunk_by(|one, other| one.0 == other.0);
        let value = |points: &[(f64, f64, f64)]| {
            let finite: Vec<f64> = points.iter().map(|point| point.1).filter(|value| value.is_finite()).collect();
            StepValue { step: points[0].0, value: finite.iter().sum::<f64>() / finite.len() as f64 }
        };
        same_step.map(value).collect()
    }
}

fn check(points: &Points, figures: &CurveFigures) {
    let curve = Curve::of(points);
    let steps = curve.steps();
    let finite: Vec<StepValue> = steps.iter().copied().filter(|step| step.value.is_finite()).collect();
    let (first, last) = (curve.points[0], curve.points[curve.points.len() - 1]);
    assert_eq!(figures.steps, steps.len() as u64);
    assert_eq!(figures.finite_steps, finite.len() as u64);
    assert_eq!(figures.non_finite, curve.points.iter().filter(|point| !point.1.is_finite()).count() as u64);
    assert_eq!(figures.superseded, curve.superseded);
    assert_eq!((figures.first_step, figures.first_time), (first.0, first.2));
    let step_ends = curve.points.chunk_by(|one, other| one.0 == other.0).map(|points| points[points.len() - 1].2);
    assert_eq!((figures.last_step, figures.latest_time), (last.0, step_ends.fold(f64::MIN, f64::max)));
    let gap = steps.iter().rev().take_while(|step| !step.value.is_finite()).last();
    assert_eq!(figures.gap_from, gap.map(|step| step.step));
    assert_eq!(figures.values.is_some(), !finite.is_empty());
    let Some(CurveValues { last, min, max, mean }) = figures.values else { return };
    let largest = finite.iter().map(|step| step.value.abs()).fold(0.0, f64::max);
    let near = |one: f64, other: f64| (one - other).abs() <= 1e-12 * largest;
    assert_eq!(last.step, finite[finite.len() - 1].step);
    assert!(near(last.value, finite[finite.len() - 1].value));
    // A mean of several points at a step may differ in its last bit, and equal values need not be found at the same step then.
    let lowest = finite.iter().map(|step| step.value).fold(f64::INFINITY, f64::min);
    let highest = finite.iter().map(|step| step.value).fold(f64::NEG_INFINITY, f64::max);
    assert!(near(min.value, lowest) && near(max.value, highest), "{min:?} {lowest} {max:?} {highest}");
    for extreme in [min, max] {
        assert!(finite.iter().any(|step| step.step == extreme.step && near(step.value, extreme.value)));
    }
    if curve.points.len() == steps.len() {
        let first_with = |value: f64| finite.iter().find(|step| step.value == value).copied();
        assert_eq!((Some(min), Some(max)), (first_with(lowest), first_with(highest)));
    }
    let expected = finite.iter().map(|step| step.value).sum::<f64>() / finite.len() as f64;
    assert!(near(mean, expected), "{mean} {expected} of {} steps, largest {largest}", finite.len());
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Ascending,
    EqualSteps,
    RestartOnce,
    RestartTwice,
    RestartToStart,
    RestartOfNewestStep,
    Jittering,
    Descending,
}

const SHAPES: [Shape; 8] = [
    Shape::Ascending,
    Shape::EqualSteps,
    Shape::RestartOnce,
    Shape::RestartTwice,
    Shape::RestartToStart,
    Shape::RestartOfNewestStep,
    Shape::Jittering,
    Shape::Descending,
];

fn steps(shape: Shape, count: usize, rng: &mut SplitMix64) -> Vec<f64> {
    let begin = rng.pick(&[0.0, -50.0, 1e6, 0.125]);
    let turns = [rng.below(count as u64) as usize, rng.below(count as u64) as usize];
    let mut step = begin;
    let mut list = Vec::new();
    for at in 0..count {
        match shape {
            Shape::RestartOnce if at == turns[0] => step = begin + ((step - begin) * rng.unit()).floor(),
            Shape::RestartTwice if turns.contains(&at) => step = begin + ((step - begin) * rng.unit()).floor(),
            Shape::RestartToStart if at == turns[0] => step = begin - rng.below(3) as f64,
            Shape::RestartOfNewestStep if at == turns[0] && at > 0 => step -= 1.5,
            Shape::Jittering => step = begin + at as f64 + rng.below(5) as f64,
            Shape::Descending => step -= 2.0,
            Shape::EqualSteps => step += rng.below(2) as f64 - 1.0,
            _ => {}
        }
        list.push(step);
        step += if matches!(shape, Shape::RestartTwice) { rng.below(2) as f64 } else { 1.0 };
    }
    list
}

fn series(shape: Shape, count: usize, rng: &mut SplitMix64) -> Points {
    let kinds: &[f64] =
        rng.pick(&[&[1.0][..], &[1.0, f64::NAN], &[f64::NAN], &[1.0, 1.0, 1e9, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]]);
    let mut points = Points::default();
    for (at, step) in steps(shape, count, rng).into_iter().enumerate() {
        let noise = [rng.unit() - 0.5, 0.25, -0.25];
        let noise = rng.pick(&noise);
        // A clock that goes back now and then.
        let clock = if at % 8 == 3 { 5.0 } else { 0.0 };
        points.push(step, rng.pick(kinds) * noise, 1.7e9 + at as f64 / 8.0 - clock);
    }
    if rng.below(3) == 0 {
        points.y[0] = rng.pick(&[f64::NAN, f64::INFINITY]);
        points.y[count - 1] = rng.pick(&[f64::NAN, f64::NEG_INFINITY]);
    }
    points
}

/// The points in slices of random lengths, some of them empty.
fn slices(points: &Points, rng: &mut SplitMix64) -> Vec<Points> {
    let (mut slices, mut start) = (Vec::new(), 0);
    while start < points.len() {
        let end = (start + rng.below(9) as usize).min(points.len());
        slices.push(points.slice(start, end));
        start = end;
    }
    slices
}

fn rebuilt(slices: &[Points], rng: &mut SplitMix64) -> CurveSummary {
    let mut scan = SupersededScan::default();
    for Points { x, .. } in slices {
        let is_ascending = x.is_sorted();
        // The two ends suffice then.
        if is_ascending && x.len() > 1 && rng.below(2) == 0 { scan.push(&[x[0], x[x.len() - 1]]) } else { scan.push(x) }
    }
    let mut rebuild = scan.into_rebuild();
    slices.iter().for_each(|slice| rebuild.push(slice));
    rebuild.finish().0
}

#[test]
fn summaries_say_what_all_points_say() {
    let mut rng = SplitMix64(17);
    let mut rebuilds = [0; SHAPES.len()];
    for turn in 0..8_000 {
        let shape = SHAPES[turn % SHAPES.len()];
        let count = 1 + rng.below(40) as usize;
        let points = series(shape, count, &mut rng);
        let mut summary = CurveSummary::default();
        summary.push(&points);
        let again = rebuilt(&slices(&points, &mut rng), &mut rng);
        check(&points, &again.figures().unwrap());
        assert!(!again.needs_rebuild());
        if summary.needs_rebuild() {
            assert_eq!(summary.figures(), None);
            rebuilds[turn % SHAPES.len()] += 1;
        } else {
            assert_eq!(summary.encode(), again.encode(), "{shape:?} {points:?}");
        }
        assert_eq!((summary.points(), again.points()), (count as u64, count as u64));
    }
    let [ascending, equal, once, twice, start, newest, jittering, descending] = rebuilds;
    assert_eq!([ascending, equal, start, newest, descending], [0; 5], "these need no rebuild");
    assert!([once, twice, jittering].iter().all(|count| *count > 100), "{rebuilds:?}");
}

#[test]
fn any_division_into_calls_gives_the_same_bits() {
    let mut rng = SplitMix64(23);
    for turn in 0..4_000 {
        let points = series(SHAPES[turn % SHAPES.len()], 1 + rng.below(60) as usize, &mut rng);
        let mut summary = CurveSummary::default();
        summary.push(&points);
        let mut sliced = CurveSummary::default();
        for slice in slices(&points, &mut rng) {
            sliced.push(&slice);
            let bytes = sliced.encode();
            sliced = CurveSummary::decode(&bytes).unwrap();
            assert_eq!(sliced.encode(), bytes);
        }
        assert_eq!(sliced.encode(), summary.encode());
        // A rebuild in the middle changes nothing, either: later points go on from it.
        let middle = rng.below(points.len() as u64 + 1) as usize;
        let mut later = rebuilt(&slices(&points.slice(0, middle), &mut rng), &mut rng);
        later.push(&points.slice(middle, points.len()));
        let expected = rebuilt(&[points], &mut rng);
        assert!(later.needs_rebuild() || later.encode() == expected.encode());
    }
}

#[test]
fn a_run_that_begins_again_needs_no_rebuild_even_if_it_went_back_before() {
    let mut summary = CurveSummary::default();
    let push = |summary: &mut CurveSummary, steps: &[f64]| {
        let mut points = Points::default();
        steps.iter().for_each(|step| points.push(*step, *step, 0.0));
        summary.push(&points);
    };
    push(&mut summary, &[1.0, 2.0, 3.0, 2.0]);
    assert!(summary.needs_rebuild());
    push(&mut summary, &[3.0, 4.0]);
    assert!(summary.needs_rebuild());
    push(&mut summary, &[1.0, 2.0]);
    let figures = summary.figures().unwrap();
    assert_eq!((figures.steps, figures.superseded, figures.first_step), (2, 6, 1.0));
}

#[test]
fn damaged_bytes_are_an_error_or_another_summary_and_never_a_panic() {
    let mut rng = SplitMix64(29);
    let points = series(Shape::EqualSteps, 30, &mut rng);
    let summary = rebuilt(std::slice::from_ref(&points), &mut rng);
    let bytes = summary.encode();
    assert!(bytes.len() < 140, "{}", bytes.len());
    for end in 0..bytes.len() {
        assert_eq!(CurveSummary::decode(&bytes[..end]), Err(SummaryDecodeError), "{end}");
    }
    assert!(CurveSummary::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
    for _ in 0..20_000 {
        let mut damaged = bytes.clone();
        let at = rng.below(bytes.len() as u64) as usize;
        damaged[at] ^= 1 << rng.below(8);
        if let Ok(mut other) = CurveSummary::decode(&damaged) {
            other.push(&points);
            other.figures();
        }
    }
    assert!(CurveSummary::decode(&[2; 20]).is_err());
    let whole = CurveSummary::decode(&CurveSummary::default().encode()).unwrap();
    assert_eq!((whole.figures(), whole.points()), (None, 0));
}
