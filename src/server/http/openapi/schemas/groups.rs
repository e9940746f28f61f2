//! What a chart shows of groups of runs.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

use super::points::Number;
use crate::server::http::openapi::shape::{bytes, shape, words};

#[derive(ToSchema)]
pub struct Groups {
    /// By `_id`.
    cells: BTreeMap<String, CellGroups>,
}

#[derive(ToSchema)]
pub struct CellGroups {
    /// The largest groups first; of one group a curve for each line.
    groups: Vec<GroupCurve>,
    /// Groups that are left out.
    more: u64,
}

#[derive(ToSchema)]
pub struct GroupCurve {
    /// Names the group by its keys and values.
    #[schema(pattern = "^g[0-9a-f]{12}$")]
    group: String,
    /// Place among the groups found, by age.
    index: u64,
    label: String,
    /// The values that its runs agree in. A key that they do not have is left out.
    key: BTreeMap<String, Value>,
    /// `train`, `val`; empty without a split.
    line: String,
    /// Runs of the group that have points here.
    #[schema(minimum = 1)]
    runs: u64,
    /// The oldest of them.
    #[schema(max_items = 100)]
    ids: Vec<String>,
    #[schema(inline)]
    grid: GridName,
    /// Of columns: the bounds of all of them.
    #[schema(required = false)]
    from: f64,
    #[schema(required = false)]
    to: f64,
    /// Of columns: how many equal ones there are.
    #[schema(required = false, minimum = 1, maximum = 1024)]
    count: u64,
    /// How line and band are made: a sentence.
    method: String,
    columns: GroupFields,
}

shape! {
    /// Whether the places are steps of the members, or the middles of columns.
    GridName: words(["steps", "columns"]);
}

/// One list for each field, all of one length.
#[derive(ToSchema)]
pub struct GroupFields {
    x: Vec<f64>,
    line: Vec<Number>,
    low: Vec<Number>,
    high: Vec<Number>,
    /// Members with a value.
    n: Vec<u64>,
    /// Members in a gap.
    nan: Vec<u64>,
    /// Members whose last point is before.
    ended: Vec<u64>,
    /// Members whose value is interpolated.
    interpolated: Vec<u64>,
}

shape! {
    /// Curves of groups in the binary form.
    BinaryGroups: bytes("The form of docs/groups.md, \"Binary\".");
}
