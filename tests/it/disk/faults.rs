//! A disk that is full or fails under a server: what its clients hear, and what is there afterwards.

use futures_util::StreamExt;
use serde_json::json;

use super::image::SplitMix64;
use super::{Disk, Program};

const EIO: u8 = 5;
const ENOSPC: u8 = 28;
const EROFS: u8 = 30;
const EDQUOT: u8 = 122;

async fn call(server: &Program, method: &str, path: &str, body: String) -> (u16, String) {
    let request = reqwest::Client::new().request(method.parse().unwrap(), format!("{}{path}", server.address)).body(body);
    let reply = request.send().await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

async fn post(server: &Program, id: &str, size: usize) -> (u16, String) {
    call(server, "POST", "/values", json!({ "_id": id, "type": "text", "value": "x".repeat(size) }).to_string()).await
}

async fn ids(server: &Program) -> Vec<String> {
    let (status, text) = call(server, "GET", "/values?$select[]=_id", String::new()).await;
    assert_eq!(status, 200, "reads go on: {text}");
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    all.as_array().unwrap().iter().map(|cell| cell["_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_reads_go_on_and_writes_resume_with_room() {
    let disk = Disk::new();
    let server = disk.serve();
    let mut there = Vec::new();
    for number in 0..40 {
        there.push(format!("a{number}"));
        assert_eq!(post(&server, &format!("a{number}"), 100_000).await.0, 201);
    }
    disk.order(&format!("grow {ENOSPC} 0"));
    let mut refused = 0;
    for number in 0..100 {
        match post(&server, &format!("b{number}"), 100_000).await {
            (201, _) => there.push(format!("b{number}")),
            (status, text) => {
                assert!(status == 507 && text.contains("Free some space"), "{status} {text}");
                refused += 1;
            }
        }
    }
    assert!(refused > 20, "{refused} were refused");
    assert_eq!(ids(&server).await, there);
    assert_eq!(call(&server, "GET", "/readyz", String::new()).await.0, 200);
    // A removal is a change too: it is on disk, or refused.
    for id in there.clone().into_iter().take(10) {
        match call(&server, "DELETE", &format!("/values/{id}"), String::new()).await {
            (200, _) => there.retain(|other| *other != id),
            (status, text) => assert!(status == 507, "{id}: {status} {text}"),
        }
    }
    disk.order("");
    assert_eq!(post(&server, "c", 100_000).await.0, 201);
    there.push("c".into());
    assert_eq!(ids(&server).await, there);
    server.kill();
    assert_eq!(ids(&disk.serve()).await, there);
}

fn size(disk: &Disk) -> u64 {
    std::fs::read_dir(disk.data()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

async fn points(server: &Program, id: &str, rng: &mut SplitMix64) -> (u16, String) {
    let list: Vec<f64> = (0..2000).map(|_| rng.below(1 << 30) as f64 / 1e6).collect();
    call(server, "POST", &format!("/values/{id}/points"), json!({ "l": list }).to_string()).await
}

async fn count(server: &Program, id: &str) -> u64 {
    let (status, text) = call(server, "GET", &format!("/values/{id}"), String::new()).await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["value"]["series"]["l"]["points"].as_u64().unwrap_or(0)
}

/// Until nothing goes any more. Answers how many points were taken.
async fn fill(server: &Program, id: &str, rng: &mut SplitMix64) -> u64 {
    let (mut taken, mut refused) = (0, 0);
    while refused < 3 {
        match points(server, id, rng).await {
            (201, _) => (taken, refused) = (taken + 2000, 0),
            (status, text) => {
                assert_eq!(status, 507, "{text}");
                refused += 1;
            }
        }
    }
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_removals_are_done_and_make_room() {
    let disk = Disk::new();
    let mut server = disk.serve();
    let mut rng = SplitMix64(11);
    for id in ["a", "b", "c", "d"] {
        assert_eq!(call(&server, "POST", "/values", json!({ "_id": id, "type": "line" }).to_string()).await.0, 201);
        for _ in 0..40 {
            assert_eq!(points(&server, id, &mut rng).await.0, 201);
        }
    }
    let tokens = |words: &[&str]| {
        let done = disk.command(false).arg("token").args(words).output().unwrap();
        (done.status.success(), String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap())
    };
    let (_, output) = tokens(&["new", "read"]);
    let id =
        output.split("agnez token revoke ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_else(|| panic!("{output}")).to_owned();
    // The ballast is there already: so much is left for points.
    let room = size(&disk) + 500_000;
    disk.order(&format!("quota {ENOSPC} {room}"));
    let mut kept = 80_000 + fill(&server, "d", &mut rng).await;
    assert!(metric(&server, "agnez_disk_full").await == 1.0 && kept > 80_000);
    let (status, text) = call(&server, "GET", "/readyz", String::new()).await;
    assert!(status == 200 && text.contains("disk is full"), "removals and readers must come through: {status} {text}");
    let shown = notice(&server).await;
    assert!(shown.contains("The disk is full: new data is refused, but where"), "{shown}");
    // Somebody can be sent away: not a byte is left for that.
    disk.order(&format!("quota {ENOSPC} {}", size(&disk)));
    let (is_done, output) = tokens(&["revoke", &id]);
    assert!(is_done && tokens(&["list"]).1.contains("There are no tokens"), "{output}");
    assert!(!tokens(&["revoke", &id]).0);
    disk.order(&format!("quota {ENOSPC} {room}"));
    // An ordinary run; one whose server was killed and starts on the full disk; one that ended well.
    for (id, end) in [("a", None), ("b", Some(true)), ("c", Some(false))] {
        if let Some(killed) = end {
            if killed {
                server.kill()
            } else {
                server.stop()
            }
            // What the end has freed is taken by another program.
            disk.order(&format!("quota {ENOSPC} {}", size(&disk)));
            server = disk.serve();
            assert_eq!(count(&server, "d").await, kept, "reads go on");
        }
        let (status, text) = call(&server, "DELETE", &format!("/values/{id}"), String::new()).await;
        assert_eq!(status, 200, "{id}: {text}");
        let taken = fill(&server, "d", &mut rng).await;
        assert!(taken >= 40_000, "after {id} was removed {taken} points went into its room");
        kept += taken;
        let (status, _) = call(&server, "GET", &format!("/values/{id}"), String::new()).await;
        assert_eq!(status, 404);
    }
    // An open page shows when it comes, and again when it is over.
    let url = format!("{}/live?view=page", server.address.replace("http://", "ws://"));
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let mut frames = async || socket.next().await.unwrap().unwrap().into_text().unwrap_or_default();
    assert!(frames().await.contains("hello"));
    assert!(frames().await.starts_with("!The disk is full"));
    disk.order("");
    assert_eq!(call(&server, "POST", "/values", json!({ "_id": "e", "value": "x".repeat(3_000_000) }).to_string()).await.0, 201);
    // It is believed after some commits.
    for number in 0..20 {
        assert_eq!(call(&server, "PATCH", "/values/e", json!({ "n": number }).to_string()).await.0, 200);
    }
    while frames().await != "!" {}
    assert_eq!(notice(&server).await, "");
    assert_eq!(count(&server, "d").await, kept);
    server.kill();
    assert!(disk.command(false).arg("check").status().unwrap().success());
    let server = disk.serve();
    assert_eq!((ids(&server).await, count(&server, "d").await), (vec!["d".to_owned(), "e".to_owned()], kept));
}

/// The warning that the page shows before any script runs; empty while it is hidden.
async fn notice(server: &Program) -> String {
    let page = call(server, "GET", "/", String::new()).await.1;
    let (before, after) = page.split_once("class=\"notice\"").unwrap_or_else(|| panic!("{page}"));
    let tag = before.rsplit('<').next().unwrap_or_default();
    let text = after.split("</p>").next().unwrap_or_default();
    if format!("{tag}{text}").contains("hidden") { String::new() } else { text.to_owned() }
}

async fn metric(server: &Program, name: &str) -> f64 {
    let (_, text) = call(server, "GET", "/metrics", String::new()).await;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name} is missing"));
    line.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_or_a_disk_that_takes_no_writes_for_a_while_undoes_them_and_nothing_else() {
    for error in [EDQUOT, EROFS, EIO] {
        let disk = Disk::new();
        let server = disk.serve();
        assert_eq!(post(&server, "a", 10).await.0, 201);
        disk.order(&format!("write {error} 0"));
        for _ in 0..3 {
            let (status, text) = post(&server, "b", 10).await;
            assert!(status == 503 && text.contains("nothing was changed"), "errno {error}: {status} {text}");
        }
        disk.order("");
        assert_eq!(ids(&server).await, ["a"], "errno {error}");
        assert_eq!(post(&server, "c", 10).await.0, 201);
        server.kill();
        assert_eq!(ids(&disk.serve()).await, ["a", "c"], "errno {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_flush_no_change_is_taken_until_a_restart() {
    // The commit's own; and that of the checkpoint, whose commit is already on disk.
    for (order, requests) in [("sync", 1), ("sync-main", 400)] {
        let disk = Disk::new();
        let server = disk.serve();
        assert_eq!(post(&server, "a", 10).await.0, 201);
        disk.order(&format!("{order} {EIO} 0"));
        let mut there = vec!["a".to_owned()];
        let mut failed = None;
        for number in 0..requests {
            match post(&server, &format!("b{number}"), 20_000).await {
                (201, _) => there.push(format!("b{number}")),
                other => {
                    failed = Some((number, other));
                    break;
                }
            }
        }
        let (number, (status, text)) = failed.expect("a flush failed");
        assert!(status == 500 && text.contains("Restart the server"), "{status} {text}");
        let (status, text) = call(&server, "GET", "/readyz", String::new()).await;
        assert!(status == 503 && text.contains("Restart the server"), "{status} {text}");
        // A forwarded request without a token may read nothing: not the reason either.
        let forwarded = reqwest::Client::new().get(format!("{}/readyz", server.address)).header("x-forwarded-for", "192.0.2.1");
        let reply = forwarded.send().await.unwrap();
        let (status, text) = (reply.status(), reply.text().await.unwrap());
        assert!(status == 503 && text.contains("No changes are accepted now.") && !text.contains("Restart"), "{status} {text}");
        let shown = notice(&server).await;
        assert!(shown.contains("The database failed: nothing new is taken. Restart the server"), "{shown}");
        disk.order("");
        assert_eq!(post(&server, "later", 10).await.0, 500, "it is not tried again");
        assert_eq!(ids(&server).await, there, "reads go on");
        server.kill();
        let server = disk.serve();
        // What was refused may have got on disk; what was acknowledged has.
        let mut found = ids(&server).await;
        found.retain(|id| *id != format!("b{number}"));
        assert_eq!(found, there);
        assert_eq!(post(&server, "later", 10).await.0, 201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_is_told_at_the_start() {
    for error in [EROFS, ENOSPC, EIO] {
        let disk = Disk::new();
        disk.order(&format!("write {error} 0"));
        let output = disk.command(false).args(["--port", "0"]).output().unwrap();
        let output = String::from_utf8(output.stderr).unwrap();
        assert!(output.contains("agnez.sqlite") && output.contains("cannot be"), "errno {error}: {output}");
        assert!(!output.contains("panicked"), "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_fails_half_way_leaves_nothing_and_one_that_is_killed_no_file_of_its_name() {
    let disk = Disk::new();
    let server = disk.serve();
    for number in 0..20 {
        assert_eq!(post(&server, &format!("a{number}"), 200_000).await.0, 201);
    }
    let copy = disk.data().join("copy.sqlite");
    disk.order(&format!("grow {ENOSPC} 300"));
    let full = disk.command(false).arg("backup").arg(&copy).output().unwrap();
    let output = String::from_utf8(full.stderr).unwrap();
    assert!(!full.status.success() && output.contains("cannot be written") && output.contains("full"), "{output}");
    let parts = || {
        std::fs::read_dir(disk.data()).unwrap().filter(|file| file.as_ref().unwrap().file_name().to_str().unwrap().contains("copy")).count()
    };
    assert_eq!(parts(), 0, "a half copy is taken away");
    disk.order("");
    let mut killed = disk.command(false).arg("backup").arg(&copy).spawn().unwrap();
    while parts() == 0 {
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!copy.exists() || disk.command(false).arg("check").arg(&copy).status().unwrap().success());
    let _ = std::fs::remove_file(&copy);
    assert!(disk.command(false).arg("backup").arg(&copy).status().unwrap().success());
    assert_eq!(parts(), 1, "and what a killed one left goes with the next");
    server.kill();
}
