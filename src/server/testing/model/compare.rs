//! Compares what is committed with the model.

use std::collections::BTreeMap;

use serde_json::Value;

use super::plain::Plain;
use super::plain_runs::Run;
use super::run_reader::{RunDocuments, steady};
use super::steps::BOARDS;
use crate::protocol::{CellId, RunId, SeriesId};
use crate::server::boards::{Boards, Query};

/// What readers are compared with.
#[derive(Default)]
pub struct Committed {
    /// The cells of all boards.
    pub documents: BTreeMap<String, Value>,
    /// The values of series without a run, by cell and name.
    pub points: BTreeMap<(String, String), Vec<f64>>,
    /// By board.
    pub runs: BTreeMap<&'static str, RunDocuments>,
}

/// What is committed; an error if it is not what the model has.
pub async fn committed(plain: &Plain, boards: &Boards) -> Result<Committed, String> {
    let mut committed = Committed { documents: documents(boards).await?, ..Committed::default() };
    let wanted: BTreeMap<String, Value> = plain.cells.iter().map(|(id, cell)| (id.clone(), cell.document(id))).collect();
    let found = &committed.documents;
    if let Some(id) = wanted.keys().chain(found.keys()).find(|id| wanted.get(*id) != found.get(*id)) {
        return Err(format!("the cell '{id}' must be\n  {:?}, not\n  {:?}", wanted.get(id), found.get(id)));
    }
    for (id, cell) in plain.cells.iter().filter(|(_, cell)| cell.is_line()) {
        for (name, (_, y)) in &cell.series {
            let read = points_of(boards, id, SeriesId::plain(name.as_str())).await?;
            if read != *y {
                return Err(format!("the series '{name}' of '{id}' must have {} points, not {}, or others", y.len(), read.len()));
            }
            committed.points.insert((id.clone(), name.clone()), read);
        }
        for ((run, line), (_, _, y)) in &cell.runs {
            // That of a deleted run is hidden.
            let wanted: &[f64] = if plain.is_live_run(&cell.board, run) { y } else { &[] };
            let read = points_of(boards, id, SeriesId::of_run(RunId::parse(run).unwrap(), line.as_str())).await?;
            if read != wanted {
                return Err(format!("'{line}' of '{run}' in '{id}' must have {} points, not {}, or others", wanted.len(), read.len()));
            }
        }
    }
    for board in BOARDS {
        committed.runs.insert(board, compare_runs(plain, boards, board)?);
    }
    Ok(committed)
}

async fn documents(boards: &Boards) -> Result<BTreeMap<String, Value>, String> {
    let (records, _) = boards.find(&Query::default()).await.map_err(|why| why.to_string())?;
    let mut documents = BTreeMap::new();
    for record in records {
        let id = record.id.to_string();
        let document = boards.document(record, &Query::default()).await.map_err(|why| why.to_string())?;
        let mut document: Value = serde_json::from_str(&document.to_json()).map_err(|why| why.to_string())?;
        if let Some(keys) = document.as_object_mut() {
            ["createdAt", "updatedAt"].iter().for_each(|key| drop(keys.remove(*key)));
        }
        documents.insert(id, document);
    }
    Ok(documents)
}

/// The documents of the board's runs: those of the model, with the figures of all of their points.
fn compare_runs(plain: &Plain, boards: &Boards, board: &str) -> Result<RunDocuments, String> {
    let (seq, live, removed) = {
        let index = boards.index();
        let known = index.board(board);
        let live: Vec<RunId> = known.into_iter().flat_map(|known| known.runs.iter()).map(|run| run.id.clone()).collect();
        let mut removed: Vec<String> = known.into_iter().flat_map(|known| known.runs.tombstones()).map(|run| run.id.to_string()).collect();
        removed.sort();
        (known.map_or(0, |known| known.run_seq), live, removed)
    };
    let names =
        |runs: &BTreeMap<(String, String), Run>| runs.keys().filter(|(of, _)| of == board).map(|(_, id)| id.clone()).collect::<Vec<_>>();
    let mut ids: Vec<String> = live.iter().map(ToString::to_string).collect();
    ids.sort();
    let found = (seq, ids, removed);
    let wanted = (plain.runs.seq(board), names(&plain.runs.live), names(&plain.runs.removed));
    if found != wanted {
        return Err(format!("the last event, the runs and the deleted runs of '{board}' must be\n  {wanted:?}, not\n  {found:?}"));
    }
    let mut documents = BTreeMap::new();
    for id in live {
        let document = Value::Object(boards.run(board, &id, false).map_err(|why| why.to_string())?.to_json(true));
        let run = &plain.runs.live[&(board.to_owned(), id.to_string())];
        compare_run(run, &document).map_err(|why| format!("the run '{id}' of '{board}' {why}: {document}"))?;
        compare_metrics(plain, board, id.as_str(), &document["metrics"]).map_err(|why| format!("the run '{id}' of '{board}': {why}"))?;
        documents.insert(id.to_string(), steady(&document));
    }
    Ok(documents)
}

fn compare_run(run: &Run, document: &Value) -> Result<(), String> {
    if let Some((key, value)) = run.keys.iter().find(|(key, value)| document[key.as_str()] != **value) {
        return Err(format!("must have {value} as '{key}'"));
    }
    if document["rev"] != run.rev {
        return Err(format!("must have the revision {}", run.rev));
    }
    if document["endedAt"].is_null() != (run.keys["status"] == "running") || !document["startedAt"].is_string() {
        return Err("must have a start, and an end once it has ended".into());
    }
    if document.get("group") != run.keys.get("group") || document["colour"].as_u64().is_none_or(|colour| colour >= 8) {
        return Err("must have no other group, and a colour".into());
    }
    Ok(())
}

/// The figures of each metric against a calculation over all points. Steps ascend here by one.
fn compare_metrics(plain: &Plain, board: &str, run: &str, found: &Value) -> Result<(), String> {
    let mut all: BTreeMap<&str, Vec<&[f64]>> = BTreeMap::new();
    for cell in plain.cells.values().filter(|cell| cell.board == board) {
        for (_, (_, metric, y)) in cell.runs.iter().filter(|((of, _), _)| of == run) {
            all.entry(metric).or_default().push(y);
        }
    }
    let names: Vec<&str> = found.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    if !names.iter().eq(all.keys()) && names.iter().collect::<std::collections::BTreeSet<_>>() != all.keys().collect() {
        return Err(format!("must have the metrics {:?}, not {names:?}", all.keys()));
    }
    // A metric of two charts has the figures of one of them.
    for (metric, y) in all.iter().filter(|(_, series)| series.len() == 1).map(|(metric, series)| (metric, series[0])) {
        let figures = &found[metric];
        let number = |key: &str| figures[key].as_f64().unwrap_or(f64::NAN);
        let (sum, count) = (y.iter().sum::<f64>(), y.len() as f64);
        let wanted = [
            ("points", count),
            ("last", y[y.len() - 1]),
            ("lastStep", count - 1.0),
            ("min", y.iter().copied().fold(f64::INFINITY, f64::min)),
            ("max", y.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        ];
        let is_wrong = |(key, wanted): &&(&str, f64)| number(key).to_bits() != wanted.to_bits();
        if let Some((key, wanted)) = wanted.iter().find(is_wrong) {
            return Err(format!("'{key}' of '{metric}' must be {wanted}, in {figures}"));
        }
        if (number("mean") - sum / count).abs() > 1e-9 * (1.0 + number("mean").abs()) {
            return Err(format!("the mean of '{metric}' must be {}, in {figures}", sum / count));
        }
    }
    Ok(())
}

async fn points_of(boards: &Boards, id: &str, series: SeriesId) -> Result<Vec<f64>, String> {
    let (id, mut all) = (CellId::parse(id).unwrap(), Vec::new());
    loop {
        let page = boards.points(&id, &series, all.len() as u64, 5000).await.map_err(|why| why.to_string())?;
        match page.filter(|page| !page.points.is_empty()) {
            Some(page) => all.extend(page.points.y),
            None => return Ok(all),
        }
    }
}
