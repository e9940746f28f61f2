//! Groups against a calculation by the rules, and against numbers that tests/statistics/groups.py has computed with numpy and scipy.

use serde_json::Value;

use super::*;
use crate::series::brute_force_tests::Stored;
use crate::series::{Axis, CurveRebuild, OutlineBuilder, PixelScale, Points, SupersededScan, Window};
use crate::split_mix::SplitMix64;

const MEAN: GroupStyle = GroupStyle { line: GroupLine::Mean, band: Band::T95, is_common: false };

fn points(list: &[(f64, f64)]) -> Points {
    let mut points = Points::default();
    list.iter().enumerate().for_each(|(at, (x, y))| points.push(*x, *y, at as f64));
    points
}

/// Without superseded points.
fn curve(points: &Points) -> MemberCurve {
    let mut scan = SupersededScan::default();
    scan.push(&points.x);
    MemberCurve::of_points(&scan.into_filter().filter(points), |step, _| step)
}

fn sampled(curves: &[MemberCurve], from: f64, to: f64, width: u32) -> SampledGroup {
    let mut sampler = GroupSampler::of_window(from, to, width);
    curves.iter().for_each(|curve| sampler.push(&curve.clone().within(from, to)));
    sampler.finish()
}

fn bits(columns: &[GroupColumn]) -> Vec<[u64; 8]> {
    let one = |column: &GroupColumn| {
        let GroupColumn { x, line, low, high, n, nan, ended, interpolated } = *column;
        [x.to_bits(), line.to_bits(), low.to_bits(), high.to_bits(), n.into(), nan.into(), ended.into(), interpolated.into()]
    };
    columns.iter().map(one).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

#[track_caller]
fn assert_near(found: f64, expected: f64, what: &str) {
    let is_near = (found - expected).abs() <= 1e-9 * expected.abs().max(1.0);
    assert!(is_near || found.is_nan() && expected.is_nan(), "{what}: {found:?}, not {expected:?}");
}

#[test]
fn groups_are_those_of_numpy_and_scipy() {
    let cases: Value = serde_json::from_str(include_str!("../../../tests/statistics/groups.json")).unwrap();
    let cases = cases.as_array().unwrap();
    assert!(cases.len() > 25);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let member = |lists: &Value| points(&numbers(&lists[0]).into_iter().zip(numbers(&lists[1])).collect::<Vec<_>>());
        let mut curves: Vec<MemberCurve> = case["members"].as_array().unwrap().iter().map(|lists| curve(&member(lists))).collect();
        let bound = |key: &str, own: f64| case["settings"][key].as_f64().unwrap_or(own);
        let first = curves.iter().map(|curve| curve.parts[0].x_first).fold(f64::INFINITY, f64::min);
        let last = curves.iter().map(|curve| curve.parts.last().unwrap().x_last).fold(f64::NEG_INFINITY, f64::max);
        let (from, to, width) = (bound("from", first), bound("to", last), case["settings"]["width"].as_u64().unwrap() as u32);
        let group = sampled(&curves, from, to, width);
        curves.reverse();
        let reversed = sampled(&curves, from, to, width);
        assert_eq!((&reversed.grid, &reversed.places), (&group.grid, &group.places), "{name}: another order");
        let answers = case["answers"].as_array().unwrap();
        let (places, is_common) = (&answers[0], case["settings"]["align"] == "common");
        match group.grid {
            GroupGrid::Steps => assert_eq!(places["grid"], "steps", "{name}"),
            GroupGrid::Columns { from, to, count } => {
                let grid =
                    (places["grid"].as_str().unwrap(), number(&places["from"]), number(&places["to"]), places["count"].as_u64().unwrap());
                assert_eq!(grid, ("columns", from, to, count.into()), "{name}");
            }
        }
        for answer in answers {
            let line = GroupLine::parse(answer["line_name"].as_str().unwrap()).unwrap();
            let style = GroupStyle { line, band: Band::parse(answer["band"].as_str().unwrap()).unwrap(), is_common };
            let columns = group.aggregate(style);
            let (lines, lows, highs) = (numbers(&answer["line"]), numbers(&answer["low"]), numbers(&answer["high"]));
            if line == GroupLine::Mean {
                assert_eq!(columns.len(), lines.len(), "{name}");
            }
            // The geometric mean of a common line may be missing at its ends.
            let offset = numbers(&places["x"]).iter().position(|x| columns.first().is_some_and(|first| first.x == *x)).unwrap_or(0);
            for (at, column) in columns.iter().enumerate() {
                let what = format!("{name}, {} with {} at {}", style.line.as_str(), style.band.as_str(), column.x);
                let place = |field: &str| number(&places[field][at + offset]);
                let counts = [column.n, column.nan, column.ended, column.interpolated].map(f64::from);
                assert_eq!(counts, ["n", "nan", "ended", "interpolated"].map(place), "{what}");
                assert_near(column.x, place("x"), &what);
                let at = if line == GroupLine::GeoMean && is_common { at } else { at + offset };
                assert_near(column.line, lines[at], &what);
                assert_near(column.low, lows[at], &what);
                assert_near(column.high, highs[at], &what);
            }
            if !matches!(line, GroupLine::Mean | GroupLine::GeoMean) {
                assert_eq!(bits(&reversed.aggregate(style)), bits(&columns), "{name}: another order");
            }
        }
    }
}

/// A random member. `is_plain`: no step twice, and none goes back.
fn noise(rng: &mut SplitMix64, count: usize, is_plain: bool) -> Points {
    let mut list = Vec::new();
    let mut step = rng.pick(&[0.0, 1.0, 3.0, 10.0]);
    let width = rng.pick(&[1.0, 0.5, 2.0]);
    for _ in 0..count {
        let value = rng.unit() - 0.3;
        list.push((step, rng.pick(&[value, value, value, value, value * 100.0, f64::NAN, f64::INFINITY])));
        step += width * (1.0 + rng.below(3) as f64);
        if !is_plain && rng.below(5) == 0 {
            step -= width * rng.below(9) as f64;
        }
    }
    points(&list)
}

/// The values of a place, and members in a gap, ended and interpolated: by the rules, from all points.
fn naive(members: &[Vec<(f64, f64)>], at: usize, x: f64, grid: GroupGrid) -> (Vec<f64>, [u32; 3]) {
    let (mut values, mut counts) = (Vec::new(), [0; 3]);
    for member in members {
        let is_here = |step: f64| match grid {
            GroupGrid::Steps => step == x,
            GroupGrid::Columns { from, to, count } => {
                let column = ((step - from) / (to - from) * f64::from(count)).floor().min(f64::from(count) - 1.0);
                (from..=to).contains(&step) && column == at as f64
            }
        };
        let here: Vec<f64> = member.iter().filter(|point| is_here(point.0)).map(|point| point.1).collect();
        let finite: Vec<f64> = here.iter().copied().filter(|value| !value.is_nan()).collect();
        let (before, after) = (member.iter().rfind(|point| point.0 < x), member.iter().find(|point| point.0 > x));
        match (before, after) {
            _ if !finite.is_empty() => values.push(finite.iter().sum::<f64>() / finite.len() as f64),
            _ if !here.is_empty() => counts[0] += 1,
            (None, _) => {}
            (Some(_), None) => counts[1] += 1,
            (Some(before), Some(after)) if before.1.is_nan() || after.1.is_nan() => counts[0] += 1,
            (Some(before), Some(after)) => {
                counts[2] += 1;
                values.push(before.1 + (after.1 - before.1) * (x - before.0) / (after.0 - before.0));
            }
        }
    }
    (values, counts)
}

fn check(group: &SampledGroup, members: &[Vec<(f64, f64)>], what: &str) {
    let columns = group.aggregate(GroupStyle { band: Band::Std, ..MEAN });
    let offset = group.places.iter().position(|x| columns.first().is_some_and(|first| first.x == *x)).unwrap_or(0);
    let mut left_out: Vec<usize> = (0..group.places.len()).collect();
    left_out.drain(offset..offset + columns.len());
    for (at, column) in columns.iter().enumerate() {
        let (values, [nan, ended, interpolated]) = naive(members, at + offset, column.x, group.grid);
        let what = format!("{what} at {}", column.x);
        assert_eq!((column.n, column.nan, column.ended, column.interpolated), (values.len() as u32, nan, ended, interpolated), "{what}");
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert_near(column.line, mean, &what);
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let half = if values.len() > 1 { (squares / (values.len() as f64 - 1.0)).sqrt() } else { f64::NAN };
        assert_near(column.high, mean + half, &what);
        assert_near(column.low, mean - half, &what);
    }
    for at in left_out {
        let (values, [nan, ..]) = naive(members, at, group.places[at], group.grid);
        assert_eq!((values.len(), nan), (0, 0), "{what}: {} is left out", group.places[at]);
    }
}

fn steps_of(curve: &MemberCurve) -> Vec<(f64, f64)> {
    curve.parts.iter().map(|part| (part.x_first, part.mean)).collect()
}

#[test]
fn groups_follow_the_rules_whatever_their_members_are() {
    let mut rng = SplitMix64(18);
    let (mut of_steps, mut of_columns) = (0, 0);
    for round in 0..600 {
        let members: Vec<Points> = (0..1 + rng.below(5))
            .map(|_| {
                let count = 1 + rng.below(rng.0 % 60 + 1) as usize;
                noise(&mut rng, count, false)
            })
            .collect();
        let curves: Vec<MemberCurve> = members.iter().map(curve).collect();
        let from = rng.pick(&[0.0, 5.25, 16.0]);
        let group = sampled(&curves, from, from + rng.pick(&[1.0, 16.0, 37.0, 160.0]), rng.pick(&[1, 4, 16, 300]));
        match group.grid {
            GroupGrid::Steps => of_steps += 1,
            GroupGrid::Columns { .. } => of_columns += 1,
        }
        check(&group, &curves.iter().map(steps_of).collect::<Vec<_>>(), &format!("round {round}"));
    }
    assert!(of_steps > 100 && of_columns > 100, "{of_steps} {of_columns}");
}

#[test]
fn the_pyramid_and_the_points_give_the_same_group() {
    let mut rng = SplitMix64(4);
    for count in [3000, 9000, 30_000] {
        let members: Vec<Stored> = (0..3).map(|_| Stored::new(noise(&mut rng, count, true))).collect();
        let all: Vec<MemberCurve> = members.iter().map(|member| curve(&member.points)).collect();
        for (from, to, width) in [(0.0, 4.0 * count as f64, 200), (17.5, 333.0, 100), (100.0, 1e4, 500), (5000.0, 5001.0, 9)] {
            let mut sampler = GroupSampler::of_window(from, to, width);
            for member in &members {
                let (columns, [_, _, chunks]) = member.ask_exactly(Window { axis: Axis::Step, from, to, width, scale: PixelScale::Linear });
                assert!(chunks <= width as usize + 2, "{chunks} chunks for {width} columns");
                sampler.push(&MemberCurve { parts: columns.iter().map(CurvePart::from).collect() });
            }
            let group = sampler.finish();
            check(&group, &all.iter().map(steps_of).collect::<Vec<_>>(), &format!("{count} points in {from} to {to}"));
            assert_eq!(group.grid, sampled(&all, from, to, width).grid);
        }
    }
}

#[test]
fn outlines_give_the_group_of_all_points() {
    let mut rng = SplitMix64(7);
    for (counts, width, most) in
        [([900, 700, 30], 16.0, 256), ([900, 2000, 300], 64.0, 256), ([200, 100, 256], 8.0, 700), ([20, 100, 1], 2.0, 256)]
    {
        let members: Vec<Points> = counts.into_iter().map(|count| noise(&mut rng, count, false)).collect();
        let curves: Vec<MemberCurve> = members.iter().map(curve).collect();
        let outline = |points: &Points| {
            let mut scan = SupersededScan::default();
            scan.push(&points.x);
            let mut rebuild: CurveRebuild = scan.into_rebuild();
            rebuild.push(points);
            let (summary, outline): (_, OutlineBuilder) = rebuild.finish();
            outline.finish(summary.figures().unwrap()).unwrap()
        };
        let first = curves.iter().map(|curve| curve.parts[0].x_first).fold(f64::INFINITY, f64::min);
        let last = curves.iter().map(|curve| curve.parts.last().unwrap().x_last).fold(f64::NEG_INFINITY, f64::max);
        let mut sampler = GroupSampler::dyadic(first, last, width, most);
        for member in &members {
            let outline = outline(member);
            assert!(outline.width <= width, "{} in {width}", outline.width);
            sampler.push(&MemberCurve::from(&outline));
        }
        let group = sampler.finish();
        if let GroupGrid::Columns { from, to, .. } = group.grid {
            assert_eq!((from / width, to / width), ((first / width).floor(), (last / width).floor() + 1.0));
        }
        let is_of_steps = group.grid == GroupGrid::Steps;
        assert_eq!(is_of_steps, counts.iter().all(|count| *count <= 256), "{counts:?}");
        check(&group, &curves.iter().map(steps_of).collect::<Vec<_>>(), &format!("{counts:?}"));
    }
}

#[test]
fn bands_of_minima_and_maxima_are_of_points() {
    let curves = [points(&[(0.0, 1.0), (0.0, 3.0), (1.0, 5.0)]), points(&[(0.0, 2.0), (1.0, 7.0)])].map(|points| curve(&points));
    let group = sampled(&curves, 0.0, 1.0, 10);
    let columns = group.aggregate(GroupStyle { band: Band::MinMax, ..MEAN });
    assert_eq!((columns[0].line, columns[0].low, columns[0].high), (2.0, 1.0, 3.0));
    let min = group.aggregate(GroupStyle { line: GroupLine::Min, band: Band::None, ..MEAN });
    assert_eq!((min[0].line, min[1].line, min[0].low.is_nan()), (1.0, 5.0, true));
}

#[test]
fn smoothing_is_of_the_line_and_leaves_the_band() {
    let curves =
        [points(&[(0.0, 1.0), (1.0, 3.0), (2.0, f64::NAN), (3.0, 5.0)]), points(&[(0.0, 2.0), (1.0, 4.0), (2.0, f64::NAN), (3.0, 6.0)])];
    let group = sampled(&curves.map(|points| curve(&points)), 0.0, 3.0, 10);
    let plain = group.aggregate(MEAN);
    let mut smooth = plain.clone();
    LineAverage::new(0.5, 1.0).smooth(&mut smooth, group.grid);
    let lines: Vec<f64> = smooth.iter().map(|column| column.line).collect();
    // Debiased: (1.5·½ + 3.5) / 1.5, then (1.5·¼ + 3.5·½ + 5.5) / 1.75.
    assert_eq!((lines[0], lines[2].is_nan()), (1.5, true));
    assert_near(lines[1], 4.25 / 1.5, "second");
    assert_near(lines[3], 7.625 / 1.75, "last");
    for (plain, smooth) in plain.iter().zip(&smooth) {
        assert_eq!((plain.low.to_bits(), plain.high.to_bits(), plain.n), (smooth.low.to_bits(), smooth.high.to_bits(), smooth.n));
    }
}
