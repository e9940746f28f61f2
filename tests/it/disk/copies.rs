//! Copies while changes come as fast as they are taken, and copies and restores that are killed: whole, or not there.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use sqlx::{ConnectOptions, Connection};

use super::Disk;
use super::image::SplitMix64;

/// The number of the last change of the cell `a` that a file has.
async fn number(file: &Path) -> u64 {
    let mut copy = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true).connect().await.unwrap();
    let doc: String = sqlx::query_scalar("SELECT doc FROM cell WHERE id = 'a'").fetch_one(&mut copy).await.unwrap();
    copy.close().await.unwrap();
    serde_json::from_str::<serde_json::Value>(&doc).unwrap()["n"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_under_load_are_whole_and_what_is_killed_is_not_there_by_halves() {
    let disk = Disk::new();
    let server = disk.serve();
    let http = reqwest::Client::new();
    let cell = json!({ "_id": "a", "n": 0, "type": "text", "value": "x".repeat(3_000_000) }).to_string();
    assert_eq!(http.post(format!("{}/values", server.address)).body(cell).send().await.unwrap().status(), 201);
    let known = Arc::new(AtomicU64::new(0));
    let writing = tokio::spawn({
        let (known, http, url) = (known.clone(), http.clone(), format!("{}/values/a", server.address));
        async move {
            for n in 1.. {
                let sent = http.patch(&url).body(json!({ "n": n }).to_string()).send().await;
                if !sent.is_ok_and(|reply| reply.status() == 200) {
                    return;
                }
                known.store(n, Ordering::SeqCst);
            }
        }
    });
    let mut rng = SplitMix64(5);
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = |round: u64| elsewhere.path().join(format!("copy{round}"));
    for round in 0..6 {
        let before = known.load(Ordering::SeqCst);
        let mut program = disk.command(false).arg("backup").arg(copy(round)).stdout(std::process::Stdio::null()).spawn().unwrap();
        if round % 2 == 1 {
            tokio::time::sleep(Duration::from_millis(rng.below(60))).await;
            program.kill().unwrap();
        }
        assert!(program.wait().unwrap().success() || round % 2 == 1);
        if copy(round).exists() {
            assert!(number(&copy(round)).await >= before, "what was acknowledged before is in the copy");
        }
    }
    assert!(known.load(Ordering::SeqCst) > 0, "changes were taken meanwhile");
    server.kill();
    writing.await.unwrap();
    let (first, last) = (number(&copy(0)).await, number(&copy(4)).await);
    // Over an old database: it is there as it was, or the copy is, at any moment.
    let other = Disk::new();
    std::fs::copy(copy(0), other.data().join("agnez.sqlite")).unwrap();
    for _ in 0..8 {
        let mut program =
            other.command(false).arg("restore").arg(copy(4)).arg("--replace").stdout(std::process::Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(rng.below(80))).await;
        program.kill().unwrap();
        program.wait().unwrap();
        assert!(other.command(false).arg("check").stdout(std::process::Stdio::null()).status().unwrap().success());
        let there = number(&other.data().join("agnez.sqlite")).await;
        assert!([first, last].contains(&there), "{there} is neither {first} nor {last}");
    }
    assert!(
        other.command(false).arg("restore").arg(copy(4)).arg("--replace").stdout(std::process::Stdio::null()).status().unwrap().success()
    );
    assert_eq!(number(&other.data().join("agnez.sqlite")).await, last);
    let parts =
        std::fs::read_dir(other.data()).unwrap().filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "part"));
    assert_eq!(parts.count(), 0, "what killed ones left is taken away");
}
