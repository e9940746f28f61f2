//! Parameters and sizes of the statements that write many rows.

/// Rows per statement. Groups are powers of two, so that few different statements have to be prepared.
const STATEMENT_ROWS: usize = 32;

pub fn json_array<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from_iter(texts).to_string()
}

/// Splits rows into groups whose lengths are powers of two, at most [`STATEMENT_ROWS`].
pub fn powers_of_two<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let most = rows.len().min(STATEMENT_ROWS);
        let size = (most > 0).then(|| 1 << most.ilog2())?;
        let (group, rest) = rows.split_at(size);
        rows = rest;
        Some(group)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_few_sizes() {
        let rows = [0; 77];
        let sizes: Vec<_> = powers_of_two(&rows).map(<[_]>::len).collect();
        assert_eq!(sizes, [32, 32, 8, 4, 1]);
        assert_eq!(powers_of_two::<u8>(&[]).count(), 0);
    }
}
