use std::time::Duration;

use serde_json::{Value, json};

use super::{ids, log, refused};
use crate::support::{Running, spawn};

async fn patch(server: &Running, path: &str, body: &str) -> Value {
    let reply = server.call("PATCH", path, body.to_owned()).await;
    assert!(matches!(reply.status, 200 | 201), "{path} {body}: {}", reply.text);
    reply.json()
}

#[tokio::test]
async fn a_run_is_created_changed_ended_and_opened_again() {
    let mut server = spawn().await;
    let created = server
        .call("PATCH", "/boards/digits/runs/first?upsert=true", r#"{"name":"first try","config":{"lr":0.001},"tags":["ok"],"own":{"a":1}}"#)
        .await;
    assert_eq!(created.status, 201, "{}", created.text);
    let run =
        patch(&server, "/boards/digits/runs/first?upsert=true", r#"{"tags":null,"group":"g","rev":99,"metrics":{"x":1},"_id":"other"}"#)
            .await;
    assert_eq!(
        (&run["_id"], &run["rev"], &run["tags"], &run["group"], &run["own"]),
        (&json!("first"), &json!(2), &json!([]), &json!("g"), &json!({"a": 1}))
    );
    let ended = patch(&server, "/boards/digits/runs/first", r#"{"status":"failed","exit":{"code":1}}"#).await;
    assert!(ended["endedAt"].is_string() && ended["state"].is_null(), "{ended}");
    server.restart(&[]).await;
    let same = server.get("/boards/digits/runs/first").await;
    assert_eq!((&same["endedAt"], &same["config"], &same["exit"]), (&ended["endedAt"], &json!({"lr": 0.001}), &json!({"code": 1})));
    let open = patch(&server, "/boards/digits/runs/first", r#"{"status":"running"}"#).await;
    assert!(open["endedAt"].is_null(), "{open}");
    assert_eq!(server.get("/boards/digits/runs/first?$select[]=status").await, json!({"_id": "first", "status": "running"}));
    assert_eq!(server.call("PATCH", "/boards/digits/runs/none", "{}").await.status, 404);
}

#[tokio::test]
async fn tags_are_added_to_those_that_are_there_and_removed_from_them() {
    let server = spawn().await;
    for (run, tags) in [("first", r#"["ok"]"#), ("second", r#"["late","ok"]"#), ("third", "null")] {
        patch(&server, &format!("/boards/digits/runs/{run}?upsert=true"), &format!(r#"{{"tags":{tags}}}"#)).await;
    }
    let tags = async |body: &str| {
        let runs = patch(&server, "/boards/digits/runs?runs=first,second,third,none", body).await;
        runs.as_array().unwrap().iter().map(|run| run["tags"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(
        tags(r#"{"addTags":["late","new"]}"#).await,
        [json!(["ok", "late", "new"]), json!(["late", "ok", "new"]), json!(["late", "new"])]
    );
    assert_eq!(tags(r#"{"removeTags":["late"],"addTags":["best"]}"#).await[0], json!(["ok", "new", "best"]));
    assert_eq!(tags(r#"{"tags":["x"],"addTags":["y","y"],"removeTags":null}"#).await[2], json!(["x", "y"]));
    let many: Vec<String> = (0..99).map(|at| at.to_string()).collect();
    for (body, rule) in [
        (json!({ "addTags": "x" }), "'addTags' must be a list of strings"),
        (json!({ "removeTags": [""] }), "'removeTags' must be a list of strings of 1 to 200 characters"),
        (json!({ "addTags": many }), "'tags' may have 100 items"),
    ] {
        let (status, message) = refused(&server, "PATCH", "/boards/digits/runs?runs=first,second", &body.to_string()).await;
        assert!(status == 400 && message.contains(rule), "{message}");
    }
    let run = server.get("/boards/digits/runs/first").await;
    assert_eq!((&run["tags"], &run["addTags"]), (&json!(["x", "y"]), &Value::Null));
}

#[tokio::test]
async fn a_run_without_an_id_gets_one_and_colours_are_used_in_turn() {
    let server = spawn().await;
    let create = async |body: &'static str| server.call("POST", "/boards/digits/runs", body).await;
    let first = create("{}").await;
    assert_eq!(first.status, 201, "{}", first.text);
    let id = first.json()["_id"].as_str().unwrap().to_owned();
    assert_eq!(id.split('-').count(), 5, "{id}");
    for at in 1..10 {
        let run = create("{}").await.json();
        assert_eq!(run["colour"], at % 8, "{run}");
    }
    assert_eq!(create(r#"{"_id":"mine","colour":7}"#).await.json()["_id"], "mine");
    let (status, message) = refused(&server, "POST", "/boards/digits/runs", r#"{"_id":"mine"}"#).await;
    assert!(status == 409 && message.contains("has a run 'mine' already"), "{message}");
}

#[tokio::test]
async fn bad_documents_say_why_and_change_nothing() {
    let server = spawn().await;
    log(&server, "/boards/digits/runs/first/log", "{}").await;
    let deep = format!(r#"{{"config":{}1{}}}"#, r#"{"a":"#.repeat(17), "}".repeat(17));
    let many = format!(r#"{{"config":{{{}}}}}"#, (0..1001).map(|at| format!("\"k{at}\":1")).collect::<Vec<_>>().join(","));
    let large = format!(r#"{{"config":{{"a":"{}"}}}}"#, "x".repeat(256 << 10));
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(201));
    for (body, status, expected) in [
        ("", 400, "The body is empty; send a JSON object."),
        ("[]", 400, "The body must be a JSON object, not an array; nothing was changed."),
        ("{\"a\":", 400, "it ends before it is complete, in line 1."),
        (r#"{"status":"paused"}"#, 400, "'status' must be running, finished, failed or killed, not 'paused'; nothing was changed."),
        (r#"{"config":3}"#, 400, "'config' must be an object, not 3; nothing was changed."),
        (r#"{"tags":"ok"}"#, 400, "'tags' must be a list of strings, not 'ok'"),
        (r#"{"tags":[1]}"#, 400, "'tags' must be a list of strings of 1 to 200 characters"),
        (r#"{"colour":8}"#, 400, "'colour' must be a whole number from 0 to 7, not 8"),
        (r#"{"archived":"yes"}"#, 400, "'archived' must be true or false, not 'yes'"),
        (r#"{"startedAt":"today"}"#, 400, "'startedAt' must be a time such as 2026-11-28T10:00:00Z, not 'today'"),
        (r#"{"interval":0}"#, 400, "'interval' must be a number of seconds above 0, at most 86400, not 0"),
        (r#"{"parent":"a b"}"#, 400, "'parent' must be the id of a run, not 'a b'"),
        (r#"{"fork":{"step":3}}"#, 400, "'fork' must name a run, and may name a step"),
        (&long, 400, "'name' may have 200 characters"),
        (&deep, 413, "'config' may have 16 levels of objects and arrays; nothing was changed."),
        (&many, 413, "'config' may have 1000 keys; this one has 1001; nothing was changed."),
        (&large, 413, "'config' may have 256 KiB"),
    ] {
        let (found, message) = refused(&server, "PATCH", "/boards/digits/runs/first", body).await;
        assert!(found == status && message.contains(expected), "{}: {found} {message}", &body[..body.len().min(60)]);
    }
    let filler = format!(r#"{{"a":"{}"}}"#, "x".repeat(400 << 10));
    assert_eq!(server.call("PATCH", "/boards/digits/runs/first", filler.clone()).await.status, 200);
    let (status, message) = refused(&server, "PATCH", "/boards/digits/runs/first", &filler.replace("\"a\"", "\"b\"")).await;
    assert!(status == 413 && message.contains("512 KiB"), "{message}");
    assert_eq!(server.get("/boards/digits/runs/first").await["rev"], 2);
}

#[tokio::test]
async fn many_runs_are_changed_deleted_and_restored() {
    let server = spawn().await;
    for (run, lr) in [("a", 0.1), ("b", 0.01), ("c", 0.001)] {
        patch(&server, &format!("/boards/digits/runs/{run}?upsert=true"), &json!({"config": {"lr": lr}}).to_string()).await;
        log(&server, &format!("/boards/digits/runs/{run}/log"), r#"{"loss":1}"#).await;
    }
    let path = "/boards/digits/runs?q=lr<0.05";
    let changed = patch(&server, path, r#"{"archived":true}"#).await;
    assert_eq!(changed.as_array().unwrap().iter().map(|run| &run["_id"]).collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(ids(&server, "archived=true").await, "c,b");
    let keyed = async || server.ask("DELETE", "/boards/digits/runs?archived=true", "", &[("idempotency-key", "gone")]).await;
    let (first, again) = (keyed().await, keyed().await);
    assert_eq!(
        (first.status, again.status, first.json().as_array().unwrap().len(), again.json().as_array().unwrap().len()),
        (200, 200, 2, 2)
    );
    assert_eq!(ids(&server, "").await, "a");
    assert_eq!(server.call("POST", "/boards/digits/runs/b/restore", "").await.status, 200);
    let back = server.get("/boards/digits/runs/b").await;
    assert_eq!((&back["metrics"]["loss"]["points"], &back["archived"], &back["config"]), (&json!(1), &json!(true), &json!({"lr": 0.01})));
    assert_eq!(server.call("POST", "/boards/digits/runs/b/restore", "").await.json()["rev"], back["rev"], "it is there");
    assert_eq!(server.call("POST", "/boards/digits/runs/none/restore", "").await.status, 404);
    // None matches: nothing is changed.
    assert_eq!(patch(&server, "/boards/digits/runs?status=killed", r#"{"archived":true}"#).await, json!([]));
    for (method, path, status) in [
        ("PATCH", "/boards/digits/runs", 405),
        ("DELETE", "/boards/digits/runs", 405),
        ("DELETE", "/boards/digits/runs?status=failed&$limit=1", 400),
        ("PATCH", "/boards/digits/runs/a?status=failed", 400),
        ("DELETE", "/boards/digits/runs?q=nokey:1", 400),
    ] {
        assert_eq!(refused(&server, method, path, "{}").await.0, status, "{method} {path}");
    }
}

#[tokio::test]
async fn heartbeats_change_nothing_but_the_sign() {
    let server = spawn().await;
    let beat = async |body: &'static str| server.call("POST", "/boards/digits/runs/first/heartbeat", body).await;
    assert_eq!(beat(r#"{"interval":15}"#).await.status, 404);
    log(&server, "/boards/digits/runs/first/log", "{}").await;
    assert_eq!((beat("").await.status, beat("{}").await.status), (204, 204));
    let before = server.get("/boards/digits/runs/first").await;
    assert_eq!((&before["rev"], &before["interval"]), (&json!(1), &Value::Null));
    assert_eq!(beat(r#"{"interval":15}"#).await.status, 204);
    let after = server.get("/boards/digits/runs/first").await;
    assert_eq!((&after["rev"], &after["interval"]), (&json!(2), &json!(15)));
    assert_eq!(beat(r#"{"interval":15}"#).await.status, 204);
    let last = server.get("/boards/digits/runs/first").await;
    assert!(last["rev"] == 2 && last["updatedAt"] == after["updatedAt"] && last["heartbeatAt"].is_string(), "{last}");
    for (body, expected) in [
        (r#"{"interval":"often"}"#, "'interval' must be a number of seconds above 0, at most 86400, not 'often'"),
        (r#"{"writer":""}"#, "'writer' must have 1 to 200 characters"),
        ("[", "The body must be a JSON object like {\"interval\":15}"),
    ] {
        let (status, message) = refused(&server, "POST", "/boards/digits/runs/first/heartbeat", body).await;
        assert!(status == 400 && message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn two_live_writers_are_noticed_once() {
    let server = spawn().await;
    let path = "/boards/digits/runs/first";
    log(&server, &format!("{path}/log"), "{}").await;
    let beat = async |writer: &str| {
        // Signs have times of their own.
        tokio::time::sleep(Duration::from_millis(5)).await;
        server.call("POST", &format!("{path}/heartbeat"), json!({"writer": writer}).to_string()).await
    };
    for writer in ["a", "a", "b", "b"] {
        assert!(!beat(writer).await.headers.contains_key("agnez-warning"), "{writer} may continue the run of an ended process");
    }
    assert!(beat("a").await.headers["agnez-warning"].to_str().unwrap().starts_with("Two processes write to this run"));
    let run = server.get(path).await;
    assert!(run["warning"].as_str().unwrap().starts_with("Two processes") && run["rev"] == 2, "{run}");
    beat("b").await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let logged = server.ask("POST", &format!("{path}/log"), r#"{"loss":1}"#, &[("agnez-writer", "a")]).await.json();
    assert_eq!((&logged["warning"], &server.get(path).await["rev"]), (&run["warning"], &json!(2)));
    // A client clears it, and cannot set it.
    let cleared = patch(&server, path, r#"{"warning":null}"#).await;
    assert!(cleared["warning"].is_null());
    assert!(patch(&server, path, r#"{"warning":"mine"}"#).await["warning"].is_null());
}

#[tokio::test]
async fn a_start_that_arrives_late_opens_no_run() {
    let server = spawn().await;
    let path = "/boards/digits/runs/first?upsert=true";
    let start = r#"{"status":"running","startedAt":"2026-11-28T10:00:00Z","name":"first try"}"#;
    assert_eq!(server.call("PATCH", path, start).await.status, 201);
    assert_eq!(server.call("PATCH", path, r#"{"status":"finished","endedAt":"2026-11-28T11:00:00Z"}"#).await.status, 200);
    // The spool of its script is sent again.
    let run = server.call("PATCH", path, start).await.json();
    let times = (&run["startedAt"], &run["endedAt"]);
    assert_eq!((&run["status"], times), (&json!("finished"), (&json!("2026-11-28T10:00:00Z"), &json!("2026-11-28T11:00:00Z"))));
    // A later start opens it, and so does one without a time.
    let run = server.call("PATCH", path, r#"{"status":"running","startedAt":"2026-11-28T12:00:00Z"}"#).await.json();
    assert_eq!((&run["status"], &run["endedAt"]), (&json!("running"), &serde_json::Value::Null));
    server.call("PATCH", path, r#"{"status":"killed"}"#).await;
    assert_eq!(server.call("PATCH", path, r#"{"status":"running","endedAt":null}"#).await.json()["status"], "running");
}

#[tokio::test]
async fn a_repeated_change_answers_with_the_selected_keys() {
    let server = spawn().await;
    let patch = async || {
        let path = "/boards/digits/runs/first?upsert=true&$select[]=status";
        server.ask("PATCH", path, r#"{"notes":"n"}"#, &[("idempotency-key", "patch:1")]).await
    };
    let (first, again) = (patch().await, patch().await);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!((first.json(), again.json()), (json!({"_id": "first", "status": "running"}), json!({"_id": "first", "status": "running"})));
}

#[tokio::test]
async fn a_deletion_of_many_is_undone_as_one() {
    let mut server = spawn().await;
    for run in ["a", "b", "c", "d"] {
        log(&server, &format!("/boards/digits/runs/{run}/log"), r#"{"loss":1}"#).await;
    }
    let first = server.call("DELETE", "/boards/digits/runs/d", "").await.headers["agnez-removal"].to_str().unwrap().to_owned();
    let deleted = server.call("DELETE", "/boards/digits/runs?runs=a,b", "").await;
    let removal = deleted.headers["agnez-removal"].to_str().unwrap().to_owned();
    assert_ne!(first, removal);
    assert_eq!(ids(&server, "sort=_id").await, "c");
    server.restart(&[]).await;
    let mut runs = server.live("board=digits&of=runs").await;
    let path = |removal: &str| format!("/boards/digits/run-restore?removal={removal}");
    let restored = server.call("POST", &path(&removal), "").await;
    assert_eq!(restored.status, 200, "{}", restored.text);
    let of = |list: &Value| list.as_array().unwrap().iter().map(|run| run["_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(of(&restored.json()), ["a", "b"]);
    assert_eq!(ids(&server, "sort=_id").await, "a,b,c", "what was deleted before stays deleted");
    assert_eq!(server.get("/boards/digits/runs/b/history?metric=loss").await["total"], 1);
    let event = loop {
        let frame = runs.next().await.unwrap();
        if frame["event"] == "created" && of(&frame["data"]).contains(&"a".to_owned()) {
            break frame;
        }
    };
    assert_eq!(of(&event["data"]), ["a", "b"], "one event");
    assert_eq!(
        refused(&server, "POST", &path(&removal), "").await,
        (404, format!("The board 'digits' has no deletion {removal} of runs that can be undone."))
    );
    assert_eq!(refused(&server, "POST", &path("x"), "").await.0, 400);
    assert_eq!(server.call("POST", &path(&first), "").await.status, 200);
}
