//! `/boards/:board/layout`, and what the page does with sections.

use agnez::protocol::LayoutPatch;
use serde_json::{Value, json};

use crate::support::{Running, spawn};

async fn cells(server: &Running, names: &[&str]) {
    for name in names {
        server.call("POST", "/values", json!({ "_id": name, "name": name, "board": "b" }).to_string()).await;
    }
}

async fn put(server: &Running, body: Value) -> Value {
    let reply = server.call("PUT", "/boards/b/layout", body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

async fn refused(server: &Running, body: &str) -> (u16, String) {
    let reply = server.call("PUT", "/boards/b/layout", body.to_owned()).await;
    (reply.status, reply.json()["message"].as_str().unwrap().to_owned())
}

/// A call of the page; the answer undoes it.
async fn page_call(server: &Running, name: &str, body: Value) -> LayoutPatch {
    let headers = [("content-type", "application/json"), ("accept", "application/json")];
    let reply = server.ask("POST", &format!("/rpc/{name}"), body.to_string(), &headers).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    serde_json::from_value(reply.json()).unwrap()
}

async fn undo(server: &Running, patch: &LayoutPatch) {
    page_call(server, "board/layout", json!({ "board": "b", "patch": patch })).await;
}

/// The cells in the order of the board, each with its section.
async fn sections(server: &Running) -> String {
    let layout = server.get("/boards/b/layout").await;
    let cell = |(id, layout): (&String, &Value)| match layout["section"].as_str() {
        Some(section) => format!("{section}/{id}"),
        None => id.clone(),
    };
    layout["cells"].as_object().unwrap().iter().map(cell).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_layout_is_changed_where_the_body_names_it() {
    let mut server = spawn().await;
    assert_eq!(server.call("GET", "/boards/b/layout", "").await.status, 404);
    cells(&server, &["a", "c"]).await;
    server.call("POST", "/values", r#"{"_id":"x1","name":"loss","board":"b","layout":{"own":1,"width":3}}"#).await;
    assert_eq!(server.get("/boards/b/layout").await, json!({ "cells": { "a": {}, "c": {}, "x1": { "width": 3 } } }));
    let layout =
        put(&server, json!({ "cells": { "loss": { "section": "train", "order": -1.5, "height": 25 }, "c": { "width": 12 } } })).await;
    let expected = json!({ "cells": {
        "x1": { "section": "train", "width": 3, "height": 25, "order": -1.5 }, "a": {}, "c": { "width": 12 },
    } });
    assert_eq!(layout, expected);
    assert_eq!(server.get("/values/x1").await["layout"], json!({ "own": 1, "width": 3, "section": "train", "order": -1.5, "height": 25 }));
    let rev = server.get("/values/c").await["rev"].clone();
    put(&server, json!({ "cells": { "c": { "width": 12 } } })).await;
    assert_eq!(server.get("/values/c").await["rev"], rev, "no change, no event");
    put(
        &server,
        json!({ "cells": { "x1": { "width": null, "order": null } }, "density": 4, "sections": [{ "name": "train", "pinned": true }] }),
    )
    .await;
    server.restart(&[]).await;
    let layout = server.get("/boards/b/layout").await;
    assert_eq!(layout["cells"]["x1"], json!({ "section": "train", "height": 25 }));
    assert_eq!((&layout["density"], &layout["sections"]), (&json!(4), &json!([{ "name": "train", "pinned": true }])));
    let layout = put(&server, json!({ "density": null, "sections": null })).await;
    assert_eq!((layout.get("density"), layout.get("sections")), (None, None));
    for (body, status, why) in [
        (r#"{"cells":{"none":{"width":1}}}"#, 404, "The board 'b' has no cell with the id or name 'none'; nothing was changed."),
        (r#"{"cells":{"a":{"width":5},"none":{}}}"#, 404, "The board 'b' has no cell with the id or name 'none'; nothing was changed."),
        (r#"{"cells":{"a":{"width":0}}}"#, 400, "'cells.a.width' must be an integer from 1 to 12; nothing was changed."),
        ("{", 400, "The body is not a JSON object: it ends before it is complete, in line 1."),
    ] {
        assert_eq!(refused(&server, body).await, (status, why.to_owned()), "{body}");
    }
    assert_eq!(server.get("/values/a").await["layout"], Value::Null, "nothing of a refused change is there");
}

#[tokio::test]
async fn a_layout_is_that_of_the_tag_and_a_repetition_changes_nothing() {
    let server = spawn().await;
    cells(&server, &["a"]).await;
    let read = server.call("GET", "/boards/b/layout", "").await;
    let tag = read.headers["etag"].to_str().unwrap().to_owned();
    let known = server.ask("GET", "/boards/b/layout", "", &[("if-none-match", &tag)]).await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));
    let keyed = async |tag: &str, key: &str, width: u8| {
        let body = json!({ "cells": { "a": { "width": width } } }).to_string();
        server.ask("PUT", "/boards/b/layout", body, &[("if-match", tag), ("idempotency-key", key)]).await
    };
    let first = keyed(&tag, "k1", 4).await;
    let new_tag = first.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!((first.status, new_tag != tag), (200, true));
    assert_eq!(server.call("GET", "/boards/b/layout", "").await.headers["etag"], new_tag.as_str());
    let again = keyed(&tag, "k1", 4).await;
    assert_eq!((again.status, again.text == first.text, again.headers.contains_key("idempotent-replayed")), (200, true, true));
    let outdated = keyed(&tag, "k2", 5).await;
    assert_eq!((outdated.status, outdated.json()["className"].as_str()), (412, Some("precondition-failed")));
    assert_eq!(keyed(&new_tag, "k3", 6).await.status, 200);
    assert_eq!(server.get("/boards/b/layout").await["cells"]["a"]["width"], 6);
}

#[tokio::test]
async fn a_mosaic_is_a_block_of_cells() {
    let server = spawn().await;
    cells(&server, &["a", "c", "d"]).await;
    let layout = put(&server, json!({ "blocks": [{ "mosaic": "AAB\nAAC", "cells": { "A": "a", "B": "c", "C": "loss" } }] })).await;
    let block = &layout["blocks"][0];
    assert_eq!((&block["mosaic"], &block["cells"]), (&json!("AAB;AAC"), &json!({ "A": "a", "B": "c", "C": "b-loss" })), "a cell to come");
    let again = put(&server, json!({ "blocks": [{ "mosaic": "AAB;AAC", "cells": { "A": "a", "B": "c", "C": "loss" } }] })).await;
    assert_eq!(again, layout, "a script that runs again changes nothing");
    let layout = put(&server, json!({ "blocks": [{ "id": "second", "mosaic": "hero-thirds", "cells": { "H": "d", "A": "c" } }] })).await;
    assert_eq!(layout["blocks"][0]["cells"], json!({ "A": "a", "C": "b-loss" }), "the first block stays");
    assert_eq!(layout["blocks"][1], json!({ "id": "second", "mosaic": "HHA;HHB;CDE", "cells": { "A": "c", "H": "d" } }));
    let layout = put(&server, json!({ "blocks": [{ "id": "second", "mosaic": null }] })).await;
    assert_eq!(layout["blocks"].as_array().unwrap().len(), 1);
    for (body, status, why) in [
        (
            r#"{"blocks":[{"mosaic":"AB;A","cells":{"A":"a"}}]}"#,
            400,
            "'blocks[0].mosaic' has rows of equal length, but row 2 is not as long as the first; nothing was changed.",
        ),
        (r#"{"blocks":[{"mosaic":"AB","cells":{"A":"a","B":"a"}}]}"#, 400, "'blocks.cells' names the cell 'a' twice; nothing was changed."),
    ] {
        assert_eq!(refused(&server, body).await, (status, why.to_owned()));
    }
}

#[tokio::test]
async fn a_page_moves_cells_and_sections_and_undoes_it() {
    let server = spawn().await;
    cells(&server, &["a", "c", "d", "e"]).await;
    put(&server, json!({ "cells": { "c": { "section": "train" }, "d": { "section": "val" }, "e": { "section": "train" } } })).await;
    assert_eq!(sections(&server).await, "a train/c val/d train/e");
    let before = server.get("/boards/b/layout").await;
    let moved = page_call(&server, "cells/move", json!({ "id": "a", "section": "train", "before": "e" })).await;
    assert_eq!(sections(&server).await, "train/c val/d train/a train/e");
    undo(&server, &moved).await;
    assert_eq!(sections(&server).await, "a train/c val/d train/e");
    let moved = page_call(&server, "cells/move", json!({ "id": "d", "section": "train", "before": null })).await;
    assert_eq!(sections(&server).await, "a train/c train/e train/d", "to the end of the section");
    undo(&server, &moved).await;
    let renamed = page_call(&server, "board/section/rename", json!({ "board": "b", "from": "val", "to": "train" })).await;
    assert_eq!(sections(&server).await, "a train/c train/d train/e");
    undo(&server, &renamed).await;
    assert_eq!(sections(&server).await, "a train/c val/d train/e");
    let order = async || {
        let layout = server.get("/boards/b/layout").await;
        let names = layout["sections"].as_array().into_iter().flatten().map(|section| section["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    let swapped = page_call(&server, "board/section/move", json!({ "board": "b", "name": "val", "before": "train" })).await;
    assert_eq!(order().await, "val train");
    let pinned = page_call(&server, "board/section/pin", json!({ "board": "b", "name": "train", "pinned": true })).await;
    assert_eq!(server.get("/boards/b/layout").await["sections"][1], json!({ "name": "train", "pinned": true }));
    put(&server, json!({ "cells": { "c": { "width": 3 } } })).await;
    let resized = page_call(&server, "board/section/resize", json!({ "board": "b", "section": "train", "width": 6, "height": 30 })).await;
    let layout = server.get("/boards/b/layout").await;
    assert_eq!(layout["sections"][0], json!({ "name": "train", "pinned": true, "width": 6, "height": 30 }), "the pinned one is first");
    assert_eq!(layout["cells"]["c"].get("width"), None);
    let unnamed = page_call(&server, "board/section/resize", json!({ "board": "b", "section": null, "width": 4, "height": null })).await;
    assert_eq!(server.get("/boards/b/layout").await["cells"]["a"]["width"], 4);
    for patch in [unnamed, resized, pinned, swapped] {
        undo(&server, &patch).await;
    }
    put(&server, json!({ "cells": { "c": { "width": null } } })).await;
    assert_eq!(server.get("/boards/b/layout").await, before);
}

#[tokio::test]
async fn cells_of_a_log_are_in_the_section_of_their_name() {
    let server = spawn().await;
    server
        .call(
            "POST",
            "/boards/b/runs/r/log",
            r#"{"loss":1,"lr/pg0":0.1,"system/cpu":50,"epoch":1,"val/sample":{"type":"text","value":"x"}}"#,
        )
        .await;
    let layout = server.get("/boards/b/layout").await;
    let mut found: Vec<&str> = layout["cells"].as_object().unwrap().values().map(|cell| cell["section"].as_str().unwrap_or("-")).collect();
    found.sort_unstable();
    assert_eq!(found, ["-", "Metrics", "lr", "system", "val"]);
    // A person's order stays while the run goes on.
    put(&server, json!({ "cells": { "loss": { "section": "best", "width": 12 } } })).await;
    server.call("POST", "/boards/b/runs/r/log", r#"{"loss":2}"#).await;
    assert_eq!(server.get("/values/b-loss").await["layout"], json!({ "section": "best", "width": 12 }));
}

#[tokio::test]
async fn a_page_hears_of_the_layout() {
    let server = spawn().await;
    cells(&server, &["a"]).await;
    let mut page = server.live("board=b&view=page").await;
    assert_eq!(page.next().await.unwrap()["event"], "hello");
    put(&server, json!({ "cells": { "a": { "width": 4 } }, "density": 2 })).await;
    let frames = page.take(2).await;
    let of = |event: &str| frames.iter().find(|frame| frame["event"] == event).unwrap().clone();
    assert_eq!(of("patched")["data"]["layout"], json!({ "width": 4 }));
    assert_eq!(of("settings")["settings"], json!({ "title": "b", "archived": false, "layout": { "density": 2 } }));
    assert!(server.call("GET", "/b/b", "").await.text.contains(r#""layout":{"density":2}"#));
}

#[tokio::test]
async fn null_stands_for_a_missing_key_and_nothing_is_lost() {
    let server = spawn().await;
    cells(&server, &["a"]).await;
    let layout = json!({
        "sections": [{ "name": "train", "pinned": null, "width": 6 }], "density": 4, "blocks": null,
    });
    let patched = server.call("PATCH", "/boards/b", json!({ "layout": layout }).to_string()).await;
    assert_eq!(patched.status, 200, "{}", patched.text);
    put(&server, json!({ "cells": { "a": { "width": 3 } }, "blocks": [{ "id": "x", "mosaic": "A", "cells": { "A": "a" } }] })).await;
    let stored = server.get("/boards/b/layout").await;
    assert_eq!((&stored["density"], &stored["sections"]), (&json!(4), &json!([{ "name": "train", "width": 6 }])));
    put(&server, json!({ "sections": [{ "name": "train", "pinned": null }], "cells": null, "blocks": null })).await;
    let view = json!({ "name": "v", "query": "", "layout": { "sections": null, "density": null } });
    assert_eq!(server.call("POST", "/boards/b/views", view.to_string()).await.status, 201, "as the body of a PUT");
    let view = json!({ "name": "w", "query": "", "layout": { "sections": [{ "name": "a", "pinned": null }] } });
    assert_eq!(server.call("POST", "/boards/b/views", view.to_string()).await.status, 201);
    let page = server.call("GET", "/b/b", "").await.text;
    assert!(page.contains(r#""name":"v""#) && page.contains(r#""name":"w""#), "the page gets both views");
}

#[tokio::test]
async fn a_board_is_there_only_with_something_in_it() {
    let server = spawn().await;
    assert_eq!(server.call("PUT", "/boards/none/layout", "{}").await.status, 404);
    let any = server.ask("PUT", "/boards/none/layout", r#"{"density":4}"#, &[("if-match", "*")]).await;
    assert_eq!(any.status, 412, "there is no layout yet");
    put(&server, json!({ "density": 4 })).await;
    assert_eq!(put(&server, json!({ "density": null })).await, json!({ "cells": {} }));
    assert_eq!(server.call("GET", "/boards/b/layout", "").await.status, 404, "nothing of it is left");
}

#[tokio::test]
async fn what_one_request_names_is_never_left_out() {
    let server = spawn().await;
    cells(&server, &["a"]).await;
    let blocks = |from: usize, count: usize| {
        let block = |at: usize| json!({ "id": format!("b{at}"), "mosaic": "A", "cells": { "A": format!("to come {at}") } });
        json!({ "blocks": (from..from + count).map(block).collect::<Vec<_>>() })
    };
    assert_eq!(put(&server, blocks(0, 200)).await["blocks"].as_array().unwrap().len(), 200);
    let layout = put(&server, blocks(150, 100)).await;
    let ids: Vec<_> = layout["blocks"].as_array().unwrap().iter().map(|block| block["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((ids.len(), ids[0].as_str(), ids[199].as_str()), (200, "b50", "b249"), "the oldest ones without cells are");
    assert_eq!(refused(&server, &blocks(0, 201).to_string()).await, (413, "'blocks' may have 200 blocks; nothing was changed.".to_owned()));
}

#[tokio::test]
async fn an_undo_leaves_alone_what_others_have_changed_since() {
    let server = spawn().await;
    cells(&server, &["a", "c", "d", "e"]).await;
    // The first move gives all cells an order; another reader moves one of them since.
    let first = page_call(&server, "cells/move", json!({ "id": "e", "section": null, "before": "c" })).await;
    let second = page_call(&server, "cells/move", json!({ "id": "d", "section": null, "before": "a" })).await;
    assert_eq!(sections(&server).await, "d a e c");
    undo(&server, &first).await;
    assert_eq!(sections(&server).await, "d a c e");
    undo(&server, &second).await;
    assert_eq!(sections(&server).await, "a c d e");
    // Another one resizes a section after the first was pinned.
    put(&server, json!({ "cells": { "a": { "section": "one" }, "c": { "section": "two" }, "d": { "section": "two" } } })).await;
    let pinned = page_call(&server, "board/section/pin", json!({ "board": "b", "name": "one", "pinned": true })).await;
    page_call(&server, "board/section/resize", json!({ "board": "b", "section": "two", "width": 6, "height": null })).await;
    undo(&server, &pinned).await;
    assert_eq!(server.get("/boards/b/layout").await["sections"], json!([{ "name": "two", "width": 6 }]));
    // A cell is gone, another one was moved, when a new name is taken back.
    let renamed = page_call(&server, "board/section/rename", json!({ "board": "b", "from": "two", "to": "three" })).await;
    server.call("DELETE", "/values/c", "").await;
    undo(&server, &renamed).await;
    assert_eq!(server.get("/boards/b/layout").await["cells"]["d"]["section"], "two");
    assert_eq!(server.get("/boards/b/layout").await["sections"], json!([{ "name": "two", "width": 6 }]));
    let renamed = page_call(&server, "board/section/rename", json!({ "board": "b", "from": "two", "to": "three" })).await;
    put(&server, json!({ "cells": { "d": { "section": "own" } }, "density": 6 })).await;
    undo(&server, &renamed).await;
    let layout = server.get("/boards/b/layout").await;
    assert_eq!((&layout["cells"]["d"]["section"], &layout["density"]), (&json!("own"), &json!(6)));
    let same = page_call(&server, "board/section/rename", json!({ "board": "b", "from": "two", "to": "two" })).await;
    assert_eq!((same.is_empty(), &server.get("/boards/b/layout").await["sections"]), (true, &json!([{ "name": "two", "width": 6 }])));
}

#[tokio::test]
async fn a_board_of_many_sections_stays_within_the_bound_of_its_document() {
    let server = spawn().await;
    let cell = |at: usize| json!({ "_id": format!("c{at}"), "board": "b", "value": 1, "layout": { "section": format!("s{at}") } });
    for from in [0, 600] {
        let body: Vec<_> = (from..from + 600).map(cell).collect();
        assert_eq!(server.call("POST", "/values", json!(body).to_string()).await.status, 201);
    }
    let pinned = page_call(&server, "board/section/pin", json!({ "board": "b", "name": "s3", "pinned": true })).await;
    let layout = server.get("/boards/b/layout").await;
    assert_eq!(layout["sections"].as_array().unwrap().len(), 4);
    put(&server, json!({ "sections": layout["sections"] })).await;
    undo(&server, &pinned).await;
    assert_eq!(server.get("/boards/b/layout").await.get("sections"), None);
    let headers = [("content-type", "application/json"), ("accept", "application/json")];
    let body = json!({ "board": "b", "name": "s1199", "pinned": true }).to_string();
    let refused = server.ask("POST", "/rpc/board/section/pin", body, &headers).await;
    assert!(refused.text.contains("A board may arrange 1000 sections"), "{} {}", refused.status, refused.text);
}
