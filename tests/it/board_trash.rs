//! Deleted boards: in the trash, restored whole, and purged.

use serde_json::{Value, json};

use crate::support::{Running, spawn};

/// A board of 120 cells, two runs and a document.
async fn filled() -> Running {
    let server = spawn().await;
    let cells: Vec<Value> =
        (0..119).map(|at| json!({ "_id": format!("c{at}"), "board": "b", "name": format!("{at}"), "value": at })).collect();
    assert_eq!(server.call("POST", "/values", Value::from(cells).to_string()).await.status, 201);
    let large = json!({ "value": "x".repeat(100_000) }).to_string();
    assert_eq!(server.call("PATCH", "/values/c7", large).await.status, 200);
    for run in ["first", "second"] {
        let log = json!([{ "step": 1, "loss": 1 }, { "step": 2, "loss": 0.5 }]).to_string();
        assert_eq!(server.call("POST", &format!("/boards/b/runs/{run}/log"), log).await.status, 201);
    }
    server.call("PATCH", "/boards/b", r#"{"title":"Digits","layout":{"density":4}}"#).await;
    server
}

/// All that is seen of the board, without what each change counts, and without what follows from a sign of life, which need not outlive
/// a restart.
async fn seen(server: &Running) -> Value {
    let without = |mut document: Value| {
        ["rev", "updatedAt", "createdAt", "heartbeatAt", "age", "took"]
            .into_iter()
            .for_each(|key| drop(document.as_object_mut().unwrap().shift_remove(key)));
        document
    };
    let list = |list: Value| list.as_array().unwrap().iter().map(|one| without(one.clone())).collect::<Vec<_>>();
    let (cells, runs) = (server.get("/values?board=b").await, server.get("/boards/b/runs").await);
    let history = server.get("/boards/b/runs/second/history?metric=loss").await;
    json!([list(cells), list(runs), history, without(server.get("/boards/b").await), server.get("/boards/b/layout").await])
}

#[tokio::test]
async fn a_deleted_board_comes_back_whole() {
    let mut server = filled().await;
    let before = seen(&server).await;
    let size = server.get("/boards?size=1").await;
    assert!(size[0]["bytes"].as_u64().is_some_and(|bytes| bytes > 100_000), "{size}");
    assert_eq!(server.get("/boards?name=b").await, json!([{ "name": "b", "cells": 120, "runs": 2 }]));
    let deleted = server.call("DELETE", "/boards/b", "").await;
    assert_eq!((deleted.status, deleted.json()), (200, json!({ "name": "b", "cells": 120, "runs": 2 })));
    assert_eq!(server.get("/boards").await, json!([]));
    assert_eq!(server.get("/boards?name=b").await, json!([]));
    for path in ["", "/layout", "/marks", "/views", "/views/v"] {
        assert_eq!(server.call("GET", &format!("/boards/b{path}"), "").await.status, 404, "{path}");
    }
    assert_eq!(server.get("/values?board=b&$limit=0").await["total"], Value::Null);
    server.restart(&[]).await;
    let trash = server.get("/boards?trash=1").await;
    let entry = |key: &str| trash[0][key].clone();
    assert_eq!([entry("name"), entry("title"), entry("cells"), entry("runs")], [json!("b"), json!("Digits"), json!(120), json!(2)]);
    assert!(entry("deletedAt").as_str().unwrap().ends_with('Z') && trash.as_array().unwrap().len() == 1);
    let restore = async || server.ask("POST", "/boards/b/restore", "", &[("idempotency-key", "k")]).await;
    let (first, again) = (restore().await, restore().await);
    assert_eq!((first.status, first.json(), &again.text), (200, json!({ "name": "b", "cells": 120, "runs": 2 }), &first.text));
    assert_eq!(seen(&server).await, before);
    assert_eq!(server.get("/boards?trash=1").await, json!([]));
    assert_eq!(server.call("POST", "/boards/b/restore", "").await.status, 404, "it is there");
    server.restart(&[]).await;
    assert_eq!(seen(&server).await, before);
}

#[tokio::test]
async fn what_has_begun_under_the_name_since_stays() {
    let server = filled().await;
    server.call("DELETE", "/boards/b", "").await;
    server.call("POST", "/values", r#"{"_id":"c3","board":"b","name":"new","value":"mine"}"#).await;
    server.call("PATCH", "/boards/b", r#"{"title":"New"}"#).await;
    assert_eq!(server.get("/boards/b").await.get("removed"), None, "clients do not see it");
    assert_eq!(server.call("PATCH", "/boards/b", r#"{"removed":null}"#).await.status, 200);
    let restored = server.call("POST", "/boards/b/restore", "").await;
    assert_eq!((restored.status, restored.json()), (200, json!({ "name": "b", "cells": 119, "runs": 2, "missing": 1 })));
    let board = server.get("/boards/b").await;
    assert_eq!((&board["title"], &board["layout"], &board["cells"]), (&json!("New"), &json!({ "density": 4 }), &json!(120)));
    assert_eq!(server.get("/values/c3").await["value"], "mine");
}

/// The values of a metric of a run.
async fn curve(server: &Running, run: &str, metric: &str) -> Value {
    server.get(&format!("/boards/b/runs/{run}/history?metric={metric}")).await["value"].clone()
}

async fn log(server: &Running, run: &str, body: Value) {
    let logged = server.call("POST", &format!("/boards/b/runs/{run}/log"), body.to_string()).await;
    assert_eq!(logged.status, 201, "{}", logged.text);
}

#[tokio::test]
async fn new_runs_leave_the_curves_and_values_of_a_deleted_board() {
    let mut server = spawn().await;
    let text = |value: &str| json!({ "type": "text", "value": value });
    log(&server, "first", json!([{ "step": 1, "loss": 3, "acc": 0.5, "note": text("a") }, { "step": 2, "loss": 2 }])).await;
    server.call("DELETE", "/boards/b", "").await;
    // The same chart, the same text, and a name that is a value of another type now.
    log(&server, "second", json!({ "step": 1, "loss": 9, "acc": text("high"), "note": text("b") })).await;
    assert_eq!(server.call("GET", "/boards/b/runs/first/history?metric=loss", "").await.status, 404, "it is in the trash");
    assert_eq!(server.get("/values/b-loss").await["value"]["runs"], Value::Null);
    server.restart(&[]).await;
    let restored = server.call("POST", "/boards/b/restore", "").await;
    assert_eq!((restored.status, restored.json()), (200, json!({ "name": "b", "cells": 1, "runs": 1, "missing": 2 })));
    for round in 0..2 {
        assert_eq!(curve(&server, "first", "loss").await, json!([3.0, 2.0]), "{round}");
        assert_eq!(curve(&server, "first", "acc").await, json!([0.5]));
        assert_eq!(curve(&server, "second", "loss").await, json!([9.0]));
        for (run, name, value) in [("first", "note", "a"), ("second", "note", "b"), ("second", "acc", "high")] {
            assert_eq!(server.get(&format!("/boards/b/runs/{run}/value?name={name}")).await["value"], value, "{run} {name}");
        }
        server.restart(&[]).await;
    }
    assert_eq!(server.get("/boards/b").await["cells"], 4, "loss, acc, note, and acc as a text");
}

#[tokio::test]
async fn boards_that_are_deleted_one_after_the_other_come_back_together() {
    let mut server = filled().await;
    let mark = |id: &str| json!({ "_id": id, "step": 1, "text": id }).to_string();
    server.call("POST", "/boards/b/marks", mark("old")).await;
    server.call("DELETE", "/boards/b", "").await;
    log(&server, "third", json!({ "step": 1, "loss": 7 })).await;
    server.call("POST", "/boards/b/marks", mark("new")).await;
    let deleted = server.call("DELETE", "/boards/b", "").await;
    assert_eq!(deleted.json(), json!({ "name": "b", "cells": 1, "runs": 1 }));
    server.restart(&[]).await;
    log(&server, "fourth", json!({ "step": 1, "loss": 8 })).await;
    server.call("POST", "/boards/b/marks", mark("newest")).await;
    let trash = server.get("/boards?trash=1").await;
    assert_eq!([&trash[0]["title"], &trash[0]["cells"], &trash[0]["runs"]], [&json!("Digits"), &json!(119), &json!(3)]);
    let restored = server.call("POST", "/boards/b/restore", "").await;
    assert_eq!(restored.json(), json!({ "name": "b", "cells": 119, "runs": 3, "missing": 2 }), "the chart of two boards is new");
    for (run, values) in [("first", json!([1.0, 0.5])), ("second", json!([1.0, 0.5])), ("third", json!([7.0])), ("fourth", json!([8.0]))] {
        assert_eq!(curve(&server, run, "loss").await, values, "{run}");
    }
    let marks = server.get("/boards/b/marks").await;
    let ids: Vec<_> = marks.as_array().unwrap().iter().map(|mark| mark["_id"].clone()).collect();
    assert_eq!(ids, ["old", "new", "newest"]);
    assert_eq!(server.get("/boards/b/layout").await["density"], 4);
}

#[tokio::test]
async fn the_document_comes_back_after_the_cells_did() {
    let server = spawn().await;
    server.call("POST", "/values", r#"[{"_id":"c1","board":"b","value":1},{"_id":"c2","board":"b","value":2}]"#).await;
    server.call("PATCH", "/boards/b", r#"{"title":"Digits"}"#).await;
    server.call("DELETE", "/boards/b", "").await;
    // As if the restoration had ended before its last commit.
    for id in ["c1", "c2"] {
        let (body, json) = (json!({ "id": id }).to_string(), [("content-type", "application/json")]);
        let restored = server.ask("POST", "/rpc/cells/restore", body, &json).await;
        assert_eq!(restored.status, 200, "{}", restored.text);
    }
    assert_eq!(server.get("/boards?trash=1").await[0]["title"], "Digits");
    let restored = server.call("POST", "/boards/b/restore", "").await;
    assert_eq!((restored.status, restored.json()), (200, json!({ "name": "b", "cells": 2, "runs": 0 })));
    assert_eq!(server.get("/boards/b").await["title"], "Digits");
    assert_eq!(server.get("/boards?trash=1").await, json!([]));
}

#[tokio::test]
async fn the_trash_can_be_emptied() {
    let server = filled().await;
    server.call("DELETE", "/boards/b", "").await;
    let purged = server.call("POST", "/purge", "").await.json()["purged"].as_u64().unwrap();
    assert_eq!(purged, 122, "120 cells and two runs");
    assert_eq!(server.get("/boards?trash=1").await, json!([]));
    let gone = server.call("POST", "/boards/b/restore", "").await;
    assert_eq!((gone.status, &gone.json()["message"]), (404, &json!("The board 'b' is not in the trash, or was purged from it.")));
    for (query, rule) in
        [("trash=2", "'trash' must be 0 or 1, not '2'."), ("x=1", "'x' is no key of this query; known are name, size and trash, not '1'.")]
    {
        let refused = server.call("GET", &format!("/boards?{query}"), "").await;
        assert_eq!((refused.status, refused.json()["message"].as_str()), (400, Some(rule)));
    }
}

#[tokio::test]
async fn a_board_with_a_document_alone_is_purged() {
    let mut server = spawn().await;
    for board in ["a", "b"] {
        server.call("PATCH", &format!("/boards/{board}"), r#"{"title":"Secret"}"#).await;
        server.call("DELETE", &format!("/boards/{board}"), "").await;
    }
    assert_eq!(server.call("POST", "/boards/b/restore", "").await.status, 200);
    assert_eq!(server.get("/boards?trash=1").await.as_array().unwrap().len(), 1);
    assert_eq!(server.call("POST", "/purge", "").await.status, 200);
    for _ in 0..2 {
        assert_eq!(server.get("/boards?trash=1").await, json!([]));
        assert_eq!(server.call("POST", "/boards/a/restore", "").await.status, 404);
        assert_eq!(server.get("/boards/b").await["title"], "Secret");
        server.restart(&[]).await;
    }
}

#[tokio::test]
async fn a_restored_board_does_not_archive_the_one_that_is_there() {
    let server = spawn().await;
    server.call("POST", "/values", r#"{"_id":"c1","board":"b","value":1}"#).await;
    server.call("PATCH", "/boards/b", r#"{"archived":true,"title":"Old"}"#).await;
    server.call("DELETE", "/boards/b", "").await;
    // Alone it comes back as it was.
    server.call("POST", "/boards/b/restore", "").await;
    assert_eq!(server.get("/boards/b").await["archived"], true);
    server.call("DELETE", "/boards/b", "").await;
    server.call("POST", "/values", r#"{"_id":"c2","board":"b","value":2}"#).await;
    let restored = server.call("POST", "/boards/b/restore", "").await;
    assert_eq!(restored.json(), json!({ "name": "b", "cells": 1, "runs": 0 }));
    let board = server.get("/boards/b").await;
    assert_eq!((&board["title"], &board["archived"], &board["cells"]), (&json!("Old"), &Value::Null, &json!(2)));
}

#[tokio::test]
async fn what_did_not_fit_at_a_second_deletion_is_said_by_the_restoration() {
    let server = spawn().await;
    let document = |key: &str, length: usize| json!({ key: "x".repeat(length) }).to_string();
    for (key, length) in [("large", 200 << 10), ("other", 100 << 10)] {
        assert_eq!(server.call("PATCH", "/boards/b", document(key, length)).await.status, 200);
        assert_eq!(server.call("DELETE", "/boards/b", "").await.status, 200);
    }
    let restored = server.call("POST", "/boards/b/restore", "").await;
    assert_eq!(restored.json(), json!({ "name": "b", "cells": 0, "runs": 0, "leftOut": ["large"] }));
}

#[tokio::test]
async fn cells_that_came_back_one_by_one_are_not_missing_after_another_deletion() {
    let server = spawn().await;
    server.call("POST", "/values", r#"[{"_id":"c1","board":"b","value":1},{"_id":"c2","board":"b","value":2}]"#).await;
    server.call("DELETE", "/boards/b", "").await;
    for id in ["c1", "c2"] {
        let (body, json) = (json!({ "id": id }).to_string(), [("content-type", "application/json")]);
        assert_eq!(server.ask("POST", "/rpc/cells/restore", body, &json).await.status, 200);
    }
    server.call("DELETE", "/boards/b", "").await;
    let restored = server.call("POST", "/boards/b/restore", "").await;
    assert_eq!(restored.json(), json!({ "name": "b", "cells": 2, "runs": 0 }));
}

#[tokio::test]
async fn a_cell_that_was_moved_in_is_none_of_the_deleted_board() {
    let server = spawn().await;
    server.call("POST", "/values", r#"[{"_id":"older","board":"other","value":1},{"_id":"c1","board":"b","value":1}]"#).await;
    server.call("PATCH", "/boards/b", r#"{"archived":true}"#).await;
    server.call("DELETE", "/boards/b", "").await;
    assert_eq!(server.call("PATCH", "/values/older", r#"{"board":"b"}"#).await.status, 200);
    server.call("POST", "/values", r#"{"_id":"c1","board":"b","value":2}"#).await;
    let restored = server.call("POST", "/boards/b/restore", "").await;
    assert_eq!(restored.json(), json!({ "name": "b", "cells": 0, "runs": 0, "missing": 1 }));
}

#[tokio::test]
async fn a_board_of_moved_cells_is_not_archived_by_a_restoration() {
    let server = spawn().await;
    server.call("POST", "/values", r#"[{"_id":"older","board":"other","value":1},{"_id":"c1","board":"b","value":1}]"#).await;
    server.call("PATCH", "/boards/b", r#"{"archived":true}"#).await;
    server.call("DELETE", "/boards/b", "").await;
    server.call("PATCH", "/values/older", r#"{"board":"b"}"#).await;
    let restored = server.call("POST", "/boards/b/restore", "").await;
    assert_eq!(restored.json(), json!({ "name": "b", "cells": 1, "runs": 0 }));
    let board = server.get("/boards/b").await;
    assert_eq!((&board["archived"], &board["cells"]), (&Value::Null, &json!(2)));
}

#[tokio::test]
async fn the_page_of_the_trash_has_50_boards_the_last_deleted_first() {
    let server = spawn().await;
    for at in 0..52 {
        server.call("PATCH", &format!("/boards/b{at:02}"), r#"{"title":"x"}"#).await;
        server.call("DELETE", &format!("/boards/b{at:02}"), "").await;
    }
    let page = async |query: &str| server.ask("GET", &format!("/b?show=trash{query}"), "", &[("accept", "text/html")]).await.text;
    let rows = |html: &str| html.matches("<tr data-key=").count();
    let (first, second) = (page("").await, page("&page=2").await);
    assert_eq!((rows(&first), rows(&second), first.contains("Page 1 of 2")), (50, 2, true));
    assert!(first.contains("data-key=\"b51\"") && second.contains("data-key=\"b00\"") && second.contains("Page 2 of 2"), "{second}");
    assert_eq!(server.get("/boards?trash=1").await.as_array().unwrap().len(), 52);
}
