//! Tests: what the page knows of a chart's points, whether they were answered or have come.

use super::*;
use crate::protocol::CellId;
use crate::protocol::points::Numbers;
use crate::series::smoothed;

const WHOLE: Asked = Asked { axis: Axis::Step, from: f64::NEG_INFINITY, to: f64::INFINITY, width: 100, smooth: 0.0 };

fn part(series: &str, start: u64, y: &[f64]) -> SeriesPart {
    let x = (0..y.len()).map(|at| (start + at as u64) as f64).collect::<Vec<_>>();
    let numbers = Numbers { t: Some(x.iter().map(|x| 1e9 + x).collect()), x: Some(x), y: y.to_vec() };
    SeriesPart { cell: CellId::parse("c").unwrap(), series: series.into(), start: Some(start), n: y.len() as u32, numbers: Some(numbers) }
}

fn answered(name: &str, y: &[f64]) -> Answered {
    let columns = y.iter().enumerate().map(|(x, y)| Column::point(x as f64, *y)).collect();
    Answered { name: name.into(), total: y.len() as u64, columns, smoothed: None }
}

fn last(curves: &Curves) -> (u64, f64) {
    let curve = curves.list.last().unwrap();
    (curve.total, curve.columns.list.last().unwrap().last)
}

#[test]
fn points_are_taken_once_and_in_order() {
    let mut curves = Curves::new();
    assert_eq!(curves.take(part("a", 0, &[1.0])), Taken::Gap, "nothing is known yet");
    assert!(!curves.answer(WHOLE, vec![answered("a", &[1.0, 2.0])]));
    assert_eq!(curves.take(part("a", 0, &[1.0, 2.0])), Taken::Known);
    assert_eq!(curves.take(part("a", 1, &[2.0, 3.0])), Taken::Drawn, "the second half is new");
    assert_eq!(last(&curves), (3, 3.0));
    assert_eq!(curves.take(part("a", 4, &[5.0])), Taken::Gap);
    assert_eq!(curves.take(part("b", 0, &[f64::NAN])), Taken::Drawn, "a new curve");
    assert_eq!((curves.list.len(), curves.extent, curves.total()), (2, (0.0, 2.0), 4));
    assert_eq!(curves.take(part("c", 1, &[1.0])), Taken::Gap, "its beginning is missing");
    let counts = SeriesPart { numbers: None, ..part("a", 3, &[4.0]) };
    assert_eq!(curves.take(counts), Taken::Gap);
}

#[test]
fn what_came_while_waiting_is_not_lost() {
    let mut curves = Curves::new();
    curves.answer(WHOLE, vec![answered("a", &[1.0])]);
    curves.begin();
    assert_eq!(curves.take(part("a", 2, &[3.0])), Taken::Gap);
    assert_eq!(curves.take(part("a", 3, &[4.0])), Taken::Gap);
    assert!(!curves.answer(WHOLE, vec![answered("a", &[1.0, 2.0])]));
    assert_eq!(last(&curves), (4, 4.0));
    curves.begin();
    curves.take(part("a", 9, &[10.0]));
    assert!(curves.answer(WHOLE, vec![answered("a", &[1.0, 2.0])]), "5 to 8 never came");
}

#[test]
fn a_series_that_was_replaced_never_mixes_with_the_old_one() {
    let over = |series| SeriesPart { numbers: None, n: 0, ..part(series, 0, &[]) };
    let names = |curves: &Curves| curves.list.iter().map(|curve| curve.name.clone()).collect::<Vec<_>>();
    let mut curves = Curves::new();
    curves.answer(WHOLE, vec![answered("a", &[1.0; 6]), answered("b", &[1.0])]);
    assert_eq!(curves.take(over("a")), Taken::Gap);
    assert_eq!(curves.take(part("a", 3, &[9.0; 9])), Taken::Known, "its columns will have them");
    assert_eq!((curves.list[0].total, curves.list[0].columns.list.len()), (6, 6), "the old line stays until then");
    curves.begin();
    curves.take(part("a", 12, &[8.0]));
    assert!(!curves.answer(WHOLE, vec![answered("b", &[1.0]), answered("a", &[9.0; 12])]));
    assert_eq!(last(&curves), (13, 8.0));
    // It goes while an answer is on its way that may not know of it.
    curves.begin();
    curves.take(over("a"));
    assert!(curves.answer(WHOLE, vec![answered("b", &[1.0]), answered("a", &[9.0; 12])]), "asked once more");
    curves.begin();
    assert!(!curves.answer(WHOLE, vec![answered("b", &[1.0])]));
    assert_eq!(names(&curves), ["b"]);
    assert_eq!(curves.take(over("a")), Taken::Gap);
    assert_eq!(names(&curves), ["b"], "what is over begins no curve");
    assert_eq!(curves.take(part("a", 0, &[2.0])), Taken::Drawn);
    assert_eq!(last(&curves), (1, 2.0));
}

#[test]
fn columns_stay_few_and_lose_nothing() {
    let mut curves = Curves::new();
    curves.answer(WHOLE, vec![]);
    for at in 0..10_000 {
        curves.take(part("a", at, &[if at == 777 { 1e6 } else { 1.0 }]));
        assert!(curves.list[0].columns.list.len() <= 200);
    }
    let columns = &curves.list[0].columns.list;
    assert_eq!(columns.iter().map(|column| column.count).sum::<u64>(), 10_000);
    assert!(columns.len() > 50 && columns.iter().any(|column| column.max == 1e6));
    assert_eq!(curves.missing(None, Axis::Step, 100, 0.0), None);
}

#[test]
fn a_smoothed_line_goes_on_with_each_point_as_the_server_would_answer_it() {
    const WEIGHT: f64 = 0.95;
    let mut seed = 1_u64;
    let mut dice = |end: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % end
    };
    for round in 0..60 {
        let axis = if round % 2 == 0 { Axis::Step } else { Axis::Time };
        let (mut x, mut t, mut y) = (Vec::new(), Vec::new(), Vec::new());
        let mut step = 0.0;
        for at in 0..1500_u64 {
            step = if dice(400) == 0 { step / 2.0 } else { step + dice(3) as f64 };
            x.push(step);
            t.push(1e9 + at as f64);
            y.push(if dice(9) == 0 { f64::NAN } else { dice(100) as f64 });
        }
        let steps: Vec<_> = x.iter().copied().zip(y.iter().copied()).collect();
        let along = if axis == Axis::Step { &x } else { &t };
        let whole: Vec<_> = smoothed(&steps, WEIGHT).into_iter().zip(along).map(|(place, x)| (*x, place.1)).collect();
        let first = 700;
        let mut last = Average::new(WEIGHT);
        for (x, y) in &steps[..first] {
            last.push(*x, *y);
        }
        let columns = (0..first).map(|at| Column::point(along[at], y[at])).collect();
        let places = (0..first).map(|at| if y[at].is_nan() { NO_PLACE } else { whole[at] }).collect();
        let smoothed = Some(Smoothed { places, last: Some(last) });
        let mut curves = Curves::new();
        let asked = Asked { axis, width: 400, smooth: WEIGHT, ..WHOLE };
        assert!(!curves.answer(asked, vec![Answered { name: "a".into(), total: first as u64, columns, smoothed }]));
        let mut at = first;
        while at < y.len() {
            let end = (at + 1 + dice(20) as usize).min(y.len());
            // What is sent again is counted once.
            let from = at - dice(3) as usize;
            let numbers = Numbers { x: Some(x[from..end].to_vec()), y: y[from..end].to_vec(), t: Some(t[from..end].to_vec()) };
            let cell = CellId::parse("c").unwrap();
            let part = SeriesPart { cell, series: "a".into(), start: Some(from as u64), n: (end - from) as u32, numbers: Some(numbers) };
            assert_eq!(curves.take(part), Taken::Drawn);
            at = end;
        }
        let columns = &curves.list[0].columns;
        let mut end = 0;
        for (column, place) in columns.list.iter().zip(&columns.places) {
            let from = end;
            end += column.count as usize;
            let known = (from..end).rev().find(|at| !y[*at].is_nan()).map(|at| whole[at]);
            assert_eq!(known, Some(*place).filter(|place| !place.0.is_nan()), "{from} to {end}");
        }
        assert!(end == y.len() && (round > 2 || columns.list.len() < 1000), "{end}");
        let is_missing = |smooth| curves.missing(None, axis, 400, smooth).is_some();
        assert_eq!(is_missing(WEIGHT), is_missing(0.0), "the line is there, and without one there is nothing to ask for");
        assert_eq!(curves.missing(None, axis, 400, 0.5).map(|asked| asked.smooth), Some(0.5), "another line is");
        assert!(curves.is_smooth());
    }
}

#[test]
fn a_new_series_is_smoothed_from_its_first_point_and_an_unknown_average_is_not_made_up() {
    let mut curves = Curves::new();
    let asked = Asked { smooth: 0.5, ..WHOLE };
    let smoothed = Some(Smoothed { places: vec![NO_PLACE; 2], last: None });
    curves.answer(asked, vec![Answered { smoothed, ..answered("old", &[1.0, 2.0]) }]);
    curves.take(part("new", 0, &[1.0, 4.0]));
    curves.take(part("old", 2, &[3.0]));
    assert_eq!(curves.list[1].columns.places, [(0.0, 1.0), (1.0, 3.0)]);
    assert!(curves.list[0].columns.places.iter().all(|place| place.0.is_nan()));
}

#[test]
fn a_window_asks_for_margins_and_asks_once() {
    let mut curves = Curves::new();
    let y: Vec<f64> = (0..1000).map(f64::from).collect();
    assert_eq!(curves.missing(None, Axis::Step, 100, 0.0), Some(WHOLE));
    curves.answer(WHOLE, vec![answered("a", &y)]);
    curves.list[0].columns.coarsen(10.0);
    let view = View::new(100.0, 200.0);
    let asked = curves.missing(view, Axis::Step, 100, 0.0).unwrap();
    assert_eq!((asked.from, asked.to, asked.width), (0.0, 300.0, 300));
    curves.answer(asked, vec![answered("a", &y[..302])]);
    assert_eq!(curves.missing(view, Axis::Step, 100, 0.0), None);
    assert_eq!(curves.missing(View::new(150.0, 250.0), Axis::Step, 100, 0.0), None, "the margin serves");
    assert!(curves.missing(View::new(210.0, 310.0), Axis::Step, 100, 0.0).is_some());
    assert!(curves.missing(None, Axis::Step, 100, 0.0).is_some());
    assert!(curves.missing(view, Axis::Time, 100, 0.0).is_some());
}

#[test]
fn a_window_that_does_not_follow_takes_only_what_it_shows() {
    let mut curves = Curves::new();
    let asked = Asked { from: 0.0, to: 3.0, ..WHOLE };
    curves.answer(asked, vec![answered("a", &[0.0, 1.0])]);
    assert_eq!(curves.take(part("a", 2, &[2.0, 3.0, 4.0, 5.0])), Taken::Drawn);
    assert_eq!(last(&curves), (6, 4.0), "and the first point to the right of it: the line leads there");
    assert_eq!(curves.take(part("a", 6, &[6.0])), Taken::Known);
    assert_eq!(curves.extent.1, 6.0);
}

#[test]
fn zooming_ends_at_a_few_gaps_between_points() {
    let mut curves = Curves::new();
    assert_eq!(curves.least(1.0), 0.0);
    let every = |step: f64| (0..50).map(|at| Column::point(step * f64::from(at), 1.0)).collect();
    let series = |name: &str, columns| Answered { name: name.into(), total: 50, columns, smoothed: None };
    curves.answer(WHOLE, vec![series("val", every(10.0)), series("train", every(1.0))]);
    assert_eq!((curves.least(22.2), curves.least(200.0)), (3.0, 3.0));
    curves.answer(WHOLE, vec![series("val", every(10.0))]);
    assert_eq!((curves.least(22.2), curves.least(9e9)), (30.0, 30.0));
    curves.list[0].columns.coarsen(25.0);
    assert_eq!(curves.least(22.2), 0.0, "inside of a column there may be more");
}

#[test]
fn a_window_that_follows_forgets_what_it_left_behind() {
    let mut curves = Curves::new();
    let asked = Asked { from: 0.0, width: 30, ..WHOLE };
    curves.answer(asked, vec![answered("a", &[0.0])]);
    for at in 1..500 {
        curves.take(part("a", at, &[1.0]));
    }
    assert!(curves.list[0].columns.list.len() <= 60);
    let view = View::new(470.0, 480.0).map(|view| view.at_tail(499.0)).unwrap();
    assert_eq!(curves.missing(Some(view), Axis::Step, 10, 0.0), None);
    assert!(curves.missing(View::new(0.0, 10.0), Axis::Step, 10, 0.0).is_some(), "that was let go");
}
