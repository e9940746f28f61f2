//! The forms in which a histogram is sent.

use super::{Histogram, View};
use crate::charts::axis_titles::{AxisTitles, parse_title};
use crate::charts::kinds::bins::{Bins, bins, count_into};
use crate::protocol::ApiError;
use crate::protocol::json_path::JsonPath;

const MAX_BINS: usize = 1000;
const MAX_STEPS: usize = 10_000;
/// Numbers that are counted here: more of them are counted where they are.
const MAX_NUMBERS: usize = 1_000_000;

/// Raw numbers (`[…]` or `{"values":[…]}`), `{"edges":[…],"counts":[…]}`, or over steps
/// `{"steps":[…],"edges":[…],"counts":[[…],…]}` or `{"steps":[…],"values":[[…],…]}`.
pub(super) fn parse(root: JsonPath) -> Result<Histogram, ApiError> {
    if root.is_list() {
        let (edges, counts) = bins(&raw(root, root.count())?);
        return Ok(one(edges, counts));
    }
    if !root.is_object() {
        return Err(root.type_error("must be an array of numbers, or an object with edges and counts"));
    }
    let (unit, titles) = (parse_title(&root, "unit")?, AxisTitles::parse(root)?);
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
    (histogram.unit, histogram.titles) = (unit, titles);
    Ok(histogram)
}

/// Numbers that are counted here, of so many in all.
fn raw(node: JsonPath, all: usize) -> Result<Vec<f64>, ApiError> {
    node.check_max_len(all, MAX_NUMBERS, "numbers", "send edges and counts")?;
    node.numbers()
}

fn one(edges: Vec<f64>, counts: Bins) -> Histogram {
    Histogram { edges, counts: vec![counts], ..Histogram::default() }
}

fn over_steps(root: JsonPath, steps: JsonPath, values: Option<JsonPath>) -> Result<Histogram, ApiError> {
    let view = match root.optional_text("view")?.as_str() {
        "" | "heat" => View::Heat,
        "ridge" => View::Ridge,
        _ => return Err(root.need("view")?.wrong("must be \"heat\" or \"ridge\"")),
    };
    steps.check_max_len(steps.count(), MAX_STEPS, "steps", "send every second one")?;
    let numbers: Vec<f64> = steps.items()?.map(|step| step.finite()).collect::<Result<_, _>>()?;
    let (edges, counts, list) = match values {
        Some(values) => {
            let items = values.items()?;
            values.check_len(values.count(), numbers.len(), "step")?;
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
            list.check_len(list.count(), numbers.len(), "step")?;
            let counts: Vec<Bins> = items.map(|step| tally(step, &edges)).collect::<Result<_, _>>()?;
            (edges, counts, list)
        }
    };
    list.check_len(counts.len(), numbers.len(), "step")?;
    Ok(Histogram { steps: numbers, edges, counts, view, ..Histogram::default() })
}

fn edges(root: JsonPath) -> Result<Vec<f64>, ApiError> {
    let node = root.need("edges")?;
    let mut edges: Vec<f64> = Vec::new();
    let items = node.items()?;
    node.check_max_len(node.count(), MAX_BINS + 1, "edges", "join neighbouring bins")?;
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

fn tally(node: JsonPath, edges: &[f64]) -> Result<Bins, ApiError> {
    let mut counts = Vec::with_capacity(edges.len() - 1);
    let items = node.items()?;
    node.check_len(node.count(), edges.len() - 1, "space between two edges")?;
    for item in items {
        let count = item.finite()?;
        if count < 0.0 {
            return Err(item.wrong("must not be negative"));
        }
        counts.push(count);
    }
    Ok(Bins { counts, ..Bins::default() })
}
