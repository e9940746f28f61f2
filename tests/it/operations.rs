//! The program as a service manager has it: its log, its end, and more connections than it has file handles for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::{Value, json};

/// A test that waits longer than this for one thing fails.
const PATIENCE: Duration = Duration::from_secs(30);
const SECRET: &str = "agz_c2VjcmV0LXdvcmQtdGhhdC1tdXN0LW5vdC1iZS10b2xk";

/// The program itself, with its standard error in a file.
pub struct Program {
    child: Child,
    pub port: u16,
    log: std::path::PathBuf,
}

impl Program {
    pub fn start(folder: &Path, flags: &[&str]) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_agnez")), folder, flags)
    }

    fn start_by(mut command: Command, folder: &Path, flags: &[&str]) -> Self {
        let log = folder.join("log");
        let data = folder.join("data");
        let mut child = command
            .args(if flags.contains(&"--port") { &[][..] } else { &["--port", "0"] })
            .args(["--data", data.to_str().unwrap()])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse().unwrap_or_else(|_| panic!("no port in '{line}'"));
        Self { child, port, log }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// The exit code.
    pub fn ended(&mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the program did not end");
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// The head of a request on a connection of its own; nothing else of it is sent.
    fn begin(&self, head: &str) -> TcpStream {
        let mut stream = self.connect();
        write!(stream, "{head} HTTP/1.1\r\nHost: localhost:{}\r\n", self.port).unwrap();
        stream
    }
}

/// Until the count is past this.
async fn past(count: &AtomicU64, least: u64) {
    let until = Instant::now() + PATIENCE;
    while count.load(Ordering::Relaxed) <= least {
        assert!(Instant::now() < until, "the writer does not get on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_log_says_what_happened_and_holds_no_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let made =
        Command::new(env!("CARGO_BIN_EXE_agnez")).args(["token", "new", "write", "--data", data.to_str().unwrap()]).output().unwrap();
    let made = String::from_utf8(made.stdout).unwrap();
    let token = made.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').find(|word| word.starts_with("agz_")).unwrap();
    let mut program = Program::start(folder.path(), &["--log", "trace", "--log-format", "json"]);
    let http = reqwest::Client::new();
    let ask = async |method: &str, path: &str, headers: &[(&str, &str)]| {
        let mut request = http.request(method.parse().unwrap(), program.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(format!(r#"{{"name":"{SECRET}"}}"#)).send().await.unwrap().status().as_u16()
    };
    let (good, bad) = (format!("Bearer {token}"), format!("Bearer {SECRET}"));
    assert_eq!(ask("POST", "/values", &[("authorization", &good), ("cookie", SECRET)]).await, 201);
    assert_eq!(ask("GET", &format!("/b/{SECRET}?token={SECRET}"), &[]).await, 200);
    assert_eq!(ask("GET", "/values/x", &[("authorization", &bad)]).await, 401);
    assert_eq!(ask("GET", "/values/x", &[("host", "evil.example")]).await, 403);
    assert_eq!(ask("GET", &format!("/~{SECRET}/values"), &[]).await, 401);
    assert_eq!(ask(SECRET, "/values", &[]).await, 405);
    program.signal("TERM");
    assert_eq!(program.ended(), Some(0));
    let log = program.log();
    for secret in [SECRET, "c2VjcmV0", token, &token[4..]] {
        assert!(!log.contains(secret), "{log}");
    }
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect();
    let logged = |message: &str| lines.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
    let started = logged("started");
    assert_eq!((&started[0]["durability"], &started[0]["version"]), (&json!("full"), &json!(env!("CARGO_PKG_VERSION"))), "{log}");
    assert!(started[0]["data"].as_str().unwrap().ends_with("/data") && started[0]["port"] == program.port);
    // The maximum is not the number of open connections, and the start is no line of the shutdown.
    assert_eq!((&started[0]["target"], &started[0]["connections"]), (&json!("agnez::server::startup"), &Value::Null), "{log}");
    let (max, open) = (&started[0]["max_connections"], &logged("stopping")[0]["connections"]);
    assert!(max.as_u64().unwrap() >= 16 && open.as_u64().unwrap() <= 8, "{log}");
    let refused = logged("refused");
    let is = |line: &Value, route: &str, status: u16| line["route"] == route && line["status"] == status && line["level"] == "INFO";
    assert!(refused.iter().any(|line| is(line, "/values/{id}", 401)) && refused.iter().any(|line| is(line, "none", 403)), "{log}");
    assert!(refused.iter().all(|line| line["client"] == "127.0.0.1" && line["method"].is_string() && line["ms"].is_f64()), "{log}");
    let answered = logged("answered");
    assert!(answered.iter().any(|line| line["route"] == "/b/{board}" && line["status"] == 200 && line["level"] == "DEBUG"), "{log}");
    assert!(answered.iter().any(|line| line["method"] == "other"), "{log}");
    let by_token = answered.iter().find(|line| line["token"].is_string()).unwrap_or_else(|| panic!("{log}"));
    assert_eq!((&by_token["route"], &by_token["status"]), (&json!("/values"), &json!(201)));
    assert_eq!((logged("stopping").len(), logged("stopped").len()), (1, 1), "{log}");
}

#[tokio::test]
async fn what_goes_well_is_not_logged() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path(), &[]);
    for path in ["/", "/values", "/healthz", "/none/at/all"] {
        reqwest::get(program.url(path)).await.unwrap();
    }
    program.signal("INT");
    assert_eq!(program.ended(), Some(0));
    let log = program.log();
    let messages: Vec<_> =
        log.lines().map(|line| ["started", "stopping", "stopped"].into_iter().find(|word| line.contains(word))).collect();
    assert_eq!(messages, [Some("started"), Some("stopping"), Some("stopped")], "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_keeps_what_was_acknowledged_whatever_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path(), &[]);
    let http = reqwest::Client::new();
    let live = format!("ws://localhost:{}/live?board=main", program.port);
    let (mut socket, _) = tokio_tungstenite::connect_async(live).await.unwrap();
    let events = http.get(program.url("/events")).send().await.unwrap();
    let mut slow = program.begin("POST /values");
    write!(slow, "Content-Length: 100000\r\n\r\n{{\"name\":\"never\"").unwrap();
    let mut lines = program.begin("POST /points");
    write!(lines, "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{{\"a\":\r\n").unwrap();
    let head = program.begin("GET /values");
    let idle = program.connect();
    let kept = http.post(program.url("/values")).body(r#"{"_id":"kept","n":0}"#).send().await.unwrap();
    assert_eq!(kept.status(), 201);
    // One that goes on writing while the server stops.
    let (url, writing) = (program.url("/values/kept"), http.clone());
    let acknowledged = Arc::new(AtomicU64::new(0));
    let count = acknowledged.clone();
    let writer = tokio::spawn(async move {
        loop {
            let n = count.load(Ordering::Relaxed) + 1;
            match writing.patch(&url).body(json!({ "n": n }).to_string()).send().await {
                Ok(reply) if reply.status() == 200 => count.store(n, Ordering::Relaxed),
                Ok(reply) => {
                    assert_eq!((reply.status().as_u16(), reply.headers()["retry-after"].to_str().unwrap()), (503, "1"));
                    return;
                }
                Err(_) => return,
            }
        }
    });
    past(&acknowledged, 5).await;
    program.signal("TERM");
    let code = tokio::task::block_in_place(|| program.ended());
    assert_eq!(code, Some(0), "{}", program.log());
    writer.await.unwrap();
    let acknowledged = acknowledged.load(Ordering::Relaxed);
    // Readers see it: the frames end, and so does the stream.
    while let Some(Ok(_)) = tokio::time::timeout(PATIENCE, socket.next()).await.expect("the socket ends") {}
    tokio::time::timeout(PATIENCE, events.bytes()).await.expect("the stream ends").ok();
    // Bodies that never end are answered.
    for stream in [&mut slow, &mut lines] {
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("The server is stopping"), "{answer}");
    }
    drop((head, idle));

    let program = Program::start(folder.path(), &[]);
    let stored: Value = reqwest::get(program.url("/values")).await.unwrap().json().await.unwrap();
    assert_eq!(stored.as_array().unwrap().len(), 1, "{stored}");
    let n = stored[0]["n"].as_u64().unwrap();
    assert!(n == acknowledged || n == acknowledged + 1, "{n} is stored, {acknowledged} were acknowledged");
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path(), &[]);
    let mut slow = program.begin("POST /values");
    write!(slow, "Content-Length: 100000\r\n\r\n{{").unwrap();
    // Its turn has come: what was sent later is answered.
    reqwest::get(program.url("/healthz")).await.unwrap();
    program.signal("INT");
    while !program.log().contains("stopping") {
        std::thread::sleep(Duration::from_millis(5));
    }
    program.signal("INT");
    assert_eq!(program.ended(), Some(130), "{}", program.log());
    assert!(program.log().contains("second signal") && !program.log().contains("stopped"));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_file_handles_are_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 256 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_agnez")]);
    let program = Program::start_by(limited, folder.path(), &[]);
    let http = reqwest::Client::builder().pool_max_idle_per_host(0).timeout(PATIENCE).build().unwrap();
    let live = format!("ws://localhost:{}/live?board=main", program.port);
    let (mut reader, _) = tokio_tungstenite::connect_async(live).await.unwrap();
    reader.next().await.unwrap().unwrap();
    let crowd: Vec<TcpStream> = (0..500).map(|_| program.connect()).collect();
    // While they are there, and not only when they are gone.
    assert_eq!(http.get(program.url("/healthz")).send().await.unwrap().status(), 200);
    assert_eq!(http.post(program.url("/values")).body(r#"{"name":"a"}"#).send().await.unwrap().status(), 201);
    let page = http.get(program.url("/")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("data-id"), "{page}");
    let frame = tokio::time::timeout(PATIENCE, reader.next()).await.expect("a reader that was there stays").unwrap().unwrap();
    assert!(frame.to_text().unwrap().contains("created"), "{frame}");
    let metrics = http.get(program.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("\nagnez_connections_max 128\n") && metrics.contains("\nagnez_ready 1\n"), "{metrics}");
    drop(crowd);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_go_on_after_restarts_under_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path(), &[]);
    let port = program.port;
    let http = reqwest::Client::new();
    assert_eq!(http.post(program.url("/values")).body(r#"{"_id":"a","type":"line"}"#).send().await.unwrap().status(), 201);
    let url = program.url("/values/a/points");
    let (done, ended) = tokio::sync::watch::channel(false);
    // Every request has its key and is sent until it is answered, as the Python client does.
    let answered = Arc::new(AtomicU64::new(0));
    let count = answered.clone();
    let writer = tokio::spawn(async move {
        let (mut sent, mut refused) = (0_u64, 0_u64);
        while !*ended.borrow() {
            let body = format!(r#"{{"l":[[{sent},1]]}}"#);
            let ask = http
                .post(&url)
                .header("idempotency-key", format!("writer:{}", sent + 1))
                .header("idempotency-window", "ascending")
                .body(body);
            match ask.send().await {
                Ok(reply) if reply.status() == 201 => {
                    sent += 1;
                    count.store(sent, Ordering::Relaxed);
                }
                Ok(reply) => {
                    assert_eq!((reply.status().as_u16(), reply.headers()["retry-after"].to_str().unwrap()), (503, "1"));
                    refused += 1;
                }
                Err(_) => {
                    refused += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        (sent, refused)
    });
    for _ in 0..4 {
        past(&answered, answered.load(Ordering::Relaxed) + 5).await;
        program.signal("TERM");
        assert_eq!(tokio::task::block_in_place(|| program.ended()), Some(0), "{}", program.log());
        program = Program::start(folder.path(), &["--port", &port.to_string()]);
    }
    past(&answered, answered.load(Ordering::Relaxed) + 5).await;
    done.send(true).unwrap();
    let (sent, refused) = writer.await.unwrap();
    let cell: Value = reqwest::get(program.url("/values/a")).await.unwrap().json().await.unwrap();
    assert_eq!(cell["value"]["series"]["l"]["points"], sent, "none lost, none twice");
    assert!(refused > 0, "{sent} sent, all at once: nothing was restarted under traffic");
}
