//! The table of runs.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

use crate::server::http::openapi::shape::{shape, words};

/// A page of the runs that were found, with the columns in which they differ.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunTable {
    /// Number of an event of runs that the table contains.
    run_seq: u64,
    /// Runs that were found, on all pages.
    total: u64,
    /// Of these, those that have not ended.
    running: u64,
    /// Runs of the board that are not archived.
    all: u64,
    /// Archived runs of the board.
    archived: u64,
    #[schema(max_items = 100)]
    columns: Vec<TableColumn>,
    /// Further keys in which the runs that were found differ.
    more_columns: u64,
    /// Pairs of a key and a value that all of these runs have alike, 50 at most.
    #[schema(value_type = Vec<Vec<Value>>)]
    equal: Value,
    equal_count: u64,
    #[schema(max_items = 200)]
    rows: Vec<TableRow>,
}

/// What a column shows of each run.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TableColumn {
    /// A name that `q`, `sort` and `columns` take: `config.lr`, `metrics.val/acc.max`, `run.group`.
    key: String,
    label: String,
    kind: ColumnKind,
    #[schema(rename = "type")]
    value_type: ValueType,
    /// Distinct values among the runs that were found; 0 of a metric.
    distinct: u64,
    /// Those of the runs that were found which have a value; of a metric, the runs of the board that logged it.
    runs: u64,
    #[schema(required = true)]
    direction: Option<String>,
}

shape! {
    /// Where the values of a column come from.
    ColumnKind: words(["config", "metric", "document"]);
}

shape! {
    /// The type of the values, null aside.
    ValueType: words(["null", "boolean", "number", "string", "array", "mixed"]);
}

/// One run.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TableRow {
    /// What the page lists of it: `id`, `name`, `colour`, `status` and others.
    #[schema(value_type = Object)]
    run: BTreeMap<String, Value>,
    /// The value of each column, or `null`.
    cells: Vec<Value>,
    /// For each column the step of its value, or `null`.
    steps: Vec<Option<f64>>,
}
