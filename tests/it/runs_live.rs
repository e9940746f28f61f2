//! Runs as readers hear of them: the page with its list and the points that it chooses, and readers of documents.

use agnez::protocol::columns;
use agnez::protocol::points;
use agnez::protocol::{Cell, Event, RunEvent, RunId, RunList};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::points::{line, number};
use crate::support::{Live, Running, event_labels, spawn};

/// Appends a point to a series of a run of the cell `loss`. The run is created where it is missing.
async fn log(server: &Running, run: &str, series: &str, step: u32, value: f64) {
    let body = json!([{ "cell": "loss", "run": run, "series": series, "step": step, "value": value }]).to_string();
    let mut reply = server.call("POST", "/points", body.clone()).await;
    if reply.status == 404 {
        create_run(server, run).await;
        reply = server.call("POST", "/points", body).await;
    }
    assert_eq!(reply.status, 201, "{}", reply.text);
}

async fn create_run(server: &Running, run: &str) {
    let created = server.call("PATCH", &format!("/boards/main/runs/{run}?upsert=true"), "{}").await;
    assert_eq!(created.status, 201, "{}", created.text);
}

/// The next text frame whose event has this name.
async fn event(live: &mut Live, name: &str) -> Value {
    loop {
        let frame = live.next().await.expect("the line stays open");
        if frame["event"] == name {
            return frame;
        }
    }
}

/// Run and name of each part of the next frame of points.
async fn parts(live: &mut Live) -> Vec<(Option<String>, String)> {
    let frame = points::read(&live.binary().await).unwrap();
    frame.parts.into_iter().map(|part| (part.run.map(|run| run.to_string()), part.series)).collect()
}

fn of(run: &str, series: &str) -> (Option<String>, String) {
    (Some(run.to_owned()), series.to_owned())
}

fn run_event(frame: &Value) -> RunEvent {
    match serde_json::from_value(frame.clone()) {
        Ok(Event::<Cell>::Runs(event)) => event,
        other => panic!("{frame} is {other:?}"),
    }
}

fn names(list: &RunList) -> Vec<&str> {
    list.runs.iter().map(|run| run.id.as_str()).collect()
}

/// What stands in the page.
async fn list_of_page(server: &Running, path: &str) -> RunList {
    let page = server.call("GET", path, "").await.text;
    let data = page.split_once("\"application/json\"").and_then(|(_, data)| data.split_once('>')).expect("the page has its data").1;
    let data = data.split_once("</script>").unwrap().0;
    serde_json::from_value(serde_json::from_str::<Value>(data).unwrap()["runs"].take()).unwrap()
}

#[tokio::test]
async fn a_page_hears_of_runs_and_readers_of_cells_do_not() {
    let server = spawn().await;
    line(&server, "loss").await;
    let (mut page, mut cells, mut runs) = (server.live("view=page").await, server.live("").await, server.live("of=runs").await);
    for live in [&mut page, &mut cells, &mut runs] {
        assert_eq!(live.next().await.unwrap()["event"], "hello");
    }
    log(&server, "first", "train", 3, 0.5).await;
    let mut list = RunList::default();
    list.apply(run_event(&event(&mut page, "runs").await));
    assert_eq!((list.run_seq, names(&list)), (1, vec!["first"]));
    let frame = points::read(&page.binary().await).unwrap();
    let part = &frame.parts[0];
    assert_eq!((part.run.as_ref().map(RunId::as_str), part.series.as_str(), part.start, part.n), (Some("first"), "train", Some(0), 1));
    list.apply(run_event(&event(&mut page, "signs").await));
    let last = &list.runs[0].last;
    assert_eq!((last.len(), last[0].metric.as_str(), last[0].value), (1, "loss/train", 0.5));
    // The sibling of `data`, which has the series without a run.
    let appended = cells.next().await.unwrap();
    assert_eq!((&appended["event"], &appended["data"], &appended["seq"]), (&json!("appended"), &json!({}), &json!(2)));
    let series = &appended["runs"]["first"]["loss"]["train"];
    assert_eq!((&series["start"], &series["x"], &series["y"]), (&json!(0), &json!([3.0]), &json!([0.5])));
    let created = runs.next().await.unwrap();
    assert_eq!((event_labels(std::slice::from_ref(&created)), &created["data"][0]["_id"]), (vec!["created 1".into()], &json!("first")));
    assert_eq!(created["data"][0]["status"], "running");
    // A second series of the run is no event of runs, and neither is a change of a cell.
    log(&server, "first", "", 4, 0.25).await;
    server.call("PATCH", "/values/loss", r#"{"name":"Loss"}"#).await;
    log(&server, "second", "", 1, f64::from(7)).await;
    assert_eq!(event_labels(&runs.take(1).await), ["created 2"]);
    assert_eq!(event_labels(&cells.take(3).await), ["appended 3", "patched 4", "appended 5"]);
}

#[tokio::test]
async fn a_page_resumes_the_events_of_runs_where_it_was() {
    let mut server = spawn().await;
    line(&server, "loss").await;
    for run in ["a", "b"] {
        log(&server, run, "", 1, 1.0).await;
    }
    let known = list_of_page(&server, "/").await;
    assert_eq!((known.run_seq, names(&known)), (2, vec!["b", "a"]));
    let epoch = server.live("").await.next().await.unwrap()["epoch"].as_str().unwrap().to_owned();
    let head = async |server: &Running| server.live("").await.next().await.unwrap()["seq"].as_u64().unwrap();
    for restart in [false, true] {
        log(&server, if restart { "d" } else { "c" }, "", 1, 1.0).await;
        if restart {
            server.restart(&[]).await;
        }
        let since = head(&server).await;
        let mut page = server.live(&format!("view=page&epoch={epoch}&since={since}&run_seq=2")).await;
        let mut list = known.clone();
        list.apply(run_event(&event(&mut page, "runs").await));
        let truth = list_of_page(&server, "/").await;
        assert_eq!((list.run_seq, names(&list)), (truth.run_seq, names(&truth)), "after a restart: {restart}");
        // A page that knows all hears nothing of them.
        let mut page = server.live(&format!("view=page&epoch={epoch}&since={since}&run_seq={}", list.run_seq)).await;
        assert_eq!(page.next().await.unwrap()["event"], "hello");
        log(&server, "a", "", 1, 1.0).await;
        assert_eq!(parts(&mut page).await, [of("a", "")]);
    }
    // Numbers of another epoch, or of the future: all of the list, before the cells.
    for (epoch, events) in [("other", vec!["hello", "settings", "allruns", "snapshot"]), (&epoch, vec!["hello", "settings", "allruns"])] {
        let since = head(&server).await;
        let mut page = server.live(&format!("view=page&epoch={epoch}&since={since}&run_seq=99")).await;
        let frames = page.take(events.len()).await;
        assert_eq!(frames.iter().map(|frame| frame["event"].as_str().unwrap()).collect::<Vec<_>>(), events);
        let mut list = RunList { run_seq: 99, runs: Vec::new() };
        list.apply(run_event(&frames[2]));
        assert_eq!(names(&list), ["d", "c", "b", "a"]);
    }
    // A page without runs, of a board without runs.
    let mut page = server.live("board=none&view=page&epoch=other&since=0&run_seq=0").await;
    assert_eq!(event_labels(&page.take(2).await), ["hello 0", "snapshot 0"]);
}

#[tokio::test]
async fn a_reader_of_runs_resumes_or_begins_with_all() {
    let server = spawn().await;
    line(&server, "loss").await;
    for run in ["a", "b", "c"] {
        log(&server, run, "", 1, 1.0).await;
    }
    let epoch = server.live("of=runs").await.next().await.unwrap()["epoch"].as_str().unwrap().to_owned();
    let mut live = server.live(&format!("of=runs&epoch={epoch}&since=1")).await;
    let frames = live.take(2).await;
    assert_eq!(event_labels(&frames), ["hello 3", "created 3"]);
    let ids = |frame: &Value| frame["data"].as_array().unwrap().iter().map(|run| run["_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&frames[1]), ["b", "c"]);
    let frames = server.live("of=runs&epoch=other&since=1").await.take(3).await;
    assert_eq!(event_labels(&frames), ["hello 3", "snapshot 0", "created 3"]);
    assert_eq!((&frames[1]["runs"], ids(&frames[2])), (&json!([]), vec![json!("a"), json!("b"), json!("c")]));
    for (query, rule) in [
        ("of=boards", "'of' must be cells or runs, not 'boards'."),
        ("of=runs&view=page", "A page gets the events of cells and runs; leave 'of' out."),
    ] {
        let reply = server.call("GET", &format!("/events?{query}"), "").await;
        assert_eq!((reply.status, reply.json()["message"].as_str().unwrap()), (400, rule));
    }
    // As Server-Sent Events, with their own numbers.
    let stream = reqwest::get(server.url("/events?of=runs&epoch=other&since=0")).await.unwrap();
    let (mut stream, mut text) = (stream.bytes_stream(), String::new());
    while !text.contains("\"c\"") {
        text.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(text.contains(&format!("id: {epoch}:3\n")), "{text}");
}

#[tokio::test]
async fn a_page_gets_the_points_of_the_runs_that_it_names() {
    let server = spawn().await;
    line(&server, "loss").await;
    let mut page = server.live("view=page").await;
    page.next().await;
    log(&server, "a", "", 1, 1.0).await;
    assert_eq!(parts(&mut page).await, [of("a", "")]);
    page.socket.send(Message::Text(r#"{"runs":["b","c"]}"#.into())).await.unwrap();
    // The server answers a ping after what came before it.
    page.socket.send(Message::Ping(Default::default())).await.unwrap();
    while !matches!(page.socket.next().await.unwrap().unwrap(), Message::Pong(_)) {}
    let body = json!([
        { "cell": "loss", "run": "a", "value": 2 },
        { "cell": "loss", "run": "b", "series": "val", "value": 2 },
        { "cell": "loss", "series": "plain", "value": 2 },
    ]);
    log(&server, "a", "", 3, 1.0).await;
    create_run(&server, "b").await;
    assert_eq!(server.call("POST", "/points", body.to_string()).await.status, 201);
    // Its list has all runs.
    while !matches!(run_event(&event(&mut page, "runs").await), RunEvent::Changed { run_seq: 2, .. }) {}
    let mut received = parts(&mut page).await;
    received.sort();
    assert_eq!(received, [(None, "plain".to_owned()), of("b", "val")]);
    for text in ["{}", r#"{"runs":["a/b"]}"#] {
        let mut page = server.live("view=page").await;
        page.next().await;
        page.socket.send(Message::Text(text.into())).await.unwrap();
        assert!(page.next().await.is_none(), "{text}");
    }
    // What other readers say has no effect.
    let mut documents = server.live("").await;
    documents.next().await;
    documents.socket.send(Message::Text("hello".into())).await.unwrap();
    log(&server, "a", "", 4, 1.0).await;
    assert_eq!(documents.next().await.unwrap()["event"], "appended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_page_ends_at_the_truth() {
    let server = spawn().await;
    line(&server, "loss").await;
    let mut page = server.live("view=page&epoch=none&since=0&run_seq=0").await;
    let (mut list, mut count) = (RunList::default(), 0);
    let mut read = |frame: Option<Value>, list: &mut RunList| {
        let frame = frame.expect("the line stays open");
        if matches!(frame["event"].as_str(), Some("runs" | "allruns")) {
            count += 1;
            list.apply(run_event(&frame));
        }
    };
    let text = "x".repeat(100_000);
    for round in 0..150 {
        // 15 MB, more than the system's buffers hold.
        server.call("PATCH", "/values/loss", format!(r#"{{"description":"{round} {text}"}}"#)).await;
        log(&server, &format!("r{round}"), "", 1, f64::from(round)).await;
        // The server ends lines on which nothing moves, and a busy machine may take that long for all rounds.
        if round % 10 == 9 {
            read(page.next().await, &mut list);
        }
    }
    let truth = list_of_page(&server, "/").await;
    assert_eq!((truth.run_seq, truth.runs.len()), (150, RunList::MAX_RUNS));
    while list.run_seq < truth.run_seq {
        read(page.next().await, &mut list);
    }
    assert_eq!(names(&list), names(&truth));
    assert!(count < 150, "{count} frames");
}

#[tokio::test]
async fn columns_are_those_of_the_runs_that_are_named() {
    let server = spawn().await;
    line(&server, "loss").await;
    server.call("POST", "/points", json!([{ "cell": "loss", "series": "plain", "value": 1 }]).to_string()).await;
    for at in 0..25 {
        log(&server, &format!("r{at}"), "", 1, f64::from(at)).await;
    }
    log(&server, "r3", "val", 2, f64::NAN).await;
    let cell = async |query: &str| server.get(&format!("/columns?cells=loss{query}")).await["cells"]["loss"].take();
    let chosen = cell("&runs=r3,unknown,r9").await;
    assert_eq!(chosen["series"].as_array().unwrap().iter().map(|series| &series["name"]).collect::<Vec<_>>(), ["plain"]);
    let runs = chosen["runs"].as_object().unwrap();
    assert_eq!(
        runs.iter().map(|(run, lines)| (run.as_str(), lines.as_object().unwrap().len())).collect::<Vec<_>>(),
        [("r3", 2), ("r9", 1)]
    );
    assert_eq!((number(&runs["r9"][""]["columns"]["last"][0]), &runs["r3"]["val"]["points"]), (9.0, &json!(1)));
    assert_eq!(cell("&runs=").await["runs"], Value::Null);
    let newest: Vec<String> = (5..25).rev().map(|at| format!("r{at}")).collect();
    assert_eq!(cell("").await["runs"].as_object().unwrap().keys().collect::<Vec<_>>(), newest.iter().collect::<Vec<_>>());
    assert_eq!(server.get("/values/loss/columns?runs=r3").await["cells"]["loss"]["runs"]["r3"]["val"]["points"], 1);
    let many = vec!["r1"; 101].join(",");
    let refused = server.call("GET", &format!("/columns?cells=loss&runs={many}"), "").await;
    assert_eq!((refused.status, refused.json()["message"].as_str().unwrap()), (400, "'runs' may name 100 runs, not 'more'."));
    let headers = [("accept", "application/octet-stream")];
    let bytes = server.ask("GET", "/columns?cells=loss&runs=r3", "", &headers).await;
    assert_eq!(bytes.status, 200);
    let frame = columns::read(&server.http_bytes("/columns?cells=loss&runs=r3").await).unwrap();
    let series = frame.cells[0].series.iter().map(|series| (series.run.as_ref().map(RunId::as_str), series.name.as_str()));
    assert_eq!(series.collect::<Vec<_>>(), [(None, "plain"), (Some("r3"), ""), (Some("r3"), "val")]);
}
