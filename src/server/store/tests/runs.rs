//! Tests of runs: their rows, events and series.

use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Map, json};

use super::{again, change, create, id, start};
use crate::protocol::{RunId, SeriesId};
use crate::series::{Axis, Window};
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
            let names: Vec<_> = board.runs.iter().map(|run| (run.id.as_str(), run.rev, run.beat_ms)).collect();
            assert_eq!(names, [("first", 2, 77), ("second", 1, 0)]);
            assert_eq!(board.runs.get(&run_id("first")).unwrap().text("name"), "first try");
            assert_eq!((board.run_seq, board.document.as_ref().unwrap().keys["title"].clone()), (2, "Digits".into()));
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
    let index = store.index();
    assert_eq!((index.board("main").unwrap().run_seq, index.series_of_run(&id("a"), &run_id("first")).len()), (0, 0));
    drop(index);
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

#[tokio::test]
async fn a_deleted_run_hides_its_series_until_it_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path()).await;
    create(&store, "a").await;
    change(&store, |batch| {
        put(batch, "first");
        append(batch, "first", "", "loss", &[1.0, 2.0]);
    })
    .await;
    change(&store, |batch| drop(batch.remove_run(&batch.run("main", &run_id("first")).unwrap()))).await;
    for _ in 0..2 {
        assert_eq!(values(&store, "first", "").await, None);
        assert!(store.index().board("main").unwrap().runs.tombstone(&run_id("first")).is_some());
        store = again(store, folder.path()).await;
    }
    change(&store, |batch| drop(batch.restore_run(&batch.removed_run("main", &run_id("first")).unwrap()))).await;
    assert_eq!(values(&store, "first", "").await.unwrap(), [1.0, 2.0]);
    // A new run of the same id begins without them.
    change(&store, |batch| {
        batch.remove_run(&batch.run("main", &run_id("first")).unwrap());
        put(batch, "first");
        append(batch, "first", "", "loss", &[5.0]);
    })
    .await;
    assert_eq!(values(&store, "first", "").await.unwrap(), [5.0]);
    let store = again(store, folder.path()).await;
    assert_eq!(values(&store, "first", "").await.unwrap(), [5.0]);
    store.close().await;
    sound(folder.path()).await;
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
    let window = Window { axis: Axis::Step, from: f64::NEG_INFINITY, to: f64::INFINITY, width: 10 };
    let named = async |runs: &[&str]| {
        let runs: Vec<RunId> = runs.iter().map(|run| run_id(run)).collect();
        let found = store.columns(&id("a"), window, SmoothingWeights::NONE, &runs).await.unwrap().unwrap();
        found.series.into_iter().map(|series| (series.run.map(|run| run.to_string()), series.name, series.points)).collect::<Vec<_>>()
    };
    let plain = (None, "train".to_owned(), 1);
    let of = |run: &str| (Some(run.to_owned()), "val".to_owned(), 2);
    assert_eq!(named(&[]).await, std::slice::from_ref(&plain));
    assert_eq!(named(&["second", "third", "none", "first"]).await, [plain, of("second"), of("first")]);
    store.close().await;
}
