//! Numbers over REST: sent in any form, given back bit for bit, on disk when acknowledged, drawn from columns that lose nothing.

use std::time::Duration;

use agnez::protocol::CellId;
use agnez::protocol::points::{self, NumbersRef, PartRef};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Running, spawn, start_program};

pub async fn line(server: &Running, id: &str) {
    server.create(&json!({ "_id": id, "type": "line" }).to_string()).await;
}

pub async fn send(server: &Running, id: &str, body: &str) -> Value {
    let reply = server.call("POST", &format!("/values/{id}/points"), body.to_owned()).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()
}

/// All points of a series, page after page: step, value, time; what is no number as text.
pub async fn points_of(server: &Running, id: &str, series: &str) -> Vec<Value> {
    let (mut all, mut from) = (Vec::new(), json!(0));
    while !from.is_null() {
        let page = server.get(&format!("/values/{id}/points?series={series}&from={from}")).await;
        all.extend(page["points"].as_array().unwrap().iter().cloned());
        from = page["next"].clone();
    }
    all
}

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

/// The bits of all steps and values. As CSV, since the parser of JSON here is not exact in the last bit.
async fn bits(server: &Running, id: &str, series: &str) -> Vec<(u64, u64)> {
    let mut all = Vec::new();
    loop {
        let page = server.call("GET", &format!("/values/{id}/points?format=csv&series={series}&from={}", all.len()), "").await;
        let rows = page.text.lines().skip(1).map(|row| row.split(',').map(str::to_owned).collect::<Vec<_>>());
        let read = |text: &str| text.parse::<f64>().unwrap().to_bits();
        let before = all.len();
        all.extend(rows.map(|row| (read(&row[2]), read(&row[3]))));
        if all.len() == before {
            return all;
        }
    }
}

/// A walk with everything in it that a double can be.
fn awkward(count: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut x, mut y, mut seed) = (Vec::new(), Vec::new(), 7_u64);
    for at in 0..count {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise = (seed >> 11) as f64 / (1_u64 << 53) as f64;
        x.push(at as f64 * 0.25);
        y.push(match at % 997 {
            3 => f64::NAN,
            4 => f64::INFINITY,
            5 => f64::NEG_INFINITY,
            6 => -0.0,
            7 => f64::from_bits(1),
            8 => f64::MAX,
            _ => 2.0 / (1.0 + at as f64 / 1000.0) + noise,
        });
    }
    (x, y)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_comes_back_bit_for_bit_and_after_a_restart() {
    let mut server = spawn().await;
    let (x, y) = awkward(20_000);
    let expected: Vec<_> = x.iter().zip(&y).map(|(x, y)| (x.to_bits(), y.to_bits())).collect();
    for id in ["json", "binary", "lines"] {
        line(&server, id).await;
    }
    for start in (0..x.len()).step_by(3000) {
        let end = (start + 3000).min(x.len());
        let (x, y) = (&x[start..end], &y[start..end]);
        // As Python's json.dumps writes it.
        let pairs: Vec<String> = x.iter().zip(y).map(|(x, y)| format!("[{x:?},{}]", format!("{y:?}").replace("inf", "Infinity"))).collect();
        send(&server, "json", &format!("{{\"loss\":[{}]}}", pairs.join(","))).await;
        let cell = CellId::parse("binary").unwrap();
        let numbers = NumbersRef { x: Some(x), y, t: None };
        let frame =
            points::write(0, &[PartRef { cell: &cell, run: None, series: "loss", start: None, n: x.len() as u32, numbers: Some(numbers) }]);
        let reply = server.ask("POST", "/points", frame, &[("content-type", "application/octet-stream")]).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let lines: String = x
            .iter()
            .zip(y)
            .map(|(x, y)| {
                format!("{{\"cell\":\"lines\",\"series\":\"loss\",\"step\":{x:?},\"value\":\"{y:?}\"}}\n")
                    .replace("\"inf\"", "\"Infinity\"")
                    .replace("\"-inf\"", "\"-Infinity\"")
            })
            .map(|line| if line.contains("Inf") || line.contains("NaN") { line } else { unquoted(&line) })
            .collect();
        let reply = server.ask("POST", "/points", lines, &[("content-type", "application/x-ndjson")]).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }
    for round in 0..2 {
        for id in ["json", "binary", "lines"] {
            let stored = bits(&server, id, "loss").await;
            assert_eq!(stored.len(), expected.len(), "{id}, round {round}");
            if let Some(at) = (0..expected.len()).find(|at| stored[*at] != expected[*at]) {
                panic!("{id}, round {round}: point {at} is {:?}, not {:?}", stored[at], expected[at]);
            }
        }
        server.restart(&[]).await;
    }
    let csv = server.ask("GET", "/values/json/points?series=loss&from=3&limit=2", "", &[("accept", "text/csv")]).await;
    let rows: Vec<_> = csv.text.lines().collect();
    assert!(rows[0] == "series,index,step,value,time" && rows[1].starts_with("loss,3,0.75,NaN,") && rows.len() == 3, "{}", csv.text);
}

/// The value of a line without its quotation marks.
fn unquoted(line: &str) -> String {
    let (head, value) = line.split_once("\"value\":\"").unwrap();
    format!("{head}\"value\":{}", value.replace("\"}", "}"))
}

#[tokio::test]
async fn steps_may_come_late_twice_and_backwards() {
    let server = spawn().await;
    line(&server, "a").await;
    assert_eq!(send(&server, "a", r#"{"l":[[10,1],[20,2],[20,3],[5,4]]}"#).await["cells"]["a"]["l"], json!({"start": 0, "points": 4}));
    send(&server, "a", r#"{"l":[5,6],"m":{"x":[1],"y":[2],"t":[99.5]}}"#).await;
    let steps: Vec<f64> = points_of(&server, "a", "l").await.iter().map(|point| number(&point[0])).collect();
    assert_eq!(steps, [10.0, 20.0, 20.0, 5.0, 6.0, 7.0], "nothing is dropped, and steps count on from the last one");
    assert_eq!(points_of(&server, "a", "m").await, [json!([1.0, 2.0, 99.5])]);
    let columns = server.get("/values/a/columns?width=4").await["cells"]["a"]["series"][0]["columns"].clone();
    let count: u64 = columns["count"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(count, 6, "{columns}");
    let document = server.get("/values/a").await;
    assert_eq!(document["value"]["series"]["l"], json!({"points": 6, "last": [7.0, 6.0]}));
}

#[tokio::test]
async fn a_request_with_a_key_is_done_once() {
    let mut server = spawn().await;
    line(&server, "a").await;
    let send = async |server: &Running, key: &str, body: &'static str| {
        let reply = server.ask("POST", "/values/a/points", body, &[("idempotency-key", key), ("idempotency-window", "ascending")]).await;
        (reply.status, reply.text)
    };
    let first = send(&server, "run-1:1", r#"{"l":[1,2]}"#).await;
    assert_eq!(first.0, 201);
    assert_eq!(send(&server, "run-1:1", r#"{"l":[1,2]}"#).await, first);
    assert_eq!(send(&server, "run-1:1", r#"{"l":[1,3]}"#).await.0, 422);
    server.restart(&[]).await;
    assert_eq!(send(&server, "run-1:1", r#"{"l":[1,2]}"#).await, first, "also after a restart");
    for number in 2..=140 {
        assert_eq!(send(&server, &format!("run-1:{number}"), r#"{"l":0}"#).await.0, 201);
    }
    let (status, text) = send(&server, "run-1:1", r#"{"l":[1,2]}"#).await;
    assert_eq!((status, serde_json::from_str::<Value>(&text).unwrap()), (201, json!({"appended": 0, "repeated": true})));
    assert_eq!(send(&server, "a key", r#"{"l":1}"#).await.0, 400);
    assert_eq!(points_of(&server, "a", "l").await.len(), 141);
}

#[tokio::test]
async fn what_cannot_be_appended_says_why_and_leaves_nothing() {
    let server = spawn().await;
    line(&server, "a").await;
    server.create(r#"{"_id":"page","type":"html","value":"x"}"#).await;
    let send = async |path: &str, body: &str| {
        let reply = server.call("POST", path, body.to_owned()).await;
        (reply.status, reply.json()["message"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(send("/values/nobody/points", r#"{"l":1}"#).await, (404, "No record found for id 'nobody'".into()));
    let (status, message) = send("/values/page/points", r#"{"l":1}"#).await;
    assert!(status == 409 && message.contains("of type 'html'"), "{message}");
    assert_eq!(send("/points", r#"{"cells":{"a":{"l":1},"page":{"l":1}}}"#).await.0, 409);
    assert_eq!(send("/values/a/points", r#"{"l":[[0,1],[null,2]]}"#).await.0, 400);
    assert_eq!(send("/values", r#"{"type":"line","append":{"l":1}}"#).await.0, 400);
    assert_eq!(server.call("PATCH", "/values/page", r#"{"append":{"l":1}}"#).await.status, 400);
    assert_eq!(server.call("PATCH", "/values/a", r#"{"chart":{"y":"cubic"}}"#).await.status, 400);
    let lines = "{\"cell\":\"a\",\"series\":\"s\",\"value\":1}\n{\"cell\":\"a\",\"series\":\"s\"}\n";
    let reply = server.ask("POST", "/points", lines, &[("content-type", "application/x-ndjson")]).await;
    assert!(reply.status == 400 && reply.text.contains("ine 2"), "{}", reply.text);
    assert_eq!(server.get("/values/a").await["value"], json!({"series": {}}));
}

#[tokio::test]
async fn lines_of_an_open_stream_are_there_before_it_ends() {
    let server = spawn().await;
    line(&server, "a").await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head = "POST /points HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for step in 0..3 {
        // The next line is begun, as programs do that write when their buffer is full.
        let lines = format!("\"cell\":\"a\",\"series\":\"s\",\"value\":{step}}}\n{{");
        let lines = if step == 0 { format!("{{{lines}") } else { lines };
        stream.write_all(format!("{:x}\r\n{lines}\r\n", lines.len()).as_bytes()).await.unwrap();
        let points = async || server.get("/values/a").await["value"]["series"]["s"]["points"].clone();
        for _ in 0..500 {
            if points().await == json!(step + 1) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(points().await, json!(step + 1));
    }
    stream.write_all(b"1\r\n}\r\n0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("ine 4") && answer.contains("Lines 1 to 3 (3 points) are kept"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_line_is_a_document_too() {
    let mut server = spawn().await;
    let body = r#"{"_id":"a","type":"line","value":{"series":{"t":[[0,1],[1,NaN]],"v":[0.5]}}}"#;
    let made = server.call("POST", "/values", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let document = server.get("/values/a").await;
    assert_eq!(document["value"], json!({"series": {"t": {"points": 2, "last": [1.0, "NaN"]}, "v": {"points": 1, "last": [0.0, 0.5]}}}));
    // A client that gives back what it got changes nothing.
    let put = server.call("PUT", "/values/a", document.to_string()).await.json();
    assert_eq!(put["value"], document["value"]);
    assert_eq!(
        server.call("PATCH", "/values/a", r#"{"name":"n","append":{"v":[[7,8]]}}"#).await.json()["value"]["series"]["v"]["points"],
        2
    );
    // One series is kept, one is replaced, one goes.
    let value = r#"{"value":{"series":{"v":{"points":1},"w":[1,2,3]}}}"#;
    assert_eq!(server.call("PATCH", "/values/a", value).await.json()["value"]["series"]["w"]["points"], 3);
    assert_eq!(server.get("/values/a/points?series=v").await["total"], 2);
    assert_eq!(server.call("GET", "/values/a/points?series=t", "").await.status, 404);
    // Removed and brought back, it has its points; a new cell under the same id has none.
    server.call("DELETE", "/values/a", "").await;
    server.restart(&[]).await;
    let restored = server.ask("POST", "/rpc/cells/restore", r#"{"id":"a"}"#, &[("content-type", "application/json")]).await;
    assert_eq!(restored.status, 200, "{}", restored.text);
    assert_eq!(server.get("/values/a/points?series=w").await["total"], 3);
    server.call("DELETE", "/values/a", "").await;
    line(&server, "a").await;
    assert_eq!(server.get("/values/a").await["value"], json!({"series": {}}));
    // A cell that is nothing yet becomes a line with its first point, and an emptied one has none.
    server.create(r#"{"_id":"b","value":[]}"#).await;
    send(&server, "b", r#"{"l":1}"#).await;
    assert_eq!(server.get("/values/b").await["type"], "line");
    server.call("PATCH", "/values/b", r#"{"value":[]}"#).await;
    server.restart(&[]).await;
    assert_eq!(server.get("/values/b").await["value"], json!({"series": {}}));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_in_every_view() {
    let mut server = spawn().await;
    line(&server, "a").await;
    let mut y = vec![1.0_f64; 300_000];
    let events = [
        (0, 5.0),
        (4095, -7.0),
        (4096, 9.0),
        (131_071, 99.0),
        (131_072, -99.0),
        (200_001, f64::NAN),
        (250_000, f64::INFINITY),
        (299_999, 6.0),
    ];
    for (at, value) in events {
        y[at] = value;
    }
    let cell = CellId::parse("a").unwrap();
    for part in y.chunks(100_000) {
        let numbers = NumbersRef { x: None, y: part, t: None };
        let frame =
            points::write(0, &[PartRef { cell: &cell, run: None, series: "l", start: None, n: part.len() as u32, numbers: Some(numbers) }]);
        assert_eq!(server.ask("POST", "/points", frame, &[("content-type", "application/octet-stream")]).await.status, 201);
    }
    for round in 0..2 {
        for width in [1, 7, 300, 1000] {
            for window in ["", "&from=4000&to=140000.5"] {
                let path = format!("/values/a/columns?width={width}{window}");
                let columns = server.get(&path).await["cells"]["a"]["series"][0]["columns"].clone();
                let list = |field: &str| columns[field].as_array().unwrap().iter().map(number).collect::<Vec<f64>>();
                let (from, to, min, max) = (list("x_first"), list("x_last"), list("min"), list("max"));
                assert!(from.len() <= 2 * width + 70, "{path}: {} columns", from.len());
                for (at, value) in events.iter().filter(|(at, _)| window.is_empty() || (4000..=140_000).contains(at)) {
                    let step = *at as f64;
                    let column = (0..from.len()).find(|at| from[*at] <= step && step <= to[*at]).expect("a column holds it");
                    let seen = match value {
                        value if value.is_nan() => list("nan")[column] == 1.0,
                        value if value.is_infinite() => list("pos_inf")[column] == 1.0,
                        // Of two in one column the greater of each side is seen.
                        value => {
                            if *value > 0.0 {
                                max[column] >= *value
                            } else {
                                min[column] <= *value
                            }
                        }
                    };
                    assert!(seen, "{path}, round {round}: {value} at {at} is lost");
                }
            }
        }
        server.restart(&[]).await;
    }
}

/// The program itself, killed without warning while it takes points: all that were acknowledged are there, none twice.
#[tokio::test(flavor = "multi_thread")]
async fn kill_nine_loses_no_acknowledged_point() {
    let folder = tempfile::tempdir().unwrap();
    let start = || start_program(folder.path());
    let http = reqwest::Client::new();
    // Different sizes, so that commits end before, at and after chunks.
    let sizes = [1_u64, 900, 3000, 5000, 17];
    let mut acknowledged = [0_u64; 5];
    for round in 0..4 {
        let (mut child, address) = start();
        if round == 0 {
            http.post(format!("{address}/values")).body(r#"{"_id":"a","type":"line"}"#).send().await.unwrap();
        }
        // When it falls is left to chance: into a commit, before or after one.
        let killer = tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(200 + 70 * round)).await;
            child.kill().unwrap();
            child.wait().unwrap();
        });
        let writers = sizes.iter().zip(&mut acknowledged).enumerate().map(|(at, (size, acknowledged))| {
            let (http, url) = (http.clone(), format!("{address}/values/a/points"));
            async move {
                loop {
                    let y: Vec<u64> = (*acknowledged..*acknowledged + size).collect();
                    match http.post(&url).body(json!({ format!("s{at}"): y }).to_string()).send().await {
                        Ok(reply) if reply.status() == 201 => *acknowledged += size,
                        _ => break,
                    }
                }
            }
        });
        futures_util::future::join_all(writers).await;
        killer.await.unwrap();
        let (mut child, address) = start();
        for (at, size) in sizes.iter().enumerate() {
            let (mut from, mut expected) = (0_u64, 0_u64);
            loop {
                let page = http.get(format!("{address}/values/a/points?series=s{at}&from={from}")).send().await.unwrap();
                if page.status() == 404 {
                    break;
                }
                let page: Value = page.json().await.unwrap();
                for point in page["points"].as_array().unwrap() {
                    assert_eq!(point[1].as_f64(), Some(expected as f64), "series s{at}");
                    expected += 1;
                }
                let Some(next) = page["next"].as_u64() else { break };
                from = next;
            }
            // The last request may have been written without its answer.
            let missing = acknowledged[at];
            assert!(expected == missing || expected == missing + size, "s{at}: {expected} are stored, {missing} were acknowledged");
            acknowledged[at] = expected;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(acknowledged.iter().all(|count| *count > 0), "{acknowledged:?}");
}

/// What a summary names stays as it is. What is not there cannot stay: the points would go without a word.
#[tokio::test]
async fn a_summary_of_an_unknown_series_is_refused() {
    let server = spawn().await;
    line(&server, "a").await;
    line(&server, "b").await;
    server.create(r#"{"_id":"other","group":"both","value":{"series":{"train":{"points":3}}}}"#).await;
    assert_eq!(server.call("POST", "/values/a/points", r#"{"train":[1,2,3],"val":[4]}"#).await.status, 201);
    assert_eq!(server.call("POST", "/values/b/points", r#"{"val":[4]}"#).await.status, 201);
    let before = server.get("/values").await;
    let summary = r#""value":{"series":{"renamed":{"points":3}}}"#;
    for (verb, path, body) in [
        ("PATCH", "/values/a", format!("{{{summary}}}")),
        ("PATCH", "/values/a", format!("{{\"type\":\"line\",{summary}}}")),
        ("PATCH", "/values/a", r#"{"value":{"series":{"train":{"points":3},"vall":{"points":1,"last":[0,4]}}}}"#.into()),
        ("PATCH", "/values/a", r#"{"value":{"series":{"renamed":{"points":3},"new":[1]}},"append":{"renamed":[1]}}"#.into()),
        ("PUT", "/values/a", format!("{{\"type\":\"line\",{summary}}}")),
        // Of two cells, one has no such series.
        ("PATCH", "/values?_id[$in][]=a&_id[$in][]=b", r#"{"value":{"series":{"train":{"points":3}}}}"#.into()),
        // A cell that becomes a line has no series yet.
        ("PATCH", "/values/other", r#"{"type":"line"}"#.into()),
        ("PUT", "/values/other", r#"{"type":"line","value":{"series":{"train":{"points":3}}}}"#.into()),
        ("POST", "/values", format!("{{\"type\":\"line\",{summary}}}")),
        ("POST", "/values", format!("[{{\"name\":\"first\"}},{{\"type\":\"line\",{summary}}}]")),
        ("PATCH", "/values/made?upsert=true", format!("{{\"type\":\"line\",{summary}}}")),
    ] {
        let reply = server.call(verb, path, body.clone()).await;
        let answer = reply.json();
        assert_eq!(reply.status, 400, "{verb} {path} {body}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains("is a summary"), "{answer}");
        assert!(answer["errors"].as_object().unwrap().keys().all(|path| path.starts_with("value.series.")), "{answer}");
    }
    assert_eq!(server.get("/values").await, before);
    // What was read can be sent back, and a summary beside new points keeps what it names.
    let read = server.get("/values/a").await;
    assert_eq!(server.call("PUT", "/values/a", read.to_string()).await.status, 200);
    let kept = server.call("PATCH", "/values/a", r#"{"value":{"series":{"train":{"points":3},"new":[7]}}}"#).await.json();
    assert_eq!(kept["value"]["series"], json!({"train": {"points": 3, "last": [2.0, 3.0]}, "new": {"points": 1, "last": [0.0, 7.0]}}));
    // A series that went meanwhile is missed.
    assert_eq!(server.call("PUT", "/values/a", read.to_string()).await.status, 400);
}
