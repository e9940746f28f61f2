//! Columns as JSON, for notebooks and scripts; the page reads the binary form of `protocol::columns`.

use super::number::{push_json, push_string};
use crate::protocol::columns::SeriesColumns;
use crate::series::{Column, Place, SmoothedLine};

type Counts = [(&'static str, fn(&Column) -> u64); 5];
type Numbers = [(&'static str, fn(&Column) -> f64); 11];

const COUNTS: Counts = [
    ("count", |column| column.count),
    ("nan", |column| column.nan),
    ("pos_inf", |column| column.pos_inf),
    ("neg_inf", |column| column.neg_inf),
    ("breaks", |column| column.breaks),
];

const NUMBERS: Numbers = [
    ("x_first", |column| column.x_first),
    ("x_last", |column| column.x_last),
    ("x_min", |column| column.x_min),
    ("x_max", |column| column.x_max),
    ("first", |column| column.first),
    ("last", |column| column.last),
    ("min", |column| column.min),
    ("max", |column| column.max),
    ("at_min", |column| column.at_min),
    ("at_max", |column| column.at_max),
    ("mean", Column::mean),
];

/// One series of `{"cells":{"<id>":{"series":[{"name":"train","points":9,"columns":{"count":[..],"nan":[..],..,"x_first":[..],..,"mean":[..]}}]}}}`.
/// Where a column has no finite value, `min`, `max` and `mean` are `"NaN"`. A series that is smoothed has, besides,
/// `"smoothed":{"x":[..],"y":[..],"last":{"weight":0.9,"value":..,"kept":..,"step":..}}`; `last` is null where it is not known.
pub fn write_series(out: &mut String, series: &SeriesColumns) {
    out.push_str("{\"name\":");
    push_string(out, &series.name);
    out.push(',');
    write_members(out, series);
}

/// One series of `{"cells":{"<id>":{"series":[],"runs":{"<run>":{"train":{"points":9,..}}}}}}`, where its name is the key.
pub fn write_series_of_run(out: &mut String, series: &SeriesColumns) {
    push_string(out, &series.name);
    out.push_str(":{");
    write_members(out, series);
}

fn write_members(out: &mut String, series: &SeriesColumns) {
    out.push_str(&format!("\"points\":{},", series.points));
    if series.origin != 0.0 {
        out.push_str(&format!("\"origin\":{},", series.origin));
    }
    out.push_str("\"columns\":{");
    write_fields(out, &series.columns);
    out.push('}');
    if let Some(smoothed) = &series.smoothed {
        write_smoothed(out, smoothed);
    }
    out.push('}');
}

fn write_fields(out: &mut String, columns: &[Column]) {
    for (name, field) in COUNTS {
        let list: Vec<String> = columns.iter().map(|column| field(column).to_string()).collect();
        out.push_str(&format!("\"{name}\":[{}],", list.join(",")));
    }
    for (at, (name, field)) in NUMBERS.into_iter().enumerate() {
        out.push_str(&format!("{}\"{name}\":[", if at == 0 { "" } else { "," }));
        for (at, column) in columns.iter().enumerate() {
            out.push_str(if at == 0 { "" } else { "," });
            push_json(out, field(column));
        }
        out.push(']');
    }
}

/// The places that there are, and what continues the line.
fn write_smoothed(out: &mut String, SmoothedLine { places, last }: &SmoothedLine) {
    type Of = fn(&Place) -> f64;
    let lists: [(&str, Of); 2] = [(",\"smoothed\":{\"x\":[", |place| place.0), ("],\"y\":[", |place| place.1)];
    for (name, of) in lists {
        out.push_str(name);
        for (at, place) in places.iter().filter(|place| !place.0.is_nan()).enumerate() {
            out.push_str(if at == 0 { "" } else { "," });
            push_json(out, of(place));
        }
    }
    out.push_str("],\"last\":");
    let Some(last) = last else { return out.push_str("null}") };
    let fields = [("{\"weight\":", last.weight), (",\"value\":", last.value), (",\"kept\":", last.kept), (",\"step\":", last.step)];
    for (name, number) in fields {
        out.push_str(name);
        push_json(out, number);
    }
    out.push_str("}}");
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::series::{Average, NO_PLACE};

    #[test]
    fn columns_are_lists_of_their_fields() {
        let mut column = Column::point(0.0, 1.0);
        [(1.0, 3.0), (2.0, f64::NAN), (0.5, f64::NEG_INFINITY)].iter().for_each(|(x, y)| column.merge(&Column::point(*x, *y)));
        let columns = vec![column, Column::point(3.0, f64::NAN)];
        let last = Some(Average { weight: 0.5, value: 2.5, kept: 0.25, step: 3.0 });
        let smoothed = Some(SmoothedLine { places: vec![(1.0, 2.5), NO_PLACE], last });
        let text = |name: &str, points: u64, columns: Vec<Column>, smoothed| {
            let mut out = String::new();
            write_series(&mut out, &SeriesColumns { run: None, name: name.into(), points, origin: 0.0, columns, smoothed });
            serde_json::from_str::<Value>(&out).unwrap()
        };
        let first = text("a\"b", 5, columns, smoothed);
        assert_eq!((&first["name"], &first["points"]), (&json!("a\"b"), &json!(5)));
        let last = json!({"weight": 0.5, "value": 2.5, "kept": 0.25, "step": 3.0});
        assert_eq!(first["smoothed"], json!({"x": [1.0], "y": [2.5], "last": last}));
        assert_eq!(text("none", 0, Vec::new(), None).get("smoothed"), None);
        let fields = first["columns"].as_object().unwrap();
        assert_eq!(fields.len(), COUNTS.len() + NUMBERS.len());
        for (field, list) in [
            ("count", json!([4, 1])),
            ("nan", json!([1, 1])),
            ("neg_inf", json!([1, 0])),
            ("breaks", json!([1, 0])),
            ("x_first", json!([0.0, 3.0])),
            ("x_last", json!([0.5, 3.0])),
            ("last", json!(["-Infinity", "NaN"])),
            ("min", json!([1.0, "NaN"])),
            ("at_max", json!([1.0, 3.0])),
            ("mean", json!([2.0, "NaN"])),
        ] {
            assert_eq!(fields[field], list, "{field}");
        }
        assert_eq!(text("none", 0, Vec::new(), None)["columns"]["count"], json!([]));
    }
}
