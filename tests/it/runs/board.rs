use serde_json::{Value, json};

use super::{log, refused};
use crate::support::spawn;

#[tokio::test]
async fn a_board_has_a_document() {
    let mut server = spawn().await;
    assert_eq!(
        refused(&server, "GET", "/boards/digits", "").await,
        (404, "There is no board 'digits': a board begins with its first cell, its first run or a PATCH.".into())
    );
    let keys = r#"{"title":"Digits","goal":{"metric":"val/acc","direction":"max"},"own":1,"archived":false,"name":"x","cells":9}"#;
    let made = server.call("PATCH", "/boards/digits", keys).await;
    assert_eq!(made.status, 200, "{}", made.text);
    log(&server, "/boards/digits/runs/a/log", r#"{"loss":1}"#).await;
    server.restart(&[]).await;
    let board = server.get("/boards/digits").await;
    assert_eq!(
        (&board["name"], &board["title"], &board["cells"], &board["runs"], &board["own"]),
        (&json!("digits"), &json!("Digits"), &json!(1), &json!(1), &json!(1))
    );
    let keyed = async |body: &'static str| server.ask("PATCH", "/boards/digits", body, &[("idempotency-key", "board:1")]).await;
    let page = server.call("GET", "/b/digits", "").await.text;
    assert!(page.contains("<title>Digits · Agnez</title>") && page.contains("\"title\":\"Digits\""), "{}", &page[..500]);
    let (first, again) = (keyed(r#"{"own":null,"title":"D"}"#).await, keyed(r#"{"own":null,"title":"D"}"#).await);
    assert_eq!((first.status, &first.text, &first.json()["rev"], &first.json()["own"]), (200, &again.text, &json!(2), &Value::Null));
    assert_eq!(server.get("/boards").await, json!([{"name": "digits", "cells": 1, "runs": 1}]));
}

#[tokio::test]
async fn a_board_with_runs_only_is_listed() {
    let server = spawn().await;
    server.call("PATCH", "/boards/digits/runs/a?upsert=true", "{}").await;
    assert_eq!(server.get("/boards").await, json!([{"name": "digits", "cells": 0, "runs": 1}]));
    server.call("DELETE", "/boards/digits/runs/a", "").await;
    assert_eq!(server.get("/boards").await, json!([]));
}

#[tokio::test]
async fn readers_of_runs_hear_of_the_document_of_the_board() {
    let server = spawn().await;
    server.call("PATCH", "/boards/digits/runs/a?upsert=true", "{}").await;
    let (mut page, mut runs) = (server.live("board=digits&view=page").await, server.live("board=digits&of=runs").await);
    for live in [&mut page, &mut runs] {
        assert_eq!(live.next().await.unwrap()["event"], "hello");
    }
    server.call("PATCH", "/boards/digits", r#"{"title":"Digits","layout":{"density":4}}"#).await;
    let event = loop {
        let frame = runs.next().await.unwrap();
        if frame["event"] == "updated" {
            break frame;
        }
    };
    assert_eq!((&event["seq"], &event["data"], &event["board"]["title"]), (&json!(2), &json!([]), &json!("Digits")));
    loop {
        let frame = page.next().await.unwrap();
        if frame["event"] == "settings" {
            assert_eq!(
                (&frame["run_seq"], &frame["settings"]),
                (&json!(2), &json!({ "title": "Digits", "archived": false, "layout": { "density": 4 } }))
            );
            break;
        }
    }
}

#[tokio::test]
async fn settings_of_metrics_move_later_points() {
    let server = spawn().await;
    log(&server, "/boards/digits/runs/a/log", r#"{"total_loss":1}"#).await;
    let settings = r#"{"metrics":{"total_loss":{"chart":"loss","line":"train","unit":"nats"},"lr/*":{"chart":"rates"}}}"#;
    assert_eq!(server.call("PATCH", "/boards/digits", settings).await.status, 200);
    let cells = log(&server, "/boards/digits/runs/a/log", r#"{"total_loss":0.5,"lr/pg0":1,"lr/pg1":2}"#).await["cells"].clone();
    assert_eq!((&cells["total_loss"], &cells["lr/pg0"]), (&json!("digits-loss"), &json!("digits-rates")));
    assert_ne!(cells["lr/pg1"], "digits-rates", "another name feeds that line");
    assert_eq!(server.get("/values/digits-loss").await["chart"]["unit"], "nats");
    // The newest series of the name counts.
    assert_eq!(server.get("/boards/digits/runs/a").await["metrics"]["total_loss"]["last"], 0.5);
}

/// Metrics of the machine that a script logs with its own steps are over these.
#[tokio::test]
async fn an_axis_is_in_seconds_if_the_steps_are() {
    let server = spawn().await;
    let title = async |logged: &str, metric: &str| {
        let cells = log(&server, "/boards/digits/runs/a/log", logged).await["cells"].clone();
        server.get(&format!("/values/{}", cells[metric].as_str().unwrap())).await["chart"]["x_label"].clone()
    };
    let start = r#"{"startedAt":"2026-01-01T00:00:00Z"}"#;
    assert_eq!(server.call("PATCH", "/boards/digits/runs/a?upsert=true", start).await.status, 201);
    // 2026-01-01 is 1767225600 seconds after 1970.
    let captured = r#"[{"step":2.1,"time":1767225602.06,"system/cpu":50},{"step":17.1,"time":1767225617.1,"system/cpu":60}]"#;
    assert_eq!(title(captured, "system/cpu").await, "seconds since the start of the run");
    let own = r#"[{"step":0,"time":1767225600,"system/own":50},{"step":1,"time":1767225600.5,"system/own":60}]"#;
    assert_eq!(title(own, "system/own").await, json!(null));
    assert_eq!(title(r#"{"step":0,"time":1767225600,"system/first":1}"#, "system/first").await, json!(null));
    assert_eq!(title(r#"{"step":15,"system/late":50}"#, "system/late").await, json!(null), "it arrives much later");
    assert_eq!(title(r#"{"time":1767225615,"system/counted":50}"#, "system/counted").await, json!(null));
}

#[tokio::test]
async fn bad_documents_of_boards_say_why() {
    let server = spawn().await;
    for (body, expected) in [
        (r#"{"title":3}"#, "'title' must be a string, not 3"),
        (r#"{"description":[]}"#, "'description' must be a string, not an array"),
        (r#"{"archived":"no"}"#, "'archived' must be true or false, not a string"),
        (r#"{"goal":"loss"}"#, "'goal' must be an object with the name of a metric"),
        (r#"{"goal":{"metric":"loss","direction":"up"}}"#, "'goal' has a 'direction' that must be 'min' or 'max'"),
        (r#"{"metrics":{"loss":{"colour":1}}}"#, "colour"),
        ("[", "The body is not a JSON object"),
    ] {
        let (status, message) = refused(&server, "PATCH", "/boards/digits", body).await;
        assert!(status == 400 && message.contains(expected), "{body}: {message}");
    }
    let (status, message) = refused(&server, "PATCH", "/boards/digits", &json!({"a": "x".repeat(256 << 10)}).to_string()).await;
    assert!(status == 413 && message.contains("256 KiB"), "{message}");
    assert_eq!(server.call("GET", "/boards/digits", "").await.status, 404);
}

#[tokio::test]
async fn a_board_is_deleted_with_its_cells_and_runs() {
    let server = spawn().await;
    server.create(r#"{"_id":"other","board":"b"}"#).await;
    server.call("PATCH", "/boards/digits", r#"{"title":"x"}"#).await;
    log(&server, "/boards/digits/runs/a/log", r#"{"loss":1,"acc":2}"#).await;
    let deleted = server.call("DELETE", "/boards/digits", "").await;
    assert_eq!((deleted.status, deleted.json()), (200, json!({"name": "digits", "cells": 2, "runs": 1})));
    assert_eq!(server.call("GET", "/boards/digits", "").await.status, 404);
    assert_eq!(server.call("DELETE", "/boards/digits", "").await.status, 404);
    assert_eq!(server.get("/boards").await, json!([{"name": "b", "cells": 1}]));
    assert_eq!(server.call("POST", "/boards/digits/runs/a/restore", "").await.status, 200);
}
