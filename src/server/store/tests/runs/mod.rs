//! Tests of runs: their rows, events and series.

#[cfg(test)]
mod purge;
#[cfg(test)]
mod summaries;

use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Map, json};

use super::{again, change, create, id, start};
use crate::protocol::{RunId, SeriesId};
use crate::series::{Axis, PixelScale, Window};
use crate::server::store::*;

fn run_id(text: &str) -> RunId {
    RunId::parse(text).unwrap()
}

fn series_id(run: &str, name: &str) -> SeriesId {
    SeriesId::of_run(run_id(run), name)
}

fn put(batch: &mut Batch, run: &str) -> Arc<RunRecord> {
    batch.put_run(ChangeKind::Created, RunRecord::new("main".into(), run_id(run), Map::new()))
}

fn append(batch: &mut Batch, run: &str, name: &str, metric: &str, y: &[f64]) {
    batch.append(&id("a"), &series_id(run, name), Some(metric), NewPoints { x: None, y: y.to_vec(), t: None });
}

async fn values(store: &Store, run: &str, name: &str) -> Option<Vec<f64>> {
    store.points(&id("a"), &series_id(run, name), 0, 100_000).await.unwrap().map(|page| page.points.y)
}

async fn sound(folder: &Path) {
    let report = check(&database_path(folder)).await.unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
}

#[tokio::test]
async fn runs_and_their_series_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path()).await;
    create(&store, "a").await;
    super::append(&store, "a", "train", vec![9.0]).await.unwrap();
    change(&store, |batch| {
        put(batch, "first");
        put(batch, "second");
        append(batch, "first", "train", "train/loss", &[1.0, 2.0]);
        append(batch, "second", "train", "loss/train", &[3.0]);
    })
    .await;
    // One of them in chunks, tails and the journal.
    for part in 0..12 {
        change(&store, move |batch| append(batch, "first", "val", "loss_val", &vec![f64::from(part); 500])).await;
    }
    change(&store, |batch| {
        let mut record = RunRecord::clone(&batch.run("main", &run_id("first")).unwrap());
        record.keys = json!({ "name": "first try", "config": { "lr": 0.1 } }).as_object().unwrap().clone();
        batch.put_run(ChangeKind::Patched, record);
        batch.set_heartbeats(vec![("main".into(), run_id("first"), 77), ("main".into(), run_id("none"), 5)]);
        batch.put_board_document(&"main".into(), json!({ "title": "Digits" }).as_object().unwrap().clone());
    })
    .await;
    for _ in 0..2 {
        {
            let index = store.index();
            let board = index.board("main").unwrap();
            let names: Vec<_> = board.runs.iter().map(|run| (run.id.as_str(), run.rev, run.beat_ms())).collect();
            assert_eq!(names, [("first", 2, 77), ("second", 1, 0)]);
            assert_eq!(board.runs.get(&run_id("first")).unwrap().text("name"), "first try");
            assert_eq!((board.run_seq, board.document.as_ref().unwrap().keys["title"].clone()), (3, "Digits".into()));
            let known = index.cell_series(&id("a")).unwrap();
            assert_eq!((known.list.len(), known.run_series(), known.of_run(&run_id("first")).len()), (1, 3, 2));
            assert_eq!(known.get(&series_id("second", "train")).unwrap().metric.as_deref(), Some("loss/train"));
        }
        assert_eq!(values(&store, "first", "train").await.unwrap(), [1.0, 2.0]);
        assert_eq!(values(&store, "second", "train").await.unwrap(), [3.0]);
        assert_eq!(values(&store, "first", "val").await.unwrap().len(), 6000);
        assert_eq!(super::values(&store, "a", "train").await, [9.0]);
        store = again(store, folder.path()).await;
    }
    change(&store, |batch| {
        assert_eq!(batch.metric_of(&id("a"), &series_id("first", "val")).as_deref(), Some("loss_val"));
        assert_eq!((batch.series_count(&id("a"), false), batch.series_count(&id("a"), true)), (1, 3));
        batch.retain_series(&id("a"), &[]);
        assert_eq!((batch.series_count(&id("a"), false), batch.series_count(&id("a"), true)), (0, 3), "series of runs stay");
    })
    .await;
    let store = again(store, folder.path()).await;
    assert!(super::values(&store, "a", "train").await.is_empty() && values(&store, "first", "train").await.is_some());
    store.close().await;
    sound(folder.path()).await;
}

#[tokio::test]
async fn a_heartbeat_leaves_the_document_as_it_is_and_goes_with_its_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path()).await;
    let beat = |ms: u64| move |batch: &mut Batch| batch.set_heartbeats(vec![("main".into(), run_id("first"), ms)]);
    let record = |store: &Store| store.index().board("main").unwrap().runs.get(&run_id("first")).cloned();
    let rows = async |store: &Store| {
        let rows = sqlx::query_scalar::<_, i64>("SELECT ms FROM heartbeat ORDER BY ms");
        rows.fetch_all(&store.readers).await.unwrap()
    };
    change(&store, move |batch| {
        put(batch, "first");
        beat(70)(batch);
    })
    .await;
    let before = record(&store).unwrap();
    change(&store, beat(80)).await;
    change(&store, beat(75)).await;
    assert!(Arc::ptr_eq(&before, &record(&store).unwrap()) && before.beat_ms() == 80, "{before:?}");
    assert_eq!(rows(&store).await, [80]);
    // A deleted run and a restored one have it.
    change(&store, |batch| drop(batch.remove_run(&batch.run("main", &run_id("first")).unwrap()))).await;
    store = again(store, folder.path()).await;
    change(&store, |batch| drop(batch.restore_run(&batch.removed_run("main", &run_id("first")).unwrap()))).await;
    assert_eq!((record(&store).unwrap().beat_ms(), rows(&store).await), (80, vec![80]));
    // A new run in place of a deleted one has not.
    change(&store, |batch| drop(batch.remove_run(&batch.run("main", &run_id("first")).unwrap()))).await;
    change(&store, |batch| drop(put(batch, "first"))).await;
    assert_eq!((record(&store).unwrap().beat_ms(), rows(&store).await), (0, vec![]));
    change(&store, beat(60)).await;
    change(&store, |batch| drop(batch.remove_run(&batch.run("main", &run_id("first")).unwrap()))).await;
    assert_eq!(store.purge().await.unwrap(), 1);
    assert_eq!(rows(&store).await, Vec::<i64>::new());
    store.close().await;
    sound(folder.path()).await;
}

#[tokio::test]
async fn a_refused_operation_leaves_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    create(&store, "a").await;
    let refused = |batch: &mut Batch| {
        put(batch, "first");
        append(batch, "first", "", "loss", &[1.0]);
        assert_eq!((batch.runs("main").len(), batch.run_count("main"), batch.series_count(&id("a"), true)), (1, 1, 1));
        Err::<(), _>(StoreError::Busy)
    };
    assert!(store.write(1, refused).await.is_err());
    change(&store, |batch| {
        assert!(batch.run("main", &run_id("first")).is_none() && batch.runs("main").is_empty());
        assert_eq!((batch.run_count("main"), batch.series_count(&id("a"), true)), (0, 0));
    })
    .await;
    {
        let index = store.index();
        assert_eq!((index.board("main").unwrap().run_seq, index.series_of_run(&id("a"), &run_id("first")).len()), (0, 0));
    }
    store.close().await;
}

#[tokio::test]
async fn a_change_of_many_runs_is_one_event() {
    let published = Arc::new(Mutex::new(Vec::new()));
    let seen = published.clone();
    let publish = Box::new(move |changes: Vec<Change>| {
        let runs = changes.into_iter().filter_map(|change| match change {
            Change::Runs(RunsChange { kind, seq, records, .. }) => Some((kind, seq, records.len())),
            _ => None,
        });
        seen.lock().unwrap().extend(runs);
    });
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), super::NORMAL, publish).await.unwrap();
    change(&store, |batch| {
        for number in 0..100 {
            let record = put(batch, &number.to_string());
            put(batch, &number.to_string());
            assert_eq!(record.seq, 1);
        }
    })
    .await;
    change(&store, |batch| {
        for record in batch.runs("main") {
            batch.put_run(ChangeKind::Patched, RunRecord::clone(&record));
        }
        let first = batch.run("main", &run_id("0")).unwrap();
        batch.remove_run(&first);
    })
    .await;
    let expected = [(ChangeKind::Created, 1, 100), (ChangeKind::Patched, 2, 100), (ChangeKind::Removed, 3, 1)];
    assert_eq!(*published.lock().unwrap(), expected);
    assert_eq!(store.index().board("main").map(|board| (board.seq, board.run_seq, board.runs.len())), Some((0, 3, 99)));
    store.close().await;
}

#[test]
fn the_colours_of_runs_are_counted_through_all_changes() {
    let (mut index, mut key) = (Index::default(), 0);
    for commit in 0..4 {
        let mut batch = Batch::new(&index, 1000, commit * 100);
        let coloured = |batch: &mut Batch, run: &str, keys: serde_json::Value| {
            let known = batch.run("main", &run_id(run)).map(|known| RunRecord::clone(&known));
            let record = known.unwrap_or_else(|| RunRecord::new("main".into(), run_id(run), Map::new()));
            batch.put_run(ChangeKind::Patched, RunRecord { keys: keys.as_object().unwrap().clone(), ..record });
        };
        let expected = match commit {
            0 => {
                coloured(&mut batch, "a", json!({ "colour": 1 }));
                batch.end(true);
                coloured(&mut batch, "b", json!({ "colour": 1 }));
                coloured(&mut batch, "c", json!({ "colour": 9 }));
                [0, 2, 0]
            }
            1 => {
                coloured(&mut batch, "a", json!({ "colour": 2 }));
                batch.end(true);
                coloured(&mut batch, "a", json!({ "colour": 0 }));
                [1, 1, 0]
            }
            2 => {
                coloured(&mut batch, "b", json!({ "colour": 1, "archived": true }));
                batch.remove_run(&batch.run("main", &run_id("a")).unwrap());
                [0, 0, 0]
            }
            _ => {
                batch.restore_run(&batch.removed_run("main", &run_id("a")).unwrap());
                [1, 0, 0]
            }
        };
        assert_eq!(batch.run_totals("main").colours[..3], expected, "{commit}");
        batch.end(true);
        assert_eq!(batch.run_totals("main").colours[..3], expected, "{commit}");
        batch.finish(&mut key).apply(&mut index);
        assert_eq!(index.board("main").unwrap().runs.totals().colours[..3], expected, "{commit}");
    }
}

#[tokio::test]
async fn columns_are_those_of_the_runs_that_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    create(&store, "a").await;
    super::append(&store, "a", "train", vec![9.0]).await.unwrap();
    change(&store, |batch| {
        for run in ["first", "second", "third"] {
            put(batch, run);
            append(batch, run, "val", "val/loss", &[1.0, 2.0]);
        }
        batch.remove_run(&batch.run("main", &run_id("third")).unwrap());
    })
    .await;
    let window = Window { axis: Axis::Step, from: f64::NEG_INFINITY, to: f64::INFINITY, width: 10, scale: PixelScale::Linear };
    let named = async |runs: &[&str]| {
        let runs: Vec<RunId> = runs.iter().map(|run| run_id(run)).collect();
        let found = store.columns(&id("a"), window, TimeOrigin::Epoch, SmoothingWeights::NONE, &runs).await.unwrap().unwrap();
        found.into_iter().map(|series| (series.run.map(|run| run.to_string()), series.name, series.points)).collect::<Vec<_>>()
    };
    let plain = (None, "train".to_owned(), 1);
    let of = |run: &str| (Some(run.to_owned()), "val".to_owned(), 2);
    assert_eq!(named(&[]).await, std::slice::from_ref(&plain));
    assert_eq!(named(&["second", "third", "none", "first"]).await, [plain, of("second"), of("first")]);
    store.close().await;
}

#[tokio::test]
async fn each_run_has_a_value_of_its_own_in_a_cell() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path()).await;
    let large = format!("\"{}\"", "x".repeat(50_000));
    let value = large.clone();
    change(&store, move |batch| {
        super::retention::note(batch, "n", "main", "plain");
        for run in ["first", "second", "third"] {
            put(batch, run);
            batch.put_run_value(&id("n"), &run_id(run), "1".into());
        }
        batch.put_run_value(&id("n"), &run_id("second"), value.into());
        batch.remove_run(&batch.run("main", &run_id("third")).unwrap());
    })
    .await;
    let read = async |store: &Store, run: &str| {
        let value = store.run_value(&id("n"), &run_id(run)).await.unwrap();
        value.map(|(_, json)| json.to_string())
    };
    let plain = async |store: &Store| store.read(&id("n")).await.unwrap().and_then(|(_, value)| value).map(|json| json.to_string());
    for _ in 0..2 {
        assert_eq!(read(&store, "first").await.as_deref(), Some("1"));
        assert_eq!(read(&store, "second").await.as_ref(), Some(&large));
        assert_eq!((read(&store, "third").await, read(&store, "none").await), (None, None), "it is deleted");
        assert_eq!(plain(&store).await.as_deref(), Some("\"plain\""));
        store = again(store, folder.path()).await;
    }
    // Without its own value the cell keeps those of runs; a purged run loses its value, and a run in place of a deleted one has none.
    change(&store, |batch| {
        let record = Record::clone(&batch.cell(&id("n")).unwrap());
        batch.put(ChangeKind::Patched, record, Some(None));
        batch.purge(10);
    })
    .await;
    change(&store, |batch| {
        batch.remove_run(&batch.run("main", &run_id("first")).unwrap());
        put(batch, "first");
    })
    .await;
    assert_eq!((read(&store, "first").await, read(&store, "second").await.as_ref()), (None, Some(&large)));
    let rows = async |store: &Store| sqlx::query_scalar::<_, i64>("SELECT count(*) FROM value").fetch_one(&store.readers).await.unwrap();
    assert_eq!((plain(&store).await, rows(&store).await), (None, 1));
    store = again(store, folder.path()).await;
    let refused = |batch: &mut Batch| {
        batch.put_run_value(&id("n"), &run_id("first"), "7".into());
        Err::<(), _>(StoreError::Busy)
    };
    assert!(store.write(1, refused).await.is_err() && read(&store, "first").await.is_none());
    change(&store, |batch| drop(batch.remove(&batch.cell(&id("n")).unwrap()))).await;
    assert_eq!(store.purge().await.unwrap(), 1);
    assert_eq!((read(&store, "second").await, rows(&store).await), (None, 0));
    store.close().await;
    sound(folder.path()).await;
}

#[tokio::test]
async fn a_cell_that_moves_to_another_board_leaves_the_runs_behind() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    create(&store, "a").await;
    super::append(&store, "a", "train", vec![9.0]).await.unwrap();
    change(&store, |batch| {
        put(batch, "first");
        append(batch, "first", "val", "loss", &[1.0]);
        batch.put_run_value(&id("a"), &run_id("first"), "1".into());
    })
    .await;
    let movement = |batch: &mut Batch| {
        let record = Record { board: "other".into(), ..Record::clone(&batch.cell(&id("a")).unwrap()) };
        batch.put(ChangeKind::Patched, record, None);
    };
    change(&store, move |batch| {
        append(batch, "first", "train", "loss", &[2.0]);
        movement(batch);
        assert_eq!((batch.series_count(&id("a"), true), batch.run_of_cell("main", &id("a"))), (0, None));
    })
    .await;
    change(&store, |batch| drop(batch.put_run(ChangeKind::Created, RunRecord::new("other".into(), run_id("first"), Map::new())))).await;
    let store = again(store, folder.path()).await;
    {
        let index = store.index();
        assert_eq!(index.cell_series(&id("a")).map(|known| (known.list.len(), known.run_series())), Some((1, 0)));
        assert!(index.run_values(&id("a")).is_none());
    }
    assert_eq!(values(&store, "first", "val").await, None, "a run of the same id on the other board has points of its own");
    store.close().await;
    sound(folder.path()).await;
}

#[tokio::test]
async fn a_check_reports_series_of_unknown_runs() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    create(&store, "a").await;
    change(&store, |batch| append(batch, "none", "val", "loss", &[1.0])).await;
    store.close().await;
    let report = check(&database_path(folder.path())).await.unwrap();
    assert!(report.faults.len() == 1 && report.faults[0].contains("a run that its board does not have"), "{:?}", report.faults);
}

#[tokio::test]
async fn the_totals_of_a_board_follow_its_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path()).await;
    let keys = |colour: u64, is_archived: bool| json!({ "colour": colour, "archived": is_archived }).as_object().unwrap().clone();
    change(&store, move |batch| {
        for (id, colour) in [("a", 1), ("b", 1), ("c", 9)] {
            batch.put_run(ChangeKind::Created, RunRecord::new("main".into(), run_id(id), keys(colour, false)));
        }
        let totals = batch.run_totals("main");
        assert_eq!((totals.runs, totals.colours[1], totals.bytes), (3, 2, 3 * r#"{"colour":1,"archived":false}"#.len()));
    })
    .await;
    change(&store, move |batch| {
        let mut archived = RunRecord::clone(&batch.run("main", &run_id("b")).unwrap());
        archived.keys = keys(1, true);
        batch.put_run(ChangeKind::Patched, archived);
        let removed = batch.run("main", &run_id("c")).unwrap();
        batch.remove_run(&removed);
        assert_eq!((batch.run_totals("main").runs, batch.run_totals("main").colours[1]), (2, 1));
    })
    .await;
    let expected = r#"{"colour":1,"archived":false}{"colour":1,"archived":true}"#.len();
    for _ in 0..2 {
        let totals = store.index().board("main").unwrap().runs.totals();
        assert_eq!((totals.runs, totals.colours[1], totals.bytes), (2, 1, expected));
        store = again(store, folder.path()).await;
    }
}
