//! `histogram`: how often values fall between edges, once or over the steps of a training.

use super::csv::Csv;
use super::json_path::Node;
use crate::charts::kinds::{Bins, Histogram, View, bins, count_into};
use crate::protocol::ApiError;

const BINS: usize = 1000;
const STEPS: usize = 10_000;
/// Numbers that are counted here: more of them are counted where they are.
const NUMBERS: usize = 1_000_000;

/// Raw numbers (`[…]` or `{"values":[…]}`), `{"edges":[…],"counts":[…]}`, or over steps
/// `{"steps":[…],"edges":[…],"counts":[[…],…]}` or `{"steps":[…],"values":[[…],…]}`.
pub fn read(root: Node) -> Result<Histogram, ApiError> {
    if root.is_list() {
        let (edges, counts) = bins(&raw(root, root.count())?);
        return Ok(one(edges, counts));
    }
    if !root.is_object() {
        return Err(root.is_no("must be an array of numbers, or an object with edges and counts"));
    }
    let unit = root.optional_text("unit")?;
    let mut histogram = match (root.get("steps"), root.get("values")) {
        (Some(steps), values) => over_steps(root, steps, values)?,
        (None, Some(values)) => {
            let (edges, counts) = bins(&raw(values, values.count())?);
            one(edges, counts)
        }
        (None, None) => {
            let (edges, counts) = (edges(root)?, root.need("counts")?);
            let found = tally(counts, &edges)?;
            one(edges, found)
        }
    };
    histogram.unit = unit;
    Ok(histogram)
}

/// Numbers that are counted here, of so many in all.
fn raw(node: Node, all: usize) -> Result<Vec<f64>, ApiError> {
    node.may_have(all, NUMBERS, "numbers", "send edges and counts")?;
    node.numbers()
}

fn one(edges: Vec<f64>, counts: Bins) -> Histogram {
    Histogram { edges, counts: vec![counts], ..Histogram::default() }
}

fn over_steps(root: Node, steps: Node, values: Option<Node>) -> Result<Histogram, ApiError> {
    let view = match root.optional_text("view")?.as_str() {
        "" | "heat" => View::Heat,
        "ridge" => View::Ridge,
        _ => return Err(root.need("view")?.wrong("must be \"heat\" or \"ridge\"")),
    };
    steps.may_have(steps.count(), STEPS, "steps", "send every second one")?;
    let numbers: Vec<f64> = steps.items()?.map(|step| step.finite()).collect::<Result<_, _>>()?;
    let (edges, counts, list) = match values {
        Some(values) => {
            let items = values.items()?;
            values.must_have(values.count(), numbers.len(), "step")?;
            let mut all = 0;
            let counted = items.map(|step| {
                all += step.count();
                self::raw(step, all)
            });
            let raw: Vec<Vec<f64>> = counted.collect::<Result<_, _>>()?;
            let (edges, _) = bins(&raw.concat());
            let counts: Vec<Bins> = raw.iter().map(|raw| count_into(&edges, raw)).collect();
            (edges, counts, values)
        }
        None => {
            let (edges, list) = (edges(root)?, root.need("counts")?);
            let items = list.items()?;
            list.must_have(list.count(), numbers.len(), "step")?;
            let counts: Vec<Bins> = items.map(|step| tally(step, &edges)).collect::<Result<_, _>>()?;
            (edges, counts, list)
        }
    };
    list.must_have(counts.len(), numbers.len(), "step")?;
    Ok(Histogram { steps: numbers, edges, counts, view, unit: String::new() })
}

fn edges(root: Node) -> Result<Vec<f64>, ApiError> {
    let node = root.need("edges")?;
    let mut edges: Vec<f64> = Vec::new();
    let items = node.items()?;
    node.may_have(node.count(), BINS + 1, "edges", "join neighbouring bins")?;
    for edge in items {
        let number = edge.finite()?;
        if edges.last().is_some_and(|before| number <= *before) {
            return Err(edge.wrong("must be larger than the edge before it"));
        }
        edges.push(number);
    }
    if edges.len() < 2 {
        return Err(node.wrong("must have at least 2 items"));
    }
    Ok(edges)
}

fn tally(node: Node, edges: &[f64]) -> Result<Bins, ApiError> {
    let mut counts = Vec::with_capacity(edges.len() - 1);
    let items = node.items()?;
    node.must_have(node.count(), edges.len() - 1, "space between two edges")?;
    for item in items {
        let count = item.finite()?;
        if count < 0.0 {
            return Err(item.wrong("must not be negative"));
        }
        counts.push(count);
    }
    Ok(Bins { counts, ..Bins::default() })
}

/// The bins: where raw numbers came, `from` and `to` of those that are none are empty and `count` says how many.
pub fn csv(histogram: &Histogram) -> String {
    let mut csv = Csv::default();
    let has_steps = !histogram.steps.is_empty();
    if has_steps {
        csv.text("step");
    }
    ["from", "to", "count"].into_iter().for_each(|name| csv.text(name));
    csv.end();
    for (at, bins) in histogram.counts.iter().enumerate() {
        let mut line = |from: &dyn Fn(&mut Csv), count: f64| {
            if has_steps {
                csv.number(histogram.steps[at]);
            }
            from(&mut csv);
            csv.number(count);
            csv.end();
        };
        for (pair, count) in histogram.edges.windows(2).zip(&bins.counts) {
            line(&|csv| pair.iter().for_each(|edge| csv.number(*edge)), *count);
        }
        for (number, count) in [(f64::NAN, bins.nan), (f64::INFINITY, bins.pos_inf), (f64::NEG_INFINITY, bins.neg_inf)] {
            if count > 0 {
                line(&|csv| [number; 2].into_iter().for_each(|number| csv.number(number)), count as f64);
            }
        }
    }
    csv.into_text()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(value: Value) -> Result<Histogram, String> {
        read(Node::root(&value.to_string())).map_err(|error| error.message)
    }

    #[test]
    fn counts_come_back_as_csv() {
        let histogram = of(json!({"edges": [0, 1, 2.5], "counts": [3, 4]})).unwrap();
        assert_eq!(csv(&histogram), "from,to,count\r\n0,1,3\r\n1,2.5,4\r\n");
        let steps = of(json!({"steps": [10, 20], "edges": [0, 1], "counts": [[3], [4]], "view": "ridge"})).unwrap();
        assert_eq!(csv(&steps), "step,from,to,count\r\n10,0,1,3\r\n20,0,1,4\r\n");
    }

    #[test]
    fn raw_numbers_are_counted_and_what_is_none_is_kept_apart() {
        let histogram = of(json!([1, 2, 3, "NaN", null, "-Infinity"])).unwrap();
        assert!(csv(&histogram).ends_with("NaN,NaN,2\r\n-Infinity,-Infinity,1\r\n"), "{}", csv(&histogram));
        assert_eq!(histogram.counts[0].counts.iter().sum::<f64>(), 3.0);
        let steps = of(json!({"steps": [1, 2], "values": [[1, 2], [3, "Infinity"]]})).unwrap();
        assert_eq!((steps.counts[0].counts.iter().sum::<f64>(), steps.counts[1].pos_inf), (2.0, 1));
    }

    #[test]
    fn what_is_wrong_has_a_path() {
        let wrong = |value| of(value).unwrap_err();
        assert_eq!(wrong(json!(["1"])), "value[0] must be a number, or \"NaN\", \"Infinity\" or \"-Infinity\", not a string.");
        assert_eq!(wrong(json!({"counts": []})), "value.edges is missing.");
        assert_eq!(wrong(json!({"edges": [1, 1], "counts": [1]})), "value.edges[1] must be larger than the edge before it.");
        assert_eq!(wrong(json!({"edges": [1], "counts": []})), "value.edges must have at least 2 items.");
        assert_eq!(wrong(json!({"edges": [1, 2], "counts": [-1]})), "value.counts[0] must not be negative.");
        assert_eq!(wrong(json!({"edges": [1, 2], "counts": ["NaN"]})), "value.counts[0] must be a finite number.");
        let steps = json!({"steps": [1], "edges": [1, 2], "counts": [[1], [2]]});
        assert_eq!(wrong(steps), "value.counts must have 1 item, one for each step, not 2.");
        let short = json!({"steps": [1], "edges": [1, 2], "counts": [[1, 2]]});
        assert_eq!(wrong(short), "value.counts[0] must have 1 item, one for each space between two edges, not 2.");
        let view = json!({"steps": [1], "edges": [1, 2], "counts": [[1]], "view": "pie"});
        assert_eq!(wrong(view), "value.view must be \"heat\" or \"ridge\".");
    }
}
