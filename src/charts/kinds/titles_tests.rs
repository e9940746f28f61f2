//! Titles of axes, in every kind that has two axes.

use serde_json::{Value, json};

use super::kind;
use super::well_formed::{drawn, fixed};
use crate::charts::axis_titles::MAX_TITLE_CHARS;
use crate::charts::display_list::Shape;

/// A value of each kind and form.
fn values() -> [(&'static str, Value); 7] {
    [
        ("bar", json!({"labels": ["a", "b"], "values": [1, 2]})),
        ("bar", json!({"labels": ["a", "b"], "values": [1, "NaN"], "horizontal": true})),
        ("histogram", json!({"values": [1, 2, 2, "NaN"]})),
        ("histogram", json!({"edges": [0, 1, 3], "counts": [5, 7]})),
        ("histogram", json!({"steps": [0, 1], "values": [[1, "NaN"], [2, 3]]})),
        ("histogram", json!({"steps": [0, 1], "values": [[1, "NaN"], [2, 3]], "view": "ridge"})),
        ("scatter", json!({"x": [1, 2], "y": [3, "NaN"]})),
    ]
}

#[test]
fn titles_stand_between_the_edge_and_the_labels_of_the_axes() {
    for (name, mut value) in values() {
        let plain = kind(name).unwrap().parse(&value.to_string()).unwrap();
        value["x_label"] = json!("the <x> axis");
        value["y_label"] = json!("the y axis");
        let chart = kind(name).unwrap().parse(&value.to_string()).unwrap();
        assert!(drawn(&*chart).contains("the &lt;x&gt; axis"), "{value}");
        let list = chart.draw(&fixed());
        let base = |wanted: &str| {
            let texts = list.plot.0.iter().filter_map(|shape| if let Shape::Text(text) = shape { Some(text) } else { None });
            texts.filter(|text| text.text == wanted).map(|text| text.y).next().unwrap_or_else(|| panic!("no {wanted} in {value}"))
        };
        let (x, y) = (base("the <x> axis"), base("the y axis"));
        // No other text shares the row of a title, but what is not finite, at the other end.
        let others = list.texts().into_iter().filter(|text| !text.starts_with("the ") && !text.contains("NaN")).map(base);
        assert!(others.clone().all(|other| other < x - 11.0), "{value}");
        assert!(others.clone().all(|other| other > y + 4.0) && y > 9.0 && x < 320.0, "{value}");
        let lowest = |chart: &dyn super::Chart| chart.hit_areas(&fixed()).y[1].iter().copied().fold(0.0, f64::max);
        assert!(lowest(&*chart) < lowest(&*plain), "the plot ends above its title: {value}");
    }
}

#[test]
fn titles_are_texts() {
    for (name, mut value) in values() {
        value["y_label"] = json!([]);
        let error = kind(name).unwrap().parse(&value.to_string()).err().unwrap();
        assert_eq!(error.message, "value.y_label must be a string, not an array.");
    }
}

#[test]
fn titles_and_units_are_one_line_of_a_bounded_length() {
    let units = [
        ("number", json!({"value": 1})),
        ("heatmap", json!({"values": [[1]]})),
        ("bar", json!({"values": [1]})),
        ("histogram", json!({"values": [1, 2]})),
    ];
    let units = units.into_iter().map(|(name, value)| (name, value, "unit"));
    let sides = ["row_label", "column_label"].map(|key| ("heatmap", json!({"values": [[1]]}), key));
    let titles = values().into_iter().map(|(name, value)| (name, value, "x_label"));
    for (name, mut value, key) in units.chain(sides).chain(titles) {
        for title in ["x".repeat(MAX_TITLE_CHARS + 1), "two\nlines".to_owned()] {
            value[key] = json!(title);
            let error = kind(name).unwrap().parse(&value.to_string()).err().unwrap_or_else(|| panic!("{name} {key}"));
            assert_eq!(error.message, format!("value.{key} may have 200 characters, none a control character."));
        }
        value[key] = json!("x".repeat(MAX_TITLE_CHARS));
        assert!(kind(name).unwrap().parse(&value.to_string()).is_ok(), "{name} {key}");
    }
}
