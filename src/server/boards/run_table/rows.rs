//! The rows of one page.

use std::sync::Arc;

use serde_json::Value;

use super::columns::Column;
use crate::protocol::{RunId, TableRow};
use crate::server::boards::runs::metric_table::{Directions, MetricTable};
use crate::server::boards::runs::run_view::RunView;
use crate::server::boards::runs::search::{RunField, RunFields};
use crate::server::boards::runs::shortened;
use crate::server::boards::runs::{RunListView, RunSigns};
use crate::server::store::{Store, json_number};

/// A row for each run, in their order.
pub fn rows(
    store: &Store,
    board: &str,
    mut runs: Vec<RunView>,
    columns: &[Column],
    directions: &Directions,
    signs: &Arc<RunSigns>,
) -> Vec<TableRow> {
    let ids: Vec<&RunId> = runs.iter().map(|run| &run.record.id).collect();
    let metrics = Arc::new(MetricTable::of_runs(store, board, &ids, directions));
    runs.iter_mut().for_each(|run| run.metrics = metrics.clone());
    let listed: Vec<_> = {
        let index = store.index();
        let Some(known) = index.board(board) else { return Vec::new() };
        let view = RunListView::new(&index, known, signs);
        runs.iter().map(|run| view.run(&run.record)).collect()
    };
    let row = |(view, run)| {
        let cells = columns.iter().map(|column| cell(view, &column.field)).collect();
        TableRow { run, cells, steps: columns.iter().map(|column| step(view, &column.field)).collect() }
    };
    runs.iter().zip(listed).map(row).collect()
}

fn cell(run: &RunView, field: &RunField) -> Option<Value> {
    match field {
        RunField::Document(key) => run.document(key).map(|value| shortened(&value)),
        RunField::Config(key) => run.config(key).map(|value| shortened(&value)),
        RunField::Metric(name, statistic) => run.metric(name, *statistic).map(json_number),
    }
}

fn step(run: &RunView, field: &RunField) -> Option<f64> {
    match field {
        RunField::Metric(name, statistic) => run.metrics.get(name, &run.record.id)?.step(*statistic),
        _ => None,
    }
}
