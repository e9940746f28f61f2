//! Damage of every column of every table, and of bytes of the file: reads fail or return what was written, never something else, and a check
//! reports it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};

use super::retention::note;
use super::{append, change, create, id};
use crate::protocol::{RunId, SeriesId};
use crate::server::boards::cell_content::cell_content;
use crate::server::store::*;

const FULL: StoreOptions = StoreOptions { durability: Durability::Full, accept_loss: false, content_fn: cell_content };
const CELLS: [&str; 5] = ["a", "b", "small", "large", "gone"];

/// A database with rows in all tables: chunks, nodes, tails, outlines, journal, deleted series, tombstones, replies. One file without a log.
async fn sound() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = open::open(folder.path(), FULL).await.unwrap();
    opened.compaction.limits = writer::compaction::CompactionLimits { journal_bytes: 4 << 10, pyramids: 3 };
    let store = Store::begin(opened, Box::new(drop));
    for name in ["a", "b"] {
        create(&store, name).await;
        append(&store, name, "l", (0..5000).map(|at| f64::from(at) / 7.0).collect()).await.unwrap();
    }
    append(&store, "b", "m", vec![1.5, 2.5]).await.unwrap();
    for _ in 0..6 {
        append(&store, "a", "t", (1..=100).map(|at| 1.0 / f64::from(at)).collect()).await.unwrap();
    }
    change(&store, |batch| note(batch, "small", "main", "lr = 0.1")).await;
    change(&store, |batch| note(batch, "large", "other", &"weights ".repeat(3000))).await;
    change(&store, |batch| note(batch, "gone", "main", "gone")).await;
    change(&store, |batch| {
        for run in ["first", "second"] {
            let record = batch.put_run(ChangeKind::Created, RunRecord::new("main".into(), RunId::parse(run).unwrap(), Default::default()));
            for (name, count) in [("val", 1), ("train", 700)] {
                let y = (0..count).map(|at| if at % 2 == 0 { 1.5 } else { 2.5 }).collect();
                let points = NewPoints { x: None, y, t: None };
                batch.append(&id("a"), &SeriesId::of_run(record.id.clone(), name), Some("loss"), points);
            }
        }
        batch.set_heartbeats(["first", "second"].map(|run| ("main".into(), RunId::parse(run).unwrap(), 5)).into());
        batch.put_run_value(&id("small"), &RunId::parse("first").unwrap(), "1.5".into());
        batch.put_board_document(&"main".into(), json!({ "title": "Digits" }).as_object().unwrap().clone());
    })
    .await;
    change(&store, |batch| {
        let mut record = RunRecord::clone(&batch.run("main", &RunId::parse("first").unwrap()).unwrap());
        record.keys.insert("status".to_owned(), "finished".into());
        batch.put_run(ChangeKind::Patched, record);
        batch.remove_run(&batch.run("main", &RunId::parse("second").unwrap()).unwrap());
    })
    .await;
    let outlined = async {
        while store.index().series_of_run(&id("a"), &RunId::parse("first").unwrap()).iter().all(|series| series.outlined == 0) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), outlined).await.unwrap();
    change(&store, |batch| {
        let record = batch.cell(&id("gone")).unwrap();
        batch.remove(&record);
        batch.store_reply(key(), 7, 200, "{}".into());
    })
    .await;
    store.close().await;
    drop(store);
    // A deleted series whose rows are all still there.
    let mut opened = open::open(folder.path(), FULL).await.unwrap();
    let mut outcome = {
        let mut batch = Batch::new(&opened.index, 0, opened.compaction.last_version);
        batch.retain_series(&id("b"), &["l".into()]);
        batch.end(true);
        batch.finish(&mut opened.compaction.last_series_key)
    };
    let mut pending = opened.compaction.begin_commit();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut opened.connection).await.unwrap();
    for (name, row) in &outcome.boards {
        let old = opened.index.board(name).unwrap().row();
        let sum = integrity::checksum::board(name, row);
        let update = sqlx::query("UPDATE board SET seq = ?, changed = ?, sum = ? WHERE name = ?")
            .bind(row.seq as i64)
            .bind(row.changed_ms as i64)
            .bind(sum);
        update.bind(&**name).execute(&mut opened.connection).await.unwrap();
        pending.state.row_counts.remove(integrity::row_counts::Table::Board, integrity::checksum::board(name, &old));
        pending.state.row_counts.add(integrity::row_counts::Table::Board, sum);
    }
    writer::compaction::write_series(&mut opened.connection, &mut opened.compaction, Vec::new(), &mut outcome, &mut pending).await.unwrap();
    pending.state.replace(&opened.compaction.state, &mut opened.connection).await.unwrap();
    sqlx::query("COMMIT").execute(&mut opened.connection).await.unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut opened.connection).await.unwrap();
    opened.connection.close().await.unwrap();
    std::fs::read(database_path(folder.path())).unwrap()
}

fn key() -> IdempotencyKey {
    IdempotencyKey { writer: "w".into(), number: 1 }
}

/// The result of each read, by name; `None` for an error.
type Reads = BTreeMap<String, Option<String>>;

/// `None` if the start is refused.
async fn read_all(folder: &Path) -> Option<Reads> {
    let store = Store::open(folder, FULL, Box::new(drop)).await.ok()?;
    let mut reads = Reads::new();
    for cell in CELLS {
        let alive = store.read(&id(cell)).await;
        let text =
            |read: Option<(Arc<Record>, Option<Arc<str>>)>| read.map_or("none".into(), |(record, value)| record.document(value.as_deref()));
        reads.insert(cell.to_owned(), alive.ok().map(text));
        let removed = store.read_removed(&id(cell)).await;
        reads.insert(format!("{cell} removed"), removed.ok().map(text));
        for name in ["l", "m", "t"] {
            let page = store.points(&id(cell), &SeriesId::plain(name), 0, 10_000).await;
            let text = page.ok().map(|page| page.map_or("none".into(), |page| format!("{} {:?}", page.total, page.points.y)));
            reads.insert(format!("{cell} {name}"), text);
        }
    }
    for run in ["first", "second"] {
        let series = SeriesId::of_run(RunId::parse(run).unwrap(), "val");
        let page = store.points(&id("a"), &series, 0, 10).await;
        let value = store.run_value(&id("small"), series.run.as_ref().unwrap()).await;
        reads.insert(format!("value of {run}"), value.ok().map(|value| format!("{value:?}")));
        let outline = store.outlines(&id("a"), &[SeriesId::of_run(series.run.clone().unwrap(), "train")]).await;
        reads.insert(format!("outline of {run}"), outline.ok().map(|outline| format!("{outline:?}")));
        reads.insert(format!("a {series}"), page.ok().map(|page| page.map_or("none".into(), |page| format!("{:?}", page.points.y))));
    }
    let boards = |store: &Store| {
        let index = store.index();
        let boards = index.boards().map(|(name, board)| format!("{name} {:?} {:?} {:?}", board.row(), board.document, board.runs));
        boards.collect::<Vec<_>>()
    };
    let mut list = boards(&store);
    list.sort();
    reads.insert("boards".to_owned(), Some(format!("{list:?}")));
    reads.insert("answer".to_owned(), Some(format!("{:?}", store.index().replies().lookup(&key()))));
    reads.insert("epoch".to_owned(), Some(store.epoch().to_owned()));
    store.close().await;
    Some(reads)
}

/// Whether a read differs from before. A complaint is added if it returns something else, or if a failure is not reported by a check.
async fn judge(bytes: &[u8], before: &Reads, what: &str, complaints: &mut Vec<String>) -> bool {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(database_path(folder.path()), bytes).unwrap();
    let checked = check(&database_path(folder.path())).await;
    let now = read_all(folder.path()).await;
    let is_reported = checked.as_ref().map_or(true, |report| report.fault_count > 0 || report.repairable() > 0);
    let Some(now) = now else {
        if !is_reported {
            complaints.push(format!("{what}: the start is refused, and a check says it is sound"));
        }
        return true;
    };
    for (name, wanted) in before {
        let found = &now[name];
        if found.is_some() && found != wanted {
            let short = |text: &Option<String>| text.as_ref().map(|text| text.chars().take(200).collect::<String>());
            complaints.push(format!("{what}: {name} was {:?}, and is {:?}", short(wanted), short(found)));
        } else if found.is_none() && !is_reported {
            complaints.push(format!("{what}: {name} cannot be read, and a check says it is sound"));
        }
    }
    now != *before
}

async fn changed(sound: &[u8], sql: &str) -> (Vec<u8>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db");
    std::fs::write(&file, sound).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).pragma("ignore_check_constraints", "1");
    let mut connection = options.connect().await.unwrap();
    // A value of the wrong type is refused by the table: no damage.
    let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.map_or(0, |done| done.rows_affected());
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    (std::fs::read(&file).unwrap(), done)
}

async fn columns(connection: &mut SqliteConnection, table: &str) -> Vec<(String, String)> {
    let rows = sqlx::query("SELECT name, type FROM pragma_table_info(?)").bind(table).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn every_change_of_a_row_is_detected() {
    let sound = sound().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(database_path(folder.path()), &sound).unwrap();
    let before = read_all(folder.path()).await.expect("it is sound");
    assert!(before.values().all(Option::is_some) && before["b m"] == Some("none".into()), "{before:?}");
    assert!(before["a l"].as_ref().is_some_and(|points| points.starts_with("5000")) && before["gone removed"] != Some("none".into()));
    let copy = folder.path().join("copy");
    std::fs::write(&copy, &sound).unwrap();
    let mut file = sqlx::sqlite::SqliteConnectOptions::new().filename(&copy).connect().await.unwrap();
    let (mut changes, mut noticed, mut complaints) = (0, 0, Vec::new());
    for table in [
        "state",
        "board",
        "board_document",
        "run",
        "heartbeat",
        "cell",
        "value",
        "series",
        "journal",
        "chunk",
        "node",
        "tail",
        "outline",
        "outline_range",
        "reply",
    ] {
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}"))).fetch_one(&mut file).await.unwrap();
        assert!(rows > 0, "{table} has a row");
        let key = columns(&mut file, table).await[0].0.clone();
        for row in [0, rows - 1] {
            let row = format!("{key} = (SELECT {key} FROM {table} LIMIT 1 OFFSET {row})");
            let mut damages = vec![format!("DELETE FROM {table} WHERE {row}")];
            for (column, kind) in columns(&mut file, table).await {
                damages.extend(
                    match kind.as_str() {
                        "INTEGER" => ["1 - {}", "coalesce({}, 4) + 1", "{} + 4096", "{} + 4294967296", "NULL"]
                            .map(|to| to.replace("{}", &column))
                            .to_vec(),
                        "TEXT" => ["{} || 'x'", "'x' || substr({}, 2)", "''"].map(|to| to.replace("{}", &column)).to_vec(),
                        _ => [
                            "substr({}, 1, length({}) - 1)",
                            "zeroblob(length({}))",
                            "x''",
                            "CAST(substr({}, 1, 9) || x'41' || substr({}, 11) AS BLOB)",
                        ]
                        .map(|to| to.replace("{}", &column))
                        .to_vec(),
                    }
                    .into_iter()
                    .map(|to| format!("UPDATE {table} SET {column} = {to} WHERE {row}")),
                );
            }
            for damage in damages {
                let (bytes, rows) = changed(&sound, &damage).await;
                if rows > 0 && bytes != sound {
                    changes += 1;
                    noticed += u32::from(judge(&bytes, &before, &damage, &mut complaints).await);
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(changes > 200 && noticed * 10 > changes * 7, "{noticed} of {changes}");
}

/// One bit in each field of every page's header, and in bytes spread over the file.
#[tokio::test]
async fn every_flipped_bit_of_the_file_is_detected() {
    let sound = sound().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(database_path(folder.path()), &sound).unwrap();
    let before = read_all(folder.path()).await.expect("it is sound");
    let seed = std::env::var("AGNEZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(3_usize);
    let stride = std::env::var("AGNEZ_FLIPS").ok().and_then(|flips| flips.parse::<usize>().ok()).map_or(1021, |flips| sound.len() / flips);
    let heads =
        (0..sound.len()).step_by(4096).flat_map(|page| [1, 3, 4, 5, 7, 8, 9, 11, 13].map(|at| page + at + if page == 0 { 100 } else { 0 }));
    let mut complaints = Vec::new();
    for (number, at) in heads.chain((seed..sound.len()).step_by(stride)).enumerate() {
        let mut flipped = sound.clone();
        let bit = (number * 5 + seed) % 8;
        flipped[at] ^= 1 << bit;
        judge(&flipped, &before, &format!("bit {bit} of byte {at} of {}", sound.len()), &mut complaints).await;
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[tokio::test]
async fn missing_rows_of_points_are_damage() {
    for table in ["tail", "chunk"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(database_path(folder.path()), sound().await).unwrap();
        let store = super::start(folder.path()).await;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database_path(folder.path()));
        let mut connection = options.connect().await.unwrap();
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let mut errors = Vec::new();
        for (cell, series) in [("a", "l"), ("a", "t"), ("b", "l")] {
            errors.extend(store.points(&id(cell), &SeriesId::plain(series), 0, 10_000).await.err());
        }
        assert!(!errors.is_empty(), "{table}");
        assert!(errors.iter().all(|error| matches!(error, StoreError::Corrupt(why) if why.contains("of the cell"))), "{table}: {errors:?}");
        store.close().await;
    }
}

/// The damage of a tail concerns its series alone: other clients' commits go on, and the journal stays short.
#[tokio::test]
async fn a_damaged_tail_refuses_only_appends_to_its_series() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = super::start(folder.path()).await;
    let noise = |part: u32| (0..100).map(|at| f64::from(part * 100 + at).sin()).collect::<Vec<f64>>();
    for cell in ["a", "b"] {
        create(&store, cell).await;
    }
    append(&store, "a", "l", vec![1.0; 4000]).await.unwrap();
    for part in 0..20 {
        append(&store, "b", "l", noise(part)).await.unwrap();
    }
    assert_eq!(store.index().series(&id("a"))[0].stored.count, 4000);
    store.close().await;
    drop(store);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database_path(folder.path()));
    let mut connection = options.connect().await.unwrap();
    let key = "SELECT key FROM series WHERE cell = 'a'";
    sqlx::query(AssertSqlSafe(format!("UPDATE tail SET points = x'00' WHERE series = ({key})"))).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    store = super::start(folder.path()).await;
    append(&store, "a", "l", vec![2.0; 60]).await.unwrap();
    change(&store, |batch| {
        for cell in ["a", "b"] {
            batch.append(&id(cell), &SeriesId::plain("l"), None, NewPoints { x: None, y: vec![3.0; 100], t: None });
        }
    })
    .await;
    for _ in 0..2 {
        let refused = |batch: &mut Batch| {
            let points = crate::server::boards::SeriesPoints { run: None, name: "l".into(), x: None, y: vec![1.0], t: None };
            crate::server::boards::append::append_to(batch, &id("a"), vec![points], &mut Default::default())
                .map_err(crate::server::error::ServerError::from)
        };
        let error = store.write(1, refused).await.unwrap_err().to_string();
        assert!(error.contains("the series 'l' of the cell 'a' are damaged"), "{error}");
        for part in 0..60 {
            append(&store, "b", "l", noise(part)).await.unwrap();
        }
        let journal = "SELECT coalesce(sum(length(points)), 0) FROM journal";
        let journal: i64 = sqlx::query_scalar(journal).fetch_one(&store.readers).await.unwrap();
        assert!(journal < 16 << 10, "{journal} bytes");
        assert!(matches!(store.points(&id("a"), &SeriesId::plain("l"), 0, 10_000).await, Err(StoreError::Corrupt(_))));
        store = super::again(store, folder.path()).await;
        assert_eq!(store.index().series(&id("a"))[0].count(), 4160, "its newer points are still there");
    }
    store.close().await;
}
