//! Tests of `histogram`.

use serde_json::{Value, json};

use super::*;
use crate::charts::kinds::bins::bins;
use crate::charts::kinds::well_formed::drawn;

#[test]
fn histograms_of_every_sort_are_drawn() {
    for values in [vec![], vec![5.0], vec![1.0, 2.0, f64::NAN], vec![f64::INFINITY], vec![f64::MAX, f64::MIN], vec![1e-300, 2e-300]] {
        let (edges, counts) = bins(&values);
        drawn(&Histogram { edges: edges.clone(), counts: vec![counts.clone()], ..Histogram::default() });
    }
}

#[test]
fn non_finite_values_are_counted_in_words() {
    let (edges, counts) = bins(&[1.0, 2.0, f64::NAN, f64::INFINITY]);
    let svg = drawn(&Histogram { edges: edges.clone(), counts: vec![counts.clone()], ..Histogram::default() });
    assert!(svg.contains(">1 NaN, 1 ∞</text>"), "{svg}");
}

#[test]
fn bins_of_different_width_are_drawn_by_density() {
    let counts = Bins { counts: vec![10.0, 10.0], ..Bins::default() };
    let histogram = Histogram { edges: vec![0.0, 1.0, 11.0], counts: vec![counts.clone()], ..Histogram::default() };
    assert_eq!(histogram.heights(&counts), [10.0, 1.0]);
    assert!(drawn(&histogram).contains("count per unit"));
}

#[test]
fn ten_thousand_steps_are_a_small_drawing() {
    let counts: Vec<Bins> = (0..10_000)
        .map(|step| Bins { counts: (0..30).map(|bin| f64::from((step * 7 + bin * 13) % 101)).collect(), ..Bins::default() })
        .collect();
    for view in [View::Heat, View::Ridge] {
        let histogram = Histogram {
            steps: (0..10_000).map(f64::from).collect(),
            edges: (0..=30).map(f64::from).collect(),
            counts: counts.clone(),
            view,
            unit: "s".into(),
            ..Histogram::default()
        };
        let svg = drawn(&histogram);
        assert!(svg.len() < 300_000 && svg.contains("10000 steps"), "{}", svg.len());
    }
}

#[test]
fn a_single_spike_is_in_the_strip_of_many_steps() {
    let mut counts = vec![Bins { counts: vec![1.0, 1.0], ..Bins::default() }; 5000];
    counts[1234].counts[1] = 500.0;
    let steps = (0..5000).map(f64::from).collect();
    let histogram = Histogram { steps, edges: vec![0.0, 1.0, 2.0], counts, ..Histogram::default() };
    // The brightest colour occurs: in the colour bar, and in one cell.
    let svg = drawn(&histogram);
    assert_eq!(svg.matches("fill=\"#f5e640\"").count(), 2);
}

fn of(value: Value) -> Result<Histogram, String> {
    Histogram::parse(JsonPath::root(&value.to_string())).map_err(|error| error.message)
}

#[test]
fn counts_come_back_as_csv() {
    let histogram = of(json!({"edges": [0, 1, 2.5], "counts": [3, 4]})).unwrap();
    assert_eq!(histogram.csv(), "from,to,count\r\n0,1,3\r\n1,2.5,4\r\n");
    let steps = of(json!({"steps": [10, 20], "edges": [0, 1], "counts": [[3], [4]], "view": "ridge"})).unwrap();
    assert_eq!(steps.csv(), "step,from,to,count\r\n10,0,1,3\r\n20,0,1,4\r\n");
}

#[test]
fn raw_numbers_are_counted_and_what_is_none_is_kept_apart() {
    let histogram = of(json!([1, 2, 3, "NaN", null, "-Infinity"])).unwrap();
    assert!(histogram.csv().ends_with("NaN,NaN,2\r\n-Infinity,-Infinity,1\r\n"), "{}", histogram.csv());
    assert_eq!(histogram.counts[0].counts.iter().sum::<f64>(), 3.0);
    let steps = of(json!({"steps": [1, 2], "values": [[1, 2], [3, "Infinity"]]})).unwrap();
    assert_eq!((steps.counts[0].counts.iter().sum::<f64>(), steps.counts[1].pos_inf), (2.0, 1));
}

#[test]
fn what_is_wrong_has_a_path() {
    let wrong = |value| of(value).unwrap_err();
    assert_eq!(wrong(json!(["1"])), "value[0] must be a number, or \"NaN\", \"Infinity\" or \"-Infinity\", not a string.");
    assert_eq!(wrong(json!({"counts": []})), "value.edges is missing.");
    assert_eq!(wrong(json!({"edges": [1, 1], "counts": [1]})), "value.edges[1] must be larger than the edge before it.");
    assert_eq!(wrong(json!({"edges": [1], "counts": []})), "value.edges must have at least 2 items.");
    assert_eq!(wrong(json!({"edges": [1, 2], "counts": [-1]})), "value.counts[0] must not be negative.");
    assert_eq!(wrong(json!({"edges": [1, 2], "counts": ["NaN"]})), "value.counts[0] must be a finite number.");
    let steps = json!({"steps": [1], "edges": [1, 2], "counts": [[1], [2]]});
    assert_eq!(wrong(steps), "value.counts must have 1 item, one for each step, not 2.");
    let short = json!({"steps": [1], "edges": [1, 2], "counts": [[1, 2]]});
    assert_eq!(wrong(short), "value.counts[0] must have 1 item, one for each space between two edges, not 2.");
    let view = json!({"steps": [1], "edges": [1, 2], "counts": [[1]], "view": "pie"});
    assert_eq!(wrong(view), "value.view must be \"heat\" or \"ridge\".");
}
