use serde_json::{Value, json};

use super::{log, refused};
use crate::access::{bearer, locked, token};
use crate::support::{Running, spawn};

/// Six runs of a sweep over two rates and three seeds; the last one is archived, and the first one has logged nothing.
async fn filled() -> Running {
    let server = spawn().await;
    for at in 0..6_u32 {
        let config = json!({
            "lr": if at % 2 == 0 { 0.1 } else { 0.01 }, "seed": at / 2, "batch": 64, "path": format!("/runs/{at}"), "opt": {"name": "sgd"},
            "notes": "x".repeat(if at == 0 { 300 } else { 3 }),
        });
        let status = if at == 4 { "running" } else { "finished" };
        let keys = json!({"name": format!("run {at}"), "config": config, "status": status, "command": "train.py", "archived": at == 5});
        server.call("PATCH", &format!("/boards/digits/runs/r{at}?upsert=true"), keys.to_string()).await;
        if at > 0 {
            let steps = [0, 1, 2].map(|step| {
                let acc = 0.1 * f64::from(at) + if step == 1 { 0.2 } else { 0.0 };
                json!({"step": step, "val/acc": acc, "train/loss": 1.0 - acc, "lr": 0.1, "epoch": step, "system/cpu": 5})
            });
            log(&server, &format!("/boards/digits/runs/r{at}/log"), &json!(steps).to_string()).await;
        }
    }
    server
}

async fn table(server: &Running, query: &str) -> Value {
    server.get(&format!("/boards/digits/run-table?{query}")).await
}

fn keys(table: &Value) -> Vec<&str> {
    table["columns"].as_array().unwrap().iter().map(|column| column["key"].as_str().unwrap()).collect()
}

fn ids(table: &Value) -> Vec<&str> {
    table["rows"].as_array().unwrap().iter().map(|row| row["run"]["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_table_has_the_keys_in_which_the_runs_differ() {
    let server = filled().await;
    let all = table(&server, "").await;
    let counts = ["total", "running", "all", "archived", "equal_count", "more_columns"].map(|key| all[key].as_u64().unwrap());
    assert_eq!(counts, [5, 1, 5, 1, 2, 0]);
    assert_eq!(ids(&all), ["r4", "r3", "r2", "r1", "r0"], "the newest first");
    let expected = [
        "config.lr",
        "config.notes",
        "config.path",
        "config.seed",
        "metrics.val/acc.max",
        "metrics.val/acc.last",
        "metrics.train/loss.min",
        "metrics.lr.last",
    ];
    assert_eq!(keys(&all), expected);
    assert_eq!(all["equal"], json!([["config.batch", 64], ["config.opt.name", "sgd"]]));
    let lr = json!({"key": "config.lr", "label": "lr", "kind": "config", "type": "number", "distinct": 2, "runs": 5, "direction": null});
    let acc = json!({"key": "metrics.val/acc.max", "label": "val/acc max", "kind": "metric", "type": "number", "distinct": 0, "runs": 5,
        "direction": "max"});
    assert_eq!((&all["columns"][0], &all["columns"][4]), (&lr, &acc));
    let newest = &all["rows"][0];
    assert_eq!(newest["cells"], json!([0.1, "xxx", "/runs/4", 2, 0.6000000000000001, 0.4, 0.3999999999999999, 0.1]));
    assert_eq!(newest["steps"], json!([null, null, null, null, 1.0, 2.0, 1.0, 2.0]));
    assert_eq!((&newest["run"]["name"], &newest["run"]["status"]), (&json!("run 4"), &json!("running")));
    let oldest = &all["rows"][4]["cells"];
    assert_eq!((oldest[1].as_str().unwrap().chars().count(), &oldest[4]), (201, &Value::Null), "long texts are cut");
    // Of runs with one seed the seed is no column.
    let found = table(&server, "q=seed=0").await;
    assert_eq!(keys(&found)[..3], ["config.lr", "config.notes", "config.path"]);
    assert_eq!((&found["equal"][2], ids(&found)), (&json!(["config.seed", 0]), vec!["r1", "r0"]));
    assert_eq!(table(&server, "q=seed=7").await["columns"].as_array().unwrap().len(), 4, "metrics only");
    let none = server.get("/boards/none/run-table").await;
    assert_eq!((&none["rows"], &none["columns"], &none["total"]), (&json!([]), &json!([]), &json!(0)));
}

#[tokio::test]
async fn a_table_is_sorted_paged_and_has_the_columns_that_are_named() {
    let server = filled().await;
    for (query, found) in [
        ("sort=-metrics.val/acc.max", "r4,r3,r2,r1,r0"),
        ("sort=metrics.val/acc.max", "r1,r2,r3,r4,r0"),
        ("sort=config.lr,-config.seed", "r3,r1,r4,r2,r0"),
        ("sort=config.lr,-config.seed&$limit=2&$skip=1", "r1,r4"),
        ("archived=true&sort=_id", "r0,r1,r2,r3,r4,r5"),
        ("archived=only", "r5"),
        ("q=archived:true", ""),
        ("runs=r1,r3", "r3,r1"),
        ("q=val/acc.max>0.45", "r4,r3"),
    ] {
        assert_eq!(ids(&table(&server, query).await).join(","), found, "{query}");
    }
    let page = table(&server, "sort=config.lr&$limit=1&$skip=4").await;
    assert_eq!((&page["total"], ids(&page).len()), (&json!(5), 1));
    let named = table(&server, "columns=run.status,lr,metrics.train/loss.mean,config.batch,name&$limit=1").await;
    assert_eq!(keys(&named), ["run.status", "config.lr", "metrics.train/loss.mean", "config.batch", "run.name"]);
    assert_eq!(named["rows"][0]["cells"], json!(["running", 0.1, 0.5333333333333333, 64, "run 4"]));
}

#[tokio::test]
async fn a_share_sees_no_command_in_a_table() {
    let server = locked().await;
    let write = bearer(&token(&server, &["write"]).await);
    let keys = r#"{"command":"train.py --key s","host":"gpu-1","config":{"lr":1},"exit":{"code":1,"traceback":"t"}}"#;
    assert_eq!(server.ask("PATCH", "/boards/a/runs/first?upsert=true", keys, &[("authorization", &write)]).await.status, 201);
    let share = bearer(&token(&server, &["share", "--board", "a"]).await);
    for key in ["command", "host", "exit.traceback", "made_up"] {
        let path = format!("/boards/a/run-table?columns=run.{key}");
        assert_eq!(server.ask("GET", &path, "", &[("authorization", &share)]).await.status, 400, "{key}");
    }
    let reply = server.ask("GET", "/boards/a/run-table?columns=run.exit,lr", "", &[("authorization", &share)]).await;
    assert_eq!(reply.json()["rows"][0]["cells"], json!([{"code": 1}, 1]));
    let own = server.ask("GET", "/boards/a/run-table?columns=run.host", "", &[("authorization", &write)]).await;
    assert_eq!(own.json()["rows"][0]["cells"], json!(["gpu-1"]));
}

#[tokio::test]
async fn a_table_that_has_not_changed_is_not_sent_again() {
    let server = filled().await;
    let path = "/boards/digits/run-table?sort=-metrics.val/acc.max";
    let first = server.call("GET", path, "").await;
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    let again = async |tag: &str| server.ask("GET", path, "", &[("if-none-match", tag)]).await;
    assert_eq!((again(&tag).await.status, again("\"other\"").await.status), (304, 200));
    for (method, path, body) in [
        ("POST", "/boards/digits/runs/r1/log", r#"{"step":3,"val/acc":0.9}"#),
        ("PATCH", "/boards/digits/runs/r1", r#"{"name":"first"}"#),
        ("PATCH", "/boards/digits", r#"{"goal":{"metric":"train/loss"}}"#),
        ("DELETE", "/boards/digits/runs/r2", ""),
    ] {
        let tag = again("").await.headers["etag"].to_str().unwrap().to_owned();
        assert_eq!(again(&tag).await.status, 304, "{method} {path}");
        server.call(method, path, body).await;
        assert_eq!(again(&tag).await.status, 200, "{method} {path}");
    }
    let timed = server.call("GET", "/boards/digits/run-table?q=age<7d", "").await;
    assert!(timed.status == 200 && !timed.headers.contains_key("etag"));
}

#[tokio::test]
async fn a_query_for_a_table_that_is_wrong_says_why() {
    let server = filled().await;
    for (query, expected) in [
        (
            "columns=lrr",
            "'columns' has an error in column 1: no run of this board has the key 'lrr'; similar ones are 'config.lr' and 'metrics.lr'",
        ),
        ("sort=lrr", "'sort' has an error in column 1"),
        ("status=failed", "'status' is no key of this query; known are q, sort"),
        ("archived=x", "'archived' must be true, false or only, not 'x'."),
        ("$limit=x", "'$limit' must be a whole number"),
    ] {
        let (status, message) = refused(&server, "GET", &format!("/boards/digits/run-table?{query}"), "").await;
        assert!(status == 400 && message.contains(expected), "{query}: {message}");
    }
}

#[tokio::test]
async fn a_table_is_written_as_comma_separated_values() {
    let server = filled().await;
    let keys = json!({"name": "=1+1", "config": {"lr": 0.1, "seed": 0, "batch": 64, "opt": {"name": "sgd, \"plain\""}, "list": [1, 2]}});
    server.call("PATCH", "/boards/digits/runs/r0", keys.to_string()).await;
    let reply = server.call("GET", "/boards/digits/run-table.csv?sort=_id&columns=config.opt.name,config.list,val/acc.max", "").await;
    let expected = "run,name,status,config.opt.name,config.list,metrics.val/acc.max\r\n\
        r0,\"'=1+1\",finished,\"sgd, \"\"plain\"\"\",\"[1,2]\",\r\n\
        r1,run 1,finished,sgd,,0.30000000000000004\r\n\
        r2,run 2,finished,sgd,,0.4\r\n\
        r3,run 3,finished,sgd,,0.5\r\n\
        r4,run 4,running,sgd,,0.6000000000000001\r\n";
    assert_eq!(reply.text, expected);
    assert_eq!(reply.headers["content-disposition"], "attachment; filename=\"digits-runs.csv\"");
    let few = server.call("GET", "/boards/digits/run-table.csv?sort=_id&columns=lr&q=seed>0&$limit=1", "").await.text;
    assert_eq!(few, "run,name,status,config.lr\r\nr2,run 2,finished,0.1\r\n");
    for at in 0..300 {
        server.call("PATCH", &format!("/boards/many/runs/r{at}?upsert=true"), r#"{"config":{"lr":1}}"#).await;
    }
    assert_eq!(server.call("GET", "/boards/many/run-table.csv", "").await.text.lines().count(), 301);
}

#[tokio::test]
async fn a_group_that_is_not_there_has_no_members() {
    let server = filled().await;
    assert_eq!(ids(&table(&server, "by=config.lr&in=g000000000000").await), [""; 0]);
    let (status, message) = refused(&server, "GET", "/boards/digits/run-table?in=x", "").await;
    assert_eq!((status, message.as_str()), (400, "'in' must be the id of a group, as 'run-groups' answers it, not 'x'."));
    let (status, message) = refused(&server, "GET", "/boards/digits/run-table?by=val/acc&in=g000000000000", "").await;
    assert!(status == 400 && message.contains("is a metric"), "{message}");
}

#[tokio::test]
async fn columns_are_those_of_the_runs_that_a_search_finds() {
    let server = filled().await;
    let chosen = async |query: &str| {
        let reply = server.get(&format!("/columns?cells=digits-acc&width=10&{query}")).await;
        let runs = reply["cells"]["digits-acc"]["runs"].as_object().cloned().unwrap_or_default();
        runs.into_iter().map(|(run, _)| run).collect::<Vec<_>>().join(",")
    };
    assert_eq!(chosen("q=lr<0.05").await, "r3,r1");
    assert_eq!(chosen("sort=metrics.val/acc.max&top=2").await, "r1,r2");
    assert_eq!(chosen("sort=-metrics.val/acc.max&top=2&runs=r1,r2,r3").await, "r3,r2");
    assert_eq!(chosen("top=1").await, "r4", "archived runs are left out");
    assert_eq!(chosen("q=lr<0.05&runs=").await, "");
    server.call("PATCH", "/boards/digits/runs/r4", r#"{"hidden":true}"#).await;
    assert_eq!(chosen("top=1").await, "r3");
    log(&server, "/boards/other/runs/a/log", r#"{"acc":1}"#).await;
    for (query, expected) in [
        (
            "cells=digits-acc,other-acc&top=1",
            "'cells' must be cells of one board where 'q', 'sort' or 'top' choose runs, not of 'digits' and 'other'.",
        ),
        ("cells=digits-acc&top=101", "'top' must be a number of runs from 1 to 100, not '101'."),
        ("cells=digits-acc&q=lrr<1", "no run of this board has the key 'lrr'"),
    ] {
        let (status, message) = refused(&server, "GET", &format!("/columns?{query}"), "").await;
        assert!(status == 400 && message.contains(expected), "{query}: {message}");
    }
    let svg = async |query: &str| server.call("GET", &format!("/values/digits-acc.svg?width=400&{query}"), "").await;
    let (some, other) = (svg("sort=metrics.val/acc.max&top=1").await, svg("sort=-metrics.val/acc.max&top=1").await);
    assert!(some.text.contains("run 1") && !some.text.contains("run 3") && other.text.contains("run 3"), "{}", some.text);
    assert_ne!(some.headers["etag"], other.headers["etag"]);
}
