//! Outlines against a calculation over all points.

use super::brute_force_tests::Stored;
use super::*;
use crate::split_mix::SplitMix64;

/// The outline, with the figures of the curve.
fn outline(points: &Points, slice: usize) -> (Vec<Column>, CurveFigures) {
    let slices: Vec<Points> =
        (0..points.len()).step_by(slice).map(|start| points.slice(start, (start + slice).min(points.len()))).collect();
    let scanned = || {
        let mut scan = SupersededScan::default();
        slices.iter().for_each(|slice| scan.push(&slice.x));
        scan
    };
    let mut rebuild = scanned().into_rebuild();
    slices.iter().for_each(|slice| rebuild.push(slice));
    let figures = rebuild.finish().figures().unwrap();
    let (mut filter, mut builder) = (scanned().into_filter(), OutlineBuilder::new(&figures));
    slices.iter().for_each(|slice| builder.push(&filter.filter(slice)));
    (builder.finish(), figures)
}

/// The steps of the curve with their values, by definition.
fn curve(points: &Points) -> Vec<(f64, f64)> {
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
    let mean = |values: Vec<f64>| {
        let finite: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        finite.iter().sum::<f64>() / finite.len() as f64
    };
    curve.into_iter().map(|(step, values)| (step, mean(values))).collect()
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

#[test]
fn outlines_say_what_all_points_say() {
    let mut rng = SplitMix64(61);
    let (mut exact, mut merged) = (0, 0);
    for _ in 0..400 {
        let count = rng.pick(&[1, 2, 100, 256, 257, 300, 600, 2000]);
        let points = noise(count, &mut rng);
        let (columns, figures) = outline(&points, 1 + rng.below(300) as usize);
        let curve = curve(&points);
        assert_eq!(figures.steps, curve.len() as u64);
        if curve.len() <= OUTLINE_COLUMNS as usize {
            assert_eq!(columns.len(), curve.len());
            exact += 1;
        } else {
            assert!(columns.len() <= OUTLINE_COLUMNS as usize);
            merged += 1;
        }
        let (from, to) = (curve[0].0, curve[curve.len() - 1].0);
        let pixel = |step: f64| ((step - from) / (to - from) * f64::from(OUTLINE_COLUMNS)).floor().min(f64::from(OUTLINE_COLUMNS) - 1.0);
        let mut rest = curve.as_slice();
        for column in &columns {
            let (steps, behind) = rest.split_at(column.count as usize);
            rest = behind;
            assert_eq!((column.x_first, column.x_last), (steps[0].0, steps[steps.len() - 1].0));
            assert!(column.count == 1 || pixel(column.x_first) == pixel(column.x_last), "{column:?}");
            assert!(column.count == 1 || behind.first().is_none_or(|next| pixel(next.0) > pixel(column.x_last)), "{column:?}");
            let finite: Vec<f64> = steps.iter().map(|step| step.1).filter(|value| value.is_finite()).collect();
            assert_eq!(column.finite(), finite.len() as u64);
            let near = |one: f64, other: f64| (one - other).abs() <= 1e-12 * finite.iter().map(|value| value.abs()).sum::<f64>();
            if !finite.is_empty() {
                assert!(near(column.sum, finite.iter().sum()));
                assert!(near(column.min, finite.iter().copied().fold(f64::INFINITY, f64::min)));
                assert!(near(column.max, finite.iter().copied().fold(f64::NEG_INFINITY, f64::max)));
            }
        }
        assert!(rest.is_empty());
    }
    assert!(exact > 100 && merged > 100, "{exact} {merged}");
}

#[test]
fn without_equal_steps_the_pyramid_answers_the_outline() {
    let mut rng = SplitMix64(67);
    for count in [513, 5000, 20_000] {
        let mut points = noise(count, &mut rng);
        points.x = (0..count).map(|at| at as f64 * 0.5 - 3.0).collect();
        // A step without a finite value is NaN in an outline.
        points.y.iter_mut().filter(|value| value.is_infinite()).for_each(|value| *value = f64::NAN);
        let (columns, figures) = outline(&points, 4096);
        assert_eq!((figures.steps, figures.superseded), (count as u64, 0));
        let window = Window { axis: Axis::Step, from: f64::NEG_INFINITY, to: f64::INFINITY, width: OUTLINE_COLUMNS };
        let (answer, _) = Stored::new(points).ask(window);
        assert_eq!(columns.len(), answer.len());
        for (one, other) in columns.iter().zip(&answer) {
            let numbers = |column: &Column| [column.x_first, column.x_last, column.min, column.max].map(f64::to_bits);
            assert_eq!((one.count, one.nan, numbers(one)), (other.count, other.nan, numbers(other)));
            assert!((one.sum - other.sum).abs() <= 1e-6);
        }
    }
}
