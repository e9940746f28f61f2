//! Columns as JSON: one list for each of their fields, for notebooks and scripts; the page takes `protocol::columns`.

use super::numbers::{push_json, push_string};
use crate::protocol::columns::CellColumns;
use crate::series::Column;

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

/// `{"cells":{"<id>":{"series":[{"name":"train","points":9,"columns":{"count":[..],"nan":[..],..,"x_first":[..],..,"mean":[..]}}]}}}`.
/// Where a column has no finite value, `min`, `max` and `mean` are `"NaN"`.
pub fn write(cells: &[CellColumns]) -> String {
    let mut out = String::from("{\"cells\":{");
    for (at, CellColumns { cell, series }) in cells.iter().enumerate() {
        out.push_str(if at == 0 { "\"" } else { ",\"" });
        out.push_str(cell.as_str());
        out.push_str("\":{\"series\":[");
        for (at, series) in series.iter().enumerate() {
            out.push_str(if at == 0 { "{\"name\":" } else { ",{\"name\":" });
            push_string(&mut out, &series.name);
            out.push_str(&format!(",\"points\":{},\"columns\":{{", series.points));
            write_fields(&mut out, &series.columns);
            out.push_str("}}");
        }
        out.push_str("]}");
    }
    out.push_str("}}");
    out
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::CellId;
    use crate::protocol::columns::SeriesColumns;

    #[test]
    fn columns_are_lists_of_their_fields() {
        let mut column = Column::point(0.0, 1.0);
        [(1.0, 3.0), (2.0, f64::NAN), (0.5, f64::NEG_INFINITY)].iter().for_each(|(x, y)| column.merge(&Column::point(*x, *y)));
        let columns = vec![column, Column::point(3.0, f64::NAN)];
        let series = vec![
            SeriesColumns { name: "a\"b".into(), points: 5, columns },
            SeriesColumns { name: "none".into(), points: 0, columns: vec![] },
        ];
        let cells = [("x", series), ("y", vec![])].map(|(id, series)| CellColumns { cell: CellId::parse(id).unwrap(), series });
        let value: Value = serde_json::from_str(&write(&cells)).unwrap();
        assert_eq!(value["cells"]["y"], json!({"series": []}));
        let first = &value["cells"]["x"]["series"][0];
        assert_eq!((&first["name"], &first["points"]), (&json!("a\"b"), &json!(5)));
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
        assert_eq!(value["cells"]["x"]["series"][1]["columns"]["count"], json!([]));
        assert_eq!(write(&[]), r#"{"cells":{}}"#);
    }
}
