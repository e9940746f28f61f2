use serde_json::json;

use super::{ids, log, refused};
use crate::support::{Running, spawn};

/// Four runs: the losses end at 0.4, 0.3, 0.2, and the last run has none.
async fn filled() -> Running {
    let server = spawn().await;
    for (at, (run, status)) in [("a", "finished"), ("b", "failed"), ("c", "running"), ("d", "running")].into_iter().enumerate() {
        let config = json!({"lr": 0.1_f64.powi(at as i32 + 1), "opt": {"name": if at == 0 { "sgd" } else { "adam" }}, "seed": at});
        let keys = json!({"name": format!("vit {run}"), "config": config, "status": status, "tags": [run, "all"], "command": "train.py"});
        server.call("PATCH", &format!("/boards/digits/runs/{run}?upsert=true"), keys.to_string()).await;
        if run != "d" {
            let losses = format!(r#"[{{"step":0,"train/loss":2}},{{"step":1,"train/loss":{}}}]"#, 0.4 - 0.1 * at as f64);
            log(&server, &format!("/boards/digits/runs/{run}/log"), &losses).await;
        }
    }
    server
}

/// Whatever the status is, and whatever metric the table compares.
#[tokio::test]
async fn diverged_runs_are_searched_by_their_status() {
    let server = filled().await;
    log(&server, "/boards/digits/runs/b/log", r#"{"step":2,"val/loss":"NaN"}"#).await;
    log(&server, "/boards/digits/runs/c/log", r#"[{"step":2,"val/loss":"Infinity"},{"step":3,"val/loss":1}]"#).await;
    for (query, found) in [
        ("q=status:diverged", "b"),
        ("q=-status:diverged", "d,c,a"),
        ("q=status:diverged -status:failed", ""),
        ("q=status!=diverged status!=failed", "d,c,a"),
    ] {
        assert_eq!(ids(&server, query).await, found, "{query}");
    }
    let groups = server.get("/boards/digits/run-groups?by=tags&finished=0&metric=train/loss&q=-status:diverged").await;
    assert!(groups["groups"].as_array().unwrap().iter().all(|group| group["key"]["run.tags"] != json!(["all", "b"])));
    let all = server.get("/boards/digits/run-groups?finished=0&metric=train/loss&q=-status:failed").await;
    let notes = all["groups"][0]["notes"].as_array().unwrap();
    assert!(notes.contains(&json!("1 failed, left out by the search")), "{notes:?}");
    log(&server, "/boards/digits/runs/c/log", r#"{"step":4,"val/loss":"NaN"}"#).await;
    let all = server.get("/boards/digits/run-groups?finished=0&metric=train/loss&q=-status:diverged").await;
    let notes = all["groups"][0]["notes"].as_array().unwrap();
    assert!(notes.contains(&json!("1 failed and 1 diverged in val/loss, left out by the search")), "{notes:?}");
    let unknown = server.call("GET", "/boards/digits/runs?q=status:diverge", "").await;
    assert_eq!((unknown.status, &unknown.json()["data"]["near"]), (400, &json!(["diverged"])));
}

#[tokio::test]
async fn runs_are_searched_queried_and_sorted() {
    let server = filled().await;
    for (query, found) in [
        ("", "d,c,b,a"),
        ("q=lr<0.05", "d,c,b"),
        ("q=lr%3C0.05 -tag:b", "d,c"),
        ("q=opt.name:sgd | status:failed", "b,a"),
        ("q=train/loss<0.35", "c,b"),
        ("q=-has:train/loss", "d"),
        ("q=/^vit [ab]/", "b,a"),
        ("q=vit&status=running", "d,c"),
        ("status[$in][]=failed&status[$in][]=finished", "b,a"),
        ("config.lr[$lt]=0.05&config.opt.name=adam", "d,c,b"),
        ("metrics[train/loss][last][$lt]=0.35", "c,b"),
        ("metrics.train/loss[$gt]=0.35", "a"),
        ("tags=a", "a"),
        ("runs=c,a,none", "c,a"),
        ("runs=c,a&q=status:running", "c"),
        ("sort=metrics.train/loss", "c,b,a,d"),
        ("sort=-train/loss", "a,b,c,d"),
        ("sort=config.opt.name,-config.seed", "d,c,b,a"),
        ("sort=name", "a,b,c,d"),
        ("$sort[config.lr]=1", "d,c,b,a"),
        ("$sort[config.lr]=-1&$limit=2", "a,b"),
        ("$limit=2&$skip=1", "c,b"),
        ("$limit=0", ""),
    ] {
        assert_eq!(ids(&server, query).await, found, "{query}");
    }
    let page = server.get("/boards/digits/runs?$page=true&$limit=1&q=lr<0.05 train/loss.last>0&sort=-config.lr&$select[]=name").await;
    assert_eq!(
        page,
        json!({"total": 2, "limit": 1, "skip": 0, "resolved": {"lr": "config.lr", "train/loss.last": "metrics.train/loss.last", "config.lr": "config.lr"},
            "data": [{"_id": "b", "name": "vit b"}]})
    );
    assert_eq!(server.get("/boards/none/runs").await, json!([]));
}

#[tokio::test]
async fn bad_queries_say_why() {
    let server = filled().await;
    for (query, expected) in [
        ("q=lrr<1", "'q' has an error in column 1: no run of this board has the key 'lrr'; a similar one is 'config.lr'."),
        ("q=(a", "'q' has an error in column 1: this '(' is not closed."),
        ("q=a&q=b", "'q' is given twice."),
        ("sort=nokey", "'sort' has an error in column 1: no run of this board has the key 'nokey'"),
        ("runs=", "'runs' must name runs: runs=first,second."),
        ("runs=a b", "The id of a run must be 1 to 64 letters"),
        ("$foo=1", "The query operator '$foo' is not known."),
    ] {
        let (status, message) = refused(&server, "GET", &format!("/boards/digits/runs?{query}"), "").await;
        assert!(status == 400 && message.contains(expected), "{query}: {message}");
    }
    let reply = server.call("GET", "/boards/digits/runs?q=tag:a%20lrr<1", "").await.json();
    assert_eq!(reply["data"], json!({"column": 7, "near": ["config.lr"]}));
    for (query, expected) in [
        ("q=age<7x", "'q' has an error in column 5: 'age' is compared with seconds or with a duration such as 7d, not with '7x'."),
        ("q=lr<abc", "'q' has an error in column 4: 'lr' has numbers only, and 'abc' is none."),
        ("q=train/loss.avg<1", "'avg' is no statistic of the metric 'train/loss'; there are last, min, max, mean and best."),
    ] {
        let (status, message) = refused(&server, "GET", &format!("/boards/digits/runs?{query}"), "").await;
        assert!(status == 400 && message.contains(expected), "{query}: {message}");
    }
}
