//! Files that are damaged, foreign, older or newer: a sentence that says which and what to do, never a panic, never a wrong number.

use std::path::Path;

use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection};

use super::Disk;
use super::image::Dice;

fn start(disk: &Disk) -> Result<super::Program, String> {
    // A refused start ends by itself; a server that starts does not.
    use std::io::{BufRead, BufReader, Read};
    let mut child = disk
        .command(false)
        .args(["--port", "0"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (mut line, mut told) = (String::new(), String::new());
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if line.is_empty() {
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        child.wait().unwrap();
        return Err(told);
    }
    // Nobody reads its log any more.
    Ok(super::Program { child, address: line.split_whitespace().last().unwrap().to_owned() })
}

async fn get(server: &super::Program, path: &str) -> (u16, Value) {
    let reply = reqwest::get(format!("{}{path}", server.address)).await.unwrap();
    (reply.status().as_u16(), reply.json().await.unwrap())
}

/// The values of a page of points.
fn y(page: &Value) -> Vec<f64> {
    page["points"].as_array().map(|points| points.iter().map(|point| point[1].as_f64().unwrap()).collect()).unwrap_or_default()
}

/// 9000 points in two chunks and a tail, in a file without a journal of SQLite beside it.
async fn filled(disk: &Disk) {
    let server = disk.serve();
    let http = reqwest::Client::new();
    let line = json!({ "_id": "run", "type": "line" }).to_string();
    assert_eq!(http.post(format!("{}/values", server.address)).body(line).send().await.unwrap().status(), 201);
    for part in 0..9 {
        let points = json!({ "l": (0..1000).map(|at| f64::from(part * 1000 + at).sin()).collect::<Vec<_>>() });
        let send = http.post(format!("{}/values/run/points", server.address)).body(points.to_string());
        assert_eq!(send.send().await.unwrap().status(), 201);
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_none_are_refused_with_a_sentence_and_left_as_they_are() {
    let foreign = tempfile::tempdir().unwrap();
    let path = foreign.path().join("foreign");
    let mut other = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true).connect().await.unwrap();
    sqlx::query("CREATE TABLE cell (a)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    for bytes in [b"Dear diary, this is no database.\n".repeat(300), vec![0xA5; 40_000], std::fs::read(path).unwrap()] {
        let disk = Disk::new();
        std::fs::write(disk.data().join("agnez.sqlite"), &bytes).unwrap();
        let told = start(&disk).err().expect("it is refused");
        assert!(told.contains("agnez.sqlite") && told.contains("restore") && !told.contains("panicked"), "{told}");
        assert!(std::fs::read(disk.data().join("agnez.sqlite")).unwrap() == bytes, "nothing was changed: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flipped_bits_and_lost_ends_never_become_numbers() {
    let disk = Disk::new();
    filled(&disk).await;
    let sound = std::fs::read(disk.data().join("agnez.sqlite")).unwrap();
    // As they come out of JSON here, which may be off by the last bit.
    let text = json!((0..9000).map(|at| f64::from(at).sin()).collect::<Vec<_>>()).to_string();
    let wanted: Vec<f64> = serde_json::from_str(&text).unwrap();
    let mut dice = Dice(3);
    let (mut refused, mut told, mut whole) = (0, 0, 0);
    for round in 0..40 {
        let mut bytes = sound.clone();
        if round % 8 == 0 {
            bytes.truncate(dice.below(sound.len() as u64) as usize);
        } else {
            // Points are in the second half; pages of the schema in the first.
            (0..1 + dice.below(4)).for_each(|_| bytes[dice.below(sound.len() as u64) as usize] ^= 1 << dice.below(8));
        }
        let disk = Disk::new();
        std::fs::write(disk.data().join("agnez.sqlite"), &bytes).unwrap();
        let server = match start(&disk) {
            Ok(server) => server,
            Err(why) => {
                assert!(why.starts_with("agnez: ") && why.contains("agnez.sqlite") && !why.contains("panicked"), "round {round}: {why}");
                refused += 1;
                continue;
            }
        };
        let (status, page) = get(&server, "/values/run/points?limit=10000").await;
        if status == 200 {
            let served = y(&page);
            let wrong = served.iter().zip(&wanted).position(|(served, wanted)| served != wanted);
            assert!(wanted.starts_with(&served), "round {round}: of {} points that were served point {wrong:?} is wrong", served.len());
            whole += 1;
        } else {
            assert!(status == 500 || status == 404, "round {round}: {status} {page}");
            told += 1;
        }
    }
    assert!(refused > 0 && whole > 0, "{refused} refused, {told} told, {whole} served");
}

/// What SQLite keeps beside the database after a crash has checksums: a damaged end of it is an earlier moment, never a wrong one.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_log_of_sqlite_is_an_earlier_moment() {
    let disk = Disk::new();
    let server = disk.serve();
    let http = reqwest::Client::new();
    let line = json!({ "_id": "run", "type": "line" }).to_string();
    assert_eq!(http.post(format!("{}/values", server.address)).body(line).send().await.unwrap().status(), 201);
    for at in 0..50 {
        let send = http.post(format!("{}/values/run/points", server.address)).body(json!({ "l": [at] }).to_string());
        assert_eq!(send.send().await.unwrap().status(), 201);
    }
    server.kill();
    let files = ["agnez.sqlite", "agnez.sqlite-wal"].map(|name| (name, std::fs::read(disk.data().join(name)).unwrap()));
    let mut dice = Dice(4);
    for round in 0..16 {
        let other = Disk::new();
        for (name, bytes) in &files {
            let mut bytes = bytes.clone();
            if name.ends_with("wal") {
                let at = dice.below(bytes.len() as u64) as usize;
                if round % 2 == 0 { bytes.truncate(at) } else { bytes[at] ^= 0x10 }
            }
            std::fs::write(other.data().join(name), bytes).unwrap();
        }
        let Ok(server) = start(&other) else { continue };
        let (status, page) = get(&server, "/values/run/points").await;
        let y = y(&page);
        assert!(status == 200 || status == 404, "round {round}: {status} {page}");
        assert!(y.iter().enumerate().all(|(at, y)| *y == at as f64), "round {round}: {y:?}");
    }
}

/// One character of a text that is still a text: only a checksum tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_character_of_a_cell_is_told_and_never_shown() {
    let disk = Disk::new();
    let server = disk.serve();
    let http = reqwest::Client::new();
    let large = "weights ".repeat(5000);
    for cell in [
        json!({ "_id": "small", "type": "note", "name": "rate", "value": "lr = 0.1" }),
        json!({ "_id": "large", "type": "note", "value": large }),
        json!({ "_id": "run", "type": "line" }),
    ] {
        assert_eq!(http.post(format!("{}/values", server.address)).body(cell.to_string()).send().await.unwrap().status(), 201);
    }
    let points = http.post(format!("{}/values/run/points", server.address)).header("Idempotency-Key", "w:1").body("{\"loss\":[1]}");
    assert_eq!(points.send().await.unwrap().status(), 201);
    server.stop();
    let sound = std::fs::read(disk.data().join("agnez.sqlite")).unwrap();
    let damaged = async |change: &'static str| {
        let disk = Disk::new();
        std::fs::write(disk.data().join("agnez.sqlite"), &sound).unwrap();
        let mut file = database(&disk.data().join("agnez.sqlite")).await;
        assert_eq!(sqlx::query(change).execute(&mut file).await.unwrap().rows_affected(), 1, "{change}");
        file.close().await.unwrap();
        let checked = disk.command(false).arg("check").output().unwrap();
        let report = String::from_utf8(checked.stdout).unwrap() + &String::from_utf8(checked.stderr).unwrap();
        assert!(!checked.status.success() && report.contains("is damaged"), "{change}: {report}");
        (disk, report)
    };
    for (change, row) in [
        ("UPDATE cell SET doc = replace(doc, 'rate', 'rite') WHERE id = 'small'", "the row of the cell 'small' is damaged"),
        ("UPDATE cell SET rev = 7 WHERE id = 'small'", "the row of the cell 'small' is damaged"),
        ("UPDATE board SET seq = seq + 1", "the row of the board 'main' is damaged"),
        ("UPDATE series SET name = 'lose'", "the row of the series 'lose' of the cell 'run' is damaged"),
        ("UPDATE reply SET answer = replace(answer, '1', '2')", "the answer to 'w:1' is damaged"),
    ] {
        let (disk, report) = damaged(change).await;
        let told = start(&disk).err().expect("it is refused");
        assert!(told.contains(row) && told.contains("restore") && report.contains(row), "{told}\n{report}");
    }
    for (id, change) in [
        ("small", "UPDATE value SET json = replace(json, '0.1', '0.7') WHERE id = 'small'"),
        ("large", "UPDATE value SET json = replace(json, 'ghts \"', 'ghty \"') WHERE id = 'large'"),
    ] {
        let (disk, report) = damaged(change).await;
        assert!(report.contains(&format!("the value of the cell '{id}' is damaged")), "{report}");
        // The rest of the board is served; this value is an error, also on the page, until it is sent again.
        let server = start(&disk).unwrap();
        assert_eq!(get(&server, &format!("/values/{id}")).await.0, 500);
        assert_eq!(get(&server, "/values/run/points").await.0, 200);
        let page = reqwest::get(&server.address).await.unwrap().text().await.unwrap();
        assert!(page.contains("This value is damaged on disk") && !page.contains("lr = 0.7"));
        let again = http.patch(format!("{}/values/{id}", server.address)).body("{\"value\":\"again\"}").send().await.unwrap();
        assert_eq!(again.status(), 200);
        assert_eq!(get(&server, &format!("/values/{id}")).await.1["value"], "again");
    }
}

/// A power cut before the database was in the mode that it stays in.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_cut_left_half_written_is_taken_back_by_the_start() {
    let disk = Disk::new();
    filled(&disk).await;
    let file = disk.data().join("agnez.sqlite");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).journal_mode(sqlx::sqlite::SqliteJournalMode::Delete);
    let mut cut = options.pragma("cache_size", "1").connect().await.unwrap();
    sqlx::query("BEGIN").execute(&mut cut).await.unwrap();
    sqlx::query("UPDATE chunk SET points = randomblob(20000)").execute(&mut cut).await.unwrap();
    sqlx::query("DELETE FROM journal").execute(&mut cut).await.unwrap();
    sqlx::query("INSERT INTO journal (points) VALUES (randomblob(2000000))").execute(&mut cut).await.unwrap();
    let other = Disk::new();
    for name in ["agnez.sqlite", "agnez.sqlite-journal"] {
        std::fs::copy(disk.data().join(name), other.data().join(name)).unwrap();
    }
    assert!(std::fs::metadata(other.data().join("agnez.sqlite-journal")).unwrap().len() > 0, "it was cut in the middle");
    let server = start(&other).unwrap();
    assert_eq!(y(&get(&server, "/values/run/points?limit=10000").await.1).len(), 9000);
}

async fn database(path: &Path) -> sqlx::SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

/// Databases as the earlier versions of this program made them, from their migrations, with a cell in each.
#[tokio::test(flavor = "multi_thread")]
async fn every_earlier_schema_is_brought_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for newest in 1..=files.len() {
        let disk = Disk::new();
        let mut old = database(&disk.data().join("agnez.sqlite")).await;
        let mut steps = Vec::new();
        for (version, file) in (1..).zip(&files[..newest]) {
            let name = file.file_stem().unwrap().to_str().unwrap()[5..].to_owned();
            let sql = sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(std::fs::read_to_string(file).unwrap()));
            steps.push(sqlx::migrate::Migration::new(version, name.into(), sqlx::migrate::MigrationType::Simple, sql, false));
        }
        sqlx::migrate::Migrator::with_migrations(steps).run(&mut old).await.unwrap();
        let cell = "INSERT INTO cell (id, board, seq, entered, born, rev, version, created, updated, removed, doc)
                    VALUES ('a', 'main', 1, 1, 1, 1, 1, 0, 0, 0, '{\"n\":7,\"type\":\"line\"}')";
        sqlx::query(cell).execute(&mut old).await.unwrap();
        sqlx::query("INSERT INTO board (name, seq, floor) VALUES ('main', 1, 0)").execute(&mut old).await.unwrap();
        if newest > 1 {
            sqlx::query("INSERT INTO series (key, cell, name, sealed, seq, dead) VALUES (1, 'a', 'l', 0, 1, 0)")
                .execute(&mut old)
                .await
                .unwrap();
            // A row of the journal's first form: two points.
            let words = [1, 0, 1, 2].into_iter().chain([0.0, 1.0, 0.5, 0.25, 1.8e9, 1.8e9].map(f64::to_bits));
            let row: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
            sqlx::query("INSERT INTO journal (points) VALUES (?)").bind(row).execute(&mut old).await.unwrap();
        }
        old.close().await.unwrap();
        let server = start(&disk).unwrap_or_else(|why| panic!("schema {newest}: {why}"));
        assert_eq!(get(&server, "/values/a").await.1["n"], 7, "schema {newest}");
        if newest > 1 {
            assert_eq!(y(&get(&server, "/values/a/points").await.1), [0.5, 0.25], "schema {newest}");
        }
    }
}
