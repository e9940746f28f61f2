//! What the server gives out: whole or broken off, known to its reader already or not, drawn once, and never held in any number.

use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::points::{line, send};
use crate::support::{Reply, Running, spawn};

/// Replaces the points of the cell `a`.
async fn replace(server: &Running, points: usize) {
    let body = json!({ "type": "line", "value": { "series": { "l": vec![2; points] } } });
    assert_eq!(server.call("PUT", "/values/a", body.to_string()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_whose_points_are_replaced_breaks_off() {
    let server = spawn().await;
    for (change, is_whole) in [("none", true), ("replace", false), ("remove", false)] {
        line(&server, "a").await;
        send(&server, "a", &json!({ "l": vec![1; 300_000] }).to_string()).await;
        let reply = reqwest::get(server.url("/values/a.csv")).await.unwrap();
        assert_eq!(reply.status(), 200);
        let mut body = reply.bytes_stream();
        let mut rows = body.next().await.unwrap().unwrap().to_vec();
        match change {
            "replace" => replace(&server, 290_000).await,
            "remove" => {
                assert_eq!(server.call("DELETE", "/values/a", "").await.status, 200);
                line(&server, "a").await;
                send(&server, "a", &json!({ "l": vec![2; 310_000] }).to_string()).await;
            }
            _ => send(&server, "a", r#"{"l":[1,1]}"#).await["appended"].as_u64().map(drop).unwrap(),
        }
        let mut is_broken = false;
        while let Some(piece) = body.next().await {
            match piece {
                Ok(piece) => rows.extend_from_slice(&piece),
                Err(_) => is_broken = true,
            }
        }
        let text = String::from_utf8(rows).unwrap();
        assert_eq!(!is_broken, is_whole, "{change}: {} rows", text.lines().count());
        assert!(text.lines().all(|row| row.split(',').nth(3) != Some("2.0")), "no row is of the other series");
        if is_whole {
            assert!(text.lines().count() > 300_000);
        }
        assert_eq!(server.call("DELETE", "/values/a", "").await.status, 200);
    }
}

#[tokio::test]
async fn pages_of_points_name_their_generation() {
    let server = spawn().await;
    line(&server, "a").await;
    send(&server, "a", r#"{"l":[1,1,1]}"#).await;
    let page = server.call("GET", "/values/a/points?limit=2", "").await;
    let known = page.json()["generation"].as_str().unwrap().to_owned();
    assert_eq!(page.headers["agnez-generation"], known.as_str());
    for format in ["csv", "ndjson"] {
        assert_eq!(server.call("GET", &format!("/values/a/points?format={format}"), "").await.headers["agnez-generation"], known.as_str());
    }
    // More points are of the same one.
    send(&server, "a", r#"{"l":[1]}"#).await;
    let next = server.get(&format!("/values/a/points?from=2&generation={known}")).await;
    assert_eq!((next["points"].as_array().unwrap().len(), &next["generation"]), (2, &json!(known)));
    replace(&server, 5).await;
    for format in ["json", "csv", "ndjson"] {
        let over = server.call("GET", &format!("/values/a/points?from=2&format={format}&generation={known}"), "").await;
        assert_eq!((over.status, over.json()["errors"]["generation"].is_string()), (409, true), "{}", over.text);
    }
    let again = server.get("/values/a/points").await;
    assert!(again["generation"] != json!(known) && again["points"].as_array().unwrap().len() == 5);
}

#[tokio::test]
async fn what_a_reader_has_is_not_sent_again_however_he_says_so() {
    let server = spawn().await;
    std::fs::create_dir_all(server.folder.path().join("images")).unwrap();
    std::fs::write(server.folder.path().join("images/a.gif"), b"GIF89a...").unwrap();
    server.create(r#"{"_id":"b","type":"bar","value":[1,2]}"#).await;
    line(&server, "l").await;
    for path in ["/images/a.gif", "/values/b.svg", "/values/b.csv", "/values/b.json", "/values/l.svg", "/values/l.csv"] {
        let first = server.call("GET", path, "").await;
        assert_eq!(first.status, 200, "{path}");
        let tag = first.headers["etag"].to_str().unwrap();
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), format!("W/\"x\",W/{tag}, \"y\""), "*".to_owned()] {
            let again = server.ask("GET", path, "", &[("if-none-match", &known)]).await;
            assert_eq!((again.status, again.text.len()), (304, 0), "{path} {known}");
            assert_eq!(again.headers["etag"], tag);
        }
        for unknown in ["\"x\"".to_owned(), tag.trim_matches('"').to_owned()] {
            assert_eq!(server.ask("GET", path, "", &[("if-none-match", &unknown)]).await.status, 200, "{path} {unknown}");
        }
    }
}

#[tokio::test]
async fn a_file_is_sent_as_it_is() {
    let server = spawn().await;
    let images = server.folder.path().join("images");
    std::fs::create_dir_all(&images).unwrap();
    let bytes = [b"\x89PNG\r\n\x1a\n".as_slice(), &(0..300_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()].concat();
    std::fs::write(images.join("a.png"), &bytes).unwrap();
    std::fs::write(images.join("empty.png"), b"").unwrap();
    std::fs::write(images.join("page.png"), b"<html><svg>").unwrap();
    let whole = reqwest::get(server.url("/images/a.png")).await.unwrap();
    assert_eq!((&whole.headers()["content-type"], whole.content_length()), (&"image/png".parse().unwrap(), Some(bytes.len() as u64)));
    assert!(whole.bytes().await.unwrap() == bytes);
    let head = server.call("HEAD", "/images/a.png", "").await;
    assert_eq!((head.status, head.headers["content-length"].to_str().unwrap()), (200, bytes.len().to_string().as_str()));
    for path in ["empty.png", "page.png"] {
        assert_eq!(server.call("GET", &format!("/images/{path}"), "").await.status, 422, "{path}");
    }
    assert_eq!(server.call("GET", "/images/none.png", "").await.status, 404);
}

fn is_given_or_asked_to_come_again(reply: &Reply) -> bool {
    reply.status == 200 || (reply.status == 503 && reply.headers.contains_key("retry-after"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_size_of_a_drawing_is_the_same_drawing() {
    let server = spawn().await;
    let map: Vec<Vec<u32>> = (0..60).map(|row| (0..60).map(|column| row * column).collect()).collect();
    server.create(&json!({ "_id": "h", "type": "heatmap", "value": map }).to_string()).await;
    let paths: Vec<_> = (0..200).map(|at| format!("/values/h.svg?width={}", 400 + at % 50)).collect();
    let drawn = join_all(paths.iter().map(|path| server.call("GET", path, ""))).await;
    assert!(drawn.iter().all(is_given_or_asked_to_come_again));
    for (at, reply) in drawn.iter().enumerate().filter(|(_, reply)| reply.status == 200) {
        assert_eq!(reply.text, server.call("GET", &paths[at], "").await.text);
    }
    let version = server.content("h").await;
    let page = server.call("GET", "/", "").await.text;
    assert!(page.contains("values/h.svg?"), "{version:?}");
    // Another name stands in the next drawing.
    assert_eq!(server.call("PATCH", "/values/h", r#"{"name":"renamed"}"#).await.status, 200);
    assert!(server.call("GET", &paths[0], "").await.text.contains("renamed"));
    assert_eq!(server.call("PATCH", "/values/h", r#"{"value":[[1,2],[3,4]]}"#).await.status, 200);
    assert_ne!(server.call("GET", &paths[0], "").await.text, drawn[0].text);
}

#[tokio::test]
async fn a_drawing_of_a_line_has_each_new_point() {
    let server = spawn().await;
    line(&server, "a").await;
    let mut before = server.call("GET", "/values/a.svg?width=300", "").await;
    for at in 0..5 {
        send(&server, "a", &json!({ "l": at * at }).to_string()).await;
        let now = server.call("GET", "/values/a.svg?width=300", "").await;
        assert!(now.text != before.text && now.headers["etag"] != before.headers["etag"]);
        assert_eq!(now.text, server.call("GET", "/values/a.svg?width=300", "").await.text);
        before = now;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_in_pieces_are_whole() {
    let server = spawn().await;
    line(&server, "a").await;
    line(&server, "b").await;
    let all: serde_json::Map<String, Value> = (0..100).map(|at| (format!("s{at}"), json!(vec![at; 500]))).collect();
    send(&server, "a", &Value::Object(all).to_string()).await;
    send(&server, "b", r#"{"l":[1,2]}"#).await;
    let found = server.get("/columns?cells=none,a,b,a&width=1000").await;
    let series = found["cells"]["a"]["series"].as_array().unwrap();
    assert_eq!((series.len(), series[99]["name"].as_str().unwrap(), &series[99]["columns"]["last"][499]), (100, "s99", &json!(99.0)));
    assert_eq!(found["cells"]["b"]["series"][0]["columns"]["count"], json!([1, 1]));
    assert_eq!(server.get("/columns?cells=none").await, json!({ "cells": {} }));
    let frame = agnez::protocol::columns::read(&server.http_bytes("/columns?cells=none,a,b,a&width=1000").await).unwrap();
    let sizes: Vec<_> = frame.cells.iter().map(|cell| (cell.cell.as_str(), cell.series.len())).collect();
    assert_eq!(sizes, [("a", 100), ("b", 1), ("a", 100)]);
    assert!(frame.cells[2].series.iter().all(|series| series.columns.len() == 500));
}

#[tokio::test]
async fn a_table_keeps_its_empty_rows_as_csv() {
    let server = spawn().await;
    server.create(r#"{"_id":"t","type":"table","value":{"columns":["a"],"rows":[["x"],[""],[null],["y"]]}}"#).await;
    assert_eq!(server.call("GET", "/values/t.csv", "").await.text, "a\r\nx\r\n\"\"\r\n\"\"\r\ny\r\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_texts_are_shown_in_part() {
    let server = spawn().await;
    server.create(&json!({ "_id": "t", "type": "text", "value": ">".repeat((8 << 20) - 100) }).to_string()).await;
    let page = server.call("GET", "/figure/t/0", "").await;
    assert!(page.status == 200 && page.text.len() < 1 << 20 && page.text.contains("The text goes on"), "{}", page.text.len());
}
