//! `GET /columns` and `GET /values/:id/columns`: what is asked, and the answer as JSON for notebooks and scripts; the page takes
//! the bytes of `protocol::columns`.

use utoipa::IntoParams;

use super::format::number::{push_json, push_string};
use super::wrong;
use crate::protocol::columns::SeriesColumns;
use crate::protocol::{ApiError, CellId};
use crate::series::{Axis, Column, Place, Smoothed};
use crate::server::boards::MAX_SMOOTH;
use crate::server::http::openapi::shape::{shape, words_with_default};

/// Wider than any screen; columns for it take about 1 MiB a series.
const WIDTH: u32 = 16_384;
const DEFAULT_WIDTH: u32 = 1000;
/// Cells in one question.
const CELLS: usize = 1000;

/// `?cells=a,b&from=0&to=1e4&width=800&x=step&smooth=0.9`.
#[derive(Clone, Debug, PartialEq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ColumnsQuery {
    // Empty when the address names the cell.
    #[param(ignore)]
    pub cells: Vec<CellId>,
    // Both along `axis`, finite, `from` not above `to`.
    /// The left end of the window; missing: the first point.
    pub from: Option<f64>,
    /// The right end; missing: the last point.
    pub to: Option<f64>,
    /// Pixels that the columns are for.
    #[param(required = false, minimum = 1, maximum = 16384, default = 1000)]
    pub width: u32,
    /// What runs along the axis.
    #[param(rename = "x", required = false, value_type = ColumnsAxis, inline)]
    pub axis: Axis,
    /// The weight of the smoothed lines that the answer has besides the columns; 0: none. The average at a
    /// step does not depend on the window.
    #[param(required = false, minimum = 0, maximum = 0.999, default = 0)]
    pub smooth: f64,
    // The bytes of `protocol::columns` instead of JSON.
    #[param(ignore)]
    pub binary: bool,
}

shape! {
    /// What columns are ordered by.
    ColumnsAxis: words_with_default(["step", "time"]);
}

impl ColumnsQuery {
    pub fn parse(query: &str, accept: Option<&str>) -> Result<Self, ApiError> {
        let binary = accept.is_some_and(|accept| accept.contains("application/octet-stream"));
        let mut asked = Self { cells: Vec::new(), from: None, to: None, width: DEFAULT_WIDTH, axis: Axis::Step, smooth: 0.0, binary };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "cells" => asked.cells = cells(&value)?,
                "from" | "to" if value.is_empty() => {}
                "from" => asked.from = Some(place("from", &value)?),
                "to" => asked.to = Some(place("to", &value)?),
                "width" => {
                    let width = value.parse().ok().filter(|width| (1..=WIDTH).contains(width));
                    asked.width = width.ok_or_else(|| wrong("width", "must be a whole number of pixels from 1 to 16384", &value))?;
                }
                "x" => {
                    asked.axis = match &*value {
                        "step" => Axis::Step,
                        "time" => Axis::Time,
                        _ => return Err(wrong("x", "must be step or time", &value)),
                    }
                }
                "smooth" => {
                    let rule = format!("must be a number from 0 to {MAX_SMOOTH}");
                    let weight = value.parse().ok().filter(|weight| (0.0..=MAX_SMOOTH).contains(weight));
                    asked.smooth = weight.ok_or_else(|| wrong("smooth", &rule, &value))?;
                }
                key => return Err(wrong(key, "is no key of this query; known are cells, from, to, width, x and smooth", &value)),
            }
        }
        match (asked.from, asked.to) {
            (Some(from), Some(to)) if from > to => Err(wrong("to", "must not be below 'from'", &to.to_string())),
            _ => Ok(asked),
        }
    }
}

fn cells(list: &str) -> Result<Vec<CellId>, ApiError> {
    let ids = list.split(',').filter(|id| !id.is_empty()).take(CELLS + 1);
    let ids = ids.map(|id| CellId::parse(id).ok_or_else(|| wrong("cells", "must be ids with commas between them", id)));
    let ids: Vec<_> = ids.collect::<Result<_, _>>()?;
    if ids.len() > CELLS { Err(wrong("cells", "may name 1000 cells", "more")) } else { Ok(ids) }
}

fn place(key: &str, value: &str) -> Result<f64, ApiError> {
    value.parse().ok().filter(|place: &f64| place.is_finite()).ok_or_else(|| wrong(key, "must be a finite number", value))
}

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
    out.push_str(&format!(",\"points\":{},\"columns\":{{", series.points));
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
fn write_smoothed(out: &mut String, Smoothed { places, last }: &Smoothed) {
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
    use crate::protocol::CellId;
    use crate::series::{Average, NO_PLACE};

    #[test]
    fn a_question_is_checked() {
        let asked =
            ColumnsQuery::parse("cells=a,b-1&from=-0.5&to=1e4&width=800&x=time&smooth=0.999", Some("application/octet-stream")).unwrap();
        assert_eq!(asked.cells.iter().map(CellId::as_str).collect::<Vec<_>>(), ["a", "b-1"]);
        assert_eq!((asked.from, asked.to, asked.width, asked.axis, asked.binary), (Some(-0.5), Some(1e4), 800, Axis::Time, true));
        assert_eq!(asked.smooth, 0.999);
        let asked = ColumnsQuery::parse("from=&to=", None).unwrap();
        assert_eq!(
            (asked.cells.len(), asked.from, asked.to, asked.width, asked.axis, asked.binary),
            (0, None, None, 1000, Axis::Step, false)
        );
        for query in [
            "cells=a/b",
            "from=NaN",
            "to=inf",
            "width=0",
            "width=16385",
            "width=1.5",
            "x=wall",
            "from=2&to=1",
            "w=3",
            "smooth=",
            "smooth=1",
            "smooth=-0.1",
            "smooth=NaN",
        ] {
            let error = ColumnsQuery::parse(query, None).unwrap_err();
            assert!(error.code == 400 && error.errors.0.len() == 1, "{query}");
        }
        assert!(ColumnsQuery::parse(&format!("cells={}", "a,".repeat(CELLS + 1)), None).is_err());
    }

    #[test]
    fn columns_are_lists_of_their_fields() {
        let mut column = Column::point(0.0, 1.0);
        [(1.0, 3.0), (2.0, f64::NAN), (0.5, f64::NEG_INFINITY)].iter().for_each(|(x, y)| column.merge(&Column::point(*x, *y)));
        let columns = vec![column, Column::point(3.0, f64::NAN)];
        let last = Some(Average { weight: 0.5, value: 2.5, kept: 0.25, step: 3.0 });
        let smoothed = Some(Smoothed { places: vec![(1.0, 2.5), NO_PLACE], last });
        let text = |name: &str, points: u64, columns: Vec<Column>, smoothed| {
            let mut out = String::new();
            write_series(&mut out, &SeriesColumns { name: name.into(), points, columns, smoothed });
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
