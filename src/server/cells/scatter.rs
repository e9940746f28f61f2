//! `scatter`: points on a plane, coloured by what they are called.

use super::csv::Csv;
use super::json_path::Node;
use crate::charts::kinds::Scatter;
use crate::protocol::ApiError;

const POINTS: usize = 100_000;
/// More labels cannot be told apart by colour.
const LABELS: usize = 100;

/// `[[x,y],…]`, `{"points":[[x,y],…],"label":[…]}` or `{"x":[…],"y":[…],"label":[…]}`; `labels` and `color` mean `label`,
/// which may also be the third item of a point.
pub fn read(root: Node) -> Result<Scatter, ApiError> {
    if !root.is_list() && !root.is_object() {
        return Err(root.is_no("must be an array of points, or an object with x and y"));
    }
    let mut scatter = Scatter::default();
    let mut names: Vec<String> = Vec::new();
    let points = if root.is_list() { Some(root) } else { root.get("points") };
    let place = match points {
        Some(points) => {
            let items = points.items()?;
            points.may_have(points.count(), POINTS, "points", "send a sample of them")?;
            for point in items {
                let mut parts = point.items()?;
                let count = point.count();
                let (Some(x), Some(y), true) = (parts.next(), parts.next(), count <= 3) else {
                    return Err(point.wrong(&format!("must have 2 items, x and y, or 3 with a label, not {count}")));
                };
                scatter.x.push(x.number()?);
                scatter.y.push(y.number()?);
                if let Some(label) = parts.next() {
                    // Points without a label before it have an empty one.
                    names.resize(scatter.x.len() - 1, String::new());
                    names.push(label.label()?);
                }
            }
            if !names.is_empty() {
                names.resize(scatter.x.len(), String::new());
            }
            points
        }
        None => {
            let (x, y) = (root.need("x")?, root.need("y")?);
            x.may_have(x.count(), POINTS, "points", "send a sample of them")?;
            scatter.x = x.numbers()?;
            scatter.y = y.numbers_as(scatter.x.len(), "item of value.x")?;
            x
        }
    };
    if root.is_object() {
        let label = ["label", "labels", "color"].into_iter().find_map(|key| root.get(key));
        if let Some(label) = label {
            names = label.labels_as(scatter.x.len(), "point")?;
        }
        scatter.x_label = root.optional_text("x_label")?;
        scatter.y_label = root.optional_text("y_label")?;
    }
    if scatter.x.is_empty() {
        return Err(place.wrong("must have at least 1 item"));
    }
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.dedup();
    place.may_have(sorted.len(), LABELS, "labels", "group the rare ones")?;
    // Numbers in their own order: 2 before 10.
    if sorted.iter().all(|name| name.parse::<f64>().is_ok()) {
        let number = |name: &str| name.parse().unwrap_or(f64::NAN);
        sorted.sort_by(|a, b| number(a).total_cmp(&number(b)));
    }
    let at = |name: &String| sorted.iter().position(|known| known == name).unwrap_or_default() as u32;
    scatter.label = names.iter().map(at).collect();
    scatter.labels = sorted.into_iter().map(str::to_owned).collect();
    Ok(scatter)
}

pub fn csv(scatter: &Scatter) -> String {
    let mut csv = Csv::default();
    let has_labels = !scatter.label.is_empty();
    for (name, fallback) in [(scatter.x_label.as_str(), "x"), (&scatter.y_label, "y")] {
        csv.text(if name.is_empty() { fallback } else { name });
    }
    if has_labels {
        csv.text("label");
    }
    csv.end();
    for (at, (x, y)) in scatter.x.iter().zip(&scatter.y).enumerate() {
        csv.number(*x);
        csv.number(*y);
        if has_labels {
            csv.text(&scatter.labels[scatter.label[at] as usize]);
        }
        csv.end();
    }
    csv.into_text()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(value: Value) -> Result<Scatter, String> {
        read(Node::root(&value.to_string())).map_err(|error| error.message)
    }

    #[test]
    fn all_forms_are_the_same() {
        let lists = csv(&of(json!({"x": [1, 2], "y": [3, "NaN"], "label": ["a", "b"]})).unwrap());
        assert_eq!(lists, "x,y,label\r\n1,3,a\r\n2,NaN,b\r\n");
        assert_eq!(csv(&of(json!({"points": [[1, 3], [2, null]], "color": ["a", "b"]})).unwrap()), lists);
        assert_eq!(csv(&of(json!([[1, 3, "a"], [2, "NaN", "b"]])).unwrap()), lists);
        assert_eq!(csv(&of(json!([[1, 3], [2, 4, "b"], [5, 6]])).unwrap()), "x,y,label\r\n1,3,\r\n2,4,b\r\n5,6,\r\n");
        assert_eq!(of(json!({"x": [1, 2, 3], "y": [3, 4, 5], "label": [10, 9, 2]})).unwrap().labels, ["2", "9", "10"]);
    }

    #[test]
    fn what_is_wrong_has_a_path() {
        let wrong = |value| of(value).unwrap_err();
        assert_eq!(wrong(json!([[1]])), "value[0] must have 2 items, x and y, or 3 with a label, not 1.");
        assert_eq!(wrong(json!([[1, {}]])), "value[0][1] must be a number, not an object.");
        assert_eq!(wrong(json!({"x": [1], "y": []})), "value.y must have 1 item, one for each item of value.x, not 0.");
        assert_eq!(wrong(json!({"x": [1]})), "value.y is missing.");
        assert_eq!(wrong(json!({"x": [1], "y": [1], "label": []})), "value.label must have 1 item, one for each point, not 0.");
        assert_eq!(wrong(json!({"points": [[1, 2]], "labels": [[]]})), "value.labels[0] must be a string or a number, not an array.");
        assert!(wrong(json!(vec![[1, 2]; POINTS + 1])).starts_with("value may have 100000 points, not 100001; "));
        let labels: Vec<_> = (0..=LABELS).collect();
        assert!(wrong(json!({"x": labels, "y": labels, "label": labels})).contains("100 labels, not 101"));
    }
}
