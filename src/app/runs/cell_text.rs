//! Values of the table as text.

use serde_json::Value;

use crate::charts::text_metrics::decimal_exponent;
use crate::charts::{format_significant, format_ungrouped};

/// Significant digits of numbers.
const DIGITS: i32 = 5;
/// Beyond these decimals a column has no common ones.
const MAX_DECIMALS: i32 = 8;
pub const MISSING: &str = "–";

/// A number, also one that JSON has as text because it is not finite.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// A value of a configuration.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::Null => MISSING.to_owned(),
        Value::Number(number) => number.as_f64().map(|number| format_ungrouped(number, DIGITS)).unwrap_or_default(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The decimals with which the largest of a column's numbers has five digits, so that they stand under each other; `None` if one of them
/// would lose all of its own.
pub fn common_decimals(values: impl Iterator<Item = f64>) -> Option<i32> {
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    for size in values.filter(|value| value.is_finite() && *value != 0.0).map(f64::abs) {
        (least, most) = (least.min(size), most.max(size));
    }
    if most == 0.0 {
        return None;
    }
    let decimals = (DIGITS - 1 - decimal_exponent(most)).max(0);
    let is_seen = decimal_exponent(least) > -decimals;
    (decimals <= MAX_DECIMALS && is_seen && most < 1e15).then_some(decimals)
}

/// A number with these decimals, or with five digits.
pub fn number_text(value: f64, decimals: Option<i32>) -> String {
    let Some(decimals) = decimals.filter(|decimals| *decimals > 0 && value.is_finite() && value.abs() < 1e9) else {
        return format_significant(value, DIGITS).replace('-', "−");
    };
    let scale = (0..decimals).fold(1.0, |scale, _| scale * 10.0);
    let digits = (value.abs() * scale).round() as u64;
    let (whole, rest) = (digits / scale as u64, (digits % scale as u64).to_string());
    let zeros = "0".repeat(decimals as usize - rest.len());
    let sign = if value < 0.0 && digits > 0 { "−" } else { "" };
    [sign, &whole.to_string(), ".", &zeros, &rest].concat()
}

/// A whole number with commas between thousands: steps.
pub fn step_text(step: f64) -> String {
    if step.fract() != 0.0 || step.abs() >= 1e15 {
        return format_significant(step, DIGITS);
    }
    let digits = (step.abs() as u64).to_string();
    let mut text = String::new();
    if step < 0.0 {
        text.push('−');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_of_a_column_have_the_same_decimals() {
        let of = |values: &[f64]| common_decimals(values.iter().copied());
        assert_eq!(of(&[0.9417, 0.303, f64::NAN]), Some(5));
        assert_eq!((of(&[2.5, 0.03]), of(&[12.5, 3.0])), (Some(4), Some(3)));
        assert_eq!((of(&[2.5, 0.0001]), of(&[1e-9]), of(&[]), of(&[0.0])), (None, None, None, None));
        assert_eq!(
            (number_text(0.94, Some(4)), number_text(-0.00051, Some(4)), number_text(12.0, Some(3))),
            ("0.9400".into(), "−0.0005".into(), "12.000".into())
        );
        assert_eq!(
            (number_text(-0.00001, Some(4)), number_text(f64::NAN, Some(4)), number_text(-1e-9, None)),
            ("0.0000".into(), "NaN".into(), "−1e−9".into())
        );
    }

    #[test]
    fn values_of_every_type_have_a_text() {
        let texts = [json!(0.001), json!("sgd"), json!(true), json!(null), json!([1, 2]), json!(123456.7)].map(|value| value_text(&value));
        assert_eq!(texts, ["0.001", "sgd", "true", "–", "[1,2]", "123457"]);
        assert_eq!((number(&json!("Infinity")), number(&json!(3)), number(&json!("x"))), (Some(f64::INFINITY), Some(3.0), None));
    }

    #[test]
    fn steps_have_commas() {
        assert_eq!([0.0, 999.0, 3588.0, 1_234_567.0, -1000.0, 2.5].map(step_text), ["0", "999", "3,588", "1,234,567", "−1,000", "2.5"]);
    }
}
