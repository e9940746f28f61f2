//! Keras' `RemoteMonitor`: forms and JSON become a board with one line cell a metric.

use serde_json::json;

use crate::points::{number, points_of};
use crate::support::{Reply, Running, spawn};

/// As `requests.post(url, {"data": json.dumps(...)})` sends it.
async fn form(server: &Running, path: &str, json: &str) -> Reply {
    let escaped: String = json.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    server.ask("POST", path, format!("data={escaped}"), &kind).await
}

#[tokio::test]
async fn an_epoch_becomes_points_of_the_cells_of_its_metrics() {
    let mut server = spawn().await;
    let first = form(&server, "/publish/epoch/end/", r#"{"epoch": 0, "loss": 2.5, "val_loss": 2.75, "top 5": 0.5}"#).await;
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(first.json()["cells"]["keras-loss"], json!({"train": {"start": 0, "points": 1}, "val": {"start": 0, "points": 1}}));
    server.restart(&[]).await;
    let second = server.call("POST", "/publish/epoch/end", r#"{"epoch": 1, "loss": NaN, "val_loss": -Infinity, "note": "x"}"#).await;
    assert_eq!((second.status, &second.json()["appended"]), (201, &json!(2)));
    // Training again.
    form(&server, "/publish/epoch/end/", r#"{"epoch": 0, "loss": 2.25}"#).await;

    let cells = server.get("/values?board=keras").await;
    let named: Vec<_> = cells.as_array().unwrap().iter().map(|cell| (&cell["name"], &cell["type"], cell["pos"].is_null())).collect();
    assert_eq!(named, [(&json!("loss"), &json!("line"), true), (&json!("top 5"), &json!("line"), true)]);
    let steps = async |series: &str| {
        let points = points_of(&server, "keras-loss", series).await;
        points.iter().map(|point| (number(&point[0]), number(&point[1]))).collect::<Vec<_>>()
    };
    let train = steps("train").await;
    let is_whole = train.len() == 3 && train[0] == (0.0, 2.5) && train[1].0 == 1.0 && train[1].1.is_nan() && train[2] == (0.0, 2.25);
    assert!(is_whole, "{train:?}");
    assert_eq!(steps("val").await, [(0.0, 2.75), (1.0, f64::NEG_INFINITY)]);
}

#[tokio::test]
async fn the_board_may_be_named_and_steps_may_be_missing() {
    let server = spawn().await;
    for _ in 0..2 {
        let reply = server.call("POST", "/publish/epoch/end/?board=mnist.2", r#"{"loss": 1}"#).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
    let cells = server.get("/values?board=mnist.2").await;
    let id = cells[0]["_id"].as_str().unwrap();
    let steps: Vec<f64> = points_of(&server, id, "train").await.iter().map(|point| number(&point[0])).collect();
    assert_eq!(steps, [0.0, 1.0]);
    assert_eq!(server.get("/values").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_epoch_says_why_and_leaves_nothing() {
    let server = spawn().await;
    let refused = async |path: &str, body: &str| {
        let reply = server.call("POST", path, body.to_owned()).await;
        (reply.status, reply.json()["message"].as_str().unwrap().to_owned())
    };
    let path = "/publish/epoch/end/";
    assert_eq!(
        refused(path, r#"{"loss":1,"epoch":NaN}"#).await,
        (400, "'epoch' must be a finite number, not NaN (line 1 column 19).".into())
    );
    assert!(refused(path, "data=3").await.1.contains("no metrics of an epoch"));
    assert_eq!(refused("/publish/epoch/end/?board=../x", r#"{"loss":1}"#).await.0, 400);
    assert!(refused("/publish/epoch/end/?bord=x", r#"{"loss":1}"#).await.1.contains("known is board"));
    assert_eq!(refused(path, &format!("data={}", " ".repeat(1 << 20))).await.0, 413);
    server.create(r#"{"_id":"keras-acc","type":"html","value":"x"}"#).await;
    let (status, message) = refused(path, r#"{"loss":1,"acc":2}"#).await;
    assert!(status == 409 && message.contains("'keras-acc' is of type 'html'"), "{message}");
    assert_eq!(server.call("GET", path, "").await.status, 405);
    let foreign = server.ask("POST", path, r#"{"loss":1}"#, &[("origin", "http://evil.example")]).await;
    assert_eq!(foreign.status, 403);
    assert_eq!(server.get("/values").await.as_array().unwrap().len(), 1, "all or nothing");
    let keyed = async |body: &'static str| server.ask("POST", path, body, &[("idempotency-key", "fit:1")]).await;
    let (first, again) = (keyed(r#"{"once":1}"#).await, keyed(r#"{"once":1}"#).await);
    assert_eq!((first.status, again.status, &first.text), (201, 201, &again.text), "sent again, it has no further effect");
    assert_eq!((points_of(&server, "keras-once", "train").await.len(), keyed(r#"{"once":2}"#).await.status), (1, 422));
    let empty = server.call("POST", path, r#"{"epoch":0}"#).await;
    assert_eq!((empty.status, empty.json()), (201, json!({"appended": 0, "cells": {}})));
}
