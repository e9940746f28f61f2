//! Tests: what charts say of values none of which is finite, and of values that are equal but for rounding.

use super::well_formed::{fixed, painted};
use super::{Bar, Heatmap, Histogram, Number, Scatter, Series, View, bins};

const NONE: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

/// The texts of a drawing that are numbers.
fn labels(svg: &str) -> Vec<f64> {
    let texts = svg.split("<text").skip(1).filter_map(|text| text.split('>').nth(1)?.split('<').next());
    texts.filter_map(|text| text.replace('k', "e3").parse().ok()).filter(|number: &f64| number.is_finite()).collect()
}

fn histogram(values: &[f64], view: View, steps: Vec<f64>) -> Histogram {
    let (edges, counted) = bins::bins(values);
    Histogram { counts: vec![counted; steps.len().max(1)], steps, edges, view, unit: String::new() }
}

#[test]
fn no_axis_is_made_up_where_nothing_is_finite() {
    let sheet = fixed();
    for values in [vec![], vec![f64::NAN; 3], NONE.to_vec()] {
        let scatter = Scatter { x: values.clone(), y: values.clone(), ..Scatter::default() };
        let upright = Bar {
            labels: values.iter().map(|_| "a".to_owned()).collect(),
            series: vec![Series { name: String::new(), values: values.clone() }],
            ..Bar::default()
        };
        let lying = Bar { horizontal: true, ..upright.clone() };
        for (svg, scene) in [
            (scatter.svg(&sheet), scatter.scene(&sheet)),
            (upright.svg(&sheet), upright.scene(&sheet)),
            (lying.svg(&sheet), lying.scene(&sheet)),
        ] {
            painted(&scene, &svg);
            assert!(labels(&svg).is_empty(), "{values:?} {svg}");
        }
        assert!(scatter.svg(&sheet).contains(if values.is_empty() { "No values yet." } else { "No finite value" }));
    }
    for view in [View::Heat, View::Ridge] {
        for steps in [vec![], vec![7.0]] {
            let histogram = histogram(&NONE, view, steps.clone());
            let svg = histogram.svg(&sheet);
            assert_eq!(labels(&svg), steps, "{svg}");
            assert!(svg.contains("No finite value, only NaN or ∞."), "{svg}");
            painted(&histogram.scene(&sheet), &svg);
        }
    }
    let heatmap = Heatmap { values: vec![NONE.to_vec()], rows: vec!["r".into()], columns: vec!["c".into(); 3], ..Heatmap::default() };
    let svg = heatmap.svg(&sheet);
    assert!(labels(&svg).is_empty() && !svg.contains("from NaN to NaN"), "{svg}");
    painted(&heatmap.scene(&sheet), &svg);
    let number = Number { value: f64::NAN, trend: NONE.to_vec(), ..Number::default() };
    assert!(labels(&number.svg(&sheet)).is_empty());
}

#[test]
fn of_two_axes_the_one_that_has_numbers_is_told() {
    let scatter = Scatter { x: vec![1.0, 2.0], y: vec![f64::NAN; 2], ..Scatter::default() };
    let told = labels(&scatter.svg(&fixed()));
    assert!(told.contains(&1.5) && told.iter().all(|label| (0.9..=2.1).contains(label)), "{told:?}");
}

#[test]
fn rounding_does_not_fill_a_chart() {
    let sheet = fixed();
    let third = 0.1 + 0.2;
    let told = labels(&Scatter { x: vec![0.0, 1.0], y: vec![0.3, third], ..Scatter::default() }.svg(&sheet));
    assert!(told.iter().any(|label| (0.28..0.3).contains(label)), "{told:?}");
    let heatmap = Heatmap { values: vec![vec![0.3, third]], ..Heatmap::default() };
    let fills = |svg: &str| svg.split("class=\"cells\"").nth(1).map(|cells| cells.matches("fill=").count());
    let one = Heatmap { values: vec![vec![0.3, 0.3]], ..Heatmap::default() };
    assert_eq!(fills(&heatmap.svg(&sheet)), fills(&one.svg(&sheet)), "one colour");
    let trend = Number { value: third, trend: vec![0.3, third, 0.3], ..Number::default() }.svg(&sheet);
    let flat = Number { value: third, trend: vec![0.3; 3], ..Number::default() }.svg(&sheet);
    assert_eq!(trend, flat);
    let (edges, counted) = bins::bins(&[0.3, third]);
    assert!(edges[edges.len() - 1] - edges[0] > 0.5 && counted.counts.contains(&2.0), "{edges:?}");
    // Variation is told, however small.
    let size = 1e9_f64;
    let near: Vec<f64> = (0..200).map(|at| size + f64::from(at) * 2e-7).collect();
    let (edges, counted) = bins::bins(&near);
    assert!(edges.windows(2).all(|pair| pair[0] < pair[1]) && counted.counts.iter().filter(|count| **count > 0.0).count() > 8);
}
