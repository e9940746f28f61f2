use serde_json::{Value, json};

use super::{error, log, refused};
use crate::support::spawn;

const FIRST: &str = "/boards/digits/runs/first/log";

#[tokio::test]
async fn a_log_creates_the_run_and_its_charts() {
    let mut server = spawn().await;
    let reply = log(&server, FIRST, r#"{"step":5,"loss":1.5,"acc/val":0.91,"val_loss":2,"epoch":1}"#).await;
    assert_eq!((&reply["run"], &reply["points"]), (&json!("first"), &json!(4)));
    assert_eq!((&reply["cells"]["loss"], &reply["cells"]["val_loss"]), (&json!("digits-loss"), &json!("digits-loss")));
    assert_eq!(reply["cells"]["acc/val"], "digits-acc");
    server.restart(&[]).await;
    let run = server.get("/boards/digits/runs/first").await;
    assert_eq!((&run["status"], &run["colour"], &run["name"], &run["rev"]), (&json!("running"), &json!(0), &json!("first"), &json!(1)));
    assert_eq!((&run["metrics"]["acc/val"]["last"], &run["metrics"]["loss"]["lastStep"]), (&json!(0.91), &json!(5.0)));
    assert!(run["startedAt"].is_string() && run["heartbeatAt"].is_string(), "{run}");
    let cells = server.get("/values?board=digits").await;
    let shown: Vec<_> = cells.as_array().unwrap().iter().map(|cell| (&cell["name"], &cell["type"], &cell["hidden"])).collect();
    assert_eq!(
        shown,
        [
            (&json!("loss"), &json!("line"), &Value::Null),
            (&json!("acc"), &json!("line"), &Value::Null),
            (&json!("epoch"), &json!("line"), &json!(true))
        ]
    );
    let points = server.ask("GET", "/values/digits-loss/points", "", &[]).await;
    assert!(points.status == 404 && points.text.contains("points of runs only. GET /boards/digits/runs/"), "{}", points.text);
    // The summary of a line holds series without a run only.
    assert_eq!(cells[0]["value"], json!({"series": {}}));
}

#[tokio::test]
async fn lists_and_lines_are_logged_and_lists_are_whole_or_not_at_all() {
    let server = spawn().await;
    let list = r#"[{"step":0,"loss":3},{"step":1,"loss":"NaN"},{"step":2,"loss":1,"lr":0.1}]"#;
    assert_eq!(log(&server, FIRST, list).await["points"], 4);
    let ndjson = [("content-type", "application/x-ndjson")];
    let lines = "{\"step\":3,\"loss\":0.5}\n\n{\"step\":4,\"loss\":0.25}\n";
    let streamed = server.ask("POST", FIRST, lines, &ndjson).await;
    assert_eq!((streamed.status, streamed.json()), (201, json!({"run": "first", "points": 2})));
    let run = server.get("/boards/digits/runs/first").await;
    assert_eq!((&run["metrics"]["loss"]["points"], &run["metrics"]["loss"]["last"]), (&json!(5), &json!(0.25)));
    let (status, message) = refused(&server, "POST", FIRST, r#"[{"loss":1},{"loss":"high"}]"#).await;
    assert!(status == 400 && message.contains("'[1].loss' must be a number"), "{message}");
    let (status, message) = error(&server.ask("POST", FIRST, "{\"loss\":9}\n{\"loss\":", &ndjson).await);
    assert!(status == 400 && message.contains("line 2"), "{message}");
    let run = server.get("/boards/digits/runs/first").await;
    assert_eq!(run["metrics"]["loss"]["points"], 5, "{run}");
    // A list that is refused creates no run.
    assert_eq!(refused(&server, "POST", "/boards/digits/runs/other/log", "[{\"a\":1},{\"\":1}]").await.0, 400);
    assert_eq!(server.call("GET", "/boards/digits/runs/other", "").await.status, 404);
}

#[tokio::test]
async fn a_key_logs_once() {
    let server = spawn().await;
    let keyed = async |body: &'static str| server.ask("POST", FIRST, body, &[("idempotency-key", "log:1")]).await;
    let (first, again) = (keyed(r#"{"loss":1}"#).await, keyed(r#"{"loss":1}"#).await);
    assert_eq!((first.status, again.status, &first.text), (201, 201, &again.text));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(keyed(r#"{"loss":2}"#).await.status, 422);
    assert_eq!(server.get("/boards/digits/runs/first").await["metrics"]["loss"]["points"], 1);
}

#[tokio::test]
async fn another_name_for_the_same_line_has_a_chart_of_its_own() {
    let server = spawn().await;
    let both = r#"{"loss/val":1,"val/loss":2}"#;
    let cells = log(&server, FIRST, both).await["cells"].clone();
    assert_eq!(cells["loss/val"], "digits-loss");
    assert!(cells["val/loss"].as_str().unwrap().starts_with("digits-val_loss-"), "{cells}");
    // The same in each call, and for this run only.
    assert_eq!(log(&server, FIRST, both).await["cells"], cells);
    assert_eq!(log(&server, "/boards/digits/runs/second/log", r#"{"val/loss":2}"#).await["cells"]["val/loss"], "digits-loss");
    let run = server.get("/boards/digits/runs/first").await;
    assert_eq!((&run["metrics"]["loss/val"]["last"], &run["metrics"]["val/loss"]["points"]), (&json!(1.0), &json!(2)));
    // The run lists it, and a client that sends the document back changes nothing.
    let own = json!({"val/loss": {"cell": cells["val/loss"], "takenBy": "loss/val"}});
    assert_eq!(run["ownCharts"], own);
    let patched = server.call("PATCH", "/boards/digits/runs/first", r#"{"notes":"n","ownCharts":{"x":1}}"#).await;
    assert_eq!((patched.status, &patched.json()["ownCharts"]), (200, &own));
    let few = server.call("PATCH", "/boards/digits/runs/first?$select=notes", r#"{"notes":"m"}"#).await;
    assert_eq!(few.json(), json!({"_id": "first", "notes": "m"}));
    // It is looked for behind the commit, where other changes do not wait for it: a repetition does not have it.
    let keyed = async || server.ask("PATCH", "/boards/digits/runs/first", r#"{"notes":"o"}"#, &[("idempotency-key", "run:1")]).await;
    let (fresh, again) = (keyed().await.json(), keyed().await.json());
    assert_eq!((&fresh["ownCharts"], &again["notes"], &again["ownCharts"]), (&own, &json!("o"), &Value::Null));
    assert_eq!(server.get("/boards/digits/runs/second").await["ownCharts"], Value::Null);
    // Once the board says another chart for the name, nothing stands in its way.
    server.call("PATCH", "/boards/digits", r#"{"metrics":{"val/loss":{"chart":"validation"}}}"#).await;
    assert_eq!(server.get("/boards/digits/runs/first").await["ownCharts"], Value::Null);
}

#[tokio::test]
async fn metrics_over_another_metric_have_charts_apart() {
    let server = spawn().await;
    let run = "/boards/digits/runs/first";
    let patched = server.call("PATCH", &format!("{run}?upsert=true"), r#"{"stepMetrics":{"val/*":"epoch","*":"epoch"}}"#).await;
    assert_eq!(patched.status, 201, "{}", patched.text);
    let both = r#"{"step":3,"epoch":3,"val/loss":2,"loss/val":1}"#;
    let cells = log(&server, FIRST, both).await["cells"].clone();
    let chart = server.get(&format!("/values/{}", cells["val/loss"].as_str().unwrap())).await;
    assert_eq!((&chart["name"], &chart["chart"]["x_label"]), (&json!("loss by epoch"), &json!("epoch")));
    let own = server.get(&format!("/values/{}", cells["loss/val"].as_str().unwrap())).await;
    assert_eq!(own["name"], "loss/val by epoch", "another name for the same line");
    let listed = json!({"loss/val": {"cell": cells["loss/val"], "takenBy": "val/loss"}});
    assert_eq!(server.get(run).await["ownCharts"], listed);
    assert_eq!(cells["epoch"], "digits-epoch", "no metric is its own step");
    // Another run counts steps: its chart is another one, and the history of a metric has its name alone.
    let other = log(&server, "/boards/digits/runs/second/log", r#"{"val/loss":5}"#).await["cells"]["val/loss"].clone();
    assert_eq!(other, "digits-loss");
    assert_eq!(server.get(&format!("{run}/history?metric=val/loss")).await["value"], json!([2.0]));
    // The board's own settings count first.
    server.call("PATCH", "/boards/digits", r#"{"metrics":{"val/acc":{"chart":"quality"}}}"#).await;
    assert_eq!(log(&server, FIRST, r#"{"val/acc":5}"#).await["cells"]["val/acc"], "digits-quality");
    let wrong = server.call("PATCH", run, r#"{"stepMetrics":["epoch"]}"#).await;
    assert_eq!((wrong.status, wrong.text.contains("'stepMetrics' must be an object")), (400, true), "{}", wrong.text);
}

#[tokio::test]
async fn a_cell_that_is_no_line_keeps_its_id() {
    let server = spawn().await;
    server.create(r#"{"_id":"digits-loss","board":"digits","type":"html","value":"x"}"#).await;
    server.create(r#"{"_id":"digits-acc","board":"other","type":"line"}"#).await;
    server.create(r#"{"_id":"digits-lr","board":"digits"}"#).await;
    let cells = log(&server, FIRST, r#"{"loss":1,"acc":2,"lr":3}"#).await["cells"].clone();
    assert!(
        cells["loss"].as_str().unwrap().starts_with("digits-loss_2-") && cells["acc"].as_str().unwrap().starts_with("digits-acc_2-"),
        "{cells}"
    );
    assert_eq!(cells["lr"], "digits-lr");
    assert_eq!(log(&server, FIRST, r#"{"loss":1,"acc":2,"lr":3}"#).await["cells"], cells);
    assert_eq!(
        (&server.get("/values/digits-loss").await["value"], &server.get("/values/digits-lr").await["type"]),
        (&json!("x"), &json!("line"))
    );
}

#[tokio::test]
async fn values_of_other_types_have_cells_of_their_type() {
    let server = spawn().await;
    let sample = r#"{"sample":{"type":"text","value":"first","description":"epoch 1"},"loss":1}"#;
    let cells = log(&server, FIRST, sample).await["cells"].clone();
    assert_eq!(cells["sample"], "digits-sample");
    log(&server, FIRST, r#"{"sample":{"type":"text","value":"second"}}"#).await;
    let cell = server.get("/values/digits-sample").await;
    assert_eq!(
        (&cell["value"], &cell["type"], &cell["description"], &cell["name"]),
        (&json!("second"), &json!("text"), &json!("epoch 1"), &json!("sample"))
    );
    // Another type has the next id, and a metric of this name too.
    let other = log(&server, FIRST, r#"[{"sample":{"type":"table","value":{"columns":["a"],"rows":[[1]]}}},{"sample":3}]"#).await;
    assert_ne!(other["cells"]["sample"], "digits-sample");
    let (status, message) = refused(&server, "POST", FIRST, r#"{"h":{"type":"histogram","value":"x"},"loss":1}"#).await;
    assert!(status == 400 && message.contains("'h' is no valid value"), "{message}");
}

#[tokio::test]
async fn points_of_an_ended_run_change_no_status() {
    let server = spawn().await;
    log(&server, FIRST, r#"{"loss":1}"#).await;
    server.call("PATCH", "/boards/digits/runs/first", r#"{"status":"finished"}"#).await;
    log(&server, FIRST, r#"{"loss":2}"#).await;
    let run = server.get("/boards/digits/runs/first").await;
    assert_eq!((&run["status"], &run["rev"], &run["metrics"]["loss"]["points"]), (&json!("finished"), &json!(2), &json!(2)));
    assert!(run["endedAt"].is_string(), "{run}");
}

#[tokio::test]
async fn a_deleted_run_takes_nothing() {
    let server = spawn().await;
    log(&server, FIRST, r#"{"loss":1}"#).await;
    assert_eq!(server.call("DELETE", "/boards/digits/runs/first", "").await.status, 200);
    for (method, path, body) in [
        ("POST", FIRST, r#"{"loss":1}"#),
        ("POST", "/boards/digits/runs/first/heartbeat", ""),
        ("PATCH", "/boards/digits/runs/first?upsert=true", "{}"),
        ("DELETE", "/boards/digits/runs/first", ""),
    ] {
        let (status, message) = refused(&server, method, path, body).await;
        assert_eq!(status, 410, "{method} {path}: {message}");
        assert!(message.contains("POST /boards/digits/runs/first/restore"), "{message}");
    }
    assert_eq!(server.call("GET", "/boards/digits/runs/first", "").await.status, 404);
    assert_eq!(server.call("POST", "/boards/digits/runs/first/restore", "").await.status, 200);
    assert_eq!(log(&server, FIRST, r#"{"loss":2}"#).await["points"], 1);
    assert_eq!(server.get("/boards/digits/runs/first").await["metrics"]["loss"]["points"], 2);
}

#[tokio::test]
async fn points_with_a_run_need_the_run() {
    let server = spawn().await;
    server.create(r#"{"_id":"lr","board":"digits","type":"line","name":"Rate"}"#).await;
    let entry = r#"[{"cell":"lr","run":"first","series":"","step":1,"value":0.5},{"cell":"lr","run":"first","series":"val","value":2}]"#;
    let (status, message) = refused(&server, "POST", "/points", entry).await;
    assert_eq!((status, message.as_str()), (404, "The board 'digits' has no run 'first'."));
    log(&server, FIRST, "{}").await;
    assert_eq!(server.call("POST", "/points", entry).await.status, 201);
    let metrics = server.get("/boards/digits/runs/first").await["metrics"].clone();
    assert_eq!((&metrics["lr"]["last"], &metrics["lr/val"]["last"]), (&json!(0.5), &json!(2.0)));
}

#[tokio::test]
async fn no_name_refuses_a_log() {
    let server = spawn().await;
    // The own chart of `loss` is the one that another name feeds.
    let settings = r#"{"metrics":{"*_loss":{"chart":"loss","line":""}}}"#;
    assert_eq!(server.call("PATCH", "/boards/digits", settings).await.status, 200);
    let both = r#"{"a_loss":1,"loss":2}"#;
    let cells = log(&server, FIRST, both).await["cells"].clone();
    assert_eq!(cells["a_loss"], "digits-loss");
    assert!(cells["loss"].as_str().unwrap().starts_with("digits-loss_2-"), "{cells}");
    assert_eq!(log(&server, FIRST, both).await["cells"], cells);
    assert_eq!(server.get("/boards/digits/runs/first").await["metrics"]["loss"]["points"], 2);
    let listed = json!({"loss": {"cell": cells["loss"], "takenBy": "a_loss"}});
    assert_eq!(server.get("/boards/digits/runs/first").await["ownCharts"], listed);
    // The same in a new process.
    assert_eq!(log(&server, FIRST, r#"{"loss":3}"#).await["cells"]["loss"], cells["loss"]);
}

#[tokio::test]
async fn a_title_is_no_metric() {
    let server = spawn().await;
    server.create(r#"{"_id":"digits-acc","board":"digits","type":"line","name":"Accuracy"}"#).await;
    log(&server, FIRST, "{}").await;
    let points = r#"[{"cell":"digits-acc","run":"first","series":"val","value":0.5}]"#;
    assert_eq!(server.call("POST", "/points", points).await.status, 201);
    assert_eq!(log(&server, FIRST, r#"{"acc/val":0.75}"#).await["cells"]["acc/val"], "digits-acc");
    let metrics = server.get("/boards/digits/runs/first").await["metrics"].clone();
    assert_eq!((metrics.as_object().unwrap().len(), &metrics["acc/val"]["points"]), (1, &json!(2)), "{metrics}");
}

#[tokio::test]
async fn what_is_no_log_says_why() {
    let server = spawn().await;
    for (path, body, expected) in [
        ("/boards/digits/runs/-x/log", "{}", "The id of a run must be 1 to 64 letters"),
        ("/boards/.x/runs/a/log", "{}", "'board' must be 1 to 64 letters"),
        ("/boards/digits/runs/a/log?x=1", "{}", "'x' is no key of this query"),
        ("/boards/digits/runs/a/log", "", "The body must be an object, not the end"),
        ("/boards/digits/runs/a/log", r#"{"":1}"#, "The body has an empty name; name each value with 1 to 200 characters"),
        (
            "/boards/digits/runs/a/log",
            r#"{"a":{"type":"sound","value":"x"}}"#,
            "'a' is of the type 'sound', which is not known; known are ",
        ),
        ("/boards/digits/runs/a/log", "[1]", "'[0]' must be an object, not a number"),
    ] {
        let (status, message) = refused(&server, "POST", path, body).await;
        assert!(status == 400 && message.contains(expected), "{path} {body}: {message}");
    }
    assert_eq!(server.get("/boards/digits/runs").await, json!([]));
}

#[tokio::test]
async fn a_refused_log_is_no_sign() {
    let server = spawn().await;
    log(&server, FIRST, "{}").await;
    let before = server.get("/boards/digits/runs/first").await["heartbeatAt"].clone();
    assert!(before.is_string());
    server.call("DELETE", "/boards/digits/runs/first", "").await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert_eq!(refused(&server, "POST", FIRST, "{}").await.0, 410);
    let restored = server.call("POST", "/boards/digits/runs/first/restore", "").await.json();
    // Neither the deleted run nor the refused log has left a sign in memory.
    assert_eq!(restored["heartbeatAt"], before);
}
