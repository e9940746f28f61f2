//! `bar`: names and numbers, in one series or in several side by side.

use super::csv::Csv;
use super::json_path::Node;
use crate::charts::kinds::{Bar, Series};
use crate::protocol::ApiError;

/// More bars than a screen has room for are no bars.
const BARS: usize = 2000;
const INSTEAD: &str = "group the small ones, or send a histogram";

/// `{"labels":[…],"values":[…]}`, `{"labels":[…],"series":{"train":[…]}}`, `{"values":{"a":1}}`, `{"a":1,"b":2}` or `[1,2]`.
pub fn read(root: Node) -> Result<Bar, ApiError> {
    let (values, series, labels) = (root.get("values"), root.get("series"), root.get("labels"));
    let is_long = [values, series, labels].into_iter().flatten().any(|node| node.is_list() || node.is_object());
    let mut bar = match is_long {
        true => Bar { unit: root.optional_text("unit")?, ..Bar::default() },
        false => Bar::default(),
    };
    if is_long && let Some(horizontal) = root.get("horizontal") {
        bar.horizontal = horizontal.flag()?;
    }
    let single = |values: Vec<f64>| vec![Series { name: String::new(), values }];
    match (is_long, series, values) {
        (true, Some(series), _) => {
            let labels = root.need("labels")?;
            bar.labels = few(labels)?;
            series.entries(|name, values| {
                bar.series.push(Series { name: name.to_owned(), values: Vec::new() });
                root.may_have(bar.labels.len().max(1) * bar.series.len(), BARS, "bars", INSTEAD)?;
                bar.series.last_mut().into_iter().try_for_each(|last| {
                    last.values = values.numbers_as(bar.labels.len(), "label")?;
                    Ok(())
                })
            })?;
        }
        (true, None, Some(values)) if values.is_list() => {
            root.may_have(values.count(), BARS, "bars", INSTEAD)?;
            let numbers = values.numbers()?;
            bar.labels = match labels {
                Some(labels) => few(labels)?,
                None => (0..numbers.len()).map(|at| at.to_string()).collect(),
            };
            values.must_have(numbers.len(), bar.labels.len(), "label")?;
            bar.series = single(numbers);
        }
        (true, None, None) => return Err(root.need("values").err().unwrap_or_else(|| root.wrong("must have values"))),
        (_, _, values) if root.is_object() => {
            let (mut labels, mut numbers) = (Vec::new(), Vec::new());
            let named = values.filter(|_| is_long).unwrap_or(root);
            named.entries(|label, value| {
                root.may_have(labels.len() + 1, BARS, "bars", INSTEAD)?;
                labels.push(label.to_owned());
                numbers.push(value.number()?);
                Ok(())
            })?;
            (bar.labels, bar.series) = (labels, single(numbers));
        }
        _ if root.is_list() => {
            root.may_have(root.count(), BARS, "bars", INSTEAD)?;
            let numbers = root.numbers()?;
            bar.labels = (0..numbers.len()).map(|at| at.to_string()).collect();
            bar.series = single(numbers);
        }
        _ => return Err(root.is_no("must be an object with labels and values, or an object of numbers")),
    }
    let bars = bar.labels.len() * bar.series.len();
    root.may_have(bars, BARS, "bars", INSTEAD)?;
    Ok(bar)
}

fn few(labels: Node) -> Result<Vec<String>, ApiError> {
    labels.labels(BARS, "bars", INSTEAD)
}

pub fn csv(bar: &Bar) -> String {
    let mut csv = Csv::default();
    csv.text("label");
    for series in &bar.series {
        csv.text(if series.name.is_empty() { "value" } else { &series.name });
    }
    csv.end();
    for (at, label) in bar.labels.iter().enumerate() {
        csv.text(label);
        bar.series.iter().for_each(|series| csv.number(series.values[at]));
        csv.end();
    }
    csv.into_text()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(value: Value) -> Result<Bar, String> {
        read(Node::root(&value.to_string())).map_err(|error| error.message)
    }

    #[test]
    fn short_and_long_forms_are_the_same() {
        let plain = of(json!({"a": 1, "b": "NaN"})).unwrap();
        let long = of(json!({"labels": ["a", "b"], "values": [1, "NaN"]})).unwrap();
        let named = of(json!({"values": {"a": 1, "b": null}})).unwrap();
        assert_eq!((csv(&plain), csv(&named)), (csv(&long), csv(&long)));
        assert_eq!(csv(&long), "label,value\r\na,1\r\nb,NaN\r\n");
        assert_eq!(of(json!({"values": 3, "others": 4})).unwrap().labels, ["values", "others"]);
        assert_eq!(of(json!([5, 6])).unwrap().labels, ["0", "1"]);
    }

    #[test]
    fn several_series() {
        let bar = of(json!({"labels": [0, "=b"], "series": {"train": [1, 2], "val": [3, "Infinity"]}, "unit": "%", "horizontal": true}));
        let bar = bar.unwrap();
        assert_eq!((bar.unit.as_str(), bar.horizontal), ("%", true));
        assert_eq!(csv(&bar), "label,train,val\r\n0,1,3\r\n\"=b\",2,Infinity\r\n");
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
        assert!(wrong(json!(vec![1; BARS + 1])).contains("may have 2000 bars, not 2001"));
    }
}
