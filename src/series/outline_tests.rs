//! Outlines against a calculation over all points.

use super::*;
use crate::split_mix::SplitMix64;

/// The outline of points that are pushed in slices, made again from all of them where that is needed.
fn outline(points: &Points, slice: usize) -> CurveOutline {
    let slices: Vec<Points> =
        (0..points.len()).step_by(slice).map(|start| points.slice(start, (start + slice).min(points.len()))).collect();
    let mut scan = SupersededScan::default();
    slices.iter().for_each(|slice| scan.push(&slice.x));
    let mut rebuild = scan.into_rebuild();
    slices.iter().for_each(|slice| rebuild.push(slice));
    let (summary, rebuilt) = rebuild.finish();
    let mut pushed = OutlineBuilder::default();
    slices.iter().for_each(|slice| pushed.push(slice));
    assert_eq!((pushed.points(), rebuilt.points()), (points.len() as u64, points.len() as u64));
    let figures = summary.figures().unwrap();
    let rebuilt = rebuilt.finish(figures).expect("superseded points were left out");
    if let Some(pushed) = pushed.finish(figures) {
        assert_eq!(bits(&pushed), bits(&rebuilt));
    }
    rebuilt
}

/// All numbers, with NaN equal to NaN.
pub fn bits(outline: &CurveOutline) -> (u64, Vec<[u64; 9]>) {
    let columns = outline.columns.iter().map(|column| {
        let OutlineColumn { x_first, x_last, steps, finite, mean, min, max, first, last } = *column;
        let doubles = [x_first, x_last, mean, min, max, first, last].map(|number| if number.is_nan() { 1 } else { number.to_bits() });
        let mut all = [0; 9];
        all[..7].copy_from_slice(&doubles);
        (all[7], all[8]) = (steps, finite);
        all
    });
    (outline.width.to_bits(), columns.collect())
}

/// The steps of the curve with their finite values, by definition.
fn curve(points: &Points) -> Vec<(f64, Vec<f64>)> {
    let mut curve: Vec<(f64, Vec<f64>)> = Vec::new();
    for (step, value) in points.x.iter().zip(&points.y) {
        if curve.last().is_some_and(|last| *step < last.0) {
            curve.retain(|point| point.0 < *step);
        }
        match curve.last_mut().filter(|last| last.0 == *step) {
            Some((_, values)) => values.push(*value),
            None => curve.push((*step, vec![*value])),
        }
    }
    curve.iter_mut().for_each(|(_, values)| values.retain(|value| value.is_finite()));
    curve
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The steps of each column.
fn columns_of(curve: &[(f64, Vec<f64>)], width: f64) -> Vec<&[(f64, Vec<f64>)]> {
    let is_same = |one: f64, other: f64| if width == 0.0 { one == other } else { (one / width).floor() == (other / width).floor() };
    curve.chunk_by(|one, other| is_same(one.0, other.0)).collect()
}

fn noise(count: usize, rng: &mut SplitMix64) -> Points {
    let mut points = Points::default();
    let mut step = rng.pick(&[0.0, -7.5, 1e6]);
    let width = rng.pick(&[1.0, 0.25, 1e-3]);
    let (restarts, equals, jumps) = (rng.below(3), rng.below(2), rng.below(2));
    for at in 0..count {
        let value = rng.unit() - 0.5;
        let values = [value, value, value, value * 1e6, f64::NAN, f64::INFINITY];
        points.push(step, rng.pick(&values), at as f64);
        let repeats = equals == 1 && rng.below(3) == 0;
        let jump = if jumps == 1 && rng.below(40) == 0 { width * 500.0 * rng.unit() } else { 0.0 };
        step += if repeats { 0.0 } else { width + jump };
        if restarts > 0 && rng.below(count as u64) < restarts {
            step -= width * (rng.below(count as u64 / 2 + 1) as f64);
        }
    }
    points
}

fn near(one: f64, other: f64, scale: f64) -> bool {
    one.is_nan() && other.is_nan() || (one - other).abs() <= 1e-12 * scale
}

#[test]
fn outlines_say_what_all_points_say() {
    let mut rng = SplitMix64(61);
    let (mut exact, mut merged, mut holes) = (0, 0, 0);
    for _ in 0..400 {
        let count = rng.pick(&[1, 2, 100, 256, 257, 300, 600, 2000]);
        let points = noise(count, &mut rng);
        let outline = outline(&points, 1 + rng.below(300) as usize);
        let curve = curve(&points);
        assert_eq!(outline.figures.steps, curve.len() as u64);
        if curve.len() <= OUTLINE_COLUMNS {
            assert_eq!(outline.width, 0.0);
            exact += 1;
        } else {
            assert_eq!(outline.width, 2_f64.powi(outline.width.log2() as i32));
            assert!(columns_of(&curve, outline.width / 2.0).len() > OUTLINE_COLUMNS, "a smaller width does not suffice");
            merged += 1;
        }
        let expected = columns_of(&curve, outline.width);
        assert_eq!(outline.columns.len(), expected.len());
        for (at, (column, steps)) in outline.columns.iter().zip(&expected).enumerate() {
            let means: Vec<f64> = steps.iter().filter(|step| !step.1.is_empty()).map(|step| mean(&step.1)).collect();
            let raw: Vec<f64> = steps.iter().flat_map(|step| &step.1).copied().collect();
            let scale = raw.iter().map(|value| value.abs()).sum::<f64>();
            assert_eq!((column.x_first, column.x_last), (steps[0].0, steps[steps.len() - 1].0));
            assert_eq!((column.steps, column.finite), (steps.len() as u64, means.len() as u64));
            assert!(near(column.mean, mean(&means), scale), "{column:?}");
            assert!(near(column.min, raw.iter().copied().reduce(f64::min).unwrap_or(f64::NAN), 0.0), "{column:?}");
            assert!(near(column.max, raw.iter().copied().reduce(f64::max).unwrap_or(f64::NAN), 0.0), "{column:?}");
            let number = |steps: &[(f64, Vec<f64>)]| (steps[0].0 / outline.width).floor();
            let is_beside_hole = |left: Option<&&[(f64, Vec<f64>)]>, right: Option<&&[(f64, Vec<f64>)]>| match (left, right) {
                (Some(left), Some(right)) => number(right) > number(left) + 1.0,
                _ => false,
            };
            let before = at.checked_sub(1).and_then(|before| expected.get(before));
            let (is_first, is_last) = (is_beside_hole(before, Some(steps)), is_beside_hole(Some(steps), expected.get(at + 1)));
            let is_exact = outline.width == 0.0;
            let value = |is_known: bool, step: usize| if is_known || is_exact { mean(&steps[step].1) } else { f64::NAN };
            assert!(near(column.first, value(is_first, 0), scale) && near(column.last, value(is_last, steps.len() - 1), scale));
            holes += usize::from(is_last && !is_exact);
        }
    }
    assert!(exact > 100 && merged > 100 && holes > 100, "{exact} {merged} {holes}");
}

#[test]
fn a_constant_curve_has_constant_means() {
    let mut points = Points::default();
    (0..100_000).for_each(|at| points.push(f64::from(at), 0.1, 0.0));
    let outline = outline(&points, 4096);
    assert!(outline.columns.iter().all(|column| column.mean == 0.1 && column.min == 0.1 && column.max == 0.1));
    assert_eq!((outline.width, outline.columns.len()), (512.0, 196));
}

#[test]
fn steps_and_values_may_be_as_far_apart_as_numbers_are() {
    let mut points = Points::default();
    let far = [-1e308, -1e10, -1e-300, 0.0, 1e-300, 2e-300, 1e-10, 1.0, 1e299, 1e300, 1.1e300, 1e308];
    far.iter().for_each(|step| points.push(*step, if *step < 1.0 { f64::MAX } else { f64::MIN }, 0.0));
    let few = outline(&points, 5);
    assert_eq!((few.width, few.columns.len()), (0.0, far.len()));
    (0..1000).for_each(|at| points.push(1.1e308 + 1e304 * f64::from(at), if at % 2 == 0 { f64::MAX } else { f64::MIN }, 0.0));
    let many = outline(&points, 5);
    assert!(many.columns.len() <= OUTLINE_COLUMNS && many.columns.iter().all(|column| column.mean.is_finite()));
    assert_eq!(many.columns.iter().map(|column| column.steps).sum::<u64>(), 1012);
}
