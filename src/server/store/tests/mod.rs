//! Tests of the store with small limits, so that chunks, tails, a shortened journal and cleanup occur within a short test.

#[cfg(test)]
mod damage;
#[cfg(test)]
mod outlines;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod run_model;
#[cfg(test)]
mod runs;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::writer::compaction::CompactionLimits;
use super::*;
use crate::protocol::{CellId, SeriesId};
use crate::series::{PixelScale, Window};
use crate::server::boards::cell_content::cell_content;

const NORMAL: StoreOptions = StoreOptions { durability: Durability::Normal, accept_loss: false, content_fn: cell_content };
const SMALL: CompactionLimits = CompactionLimits { journal_bytes: 4 << 10, pyramids: 3 };

pub async fn start(folder: &Path) -> Store {
    start_with(folder, None).await
}

async fn start_with(folder: &Path, pages: Option<u32>) -> Store {
    let mut opened = open::open(folder, NORMAL).await.unwrap();
    opened.compaction.limits = SMALL;
    if let Some(pages) = pages {
        let bound = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        sqlx::query(bound).execute(&mut opened.connection).await.unwrap();
    }
    Store::begin(opened, Box::new(drop))
}

pub async fn again(store: Store, folder: &Path) -> Store {
    store.close().await;
    // The lock is released when it is dropped.
    drop(store);
    start(folder).await
}

pub fn id(name: &str) -> CellId {
    CellId::parse(name).unwrap()
}

fn line(batch: &mut Batch, name: &str) {
    let keys = json!({ "type": "line" }).as_object().unwrap().clone();
    batch.clear_series(&id(name));
    batch.put(ChangeKind::Created, Record::new(id(name), "main".into(), keys), None);
}

pub async fn change(store: &Store, operation: impl FnOnce(&mut Batch) + Send + 'static) {
    let operation = |batch: &mut Batch| {
        operation(batch);
        Ok::<_, StoreError>(())
    };
    store.write(1, operation).await.unwrap();
}

pub async fn create(store: &Store, name: &'static str) {
    change(store, move |batch| line(batch, name)).await;
}

pub async fn append(store: &Store, cell: &str, series: &str, y: Vec<f64>) -> Result<(u64, u64), StoreError> {
    let (cell, series) = (id(cell), SeriesId::plain(series));
    store.write(1, move |batch| Ok(batch.append(&cell, &series, None, NewPoints { x: None, y, t: None }))).await
}

pub async fn values(store: &Store, cell: &str, series: &str) -> Vec<f64> {
    let mut all = Vec::new();
    loop {
        let page = store.points(&id(cell), &SeriesId::plain(series), all.len() as u64, 5000).await.unwrap();
        match page.filter(|page| !page.points.is_empty()) {
            Some(page) => all.extend(page.points.y),
            None => return all,
        }
    }
}

/// Shortened journals, tails, chunks, replaced and removed series, and many restarts: every accepted point is there once, in order.
#[tokio::test]
async fn every_history_survives_every_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path()).await;
    let mut model: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    let (mut seed, mut next) = (12_345_u64, 0.0);
    let mut dice = move |sides: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % sides
    };
    const CELLS: [&str; 3] = ["a", "b", "c"];
    for cell in CELLS {
        create(&store, cell).await;
    }
    let (mut starts, mut saved, mut trimmed) = (0, 0, 0);
    for step in 0..400 {
        let cell = CELLS[dice(3) as usize];
        match dice(40) {
            0 => {
                change(&store, move |batch| batch.retain_series(&id(cell), &[])).await;
                model.retain(|(of, _), _| of != cell);
            }
            1 => {
                let comes_back = dice(2) == 0;
                let operation = move |batch: &mut Batch| {
                    let record = batch.cell(&id(cell)).unwrap();
                    let tombstone = batch.remove(&record);
                    if comes_back {
                        drop(batch.restore(&tombstone, None))
                    } else {
                        line(batch, cell)
                    }
                    Ok::<_, StoreError>(())
                };
                store.write(1, operation).await.unwrap();
                model.retain(|(of, _), _| of != cell || comes_back);
            }
            2 | 3 => {
                store = again(store, folder.path()).await;
                starts += 1;
                let count = |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(&store.readers);
                saved = saved.max(count("SELECT count(*) FROM tail").await.unwrap());
                trimmed = trimmed.max(count("SELECT coalesce(min(id), 0) FROM journal").await.unwrap());
                for ((cell, series), wanted) in &model {
                    assert_eq!(values(&store, cell, series).await, *wanted, "step {step}: {cell} {series}");
                }
            }
            _ => {
                let series = ["s", "t", "u"][dice(3) as usize];
                let count = [4096, dice(9000), 4000, 1, dice(60), dice(60), dice(60), dice(60)][dice(8) as usize];
                let y: Vec<f64> = (0..count).map(|at| next + at as f64).collect();
                next += count as f64;
                model.entry((cell.into(), series.into())).or_default().extend(&y);
                append(&store, cell, series, y).await.unwrap();
            }
        }
    }
    assert!(starts > 10 && saved > 0 && trimmed > 10, "{starts} starts, {saved} tails, journal trimmed to {trimmed}");
    store.close().await;
}

#[tokio::test]
async fn keys_of_series_in_the_journal_are_not_reused() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    create(&store, "a").await;
    append(&store, "a", "old", vec![1.0, 2.0, 3.0, 4.0, 5.0]).await.unwrap();
    change(&store, |batch| batch.retain_series(&id("a"), &[])).await;
    let rows = async |store: &Store| sqlx::query_scalar::<_, i64>("SELECT count(*) FROM series").fetch_one(&store.readers).await.unwrap();
    // Cleanup runs in the background: wait until its effect is visible.
    let swept = async {
        while rows(&store).await > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), swept).await.expect("deleted series are cleaned up");
    let store = again(store, folder.path()).await;
    append(&store, "a", "new", vec![100.0, 200.0]).await.unwrap();
    let store = again(store, folder.path()).await;
    assert_eq!(values(&store, "a", "new").await, [100.0, 200.0]);
    store.close().await;
}

#[tokio::test]
async fn a_full_disk_refuses_only_commits_that_do_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let store = start_with(folder.path(), Some(60)).await;
    create(&store, "a").await;
    append(&store, "a", "l", vec![1.0]).await.unwrap();
    for _ in 0..3 {
        let large: Vec<f64> = (0..200_000).map(|at| f64::from(at).sin()).collect();
        assert!(matches!(append(&store, "a", "l", large).await, Err(StoreError::DiskFull)));
        append(&store, "a", "l", vec![2.0]).await.unwrap();
    }
    assert_eq!(values(&store, "a", "l").await, [1.0, 2.0, 2.0, 2.0]);
    assert_eq!(values(&again(store, folder.path()).await, "a", "l").await, [1.0, 2.0, 2.0, 2.0]);
}

/// Purging lifts the limit of pages here, since the disk reserve is filled.
#[tokio::test]
async fn a_full_disk_purges_tombstones_except_the_restored_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = start_with(folder.path(), Some(60)).await;
    for name in ["a", "b"] {
        create(&store, name).await;
        append(&store, name, "l", vec![1.0; 5000]).await.unwrap();
    }
    for name in ["a", "b"] {
        let remove = move |batch: &mut Batch| {
            let record = batch.cell(&id(name)).unwrap();
            Ok::<_, StoreError>(batch.remove(&record))
        };
        store.delete(remove).await.unwrap();
    }
    assert!(store.index().tombstone(&id("b")).is_some(), "there is room for both");
    let removed = store.index().board("main").unwrap().seq;
    let comes_back = |batch: &mut Batch| {
        let tombstone = batch.tombstone(&id("a")).unwrap();
        batch.restore(&tombstone, None);
        let y = (0..200_000).map(|at| f64::from(at).sin()).collect();
        Ok::<_, StoreError>(batch.append(&id("a"), &SeriesId::plain("l"), None, NewPoints { x: None, y, t: None }))
    };
    store.write(1, comes_back).await.unwrap();
    let mut store = store;
    for _ in 0..2 {
        assert_eq!(values(&store, "a", "l").await.len(), 205_000);
        {
            let index = store.index();
            let board = index.board("main").unwrap();
            assert!(index.tombstone(&id("b")).is_none() && index.series(&id("b")).is_empty());
            assert!(board.floor == removed && board.seq > removed, "readers that have not seen the removals need a snapshot");
        }
        store = again(store, folder.path()).await;
    }
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM series WHERE cell = 'b'").fetch_one(&store.readers).await.unwrap();
    assert_eq!(left, 0, "its rows are deleted");
    store.close().await;
}

#[tokio::test]
async fn the_last_event_of_a_series_outlives_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    create(&store, "a").await;
    create(&store, "b").await;
    append(&store, "a", "l", vec![1.0]).await.unwrap();
    append(&store, "a", "l", vec![2.0]).await.unwrap();
    let seq = |store: &Store| store.index().cell_series(&id("a")).unwrap().seq;
    let before = seq(&store);
    for _ in 0..50 {
        append(&store, "b", "l", (1..=100).map(|at| 1.0 / f64::from(at)).collect()).await.unwrap();
    }
    let oldest: i64 = sqlx::query_scalar("SELECT min(id) FROM journal").fetch_one(&store.readers).await.unwrap();
    assert!(oldest > 2, "the rows with it are deleted");
    assert_eq!(seq(&again(store, folder.path()).await), before);
}

#[tokio::test]
async fn damaged_nodes_are_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = open::open(folder.path(), NORMAL).await.unwrap();
    opened.compaction.limits = CompactionLimits { pyramids: 0, ..SMALL };
    let store = Store::begin(opened, Box::new(drop));
    create(&store, "a").await;
    append(&store, "a", "l", vec![1.0; 5000]).await.unwrap();
    store.close().await;
    drop(store);
    let mut opened = open::open(folder.path(), NORMAL).await.unwrap();
    sqlx::query("UPDATE node SET nodes = x'00'").execute(&mut opened.connection).await.unwrap();
    let store = Store::begin(opened, Box::new(drop));
    append(&store, "a", "l", vec![2.0; 5000]).await.unwrap();
    let window =
        Window { axis: crate::series::Axis::Step, from: f64::NEG_INFINITY, to: f64::INFINITY, width: 10, scale: PixelScale::Linear };
    let found = store.columns(&id("a"), window, super::TimeOrigin::Epoch, super::SmoothingWeights::NONE, &[]).await.unwrap().unwrap();
    let columns = &found[0].columns;
    assert_eq!((columns.iter().map(|column| column.count).sum::<u64>(), columns[0].min, columns.last().unwrap().max), (10_000, 1.0, 2.0));
    store.close().await;
}

#[tokio::test]
async fn replies_of_evicted_writers_are_deleted_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    for part in 0..13 {
        let operation = move |batch: &mut Batch| {
            (0..1000).for_each(|number| {
                batch.store_reply(IdempotencyKey::ascending(&format!("w{part}-{number}:0")).unwrap(), 0, 201, "{}".into())
            });
            Ok::<_, StoreError>(())
        };
        store.write(1, operation).await.unwrap();
    }
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM reply").fetch_one(&store.readers).await.unwrap();
    assert!((10_000..=12_000).contains(&rows), "{rows}");
    store.close().await;
}

#[tokio::test]
async fn a_panic_of_the_writer_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let publish = Box::new(|changes: Vec<Change>| assert!(changes.is_empty(), "on purpose"));
    let store = Arc::new(Store::open(folder.path(), NORMAL, publish).await.unwrap());
    assert!(store.ready().is_ok());
    let write = || async {
        store
            .write(1, |batch| {
                line(batch, "a");
                Ok::<_, StoreError>(())
            })
            .await
    };
    let (first, second) = tokio::join!(write(), write());
    for answer in [first, second, write().await] {
        let error = answer.unwrap_err();
        assert!(matches!(error, StoreError::Failed(_)), "{error:?}");
        assert_eq!(crate::server::error::ServerError::from(error).to_api_error().code, 500);
    }
    assert!(matches!(store.ready(), Err(StoreError::Failed(_))));
    assert!(store.stats().failed().is_some());
    assert_eq!(store.index().cells().count(), 1, "reading goes on");
    store.close().await;
}

#[tokio::test]
async fn a_panic_of_an_operation_is_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), NORMAL, Box::new(drop)).await.unwrap();
    let broken = store.write(1, |_: &mut Batch| -> Result<(), StoreError> { panic!("on purpose") }).await;
    assert!(matches!(broken, Err(StoreError::RolledBack(_))));
    assert_eq!(store.write(1, |batch| Ok::<_, StoreError>(batch.cells().len())).await.unwrap(), 0);
    store.close().await;
    assert!(matches!(store.write(1, |_| Ok::<_, StoreError>(())).await, Err(StoreError::Closed)));
}
