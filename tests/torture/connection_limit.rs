//! Many more sockets than the server admits, none with a token, that request the page's code and read nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::harness::{Row, Share};
use crate::origin_attacks::{ask, shown, status};
use crate::overload::Watch;
use crate::server::Server;
use crate::tokens::command;

const SOCKETS: usize = 500;
/// Half of them are for connections.
const HANDLES: u32 = 256;
/// A small receive buffer, so that the server's send buffer is soon full.
const HELD: u32 = 16 << 10;
/// A socket that was cut connects again after this time.
const AGAIN: Duration = Duration::from_secs(1);
/// Everything else is answered within this time.
const BOUND: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_millis(100);
const AT_LEAST: Duration = Duration::from_secs(10);

pub async fn run(share: &mut Share) -> Row {
    let mut row = Row::of("requests");
    let mut server = Server::on(&share.program, tempfile::tempdir().unwrap());
    server.handles = Some(HANDLES);
    server.again().await;
    let made = command(&share.program, &server.data(), &["new", "write"]);
    let token = made.split_whitespace().find(|word| word.starts_with("agz_")).unwrap_or_else(|| panic!("no token: {made}")).to_owned();
    let large = code(server.port).await;
    let (over, cut) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
    let before = server.memory();
    let all: Vec<_> = (0..SOCKETS).map(|_| hold(server.port, large.clone(), over.clone(), cut.clone())).collect();
    sleep(Duration::from_secs(1)).await;
    let (watch, begun, mut most) = (Watch::over(&server), Instant::now(), 0);
    while begun.elapsed() < AT_LEAST || !share.is_over() {
        let authorization = format!("Authorization: Bearer {token}\r\n");
        let change = "Content-Length: 12\r\n\r\n{\"name\":\"x\"}";
        for (name, head, wanted) in [
            ("a read with a token", format!("GET /boards HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{authorization}\r\n", server.port), 200),
            ("a change", format!("POST /values HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{change}", server.port), 201),
        ] {
            let begun = Instant::now();
            let answer = timeout(BOUND, ask(server.port, &head)).await.unwrap_or_default();
            row.took(name, begun.elapsed());
            row.tried += 1;
            if status(&answer) != wanted {
                row.lose(format!("{name} is answered {} after {} ms", shown(&answer), begun.elapsed().as_millis()));
            }
        }
        most = most.max(server.memory());
        sleep(EVERY).await;
    }
    let (worst, failed) = watch.end().await;
    over.store(true, Ordering::Relaxed);
    all.iter().for_each(JoinHandle::abort);
    row.took("health", worst);
    if failed > 0 || worst > BOUND {
        row.lose(format!("health failed {failed} times, and took {} ms once", worst.as_millis()));
    }
    row.figures.push(format!("{} cut, memory {} MB more", cut.load(Ordering::Relaxed), most.saturating_sub(before) >> 20));
    row
}

/// The address of the page's code.
async fn code(port: u16) -> String {
    let page = ask(port, &format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")).await;
    let page = String::from_utf8_lossy(&page).into_owned();
    let name = page.split(['"', '\'']).find(|part| part.ends_with(".wasm")).unwrap_or_else(|| panic!("the page names no code"));
    format!("/{}", name.trim_start_matches("../").trim_start_matches('/'))
}

fn hold(port: u16, path: String, over: Arc<AtomicBool>, cut: Arc<AtomicU64>) -> JoinHandle<()> {
    tokio::spawn(async move {
        while !over.load(Ordering::Relaxed) {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(HELD).unwrap();
            if let Ok(mut stream) = socket.connect(([127, 0, 0, 1], port).into()).await {
                let head = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
                let _ = stream.write_all(head.as_bytes()).await;
                // Looks now and then whether it is cut, without taking what has come.
                while !is_cut(&stream).await {
                    sleep(AGAIN).await;
                }
                let _ = stream.shutdown().await;
                cut.fetch_add(1, Ordering::Relaxed);
            }
            sleep(AGAIN).await;
        }
    })
}

/// Whether writing to it fails: what was sent comes back refused.
async fn is_cut(stream: &tokio::net::TcpStream) -> bool {
    matches!(stream.try_write(b"\r\n"), Err(why) if why.kind() != std::io::ErrorKind::WouldBlock)
}
