//! What stands in the log: nothing that was sent, at any level; and why a start failed, in the format that was asked for.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::operations::Program;

/// Stands in everything that is sent.
const CANARY: &str = "CANARY-9c1f";
/// A line as the log could have it, escaped for addresses.
const FORGED: &str = "%0a%0d2026-01-01T00:00:00Z%20%20INFO%20CANARY-9c1f";

/// Sends raw bytes on a connection of their own, and reads what is answered.
fn raw(program: &Program, bytes: &[u8]) {
    let mut stream = program.connect();
    stream.write_all(bytes).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
}

fn request(program: &Program, line: &str, headers: &str, body: &str) {
    let host = format!("Host: localhost:{}\r\nConnection: close", program.port);
    let head = format!("{line} HTTP/1.1\r\n{host}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    raw(program, format!("{head}{body}").as_bytes());
}

async fn send_everything(program: &Program) {
    for path in [
        "/{}",
        "/{}/x",
        "/b/{}",
        "/values/{}",
        "/values/{}.svg",
        "/values/{}/points",
        "/values/a/columns?series={}",
        "/values?{}=1",
        "/values?name={}&$sort[{}]=x",
        "/values?$limit={}",
        "/columns?cells={}",
        "/events?board={}",
        "/events?epoch={}",
        "/live?board={}",
        "/figure/{}/1?sig={}",
        "/media/{}/1",
        "/images/{}",
        "/pkg/{}",
        "/shares?{}=1",
        "/~{}/values",
        "/openapi.json?{}",
    ] {
        for word in [CANARY, FORGED] {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", CANARY] {
                request(program, &format!("{method} {}", path.replace("{}", word)), "", "{}");
            }
        }
    }
    for name in [
        CANARY,
        "Authorization",
        "Cookie",
        "Origin",
        "Referer",
        "Idempotency-Key",
        "Idempotency-Window",
        "Content-Type",
        "Content-Encoding",
        "Accept",
        "Accept-Encoding",
        "If-None-Match",
        "Last-Event-ID",
        "User-Agent",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "Sec-Fetch-Site",
        "Sec-WebSocket-Protocol",
        "Upgrade",
        "Expect",
        "Transfer-Encoding",
        "Content-Length",
        "Host",
    ] {
        for value in [CANARY, "Bearer agz_CANARY-9c1f", "Basic CANARY-9c1f", "\"CANARY-9c1f\"", "CANARY-9c1f/x; charset=CANARY-9c1f"] {
            request(program, "POST /values", &format!("{name}: {value}\r\n"), "{}");
            request(program, "GET /", &format!("{name}: {value}\r\n"), "");
        }
    }
    for body in [
        "CANARY-9c1f",
        "{\"CANARY-9c1f\":",
        "{\"name\":7,\"CANARY-9c1f\":\"\\nINFO CANARY-9c1f\"}",
        "{\"name\":\"\\n2026-01-01T00:00:00Z INFO CANARY-9c1f\",\"board\":\"CANARY-9c1f\"}",
        "{\"board\":\"a\\nCANARY-9c1f\"}",
        "{\"_id\":\"CANARY-9c1f/x\"}",
        "{\"type\":\"bar\",\"value\":{\"CANARY-9c1f\":\"CANARY-9c1f\"}}",
        "{\"type\":\"line\",\"value\":{\"series\":{\"CANARY-9c1f\\n\":[1,\"CANARY-9c1f\"]}}}",
        "{\"type\":\"img\",\"value\":\"data:image/CANARY-9c1f;base64,@\"}",
        "{\"cells\":{\"CANARY-9c1f\":{\"CANARY-9c1f\":[[0,1]]}}}",
        "{\"CANARY-9c1f\":[[0,\"CANARY-9c1f\"]]}",
    ] {
        for line in [
            "POST /values",
            "PATCH /values/a",
            "PUT /values/a",
            "POST /values/a/points",
            "POST /points",
            "POST /publish/epoch/end/",
            "POST /rpc/cells/create",
            "POST /shares",
        ] {
            for kind in ["application/json", "application/x-ndjson", "application/x-www-form-urlencoded"] {
                request(program, line, &format!("Content-Type: {kind}\r\n"), body);
            }
        }
    }
    for bytes in [
        "CANARY-9c1f\r\n\r\n",
        "GET / CANARY-9c1f\r\n\r\n",
        "GET /values HTTP/1.1\r\nHost: localhost\r\nCANARY-9c1f\r\n\r\n",
        "GET /values HTTP/1.1\r\nHost: localhost\r\nx: a\nINFO CANARY-9c1f\r\n\r\n",
        "GET /values HTTP/1.1\r\nHost: CANARY-9c1f\r\n\r\n",
        "GET http://CANARY-9c1f/values HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /values HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nCANARY-9c1f\r\n",
    ] {
        raw(program, bytes.as_bytes());
    }
    let live = format!("ws://localhost:{}/live?board=CANARY-9c1f", program.port);
    for message in [
        Message::text("{\"CANARY-9c1f\":\"\\n\"}"),
        Message::text("\n2026-01-01T00:00:00Z INFO CANARY-9c1f"),
        Message::binary(CANARY.as_bytes().to_vec()),
        Message::text(CANARY.repeat(100_000)),
    ] {
        let (mut socket, _) = tokio_tungstenite::connect_async(&live).await.unwrap();
        let _ = socket.send(message).await;
        let _ = socket.send(Message::Close(None)).await;
        while let Some(Ok(_)) = socket.next().await {}
    }
    // Frames that are none.
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let head = format!("GET /live?board=main HTTP/1.1\r\nHost: localhost:{}\r\n{upgrade}\r\n\r\n", program.port);
    raw(program, format!("{head}{CANARY}{CANARY}").as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_sent_stands_in_the_log_at_any_level() {
    // Whatever else a filter asks for.
    for (format, filter) in [("json", "trace"), ("text", "trace,hyper=trace,axum=trace,sqlx=trace,tower_http=trace,tungstenite=trace")] {
        let folder = tempfile::tempdir().unwrap();
        let mut program = Program::start(folder.path(), &["--log", filter, "--log-format", format]);
        send_everything(&program).await;
        program.signal("TERM");
        assert_eq!(program.ended(), Some(0));
        let log = program.log();
        let found = log.lines().find(|line| line.to_ascii_uppercase().contains("CANARY") || line.contains("9c1f"));
        assert_eq!(found, None);
        for line in log.lines() {
            // The time of the server, the level, and a target that is ours: nobody else has begun a line.
            let is_line = match format {
                "json" => {
                    serde_json::from_str::<Value>(line).is_ok_and(|line| line["target"].as_str().is_some_and(|at| at.starts_with("agnez")))
                }
                _ => line.split_whitespace().nth(2).is_some_and(|target| target.starts_with("agnez::")),
            };
            assert!(is_line, "{line}");
        }
        assert!(log.contains("DEBUG") && log.contains("/values/{id}"), "it tells what it may tell");
    }
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_agnez")).args(arguments).envs(environment.iter().copied()).output().unwrap()
}

/// Standard error of a program that ended with this code: one object.
fn failure_message(output: &Output, code: i32) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), text.lines().count()), (Some(code), 1), "{text}");
    let line: Value = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"));
    assert!(line["level"] == "ERROR" && line["timestamp"].is_string(), "{line}");
    line["message"].as_str().unwrap().to_owned()
}

#[test]
fn why_a_start_failed_is_told_in_the_format_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let missing = folder.path().join("none.sqlite");
    let named = |path: &Path| path.to_str().unwrap().to_owned();
    let data = named(&folder.path().join("data"));
    let json = ["--log-format", "json"];
    let with = |arguments: &[&str]| run(&[&json[..], arguments, &["--data", &data]].concat(), &[]);
    assert!(failure_message(&with(&["--port", &port]), 1).starts_with(&format!("Port {port} is taken")));
    assert!(failure_message(&with(&["--host", "nowhere"]), 1).contains("--host takes an IP address"));
    assert!(failure_message(&run(&["--log-format=json", "check", &named(&missing)], &[]), 1).contains("none.sqlite"));
    // Even where nothing else is logged, and where the command line is not understood.
    assert!(failure_message(&with(&["--log", "off", "--port", &port]), 1).starts_with("Port "));
    assert!(failure_message(&with(&["--port", "x"]), 2).contains("--port"));
    assert!(failure_message(&run(&["--no-such-flag"], &[("AGNEZ_LOG_FORMAT", "json")]), 2).contains("--no-such-flag"));
    // For people it is a sentence, as before.
    let plain = run(&["--port", &port, "--data", &data], &[]);
    assert!(String::from_utf8_lossy(&plain.stderr).starts_with("agnez: Port "));
    assert!(String::from_utf8_lossy(&run(&["--log-format", "json", "--version"], &[]).stdout).starts_with("agnez "));
}
