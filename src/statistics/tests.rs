//! Against numbers that tests/statistics/reference.py has computed with fractions and scipy.

use serde_json::Value;

use super::difference::{Difference, paired, prediction, welch};
use super::planning::half_width_with;
use super::{CriticalValues, LANES, Moments, corrected_confidence, sorted_quantile, t_quantile};
use crate::split_mix::SplitMix64;

fn reference() -> Value {
    serde_json::from_str(include_str!("../../tests/statistics/reference.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[track_caller]
fn assert_near(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{what}: {found:e}, not {expected:e}");
}

/// Means may be near nought between large numbers: as exact as the largest of them.
#[track_caller]
fn assert_near_among(found: f64, expected: &Value, numbers: &[f64], what: &str) {
    let expected = expected.as_f64().unwrap();
    let largest = numbers.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
    let error = (found - expected).abs();
    assert!(error <= (1e-9 * expected.abs()).max(4.0 * f64::EPSILON * largest), "{what}: {found:e}, not {expected:e}");
}

fn confidences(reference: &Value) -> Vec<f64> {
    numbers(&reference["confidences"])
}

#[test]
fn quantiles_of_t_are_those_of_scipy() {
    let reference = reference();
    let list = reference["t_quantiles"].as_array().unwrap();
    assert!(list.len() > 200);
    for row in list {
        let (probability, df) = (row[0].as_f64().unwrap(), row[1].as_f64().unwrap());
        assert_near(t_quantile(probability, df), &row[2], &format!("t({probability}, {df})"));
    }
    for (probability, df) in [(-0.1, 3.0), (1.1, 3.0), (f64::NAN, 3.0), (0.9, 0.0), (0.9, -1.0), (0.9, f64::NAN)] {
        assert!(t_quantile(probability, df).is_nan(), "{probability} {df}");
    }
    let mut known = CriticalValues::new(0.95);
    for df in [1, 2, 7, 2, 200_000] {
        assert_eq!(known.get(df), t_quantile(0.975, df as f64));
    }
}

#[test]
fn samples_have_the_moments_of_exact_fractions() {
    let reference = reference();
    for sample in reference["samples"].as_array().unwrap() {
        let (name, list) = (sample["name"].as_str().unwrap(), numbers(&sample["numbers"]));
        let moments = Moments::of(&list);
        assert_eq!(moments.n, list.len() as u64);
        assert_near_among(moments.mean, &sample["mean"], &list, name);
        match &sample["std"] {
            Value::Null => assert!(moments.std.is_nan() && moments.half_width(0.95).is_none(), "{name}"),
            std => assert_near(moments.std, std, name),
        }
        for (confidence, expected) in confidences(&reference).into_iter().zip(sample["half_widths"].as_array().unwrap()) {
            if !expected.is_null() {
                assert_near(moments.half_width(confidence).unwrap(), expected, name);
            }
        }
        let mut sorted = list.clone();
        sorted.sort_by(f64::total_cmp);
        for row in sample["quantiles"].as_array().unwrap() {
            let share = row[0].as_f64().unwrap();
            assert_near_among(sorted_quantile(&sorted, share), &row[1], &list, &format!("{name} at {share}"));
        }
    }
    assert!(Moments::of(&[]).mean.is_nan() && sorted_quantile(&[], 0.5).is_nan());
}

#[track_caller]
fn assert_difference(found: impl Fn(f64) -> Option<Difference>, expected: &Value, reference: &Value, what: &str) {
    for (at, confidence) in confidences(reference).into_iter().enumerate() {
        let found = found(confidence);
        assert_eq!(found.is_none(), expected.is_null(), "{what}");
        let Some(Difference { value, half_width, df }) = found else { continue };
        let expected_value = expected["value"].as_f64().unwrap();
        assert!((value - expected_value).abs() <= 1e-9 * expected_value.abs().max(half_width), "{what}: {value:e}, not {expected_value:e}");
        assert_near(half_width, &expected["half_widths"][at], what);
        if !expected["df"].is_null() {
            assert_near(df, &expected["df"], what);
        }
    }
}

#[test]
fn differences_are_those_of_exact_fractions() {
    let reference = reference();
    for case in reference["comparisons"].as_array().unwrap() {
        let (name, a, b) = (case["name"].as_str().unwrap(), numbers(&case["one"]), numbers(&case["other"]));
        let (one, other) = (Moments::of(&a), Moments::of(&b));
        assert_difference(|confidence| welch(&one, &other, confidence), &case["welch"], &reference, name);
        assert_difference(|confidence| prediction(&one, b[0], confidence), &case["prediction"], &reference, name);
        if a.len() == b.len() {
            let pairs: Vec<_> = a.iter().copied().zip(b.iter().copied()).collect();
            assert_difference(|confidence| paired(&pairs, confidence), &case["paired"], &reference, name);
        }
        match half_width_with(&one, &other, 9, 0.95) {
            Some(half_width) => assert_near(half_width, &case["with_9"], name),
            None => assert!(case["with_9"].is_null(), "{name}"),
        }
    }
}

#[test]
fn numbers_in_any_order_give_the_same_bits() {
    let mut rng = SplitMix64(3);
    for size in [2_usize, 3, 30, 300] {
        let mut list: Vec<f64> = (0..size).map(|_| 1e9 + (rng.next_u64() >> 40) as f64 * 1e-3).collect();
        let bits = |list: &[f64]| {
            let moments = Moments::of(list);
            (moments.mean.to_bits(), moments.std.to_bits())
        };
        let first = bits(&list);
        for _ in 0..20 {
            for at in (1..size).rev() {
                list.swap(at, rng.below(at as u64 + 1) as usize);
            }
            assert_eq!(bits(&list), first);
        }
    }
}

#[test]
fn large_numbers_do_not_overflow() {
    let moments = Moments::of(&[f64::MAX, f64::MAX / 2.0, f64::MAX / 4.0]);
    assert!(moments.mean.is_finite() && moments.std.is_finite() && moments.std > 0.0, "{moments:?}");
    assert_eq!(sorted_quantile(&[-f64::MAX, f64::MAX], 0.5), 0.0);
    // Deviations that no double holds have no interval.
    let moments = Moments::of(&[f64::MAX, -f64::MAX, f64::MAX]);
    assert!(welch(&moments, &moments, 0.95).is_none() && prediction(&moments, 0.0, 0.95).is_none());
}

#[test]
fn a_correction_divides_the_error_by_the_number_of_comparisons() {
    assert_eq!([0, 1, 5].map(corrected_confidence), [0.95, 0.95, 0.99]);
    assert!(corrected_confidence(12) > 0.995);
}

#[test]
fn differences_that_are_equal_but_for_rounding_have_no_spread() {
    assert_eq!(paired(&[(0.92, 0.91), (0.93, 0.92), (0.94, 0.93)], 0.95), None);
    assert_eq!(paired(&[(920.0, 910.0), (930.0, 920.0), (940.0, 930.0)], 0.95), None);
    assert!(paired(&[(0.92, 0.91), (0.93, 0.92), (0.94, 0.930_000_001)], 0.95).is_some());
}

#[test]
fn samples_side_by_side_have_the_same_bits() {
    let mut rng = SplitMix64(11);
    for round in 0..300 {
        let count = rng.below(40) as usize;
        let scale = rng.pick(&[1.0, 1e-300, 5e-324, 1e150, 1e290]);
        let mut number = |lane: usize| match rng.below(if round % 3 == 0 { 4 } else { 40 }) {
            0 => f64::NAN,
            1 => rng.pick(&[0.0, -0.0]),
            // Equal numbers, and a sample without any.
            _ if lane == 3 => 0.1,
            _ if lane == 5 => f64::NAN,
            _ => (rng.unit() - 0.3) * scale,
        };
        let rows: Vec<[f64; LANES]> = (0..count).map(|_| std::array::from_fn(&mut number)).collect();
        let together = Moments::of_lanes(&rows).unwrap();
        for (lane, found) in together.iter().enumerate() {
            let sample: Vec<f64> = rows.iter().map(|row| row[lane]).filter(|number| !number.is_nan()).collect();
            let bits = |moments: &Moments| {
                (moments.n, [moments.mean, moments.rest, moments.std].map(|it| (it.is_nan(), it.to_bits() * u64::from(!it.is_nan()))))
            };
            assert_eq!(bits(found), bits(&Moments::of_ordered(&sample)), "{sample:?}");
        }
    }
    assert_eq!(Moments::of_lanes(&[[1e308; LANES]]), None, "these sums need another unit");
}
