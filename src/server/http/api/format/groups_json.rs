//! Curves of groups as JSON, for notebooks and scripts; the page reads the binary form of `protocol::groups`.

use serde_json::{Map, Value};

use super::number::{push_json, push_string};
use crate::protocol::groups::{GroupColumn, GroupCurve, GroupGrid, MemberCounts, method};
use crate::series::groups::GroupStyle;
use crate::server::boards::runs::shortened;

type Counts = [(&'static str, fn(&GroupColumn) -> u32); 4];
type Numbers = [(&'static str, fn(&GroupColumn) -> f64); 4];

const NUMBERS: Numbers =
    [("x", |column| column.x), ("line", |column| column.line), ("low", |column| column.low), ("high", |column| column.high)];
const COUNTS: Counts = [
    ("n", |column| column.n),
    ("nan", |column| column.nan),
    ("ended", |column| column.ended),
    ("interpolated", |column| column.interpolated),
];

/// One curve of `{"cells":{"<id>":{"groups":[{"group":"g1a2b3c4d5e6f","key":{"config.lr":0.01},"line":"val","runs":5,"ids":[..],"grid":"steps",
/// "columns":{"x":[..],"line":[..],..}}],"more":0}}}`. `smooth`: the weight of the moving
/// average; `key`: the values of the group, long ones as a table shows them; a key that the runs
/// do not have is left out.
pub fn write_curve(out: &mut String, curve: &GroupCurve, key: &[(String, Option<Value>)], style: GroupStyle, smooth: f64) {
    let key: Map<String, Value> = key.iter().filter_map(|(name, value)| Some((name.clone(), shortened(value.as_ref()?)))).collect();
    out.push_str(&format!("{{\"group\":\"{}\",\"index\":{},\"label\":", curve.group, curve.index));
    push_string(out, &curve.label);
    out.push_str(&format!(",\"key\":{},\"line\":", Value::from(key)));
    push_string(out, &curve.split);
    // Ids of runs have no character that ends a string.
    let ids: Vec<String> = curve.ids.iter().map(|id| format!("\"{id}\"")).collect();
    out.push_str(&format!(",\"runs\":{},\"ids\":[{}],\"grid\":", curve.runs, ids.join(",")));
    match curve.grid {
        GroupGrid::Steps => out.push_str("\"steps\""),
        GroupGrid::Columns { from, to, count } => {
            out.push_str("\"columns\",\"from\":");
            push_json(out, from);
            out.push_str(",\"to\":");
            push_json(out, to);
            out.push_str(&format!(",\"count\":{count}"));
        }
    }
    out.push_str(",\"method\":");
    push_string(out, &method(style.line, style.band, &MemberCounts::of_curve(curve), &[curve.grid], smooth));
    out.push_str(",\"columns\":{");
    for (name, number) in NUMBERS {
        push_list(out, name, &curve.columns, |out, column| push_json(out, number(column)));
        out.push(',');
    }
    for (at, (name, count)) in COUNTS.into_iter().enumerate() {
        out.push_str(if at == 0 { "" } else { "," });
        push_list(out, name, &curve.columns, |out, column| out.push_str(&count(column).to_string()));
    }
    out.push_str("}}");
}

fn push_list(out: &mut String, name: &str, columns: &[GroupColumn], push: impl Fn(&mut String, &GroupColumn)) {
    out.push_str(&format!("\"{name}\":["));
    for (at, column) in columns.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { "," });
        push(out, column);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::{GroupId, RunId};
    use crate::series::groups::{Band, GroupLine};

    #[test]
    fn a_curve_is_its_group_and_lists_of_its_fields() {
        let style = GroupStyle { line: GroupLine::Mean, band: Band::Std, is_common: false };
        let place = |x, line, half, n| GroupColumn { x, line, low: line - half, high: line + half, n, nan: 1, ended: 0, interpolated: 0 };
        let mut curve = GroupCurve {
            group: GroupId::from_bits(5),
            index: 2,
            label: "a\"b".into(),
            split: "val".into(),
            runs: 2,
            ids: vec![RunId::parse("first").unwrap()],
            grid: GroupGrid::Steps,
            columns: vec![place(0.0, 1.5, 0.5, 2), place(1.0, f64::NAN, f64::NAN, 0)],
        };
        let key = [("config.lr".to_owned(), Some(json!(0.1))), ("config.x".to_owned(), None)];
        let json = |curve: &GroupCurve| {
            let mut out = String::new();
            write_curve(&mut out, curve, &key, style, 0.0);
            serde_json::from_str::<Value>(&out).unwrap()
        };
        let columns = json!({
            "x": [0.0, 1.0], "line": [1.5, "NaN"], "low": [1.0, "NaN"], "high": [2.0, "NaN"],
            "n": [2, 0], "nan": [1, 1], "ended": [0, 0], "interpolated": [0, 0],
        });
        let expected = json!({
            "group": "g000000000005", "index": 2, "label": "a\"b", "key": {"config.lr": 0.1}, "line": "val",
            "runs": 2, "ids": ["first"], "grid": "steps", "method": "mean of up to 2 runs, band: one standard deviation at each step",
            "columns": columns,
        });
        assert_eq!(json(&curve), expected);
        let mut out = String::new();
        write_curve(&mut out, &curve, &[("config.layers".to_owned(), Some(json!(vec![1; 100_000])))], style, 0.0);
        assert!(out.len() < 1000 && out.contains(r#""key":{"config.layers":"[1,1,"#), "{} bytes", out.len());
        curve.grid = GroupGrid::Columns { from: 0.0, to: 512.0, count: 256 };
        let of_columns = json(&curve);
        assert_eq!((&of_columns["grid"], &of_columns["to"], &of_columns["count"]), (&json!("columns"), &json!(512.0), &json!(256)));
        assert_eq!(of_columns["method"], "mean of up to 2 runs, band: one standard deviation of the means in 256 columns");
    }
}
