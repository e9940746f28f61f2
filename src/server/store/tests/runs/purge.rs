//! Deleted runs: what they hide, the trash, and the purge.

use serde_json::Map;

use super::super::{again, change, create, id, start};
use super::{append, put, run_id, series_id, sound, values};
use crate::protocol::SeriesId;
use crate::server::limits::TOMBSTONE_TTL_MS;
use crate::server::store::index::tombstones::disk_bytes_of;
use crate::server::store::writer::batch_outcome::RowState;
use crate::server::store::*;

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

#[test]
fn deleted_runs_are_purged_after_30_days_with_their_series() {
    let mut index = Index::default();
    let mut key = 0;
    let mut commit = |index: &mut Index, now_ms: u64, operation: &dyn Fn(&mut Batch)| {
        let mut batch = Batch::new(index, now_ms, index.count() as u64 + now_ms);
        operation(&mut batch);
        batch.end(true);
        let mut outcome = batch.finish(&mut key);
        let changes = outcome.changes.len();
        outcome.apply(index);
        changes
    };
    let remove = |batch: &mut Batch, run: &str| drop(batch.remove_run(&batch.run("main", &run_id(run)).unwrap()));
    commit(&mut index, 1000, &|batch| {
        super::super::line(batch, "a");
        for run in ["first", "second", "third"] {
            put(batch, run);
            append(batch, run, "", "loss", &[1.0, 2.0]);
        }
    });
    commit(&mut index, 2000, &|batch| ["first", "second"].into_iter().for_each(|run| remove(batch, run)));
    commit(&mut index, 3000, &|batch| remove(batch, "third"));
    assert_eq!((index.run_trash().len(), index.run_trash().oldest().count()), (3, 3));
    commit(&mut index, 4000, &|batch| drop(batch.restore_run(&batch.removed_run("main", &run_id("second")).unwrap())));
    let counts = |index: &Index| {
        let known = index.cell_series(&id("a")).unwrap();
        let points = ["first", "second", "third"].map(|run| known.of_run(&run_id(run)).len());
        (index.run_trash().len(), index.board("main").unwrap().run_floor, points)
    };
    assert_eq!(counts(&index), (2, 0, [1, 1, 1]));
    let late = 2000 + TOMBSTONE_TTL_MS;
    commit(&mut index, late, &|batch| drop(batch.put_board_document(&"main".into(), Map::new())));
    assert_eq!(counts(&index), (2, 0, [1, 1, 1]));
    commit(&mut index, late + 1, &|batch| drop(batch.put_board_document(&"main".into(), Map::new())));
    assert_eq!(counts(&index), (2, 0, [1, 1, 1]), "commits of operations purge no runs");
    let changes = commit(&mut index, late + 1, &|batch| batch.purge_excess_runs());
    assert_eq!((counts(&index), changes), ((1, 2, [0, 1, 1]), 0), "readers have not seen its series since it was deleted");
    // Emptying the trash purges the rest.
    commit(&mut index, late + 2, &|batch| assert_eq!(batch.purge(100), 1));
    assert_eq!(counts(&index), (0, 3, [0, 1, 0]));
    assert_eq!(index.run_trash().bytes(), 0);
}

#[test]
fn a_commit_purges_as_many_runs_as_have_a_thousand_series() {
    let (mut index, mut key) = (Index::default(), 0);
    let mut batch = Batch::new(&index, 1000, 0);
    super::super::line(&mut batch, "a");
    for run in 0..10 {
        put(&mut batch, &run.to_string());
        for name in 0..300 {
            append(&mut batch, &run.to_string(), &name.to_string(), "loss", &[1.0]);
        }
        let record = batch.run("main", &run_id(&run.to_string())).unwrap();
        batch.remove_run(&record);
    }
    batch.end(true);
    batch.finish(&mut key).apply(&mut index);
    let mut purged = Vec::new();
    while index.run_trash().len() > 0 {
        let before = index.run_trash().len();
        let mut batch = Batch::new(&index, 1001 + TOMBSTONE_TTL_MS, 10_000);
        batch.purge_excess_runs();
        let mut outcome = batch.finish(&mut key);
        let series: usize = outcome.series.iter().map(|plan| plan.removed.len()).sum();
        outcome.apply(&mut index);
        purged.push((before - index.run_trash().len(), series));
    }
    assert_eq!(purged, [(3, 900), (3, 900), (3, 900), (1, 300)]);
}

/// Applying a commit blocks all readers.

#[test]
fn the_points_of_deleted_runs_are_counted_before_the_index_is_changed() {
    let mut index = Index::default();
    let (mut key, runs, cells) = (0, 300_usize, 20);
    let mut batch = Batch::new(&index, 1000, 0);
    for cell in 0..cells {
        super::super::line(&mut batch, &format!("c{cell}"));
    }
    for run in 0..runs {
        put(&mut batch, &run.to_string());
        let points = NewPoints { x: None, y: vec![1.0; 3], t: None };
        batch.append(&id(&format!("c{}", run % cells)), &series_id(&run.to_string(), ""), Some("loss"), points);
    }
    batch.end(true);
    batch.finish(&mut key).apply(&mut index);
    let mut batch = Batch::new(&index, 2000, 10_000);
    for run in batch.runs("main") {
        batch.remove_run(&run);
    }
    batch.end(true);
    let mut outcome = batch.finish(&mut key);
    assert_eq!(outcome.removed_run_sizes["main"].len(), runs);
    let expected: u64 = outcome.runs["main"].values().filter_map(RowState::row).map(|(run, _)| disk_bytes_of(&run.keys, 3)).sum();
    outcome.apply(&mut index);
    assert_eq!((index.run_trash().len(), index.run_trash().bytes()), (runs, expected));
    index.measure_tombstones();
    assert_eq!((index.run_trash().len(), index.run_trash().bytes()), (runs, expected));
    let sizes = index.run_sizes("main", &[&run_id("7"), &run_id("none")].into());
    assert_eq!(sizes.into_iter().map(|(run, size)| (run, size.points)).collect::<Vec<_>>(), [(run_id("7"), 3)]);
}

#[tokio::test]
async fn the_trash_of_runs_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path()).await;
    create(&store, "a").await;
    change(&store, |batch| {
        for run in ["first", "second"] {
            put(batch, run);
            append(batch, run, "", "loss", &[1.0; 5000]);
        }
    })
    .await;
    change(&store, |batch| drop(batch.remove_run(&batch.run("main", &run_id("first")).unwrap()))).await;
    let trash = |store: &Store| (store.index().run_trash().len(), store.index().run_trash().bytes());
    let before = trash(&store);
    assert!(before.0 == 1 && before.1 > 50_000, "{before:?}");
    store = again(store, folder.path()).await;
    assert_eq!(trash(&store), before);
    assert_eq!((store.purge().await.unwrap(), store.purge().await.unwrap()), (1, 0));
    let store = again(store, folder.path()).await;
    assert_eq!((trash(&store), values(&store, "second", "").await.unwrap().len()), ((0, 0), 5000));
    assert!(store.index().series_of_run(&id("a"), &run_id("first")).is_empty());
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM run").fetch_one(&store.readers).await.unwrap();
    assert_eq!(left, 1);
    store.close().await;
    sound(folder.path()).await;
}

#[tokio::test]
async fn a_full_disk_purges_no_run_whose_series_the_waiting_commit_removes() {
    let folder = tempfile::tempdir().unwrap();
    let store = super::super::start_with(folder.path(), Some(90)).await;
    for cell in ["a", "b"] {
        create(&store, cell).await;
    }
    change(&store, |batch| {
        for (run, cell) in [("first", "a"), ("second", "b")] {
            put(batch, run);
            let points = NewPoints { x: None, y: vec![1.0; 5000], t: None };
            batch.append(&id(cell), &series_id(run, ""), Some("loss"), points);
        }
    })
    .await;
    change(&store, |batch| {
        ["first", "second"].into_iter().for_each(|run| drop(batch.remove_run(&batch.run("main", &run_id(run)).unwrap())))
    })
    .await;
    assert_eq!(store.index().run_trash().len(), 2, "there is room for both");
    change(&store, |batch| {
        batch.clear_series(&id("a"));
        let y = (0..200_000).map(|at| f64::from(at).sin()).collect();
        batch.append(&id("a"), &SeriesId::plain("l"), None, NewPoints { x: None, y, t: None });
    })
    .await;
    let left = |store: &Store| store.index().board("main").unwrap().runs.tombstones().map(|run| run.id.to_string()).collect::<Vec<_>>();
    assert_eq!(left(&store), ["first"]);
    let store = again(store, folder.path()).await;
    assert_eq!((left(&store), super::super::values(&store, "a", "l").await.len()), (vec!["first".to_owned()], 200_000));
    store.close().await;
    sound(folder.path()).await;
}
