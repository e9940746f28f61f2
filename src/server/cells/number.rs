//! `number`: one value, what it was before, and how it came there.

use super::csv::Csv;
use super::json_path::Node;
use crate::charts::kinds::{Better, Number};
use crate::protocol::ApiError;

const TREND: usize = 100_000;

/// `0.93` or `{"value":0.93,"unit":"%","previous":0.91,"trend":[…],"better":"up"}`.
pub fn read(root: Node) -> Result<Number, ApiError> {
    if !root.is_object() {
        return Ok(Number { value: root.number()?, ..Number::default() });
    }
    let value = match root.entry("value") {
        Some(value) => value.number()?,
        None => root.need("value")?.number()?,
    };
    let trend = match root.get("trend") {
        Some(trend) => {
            trend.may_have(trend.count(), TREND, "numbers", "send every second one")?;
            trend.numbers()?
        }
        None => Vec::new(),
    };
    let previous = root.get("previous").map(|previous| previous.number()).transpose()?;
    let better = match root.optional_text("better")?.as_str() {
        "" => None,
        "up" => Some(Better::Up),
        "down" => Some(Better::Down),
        _ => return Err(root.need("better")?.wrong("must be \"up\" or \"down\"")),
    };
    Ok(Number { value, unit: root.optional_text("unit")?, previous, trend, better })
}

/// The trend from its beginning, then the previous value, then the value.
pub fn csv(number: &Number) -> String {
    let mut csv = Csv::default();
    csv.text("what");
    csv.text(if number.unit.is_empty() { "value" } else { &number.unit });
    csv.end();
    let trend = number.trend.iter().map(|value| ("trend", *value));
    for (what, value) in trend.chain(number.previous.map(|value| ("previous", value))).chain([("value", number.value)]) {
        csv.text(what);
        csv.number(value);
        csv.end();
    }
    csv.into_text()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(value: Value) -> Result<Number, String> {
        read(Node::root(&value.to_string())).map_err(|error| error.message)
    }

    #[test]
    fn plain_and_with_everything() {
        assert_eq!(csv(&of(json!(0.93)).unwrap()), "what,value\r\nvalue,0.93\r\n");
        assert_eq!(csv(&of(json!("NaN")).unwrap()), "what,value\r\nvalue,NaN\r\n");
        assert!(of(json!({"value": null})).unwrap().value.is_nan());
        let full = of(json!({"value": 1, "unit": "%", "previous": 0.5, "trend": [0.1, "NaN"], "better": "down"})).unwrap();
        assert_eq!(csv(&full), "what,%\r\ntrend,0.1\r\ntrend,NaN\r\nprevious,0.5\r\nvalue,1\r\n");
        assert_eq!(full.better, Some(Better::Down));
    }

    #[test]
    fn what_is_wrong_has_a_path() {
        let wrong = |value| of(value).unwrap_err();
        assert_eq!(wrong(json!({})), "value.value is missing.");
        assert_eq!(wrong(json!([1])), "value must be a number, not an array.");
        assert_eq!(wrong(json!({"value": 1, "trend": [[]]})), "value.trend[0] must be a number, not an array.");
        assert_eq!(wrong(json!({"value": 1, "better": "left"})), "value.better must be \"up\" or \"down\".");
        assert!(wrong(json!("0.93")).ends_with("not a string."));
    }
}
