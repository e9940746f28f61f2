//! Numbers as text: the shortest that reads back bit for bit, and words for what JSON has no number for.

/// Appends `number`: `0.1`, `-0.0`, `5e-324`; `NaN`, `Infinity` and `-Infinity` without quotes.
pub fn push_plain(out: &mut String, number: f64) {
    match serde_json::Number::from_f64(number) {
        Some(finite) => out.push_str(&finite.to_string()),
        None if number.is_nan() => out.push_str("NaN"),
        None => out.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" }),
    }
}

/// Appends `number` as JSON: what is not finite is a string.
pub fn push_json(out: &mut String, number: f64) {
    if number.is_finite() {
        push_plain(out, number);
    } else {
        out.push('"');
        push_plain(out, number);
        out.push('"');
    }
}

/// Appends `text` as a JSON string.
pub fn push_string(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
