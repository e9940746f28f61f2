//! Charts along a metric of the same run.

use serde_json::{Value, json};

use super::{log, refused};
use crate::support::{Running, spawn};

/// Two epochs with three losses each, of which the first two come before the first epoch; and a run without epochs.
async fn runs() -> Running {
    let server = spawn().await;
    let steps = json!([
        {"step": 0, "train/loss": 0.9}, {"step": 1, "train/loss": 0.8, "val/loss": 0.85},
        {"step": 2, "train/loss": 0.7, "epoch": 0.5}, {"step": 3, "train/loss": 0.6},
        {"step": 4, "epoch": 1.5, "tokens": 4000}, {"step": 5, "train/loss": 0.4, "val/loss": 0.45},
    ]);
    log(&server, "/boards/digits/runs/first/log", &steps.to_string()).await;
    log(&server, "/boards/digits/runs/second/log", &json!([{"step": 0, "train/loss": 0.9}]).to_string()).await;
    server
}

/// The places and the values of a series.
fn points(series: &Value) -> Vec<(f64, f64)> {
    let numbers = |key: &str| series["columns"][key].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect::<Vec<_>>();
    numbers("x_first").into_iter().zip(numbers("first")).collect()
}

#[tokio::test]
async fn points_stand_at_the_metric_of_their_run() {
    let server = runs().await;
    let columns = server.get("/columns?cells=digits-loss&x=metric&x_metric=epoch").await;
    let runs = &columns["cells"]["digits-loss"]["runs"];
    let (train, val) = (&runs["first"]["train"], &runs["first"]["val"]);
    assert_eq!((points(train), &train["points"]), (vec![(0.5, 0.7), (0.5, 0.6), (1.5, 0.4)], &json!(3)));
    assert_eq!(points(val), [(1.5, 0.45)]);
    assert_eq!((points(&runs["second"]["train"]), &runs["second"]["train"]["points"]), (vec![], &json!(0)), "it has no epoch");
    let along = server.get("/values/digits-loss/columns?x=metric&x_metric=tokens&smooth=0.5").await;
    let train = &along["cells"]["digits-loss"]["runs"]["first"]["train"];
    assert_eq!((points(train), &train["smoothed"]["y"]), (vec![(4000.0, 0.4)], &json!([0.4])));
    // A window, a logarithmic axis, and a metric whose values go down.
    let window = server.get("/columns?cells=digits-loss&x=metric&x_metric=epoch&from=1&to=2&x_scale=log").await;
    assert_eq!(points(&window["cells"]["digits-loss"]["runs"]["first"]["train"]), [(0.5, 0.6), (1.5, 0.4)], "with the one before it");
    let down = server.get("/columns?cells=digits-loss&x=metric&x_metric=train/loss").await;
    assert_eq!(points(&down["cells"]["digits-loss"]["runs"]["first"]["val"]), [(0.4, 0.45), (0.8, 0.85)]);
    let none = server.get("/columns?cells=digits-loss&x=metric&x_metric=unknown").await;
    assert_eq!(none["cells"]["digits-loss"]["runs"]["first"]["train"]["points"], 0);
}

#[tokio::test]
async fn a_restart_takes_the_epochs_that_it_has_written() {
    let server = spawn().await;
    let attempt = |from: u32, to: u32, first: f64| {
        let step = |step: u32| json!({"step": step, "loss": f64::from(step) / 10.0, "epoch": first + f64::from(step)});
        Value::from((from..to).map(step).collect::<Vec<_>>()).to_string()
    };
    log(&server, "/boards/digits/runs/a/log", &attempt(0, 4, 0.0)).await;
    log(&server, "/boards/digits/runs/a/log", &attempt(2, 5, 0.25)).await;
    let columns = server.get("/columns?cells=digits-loss&x=metric&x_metric=epoch").await;
    let expected = [(0.0, 0.0), (1.0, 0.1), (2.0, 0.2), (3.0, 0.3), (2.25, 0.2), (3.25, 0.3), (4.25, 0.4)];
    assert_eq!(points(&columns["cells"]["digits-loss"]["runs"]["a"][""]), expected);
}

#[tokio::test]
async fn metrics_with_other_steps_meet_by_time() {
    let server = spawn().await;
    let steps = json!([
        {"step": 0, "time": 100.0, "epoch": 1}, {"step": 500, "time": 200.0, "epoch": 2},
        {"step": 12.5, "time": 150.0, "system/gpu": 40}, {"step": 14, "time": 250.0, "system/gpu": 50},
    ]);
    let logged = log(&server, "/boards/digits/runs/a/log", &steps.to_string()).await;
    let id = logged["cells"]["system/gpu"].as_str().unwrap().to_owned();
    let columns = server.get(&format!("/columns?cells={id}&x=metric&x_metric=epoch")).await;
    assert_eq!(points(&columns["cells"][&id]["runs"]["a"][""]), [(1.0, 40.0), (2.0, 50.0)]);
}

#[tokio::test]
async fn long_series_are_joined_and_shown_whole() {
    let server = spawn().await;
    for part in 0..5_u32 {
        let step = |step: u32| json!({"step": step, "loss": f64::from(step), "tokens": 10 * step});
        let steps: Vec<Value> = (part * 2000..(part + 1) * 2000).map(step).collect();
        log(&server, "/boards/digits/runs/a/log", &Value::from(steps).to_string()).await;
    }
    let columns = server.get("/columns?cells=digits-loss&x=metric&x_metric=tokens&width=100&smooth=0.9").await;
    let loss = &columns["cells"]["digits-loss"]["runs"]["a"][""];
    assert_eq!(loss["points"], 10_000);
    let counts: u64 = loss["columns"]["count"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!((counts, loss["columns"]["x_last"].as_array().unwrap().last()), (10_000, Some(&json!(99_990.0))));
    // The average is that along steps: the order of the points is the same.
    let steps = server.get("/columns?cells=digits-loss&width=100&smooth=0.9").await;
    let along_steps = &steps["cells"]["digits-loss"]["runs"]["a"][""];
    assert_eq!(loss["smoothed"]["last"]["value"], along_steps["smoothed"]["last"]["value"]);
}

#[tokio::test]
async fn a_chart_is_set_to_a_metric_and_drawn_along_it() {
    let server = runs().await;
    let chart = json!({"chart": {"x": "metric", "x_metric": "epoch"}}).to_string();
    assert_eq!(server.call("PATCH", "/values/digits-loss", chart).await.status, 200);
    let svg = server.call("GET", "/values/digits-loss.svg?width=640&height=300", "").await;
    let tag = svg.headers["etag"].to_str().unwrap().to_owned();
    assert!(svg.text.contains(">epoch</text>") && svg.text.contains("1 of 3 curves have no epoch"), "{}", svg.text);
    // The points of the metric are in another cell.
    log(&server, "/boards/digits/runs/second/log", &json!([{"step": 0, "epoch": 0.1}]).to_string()).await;
    let again = server.ask("GET", "/values/digits-loss.svg?width=640&height=300", "", &[("if-none-match", &tag)]).await;
    assert!(again.status == 200 && !again.text.contains("curves have no"), "{} {}", again.status, again.text);
    // Beside each point of the file stands its place.
    let csv = server.call("GET", "/values/digits-loss.csv", "").await.text;
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].ends_with(",colour,epoch"), "{}", lines[0]);
    let places: Vec<&str> = lines[1..].iter().map(|line| line.rsplit(',').next().unwrap()).collect();
    assert_eq!((lines[1].starts_with("second,train,0,"), places), (true, vec!["0.1", "", "", "0.5", "0.5", "1.5", "", "1.5"]));
    // A new chart takes its axis from the board.
    let metrics = json!({"metrics": {"acc": {"x": "epoch"}}}).to_string();
    assert!(server.call("PATCH", "/boards/digits", metrics).await.status < 300);
    log(&server, "/boards/digits/runs/first/log", &json!([{"step": 6, "acc": 0.5}]).to_string()).await;
    assert_eq!(server.get("/values/digits-acc").await["chart"], json!({"x": "metric", "x_metric": "epoch"}));
}

#[tokio::test]
async fn what_cannot_be_along_a_metric_is_refused() {
    let server = runs().await;
    let rule = "must name a metric with x=metric, and only then";
    for query in ["x=metric", "x=step&x_metric=epoch", "x_metric=epoch"] {
        let (status, message) = refused(&server, "GET", &format!("/columns?cells=digits-loss&{query}"), "").await;
        assert!(status == 400 && message.contains(rule), "{query}: {message}");
    }
    let long = json!({"chart": {"x": "metric", "x_metric": "x".repeat(201)}}).to_string();
    let (status, message) = refused(&server, "PATCH", "/values/digits-loss", &long).await;
    assert!(status == 400 && message.contains("must be the name of a metric"), "{message}");
}
