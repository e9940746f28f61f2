//! A table as comma-separated values: all runs that were found, without a page.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::columns::Column;
use super::{FoundRuns, RunTableQuery, find};
use crate::charts::csv::Csv;
use crate::protocol::ApiError;
use crate::server::boards::Boards;
use crate::server::boards::runs::metric_table::MetricTable;
use crate::server::boards::runs::run_view::{RunClock, RunView};
use crate::server::boards::runs::search::{RunField, RunFields};
use crate::server::cpu_pool::CancelFlag;
use crate::server::error::ServerError;
use crate::server::store::Store;

/// Runs whose lines are written together.
const RUNS_PER_PART: usize = 256;
/// What each line begins with: the name of its column, and the key of the document.
const LEADING: [(&str, &str); 3] = [("run", "_id"), ("name", "name"), ("status", "status")];

/// The lines of a table, written part by part: together they may be larger than the memory.
pub struct RunTableLines {
    columns: Vec<Column>,
    runs: std::vec::IntoIter<RunView>,
}

impl Boards {
    /// The table of a board's runs as CSV. `is_public`: without what a share does not show. 400: a name is no key of the board.
    pub async fn run_table_lines(&self, board: &str, query: &RunTableQuery, is_public: bool) -> Result<RunTableLines, ServerError> {
        let (query, signs, indexes) = (query.clone(), self.signs.clone(), self.config_indexes.clone());
        let work = move |store: &Store, board: &str, client: &CancelFlag| {
            let found = find((store, board), &query, &RunClock::now(&signs), &indexes, is_public, usize::MAX, client)?;
            Ok::<_, ApiError>(RunTableLines::new(found, store, board, &query))
        };
        Ok(self.search_board(board, work).await??)
    }
}

impl RunTableLines {
    fn new(found: FoundRuns, store: &Store, board: &str, query: &RunTableQuery) -> Self {
        let FoundRuns { runs, layout, directions, .. } = found;
        let names: BTreeSet<String> = layout.columns.iter().filter_map(|column| column.field.metric().map(str::to_owned)).collect();
        let metrics = Arc::new(MetricTable::of_names(store, board, &names, &directions));
        let (skip, limit) = query.runs.page(usize::MAX);
        let mut runs: Vec<RunView> = runs.into_iter().skip(skip).take(limit).collect();
        runs.iter_mut().for_each(|run| run.metrics = metrics.clone());
        Self { columns: layout.columns, runs: runs.into_iter() }
    }

    /// The line with the names of the columns.
    pub fn head(&self) -> String {
        let mut csv = Csv::default();
        LEADING.iter().for_each(|(name, _)| csv.text(name));
        self.columns.iter().for_each(|column| csv.text(&column.shown.key));
        csv.end();
        csv.into_text()
    }
}

impl Iterator for RunTableLines {
    type Item = String;

    /// The lines of the next runs.
    fn next(&mut self) -> Option<String> {
        let mut csv = Csv::default();
        for run in self.runs.by_ref().take(RUNS_PER_PART) {
            LEADING.iter().for_each(|(_, key)| write_value(&mut csv, run.document(key).as_deref()));
            for column in &self.columns {
                match &column.field {
                    RunField::Document(key) => write_value(&mut csv, run.document(key).as_deref()),
                    RunField::Config(key) => write_value(&mut csv, run.config(key).as_deref()),
                    RunField::Metric(name, statistic) => match run.metric(name, *statistic) {
                        Some(number) => csv.number(number),
                        None => csv.text(""),
                    },
                }
            }
            csv.end();
        }
        Some(csv.into_text()).filter(|lines| !lines.is_empty())
    }
}

/// A missing value and `null` are empty fields; lists and objects are JSON.
fn write_value(csv: &mut Csv, value: Option<&Value>) {
    match value {
        None | Some(Value::Null) => csv.text(""),
        Some(Value::String(text)) => csv.text(text),
        Some(Value::Number(number)) => csv.number_text(&number.to_string()),
        Some(other) => csv.text(&other.to_string()),
    }
}
