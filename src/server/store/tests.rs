//! The store with small bounds, so that chunks, tails, the journal's end and the sweep all come about within a short test.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use sqlx::Connection;

use super::seal::Limits;
use super::*;
use crate::protocol::Stage;
use crate::series::Window;

const SMALL: Limits = Limits { journal_bytes: 4 << 10, pyramids: 3 };

async fn start(folder: &Path) -> Store {
    start_with(folder, None).await
}

async fn start_with(folder: &Path, pages: Option<u32>) -> Store {
    let mut opened = open::open(folder, Durability::Normal).await.unwrap();
    opened.ledger.limits = SMALL;
    if let Some(pages) = pages {
        let bound = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        sqlx::query(bound).execute(&mut opened.connection).await.unwrap();
    }
    Store::begin(opened, Box::new(drop))
}

async fn again(store: Store, folder: &Path) -> Store {
    store.close().await;
    // The folder belongs to it while it lives.
    drop(store);
    start(folder).await
}

fn id(name: &str) -> CellId {
    CellId::parse(name).unwrap()
}

fn line(batch: &mut Batch, name: &str) {
    let keys = json!({ "type": "line" }).as_object().unwrap().clone();
    let (id, board, value, stage) = (id(name), Arc::from("main"), Held::Missing, Stage::Empty);
    let (seq, entered, born, rev, version, created_ms, updated_ms) = (0, 0, 0, 0, 0, 0, 0);
    batch.keep_series(&id, &[]);
    let record = Record { id, board, seq, entered, born, rev, version, created_ms, updated_ms, keys, value, stage };
    batch.put(Kind::Created, record, None);
}

async fn change(store: &Store, operation: impl FnOnce(&mut Batch) + Send + 'static) {
    let operation = |batch: &mut Batch| {
        operation(batch);
        Ok(())
    };
    store.write(1, operation).await.unwrap();
}

async fn create(store: &Store, name: &'static str) {
    change(store, move |batch| line(batch, name)).await;
}

async fn append(store: &Store, cell: &str, series: &str, y: Vec<f64>) -> Result<(u64, u64), Problem> {
    let (cell, series) = (id(cell), series.to_owned());
    store.write(1, move |batch| Ok(batch.append(&cell, &series, NewPoints { x: None, y, t: None }))).await
}

async fn values(store: &Store, cell: &str, series: &str) -> Vec<f64> {
    let mut all = Vec::new();
    loop {
        let page = store.points(&id(cell), series, all.len() as u64, 5000).await.unwrap();
        match page.filter(|page| !page.points.is_empty()) {
            Some(page) => all.extend(page.points.y),
            None => return all,
        }
    }
}

/// The journal's end, tails, chunks, replaced and removed series, and many starts: what was accepted is there, in order, once.
#[tokio::test]
async fn any_history_is_what_it_was_after_any_restart() {
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
                change(&store, move |batch| batch.keep_series(&id(cell), &[])).await;
                model.retain(|(of, _), _| of != cell);
            }
            1 => {
                let comes_back = dice(2) == 0;
                let operation = move |batch: &mut Batch| {
                    let record = batch.cell(&id(cell)).unwrap();
                    let grave = batch.remove(&record);
                    if comes_back {
                        drop(batch.restore(&grave, None))
                    } else {
                        line(batch, cell)
                    }
                    Ok(())
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
async fn a_key_does_not_come_again_while_the_journal_knows_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    create(&store, "a").await;
    append(&store, "a", "old", vec![1.0, 2.0, 3.0, 4.0, 5.0]).await.unwrap();
    change(&store, |batch| batch.keep_series(&id("a"), &[])).await;
    let rows = async |store: &Store| sqlx::query_scalar::<_, i64>("SELECT count(*) FROM series").fetch_one(&store.readers).await.unwrap();
    // The sweep tells nobody when it is done: its traces are looked for, and not for ever.
    let swept = async {
        while rows(&store).await > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), swept).await.expect("dead series are swept");
    let store = again(store, folder.path()).await;
    append(&store, "a", "new", vec![100.0, 200.0]).await.unwrap();
    let store = again(store, folder.path()).await;
    assert_eq!(values(&store, "a", "new").await, [100.0, 200.0]);
    store.close().await;
}

#[tokio::test]
async fn a_full_disk_refuses_and_then_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = start_with(folder.path(), Some(60)).await;
    create(&store, "a").await;
    append(&store, "a", "l", vec![1.0]).await.unwrap();
    for _ in 0..3 {
        let large: Vec<f64> = (0..200_000).map(|at| f64::from(at).sin()).collect();
        assert!(matches!(append(&store, "a", "l", large).await, Err(Problem::Full)));
        append(&store, "a", "l", vec![2.0]).await.unwrap();
    }
    assert_eq!(values(&store, "a", "l").await, [1.0, 2.0, 2.0, 2.0]);
    assert_eq!(values(&again(store, folder.path()).await, "a", "l").await, [1.0, 2.0, 2.0, 2.0]);
}

/// Forgetting what was removed lifts the bound here, since the ballast is whole.
#[tokio::test]
async fn what_was_removed_makes_room_but_not_what_a_change_brings_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = start_with(folder.path(), Some(60)).await;
    for name in ["a", "b"] {
        create(&store, name).await;
        append(&store, name, "l", vec![1.0; 5000]).await.unwrap();
    }
    for name in ["a", "b"] {
        let remove = move |batch: &mut Batch| {
            let record = batch.cell(&id(name)).unwrap();
            Ok(batch.remove(&record))
        };
        store.free(remove).await.unwrap();
    }
    assert!(store.index().grave(&id("b")).is_some(), "there is room for both");
    let removed = store.index().board("main").unwrap().seq;
    let comes_back = |batch: &mut Batch| {
        let grave = batch.grave(&id("a")).unwrap();
        batch.restore(&grave, None);
        let y = (0..200_000).map(|at| f64::from(at).sin()).collect();
        Ok(batch.append(&id("a"), "l", NewPoints { x: None, y, t: None }))
    };
    store.write(1, comes_back).await.unwrap();
    let mut store = store;
    for _ in 0..2 {
        assert_eq!(values(&store, "a", "l").await.len(), 205_000);
        {
            let index = store.index();
            let board = index.board("main").unwrap();
            assert!(index.grave(&id("b")).is_none() && index.series(&id("b")).is_empty());
            assert!(board.floor == removed && board.seq > removed, "who has not heard of the removals starts over");
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
    assert!(oldest > 2, "the rows that knew it are gone");
    assert_eq!(seq(&again(store, folder.path()).await), before);
}

#[tokio::test]
async fn damaged_nodes_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = open::open(folder.path(), Durability::Normal).await.unwrap();
    opened.ledger.limits = Limits { pyramids: 0, ..SMALL };
    let store = Store::begin(opened, Box::new(drop));
    create(&store, "a").await;
    append(&store, "a", "l", vec![1.0; 5000]).await.unwrap();
    store.close().await;
    drop(store);
    let mut opened = open::open(folder.path(), Durability::Normal).await.unwrap();
    sqlx::query("UPDATE node SET nodes = x'00'").execute(&mut opened.connection).await.unwrap();
    let store = Store::begin(opened, Box::new(drop));
    append(&store, "a", "l", vec![2.0; 5000]).await.unwrap();
    let window = Window { axis: crate::series::Axis::Step, from: f64::NEG_INFINITY, to: f64::INFINITY, width: 10 };
    let found = store.columns(&id("a"), window, super::Weights::NONE).await.unwrap().unwrap();
    let columns = &found.series[0].columns;
    assert_eq!((columns.iter().map(|column| column.count).sum::<u64>(), columns[0].min, columns.last().unwrap().max), (10_000, 1.0, 2.0));
    store.close().await;
}

#[tokio::test]
async fn writers_that_were_silent_longest_are_forgotten_on_disk_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    for part in 0..13 {
        let operation = move |batch: &mut Batch| {
            (0..1000).for_each(|number| batch.reply(Key::ascending(&format!("w{part}-{number}:0")).unwrap(), 0, 201, "{}".into()));
            Ok(())
        };
        store.write(1, operation).await.unwrap();
    }
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM reply").fetch_one(&store.readers).await.unwrap();
    assert!((10_000..=12_000).contains(&rows), "{rows}");
    store.close().await;
}

#[tokio::test]
async fn answers_kept_before_they_had_a_status_stay() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    let key = || Key::ascending("w:1").unwrap();
    change(&store, move |batch| batch.reply(key(), 7, 200, "{}".into())).await;
    store.close().await;
    drop(store);
    // As the version before left it.
    let mut opened = open::open(folder.path(), Durability::Normal).await.unwrap();
    sqlx::query("UPDATE reply SET sum = NULL").execute(&mut opened.connection).await.unwrap();
    sqlx::query("ALTER TABLE reply DROP COLUMN status").execute(&mut opened.connection).await.unwrap();
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 3").execute(&mut opened.connection).await.unwrap();
    opened.connection.close().await.unwrap();
    drop(opened.lock);
    let store = start(folder.path()).await;
    let Done::Answered(reply) = store.index().replies().done(&key()) else { panic!("it was answered") };
    assert_eq!((reply.hash, reply.status, &*reply.answer), (7, 201, "{}"));
    store.close().await;
}

#[tokio::test]
async fn a_writer_that_panics_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let publish = Box::new(|changes: Vec<Change>| assert!(changes.is_empty(), "on purpose"));
    let store = Arc::new(Store::open(folder.path(), Durability::Normal, publish).await.unwrap());
    assert!(store.ready().is_ok());
    let write = || async {
        store
            .write(1, |batch| {
                line(batch, "a");
                Ok(())
            })
            .await
    };
    let (first, second) = tokio::join!(write(), write());
    for answer in [first, second, write().await] {
        let problem = answer.unwrap_err();
        assert!(matches!(problem, Problem::Broken(_)), "{problem:?}");
        assert_eq!(problem.told().code, 500);
    }
    assert!(matches!(store.ready(), Err(Problem::Broken(_))));
    assert!(store.tally().failed().is_some());
    assert_eq!(store.index().cells().count(), 1, "reading goes on");
    store.close().await;
}

#[tokio::test]
async fn an_operation_that_panics_ends_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Durability::Normal, Box::new(drop)).await.unwrap();
    let broken = store.write(1, |_: &mut Batch| -> Result<(), Problem> { panic!("on purpose") }).await;
    assert!(matches!(broken, Err(Problem::Undone(_))));
    assert_eq!(store.write(1, |batch| Ok(batch.cells().len())).await.unwrap(), 0);
    store.close().await;
    assert!(matches!(store.write(1, |_| Ok(())).await, Err(Problem::Stopped)));
}

fn note(batch: &mut Batch, name: &str, board: &str, value: &str) {
    let keys = json!({ "type": "note" }).as_object().unwrap().clone();
    let (id, board, stage) = (id(name), Arc::from(board), Stage::Empty);
    let (seq, entered, born, rev, version, created_ms, updated_ms) = (0, 0, 0, 0, 0, 0, 0);
    let record = Record { id, board, seq, entered, born, rev, version, created_ms, updated_ms, keys, value: Held::Missing, stage };
    batch.put(Kind::Created, record, Some(Some(serde_json::to_string(value).unwrap().into())));
}

fn remove(batch: &mut Batch, name: &str) {
    let record = batch.cell(&id(name)).unwrap();
    batch.remove(&record);
}

#[tokio::test]
async fn removed_cells_keep_no_value_in_memory_and_come_back_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path()).await;
    let large = "y".repeat(20_000);
    let values = [("small", "x".to_owned()), ("large", large)];
    for (name, value) in values.clone() {
        change(&store, move |batch| note(batch, name, "main", &value)).await;
        change(&store, move |batch| remove(batch, name)).await;
    }
    for _ in 0..2 {
        for (name, value) in &values {
            let grave = store.index().grave(&id(name)).cloned().unwrap();
            assert!(matches!(grave.value, Held::Stored(bytes) if bytes == value.len() as u64 + 2) && grave.stage == Stage::Empty);
            let (_, read) = store.read_removed(&id(name)).await.unwrap().unwrap();
            assert_eq!(read.as_deref(), Some(&*serde_json::to_string(value).unwrap()));
        }
        store = again(store, folder.path()).await;
    }
    let boards = crate::server::board::Boards { store: Arc::new(store) };
    for (name, value) in &values {
        boards.restore(id(name)).await.unwrap();
        let (record, read) = boards.store.read(&id(name)).await.unwrap().unwrap();
        assert_eq!(read.as_deref(), Some(&*serde_json::to_string(value).unwrap()));
        assert!(matches!(record.stage, Stage::Text { .. }) && boards.store.index().grave(&id(name)).is_none());
    }
    boards.store.close().await;
}

/// Each of these boards is used once; together they would keep more than the bounds.
#[tokio::test]
async fn removed_cells_of_all_boards_are_bounded_by_bytes_number_and_age() {
    let mut index = Index::default();
    let commit = |index: &mut Index, now_ms: u64, operation: &dyn Fn(&mut Batch)| {
        let mut batch = Batch::new(index, now_ms, 0);
        operation(&mut batch);
        batch.end(true);
        let mut outcome = batch.finish(&mut 0);
        outcome.apply(index);
    };
    let one = "x".repeat(1 << 20);
    for number in 0..200 {
        let name = format!("c{number}");
        commit(&mut index, 1000 + number, &|batch| note(batch, &name, &name, &one));
        commit(&mut index, 1000 + number, &|batch| remove(batch, &name));
    }
    assert!(index.tombstones().bytes() <= tombstones::BYTES + (1 << 21) && index.tombstones().len() > 120);
    assert!(index.grave(&id("c199")).is_some() && index.grave(&id("c0")).is_none(), "the oldest go first");
    let floor = |index: &Index, board: &str| index.board(board).unwrap().floor;
    assert_eq!((floor(&index, "c0"), floor(&index, "c199")), (2, 0), "who has not heard of it starts over");
    // One that is larger than all stays until the next comes.
    let most = "z".repeat(usize::try_from(tombstones::BYTES).unwrap());
    commit(&mut index, 5000, &|batch| note(batch, "most", "m", &most));
    commit(&mut index, 5000, &|batch| remove(batch, "most"));
    commit(&mut index, 5000, &|batch| note(batch, "other", "m", "1"));
    assert_eq!((index.tombstones().len(), index.grave(&id("most")).is_some()), (1, true));
    commit(&mut index, 5000, &|batch| remove(batch, "other"));
    assert!(index.grave(&id("other")).is_some() && index.grave(&id("most")).is_none());
    let many = tombstones::IN_ALL + 200;
    for number in 0..many {
        let name = format!("d{number}");
        commit(&mut index, 6000, &|batch| note(batch, &name, &name, ""));
        commit(&mut index, 6000, &|batch| remove(batch, &name));
    }
    assert!(index.tombstones().len() <= tombstones::IN_ALL + 1);
    let late = 6001 + tombstones::AGE_MS;
    for number in 0..many / tombstones::PURGED_PER_COMMIT + 2 {
        commit(&mut index, late, &|batch| note(batch, &format!("e{number}"), "e", ""));
    }
    assert_eq!((index.tombstones().len(), index.tombstones().bytes()), (0, 0));
}
