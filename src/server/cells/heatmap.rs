//! `heatmap`: a matrix of numbers, such as a confusion matrix.

use super::csv::Csv;
use super::json_path::Node;
use crate::charts::kinds::Heatmap;
use crate::protocol::ApiError;

/// Numbers in one heatmap.
const NUMBERS: usize = 1_000_000;

/// `[[…],…]` or `{"values":[[…],…],"rows":[…],"columns":[…],"row_label":"…","column_label":"…","unit":"…"}`.
pub fn read(root: Node) -> Result<Heatmap, ApiError> {
    if !root.is_list() && !root.is_object() {
        return Err(root.is_no("must be an array of rows, or an object with values"));
    }
    let values = if root.is_list() { root } else { root.need("values")? };
    let (mut map, mut numbers) = (Heatmap::default(), 0);
    for row in values.items()? {
        // Counted before they take memory.
        let width = row.count();
        numbers += width;
        values.may_have(numbers, NUMBERS, "numbers", "send fewer rows or columns")?;
        let row_numbers = match map.values.first() {
            Some(first) => row.numbers_as(first.len(), "column")?,
            None => row.numbers()?,
        };
        if row_numbers.is_empty() {
            return Err(row.wrong("must have at least 1 item"));
        }
        map.values.push(row_numbers);
    }
    let width = map.values.first().map_or(0, Vec::len);
    if width == 0 {
        return Err(values.wrong("must have at least 1 row"));
    }
    if root.is_object() {
        for (key, wanted, each, into) in [("rows", map.values.len(), "row", &mut map.rows), ("columns", width, "column", &mut map.columns)]
        {
            if let Some(labels) = root.get(key) {
                *into = labels.labels_as(wanted, &format!("{each} of value.values"))?;
            }
        }
        map.row_label = root.optional_text("row_label")?;
        map.column_label = root.optional_text("column_label")?;
        map.unit = root.optional_text("unit")?;
    }
    Ok(map)
}

/// The matrix with its labels; where there are none, with positions from 0.
pub fn csv(map: &Heatmap) -> String {
    let mut csv = Csv::default();
    csv.text(&map.row_label);
    for at in 0..map.values.first().map_or(0, Vec::len) {
        csv.text(&Heatmap::label(&map.columns, at));
    }
    csv.end();
    for (at, row) in map.values.iter().enumerate() {
        csv.text(&Heatmap::label(&map.rows, at));
        row.iter().for_each(|number| csv.number(*number));
        csv.end();
    }
    csv.into_text()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(value: Value) -> Result<Heatmap, String> {
        read(Node::root(&value.to_string())).map_err(|error| error.message)
    }

    #[test]
    fn a_matrix_with_and_without_labels() {
        assert_eq!(csv(&of(json!([[1, 2], [3, "NaN"]])).unwrap()), ",0,1\r\n0,1,2\r\n1,3,NaN\r\n");
        let labelled = json!({"values": [[1, 2]], "rows": ["cat"], "columns": ["cat", "a,b"], "row_label": "truth"});
        assert_eq!(csv(&of(labelled).unwrap()), "truth,cat,\"a,b\"\r\ncat,1,2\r\n");
    }

    #[test]
    fn what_is_wrong_has_a_path() {
        let wrong = |value| of(value).unwrap_err();
        assert_eq!(wrong(json!([[1, 2], [3]])), "value[1] must have 2 items, one for each column, not 1.");
        assert_eq!(wrong(json!([1])), "value[0] must be an array, not a number.");
        assert_eq!(wrong(json!([[]])), "value[0] must have at least 1 item.");
        assert_eq!(wrong(json!({"values": []})), "value.values must have at least 1 row.");
        assert_eq!(wrong(json!({"rows": []})), "value.values is missing.");
        let labels = json!({"values": [[1]], "columns": ["a", "b"]});
        assert_eq!(wrong(labels), "value.columns must have 1 item, one for each column of value.values, not 2.");
        assert!(wrong(json!(5)).ends_with("not a number."));
    }
}
