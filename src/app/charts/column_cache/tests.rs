//! Tests of the column cache: responses, appended points, and both at once.

use super::*;
use crate::protocol::CellId;
use crate::protocol::points::Numbers;
use crate::series::{Column, PixelWidth, SmoothedLine, smoothed};

const WHOLE: ColumnQuery =
    ColumnQuery { axis: ChartAxis::STEP, scale: AxisScale::Linear, from: f64::NEG_INFINITY, to: f64::INFINITY, width: 100, smooth: 0.0 };

fn part(series: &str, start: u64, y: &[f64]) -> SeriesPart {
    let x = (0..y.len()).map(|at| (start + at as u64) as f64).collect::<Vec<_>>();
    let numbers = Numbers { t: Some(x.iter().map(|x| 1e9 + x).collect()), x: Some(x), y: y.to_vec() };
    SeriesPart {
        cell: CellId::parse("c").unwrap(),
        run: None,
        series: series.into(),
        start: Some(start),
        n: y.len() as u32,
        numbers: Some(numbers),
    }
}

fn received(name: &str, y: &[f64]) -> SeriesColumns {
    let columns = y.iter().enumerate().map(|(x, y)| Column::point(x as f64, *y)).collect();
    SeriesColumns { run: None, name: name.into(), points: y.len() as u64, origin: 0.0, columns, smoothed: None }
}

fn last(cache: &ColumnCache) -> (u64, f64) {
    let series = cache.series.last().unwrap();
    (series.total, series.columns.list.last().unwrap().last)
}

#[test]
fn points_are_taken_once_and_in_order() {
    let mut cache = ColumnCache::new();
    assert_eq!(cache.append(part("a", 0, &[1.0])), Merge::Missing, "nothing is known yet");
    assert!(!cache.finish_query(WHOLE, vec![received("a", &[1.0, 2.0])]));
    assert_eq!(cache.append(part("a", 0, &[1.0, 2.0])), Merge::Unchanged);
    assert_eq!(cache.append(part("a", 1, &[2.0, 3.0])), Merge::Updated, "the second half is new");
    assert_eq!(last(&cache), (3, 3.0));
    assert_eq!(cache.append(part("a", 4, &[5.0])), Merge::Missing);
    assert_eq!(cache.append(part("b", 0, &[f64::NAN])), Merge::Updated, "a new series");
    assert_eq!((cache.series.len(), cache.extent, cache.total()), (2, (0.0, 2.0), 4));
    assert_eq!(cache.append(part("c", 1, &[1.0])), Merge::Missing, "its beginning is missing");
    let counts = SeriesPart { numbers: None, ..part("a", 3, &[4.0]) };
    assert_eq!(cache.append(counts), Merge::Missing);
}

#[test]
fn what_came_while_waiting_is_not_lost() {
    let mut cache = ColumnCache::new();
    cache.finish_query(WHOLE, vec![received("a", &[1.0])]);
    cache.begin_query();
    assert_eq!(cache.append(part("a", 2, &[3.0])), Merge::Missing);
    assert_eq!(cache.append(part("a", 3, &[4.0])), Merge::Missing);
    assert!(!cache.finish_query(WHOLE, vec![received("a", &[1.0, 2.0])]));
    assert_eq!(last(&cache), (4, 4.0));
    cache.begin_query();
    cache.append(part("a", 9, &[10.0]));
    assert!(cache.finish_query(WHOLE, vec![received("a", &[1.0, 2.0])]), "5 to 8 never came");
}

#[test]
fn a_series_that_was_replaced_never_mixes_with_the_old_one() {
    let over = |series| SeriesPart { numbers: None, n: 0, ..part(series, 0, &[]) };
    let names = |cache: &ColumnCache| cache.series.iter().map(|series| series.name.clone()).collect::<Vec<_>>();
    let mut cache = ColumnCache::new();
    cache.finish_query(WHOLE, vec![received("a", &[1.0; 6]), received("b", &[1.0])]);
    assert_eq!(cache.append(over("a")), Merge::Missing);
    assert_eq!(cache.append(part("a", 3, &[9.0; 9])), Merge::Unchanged, "its columns will have them");
    assert_eq!((cache.series[0].total, cache.series[0].columns.list.len()), (6, 6), "the old line stays until then");
    cache.begin_query();
    cache.append(part("a", 12, &[8.0]));
    assert!(!cache.finish_query(WHOLE, vec![received("b", &[1.0]), received("a", &[9.0; 12])]));
    assert_eq!(last(&cache), (13, 8.0));
    // It goes while an answer is on its way that may not know of it.
    cache.begin_query();
    cache.append(over("a"));
    assert!(cache.finish_query(WHOLE, vec![received("b", &[1.0]), received("a", &[9.0; 12])]), "query once more");
    cache.begin_query();
    assert!(!cache.finish_query(WHOLE, vec![received("b", &[1.0])]));
    assert_eq!(names(&cache), ["b"]);
    assert_eq!(cache.append(over("a")), Merge::Missing);
    assert_eq!(names(&cache), ["b"], "what is over begins no series");
    assert_eq!(cache.append(part("a", 0, &[2.0])), Merge::Updated);
    assert_eq!(last(&cache), (1, 2.0));
}

#[test]
fn columns_stay_few_and_lose_nothing() {
    let mut cache = ColumnCache::new();
    cache.finish_query(WHOLE, vec![]);
    for at in 0..10_000 {
        cache.append(part("a", at, &[if at == 777 { 1e6 } else { 1.0 }]));
        assert!(cache.series[0].columns.list.len() <= 200);
    }
    let columns = &cache.series[0].columns.list;
    assert_eq!(columns.iter().map(|column| column.count).sum::<u64>(), 10_000);
    assert!(columns.len() > 50 && columns.iter().any(|column| column.max == 1e6));
    assert_eq!(cache.missing_query(None, (ChartAxis::STEP, AxisScale::Linear), 100, 0.0), None);
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
        let axis = if round % 2 == 0 { ChartAxis::STEP } else { ChartAxis::WALL };
        let (mut x, mut t, mut y) = (Vec::new(), Vec::new(), Vec::new());
        let mut step = 0.0;
        for at in 0..1500_u64 {
            step = if dice(400) == 0 { step / 2.0 } else { step + dice(3) as f64 };
            x.push(step);
            t.push(1e9 + at as f64);
            y.push(if dice(9) == 0 { f64::NAN } else { dice(100) as f64 });
        }
        let steps: Vec<_> = x.iter().copied().zip(y.iter().copied()).collect();
        let along = if axis == ChartAxis::STEP { &x } else { &t };
        let whole: Vec<_> = smoothed(&steps, WEIGHT).into_iter().zip(along).map(|(place, x)| (*x, place.1)).collect();
        let first = 700;
        let mut last = Average::new(WEIGHT);
        for (x, y) in &steps[..first] {
            last.push(*x, *y);
        }
        let columns = (0..first).map(|at| Column::point(along[at], y[at])).collect();
        let places = (0..first).map(|at| if y[at].is_nan() { NO_PLACE } else { whole[at] }).collect();
        let smoothed = Some(SmoothedLine { places, last: Some(last) });
        let mut cache = ColumnCache::new();
        let query = ColumnQuery { axis, width: 400, smooth: WEIGHT, ..WHOLE };
        assert!(!cache.finish_query(
            query,
            vec![SeriesColumns { run: None, name: "a".into(), points: first as u64, origin: 0.0, columns, smoothed }]
        ));
        let mut at = first;
        while at < y.len() {
            let end = (at + 1 + dice(20) as usize).min(y.len());
            // What is sent again is counted once.
            let from = at - dice(3) as usize;
            let numbers = Numbers { x: Some(x[from..end].to_vec()), y: y[from..end].to_vec(), t: Some(t[from..end].to_vec()) };
            let cell = CellId::parse("c").unwrap();
            let part = SeriesPart {
                cell,
                run: None,
                series: "a".into(),
                start: Some(from as u64),
                n: (end - from) as u32,
                numbers: Some(numbers),
            };
            assert_eq!(cache.append(part), Merge::Updated);
            at = end;
        }
        let columns = &cache.series[0].columns;
        let mut end = 0;
        for (column, place) in columns.list.iter().zip(&columns.places) {
            let from = end;
            end += column.count as usize;
            let known = (from..end).rev().find(|at| !y[*at].is_nan()).map(|at| whole[at]);
            assert_eq!(known, Some(*place).filter(|place| !place.0.is_nan()), "{from} to {end}");
        }
        assert!(end == y.len() && (round > 2 || columns.list.len() < 1000), "{end}");
        let is_missing = |smooth| cache.missing_query(None, (axis, AxisScale::Linear), 400, smooth).is_some();
        assert_eq!(is_missing(WEIGHT), is_missing(0.0), "the line is there, and without one there is nothing to ask for");
        assert_eq!(cache.missing_query(None, (axis, AxisScale::Linear), 400, 0.5).map(|query| query.smooth), Some(0.5), "another line is");
        assert!(cache.has_smoothing());
    }
}

#[test]
fn a_new_series_is_smoothed_from_its_first_point_and_an_unknown_average_is_not_made_up() {
    let mut cache = ColumnCache::new();
    let query = ColumnQuery { smooth: 0.5, ..WHOLE };
    let smoothed = Some(SmoothedLine { places: vec![NO_PLACE; 2], last: None });
    cache.finish_query(query, vec![SeriesColumns { smoothed, ..received("old", &[1.0, 2.0]) }]);
    cache.append(part("new", 0, &[1.0, 4.0]));
    cache.append(part("old", 2, &[3.0]));
    assert_eq!(cache.series[1].columns.places, [(0.0, 1.0), (1.0, 3.0)]);
    assert!(cache.series[0].columns.places.iter().all(|place| place.0.is_nan()));
}

#[test]
fn a_window_asks_for_margins_and_asks_once() {
    let mut cache = ColumnCache::new();
    let y: Vec<f64> = (0..1000).map(f64::from).collect();
    assert_eq!(cache.missing_query(None, (ChartAxis::STEP, AxisScale::Linear), 100, 0.0), Some(WHOLE));
    cache.finish_query(WHOLE, vec![received("a", &y)]);
    cache.series[0].columns.coarsen(PixelWidth::Even(10.0));
    let viewport = Viewport::new(100.0, 200.0);
    let query = cache.missing_query(viewport, (ChartAxis::STEP, AxisScale::Linear), 100, 0.0).unwrap();
    assert_eq!((query.from, query.to, query.width), (0.0, 300.0, 300));
    cache.finish_query(query, vec![received("a", &y[..302])]);
    assert_eq!(cache.missing_query(viewport, (ChartAxis::STEP, AxisScale::Linear), 100, 0.0), None);
    assert_eq!(cache.missing_query(Viewport::new(150.0, 250.0), (ChartAxis::STEP, AxisScale::Linear), 100, 0.0), None, "the margin serves");
    assert!(cache.missing_query(Viewport::new(210.0, 310.0), (ChartAxis::STEP, AxisScale::Linear), 100, 0.0).is_some());
    assert!(cache.missing_query(None, (ChartAxis::STEP, AxisScale::Linear), 100, 0.0).is_some());
    assert!(cache.missing_query(viewport, (ChartAxis::WALL, AxisScale::Linear), 100, 0.0).is_some());
}

#[test]
fn a_window_that_does_not_follow_takes_only_what_it_shows() {
    let mut cache = ColumnCache::new();
    let query = ColumnQuery { from: 0.0, to: 3.0, ..WHOLE };
    cache.finish_query(query, vec![received("a", &[0.0, 1.0])]);
    assert_eq!(cache.append(part("a", 2, &[2.0, 3.0, 4.0, 5.0])), Merge::Updated);
    assert_eq!(last(&cache), (6, 4.0), "and the first point to the right of it: the line leads there");
    assert_eq!(cache.append(part("a", 6, &[6.0])), Merge::Unchanged);
    assert_eq!(cache.extent.1, 6.0);
}

#[test]
fn zooming_ends_at_a_few_gaps_between_points() {
    let mut cache = ColumnCache::new();
    assert_eq!(cache.min_window(1.0), 0.0);
    let every = |step: f64| (0..50).map(|at| Column::point(step * f64::from(at), 1.0)).collect();
    let series = |name: &str, columns| SeriesColumns { run: None, name: name.into(), points: 50, origin: 0.0, columns, smoothed: None };
    cache.finish_query(WHOLE, vec![series("val", every(10.0)), series("train", every(1.0))]);
    assert_eq!((cache.min_window(22.2), cache.min_window(200.0)), (3.0, 3.0));
    cache.finish_query(WHOLE, vec![series("val", every(10.0))]);
    assert_eq!((cache.min_window(22.2), cache.min_window(9e9)), (30.0, 30.0));
    cache.series[0].columns.coarsen(PixelWidth::Even(25.0));
    assert_eq!(cache.min_window(22.2), 0.0, "inside of a column there may be more");
}

#[test]
fn a_window_that_follows_forgets_what_it_left_behind() {
    let mut cache = ColumnCache::new();
    let query = ColumnQuery { from: 0.0, width: 30, ..WHOLE };
    cache.finish_query(query, vec![received("a", &[0.0])]);
    for at in 1..500 {
        cache.append(part("a", at, &[1.0]));
    }
    assert!(cache.series[0].columns.list.len() <= 60);
    let viewport = Viewport::new(470.0, 480.0).map(|viewport| viewport.pinned_to_end(499.0)).unwrap();
    assert_eq!(cache.missing_query(Some(viewport), (ChartAxis::STEP, AxisScale::Linear), 10, 0.0), None);
    assert!(cache.missing_query(Viewport::new(0.0, 10.0), (ChartAxis::STEP, AxisScale::Linear), 10, 0.0).is_some(), "that was let go");
}

#[test]
fn times_of_runs_count_from_their_start() {
    const RELATIVE: ColumnQuery = ColumnQuery { axis: ChartAxis::RELATIVE, ..WHOLE };
    let mut cache = ColumnCache::new();
    let of_run = |name: &str, origin: f64| SeriesColumns { origin, ..received(name, &[1.0, 2.0]) };
    cache.finish_query(RELATIVE, vec![of_run("a", 1e9), of_run("b", 1e9 - 50.0)]);
    assert_eq!((cache.append(part("a", 2, &[3.0])), cache.append(part("b", 2, &[3.0]))), (Merge::Updated, Merge::Updated));
    let ends = cache.series.iter().map(|series| series.columns.list.last().unwrap().x_last).collect::<Vec<_>>();
    assert_eq!((ends, cache.extent), (vec![2.0, 52.0], (0.0, 52.0)));
    assert_eq!(cache.append(part("new", 0, &[1.0])), Merge::Missing, "only the server knows its start");
    assert_eq!(cache.series.len(), 2);
}

#[test]
fn columns_of_a_logarithmic_axis_are_requested_and_grow() {
    let mut cache = ColumnCache::new();
    let log = (ChartAxis::STEP, AxisScale::Log);
    assert!(!cache.finish_query(WHOLE, vec![received("a", &[0.5; 200])]));
    assert_eq!(cache.missing_query(None, log, 100, 0.0), None, "all points are there");
    cache.series[0].columns.coarsen(PixelWidth::Even(10.0));
    let query = cache.missing_query(None, log, 100, 0.0).unwrap();
    assert_eq!((query.scale, query.from, query.to), (AxisScale::Log, f64::NEG_INFINITY, f64::INFINITY));
    cache.finish_query(query, vec![received("a", &[0.5; 200])]);
    cache.append(part("a", 200, &[0.5; 2000]));
    assert_eq!((cache.missing_query(None, log, 100, 0.0), cache.lowest_positive()), (None, 1.0));
    let columns = &cache.series[0].columns.list;
    assert!(columns.len() <= 200 && columns.iter().filter(|column| column.count == 1).count() > 5, "{}", columns.len());
    let is_wide = |column: &&Column| column.x_min > 0.0 && column.x_max / column.x_min > 1.2;
    assert_eq!(columns.iter().filter(is_wide).count(), 0, "no column is wider than a pixel of the axis");
    let zoomed = cache.missing_query(Viewport::new(10.0, 20.0), log, 100, 0.0);
    assert!(zoomed.is_none_or(|query| (4.9..5.1).contains(&query.from) && (39.0..41.0).contains(&query.to)), "{zoomed:?}");
}
