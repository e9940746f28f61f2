//! Tests of smoothed lines against the average of all points, one by one: it is the same whatever is seen of them.

use super::brute_force_tests::{STEPS, Stored, places, values, window};
use super::*;
use crate::split_mix::SplitMix64;

const MOST: u64 = 4000;

/// For each point the average there, and that of the sizes of the values; `None` where the value is not finite.
fn averages(points: &Points, weight: f64) -> Vec<Option<(f64, f64)>> {
    let (mut average, mut size) = (Average::new(weight), Average::new(weight));
    points.x.iter().zip(&points.y).map(|(x, y)| average.push(*x, *y).zip(size.push(*x, y.abs()))).collect()
}

/// How far an average may be from the one of all points.
fn allowed(size: f64) -> f64 {
    1e-12 * size + 1e-307
}

/// That each place is the average of all points at the last finite value of its column. How many places there are.
fn check(stored: &Stored, all: &[Option<(f64, f64)>], ask: Window, weight: f64, most: u64) -> usize {
    let (columns, ends, line, reads) = stored.ask_smoothed(ask, weight, most);
    assert_eq!((columns.len(), ends.len()), (line.places.len(), ends.len()));
    assert!(reads <= 2 * most + 64, "{reads} chunks of {most}");
    let places = stored.points.along(ask.axis);
    let mut known = 0;
    for (at, (column, end)) in columns.iter().zip(&ends).enumerate() {
        let (from, end) = ((end - column.count) as usize, *end as usize);
        assert!(places[from] == column.x_first && places[end - 1] == column.x_last, "column {at} of {ask:?} ends elsewhere");
        let last = (from..end).rev().find_map(|at| all[at].map(|of| (places[at], of)));
        let (x, y) = line.places[at];
        match last {
            _ if x.is_nan() => assert!(y.is_nan() && (last.is_none() || most < MOST), "column {at} has no average, {weight} {ask:?}"),
            None => panic!("an average without a finite value"),
            Some((place, (average, size))) => {
                assert!(x == place && (y - average).abs() <= allowed(size), "{y} at {x}, not {average} at {place}: {weight} {ask:?}");
                known += 1;
            }
        }
    }
    if let Some(last) = line.last {
        let mut whole = Average::new(weight);
        for (x, y) in stored.points.x.iter().zip(&stored.points.y) {
            whole.push(*x, *y);
        }
        let size = all.iter().rev().find_map(|of| of.map(|of| of.1)).unwrap_or(0.0);
        assert!((last.value - whole.value).abs() <= allowed(size) && last.step == whole.step, "{last:?}, not {whole:?}");
        assert!((last.kept - whole.kept).abs() < 1e-14, "{last:?}, not {whole:?}");
    } else {
        assert!(most < MOST);
    }
    known
}

#[test]
fn the_average_at_a_step_is_the_same_in_every_window() {
    let mut rng = SplitMix64(11);
    let mut known = 0;
    for round in 0..40 {
        let count = rng.pick(&[1, 63, 4095, 4096, 4097, 20_000, 70_000, 200_000]);
        let (mut y, _) = values(count, if round % 3 == 0 { (count / 100).min(300) } else { 0 }, &mut rng);
        if round % 4 == 1 {
            // Long runs of what is no number, and spikes that are felt for long.
            let from = rng.below(count as u64) as usize;
            y[from..].iter_mut().take(30_000).for_each(|y| *y = f64::NAN);
            let at = rng.below(count as u64) as usize;
            y[at] = rng.pick(&[1e30, -1e300, 1e12]);
        }
        let t = places(rng.pick(&STEPS), count, &mut rng);
        let stored = Stored::new(Points { x: places(STEPS[round % STEPS.len()], count, &mut rng), y, t });
        let weight = rng.pick(&[1e-9, 0.5, 0.9, 0.99, 0.999]);
        let all = averages(&stored.points, weight);
        for _ in 0..8 {
            let axis = rng.pick(&[Axis::Step, Axis::Time]);
            let (from, to) = window(stored.points.along(axis), &mut rng);
            let ask = Window { axis, from, to, width: rng.pick(&[1, 2, 100, 777, 2000]), scale: PixelScale::Linear };
            known += check(&stored, &all, ask, weight, MOST);
            // With less to read there are fewer, each as good.
            check(&stored, &all, ask, weight, 1 + rng.below(30));
        }
    }
    assert!(known > 50_000, "{known}");
}

fn ramp(count: usize, y: impl Fn(usize) -> f64) -> Stored {
    let x: Vec<f64> = (0..count).map(|at| at as f64).collect();
    Stored::new(Points { t: x.clone(), y: (0..count).map(y).collect(), x })
}

const WHOLE: Window = Window { axis: Axis::Step, from: f64::NEG_INFINITY, to: f64::INFINITY, width: 500, scale: PixelScale::Linear };

#[test]
fn a_constant_is_that_constant_to_the_last_bit_in_every_window() {
    let stored = ramp(300_000, |_| 0.1);
    for (from, to) in [(f64::NEG_INFINITY, f64::INFINITY), (200_000.0, 250_000.0), (299_000.5, 299_990.0)] {
        for weight in [0.3, 0.9, 0.999] {
            let (_, _, line, _) = stored.ask_smoothed(Window { from, to, ..WHOLE }, weight, MOST);
            assert!(line.places.iter().all(|place| place.1 == 0.1) && line.last.is_some_and(|last| last.value == 0.1));
        }
    }
}

#[test]
fn what_is_read_does_not_grow_with_the_length_of_the_series() {
    // 244 chunks. A window of a hundredth, and a small weight over all of it.
    let stored = ramp(1_000_000, |at| (at as f64 / 1e4).sin());
    let (columns, _, line, reads) = stored.ask_smoothed(Window { from: 500_000.0, to: 510_000.0, ..WHOLE }, 0.999, MOST);
    assert!(reads < 40 && columns.len() == line.places.len(), "{reads}");
    // The look-back of each place is a chunk at most.
    let (_, _, line, reads) = stored.ask_smoothed(Window { width: 20, ..WHOLE }, 0.9, MOST);
    assert!(reads <= 2 * 21 && line.places.iter().all(|place| !place.0.is_nan()), "{reads}");
    // Where the chunks of all places are too many, some places are left out, and the line goes on to its end.
    let (columns, _, line, reads) = stored.ask_smoothed(Window { width: 20, ..WHOLE }, 0.999, 60);
    let known = line.places.iter().filter(|place| !place.0.is_nan()).count();
    assert!(reads <= 60 && (3..columns.len()).contains(&known), "{reads} {known}");
    assert!(line.places.last().is_some_and(|place| place.0 == 999_999.0) && line.last.is_some());
}
