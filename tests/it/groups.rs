//! `GET /groups`: curves of groups of runs.

use agnez::protocol::groups::{self, GroupGrid};
use serde_json::{Value, json};

use crate::access::{bearer, locked, token};
use crate::support::{Running, spawn};

/// A run with a configuration and points of `loss`.
async fn run(server: &Running, id: &str, config: &Value, points: &[(f64, f64)]) {
    let path = format!("/boards/digits/runs/{id}?upsert=true");
    let reply = server.call("PATCH", &path, json!({ "config": config }).to_string()).await;
    assert!(matches!(reply.status, 200 | 201), "{}", reply.text);
    if !points.is_empty() {
        log(server, id, "loss", points).await;
    }
}

async fn log(server: &Running, id: &str, name: &str, points: &[(f64, f64)]) {
    let number = |value: f64| if value.is_finite() { json!(value) } else { json!(value.to_string().replace("inf", "Infinity")) };
    let rows: Vec<Value> = points.iter().map(|(step, value)| json!({ "step": step, name: number(*value) })).collect();
    let reply = server.call("POST", &format!("/boards/digits/runs/{id}/log"), Value::from(rows).to_string()).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
}

async fn curves(server: &Running, query: &str) -> Vec<Value> {
    let reply = server.get(&format!("/groups?cells=digits-loss&{query}")).await;
    reply["cells"]["digits-loss"]["groups"].as_array().unwrap_or_else(|| panic!("{reply}")).clone()
}

fn list(curve: &Value, field: &str) -> Vec<f64> {
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap();
    curve["columns"][field].as_array().unwrap().iter().map(number).collect()
}

#[tokio::test]
async fn runs_that_agree_in_a_key_have_one_line_with_a_band() {
    let server = spawn().await;
    run(&server, "a", &json!({"lr": 0.1, "seed": 1}), &[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]).await;
    run(&server, "b", &json!({"lr": 0.1, "seed": 2}), &[(0.0, 3.0), (2.0, 5.0)]).await;
    run(&server, "c", &json!({"lr": 0.2, "seed": 1}), &[(0.0, 7.0), (1.0, f64::NAN), (2.0, 9.0)]).await;
    run(&server, "d", &json!({"lr": 0.1, "seed": 3}), &[(0.0, 2.0), (1.0, 3.0)]).await;
    log(&server, "a", "val/loss", &[(2.0, 4.0)]).await;
    let curves = curves(&server, "by=lr&line=mean&band=std").await;
    let expected = json!({
        "group": curves[0]["group"], "index": 0, "label": "lr 0.1", "key": {"config.lr": 0.1}, "line": "", "runs": 3, "ids": ["a", "b", "d"],
        "grid": "steps", "method": "mean of up to 3 runs, band: one standard deviation at each step",
        "columns": {
            "x": [0.0, 1.0, 2.0], "line": [2.0, 3.0, 4.0], "low": [1.0, 2.0, 4.0 - 2_f64.sqrt()], "high": [3.0, 4.0, 4.0 + 2_f64.sqrt()],
            "n": [3, 3, 2], "nan": [0, 0, 0], "ended": [0, 0, 1], "interpolated": [0, 1, 0],
        },
    });
    assert_eq!(curves[0], expected);
    let of_val = (&curves[1]["line"], &curves[1]["ids"], list(&curves[1], "line"), &curves[1]["columns"]["low"]);
    assert_eq!(of_val, (&json!("val"), &json!(["a"]), vec![4.0], &json!(["NaN"])));
    let alone = (&curves[2]["label"], &curves[2]["columns"]["line"], &curves[2]["columns"]["nan"]);
    assert_eq!((curves.len(), alone), (3, (&json!("lr 0.2"), &json!([7.0, "NaN", 9.0]), &json!([0, 1, 0]))));
    // Without keys all runs are one group; `runs` and `q` choose.
    assert_eq!(self::curves(&server, "runs=a,c").await[0]["ids"], json!(["a", "c"]));
    assert_eq!(self::curves(&server, "q=seed%3C3&by=seed").await.iter().map(|curve| curve["runs"].clone()).collect::<Vec<_>>(), [2, 1, 1]);
    let common = self::curves(&server, "by=lr&align=common").await;
    assert_eq!(list(&common[0], "x"), [0.0, 1.0]);
}

#[tokio::test]
async fn another_run_or_group_and_the_order_of_creation_change_no_bit() {
    let server = spawn().await;
    let points = |at: u32| (0..40).map(|step| (f64::from(step * 3), 1.0 / f64::from(step + at * at + 1))).collect::<Vec<_>>();
    let order = [3, 0, 4, 1, 2];
    for at in order {
        run(&server, &format!("r{at}"), &json!({"lr": 1}), &points(at)).await;
    }
    let numbers = async || {
        let curves = curves(&server, "by=lr&width=20").await;
        curves.into_iter().find(|curve| curve["label"] == "lr 1").unwrap()["columns"].clone()
    };
    let before = numbers().await;
    run(&server, "other", &json!({"lr": 2}), &[(-50.0, 1e9), (1e4, -3.0)]).await;
    run(&server, "archived", &json!({"lr": 1}), &[(5.0, 100.0)]).await;
    server.call("PATCH", "/boards/digits/runs/archived", r#"{"archived":true}"#).await;
    server.call("PATCH", "/boards/digits/runs/r1", r#"{"hidden":true}"#).await;
    assert_eq!(numbers().await, before, "another run, a hidden and an archived one");
    let again = spawn().await;
    for at in 0..5 {
        run(&again, &format!("r{at}"), &json!({"lr": 1}), &points(at)).await;
    }
    assert_eq!(curves(&again, "by=lr&width=20").await[0]["columns"], before, "another order");
    server.call("DELETE", "/boards/digits/runs/r1", "").await;
    assert_eq!(curves(&server, "by=lr&width=20").await[0]["ids"], json!(["r3", "r0", "r4", "r2"]));
}

#[tokio::test]
async fn an_answer_is_known_until_a_member_gets_points() {
    let server = spawn().await;
    run(&server, "a", &json!({"lr": 1}), &[(0.0, 1.0)]).await;
    run(&server, "b", &json!({"lr": 2}), &[(0.0, 1.0)]).await;
    let path = "/groups?cells=digits-loss&by=lr&q=lr%3C2";
    let get = async |tag: &str| server.ask("GET", path, "", &[("if-none-match", tag)]).await;
    let first = get("\"x\"").await;
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!((first.status, first.headers["cache-control"].to_str().unwrap()), (200, "no-cache"));
    assert_eq!((get(&tag).await.status, get(&tag).await.text.as_str()), (304, ""));
    log(&server, "b", "loss", &[(1.0, 2.0)]).await;
    assert_eq!(get(&tag).await.status, 304, "the run is no member");
    log(&server, "a", "loss", &[(1.0, 2.0)]).await;
    let second = get(&tag).await;
    assert_eq!((second.status, second.json()["cells"]["digits-loss"]["groups"][0]["columns"]["x"].clone()), (200, json!([0.0, 1.0])));
    let other = server.ask("GET", &format!("{path}&width=3"), "", &[("if-none-match", second.headers["etag"].to_str().unwrap())]).await;
    assert_eq!(other.status, 200, "another query");
}

#[tokio::test]
async fn drawings_and_tables_are_known_until_other_runs_are_members() {
    let server = spawn().await;
    for (id, lr) in [("a", 1), ("b", 2)] {
        run(&server, id, &json!({ "lr": lr }), &[(0.0, 1.0), (1.0, 3.0)]).await;
        log(&server, id, "acc", &[(0.0, 0.5)]).await;
    }
    for form in ["svg", "csv"] {
        let path = format!("/values/digits-loss.{form}?by=lr&q=acc.max%3E0.9&legend=1");
        let get = async |tag: &str| server.ask("GET", &path, "", &[("if-none-match", tag)]).await;
        let tag = |reply: &crate::support::Reply| reply.headers["etag"].to_str().unwrap().to_owned();
        let before = get("\"x\"").await;
        assert_eq!((before.status, get(&tag(&before)).await.status), (200, 304), "{form}");
        // The points of another cell make runs members.
        let (id, step) = if form == "svg" { ("a", 1.0) } else { ("b", 1.0) };
        log(&server, id, "acc", &[(step, 0.95)]).await;
        let after = get(&tag(&before)).await;
        assert_eq!(after.status, 200, "{form}");
        let cached = get("\"x\"").await;
        assert_eq!(cached.text, after.text, "{form}");
        assert_ne!(cached.text, before.text, "{form}");
    }
}

#[tokio::test]
async fn tables_of_groups_cut_long_values_of_keys() {
    let server = spawn().await;
    let layers: Vec<u32> = (0..5000).collect();
    run(&server, "a", &json!({"layers": layers, "lr": 1}), &[(0.0, 1.0), (1.0, 3.0)]).await;
    run(&server, "b", &json!({"layers": [1], "lr": 1}), &[(0.0, 2.0)]).await;
    let reply = server.call("GET", "/values/digits-loss.csv?by=layers,lr&band=none&line=min", "").await;
    assert_eq!((reply.status, reply.headers["content-type"].to_str().unwrap()), (200, "text/csv; charset=utf-8"));
    let lines: Vec<&str> = reply.text.lines().collect();
    assert_eq!(lines[0], "x,config.layers,config.lr,split,line,low,high,n,nan,ended,interpolated,method");
    assert_eq!(lines.len(), 4, "{}", reply.text);
    assert!(lines[1].starts_with("0,\"[0,1,2,") && lines[1].contains("…\",1,,1,"), "{}", lines[1]);
    assert!(lines[1].chars().count() < 300 && lines[3].starts_with("0,[1],1,,2,"), "{}", reply.text);
    let empty = server.call("GET", "/values/digits-loss.csv?by=lr&q=lr%3E5", "").await;
    assert_eq!((empty.status, empty.text.lines().count()), (200, 1));
    assert_eq!(server.call("GET", "/values/digits-loss.csv?by=nothing", "").await.status, 400);
}

#[tokio::test]
async fn the_binary_form_says_what_json_says() {
    let server = spawn().await;
    for (id, lr) in [("a", 1), ("b", 1), ("c", 2)] {
        run(
            &server,
            id,
            &json!({ "lr": lr }),
            &(0..300).map(|step| (f64::from(step), f64::from(step).sqrt() * f64::from(lr))).collect::<Vec<_>>(),
        )
        .await;
    }
    for query in ["by=lr", "by=lr&width=100", "by=lr&from=10.5&to=20&line=median"] {
        let json = curves(&server, query).await;
        let frame = groups::read(&server.http_bytes(&format!("/groups?cells=digits-loss&{query}")).await).unwrap();
        let cell = &frame.cells[0];
        assert_eq!((cell.cell.as_str(), cell.groups.len(), cell.more), ("digits-loss", json.len(), 0));
        for (curve, json) in cell.groups.iter().zip(&json) {
            assert_eq!(
                (json!(curve.group), json!(curve.index), json!(curve.runs)),
                (json["group"].clone(), json["index"].clone(), json["runs"].clone())
            );
            let lines: Vec<u64> = curve.columns.iter().map(|column| column.line.to_bits()).collect();
            assert_eq!(lines, list(json, "line").into_iter().map(f64::to_bits).collect::<Vec<_>>());
            match curve.grid {
                GroupGrid::Steps => assert_eq!(json["grid"], "steps"),
                GroupGrid::Columns { from, to, count } => {
                    assert_eq!((json!(from), json!(to), json!(count)), (json["from"].clone(), json["to"].clone(), json["count"].clone()));
                }
            }
        }
    }
}

#[tokio::test]
async fn long_runs_with_restarts_are_exact_in_every_window() {
    let server = spawn().await;
    let value = |run: u32, step: u32| f64::from((step * 7919 + run * 104_729) % 1000) / 8.0;
    // The second one goes back once, and is then shorter.
    let lengths = [(0_u32, 9000_u32, None), (1, 6000, Some(2500)), (2, 12_000, None)];
    let mut members: Vec<Vec<f64>> = Vec::new();
    for (at, length, back) in lengths {
        let mut points: Vec<(f64, f64)> = (0..length).map(|step| (f64::from(step), value(at, step))).collect();
        if let Some(back) = back {
            points.extend((back..5000).map(|step| (f64::from(step), value(at + 5, step))));
        }
        let mut curve = vec![f64::NAN; 12_000];
        points.iter().for_each(|(step, value)| curve[*step as usize] = *value);
        if back.is_some() {
            curve[5000..].fill(f64::NAN);
        }
        members.push(curve);
        run(&server, &format!("r{at}"), &json!({"lr": 1}), &[]).await;
        for part in points.chunks(3000) {
            log(&server, &format!("r{at}"), "loss", part).await;
        }
    }
    for (window, from, to, count) in
        [("", 0.0, 11_999.0, 100), ("&from=2000&to=7000", 2000.0, 7000.0, 50), ("&from=4990.5&to=5990.5", 4990.5, 5990.5, 100)]
    {
        let curve = curves(&server, &format!("by=lr&band=minmax&width={count}{window}")).await.remove(0);
        assert_eq!((curve["grid"].clone(), curve["from"].as_f64(), curve["to"].as_f64()), (json!("columns"), Some(from), Some(to)));
        let (lines, lows, ns) = (list(&curve, "line"), list(&curve, "low"), list(&curve, "n"));
        assert_eq!(lines.len(), count);
        for at in 0..count {
            let of_column = |member: &Vec<f64>| {
                let is_in = |step: usize| {
                    let place = (step as f64 - from) / (to - from) * count as f64;
                    (from..=to).contains(&(step as f64)) && (place.floor() as usize).min(count - 1) == at
                };
                let values: Vec<f64> =
                    (0..12_000).filter(|step| is_in(*step) && !member[*step].is_nan()).map(|step| member[step]).collect();
                (!values.is_empty())
                    .then(|| (values.iter().sum::<f64>() / values.len() as f64, values.iter().copied().fold(f64::MAX, f64::min)))
            };
            let found: Vec<(f64, f64)> = members.iter().filter_map(of_column).collect();
            let mean = found.iter().map(|one| one.0).sum::<f64>() / found.len() as f64;
            assert_eq!(ns[at], found.len() as f64, "{window} column {at}");
            assert!((lines[at] - mean).abs() <= 1e-9 * mean, "{window} column {at}: {} not {mean}", lines[at]);
            let low = found.iter().map(|one| one.1).fold(f64::MAX, f64::min);
            assert!(found.len() == 1 || lows[at] == low, "{window} column {at}");
        }
    }
}

#[tokio::test]
async fn along_the_time_each_run_begins_at_nought() {
    let server = spawn().await;
    for (id, hour) in [("a", 10), ("b", 15)] {
        let body = format!("{{\"startedAt\":\"2026-11-28T{hour}:00:00Z\",\"config\":{{\"lr\":1}}}}");
        server.call("PATCH", &format!("/boards/digits/runs/{id}?upsert=true"), body).await;
        let start = 1_795_860_000.0 + f64::from((hour - 10) * 3600);
        let rows = json!([
            {"step": 0, "time": start + 10.0, "loss": 4.0},
            {"step": 1, "time": start + 30.0, "loss": 2.0},
            {"step": 2, "time": start + 25.0, "loss": 1.0},
        ]);
        assert_eq!(server.call("POST", &format!("/boards/digits/runs/{id}/log"), rows.to_string()).await.status, 201);
    }
    for window in ["", "&from=0&to=60"] {
        let curve = curves(&server, &format!("by=lr&x=relative{window}")).await.remove(0);
        assert_eq!(curve["runs"], 2);
        // The clock went back: the last two points stand where it was.
        assert_eq!((list(&curve, "x"), list(&curve, "line"), list(&curve, "n")), (vec![10.0, 30.0], vec![4.0, 1.5], vec![2.0, 2.0]));
    }
}

#[tokio::test]
async fn along_an_epoch_each_run_has_one_value_for_each_of_them() {
    let server = spawn().await;
    // Four and two steps an epoch.
    let four: Vec<(f64, f64)> = (0..8).map(|step| (f64::from(step), f64::from(step))).collect();
    let two: Vec<(f64, f64)> = (0..4).map(|step| (f64::from(step), 10.0)).collect();
    for (id, points, each) in [("a", &four, 4.0), ("b", &two, 2.0)] {
        run(&server, id, &json!({"lr": 0.1}), points).await;
        log(&server, id, "epoch", &[(0.0, 0.0), (each, 1.0)]).await;
    }
    run(&server, "without", &json!({"lr": 0.1}), &four).await;
    let curve = curves(&server, "by=lr&x=metric&x_metric=epoch&band=minmax").await.remove(0);
    assert_eq!((&curve["runs"], &curve["ids"], list(&curve, "x")), (&json!(2), &json!(["a", "b"]), vec![0.0, 1.0]));
    // The band of `minmax` is that of all points.
    assert_eq!((list(&curve, "line"), list(&curve, "low")), (vec![5.75, 7.75], vec![0.0, 4.0]));
    // A later epoch of one run changes the answer, although no loss has come.
    let address = "/groups?cells=digits-loss&by=lr&x=metric&x_metric=epoch";
    let tag = server.call("GET", address, "").await.headers["etag"].to_str().unwrap().to_owned();
    let known = server.ask("GET", address, "", &[("if-none-match", &tag)]).await;
    log(&server, "b", "epoch", &[(3.0, 2.0)]).await;
    let changed = server.ask("GET", address, "", &[("if-none-match", &tag)]).await;
    assert_eq!((known.status, changed.status), (304, 200));
    let curve = curves(&server, "by=lr&x=metric&x_metric=epoch&from=1.5&to=3").await.remove(0);
    assert_eq!(list(&curve, "line"), [10.0]);
    // A restart within an epoch keeps what it has not superseded.
    log(&server, "a", "loss", &[(6.0, 26.0), (7.0, 27.0)]).await;
    let curve = curves(&server, "runs=a&x=metric&x_metric=epoch&band=none").await.remove(0);
    assert_eq!(list(&curve, "line"), [1.5, (4.0 + 5.0 + 26.0 + 27.0) / 4.0]);
    let chart = json!({"chart": {"x": "metric", "x_metric": "epoch"}}).to_string();
    assert_eq!(server.call("PATCH", "/values/digits-loss", chart).await.status, 200);
    let svg = server.call("GET", "/values/digits-loss.svg?width=640&height=300&by=lr", "").await;
    assert!(svg.text.contains(">epoch</text>") && svg.text.contains("x axis: epoch"), "{}", svg.text);
}

#[tokio::test]
async fn what_is_no_question_about_groups_is_refused() {
    let server = spawn().await;
    run(&server, "a", &json!({"lr": 1}), &[(0.0, 1.0)]).await;
    server.call("POST", "/boards/other/runs/a/log", r#"{"loss":1}"#).await;
    for (query, message) in [
        ("", "'cells' must be ids with commas between them."),
        ("cells=digits-loss,other-loss", "'cells' must be of one board, because groups are."),
        ("cells=digits-loss&line=max&band=t95", "'band' must be none beside the line max, not 't95'."),
        ("cells=digits-loss&x=wall", "'x' must be step, relative or metric, not 'wall'."),
        ("cells=digits-loss&x=metric", "'x_metric' must name a metric with x=metric, and only then, not ''."),
    ] {
        let reply = server.call("GET", &format!("/groups?{query}"), "").await;
        assert_eq!((reply.status, reply.json()["message"].as_str().unwrap()), (400, message), "{query}");
    }
    for query in ["cells=digits-loss&by=nothing", "cells=digits-loss&q=nothing%3E1", "cells=digits-loss&by=metrics.loss"] {
        assert_eq!(server.call("GET", &format!("/groups?{query}"), "").await.status, 400, "{query}");
    }
    // What is not there, or is no line, is left out.
    assert_eq!(server.get("/groups?cells=nothing").await, json!({"cells": {}}));
    let text = server.create(r#"{"type":"text","value":"a","board":"digits"}"#).await;
    let reply = server.get(&format!("/groups?cells={text},digits-loss")).await;
    assert_eq!(reply["cells"].as_object().unwrap().keys().collect::<Vec<_>>(), ["digits-loss"]);
}

#[tokio::test]
async fn a_share_reads_the_groups_of_its_board() {
    let server = locked().await;
    let write = bearer(&token(&server, &["write"]).await);
    for board in ["a", "b"] {
        let path = format!("/boards/{board}/runs/first/log");
        assert_eq!(server.ask("POST", &path, r#"{"loss":1}"#, &[("authorization", &write)]).await.status, 201);
        let keys = r#"{"host":"gpu-1"}"#;
        server.ask("PATCH", &format!("/boards/{board}/runs/first"), keys, &[("authorization", &write)]).await;
    }
    let share = bearer(&token(&server, &["share", "--board", "a"]).await);
    let get = async |query: &str, authorization: &str| {
        server.ask("GET", &format!("/groups?{query}"), "", &[("authorization", authorization)]).await
    };
    let shown = get("cells=a-loss,b-loss", &share).await;
    assert_eq!((shown.status, shown.json()["cells"].as_object().unwrap().len()), (200, 1));
    assert_eq!((get("cells=b-loss", &share).await.json(), get("cells=a-loss,b-loss", &write).await.status), (json!({"cells": {}}), 400));
    assert_eq!((get("cells=a-loss&by=host", &share).await.status, get("cells=a-loss&by=host", &write).await.status), (400, 200));
}

#[tokio::test]
async fn a_zoom_changes_no_number_of_a_smoothed_line() {
    let server = spawn().await;
    for run in ["a", "b"] {
        // A jump that the average still feels in the window.
        let value = |step: u32| f64::from(step * 7919 % 101) + if step < 195 { 500.0 } else { 0.0 } + if run == "a" { 1.0 } else { 0.0 };
        let points: Vec<_> = (0..400).map(|step| (f64::from(step) * 5.0, value(step))).collect();
        self::run(&server, run, &json!({}), &points).await;
    }
    for smooth in ["0.5", "0.9"] {
        let whole = &curves(&server, &format!("width=800&smooth={smooth}")).await[0];
        let plain = &curves(&server, "width=800&from=1000&to=1200").await[0];
        let zoomed = &curves(&server, &format!("width=800&from=1000&to=1200&smooth={smooth}")).await[0];
        assert_eq!((&whole["grid"], &zoomed["grid"], list(zoomed, "x").len()), (&json!("steps"), &json!("steps"), 41));
        for (at, line) in list(zoomed, "line").into_iter().enumerate() {
            let expected = list(whole, "line")[200 + at];
            assert!((line - expected).abs() <= 1e-9, "{smooth}, place {at}: {line}, not {expected}");
        }
        assert_eq!((&zoomed["columns"]["low"], &zoomed["columns"]["n"]), (&plain["columns"]["low"], &plain["columns"]["n"]));
    }
    // Where a window has columns, the average at the end of each is near that of its last step.
    let steps = &curves(&server, "width=800&from=1000&to=1995&smooth=0.97").await[0];
    let columns = &curves(&server, "width=50&from=1000&to=2000&smooth=0.97").await[0];
    assert_eq!(columns["grid"], "columns");
    for (at, line) in list(columns, "line").into_iter().enumerate() {
        let expected = list(steps, "line")[4 * at + 3];
        assert!((line - expected).abs() <= 3.0, "column {at}: {line}, not {expected}");
    }
}
