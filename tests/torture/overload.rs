//! Too many clients and bodies at once: refused or cut, with bounded memory, while health answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::harness::{Row, Share};
use crate::origin_attacks::{ask, status};
use crate::server::{PATIENCE, Server};

/// More than the largest body (64 MiB) that may be taken by several at once, and what the allocator keeps.
const GROWTH: u64 = 512 << 20;
const IDLE: usize = 800;
/// More large bodies at once than the server has threads that answer on two cores.
const TOGETHER: usize = 4;

pub async fn run(share: &mut Share) -> Row {
    let mut row = Row::of("floods");
    let server = Server::start(&share.program, &[]).await;
    let before = server.memory();
    let (slow, slow_since) = (slow_bodies(server.port).await, Instant::now());
    let watch = Watch::over(&server);
    let mut most = 0;
    while row.tried == 0 || !share.is_over() {
        for (name, answered) in round(server.port).await {
            row.tried += 1;
            if let Err(found) = answered {
                row.lose(format!("{name}: {found}"));
            }
        }
        most = most.max(server.memory());
    }
    // A body that comes byte by byte has 30 s.
    let mut cut = 0;
    let count = slow.len();
    for task in slow {
        if timeout(Duration::from_secs(45).saturating_sub(slow_since.elapsed()).max(Duration::from_secs(1)), task).await.is_ok() {
            cut += 1;
        }
    }
    row.tried += count as u64;
    if cut < count {
        row.lose(format!("{} of {count} slow bodies are still taken after 45 s", count - cut));
    }
    let (worst, failed) = watch.end().await;
    row.took("health", worst);
    if failed > 0 {
        row.lose(format!("health did not answer {failed} times"));
    }
    let growth = most.saturating_sub(before);
    row.figures.push(format!("memory {} MB more at most", growth >> 20));
    if growth > GROWTH {
        row.lose(format!("memory grew by {} MB", growth >> 20));
    }
    row
}

/// Asks for health all the time, from a thread of its own: what the harness computes meanwhile is not in its times.
pub struct Watch {
    thread: std::thread::JoinHandle<(Duration, u64)>,
    over: Arc<AtomicBool>,
}

impl Watch {
    pub fn over(server: &Server) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (port, is_over) = (server.port, over.clone());
        let thread = std::thread::spawn(move || {
            let (mut worst, mut failed) = (Duration::ZERO, 0);
            while !is_over.load(Ordering::Relaxed) {
                let begun = Instant::now();
                match health(port) {
                    Ok(true) => worst = worst.max(begun.elapsed()),
                    _ => failed += 1,
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            (worst, failed)
        });
        Self { thread, over }
    }

    /// The slowest answer, and how many failed to come.
    pub async fn end(self) -> (Duration, u64) {
        self.over.store(true, Ordering::Relaxed);
        tokio::task::spawn_blocking(|| self.thread.join()).await.unwrap().unwrap()
    }
}

fn health(port: u16) -> std::io::Result<bool> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(status(&answer) == 200)
}

async fn round(port: u16) -> Vec<(&'static str, Result<(), String>)> {
    let head = |method: &str, path: &str, more: &str| format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{more}");
    let post = |path: &str, more: &str, body: &str| head("POST", path, &format!("{more}Content-Length: {}\r\n\r\n{body}", body.len()));
    let mut all = Vec::new();
    for path in ["/values", "/points", "/values/a/points", "/rpc/cells/restore", "/publish/epoch/end/"] {
        all.push(("1 GB announced", refused(&ask(port, &head("POST", path, "Content-Length: 1000000000\r\n\r\n")).await, &[413, 404])));
        all.push(("1 GB in chunks", refused(&gigabyte(port, path).await, &[413, 404, 400])));
    }
    // A body that says to be compressed is never expanded.
    let bomb = "\u{1f}\u{8b}".repeat(5000);
    all.push(("a compressed body", refused(&ask(port, &post("/values", "Content-Encoding: gzip\r\n", &bomb)).await, &[400, 415])));
    all.push(("deep JSON", refused(&ask(port, &post("/values", "", &"[".repeat(1 << 20))).await, &[400, 413])));
    let deep = format!("{{\"value\":{}1{}}}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    all.push(("deep JSON in a value", refused(&ask(port, &post("/values", "", &deep)).await, &[400, 413])));
    let keys: Vec<_> = (0..1_000_000).map(|at| format!("\"{at}\":0")).collect();
    let million = post("/values", "", &format!("{{{}}}", keys.join(",")));
    all.push(("a million keys", refused(&ask(port, &million).await, &[400, 413])));
    for answer in futures_util::future::join_all((0..TOGETHER).map(|_| ask(port, &million))).await {
        all.push(("a million keys, four times at once", refused(&answer, &[400, 413])));
    }
    let series = format!("{{{}}}", keys.join(","));
    all.push(("a million series", refused(&ask(port, &post("/values/a/points", "", &series)).await, &[400, 404, 413])));
    let headers: String = (0..10_000).map(|at| format!("x-{at}: 1\r\n")).collect();
    all.push(("10,000 headers", refused(&ask(port, &head("GET", "/healthz", &format!("{headers}\r\n"))).await, &[400, 431])));
    let long = head("GET", "/healthz", &format!("x: {}\r\n\r\n", "x".repeat(2 << 20)));
    all.push(("a header of 2 MB", refused(&ask(port, &long).await, &[400, 431])));
    all.push(("16 bodies of 60 MB that stop before their end", stalled(port).await));
    all.push(("a large picture in a few bytes", picture(port, &post).await));
    all.push(("1,000 requests in one breath", pipelined(port, &head("GET", "/healthz", "\r\n")).await));
    all.push(("connections that say nothing", idle(port).await));
    all
}

fn refused(answer: &[u8], as_one_of: &[u16]) -> Result<(), String> {
    // Cut without an answer is refused too.
    if answer.is_empty() || as_one_of.contains(&status(answer)) {
        return Ok(());
    }
    Err(format!("is answered {}", String::from_utf8_lossy(&answer[..answer.len().min(200)])))
}

/// Sends until the server has enough.
async fn gigabyte(port: u16, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 65536], b"\r\n"].concat();
    let mut answer = vec![0; 4096];
    if stream.write_all(head.as_bytes()).await.is_err() {
        return Vec::new();
    }
    let (mut read, mut write) = stream.split();
    let send = async {
        for _ in 0..16 * 1024 {
            if write.write_all(&chunk).await.is_err() {
                return;
            }
        }
    };
    let count = tokio::select! {
        () = send => 0,
        found = read.read(&mut answer) => return { answer.truncate(found.unwrap_or(0)); answer },
    };
    // It took all of it, or cut the line.
    let found = timeout(PATIENCE, read.read(&mut answer)).await.ok().and_then(Result::ok).unwrap_or(count);
    answer.truncate(found);
    answer
}

/// More than the memory budget: four are read, the others are answered 503, and a small change is made meanwhile.
async fn stalled(port: u16) -> Result<(), String> {
    const BODY: usize = 60 << 20;
    let send = async || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let head = format!("POST /points HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {BODY}\r\n\r\n");
        let (mut read, mut write) = stream.split();
        let send = async {
            let mut alive = write.write_all(head.as_bytes()).await.is_ok();
            for _ in 0..BODY / 65536 - 1 {
                alive = alive && write.write_all(&[b' '; 65536]).await.is_ok();
            }
            std::future::pending::<()>().await;
        };
        let mut answer = vec![0; 4096];
        let answered = async { timeout(Duration::from_secs(14), read.read(&mut answer)).await.ok().and_then(Result::ok) };
        let found = tokio::select! { () = send => None, found = answered => found };
        answer.truncate(found.unwrap_or(0));
        answer
    };
    let small = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let body = r#"{"_id":"small"}"#;
        let head = format!("POST /values HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        status(&ask(port, &head).await)
    };
    let (answers, small) = tokio::join!(futures_util::future::join_all((0..16).map(|_| send())), small);
    let full = answers.iter().filter(|answer| status(answer) == 503).count();
    match (full, small) {
        (12, 201 | 409) => Ok(()),
        _ => Err(format!("{full} of 16 are answered 503, a small change {small}")),
    }
}

/// Ten bodies that come byte by byte; each ends when it is cut.
async fn slow_bodies(port: u16) -> Vec<JoinHandle<()>> {
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let head = format!("POST /values HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 100000\r\n\r\n");
            let mut alive = stream.write_all(head.as_bytes()).await.is_ok();
            let mut byte = [0];
            while alive {
                alive = stream.write_all(b" ").await.is_ok();
                alive &= timeout(Duration::from_secs(1), stream.read(&mut byte)).await.is_err();
            }
        }));
    }
    all
}

/// 60,000 x 60,000 pixels, announced by a PNG of 33 bytes.
async fn picture(port: u16, post: &impl Fn(&str, &str, &str) -> String) -> Result<(), String> {
    let png = "iVBORw0KGgoAAAANSUhEUgAA6mAAAOpgCAYAAAAAAAAA";
    let body = format!(r#"{{"_id":"bomb","type":"img","value":"data:image/png;base64,{png}"}}"#);
    let made = status(&ask(port, &post("/values", "", &body)).await);
    if ![201, 400, 409, 415].contains(&made) {
        return Err(format!("is answered {made}"));
    }
    let page = ask(port, &format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")).await;
    if status(&page) == 200 { Ok(()) } else { Err("the page is not drawn after it".into()) }
}

async fn pipelined(port: u16, one: &str) -> Result<(), String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (mut read, mut write) = stream.split();
    let all = one.repeat(1000);
    let send = async { drop(write.write_all(all.as_bytes()).await) };
    let receive = async {
        let (mut text, mut buffer) = (Vec::new(), vec![0; 65536]);
        while let Ok(Ok(count @ 1..)) = timeout(Duration::from_secs(5), read.read(&mut buffer)).await {
            text.extend_from_slice(&buffer[..count]);
            if String::from_utf8_lossy(&text).matches("HTTP/1.1 200").count() == 1000 {
                return Ok(());
            }
        }
        Err(format!("{} of 1,000 are answered", String::from_utf8_lossy(&text).matches("HTTP/1.1 200").count()))
    };
    tokio::join!(send, receive).1
}

async fn idle(port: u16) -> Result<(), String> {
    let mut held = Vec::new();
    for _ in 0..IDLE {
        if let Ok(Ok(stream)) = timeout(PATIENCE, TcpStream::connect(("127.0.0.1", port))).await {
            held.push(stream);
        }
    }
    let answer = ask(port, &format!("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")).await;
    if status(&answer) == 200 { Ok(()) } else { Err(format!("health does not answer beside {} of them", held.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_seen() {
        assert!(refused(b"HTTP/1.1 413 Payload Too Large\r\n", &[413]).is_ok() && refused(b"", &[413]).is_ok());
        assert!(refused(b"HTTP/1.1 201 Created\r\n", &[413]).is_err() && refused(b"HTTP/1.1 500 x\r\n", &[413]).is_err());
    }
}
