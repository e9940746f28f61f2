//! Files that are damaged, foreign, older or newer: a sentence that says which and what to do, never a panic, never a wrong number.

use std::path::Path;

use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection};

use super::Disk;
use super::image::SplitMix64;

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
    let (mut line, mut message) = (String::new(), String::new());
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if line.is_empty() {
        child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        child.wait().unwrap();
        return Err(message);
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
        let message = start(&disk).err().expect("it is refused");
        assert!(message.contains("agnez.sqlite") && message.contains("restore") && !message.contains("panicked"), "{message}");
        assert!(std::fs::read(disk.data().join("agnez.sqlite")).unwrap() == bytes, "nothing was changed: {message}");
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
    let mut rng = SplitMix64(3);
    let (mut refused, mut reported, mut whole) = (0, 0, 0);
    for round in 0..40 {
        let mut bytes = sound.clone();
        if round % 8 == 0 {
            bytes.truncate(rng.below(sound.len() as u64) as usize);
        } else {
            // Points are in the second half; pages of the schema in the first.
            (0..1 + rng.below(4)).for_each(|_| bytes[rng.below(sound.len() as u64) as usize] ^= 1 << rng.below(8));
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
            reported += 1;
        }
    }
    assert!(refused > 0 && whole > 0, "{refused} refused, {reported} reported, {whole} served");
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
        ("UPDATE series SET dead = 1", "the row of the series 'loss' of the cell 'run' is damaged"),
        ("UPDATE series SET sealed = 4096", "the row of the series 'loss' of the cell 'run' is damaged"),
        ("UPDATE state SET commits = commits - 1", "the row about the file as a whole is damaged"),
        ("UPDATE cell SET removed = 1 WHERE id = 'small'", "the row of the cell 'small' is damaged"),
        ("UPDATE reply SET answer = replace(answer, '1', '2')", "the answer to 'w:1' is damaged"),
    ] {
        let (disk, report) = damaged(change).await;
        let message = start(&disk).err().expect("it is refused");
        assert!(message.contains(row) && message.contains("restore") && report.contains(row), "{message}\n{report}");
    }
    for (id, change) in [
        ("small", "UPDATE value SET json = replace(json, '0.1', '0.7') WHERE cell = 'small'"),
        ("large", "UPDATE value SET json = replace(json, 'ghts \"', 'ghty \"') WHERE cell = 'large'"),
    ] {
        let (disk, report) = damaged(change).await;
        assert!(report.contains(&format!("the value of the cell '{id}' is damaged")), "{report}");
        // The rest of the board is served; this value is an error, also on the page, until it is sent again.
        let server = start(&disk).unwrap();
        assert_eq!(get(&server, &format!("/values/{id}")).await.0, 500);
        assert_eq!(get(&server, "/values/run/points").await.0, 200);
        // Lists and feeds say which it is, and tell the others.
        for list in ["/values", "/values?$select[]=value"] {
            let (status, cells) = get(&server, list).await;
            let of = |id: &str| cells.as_array().unwrap().iter().find(|cell| cell["_id"] == id).unwrap().clone();
            let other = if id == "small" { "large" } else { "small" };
            assert!(status == 200 && of(other)["value"].is_string() && of(other).get("damaged").is_none(), "{cells}");
            assert!(of(id).get("value").is_none() && of(id)["damaged"].as_str().unwrap().contains("damaged on disk"), "{cells}");
        }
        let url = format!("{}/live?epoch=other&since=0", server.address.replace("http://", "ws://"));
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut seen = Vec::new();
        while seen.len() < 3 {
            let frame: Value =
                serde_json::from_str(futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap().to_text().unwrap()).unwrap();
            if frame["event"] == "created" {
                assert_eq!(frame["data"]["_id"] == id, frame["data"].get("damaged").is_some(), "{frame}");
                seen.push(frame["data"]["_id"].clone());
            }
        }
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

/// Until the first release a database of another schema is not read, and not touched.
#[tokio::test(flavor = "multi_thread")]
async fn another_schema_is_refused_with_a_sentence() {
    for number in [0, 2] {
        let disk = Disk::new();
        filled(&disk).await;
        let file = disk.data().join("agnez.sqlite");
        let mut other = database(&file).await;
        sqlx::query("UPDATE _sqlx_migrations SET version = ?").bind(number).execute(&mut other).await.unwrap();
        other.close().await.unwrap();
        let before = std::fs::read(&file).unwrap();
        let message = start(&disk).err().expect("it is refused");
        assert!(
            message.contains(&format!("has the schema {number}, and this Agnez needs the schema 1;"))
                && message.contains("nothing was changed"),
            "{message}"
        );
        assert!(std::fs::read(&file).unwrap() == before);
    }
}

/// A database that was cut off beside files that only a used one has.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_lost_its_bytes_is_not_taken_for_a_new_one() {
    let disk = Disk::new();
    filled(&disk).await;
    let file = disk.data().join("agnez.sqlite");
    let sound = std::fs::read(&file).unwrap();
    for left in [Some(0), Some(1), Some(100), None] {
        match left {
            Some(bytes) => std::fs::write(&file, &sound[..bytes]).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let message = start(&disk).err().expect("it is refused");
        assert!(
            message.contains("agnez.sqlite") && message.contains("restore") && message.contains("--accept-loss"),
            "{left:?}: {message}"
        );
        assert_eq!(std::fs::metadata(&file).ok().map(|file| file.len() as usize), left, "nothing was changed");
        assert!(!disk.command(false).arg("check").output().unwrap().status.success());
        let mark = disk.data().join("agnez.mark");
        let marked = std::fs::read(&mark).unwrap();
        if left.is_some() {
            // Without what the last run noted, what it left beside the database tells.
            std::fs::remove_file(&mark).unwrap();
            assert!(start(&disk).err().is_some_and(|message| message.contains("bytes")));
        }
        std::fs::write(&mark, &marked).unwrap();
    }
    let other = Disk::new();
    std::fs::write(other.data().join("agnez.sqlite"), b"").unwrap();
    assert!(start(&other).is_ok(), "a power cut in the first moments leaves an empty file");
}

/// The epoch, and the number of the last event of a board.
async fn moment(server: &super::Program) -> (String, u64) {
    use futures_util::StreamExt;
    let url = format!("{}/live", server.address.replace("http://", "ws://"));
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let hello: Value = serde_json::from_str(socket.next().await.unwrap().unwrap().to_text().unwrap()).unwrap();
    (hello["epoch"].as_str().unwrap().to_owned(), hello["seq"].as_u64().unwrap())
}

/// After a crash, damage anywhere in SQLite's log that takes acknowledged changes is reported, and with them nothing begins unless that is accepted.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_log_of_sqlite_is_told_and_loses_nothing_silently() {
    let disk = Disk::new();
    let server = disk.serve();
    let http = reqwest::Client::new();
    let line = json!({ "_id": "run", "type": "line" }).to_string();
    assert_eq!(http.post(format!("{}/values", server.address)).body(line).send().await.unwrap().status(), 201);
    for at in 0..30 {
        let send = http.post(format!("{}/values/run/points", server.address)).body(json!({ "l": [at] }).to_string());
        assert_eq!(send.send().await.unwrap().status(), 201);
    }
    let (epoch, seq) = moment(&server).await;
    server.kill();
    let names = ["agnez.sqlite", "agnez.sqlite-wal", "agnez.mark"];
    let files = names.map(|name| (name, std::fs::read(disk.data().join(name)).unwrap()));
    let copy = |with_mark: bool, change: &dyn Fn(&mut Vec<u8>)| {
        let other = Disk::new();
        for (name, bytes) in &files {
            let mut bytes = bytes.clone();
            if name.ends_with("wal") {
                change(&mut bytes);
            }
            if with_mark || !name.ends_with("mark") {
                std::fs::write(other.data().join(name), bytes).unwrap();
            }
        }
        other
    };
    let length = files[1].1.len();
    let mut rng = SplitMix64(4);
    for round in 0..24 {
        // Every place, the head of the log and its last commit too.
        let at = [0, 9, 17, 40, length - 30, length - 4000, rng.below(length as u64) as usize][round.min(6)];
        let is_cut = round % 2 == 0 && round > 6;
        let change = |log: &mut Vec<u8>| if is_cut { log.truncate(at) } else { log[at] ^= 1 << (round % 8) };
        let other = copy(true, &change);
        let message = start(&other).err().unwrap_or_else(|| panic!("round {round}: a change at byte {at} of {length} is taken"));
        assert!(
            message.contains("acknowledged") && message.contains("agnez.sqlite-wal") && message.contains("byte") || at == 0,
            "{message}"
        );
        assert!(message.contains("restore") && message.contains("--accept-loss"), "{message}");
        assert!(!other.command(false).arg("check").output().unwrap().status.success());
        if round % 4 < 2 {
            let server = other.serve_with(false, &["--accept-loss"]);
            let (new, reached) = moment(&server).await;
            assert!(new != epoch && reached <= seq, "a number that went back is one of a new epoch");
            let (status, page) = get(&server, "/values/run/points").await;
            assert!(status == 404 || y(&page).iter().enumerate().all(|(at, y)| *y == at as f64), "round {round}: {page}");
            server.kill();
            // After a power cut, too, which takes what was noted beside the database: nothing is left of the damaged log.
            std::fs::remove_file(other.data().join("agnez.mark")).unwrap();
            assert_eq!(start(&other).err(), None, "round {round}: once is enough");
        }
        // What the log itself says: damage before the last two commits.
        if !is_cut && at > 32 && at < length - 40_000 {
            let message =
                start(&copy(false, &change)).err().unwrap_or_else(|| panic!("round {round}: byte {at} of {length}, without a mark"));
            assert!(message.contains("is damaged at byte"), "{message}");
        }
    }
    let server = start(&copy(true, &|_| {})).unwrap();
    assert_eq!(moment(&server).await, (epoch.clone(), seq), "a sound log is read as it is");
    // An older copy of the database in its place.
    drop(server);
    let other = copy(true, &|log| log.clear());
    std::fs::remove_file(other.data().join("agnez.sqlite-wal")).unwrap();
    let message = start(&other).err().expect("it is refused");
    assert!(message.contains("are missing"), "{message}");
}

/// What is written to a file that was removed is in no backup and is gone with the process.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_removed_or_replaced_while_a_server_runs_stop_its_changes() {
    for name in ["", "agnez.sqlite", "agnez.sqlite-wal", "agnez.sqlite-shm", "agnez.lock"] {
        for is_replaced in [false, true] {
            let disk = Disk::new();
            let server = disk.serve();
            let http = reqwest::Client::new();
            let post = async |id: &str| {
                let cell = json!({ "_id": id, "n": 0 }).to_string();
                http.post(format!("{}/values", server.address)).body(cell).send().await.unwrap().status().as_u16()
            };
            assert_eq!(post("a").await, 201);
            let (path, aside) = (disk.data().join(name), disk.folder.path().join("aside"));
            std::fs::rename(&path, &aside).unwrap();
            if is_replaced && name.is_empty() {
                std::fs::create_dir(&path).unwrap();
            } else if is_replaced {
                std::fs::copy(&aside, &path).unwrap();
            }
            assert_eq!(post("b").await, 500, "{name} {is_replaced}");
            let ready = http.get(format!("{}/readyz", server.address)).send().await.unwrap();
            assert_eq!(ready.status(), 503, "{name} {is_replaced}");
            assert_eq!(get(&server, "/values/a").await.0, 200, "reading goes on");
        }
    }
}

/// Whoever removes the lock does not let a second server in.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_is_refused_also_where_the_lock_is_gone() {
    let disk = Disk::new();
    let server = disk.serve();
    std::fs::remove_file(disk.data().join("agnez.lock")).unwrap();
    let message = start(&disk).err().expect("it is refused");
    assert!(message.contains("in use by another Agnez"), "{message}");
    drop(server);
}
