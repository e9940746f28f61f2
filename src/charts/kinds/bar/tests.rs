//! Tests of `bar`.

use serde_json::{Value, json};

use super::*;
use crate::charts::Theme;
use crate::charts::canvas::CanvasSize;
use crate::charts::kinds::well_formed::{drawn, fixed, numbers_of, svg_of};

fn bar(labels: &[&str], series: &[(&str, &[f64])], horizontal: bool) -> Bar {
    let series = series.iter().map(|(name, values)| Series { name: name.to_string(), values: values.to_vec() }).collect();
    Bar { labels: labels.iter().map(ToString::to_string).collect(), series, unit: "%".into(), horizontal, ..Bar::default() }
}

#[test]
fn bars_of_every_sort_are_drawn() {
    for horizontal in [false, true] {
        for values in [[1.0, 2.0], [-1.0, 5.0], [0.0, 0.0], [f64::NAN, f64::INFINITY], [f64::NEG_INFINITY, 3.0], [f64::MAX, f64::MIN]] {
            drawn(&bar(&["<a>", "b"], &[("one", &values), ("two", &[0.5, 1.5])], horizontal));
        }
        drawn(&bar(&[], &[("", &[])], horizontal));
        drawn(&bar(&["a"], &[], horizontal));
    }
}

#[test]
fn non_finite_values_are_named_and_hatched() {
    let svg = drawn(&bar(&["<script>", "b"], &[("", &[f64::NAN, 2.0])], false));
    assert!(svg.contains("class=\"hatch\"") && svg.contains(">NaN</text>") && svg.contains("&lt;script&gt;"), "{svg}");
}

#[test]
fn labels_are_whole_where_there_is_room() {
    let names = ["feature_width", "feature_height", "petal_length", "petal_width"];
    let fluid = |height| ChartCanvas { size: CanvasSize::Fluid { height }, theme: Theme::Auto, title: String::new() };
    for horizontal in [false, true] {
        for canvas in [fluid(240.0), fixed()] {
            let svg = svg_of(&bar(&names, &[("", &[1.0, 2.0, 3.0, 4.0])], horizontal), &canvas);
            assert!(!svg.contains('…'), "{horizontal} {svg}");
        }
        // What cannot be shown keeps both of its ends.
        let long = format!("begin_{}_end", "x".repeat(200));
        let svg = svg_of(&bar(&[&long, &long], &[("", &[1.0, 2.0])], horizontal), &fluid(240.0));
        assert!(svg.contains(">begin_") && svg.contains("_end</text>") && svg.contains('…'), "{svg}");
    }
}

#[test]
fn every_bar_is_found_where_it_is_drawn() {
    let many: Vec<(String, [f64; 3])> = (0..20).map(|at| (format!("s{at}"), [f64::from(at), -2.0, f64::INFINITY])).collect();
    let many: Vec<(&str, &[f64])> = many.iter().map(|(name, values)| (name.as_str(), values.as_slice())).collect();
    let few: Vec<(&str, &[f64])> = vec![("one", &[1.0, 2.0, 3.0]), ("two", &[4.0, f64::NAN, 6.0])];
    for (series, horizontal) in [(&few, false), (&few, true), (&many, false), (&many, true)] {
        let chart = bar(&["a", "b", "c"], series, horizontal);
        let (svg, areas) = (svg_of(&chart, &fixed()), chart.hit_areas(&fixed()));
        let plot = svg.split("<g transform").nth(1).unwrap();
        let rects: Vec<&str> = plot.split("<rect ").skip(1).collect();
        assert_eq!((rects.len(), svg.contains(&format!("translate({} 0)", areas.left))), (series.len() * 3, true));
        for (at, rect) in rects.iter().enumerate() {
            let rect = format!("<rect {rect}");
            let part = |name: &str| numbers_of(&rect, "<rect", name)[0];
            let (x, y) = (areas.left + part("x") + part("width") / 2.0, part("y") + part("height") / 2.0);
            let area = areas.nearest((x, y), 640.0, 1.0).unwrap();
            let value = series[at / 3].1[at % 3];
            let shown = match series.len() {
                2 => areas.fields[1 + at / 3].numbers[area],
                _ => areas.fields[2].numbers[area],
            };
            assert_eq!((shown.to_bits(), areas.fields[0].numbers[area]), (value.to_bits(), (at % 3) as f64), "{at} {horizontal}");
        }
    }
}

#[test]
fn labels_give_way_before_they_overlap() {
    assert_eq!(every(20.0, 100.0).0, 1);
    assert_eq!(every(200.0, 80.0), (1, 74.0));
    assert_eq!(every(200.0, 10.0), (7, 64.0));
}

fn of(value: Value) -> Result<Bar, String> {
    Bar::parse(JsonPath::root(&value.to_string())).map_err(|error| error.message)
}

#[test]
fn short_and_long_forms_are_the_same() {
    let plain = of(json!({"a": 1, "b": "NaN"})).unwrap();
    let long = of(json!({"labels": ["a", "b"], "values": [1, "NaN"]})).unwrap();
    let named = of(json!({"values": {"a": 1, "b": null}})).unwrap();
    assert_eq!((plain.csv(), named.csv()), (long.csv(), long.csv()));
    assert_eq!(long.csv(), "label,value\r\na,1\r\nb,NaN\r\n");
    assert_eq!(of(json!({"values": 3, "others": 4})).unwrap().labels, ["values", "others"]);
    assert_eq!(of(json!([5, 6])).unwrap().labels, ["0", "1"]);
}

#[test]
fn several_series() {
    let bar = of(json!({"labels": [0, "=b"], "series": {"train": [1, 2], "val": [3, "Infinity"]}, "unit": "%", "horizontal": true}));
    let bar = bar.unwrap();
    assert_eq!((bar.unit.as_str(), bar.horizontal), ("%", true));
    assert_eq!(bar.csv(), "label,train,val\r\n0,1,3\r\n\"'=b\",2,Infinity\r\n");
}

#[test]
fn what_is_wrong_has_a_path() {
    let wrong = |value| of(value).unwrap_err();
    assert_eq!(wrong(json!({"labels": ["a"], "values": [true]})), "value.values[0] must be a number, not a boolean.");
    assert_eq!(wrong(json!({"labels": ["a"], "values": [1, 2]})), "value.values must have 1 item, one for each label, not 2.");
    assert_eq!(wrong(json!({"labels": ["a"], "series": {"v": []}})), "value.series.v must have 1 item, one for each label, not 0.");
    assert_eq!(wrong(json!({"labels": ["a"]})), "value.values is missing.");
    assert_eq!(wrong(json!({"series": {"v": []}})), "value.labels is missing.");
    assert_eq!(wrong(json!({"a": {}})), "value.a must be a number, not an object.");
    assert_eq!(wrong(json!({"values": [1], "unit": 5})), "value.unit must be a string, not a number.");
    assert!(wrong(json!("text")).ends_with("not a string."));
    assert!(wrong(json!(vec![1; MAX_BARS + 1])).contains("may have 2000 bars, not 2001"));
}
