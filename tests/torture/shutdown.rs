//! SIGTERM with open sockets and requests in flight, then a start on the same port while clients go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Row, Share};
use crate::load::Writer;
use crate::server::Server;

const WRITERS: usize = 4;
const GOAL: u64 = 200;
const WITHIN: Duration = Duration::from_secs(10);

pub async fn run(share: &mut Share) -> Row {
    let mut row = Row::of("stops");
    let mut server = Server::start(&share.program, &[]).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    for at in 0..WRITERS {
        let mut writer = Writer::new(at, share.rng.branch(), 100);
        writer.open(&server).await;
        let (base, over) = (server.url(""), over.clone());
        tasks.push(tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                if !writer.once(&base).await {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            writer
        }));
    }
    while row.tried < GOAL && (row.tried < 2 || !share.is_over()) {
        let held = hold(server.port).await;
        tokio::time::sleep(Duration::from_millis(100 + share.rng.below(900))).await;
        row.tried += 1;
        match server.stop().await {
            Some((took, status)) => {
                row.took("to end", took);
                if took > WITHIN || !status.success() {
                    row.lose(format!("stop {} took {:.1} s and ended with {status}", row.tried, took.as_secs_f64()));
                }
            }
            None => row.lose(format!("stop {} did not end", row.tried)),
        }
        drop(held);
        row.took("ready again", server.again().await);
    }
    over.store(true, Ordering::Relaxed);
    let mut answers = 0;
    for task in tasks {
        let mut writer = task.await.unwrap();
        writer.once(&server.url("")).await;
        writer.compare(&server, true).await;
        writer.wrong.drain(..).for_each(|wrong| row.lose(wrong));
        row.took("a change", writer.worst);
        answers += writer.acknowledged;
    }
    row.figures.push(format!("{answers} answers acknowledged"));
    if let Err(why) = server.check().await {
        row.lose(why);
    }
    row
}

/// Readers, a connection that says nothing, and an upload that never comes to its end.
async fn hold(port: u16) -> Vec<TcpStream> {
    let mut held = Vec::new();
    let upgrade =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for head in [
        format!("GET /live HTTP/1.1\r\n{upgrade}"),
        "GET /events HTTP/1.1\r\n".into(),
        "POST /values HTTP/1.1\r\nContent-Length: 9\r\n".into(),
    ] {
        for _ in 0..5 {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.write_all(format!("{head}Host: 127.0.0.1:{port}\r\n\r\n").as_bytes()).await.unwrap();
            held.push(stream);
        }
    }
    held.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    held
}
