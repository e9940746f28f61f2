//! Many numbers of a value at once: a call of the browser's reader takes longer than the number does.

use super::{JsonPath, OUT_OF_RANGE, is_read_exactly, nearest_doubles};
use crate::protocol::ApiError;

/// Numbers in the order in which they are added.
pub struct NumberList {
    numbers: Vec<f64>,
    /// Those that are read together at the end, with commas between them.
    deferred: String,
    /// Where they belong in `numbers`.
    places: Vec<usize>,
    /// Whether a number is read at once.
    is_read_exactly: fn(&str) -> bool,
}

impl NumberList {
    pub fn with_capacity(capacity: usize) -> Self {
        Self { numbers: Vec::with_capacity(capacity), deferred: String::new(), places: Vec::new(), is_read_exactly }
    }

    /// Adds what [`JsonPath::number`] takes for a number.
    pub fn push(&mut self, item: &JsonPath) -> Result<(), ApiError> {
        if !item.is_number() || (self.is_read_exactly)(item.json) {
            self.numbers.push(item.number()?);
            return Ok(());
        }
        if !self.places.is_empty() {
            self.deferred.push(',');
        }
        self.deferred.push_str(item.json);
        self.places.push(self.numbers.len());
        self.numbers.push(f64::NAN);
        Ok(())
    }

    /// All numbers. `list` is named where no double can hold one of them.
    pub fn read(mut self, list: &JsonPath) -> Result<Vec<f64>, ApiError> {
        if !self.places.is_empty() {
            let numbers = nearest_doubles(&self.deferred).filter(|numbers| numbers.len() == self.places.len());
            let numbers = numbers.ok_or_else(|| list.wrong(&["has ", OUT_OF_RANGE].concat()))?;
            for (place, number) in self.places.into_iter().zip(numbers) {
                self.numbers[place] = number;
            }
        }
        Ok(self.numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, is_read_exactly: fn(&str) -> bool) -> Result<Vec<f64>, String> {
        let (root, mut list) = (JsonPath::root(json), NumberList { is_read_exactly, ..NumberList::with_capacity(0) });
        root.items()
            .and_then(|mut items| items.try_for_each(|item| list.push(&item)))
            .and_then(|()| list.read(&root))
            .map_err(|error| error.message)
    }

    #[test]
    fn numbers_are_the_same_together_and_one_by_one() {
        let json = r#"[0.1234567890123456789, "NaN", -2, 1.5E-7, null, "-Infinity", 5e-324, 7]"#;
        let bits = |is_read_exactly| read(json, is_read_exactly).unwrap().into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let short = |text: &str| text.len() < 4;
        assert_eq!(bits(|_| true), bits(|_| false));
        assert_eq!(bits(|_| true), bits(short));
        assert_eq!(read("[]", |_| false), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_double_is_an_error() {
        let wrong = |json| read(json, |_| false).unwrap_err();
        assert_eq!(wrong("[1, 1e999]"), "value has a number that no double can hold; send \"Infinity\" or \"-Infinity\".");
        assert_eq!(wrong("[1, {}]"), "value[1] must be a number, not an object.");
    }
}
