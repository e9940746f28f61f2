//! Requests with an `Idempotency-Key`, for every change over REST; and patches that create.

use serde_json::{Value, json};

use crate::support::{Reply, Running, spawn};

/// `(verb, address, body)` of changes of every sort, each for cells of its own.
const CHANGES: [(&str, &str, &str); 10] = [
    ("POST", "/values", r#"{"_id":"made","name":"a"}"#),
    ("POST", "/values", r#"[{"name":"no id"},{"name":"nor this"}]"#),
    ("PUT", "/values/put", r#"{"name":"new","value":"v"}"#),
    ("PATCH", "/values/patch?$select[]=rev", r#"{"name":"new"}"#),
    ("PATCH", "/values/line", r#"{"append":{"l":[4,5]}}"#),
    ("PATCH", "/values/upserted?upsert=true", r#"{"type":"line","append":{"l":[1,2]}}"#),
    ("PATCH", "/values?group=many", r#"{"note":"x"}"#),
    ("DELETE", "/values/gone", ""),
    ("DELETE", "/values?group=away", ""),
    ("POST", "/points", r#"{"cells":{"line":{"l":[6]},"new":{"a":[1]}}}"#),
];

async fn with_cells() -> Running {
    let server = spawn().await;
    let cells = r#"[{"_id":"put"},{"_id":"patch","value":"kept"},{"_id":"line","type":"line"},{"_id":"new"},{"_id":"gone","value":[1,2]},
        {"_id":"m1","group":"many"},{"_id":"m2","group":"many"},{"_id":"a1","group":"away"},{"_id":"a2","group":"away"}]"#;
    assert_eq!(server.call("POST", "/values", cells).await.status, 201);
    server
}

async fn ask(server: &Running, (verb, path, body): (&str, &str, &str), key: &str) -> Reply {
    server.ask(verb, path, body.to_owned(), &[("idempotency-key", key)]).await
}

async fn ask_in_window(server: &Running, (verb, path, body): (&str, &str, &str), key: &str) -> Reply {
    server.ask(verb, path, body.to_owned(), &[("idempotency-key", key), ("idempotency-window", "ascending")]).await
}

/// Which of two keys counts would depend on the proxies in between.
#[tokio::test]
async fn two_keys_or_windows_in_one_request_are_refused() {
    let server = with_cells().await;
    let before = server.get("/values").await;
    let epoch = ("POST", "/publish/epoch/end/", r#"{"epoch":1,"loss":0.5}"#);
    for (verb, path, body) in CHANGES.into_iter().chain([("POST", "/values/line/points", r#"{"l":[1]}"#), epoch]) {
        for (header, value) in [("Idempotency-Key", "w:1"), ("Idempotency-Window", "ascending")] {
            let reply = server.ask(verb, path, body.to_owned(), &[("idempotency-key", "w:0"), (header, value), (header, value)]).await;
            assert_eq!((reply.status, reply.json()["message"].as_str()), (400, Some(&*format!("'{header}' must be sent once."))), "{path}");
        }
    }
    assert_eq!(server.get("/values").await, before);
}

#[tokio::test]
async fn every_change_is_done_once_also_after_a_restart() {
    let mut server = with_cells().await;
    let mut first = Vec::new();
    for (number, change) in CHANGES.into_iter().enumerate() {
        let reply = ask(&server, change, &format!("w:{number}")).await;
        assert!(matches!(reply.status, 200 | 201), "{change:?}: {}", reply.text);
        assert!(!reply.headers.contains_key("idempotent-replayed"));
        first.push((reply.status, reply.text));
    }
    let after = server.get("/values").await;
    for restart in [false, true] {
        if restart {
            server.restart(&[]).await;
        }
        for (number, change) in CHANGES.into_iter().enumerate() {
            let reply = ask(&server, change, &format!("w:{number}")).await;
            assert_eq!(reply.headers["idempotent-replayed"], "true", "{change:?}");
            assert_eq!((reply.status, reply.text), first[number], "{change:?}, after a restart: {restart}");
        }
        assert_eq!(server.get("/values").await, after);
    }
    let statuses: Vec<_> = first.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [201, 201, 200, 200, 200, 201, 200, 200, 200, 201]);
    assert_eq!(server.get("/values/line").await["value"], json!({"series": {"l": {"points": 3, "last": [2.0, 6.0]}}}));
    assert_eq!(after.as_array().unwrap().iter().filter(|cell| cell["name"] == "no id").count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&first[3].1).unwrap(), json!({"_id": "patch", "rev": 2}));
    assert_eq!(serde_json::from_str::<Value>(&first[7].1).unwrap()["value"], json!([1, 2]), "what it was");
}

#[tokio::test]
async fn a_key_stands_for_one_body_at_one_address() {
    let server = with_cells().await;
    for (number, (verb, path, body)) in CHANGES.into_iter().enumerate() {
        let key = format!("w:{number}");
        assert!(ask(&server, (verb, path, body), &key).await.status < 300);
        let other = body.replace(['a', 'x', '4', '6'], "7");
        if !body.is_empty() {
            assert_ne!(body, other);
            assert_eq!(ask(&server, (verb, path, &other), &key).await.status, 422, "{verb} {path}");
        }
        // A condition, or where none may be, another selection of keys.
        let further = if path.contains("upsert") { "$select[]=z" } else { "z[$ne]=1" };
        let elsewhere = format!("{path}{}{further}", if path.contains('?') { '&' } else { '?' });
        let other = if verb == "POST" { ("PATCH", "/values/m1", "{}") } else { (verb, &*elsewhere, body) };
        assert_eq!(ask(&server, other, &key).await.status, 422, "{verb} {path}");
    }
    assert_eq!(ask(&server, ("PATCH", "/values/m1", "{}"), "two words").await.status, 400);
    assert_eq!(server.get("/values/m1").await["rev"], 2, "by the patch of many alone");
}

/// The order of numbers in keys means nothing, unless the request says so.
#[tokio::test]
async fn a_key_is_opaque_unless_its_numbers_are_said_to_ascend() {
    let mut server = spawn().await;
    server.create(r#"{"_id":"line","type":"line"}"#).await;
    for (number, key) in ["job:2026", "job:7", "job:1", "7", "2026-11-28T20:28:00Z", "job:007"].into_iter().enumerate() {
        for path in ["/values", "/values/line/points", "/publish/epoch/end/"] {
            let body = if path == "/values" { format!(r#"{{"name":"{key}"}}"#) } else { format!(r#"{{"loss":{number}}}"#) };
            let reply = ask(&server, ("POST", path, &body), &format!("{key}@{path}:5").replace('/', "-")).await;
            assert_eq!((reply.status, reply.json().get("repeated")), (201, None), "{key} {path}");
            let reply = ask(&server, ("POST", path, &body), &format!("{path}{key}")).await;
            assert_eq!((reply.status, reply.json().get("repeated")), (201, None), "{key} {path}");
        }
    }
    server.restart(&[]).await;
    assert_eq!(server.get("/values?board=main").await.as_array().unwrap().len(), 13);
    assert_eq!(server.get("/values/line").await["value"]["series"]["loss"]["points"], 12);
    let (old, late) = (("POST", "/values", r#"{"name":"new"}"#), ("POST", "/values", r#"{"name":"late"}"#));
    assert_eq!(ask_in_window(&server, old, "job:2026").await.status, 201);
    assert_eq!(ask_in_window(&server, late, "job:7").await.json(), json!({"repeated": true}), "it counts as done");
    assert_eq!(ask(&server, late, "job:7").await.status, 201, "an opaque key is another one");
    for (key, window) in [("job", "ascending"), ("job:x", "ascending"), (":1", "ascending"), ("job:1", "descending"), ("job:1", "")] {
        let reply = server.ask("POST", "/values", "{}", &[("idempotency-key", key), ("idempotency-window", window)]).await;
        assert_eq!((reply.status, reply.json()["errors"].as_object().unwrap().len()), (400, 1), "{key} {window}");
    }
}

#[tokio::test]
async fn what_was_refused_may_be_sent_again() {
    let server = spawn().await;
    assert_eq!(ask(&server, ("PATCH", "/values/late", r#"{"n":1}"#), "w:1").await.status, 404);
    server.create(r#"{"_id":"late"}"#).await;
    assert_eq!(ask(&server, ("PATCH", "/values/late", r#"{"n":1}"#), "w:1").await.status, 200);
    // The same request would be refused now, had it not been done.
    let create = ("POST", "/values", r#"{"_id":"mine"}"#);
    for _ in 0..2 {
        assert_eq!(ask(&server, create, "w:2").await.status, 201);
    }
    assert_eq!(ask(&server, create, "w:3").await.status, 409);
    let remove = ("DELETE", "/values/mine", "");
    for _ in 0..2 {
        assert_eq!(ask(&server, remove, "w:4").await.status, 200);
    }
    assert_eq!(ask(&server, remove, "w:5").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_at_the_same_time_one_is_done() {
    let server = spawn().await;
    server.create(r#"{"_id":"line","type":"line"}"#).await;
    for round in 0..20 {
        let key = format!("w:{round}");
        let append = ("PATCH", "/values/line", r#"{"append":{"l":[1,2]}}"#);
        let create = ("POST", "/values", r#"{"group":"twin"}"#);
        let other = format!("v:{round}");
        let (a, b, c, d) = tokio::join!(
            ask(&server, append, &key),
            ask(&server, append, &key),
            ask(&server, create, &other),
            ask(&server, create, &other)
        );
        assert_eq!((a.status, c.status), (200, 201));
        assert_eq!((a.text, c.text), (b.text, d.text));
        let repeated = [a.headers, b.headers].iter().filter(|headers| headers.contains_key("idempotent-replayed")).count();
        assert_eq!(repeated, 1);
    }
    assert_eq!(server.get("/values/line").await["value"]["series"]["l"]["points"], 40);
    assert_eq!(server.get("/values?group=twin").await.as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn of_long_answers_a_short_form_is_kept() {
    let mut server = spawn().await;
    let large = format!(r#"{{"_id":"large","type":"text","value":"{}"}}"#, "x".repeat(20_000));
    let create = ("POST", "/values", &*large);
    assert_eq!(ask_in_window(&server, create, "w:0").await.json()["value"].as_str().unwrap().len(), 20_000);
    let rename = ("PATCH", "/values/large", r#"{"name":"n"}"#);
    assert_eq!(ask_in_window(&server, rename, "w:1").await.json()["value"].as_str().unwrap().len(), 20_000);
    let many: Vec<_> = (0..600).map(|number| json!({ "_id": format!("a-rather-long-id-{number}"), "group": "g" })).collect();
    let many = json!(many).to_string();
    assert_eq!(ask_in_window(&server, ("POST", "/values", &many), "w:2").await.json().as_array().unwrap().len(), 600);
    let some = ("PATCH", "/values?_id[$in][]=large&_id[$in][]=a-rather-long-id-7", r#"{"n":1}"#);
    assert_eq!(ask_in_window(&server, some, "w:3").await.json().as_array().unwrap().len(), 2);
    let series: serde_json::Map<String, Value> = (0..900).map(|number| (format!("series {number}"), json!(number))).collect();
    server.create(r#"{"_id":"line"}"#).await;
    let points = json!({ "cells": { "line": series } }).to_string();
    let points = ("POST", "/points", &*points);
    assert_eq!(ask_in_window(&server, points, "w:4").await.json()["cells"]["line"]["series 7"], json!({"start": 0, "points": 1}));
    let remove = ("DELETE", "/values/large", "");
    assert_eq!(ask_in_window(&server, remove, "w:5").await.json()["value"].as_str().unwrap().len(), 20_000);
    server.restart(&[]).await;
    let again = async |change, key| {
        let reply = ask_in_window(&server, change, key).await;
        (reply.status, reply.json())
    };
    assert_eq!(again(create, "w:0").await, (201, json!({"_id": "large", "rev": 1, "repeated": true})));
    assert_eq!(again(rename, "w:1").await, (200, json!({"_id": "large", "rev": 2, "repeated": true})));
    assert_eq!(again(("POST", "/values", &*many), "w:2").await, (201, json!([{"cells": 600, "repeated": true}])));
    let rows = json!([{"_id": "large", "rev": 3, "repeated": true}, {"_id": "a-rather-long-id-7", "rev": 2, "repeated": true}]);
    assert_eq!(again(some, "w:3").await, (200, rows));
    assert_eq!(again(points, "w:4").await, (201, json!({"appended": 900, "repeated": true})));
    assert_eq!(again(remove, "w:5").await, (200, json!({"_id": "large", "rev": 4, "repeated": true})));
    // 128 numbers later nothing is known but that they were done.
    assert_eq!(ask_in_window(&server, ("PATCH", "/values/line", "{}"), "w:133").await.status, 200);
    assert_eq!(again(create, "w:0").await, (200, json!({"repeated": true})));
    assert_eq!(again(("DELETE", "/values?group=g", ""), "w:2").await, (200, json!([{"repeated": true}])));
    assert_eq!(server.get("/values?group=g").await.as_array().unwrap().len(), 600);
}

#[tokio::test]
async fn a_patch_may_create() {
    let server = spawn().await;
    let patch = async |path: &str, body: &str| {
        let reply = server.call("PATCH", path, body.to_owned()).await;
        (reply.status, reply.json())
    };
    assert_eq!(patch("/values/a", r#"{"n":1}"#).await.0, 404);
    assert_eq!(patch("/values/a?upsert=false", r#"{"n":1}"#).await.0, 404);
    let (status, made) = patch("/values/a?upsert=true", r#"{"_id":"b","n":1,"board":"other","value":"v"}"#).await;
    assert_eq!(
        (status, &made["_id"], &made["rev"], &made["board"], &made["value"]),
        (201, &json!("a"), &json!(1), &json!("other"), &json!("v"))
    );
    let (status, merged) = patch("/values/a?upsert=true", r#"{"m":2}"#).await;
    assert_eq!((status, &merged["n"], &merged["m"], &merged["rev"], &merged["value"]), (200, &json!(1), &json!(2), &json!(2), &json!("v")));
    assert_eq!(patch("/values/a?upsert=true&n=9", "{}").await.0, 400, "what is created may not match");
    assert_eq!(
        patch("/values/l?upsert=true&$select[]=value", r#"{"type":"line","append":{"l":[1,2]}}"#).await.1["value"]["series"]["l"]["points"],
        2
    );
    let (status, cut) = patch("/values/l?upsert=true&$select[]=rev", r#"{"append":{"l":[3]}}"#).await;
    assert_eq!((status, cut), (200, json!({"_id": "l", "rev": 2})));
    assert_eq!(server.get("/values/l").await["value"]["series"]["l"]["points"], 3);
    for (path, body) in [
        ("/values/c?upsert=true", r#"{"type":"bar","value":"x"}"#),
        ("/values/c?upsert=true", r#"{"append":{"l":[1]}}"#),
        ("/values/c?upsert=1", "{}"),
        ("/values?n=1&upsert=true", "{}"),
    ] {
        assert_eq!(patch(path, body).await.0, 400, "{path} {body}");
    }
    assert_eq!(server.call("GET", "/values/c", "").await.status, 404);
    // The points of an earlier life do not come back.
    server.call("DELETE", "/values/l", "").await;
    assert_eq!(patch("/values/l?upsert=true", r#"{"type":"line"}"#).await.1["value"], json!({"series": {}}));
}

#[tokio::test]
async fn a_line_is_told_with_a_key_as_without_one() {
    let server = spawn().await;
    let body = r#"{"type":"line","value":{"series":{"a":[1,2,5]}}}"#;
    let plain = server.create(body).await;
    let without = server.call("PUT", &format!("/values/{plain}"), body).await.json()["value"].clone();
    let with = server.ask("PUT", &format!("/values/{plain}"), body, &[("idempotency-key", "w:1")]).await.json()["value"].clone();
    assert_eq!(with, without);
    // A key without a number stands for itself.
    assert_eq!(server.ask("POST", "/values", r#"{"_id":"x"}"#, &[("idempotency-key", "w")]).await.status, 201);
    assert_eq!(server.call("GET", "/values/x", "").await.status, 200);
    let narrowed = server.call("PATCH", "/values/new?upsert=true&group=x", r#"{"n":1}"#).await;
    assert_eq!((narrowed.status, server.call("GET", "/values/new", "").await.status), (400, 404));
}
