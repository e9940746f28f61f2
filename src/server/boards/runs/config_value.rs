//! Values of configurations as they are counted and compared: 1 and 1.0 are one value.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Number, Value};

use crate::protocol::ValueType;
use crate::server::boards::canonical_json::canonical_json;
use crate::server::boards::query::number::ExactNumber;

/// Bytes of a text that is remembered itself; of a longer one a hash is.
const MAX_SHORT_TEXT_BYTES: usize = 128;

/// A value that can be sorted. Numbers stand together, in their order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigValue {
    Null,
    Boolean(bool),
    Number(ExactNumber),
    Text(Box<str>),
    /// A hash of a long text: only equality matters.
    LongText(u64),
    /// The canonical JSON text of an array, or a hash of a long one.
    Array(Box<str>),
    LongArray(u64),
}

impl ConfigValue {
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Boolean(*value),
            Value::Number(number) => Self::Number(ExactNumber::of(number)),
            Value::String(text) if text.len() <= MAX_SHORT_TEXT_BYTES => Self::Text(text.as_str().into()),
            Value::String(text) => Self::LongText(hash(text)),
            Value::Array(_) | Value::Object(_) => {
                let text = canonical_json(value);
                if text.len() <= MAX_SHORT_TEXT_BYTES { Self::Array(text.into()) } else { Self::LongArray(hash(&text)) }
            }
        }
    }

    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Null => ValueType::Null,
            Self::Boolean(_) => ValueType::Boolean,
            Self::Number(_) => ValueType::Number,
            Self::Text(_) | Self::LongText(_) => ValueType::String,
            Self::Array(_) | Self::LongArray(_) => ValueType::Array,
        }
    }

    /// As JSON; `None` where only a hash is known.
    pub fn to_json(&self) -> Option<Value> {
        match self {
            Self::Null => Some(Value::Null),
            Self::Boolean(value) => Some(Value::Bool(*value)),
            Self::Number(number) => Some(number_to_json(*number)),
            Self::Text(text) => Some(Value::String(text.to_string())),
            Self::Array(text) => serde_json::from_str(text).ok(),
            Self::LongText(_) | Self::LongArray(_) => None,
        }
    }
}

/// The type of a value, which need not be copied for it.
pub fn type_of(value: &Value) -> ValueType {
    match value {
        Value::Null => ValueType::Null,
        Value::Bool(_) => ValueType::Boolean,
        Value::Number(_) => ValueType::Number,
        Value::String(_) => ValueType::String,
        Value::Array(_) | Value::Object(_) => ValueType::Array,
    }
}

/// The type that values of these types have in common, null aside.
pub fn common_type(types: impl IntoIterator<Item = ValueType>) -> ValueType {
    let common = |common, next| match (common, next) {
        (ValueType::Null, other) | (other, ValueType::Null) => other,
        (one, other) if one == other => one,
        _ => ValueType::Mixed,
    };
    types.into_iter().fold(ValueType::Null, common)
}

fn number_to_json(number: ExactNumber) -> Value {
    let double = |number: f64| Number::from_f64(number).map_or(Value::Null, Value::Number);
    match number {
        ExactNumber::Whole(whole) => match (i64::try_from(whole), u64::try_from(whole)) {
            (Ok(whole), _) => whole.into(),
            (_, Ok(whole)) => whole.into(),
            _ => double(whole as f64),
        },
        ExactNumber::Real(real) => double(real),
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_equal_by_value_and_stand_together_in_their_order() {
        let of = |value: Value| ConfigValue::of(&value);
        assert_eq!(of(json!(1)), of(json!(1.0)));
        assert_ne!(of(json!((1_u64 << 60) + 1)), of(json!(1_u64 << 60)));
        assert_ne!(of(json!("1")), of(json!(1)));
        // In lists, too: run-table, run-diff and groups agree.
        assert_eq!(of(json!([1, {"b": 2, "a": 3}])), of(json!([1.0, {"a": 3.0, "b": 2}])));
        assert_ne!(of(json!([1])), of(json!(["1"])));
        assert_ne!(of(json!(true)), of(json!(1)));
        let sorted = [json!(null), json!(false), json!(-3), json!(0.5), json!(7), json!(1e300), json!("a"), json!("b"), json!([1])].map(of);
        assert!(sorted.is_sorted());
    }

    #[test]
    fn values_come_back_unless_they_are_long() {
        for value in
            [json!(null), json!(true), json!(-7), json!(u64::MAX), json!(0.1), json!(1e300), json!("größe"), json!([1, "a"]), json!({})]
        {
            assert_eq!(ConfigValue::of(&value).value_type(), type_of(&value));
            assert_eq!(ConfigValue::of(&value).to_json(), Some(value));
        }
        let long = ConfigValue::of(&json!("x".repeat(129)));
        assert_eq!((long.to_json(), long.value_type()), (None, ValueType::String));
        assert_ne!(long, ConfigValue::of(&json!("x".repeat(130))));
        assert_eq!(ConfigValue::of(&json!(vec![1; 100])).to_json(), None);
    }
}
