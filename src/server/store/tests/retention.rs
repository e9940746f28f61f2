//! Tests of tombstones, free pages, versions and the order of creation.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{again, append, change, create, id, start, values};
use crate::protocol::CellContent;
use crate::server::limits::{MAX_REMOVED_BOARDS, MAX_TOMBSTONE_BYTES, MAX_TOMBSTONES, MAX_TOMBSTONES_PER_BOARD, TOMBSTONE_TTL_MS};
use crate::server::store::*;

pub fn note(batch: &mut Batch, name: &str, board: &str, value: &str) {
    let keys = json!({ "type": "note" }).as_object().unwrap().clone();
    let record = Record::new(id(name), board.into(), keys);
    batch.put(ChangeKind::Created, record, Some(Some(serde_json::to_string(value).unwrap().into())));
}

fn remove(batch: &mut Batch, name: &str) {
    let record = batch.cell(&id(name)).unwrap();
    batch.remove(&record);
}

#[tokio::test]
async fn tombstones_have_no_value_in_memory_and_are_restored_with_it() {
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
            let tombstone = store.index().tombstone(&id(name)).cloned().unwrap();
            assert!(
                matches!(tombstone.value, StoredValue::Stored(bytes) if bytes == value.len() as u64 + 2)
                    && tombstone.content == CellContent::Empty
            );
            let (_, read) = store.read_removed(&id(name)).await.unwrap().unwrap();
            assert_eq!(read.as_deref(), Some(&*serde_json::to_string(value).unwrap()));
        }
        store = again(store, folder.path()).await;
    }
    let boards = crate::server::boards::Boards::new(store);
    for (name, value) in &values {
        boards.restore(id(name)).await.unwrap();
        let (record, read) = boards.store().read(&id(name)).await.unwrap().unwrap();
        assert_eq!(read.as_deref(), Some(&*serde_json::to_string(value).unwrap()));
        assert!(matches!(record.content, CellContent::Text { .. }) && boards.store().index().tombstone(&id(name)).is_none());
    }
    boards.store().close().await;
}

/// Each of these boards is used once; together they would keep more than the bounds.
#[tokio::test]
async fn tombstones_of_all_boards_are_limited_by_bytes_number_and_age() {
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
    assert!(index.tombstones().totals(false).1 <= MAX_TOMBSTONE_BYTES + (1 << 21) && index.tombstones().totals(false).0 > 120);
    assert!(index.tombstone(&id("c199")).is_some() && index.tombstone(&id("c0")).is_none(), "the oldest go first");
    let floor = |index: &Index, board: &str| index.board(board).unwrap().floor;
    assert_eq!((floor(&index, "c0"), floor(&index, "c199")), (2, 0), "who has not heard of it starts over");
    // One that is larger than all stays until the next comes.
    let most = "z".repeat(usize::try_from(MAX_TOMBSTONE_BYTES).unwrap());
    commit(&mut index, 5000, &|batch| note(batch, "most", "m", &most));
    commit(&mut index, 5000, &|batch| remove(batch, "most"));
    commit(&mut index, 5000, &|batch| note(batch, "other", "m", "1"));
    assert_eq!((index.tombstones().totals(false).0, index.tombstone(&id("most")).is_some()), (1, true));
    commit(&mut index, 5000, &|batch| remove(batch, "other"));
    assert!(index.tombstone(&id("other")).is_some() && index.tombstone(&id("most")).is_none());
    let many = MAX_TOMBSTONES + 200;
    for number in 0..many {
        let name = format!("d{number}");
        commit(&mut index, 6000, &|batch| note(batch, &name, &name, ""));
        commit(&mut index, 6000, &|batch| remove(batch, &name));
    }
    assert!(index.tombstones().totals(false).0 <= MAX_TOMBSTONES + 1);
    let late = 6001 + TOMBSTONE_TTL_MS;
    for number in 0..many / index::tombstones::MAX_PURGED_PER_COMMIT + 2 {
        commit(&mut index, late, &|batch| note(batch, &format!("e{number}"), "e", ""));
    }
    assert_eq!((index.tombstones().totals(false).0, index.tombstones().totals(false).1), (0, 0));
}

fn commit(index: &mut Index, now_ms: u64, operation: &dyn Fn(&mut Batch)) {
    let mut batch = Batch::new(index, now_ms, 0);
    operation(&mut batch);
    batch.end(true);
    batch.finish(&mut 0).apply(index);
}

/// Deletes a board of so many cells, as the use case does.
fn remove_board(batch: &mut Batch, board: &str, cells: usize) {
    let removed: Vec<u64> = (0..cells).map(|at| batch.remove(&batch.cell(&id(&format!("{board}{at}"))).unwrap()).seq).collect();
    let removal = BoardRemoval { at_ms: batch.now_ms, cells: vec![(removed[0], removed[cells - 1])], ..BoardRemoval::default() };
    batch.put_board(&board.into(), Map::new(), Some(removal.into()));
}

#[test]
fn the_cells_of_a_deleted_board_are_limited_apart() {
    let mut index = Index::default();
    let fill = |index: &mut Index, board: &str, cells: usize, now_ms: u64| {
        commit(index, now_ms, &|batch| (0..cells).for_each(|at| note(batch, &format!("{board}{at}"), board, "x")));
        commit(index, now_ms + 1, &|batch| remove_board(batch, board, cells));
    };
    let first = MAX_TOMBSTONES_PER_BOARD + 200;
    fill(&mut index, "a", first, 1000);
    assert_eq!((index.tombstones().totals(true).0, index.tombstones().totals(false)), (first, (0, 0)));
    // A cell that is deleted alone is none of them.
    commit(&mut index, 2000, &|batch| note(batch, "single", "a", "x"));
    commit(&mut index, 2000, &|batch| remove(batch, "single"));
    assert_eq!((index.tombstones().totals(true).0, index.tombstones().totals(false).0), (first, 1));
    // The board that was deleted last stays whatever its size; the older one goes, part by part.
    fill(&mut index, "b", MAX_TOMBSTONES + 10, 3000);
    let other = |index: &mut Index, at: usize, now_ms: u64| commit(index, now_ms, &|batch| note(batch, &format!("o{at}"), "o", "x"));
    (0..4).for_each(|at| other(&mut index, at, 4000));
    assert_eq!((index.tombstones().totals(true).0, index.tombstone(&id("a0")).is_some()), (MAX_TOMBSTONES + 10, false));
    assert_eq!(index.board("a").unwrap().floor, first as u64 * 2, "readers that have not seen the removals begin with a snapshot");
    // After 30 days all go.
    for at in 0..MAX_TOMBSTONES / index::tombstones::MAX_PURGED_PER_COMMIT + 2 {
        other(&mut index, 10 + at, 4000 + TOMBSTONE_TTL_MS);
    }
    assert_eq!((index.tombstones().totals(true), index.tombstones().totals(false)), ((0, 0), (0, 0)));
}

#[test]
fn deleted_boards_are_forgotten_after_30_days_and_beyond_the_limit() {
    let mut index = Index::default();
    let known = |index: &Index, board: &str| index.board(board).unwrap().document.clone().unwrap();
    for at in 0..MAX_REMOVED_BOARDS + 2 {
        commit(&mut index, 1000 + at as u64, &|batch| {
            let removal = BoardRemoval { at_ms: batch.now_ms, ..BoardRemoval::default() };
            let keys = Map::from_iter([("title".to_owned(), Value::from("New"))]);
            batch.put_board(&format!("b{at}").into(), keys, Some(removal.into()));
        });
    }
    let row = index.board("b1").unwrap().row();
    commit(&mut index, 9000, &|batch| batch.forget_old_boards());
    let left: Vec<_> = index.board_trash().oldest().map(|(_, board)| board.to_string()).collect();
    assert_eq!((left.len(), left[0].as_str()), (MAX_REMOVED_BOARDS, "b2"), "the oldest are forgotten first");
    let (forgotten, kept) = (known(&index, "b1"), known(&index, "b2"));
    assert!(forgotten.removal.is_none() && kept.removal.is_some());
    assert_eq!(
        (forgotten.keys["title"].as_str(), forgotten.rev, index.board("b1").unwrap().row()),
        (Some("New"), 1, row),
        "nobody sees it"
    );
    // Of a change of the newer board the deleted one stays.
    commit(&mut index, 9001, &|batch| drop(batch.put_board_document(&"b2".into(), Map::new())));
    assert!(known(&index, "b2").removal.is_some());
    commit(&mut index, 1002 + TOMBSTONE_TTL_MS, &|batch| batch.forget_old_boards());
    assert_eq!(index.board_trash().len(), MAX_REMOVED_BOARDS, "30 days are not over");
    commit(&mut index, 1003 + TOMBSTONE_TTL_MS, &|batch| batch.forget_old_boards());
    assert_eq!((index.board_trash().len(), known(&index, "b2").removal.is_none()), (MAX_REMOVED_BOARDS - 1, true));
}

#[test]
fn a_board_is_forgotten_once_its_cells_are_purged() {
    let mut index = Index::default();
    let cells = index::tombstones::MAX_PURGED_PER_COMMIT + 10;
    for (board, cells, at) in [("a", cells, 1000), ("b", 3, 2000)] {
        commit(&mut index, at, &|batch| (0..cells).for_each(|at| note(batch, &format!("{board}{at}"), board, "x")));
        commit(&mut index, at, &|batch| remove_board(batch, board, cells));
    }
    for at in 0..MAX_REMOVED_BOARDS {
        commit(&mut index, 3000 + at as u64, &|batch| {
            let removal = BoardRemoval { at_ms: batch.now_ms, ..BoardRemoval::default() };
            drop(batch.put_board(&format!("o{at}").into(), Map::new(), Some(removal.into())));
        });
    }
    let totals = |index: &Index| (index.tombstones().totals(true).0, index.board_trash().len());
    commit(&mut index, 9000, &|batch| batch.forget_old_boards());
    assert_eq!(totals(&index), (10 + 3, MAX_REMOVED_BOARDS + 2), "some of the cells of the oldest");
    commit(&mut index, 9000, &|batch| batch.forget_old_boards());
    assert_eq!(totals(&index), (0, MAX_REMOVED_BOARDS));
    assert_eq!(index.board("a").unwrap().floor, 2 * cells as u64, "readers that have not seen the removals begin with a snapshot");
    // As at a start.
    index.measure_tombstones();
    assert_eq!(index.tombstones().totals(false), (0, 0));
}

#[tokio::test]
async fn a_purge_deletes_all_tombstones_and_returns_their_space() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    for (name, points) in [("a", 819_200), ("b", 40_960)] {
        create(&store, name).await;
        append(&store, name, "l", (0..points).map(|at| f64::from(at).sin()).collect()).await.unwrap();
    }
    // After so many commits SQLite's log is moved into the file.
    for _ in 0..20 {
        change(&store, |_| ()).await;
    }
    let length = || std::fs::metadata(database_path(folder.path())).unwrap().len();
    let full = length();
    assert!(full > 5 << 20, "{full}");
    change(&store, |batch| remove(batch, "a")).await;
    assert_eq!((store.purge().await.unwrap(), store.purge().await.unwrap()), (1, 0));
    assert!(store.index().tombstone(&id("a")).is_none() && store.index().series(&id("a")).is_empty());
    let removed = store.index().board("main").unwrap().seq;
    assert_eq!(store.index().board("main").unwrap().floor, removed, "a reader that has not heard of it starts over");
    let shorter = async {
        while length() > full * 3 / 4 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), shorter).await.expect("the file becomes shorter");
    let store = again(store, folder.path()).await;
    assert_eq!(values(&store, "b", "l").await.len(), 40_960);
    store.close().await;
    assert_eq!(check(&database_path(folder.path())).await.unwrap().fault_count, 0);
}

#[tokio::test]
async fn the_space_of_deleted_points_is_returned() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    let mode: i64 = sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(&store.readers).await.unwrap();
    assert_eq!(mode, 2, "incremental");
    create(&store, "a").await;
    let length = || std::fs::metadata(database_path(folder.path())).unwrap().len();
    for part in 0..20 {
        let y = (0..40_960).map(|at| (f64::from(part) + f64::from(at)).sin()).collect();
        append(&store, "a", "l", y).await.unwrap();
    }
    let full = length();
    assert!(full > 4 << 20, "{full}");
    change(&store, |batch| batch.retain_series(&id("a"), &[])).await;
    // It is done when nothing else is to be done; no event is published.
    let shorter = async {
        while length() > full / 8 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), shorter).await.expect("the file becomes shorter");
    append(&store, "a", "l", vec![1.0; 5000]).await.unwrap();
    let store = again(store, folder.path()).await;
    assert_eq!(values(&store, "a", "l").await, vec![1.0; 5000]);
    store.close().await;
    assert_eq!(check(&database_path(folder.path())).await.unwrap().fault_count, 0);
}

#[tokio::test]
async fn versions_and_the_order_of_cells_do_not_depend_on_the_clock() {
    let mut index = Index::default();
    let mut version_counter = 7;
    let mut seen = Vec::new();
    // The clock goes back, and back again.
    for now_ms in [5_000_000, 4_000_000, 9, 0, u64::MAX / 2000] {
        let mut batch = Batch::new(&index, now_ms, version_counter);
        note(&mut batch, &format!("c{now_ms}"), "main", "x");
        batch.end(true);
        version_counter = batch.version_counter;
        batch.finish(&mut 0).apply(&mut index);
        let record = index.cell(&id(&format!("c{now_ms}"))).unwrap();
        seen.extend([record.version, record.created_order]);
    }
    assert!(seen.is_sorted_by(|a, b| a < b) && seen.last() == Some(&17), "{seen:?}");
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path()).await;
    let version = |store: &Store, name: &str| store.index().cell(&id(name)).unwrap().version;
    change(&store, |batch| note(batch, "a", "main", "x")).await;
    change(&store, |batch| note(batch, "b", "main", "x")).await;
    let newest = version(&store, "b");
    // What is forgotten for good had a number, too.
    change(&store, |batch| {
        remove(batch, "b");
        batch.end(true);
        batch.purge_tombstones_except(|_| false);
    })
    .await;
    store = again(store, folder.path()).await;
    change(&store, |batch| note(batch, "c", "main", "x")).await;
    assert!(version(&store, "c") > newest);
    store.close().await;
}
