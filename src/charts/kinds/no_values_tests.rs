//! Tests: what charts say of values none of which is finite, and of values that are equal but for rounding.

use super::Chart;
use super::bar::{Bar, Series};
use super::bins;
use super::heatmap::Heatmap;
use super::histogram::{Histogram, View};
use super::number::Number;
use super::scatter::Scatter;
use super::well_formed::{drawn, fixed, svg_of};

const NONE: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// The texts of a drawing that are numbers.
fn labels(svg: &str) -> Vec<f64> {
    let texts = svg.split("<text").skip(1).filter_map(|text| text.split('>').nth(1)?.split('<').next());
    texts.filter_map(|text| text.replace('k', "e3").parse().ok()).filter(|number: &f64| number.is_finite()).collect()
}

fn histogram(values: &[f64], view: View, steps: Vec<f64>) -> Histogram {
    let (edges, counted) = bins::bins(values);
    Histogram { counts: vec![counted; steps.len().max(1)], steps, edges, view, ..Histogram::default() }
}

#[test]
fn no_axis_is_made_up_where_nothing_is_finite() {
    let canvas = fixed();
    for values in [vec![], vec![f64::NAN; 3], NONE.to_vec()] {
        let scatter = Scatter { x: values.clone(), y: values.clone(), ..Scatter::default() };
        let upright = Bar {
            labels: values.iter().map(|_| "a".to_owned()).collect(),
            series: vec![Series { name: String::new(), values: values.clone() }],
            ..Bar::default()
        };
        let lying = Bar { horizontal: true, ..upright.clone() };
        for chart in [&scatter as &dyn Chart, &upright, &lying] {
            drawn(chart);
            let svg = svg_of(chart, &canvas);
            assert!(labels(&svg).is_empty(), "{values:?} {svg}");
        }
        assert!(svg_of(&scatter, &canvas).contains(if values.is_empty() { "No values yet." } else { "No finite value" }));
    }
    for view in [View::Heat, View::Ridge] {
        for steps in [vec![], vec![7.0]] {
            let histogram = histogram(&NONE, view, steps.clone());
            let svg = svg_of(&histogram, &canvas);
            assert_eq!(labels(&svg), steps, "{svg}");
            assert!(svg.contains("No finite value, only NaN or ∞."), "{svg}");
            drawn(&histogram);
        }
    }
    let heatmap = Heatmap { values: vec![NONE.to_vec()], rows: vec!["r".into()], columns: vec!["c".into(); 3], ..Heatmap::default() };
    let svg = svg_of(&heatmap, &canvas);
    assert!(labels(&svg).is_empty() && !svg.contains("from NaN to NaN"), "{svg}");
    drawn(&heatmap);
    let number = Number { value: f64::NAN, trend: NONE.to_vec(), ..Number::default() };
    assert!(labels(&svg_of(&number, &canvas)).is_empty());
}

#[test]
fn of_two_axes_the_one_that_has_numbers_is_shown() {
    let scatter = Scatter { x: vec![1.0, 2.0], y: vec![f64::NAN; 2], ..Scatter::default() };
    let shown = labels(&svg_of(&scatter, &fixed()));
    assert!(shown.contains(&1.5) && shown.iter().all(|label| (0.9..=2.1).contains(label)), "{shown:?}");
}

#[test]
fn rounding_does_not_fill_a_chart() {
    let canvas = fixed();
    let third = 0.1 + 0.2;
    let shown = labels(&svg_of(&Scatter { x: vec![0.0, 1.0], y: vec![0.3, third], ..Scatter::default() }, &canvas));
    assert!(shown.iter().any(|label| (0.28..0.3).contains(label)), "{shown:?}");
    let heatmap = Heatmap { values: vec![vec![0.3, third]], ..Heatmap::default() };
    let fills = |svg: &str| svg.split("class=\"cells\"").nth(1).map(|cells| cells.matches("fill=").count());
    let one = Heatmap { values: vec![vec![0.3, 0.3]], ..Heatmap::default() };
    assert_eq!(fills(&svg_of(&heatmap, &canvas)), fills(&svg_of(&one, &canvas)), "one colour");
    let trend = svg_of(&Number { value: third, trend: vec![0.3, third, 0.3], ..Number::default() }, &canvas);
    let flat = svg_of(&Number { value: third, trend: vec![0.3; 3], ..Number::default() }, &canvas);
    assert_eq!(trend, flat);
    let (edges, counted) = bins::bins(&[0.3, third]);
    assert!(edges[edges.len() - 1] - edges[0] > 0.5 && counted.counts.contains(&2.0), "{edges:?}");
    // Variation is shown, however small.
    let size = 1e9_f64;
    let near: Vec<f64> = (0..200).map(|at| size + f64::from(at) * 2e-7).collect();
    let (edges, counted) = bins::bins(&near);
    assert!(edges.windows(2).all(|pair| pair[0] < pair[1]) && counted.counts.iter().filter(|count| **count > 0.0).count() > 8);
}
