//! Readers of the live feed that never read, beside writers of 5 MB a second and one reader that does; then 500 at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::dropped_connections::metric;
use crate::harness::{Row, Share};
use crate::overload::Watch;
use crate::server::{PATIENCE, Server};

const FROZEN: usize = 200;
const COMING: usize = 500;
const WRITERS: usize = 5;
/// Of a value, and how often each writer sends one: 5 MB a second together.
const BYTES: usize = 100_000;
const EVERY: Duration = Duration::from_millis(100);
const PROBE_EVERY: Duration = Duration::from_millis(25);
const GROWTH: u64 = 64 << 20;
/// A reader that takes nothing is cut after 10 s on a socket, after 30 s on a stream.
const CUT_WITHIN: Duration = Duration::from_secs(60);
/// A small receive buffer, so that the server's send buffer is soon full.
const HELD: u32 = 32 << 10;

/// Latencies of one part of the run.
#[derive(Default)]
struct Times {
    /// From a change to its answer.
    answered: Vec<Duration>,
    /// From a change to the reader who reads.
    delivered: Vec<Duration>,
}

/// What the tasks share.
#[derive(Default)]
struct Common {
    over: AtomicBool,
    /// The last change of the probe that was answered, and of each writer.
    probe: AtomicU64,
    written: [AtomicU64; WRITERS],
    sent: Mutex<HashMap<u64, Instant>>,
    times: Mutex<Times>,
    wrong: Mutex<Vec<String>>,
}

impl Common {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn wrong(&self, what: String) {
        self.wrong.lock().unwrap().push(what);
    }
}

pub async fn run(share: &mut Share) -> Row {
    let mut row = Row::of("frozen sockets");
    let server = Server::start(&share.program, &[]).await;
    let common = Arc::new(Common::default());
    let http = reqwest::Client::new();
    for id in (0..WRITERS).map(|at| format!("big-{at}")).chain(["probe".into()]) {
        let made = http.post(server.url("/values")).body(json!({ "_id": id, "type": "html", "n": 0 }).to_string()).send().await.unwrap();
        assert_eq!(made.status(), 201);
    }
    let mut tasks: Vec<_> =
        (0..WRITERS).map(|at| tokio::spawn(write(server.url(&format!("/values/big-{at}")), at, common.clone()))).collect();
    tasks.push(tokio::spawn(probe(server.url("/values/probe"), common.clone())));
    let reader = tokio::spawn(read(server.port, common.clone()));

    let all = share.until.saturating_duration_since(Instant::now());
    sleep(all / 4).await;
    let alone = std::mem::take(&mut *common.times.lock().unwrap());
    let before = server.memory();

    let watch = Watch::over(&server);
    let (mut frozen, mut most, mut cut) = (Vec::new(), 0, 0);
    while row.tried == 0 || !share.is_over() {
        // The one who reads is counted by the server, too.
        let listening = metric(&http, &server, "agnez_readers").await as usize;
        let gone = frozen.len().saturating_sub(listening.saturating_sub(1));
        frozen.drain(..gone);
        cut += gone;
        while frozen.len() < FROZEN {
            frozen.push(freeze(server.port, frozen.len()).await);
            row.tried += 1;
        }
        sleep(Duration::from_secs(1)).await;
        most = most.max(server.memory());
    }
    let beside = std::mem::take(&mut *common.times.lock().unwrap());
    let begun = Instant::now();
    while metric(&http, &server, "agnez_readers").await > 1.0 {
        if begun.elapsed() > CUT_WITHIN {
            row.lose(format!("{} readers that take nothing are still there", metric(&http, &server, "agnez_readers").await - 1.0));
            break;
        }
        sleep(Duration::from_millis(200)).await;
        most = most.max(server.memory());
    }
    cut += frozen.len();
    drop(frozen);

    let came = Instant::now();
    let wanted = common.probe.load(Ordering::Relaxed);
    let coming: Vec<_> = (0..COMING).map(|_| tokio::spawn(come(server.port, wanted))).collect();
    for one in coming {
        if let Err(why) = one.await.unwrap() {
            row.lose(format!("one of {COMING} who came at once: {why}"));
        }
    }
    row.took("500 at once", came.elapsed());
    let (worst, failed) = watch.end().await;
    row.took("health", worst);
    if failed > 0 {
        row.lose(format!("health did not answer {failed} times"));
    }

    common.over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let known = reader.await.unwrap();
    let truth = (0..WRITERS).map(|at| (format!("big-{at}"), common.written[at].load(Ordering::Relaxed)));
    for (id, n) in truth.chain([("probe".to_owned(), common.probe.load(Ordering::Relaxed))]) {
        if known.get(&id) != Some(&n) {
            row.lose(format!("who reads knows {:?} of {id}, there is {n}", known.get(&id)));
        }
    }
    common.wrong.lock().unwrap().drain(..).for_each(|wrong| row.lose(wrong));
    let growth = most.saturating_sub(before);
    if growth > GROWTH {
        row.lose(format!("memory grew by {} MB", growth >> 20));
    }
    row.figures.push(format!("{cut} cut, memory {} MB more at most", growth >> 20));
    for (what, alone, beside) in
        [("answered", alone.answered, beside.answered), ("delivered to another reader", alone.delivered, beside.delivered)]
    {
        row.figures.push(format!("a change {what}: p99 {} ms before, {} ms beside them", p99(alone), p99(beside)));
    }
    row
}

async fn write(url: String, at: usize, common: Arc<Common>) {
    let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    let mut n = 0;
    while !common.is_over() {
        let begun = Instant::now();
        n += 1;
        let body = json!({ "n": n, "value": format!("<p>{n}</p>{}", "x".repeat(BYTES)) }).to_string();
        match http.patch(&url).body(body).send().await {
            Ok(reply) if reply.status() == 200 => common.written[at].store(n, Ordering::Relaxed),
            other => common.wrong(format!("a change of {url} is answered {:?}", other.map(|reply| reply.status()))),
        }
        sleep(EVERY.saturating_sub(begun.elapsed())).await;
    }
}

async fn probe(url: String, common: Arc<Common>) {
    let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    let mut n = 0;
    while !common.is_over() {
        let begun = Instant::now();
        n += 1;
        common.sent.lock().unwrap().insert(n, begun);
        match http.patch(&url).body(json!({ "n": n }).to_string()).send().await {
            Ok(reply) if reply.status() == 200 => {
                common.probe.store(n, Ordering::Relaxed);
                common.times.lock().unwrap().answered.push(begun.elapsed());
            }
            other => common.wrong(format!("a change of the probe is answered {:?}", other.map(|reply| reply.status()))),
        }
        sleep(PROBE_EVERY.saturating_sub(begun.elapsed())).await;
    }
}

/// A connection to the feed that asks, and then takes nothing: a socket or a stream by turns.
async fn freeze(port: u16, at: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(HELD).unwrap();
    let mut stream = socket.connect(([127, 0, 0, 1], port).into()).await.unwrap();
    let upgrade =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let (path, headers) = if at.is_multiple_of(2) { ("/live", upgrade) } else { ("/events", "") };
    let head = format!("GET {path}?board=main HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// The reader that reads, until it has all changes; returns the last change of each cell.
async fn read(port: u16, common: Arc<Common>) -> HashMap<String, u64> {
    let url = format!("ws://127.0.0.1:{port}/live?board=main&epoch=none&since=0");
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let mut known: HashMap<String, u64> = HashMap::new();
    loop {
        let wait = if common.is_over() { Duration::from_secs(2) } else { PATIENCE };
        let text = match timeout(wait, socket.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => text,
            Ok(Some(Ok(_))) => continue,
            Err(_) if common.is_over() => return known,
            other => {
                common.wrong(format!("who reads is left alone: {:?}", other.map(|heard| heard.map(|frame| frame.map(|_| ())))));
                return known;
            }
        };
        let frame: Value = serde_json::from_str(&text).unwrap();
        let (Some(id), Some(n)) = (frame["data"]["_id"].as_str(), frame["data"]["n"].as_u64()) else { continue };
        let before = known.insert(id.to_owned(), n).unwrap_or(0);
        if n < before {
            common.wrong(format!("{id} goes back from {before} to {n}"));
        }
        if id == "probe" {
            let sent = common.sent.lock().unwrap().remove(&n);
            common.times.lock().unwrap().delivered.extend(sent.map(|sent| sent.elapsed()));
        }
    }
}

/// Comes back after a while, and is content when it knows of all that was there.
async fn come(port: u16, wanted: u64) -> Result<(), String> {
    let url = format!("ws://127.0.0.1:{port}/live?board=main&epoch=none&since=0");
    let arrive = async {
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.map_err(|why| why.to_string())?;
        let mut is_greeted = false;
        loop {
            let text = match socket.next().await {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(_)) => continue,
                _ => return Err("it is cut".to_owned()),
            };
            let frame: Value = serde_json::from_str(&text).map_err(|why| why.to_string())?;
            is_greeted |= frame["event"] == "hello";
            if frame["data"]["_id"] == "probe" && frame["data"]["n"].as_u64() >= Some(wanted) {
                return if is_greeted { Ok(()) } else { Err("it is not greeted".into()) };
            }
        }
    };
    timeout(PATIENCE, arrive).await.map_err(|_| format!("its board does not come within {} s", PATIENCE.as_secs()))?
}

/// Milliseconds.
fn p99(mut times: Vec<Duration>) -> String {
    times.sort();
    times
        .get((times.len() * 99 / 100).min(times.len().saturating_sub(1)))
        .map_or("?".into(), |time| format!("{:.0}", time.as_secs_f64() * 1e3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_of_a_hundred_is_passed_over() {
        assert_eq!(p99((1..=200).map(Duration::from_millis).collect()), "199");
        assert_eq!((p99(vec![Duration::from_millis(7)]), p99(Vec::new())), ("7".into(), "?".into()));
    }
}
