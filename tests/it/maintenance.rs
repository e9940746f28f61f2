//! Copies of the data, looking whether it is sound, and what a service manager and Prometheus ask.

use std::path::Path;

use agnez::server::{Args, run_command};
use clap::Parser;
use sqlx::{ConnectOptions, Connection};

use crate::support::{Running, spawn, spawn_in};

/// A command as on the command line.
async fn command(line: &[&str]) -> Result<String, String> {
    let args = Args::parse_from(std::iter::once("agnez").chain(line.iter().copied()));
    run_command(args.command.as_ref().unwrap(), &args.config().unwrap()).await.map_err(|error| error.to_string())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Two boards, a removed cell, and a series with a sealed chunk and a tail.
async fn filled() -> Running {
    let server = spawn().await;
    server.create(r#"{"_id":"run","type":"line"}"#).await;
    let points: Vec<_> = (0..5_000).map(|step| format!("[{step},{}]", f64::from(step).sin())).collect();
    assert_eq!(server.call("POST", "/values/run/points", format!(r#"{{"loss":[{}]}}"#, points.join(","))).await.status, 201);
    server.create(r#"{"_id":"note","type":"text","value":"hello","board":"other"}"#).await;
    let gone = server.create("{}").await;
    server.call("DELETE", &format!("/values/{gone}"), "").await;
    server
}

async fn change(database: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
    let mut connection = options.connect().await.unwrap();
    assert!(sqlx::query(sql).execute(&mut connection).await.unwrap().rows_affected() > 0);
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_backup_of_a_running_server_comes_back_whole_and_as_a_new_epoch() {
    let server = filled().await;
    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (server.folder.path().join("data"), folder.path().join("copy.sqlite"));
    let output = command(&["backup", text(&copy), "--data", text(&data)]).await.unwrap();
    assert!(output.contains("2 cells in 2 boards, 5000 points in 1 series; 1 removed cell that can be brought back"), "{output}");
    let mode = std::os::unix::fs::MetadataExt::mode(&copy.metadata().unwrap());
    assert_eq!(mode & 0o777, 0o600, "it has what the data folder keeps for its owner");
    let (values, points) = (server.get("/values").await, server.get("/values/run/points?limit=10000").await);
    server.create(r#"{"_id":"later"}"#).await;
    let again = command(&["backup", text(&copy), "--data", text(&data)]).await.unwrap_err();
    assert!(again.contains("is there already"), "{again}");

    command(&["restore", text(&copy), "--data", text(&folder.path().join("data"))]).await.unwrap();
    let restored = spawn_in(folder, &[]).await;
    assert_eq!(restored.get("/values").await, values);
    let again = restored.get("/values/run/points?limit=10000").await;
    assert!(again["points"] == points["points"], "the points differ");
    assert_ne!(again["generation"], points["generation"], "another epoch may hold other points under the same key");
    let epoch = async |server: &Running| server.live("").await.next().await.unwrap()["epoch"].clone();
    assert_ne!(epoch(&server).await, epoch(&restored).await);
    assert_eq!(restored.call("POST", "/values/run/points", r#"{"loss":[[5000,1]]}"#).await.status, 201);
}

#[tokio::test]
async fn what_root_restores_belongs_to_the_owner_of_the_folder() {
    let server = filled().await;
    let folder = tempfile::tempdir().unwrap();
    let (copy, data) = (folder.path().join("copy.sqlite"), folder.path().join("data"));
    command(&["backup", text(&copy), "--data", text(&server.folder.path().join("data"))]).await.unwrap();
    std::fs::create_dir(&data).unwrap();
    if std::os::unix::fs::chown(&data, Some(65534), Some(65534)).is_err() {
        eprintln!("skipped: only root can make files for others");
        return;
    }
    for _ in 0..2 {
        command(&["restore", text(&copy), "--data", text(&data), "--replace"]).await.unwrap();
        let owners = std::fs::read_dir(&data).unwrap().map(|file| std::os::unix::fs::MetadataExt::uid(&file.unwrap().metadata().unwrap()));
        assert_eq!(owners.collect::<std::collections::HashSet<_>>(), [65534].into());
    }
}

#[tokio::test]
async fn a_restore_never_takes_what_is_there() {
    let mut server = filled().await;
    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (server.folder.path().join("data"), folder.path().join("copy.sqlite"));
    command(&["backup", text(&copy), "--data", text(&data)]).await.unwrap();
    server.create(r#"{"_id":"later"}"#).await;
    let running = command(&["restore", text(&copy), "--replace", "--data", text(&data)]).await.unwrap_err();
    assert!(running.contains("in use by another Agnez"), "{running}");
    server.stop().await;
    let occupied = command(&["restore", text(&copy), "--data", text(&data)]).await.unwrap_err();
    assert!(occupied.contains("--replace"), "{occupied}");
    let output = command(&["restore", text(&copy), "--replace", "--data", text(&data)]).await.unwrap();
    let kept = output.split_whitespace().last().unwrap().trim_end_matches('.');
    let kept = command(&["check", kept]).await.unwrap();
    assert!(kept.contains("3 cells in 2 boards"), "{kept}");
    server.restart(&[]).await;
    assert_eq!(server.call("GET", "/values/later", "").await.status, 404);
    assert_eq!(server.get("/values/note").await["value"], "hello");
}

#[tokio::test]
async fn damage_is_found_and_never_restored() {
    let mut server = filled().await;
    let data = server.folder.path().join("data");
    server.stop().await;
    assert!(command(&["check", "--data", text(&data)]).await.unwrap().contains("is sound"));
    change(&data.join("agnez.sqlite"), "UPDATE node SET nodes = x'01'").await;
    let mendable = command(&["check", "--data", text(&data)]).await.unwrap();
    assert!(mendable.contains("Nothing is lost"), "{mendable}");
    change(&data.join("agnez.sqlite"), "UPDATE chunk SET points = substr(points, 1, 100)").await;
    let found = command(&["check", "--data", text(&data)]).await.unwrap_err();
    assert!(found.contains("points 0 to 4095 of the series 'loss' of the cell 'run' cannot be read"), "{found}");
    let copy = server.folder.path().join("copy.sqlite");
    let refused = command(&["backup", text(&copy), "--data", text(&data)]).await.unwrap_err();
    assert!(refused.contains("is damaged"), "{refused}");
    assert!(!copy.exists(), "no half of a backup is left");
    std::fs::write(&copy, b"not a database, but long enough to be looked at as one would be").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let nothing = command(&["restore", text(&copy), "--data", text(&folder.path().join("data"))]).await.unwrap_err();
    assert!(nothing.contains("cannot be read: file is not a database. Name a file that 'agnez backup' has written"), "{nothing}");
    let neither = command(&["check", text(&copy)]).await.unwrap_err();
    assert_eq!(neither, nothing, "the same of a file that is named to be looked at");
    let absent = command(&["check", text(&folder.path().join("absent.sqlite"))]).await.unwrap_err();
    assert!(absent.starts_with("There is no file") && absent.contains("'agnez backup' has written"), "{absent}");
    assert!(!folder.path().join("data").exists());
    let missing = command(&["backup", text(&folder.path().join("x")), "--data", text(folder.path())]).await.unwrap_err();
    assert!(missing.contains("There is no database"), "{missing}");
}

#[tokio::test]
async fn a_watcher_hears_that_the_server_is_well_and_what_it_holds() {
    let server = filled().await;
    for path in ["/healthz", "/readyz"] {
        let reply = server.call("GET", path, "").await;
        assert_eq!((reply.status, reply.text.as_str()), (200, "ok\n"), "{path}");
    }
    let _reader = server.live("").await.next().await;
    let counts = async |status: &str| -> f64 {
        let metrics = server.call("GET", "/metrics", "").await.text;
        let name = format!("\nagnez_requests_total{{status=\"{status}\"}} ");
        metrics.split_once(&name).and_then(|(_, rest)| rest.lines().next()).unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
    };
    let (well, refused) = (counts("2xx").await, counts("4xx").await);
    assert_eq!(server.call("GET", "/values/none", "").await.status, 404);
    // Those for the figures themselves are requests, too.
    assert_eq!((counts("2xx").await, counts("4xx").await, counts("5xx").await), (well + 2.0, refused + 1.0, 0.0));
    let metrics = server.call("GET", "/metrics", "").await;
    assert!(metrics.headers["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let value = |name: &str| -> f64 {
        let line = metrics.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {}", metrics.text)).parse().unwrap()
    };
    assert_eq!((value("agnez_cells"), value("agnez_series"), value("agnez_points")), (2.0, 1.0, 5_000.0));
    assert_eq!((value("agnez_ready"), value("agnez_queue_operations"), value("agnez_curves_waiting")), (1.0, 0.0, 0.0));
    assert!(value("agnez_commits_total") >= 5.0 && value("process_resident_memory_bytes") > 1e6);
    for name in metrics.text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split([' ', '{']).next()) {
        let parts = ["_bucket", "_sum", "_count"].iter().filter_map(|part| name.strip_suffix(part));
        let has_type = |name: &str, kind: &str| metrics.text.contains(&format!("# TYPE {name} {kind}"));
        let is_histogram = parts.into_iter().any(|name| has_type(name, "histogram"));
        assert!(is_histogram || has_type(name, "gauge") || has_type(name, "counter"), "{name} has a type");
    }
    // Latencies, each in a bounded number of series.
    assert!(value("agnez_commit_duration_seconds_count") >= 5.0 && value("agnez_commit_duration_seconds_sum") > 0.0);
    let reads = value("agnez_request_duration_seconds_count{method=\"GET\",status=\"2xx\"}");
    assert!(reads >= 2.0 && metrics.text.lines().count() < 1000);
}

/// Copies the files of a data folder as a crash would leave them, the journal of SQLite among them.
fn crashed(server: &Running, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(server.folder.path().join("data")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test]
async fn what_sqlite_keeps_beside_a_database_is_a_part_of_it_and_of_no_other() {
    let server = filled().await;
    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy.sqlite"));
    command(&["backup", text(&copy), "--data", text(&server.folder.path().join("data"))]).await.unwrap();
    server.create(r#"{"_id":"later"}"#).await;
    crashed(&server, &data);
    assert!(std::fs::metadata(data.join("agnez.sqlite-wal")).unwrap().len() > 0);
    // Restored from a database that a crash left: all that was acknowledged.
    let other = folder.path().join("other");
    command(&["restore", text(&data.join("agnez.sqlite")), "--data", text(&other)]).await.unwrap();
    assert!(command(&["check", "--data", text(&other)]).await.unwrap().contains("3 cells in 2 boards"));
    // The journal of a database that somebody deleted is not taken for the restored one's.
    std::fs::remove_file(data.join("agnez.sqlite")).unwrap();
    command(&["restore", text(&copy), "--data", text(&data)]).await.unwrap();
    assert!(command(&["check", "--data", text(&data)]).await.unwrap().contains("2 cells in 2 boards, 5000 points"));
    // And one that is put aside can be restored as it was.
    crashed(&server, &data);
    let output = command(&["restore", text(&copy), "--replace", "--data", text(&data)]).await.unwrap();
    let kept = output.split_whitespace().last().unwrap().trim_end_matches('.');
    command(&["restore", kept, "--replace", "--data", text(&data)]).await.unwrap();
    assert!(command(&["check", "--data", text(&data)]).await.unwrap().contains("3 cells in 2 boards"));
}

/// Columns are made from nodes; nodes can be made from points.
#[tokio::test]
async fn damaged_nodes_are_rebuilt_on_demand_and_stop_no_other_read() {
    for damage in ["UPDATE node SET nodes = x'0201'", "DELETE FROM node"] {
        let mut server = spawn().await;
        server.create(r#"{"_id":"run","type":"line"}"#).await;
        let y: Vec<_> = (0..200_000).map(|step| f64::from(step % 977).sin().to_string()).collect();
        assert_eq!(server.call("POST", "/values/run/points", format!(r#"{{"loss":[{}]}}"#, y.join(","))).await.status, 201);
        let wanted = server.get("/values/run/columns?from=10&to=180000&width=300").await;
        server.stop().await;
        let data = server.folder.path().join("data");
        change(&data.join("agnez.sqlite"), damage).await;
        let output = command(&["check", "--data", text(&data)]).await.unwrap();
        assert!(output.contains("Nothing is lost"), "{damage}: {output}");
        server.restart(&[]).await;
        let columns = "/values/run/columns?from=10&to=180000&width=300";
        if damage.starts_with("UPDATE") {
            // The writer meets it first.
            assert_eq!(server.call("POST", "/values/run/points", r#"{"loss":[5]}"#).await.status, 201);
            let more: Vec<_> = (0..5_000).map(|_| "0.5").collect();
            assert_eq!(server.call("POST", "/values/run/points", format!(r#"{{"loss":[{}]}}"#, more.join(","))).await.status, 201);
            let reply = server.call("GET", columns, "").await;
            assert_eq!(reply.status, 200, "{}", reply.text);
            let series = |answer: &serde_json::Value| answer["cells"]["run"]["series"][0]["columns"].clone();
            assert_eq!(series(&reply.json()), series(&wanted), "{damage}");
        } else {
            let reply = server.call("GET", columns, "").await;
            assert_eq!((reply.status, reply.json()), (200, wanted), "{damage}");
        }
        assert_eq!(server.call("POST", "/values", r#"{"_id":"other"}"#).await.status, 201);
        server.stop().await;
        let output = command(&["check", "--data", text(&data)]).await.unwrap();
        assert!(output.contains("is sound") && !output.contains("damaged"), "{damage}: {output}");
    }
}

#[tokio::test]
async fn damaged_points_are_told_and_stop_no_other_cell() {
    let mut server = filled().await;
    server.stop().await;
    let data = server.folder.path().join("data");
    change(&data.join("agnez.sqlite"), "UPDATE chunk SET points = substr(points, 1, 100)").await;
    change(&data.join("agnez.sqlite"), "DELETE FROM node").await;
    server.restart(&[]).await;
    for _ in 0..2 {
        let reply = server.call("GET", "/values/run/columns?from=10&to=50&width=300", "").await;
        assert!(reply.status == 500 && reply.text.contains("agnez check"), "{} {}", reply.status, reply.text);
    }
    server.create(r#"{"_id":"well","type":"line","value":{"series":{"l":[1,2]}}}"#).await;
    let reply = server.call("GET", "/columns?cells=run,well&from=10&to=50&width=300", "").await;
    let cells = &reply.json()["cells"];
    assert!(reply.status == 200 && cells["run"]["damaged"].is_string() && cells["well"]["series"][0]["name"] == "l", "{}", reply.text);
    assert!(server.call("GET", "/metrics", "").await.text.contains("\nagnez_database_faults 1"));
    let many: Vec<_> = (0..5_000).map(|_| "1").collect();
    // The points that would complete a chunk wait in the journal; more are refused.
    for status in [201, 500, 500] {
        let reply = server.call("POST", "/values/run/points", format!(r#"{{"loss":[{}]}}"#, many.join(","))).await;
        assert!(reply.status == status && (status == 201 || reply.text.contains("the series 'loss'")), "{} {}", reply.status, reply.text);
    }
    assert_eq!(server.call("POST", "/values", r#"{"_id":"other"}"#).await.status, 201);
    assert_eq!(server.call("GET", "/readyz", "").await.status, 200);
}
