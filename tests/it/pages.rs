//! The page as it comes from the server, figures, pictures, and what a person does.

use agnez::protocol::{CellContent, CellLayout};
use serde_json::json;

use crate::support::spawn;

#[tokio::test]
async fn the_first_paint_holds_the_cells() {
    let server = spawn().await;
    server.create(r#"{"name":"</script><img src=x onerror=alert(1)>","type":"html","value":"<p>1</p>","description":"<b>note</b>"}"#).await;
    server.create(r#"{"name":"other","board":"x"}"#).await;
    let page = server.call("GET", "/b/main", "").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<article") && page.text.contains("/figure/"), "{}", page.text);
    assert!(!page.text.contains("<img src=x") && !page.text.contains("<b>note") && !page.text.contains("</script><img"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(page.text.contains(&format!("nonce=\"{nonce}\"")));
    assert!(!server.call("GET", "/b/main", "").await.text.contains(nonce), "each page has its own");
    assert!(server.call("GET", "/b/x", "").await.text.contains("other"));
    assert_eq!(server.call("GET", "/b/..%2Fx", "").await.status, 400);
}

#[tokio::test]
async fn a_browser_reads_an_error_as_a_page_and_a_program_as_json() {
    let server = spawn().await;
    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let page = server.ask("GET", "/nowhere/at/all", "", &browser).await;
    assert_eq!((page.status, page.headers["content-type"].to_str().unwrap()), (404, "text/html; charset=utf-8"));
    assert!(page.text.contains("<h1>This page does not exist</h1>") && page.text.contains("href=\"/\""), "{}", page.text);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script"), "{policy}");
    let bad = server.ask("GET", "/values/%3Cimg%20src=x%3E", "", &browser).await;
    assert!(bad.status == 404 && bad.text.contains("&lt;img src=x&gt;") && !bad.text.contains("<img"), "{}", bad.text);
    for accept in ["*/*", "text/html", "application/json"] {
        assert_eq!(server.ask("GET", "/nowhere", "", &[("accept", accept)]).await.json()["code"], 404, "{accept}");
    }
    assert_eq!(server.ask("DELETE", "/no/where", "", &browser).await.json()["code"], 404);
    // A name that is not the server's: the way in that is named has the port that was asked.
    let stranger = server.ask("GET", "/", "", &[("host", "gpu-box.example:8123")]).await;
    assert!(stranger.status == 403 && stranger.text.contains("ssh -L 8123:localhost:8123"), "{}", stranger.text);
    let page = server.ask("GET", "/", "", &[("host", "gpu-box.example:8123"), browser[0]]).await;
    assert!(page.status == 403 && page.text.contains("<h1>You may not open this page</h1>"), "{}", page.text);
}

#[tokio::test]
async fn boards_are_those_that_hold_cells() {
    let server = spawn().await;
    assert_eq!(server.get("/boards").await, json!([]));
    for (id, board) in [("a", "run-2"), ("b", "main"), ("c", "run-2")] {
        server.call("POST", "/values", json!({"_id": id, "board": board}).to_string()).await;
    }
    assert_eq!(server.get("/boards").await, json!([{"name": "main", "cells": 1}, {"name": "run-2", "cells": 2}]));
    server.call("DELETE", "/values/b", "").await;
    assert_eq!(server.get("/boards").await, json!([{"name": "run-2", "cells": 2}]));
    assert_eq!(server.get("/boards?name=run-2").await, json!([{"name": "run-2", "cells": 2}]));
    assert_eq!(server.get("/boards?name=main").await, json!([]));
    let refused = server.call("GET", "/boards?main=1", "").await;
    assert_eq!(
        (refused.status, refused.json()["message"].as_str().unwrap()),
        (400, "'main' is no key of this query; known are name, size and trash, not '1'.")
    );
}

#[tokio::test]
async fn figures_are_served_alone_with_local_scripts() {
    let server = spawn().await;
    let html = r#"<div id='f'></div><script src='https://d3js.org/d3.v5.js'></script>"#;
    server.create(&json!({"_id": "f", "type": "html", "value": html}).to_string()).await;
    let address = async || match server.content("f").await {
        CellContent::Html { rev, .. } => format!("/figure/f/{rev}"),
        other => panic!("{other:?}"),
    };
    let cached = async |address: &str| {
        let figure = server.call("GET", address, "").await;
        (figure.headers["cache-control"].to_str().unwrap().contains("immutable"), figure.text)
    };
    let first = address().await;
    let (immutable, text) = cached(&first).await;
    assert!(immutable && text.contains("src='../../vendor/d3.v5.min.js'"), "{text}");
    assert_eq!(server.get("/values/f").await["value"], html, "what is stored stays as it is");
    server.call("PATCH", "/values/f", r#"{"name":"renamed","type":"html"}"#).await;
    assert_eq!(address().await, first, "the same figure keeps its address");
    server.call("PATCH", "/values/f", r#"{"value":"<p>2"}"#).await;
    let (immutable, text) = cached(&first).await;
    assert!(!immutable && text.contains("<p>2"), "an old address gives the newest figure, and is not kept");
    // A new life of the same id never has an address of the old one: browsers keep those for ever.
    let second = address().await;
    server.call("DELETE", "/values/f", "").await;
    server.create(r#"{"_id":"f","type":"html","value":"<p>3"}"#).await;
    let third = address().await;
    assert!(first != second && second != third && first != third);
    assert_eq!(server.call("GET", "/figure/none/1", "").await.json()["code"], 404);
}

#[tokio::test]
async fn pictures() {
    let server = spawn().await;
    let folder = server.folder.path().join("images");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a b.gif"), b"GIF89a-one").unwrap();
    std::fs::write(folder.join("page.png"), b"<html><script>").unwrap();
    let first = server.call("GET", "/images/a%20b.gif", "").await;
    assert_eq!((first.status, first.headers["content-type"].to_str().unwrap()), (200, "image/gif"));
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(server.ask("GET", "/images/a%20b.gif", "", &[("if-none-match", &tag)]).await.status, 304);
    std::fs::write(folder.join("a b.gif"), b"GIF89a-another").unwrap();
    let second = server.call("HEAD", "/images/a%20b.gif", "").await;
    assert_ne!(second.headers["etag"].to_str().unwrap(), tag);
    assert_eq!(server.call("GET", "/images/page.png", "").await.json()["code"], 422);
    for path in ["/images/none.png", "/images/..%2fdata/agnez.sqlite", "/images/%2e%2e/data/agnez.sqlite", "/images//etc/passwd"] {
        assert_eq!(server.call("GET", path, "").await.status, 404, "{path}");
    }
    server.create(r#"{"_id":"d","type":"img","value":"data:image/gif;base64,R0lGODlhAQABAAAAACw="}"#).await;
    let data = server.call("GET", "/media/d/1", "").await;
    assert_eq!((data.status, data.headers["content-type"].to_str().unwrap()), (200, "image/gif"));
    server.create(r#"{"_id":"s","type":"img","value":"data:image/svg+xml,<svg onload='x()'/>"}"#).await;
    let svg = server.call("GET", "/media/s/1", "").await;
    assert!(svg.headers["content-security-policy"].to_str().unwrap().starts_with("sandbox;"));
}

#[tokio::test]
async fn what_a_person_does_reaches_everyone() {
    let server = spawn().await;
    let ask = async |name: &str, body: serde_json::Value| {
        let headers = [("content-type", "application/json"), ("accept", "application/json")];
        server.ask("POST", &format!("/rpc/cells/{name}"), body.to_string(), &headers).await
    };
    let mut live = server.live("").await;
    live.next().await;
    let made = ask("create", json!({"board": "main", "name": "mine"})).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let id = made.json().as_str().unwrap().to_owned();
    server.create(r#"{"_id":"b","name":"b","pos":5}"#).await;
    server.create(r#"{"_id":"c","name":"c","pos":5}"#).await;
    assert_eq!(ask("edit", json!({"id": id, "name": "renamed", "note": null})).await.status, 200);
    assert_eq!(ask("move", json!({"id": id, "before": null})).await.status, 200);
    let order = async || {
        let cells = server.get("/values?board=main").await;
        cells.as_array().unwrap().iter().map(|cell| cell["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(order().await, ["b", "c", "renamed"]);
    assert_eq!(ask("move", json!({"id": id, "before": "c"})).await.status, 200);
    assert_eq!(order().await, ["b", "renamed", "c"]);
    // An old client that sends its pos with every patch does not undo a person's arrangement.
    server.call("PATCH", &format!("/values/{id}"), r#"{"pos":0}"#).await;
    assert_eq!(order().await, ["b", "renamed", "c"]);
    server.call("PATCH", "/values/c", r#"{"value":"kept"}"#).await;
    assert_eq!(ask("remove", json!({"id": "c"})).await.status, 200);
    assert_eq!(order().await, ["b", "renamed"]);
    assert_eq!(ask("restore", json!({"id": "c"})).await.status, 200);
    assert_eq!(order().await, ["b", "renamed", "c"]);
    assert_eq!(server.get("/values/c").await["value"], "kept");
    let long = ask("edit", json!({"id": "c", "name": "x".repeat(600_000), "note": null})).await;
    assert_eq!((long.status, long.json()["code"].as_u64()), (413, Some(413)));
    let unread = ask("edit", json!({"id": 7})).await;
    assert_eq!((unread.status, unread.json()["code"].as_u64()), (400, Some(400)));
    let missing = ask("edit", json!({"id": "none", "name": "x", "note": null})).await;
    assert_eq!((missing.status, missing.json()["code"].as_u64()), (404, Some(404)));
    let head = server.live("").await.next().await.unwrap()["seq"].as_u64().unwrap();
    let frames = live.until(head).await;
    let seqs: Vec<_> = frames.iter().map(|frame| frame["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=head).collect::<Vec<_>>(), "without gaps");
}

#[tokio::test]
async fn charts_are_set_in_one_write_whose_answer_undoes_it() {
    let server = spawn().await;
    let set = async |changes: serde_json::Value| {
        let headers = [("content-type", "application/json"), ("accept", "application/json")];
        server.ask("POST", "/rpc/cells/charts", json!({ "changes": changes }).to_string(), &headers).await
    };
    for (id, chart) in [("a", json!({})), ("b", json!({ "smooth": 0.5 })), ("c", json!({})), ("d", json!({ "y": "log" }))] {
        server.create(&json!({ "_id": id, "type": "line", "chart": chart }).to_string()).await;
    }
    server.create(r#"{"_id":"text","type":"text","value":"one"}"#).await;
    let charts = async || {
        let cells = server.get("/values?board=main&$sort[_id]=1").await;
        let chart = |cell: &serde_json::Value| cell["chart"]["y"].as_str().unwrap_or("linear").to_owned();
        cells.as_array().unwrap().iter().map(chart).collect::<Vec<_>>().join(" ")
    };
    let changed = set(json!([{ "charts": ["a", "none", "b", "text", "c", "d"], "settings": { "y": "log" } }])).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    // What had it already is not undone, and neither is what is gone or no line chart.
    assert_eq!(changed.json(), json!([{ "charts": ["a", "b", "c"], "settings": { "y": "linear" } }]));
    assert_eq!(charts().await, "log log log log linear");
    assert_eq!(server.get("/values/text").await["chart"], json!(null));
    server.call("DELETE", "/values/b", "").await;
    let undone = set(changed.json()).await;
    assert_eq!(undone.json(), json!([{ "charts": ["a", "c"], "settings": { "y": "log" } }]));
    assert_eq!(charts().await, "linear linear log linear");
    // All of them or none.
    let refused = set(json!([
        { "charts": ["a"], "settings": { "y": "log" } },
        { "charts": ["c"], "settings": { "smooth": 2 } },
    ]))
    .await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert_eq!(charts().await, "linear linear log linear");
}

#[tokio::test]
async fn cells_have_a_section_and_a_size() {
    let server = spawn().await;
    let cell_layout = |section: Option<&str>, width, height| CellLayout { section: section.map(str::to_owned), width, height };
    for (layout, expected) in [
        (r#"{"section":"train","width":4,"height":25}"#, cell_layout(Some("train"), Some(4), Some(25))),
        (r#"{"width":12,"order":3}"#, cell_layout(None, Some(12), None)),
        (r#"{"columns":3,"column":1,"w":"wide"}"#, CellLayout::default()),
        (r#"{"section":null,"width":null}"#, CellLayout::default()),
        ("null", CellLayout::default()),
    ] {
        let id = server.create(&format!(r#"{{"layout":{layout}}}"#)).await;
        assert_eq!(server.get(&format!("/values/{id}")).await["layout"].to_string(), layout, "sent back as it was read");
        let board = server.board("main").await;
        assert_eq!(board.cell(&agnez::protocol::CellId::parse(&id).unwrap()).unwrap().layout, expected, "{layout}");
    }
    for layout in [r#"{"width":13}"#, r#"{"width":"50%"}"#, r#"{"height":3}"#, r#"{"section":""}"#, r#"{"order":"first"}"#, "7"] {
        let body = format!(r#"{{"layout":{layout}}}"#);
        let reply = server.call("POST", "/values", body).await;
        assert_eq!((reply.status, reply.json()["errors"]["layout"].is_string()), (400, true), "{layout}");
    }
}
