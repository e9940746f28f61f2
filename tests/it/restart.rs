//! What a restart keeps, and what a start refuses.

use agnez::server::{Args, Server};
use clap::Parser;
use serde_json::json;

use crate::support::{event_labels, spawn, spawn_in, start_program};

#[tokio::test]
async fn a_restart_shows_the_same_board_and_goes_on_counting() {
    let mut server = spawn().await;
    let body = r#"[{"name":"a","pos":1,"x":{"y":[1.5]}},{"name":"b","pos":0,"value":"<b>"},{"name":"c","board":"other","value":"V"}]"#;
    server.call("POST", "/values", body.replace('V', &"v".repeat(50_000))).await;
    let gone = server.create("{}").await;
    server.call("DELETE", &format!("/values/{gone}"), "").await;
    let (before, page) = (server.get("/values").await, server.board("main").await);
    let hello = server.live("").await.next().await.unwrap();
    server.restart(&[]).await;
    assert_eq!(server.get("/values").await, before);
    assert_eq!(server.board("main").await, page);
    let epoch = hello["epoch"].as_str().unwrap();
    let mut live = server.live(&format!("epoch={epoch}&since=2")).await;
    assert_eq!(event_labels(&live.until(4).await), ["hello 4", "removed 4"]);
    server.create("{}").await;
    assert_eq!(event_labels(&live.take(1).await), ["created 5"]);
}

#[tokio::test]
async fn the_epoch_changes_only_when_history_may_have_been_undone() {
    let mut server = spawn_in(tempfile::tempdir().unwrap(), &["--durability", "normal"]).await;
    let epoch = async |server: &crate::support::Running| server.live("").await.next().await.unwrap()["epoch"].clone();
    let first = epoch(&server).await;
    server.restart(&["--durability", "normal"]).await;
    assert_eq!(epoch(&server).await, first, "it ended well");
    // A copy of the folder as a power cut would leave it: nobody noted a good end.
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("data")).unwrap();
    for file in std::fs::read_dir(server.folder.path().join("data")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join("data").join(file.file_name())).unwrap();
    }
    let other = spawn_in(copy, &[]).await;
    assert_ne!(epoch(&other).await, first);
}

#[tokio::test]
async fn a_start_that_cannot_be_says_why() {
    let mut server = spawn().await;
    let folder = server.folder.path().to_owned();
    let data = folder.join("data");
    let start = async |flags: &[&str]| {
        let config = match Args::parse_from(std::iter::once("agnez").chain(flags.iter().copied())).config() {
            Ok(config) => config,
            Err(error) => return error.to_string(),
        };
        Server::start(&config).await.err().expect("it must not start").to_string()
    };
    let taken = start(&["--port", &server.port.to_string(), "--data", folder.join("x").to_str().unwrap()]).await;
    assert!(taken.starts_with(&format!("Port {} is taken", server.port)), "{taken}");
    assert!(!folder.join("x").exists(), "a taken port touches no data");
    let locked = start(&["--port", "0", "--data", data.to_str().unwrap()]).await;
    assert!(locked.contains("in use by another Agnez"), "{locked}");
    let named = start(&["--port", "0", "--host", "gpu-box", "--data", folder.join("x").to_str().unwrap()]).await;
    assert!(named.contains("takes an IP address"), "{named}");
    std::fs::create_dir(folder.join("damaged")).unwrap();
    std::fs::write(folder.join("damaged/access.json"), "{").unwrap();
    let damaged = start(&["--port", "0", "--data", folder.join("damaged").to_str().unwrap()]).await;
    assert!(damaged.contains("are damaged (line 1 column 1)"), "{damaged}");
    server.stop().await;

    std::fs::write(folder.join("file"), b"").unwrap();
    let file = start(&["--port", "0", "--data", folder.join("file").to_str().unwrap()]).await;
    assert!(file.contains("cannot be used"), "{file}");
    std::fs::create_dir(folder.join("broken")).unwrap();
    std::fs::write(folder.join("broken/agnez.sqlite"), vec![7; 8192]).unwrap();
    let broken = start(&["--port", "0", "--data", folder.join("broken").to_str().unwrap()]).await;
    assert!(broken.contains("cannot be read"), "{broken}");
    assert_eq!(std::fs::read(folder.join("broken/agnez.sqlite")).unwrap(), vec![7; 8192]);
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    use sqlx::{ConnectOptions, Connection};
    let mut server = spawn().await;
    server.create(r#"{"name":"a"}"#).await;
    server.stop().await;
    let path = server.folder.path().join("data/agnez.sqlite");
    let mut database = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let insert =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, 'later', TRUE, x'00', 0)";
    sqlx::query(insert).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let before = std::fs::read(&path).unwrap();
    let data = server.folder.path().join("data");
    let config = Args::parse_from(["agnez", "--port", "0", "--data", data.to_str().unwrap()]).config().unwrap();
    let refused = Server::start(&config).await.err().unwrap().to_string();
    assert!(refused.contains("has the schema 999, and this Agnez needs the schema 1;"), "{refused}");
    assert!(std::fs::read(&path).unwrap() == before, "nothing was touched");
}

/// The program itself, killed without warning while it takes changes: all that was acknowledged is there.
#[tokio::test(flavor = "multi_thread")]
async fn kill_nine_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let start = || start_program(folder.path());
    let http = reqwest::Client::new();
    let mut acknowledged = 0_u64;
    for round in 0..5 {
        let (mut child, address) = start();
        if round == 0 {
            http.post(format!("{address}/values")).body(r#"{"_id":"counter","n":0}"#).send().await.unwrap();
        }
        // When it falls is left to chance: into a commit, before or after one.
        let killer = tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(150 + 40 * round)).await;
            child.kill().unwrap();
            child.wait().unwrap();
        });
        loop {
            let next = acknowledged + 1;
            match http.patch(format!("{address}/values/counter")).body(json!({ "n": next }).to_string()).send().await {
                Ok(reply) if reply.status() == 200 => acknowledged = next,
                _ => break,
            }
        }
        killer.await.unwrap();
        let (mut child, address) = start();
        let counter: serde_json::Value = http.get(format!("{address}/values/counter")).send().await.unwrap().json().await.unwrap();
        let stored = counter["n"].as_u64().unwrap();
        // The last one may have been written without its answer.
        assert!(stored == acknowledged || stored == acknowledged + 1, "{stored} is stored, {acknowledged} were acknowledged");
        acknowledged = stored;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(acknowledged > 10);
}
