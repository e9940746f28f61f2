//! Damage of every column of every table, of every row, and of bytes of the file: an error, or what it was before; never less in silence.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};

use super::retention::note;
use super::{append, change, create, id};
use crate::server::store::*;

const FULL: StoreOptions = StoreOptions { durability: Durability::Full, accept_loss: false };
const CELLS: [&str; 5] = ["a", "b", "small", "large", "gone"];

/// A bit of everything: chunks, nodes, tails, the journal, dead series, removed cells, answers. One file, without a log beside it.
async fn sound() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = open::open(folder.path(), FULL).await.unwrap();
    opened.compaction.limits = series::compaction::Limits { journal_bytes: 4 << 10, pyramids: 3 };
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
        let record = batch.cell(&id("gone")).unwrap();
        batch.remove(&record);
        batch.reply(key(), 7, 200, "{}".into());
    })
    .await;
    store.close().await;
    drop(store);
    // A dead series of which nothing was swept yet.
    let mut opened = open::open(folder.path(), FULL).await.unwrap();
    let mut outcome = {
        let mut batch = Batch::new(&opened.index, 0, opened.compaction.version);
        batch.retain_series(&id("b"), &["l".into()]);
        batch.end(true);
        batch.finish(&mut opened.compaction.key)
    };
    let mut pending = opened.compaction.stage();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut opened.connection).await.unwrap();
    for (name, seq, floor) in &outcome.boards {
        let old = opened.index.board(name).unwrap();
        let update = sqlx::query("UPDATE board SET seq = ?, sum = ? WHERE name = ?").bind(*seq as i64);
        update.bind(integrity::checksum::board(name, *seq, *floor)).bind(&**name).execute(&mut opened.connection).await.unwrap();
        pending.state.row_counts.remove(integrity::row_counts::Table::Board, integrity::checksum::board(name, old.seq, old.floor));
        pending.state.row_counts.add(integrity::row_counts::Table::Board, integrity::checksum::board(name, *seq, *floor));
    }
    series::compaction::persist(&mut opened.connection, &mut opened.compaction, Vec::new(), &mut outcome, &mut pending).await.unwrap();
    pending.state.replace(&opened.compaction.state, &mut opened.connection).await.unwrap();
    sqlx::query("COMMIT").execute(&mut opened.connection).await.unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut opened.connection).await.unwrap();
    opened.connection.close().await.unwrap();
    std::fs::read(database_path(folder.path())).unwrap()
}

fn key() -> IdempotencyKey {
    IdempotencyKey { writer: "w".into(), number: 1 }
}

/// What a reader is told, by what it asks for; an error is `None`.
type Told = BTreeMap<String, Option<String>>;

/// `None`: the start is refused.
async fn told(folder: &Path) -> Option<Told> {
    let store = Store::open(folder, FULL, Box::new(drop)).await.ok()?;
    let mut told = Told::new();
    for cell in CELLS {
        let alive = store.read(&id(cell)).await;
        let text =
            |read: Option<(Arc<Record>, Option<Arc<str>>)>| read.map_or("none".into(), |(record, value)| record.document(value.as_deref()));
        told.insert(cell.to_owned(), alive.ok().map(text));
        let removed = store.read_removed(&id(cell)).await;
        told.insert(format!("{cell} removed"), removed.ok().map(text));
        for name in ["l", "m", "t"] {
            let page = store.points(&id(cell), name, 0, 10_000).await;
            let text = page.ok().map(|page| page.map_or("none".into(), |page| format!("{} {:?}", page.total, page.points.y)));
            told.insert(format!("{cell} {name}"), text);
        }
    }
    let boards =
        |store: &Store| store.index().boards().map(|(name, board)| format!("{name} {} {}", board.seq, board.floor)).collect::<Vec<_>>();
    let mut list = boards(&store);
    list.sort();
    told.insert("boards".to_owned(), Some(format!("{list:?}")));
    told.insert("answer".to_owned(), Some(format!("{:?}", store.index().replies().done(&key()))));
    told.insert("epoch".to_owned(), Some(store.epoch().to_owned()));
    store.close().await;
    Some(told)
}

/// Whether something cannot be read; a complaint where something else is told than before, or where what is missing is not noticed by a check.
async fn judge(bytes: &[u8], before: &Told, what: &str, complaints: &mut Vec<String>) -> bool {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(database_path(folder.path()), bytes).unwrap();
    let checked = check(&database_path(folder.path())).await;
    let now = told(folder.path()).await;
    let is_told = checked.as_ref().map_or(true, |report| report.found > 0 || report.repairable > 0);
    let Some(now) = now else {
        if !is_told {
            complaints.push(format!("{what}: the start is refused, and a check says it is sound"));
        }
        return true;
    };
    for (asked, wanted) in before {
        let heard = &now[asked];
        if heard.is_some() && heard != wanted {
            let short = |text: &Option<String>| text.as_ref().map(|text| text.chars().take(200).collect::<String>());
            complaints.push(format!("{what}: {asked} was {:?}, and is {:?}", short(wanted), short(heard)));
        } else if heard.is_none() && !is_told {
            complaints.push(format!("{what}: {asked} cannot be read, and a check says it is sound"));
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
    // What no column may hold by its type is no damage of a row.
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
async fn no_change_of_a_row_is_silent() {
    let sound = sound().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(database_path(folder.path()), &sound).unwrap();
    let before = told(folder.path()).await.expect("it is sound");
    assert!(before.values().all(Option::is_some) && before["b m"] == Some("none".into()), "{before:?}");
    assert!(before["a l"].as_ref().is_some_and(|points| points.starts_with("5000")) && before["gone removed"] != Some("none".into()));
    let copy = folder.path().join("copy");
    std::fs::write(&copy, &sound).unwrap();
    let mut file = sqlx::sqlite::SqliteConnectOptions::new().filename(&copy).connect().await.unwrap();
    let (mut changes, mut noticed, mut complaints) = (0, 0, Vec::new());
    for table in ["state", "board", "cell", "value", "series", "journal", "chunk", "node", "tail", "reply"] {
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

/// One bit in each of the parts of a page that say where its rows are, and in bytes all over the file.
#[tokio::test]
async fn no_flipped_bit_of_the_file_is_silent() {
    let sound = sound().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(database_path(folder.path()), &sound).unwrap();
    let before = told(folder.path()).await.expect("it is sound");
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
