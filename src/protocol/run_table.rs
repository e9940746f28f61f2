//! The table of a board's runs: what `GET /boards/{board}/run-table` answers, and what the page lists.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Direction, Run};

/// A page of the runs that were found, with the columns in which they differ.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunTable {
    /// Number of an event of runs that the table contains, with all before it; it may contain later ones.
    pub run_seq: u64,
    /// Runs that were found, on all pages.
    pub total: u32,
    /// Of these, those that have not ended.
    pub running: u32,
    /// Runs of the board that are not archived.
    pub all: u32,
    /// Archived runs of the board.
    pub archived: u32,
    /// In the order in which they are shown.
    pub columns: Vec<TableColumn>,
    /// Further keys in which the runs that were found differ, which have no column.
    pub more_columns: u32,
    /// The first of the keys that all of these runs have with the same value, as names of columns; long values are cut.
    pub equal: Vec<(String, Value)>,
    /// Number of such keys.
    pub equal_count: u32,
    pub rows: Vec<TableRow>,
}

/// What a column shows of each run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableColumn {
    /// A name that searches, `sort` and `columns` take: `config.lr`, `metrics.val/acc.max`, `run.group`.
    pub key: String,
    /// The name without its space: `lr`, `val/acc max`.
    pub label: String,
    pub kind: ColumnKind,
    /// Of the values of the runs that were found.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Distinct values among the runs that were found; a missing one is none. 0 of a metric: they are not counted.
    pub distinct: u32,
    /// Those of the runs that were found which have a value; of a metric, the runs of the board that logged it.
    pub runs: u32,
    /// Of a metric: the better end, where it is known.
    pub direction: Option<Direction>,
}

/// Where the values of a column come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// A key of the configuration.
    Config,
    /// A statistic of a metric.
    Metric,
    /// Another key of the document.
    Document,
}

/// The types of values of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    Null,
    Boolean,
    Number,
    String,
    /// Arrays, and objects without keys.
    Array,
    /// Values of several types, null aside.
    Mixed,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableRow {
    pub run: Run,
    /// The value of each column; `None` if the run does not have it. Numbers that are not finite are the texts `NaN`, `Infinity` and
    /// `-Infinity`; long texts and lists are cut, with `…` at their end.
    pub cells: Vec<Option<Value>>,
    /// For each column the step of its value: of the last, the lowest and the highest value of a metric.
    pub steps: Vec<Option<f64>>,
}

impl RunTable {
    /// Rows of a page unless its query says otherwise, and those that the page's document carries.
    pub const DEFAULT_ROWS: usize = 50;
}
