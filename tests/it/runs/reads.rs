use serde_json::{Value, json};

use super::{log, refused};
use crate::support::spawn;

#[tokio::test]
async fn the_history_of_a_metric_is_read_in_pages() {
    let server = spawn().await;
    let points: Vec<Value> =
        (0..5).map(|at| json!({"step": 10 * at, "time": 100 + at, "val/loss": if at == 3 { json!("NaN") } else { json!(at) }})).collect();
    log(&server, "/boards/digits/runs/a/log", &json!(points).to_string()).await;
    let path = "/boards/digits/runs/a/history?metric=val/loss";
    let whole = json!({"step": [0.0, 10.0, 20.0, 30.0, 40.0], "value": [0.0, 1.0, 2.0, "NaN", 4.0], "time": [100.0, 101.0, 102.0, 103.0, 104.0],
        "total": 5, "next": null});
    assert_eq!(server.get(path).await, whole);
    let page = server.get(&format!("{path}&from=1&limit=2")).await;
    assert_eq!((&page["step"], &page["next"], &page["total"]), (&json!([10.0, 20.0]), &json!(3), &json!(5)));
    let figures = server.get("/boards/digits/runs/a").await["metrics"]["val/loss"].clone();
    assert_eq!(
        (&figures["min"], &figures["max"], &figures["maxStep"], &figures["best"]),
        (&json!(0.0), &json!(4.0), &json!(40.0), &json!(0.0))
    );
    assert_eq!(figures["mean"], 1.75);
    for (query, status, expected) in [
        ("", 400, "'metric' must name a metric of the run"),
        ("metric=acc", 404, "The run 'a' has no metric 'acc'"),
        ("metric=val/loss&from=-1", 400, "'from' must be a whole number"),
        ("metric=val/loss&to=1", 400, "known are metric, from and limit"),
    ] {
        let (found, message) = refused(&server, "GET", &format!("/boards/digits/runs/a/history?{query}"), "").await;
        assert!(found == status && message.contains(expected), "{query}: {message}");
    }
    assert_eq!(server.call("GET", "/boards/digits/runs/b/history?metric=loss", "").await.status, 404);
}

#[tokio::test]
async fn keys_and_differences_of_runs() {
    let server = spawn().await;
    for (run, lr) in [("a", 0.1), ("b", 0.01)] {
        let summary = json!({"final_acc": lr, "best": {"epoch": if lr > 0.05 { json!(3) } else { json!("none") }}});
        let keys = json!({"config": {"lr": lr, "opt": {"name": "adam"}, "api_key": "0123456789"}, "tags": ["x"], "summary": summary});
        server.call("PATCH", &format!("/boards/digits/runs/{run}?upsert=true"), keys.to_string()).await;
    }
    log(&server, "/boards/digits/runs/a/log", r#"{"loss":2}"#).await;
    let keys = server.get("/boards/digits/run-keys").await;
    assert_eq!((&keys["runs"], &keys["metrics"]), (&json!(2), &json!([{"key": "loss", "runs": 1, "min": 2.0, "max": 2.0}])));
    let config: Vec<_> =
        keys["config"].as_array().unwrap().iter().map(|key| (key["key"].as_str().unwrap(), key["distinct"].as_u64().unwrap())).collect();
    assert_eq!(config, [("api_key", 1), ("lr", 2), ("opt.name", 1)]);
    let summary = json!([{"key": "best.epoch", "type": "mixed", "runs": 2}, {"key": "final_acc", "type": "number", "runs": 2}]);
    assert_eq!(keys["summary"], summary);
    assert_eq!(server.get("/boards/digits/run-keys?prefix=fin").await["summary"], json!([summary[1]]));
    let table = server.get("/boards/digits/run-table?q=final_acc>0.05&columns=final_acc&sort=-final_acc").await;
    assert_eq!((&table["total"], &table["columns"][0]["key"]), (&json!(1), &json!("run.summary.final_acc")));
    assert_eq!(table["rows"][0]["cells"], json!([0.1]));
    let wrong = server.call("GET", "/boards/digits/runs?q=final_ac>1", "").await.json();
    assert_eq!(wrong["data"]["near"], json!(["summary.final_acc"]));
    let diff = server.get("/boards/digits/run-diff?runs=b,a").await;
    assert_eq!((&diff["columns"], &diff["different"]), (&json!(["b", "a"]), &json!({"config.lr": {"b": 0.01, "a": 0.1}})));
    assert_eq!((&diff["equal"]["config.opt.name"], &diff["equal"]["config.api_key"]), (&json!("adam"), &json!("[redacted]")));
    for (query, status) in [("runs=a", 400), ("", 400), ("runs=a,none", 404), ("x=1", 400), ("runs=a,b&reference=c", 400)] {
        assert_eq!(refused(&server, "GET", &format!("/boards/digits/run-diff?{query}"), "").await.0, status, "{query}");
    }
    let none = server.get("/boards/none/run-keys?prefix=x").await;
    assert_eq!(
        none,
        json!({"runs": 0, "config": [], "metrics": [], "document": [], "summary": [], "statistics": ["last", "min", "max", "mean", "best"]})
    );
}

#[tokio::test]
async fn names_and_values_are_completed() {
    let server = spawn().await;
    for (run, model, status) in
        [("a", "resnet18", "finished"), ("b", "resnet50", "failed"), ("c", "vit", "failed"), ("d", "resnet50", "running")]
    {
        let keys = json!({"config": {"model": model, "max_lr": 1}, "status": status, "tags": ["ok", run], "exit": {"traceback": "x"}});
        server.call("PATCH", &format!("/boards/digits/runs/{run}?upsert=true"), keys.to_string()).await;
    }
    log(&server, "/boards/digits/runs/a/log", r#"{"val/loss":2,"val/acc":1,"lr":1}"#).await;
    let names = async |query: &str| {
        let keys = server.get(&format!("/boards/digits/run-keys?{query}")).await;
        let of = |list: &str| keys[list].as_array().unwrap().iter().map(|key| key["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        [of("config"), of("metrics"), of("document")].map(|names| names.join(","))
    };
    assert_eq!(names("prefix=M").await, ["model,max_lr".split(',').rev().collect::<Vec<_>>().join(","), String::new(), String::new()]);
    assert_eq!(names("prefix=l").await, ["max_lr".to_owned(), "lr,val/loss".into(), String::new()]);
    assert_eq!(names("prefix=val/l").await, [String::new(), "val/loss".into(), String::new()]);
    assert_eq!(names("prefix=metrics.&$limit=2").await, [String::new(), "lr,val/acc".into(), String::new()]);
    assert_eq!(names("prefix=run.s").await, [String::new(), String::new(), "status".into()]);
    let values = async |query: &str, list: &str| server.get(&format!("/boards/digits/run-keys?{query}")).await[list][0]["values"].clone();
    assert_eq!(values("key=model&prefix=RES", "config").await, json!([{"value": "resnet50", "runs": 2}, {"value": "resnet18", "runs": 1}]));
    assert_eq!(values("key=status&prefix=f&$limit=1", "document").await, json!([{"value": "failed", "runs": 2}]));
    assert_eq!(values("key=tag&$limit=1", "document").await, json!([{"value": "ok", "runs": 4}]));
    assert_eq!(values("key=exit", "document").await, json!([]));
    let (status, message) = refused(&server, "GET", "/boards/digits/run-keys?key=modle", "").await;
    assert!(status == 400 && message.contains("'key' has an error in column 1") && message.contains("'config.model'"), "{message}");
    assert_eq!(refused(&server, "GET", "/boards/digits/run-keys?x=1", "").await.0, 400);
}

#[tokio::test]
async fn epochs_of_keras_become_runs_where_the_address_says_so() {
    let server = spawn().await;
    let epoch = async |query: &str, epoch: u64| {
        let body = json!({"epoch": epoch, "loss": 1.0, "val_loss": 2.0}).to_string();
        let reply = server.call("POST", &format!("/publish/epoch/end/?board=digits&{query}"), body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json()["run"].as_str().unwrap().to_owned()
    };
    assert_eq!(epoch("run=first", 0).await, "first");
    let run = epoch("run=", 0).await;
    assert_eq!((epoch("run=", 1).await, epoch("run=", 2).await), (run.clone(), run.clone()));
    let second = epoch("run=", 2).await;
    assert_ne!(second, run, "the epoch is not above the last one");
    assert_eq!(epoch("run=", 3).await, second);
    let shown = server.get(&format!("/boards/digits/runs/{run}")).await;
    assert_eq!((&shown["metrics"]["val_loss"]["points"], &shown["source"]), (&json!(3), &json!({"tool": "keras"})));
    assert_eq!(server.get("/values?board=digits").await.as_array().unwrap().len(), 1, "one chart for both lines");
    assert_eq!(refused(&server, "POST", "/publish/epoch/end/?run=a%20b", "{}").await.0, 400);
}

#[tokio::test]
async fn console_output_is_appended_and_bounded() {
    let mut server = spawn().await;
    let path = "/boards/digits/runs/a/console";
    assert_eq!((server.call("GET", path, "").await.status, server.call("POST", path, "x").await.status), (404, 404));
    log(&server, "/boards/digits/runs/a/log", "{}").await;
    assert_eq!(server.call("GET", path, "").await.text, "");
    let keyed = async || server.ask("POST", path, "epoch 1\n", &[("idempotency-key", "console:1")]).await;
    let (first, again) = (keyed().await, keyed().await);
    assert_eq!((first.status, first.json(), &again.text), (200, json!({"bytes": 8}), &first.text));
    server.call("POST", path, "epoch 2\u{1b}[0m\n").await;
    server.restart(&[]).await;
    let shown = server.call("GET", path, "").await;
    assert_eq!(
        (shown.text.as_str(), &shown.headers["content-type"]),
        ("epoch 1\nepoch 2\u{1b}[0m\n", &"text/plain; charset=utf-8".parse().unwrap())
    );
    server.call("POST", path, "0123456789\n".repeat(10_000)).await;
    let shown = server.call("GET", path, "").await.text;
    assert!(shown.len() <= 64 << 10 && shown.len() > 60_000 && shown.starts_with("0123456789\n"), "{}", shown.len());
    assert_eq!(refused(&server, "POST", path, &"x".repeat((1 << 20) + 1)).await.0, 413);
    // Another run has output of its own, and the cell of both is hidden.
    log(&server, "/boards/digits/runs/b/log", "{}").await;
    assert_eq!(server.call("GET", "/boards/digits/runs/b/console", "").await.text, "");
    let cells = server.get("/values?board=digits").await;
    assert_eq!((cells.as_array().unwrap().len(), &cells[0]["hidden"], &cells[0]["value"]), (1, &json!(true), &Value::Null));
    server.call("DELETE", "/boards/digits/runs/a", "").await;
    assert_eq!((server.call("GET", path, "").await.status, server.call("POST", path, "x").await.status), (404, 410));
}

#[tokio::test]
async fn each_run_has_its_last_value() {
    let server = spawn().await;
    for (run, text) in [("a", "one"), ("b", "two"), ("a", "three")] {
        log(&server, &format!("/boards/digits/runs/{run}/log"), &json!({"sample": {"type": "text", "value": text}}).to_string()).await;
    }
    let of = async |run: &str| server.get(&format!("/boards/digits/runs/{run}/value?name=sample")).await;
    assert_eq!(of("a").await, json!({"cell": "digits-sample", "type": "text", "value": "three"}));
    assert_eq!(of("b").await["value"], "two");
    assert_eq!(server.get("/values/digits-sample").await["value"], "three", "the cell shows the newest");
    let (status, message) = refused(&server, "GET", "/boards/digits/runs/a/value?name=other", "").await;
    assert_eq!((status, message.as_str()), (404, "The run 'a' has logged no value 'other' that is no number."));
    assert_eq!(refused(&server, "GET", "/boards/digits/runs/a/value", "").await.0, 400);
}

/// Places of the columns, which are single points here, and the origin.
fn places(series: &Value) -> (Vec<f64>, f64) {
    let places = series["columns"]["x_first"].as_array().unwrap().iter().map(|place| place.as_f64().unwrap());
    (places.collect(), series["origin"].as_f64().unwrap_or_default())
}

#[tokio::test]
async fn along_relative_time_each_run_begins_at_its_own_start() {
    const START: f64 = 1_795_860_000.0;
    let server = spawn().await;
    for (id, hour) in [("a", 10), ("b", 15)] {
        let body = format!("{{\"startedAt\":\"2026-11-28T{hour}:00:00Z\"}}");
        server.call("PATCH", &format!("/boards/digits/runs/{id}?upsert=true"), body).await;
        let start = START + f64::from((hour - 10) * 3600);
        let points: Vec<Value> = (0..4).map(|at| json!({"step": at, "time": start + 0.1 + f64::from(10 * at), "loss": at})).collect();
        log(&server, &format!("/boards/digits/runs/{id}/log"), &json!(points).to_string()).await;
    }
    // Series without a run: the first point of the first one is the origin of both.
    let points = json!({"cells": {"digits-loss": {"early": [[0, 1.0, START + 500.0]], "late": [[0, 1.0, START + 530.0]]}}});
    log(&server, "/points", &points.to_string()).await;
    let read = async |query: &str| server.get(&format!("/columns?cells=digits-loss&runs=a,b{query}")).await["cells"]["digits-loss"].take();
    let near = |found: (Vec<f64>, f64), places: &[f64], origin: f64| {
        let is_near = |(one, other): (&f64, &f64)| (one - other).abs() < 1e-6;
        assert!(found.0.len() == places.len() && found.0.iter().zip(places).all(is_near) && found.1 == origin, "{found:?}");
    };
    let whole = read("&x=relative").await;
    near(places(&whole["runs"]["a"][""]), &[0.1, 10.1, 20.1, 30.1], START);
    near(places(&whole["runs"]["b"][""]), &[0.1, 10.1, 20.1, 30.1], START + 18_000.0);
    near(places(&whole["series"][0]), &[0.0], START + 500.0);
    near(places(&whole["series"][1]), &[30.0], START + 500.0);
    // A window is the same one for all, with the neighbours outside of it to which the lines lead.
    let window = read("&x=relative&from=9&to=21&width=50").await;
    for (run, origin) in [("a", START), ("b", START + 18_000.0)] {
        near(places(&window["runs"][run][""]), &[0.1, 10.1, 20.1, 30.1], origin);
    }
    let narrow = read("&x=relative&from=15&to=16&smooth=0.5").await;
    near(places(&narrow["runs"]["b"][""]), &[10.1, 20.1], START + 18_000.0);
    let smoothed = narrow["runs"]["b"][""]["smoothed"]["x"].as_array().unwrap();
    assert!((smoothed[0].as_f64().unwrap() - 10.1).abs() < 1e-6, "{smoothed:?}");
    // Wall time has no origin.
    let wall = read("&x=time").await;
    near(places(&wall["runs"]["b"][""]), &[0.1, 10.1, 20.1, 30.1].map(|at| START + 18_000.0 + at), 0.0);
    // The drawing has one axis from nought for both.
    server.call("PATCH", "/values/digits-loss", r#"{"chart":{"x":"relative"}}"#).await;
    let svg = server.call("GET", "/values/digits-loss.svg?runs=a,b&series=a%2F&series=b%2F", "").await.text;
    let seconds = |label: &str| svg.contains(&format!(">{label}</text>"));
    assert!(seconds("0:10") && seconds("0:30") && !seconds("5:00 h"), "{svg}");
}

#[tokio::test]
async fn charts_without_points_of_some_runs_are_named() {
    let server = spawn().await;
    log(&server, "/boards/b/runs/old/log", r#"{"loss":1,"aux":2}"#).await;
    log(&server, "/boards/b/runs/new/log", r#"{"loss":1}"#).await;
    server.call("POST", "/values", r#"{"_id":"own","board":"b","type":"line","value":{"a":[1]}}"#).await;
    server.call("POST", "/values", r#"{"_id":"unused","board":"b","type":"line"}"#).await;
    let aux = server.get("/values?board=b&name=aux").await[0]["_id"].clone();
    let empty = async |runs: &str| server.get(&format!("/boards/b/empty-charts?runs={runs}")).await["cells"].clone();
    assert_eq!((empty("new").await, empty("old").await, empty("new,old").await), (json!([aux]), json!([]), json!([])));
    assert_eq!(
        empty("none").await.as_array().map(Vec::len),
        Some(2),
        "charts without runs, and without points, are no charts of other runs"
    );
    assert_eq!(server.get("/boards/none/empty-charts?runs=a").await["cells"], json!([]));
    server.call("DELETE", "/boards/b/runs/old", "").await;
    assert_eq!(empty("old").await.as_array().map(Vec::len), Some(2), "a deleted run has no points");
    assert_eq!(empty("old,new").await, json!([aux]));
    for (query, sentence) in [("", "'runs' must name runs: runs=first,second."), ("?of=a", "is no key of this query; known is runs")] {
        let (status, message) = refused(&server, "GET", &format!("/boards/b/empty-charts{query}"), "").await;
        assert!(status == 400 && message.contains(sentence), "{message}");
    }
}

#[tokio::test]
async fn a_drawing_fades_or_leaves_out_what_a_restart_superseded() {
    let server = spawn().await;
    // A spike at step 8, then a restart from step 4.
    let steps = (0..10).map(|step| json!({"step": step, "loss": if step == 8 { 500 } else { 1 }}));
    let again = (4..7).map(|step| json!({"step": step, "loss": 2}));
    log(&server, "/boards/digits/runs/a/log", &json!(steps.chain(again).collect::<Vec<_>>()).to_string()).await;
    let drawing = async |query: &str| {
        let svg = server.call("GET", &format!("/values/digits-loss.svg?width=640&height=300{query}"), "").await.text;
        (svg.contains(">400<"), svg.contains("stroke-opacity=\"0.3\""))
    };
    assert_eq!(drawing("").await, (true, true), "faded");
    assert_eq!(drawing("&hide_superseded=1").await, (false, false), "the y axis has room for what is left");
    let chart = |chart: Value| json!({ "chart": chart }).to_string();
    assert_eq!(server.call("PATCH", "/values/digits-loss", chart(json!({"hide_superseded": true}))).await.status, 200);
    assert_eq!((drawing("").await, drawing("&hide_superseded=0").await), ((false, false), (true, true)));
    let along_time = json!({"hide_superseded": true, "x": "relative"});
    assert_eq!(server.call("PATCH", "/values/digits-loss", chart(along_time)).await.status, 200);
    assert_eq!(drawing("").await, (true, false), "times do not say what was superseded");
    let (status, message) = refused(&server, "PATCH", "/values/digits-loss", &chart(json!({"hide_superseded": "yes"}))).await;
    assert!(status == 400 && message.contains("'chart.hide_superseded' must be true or false"), "{message}");
}
