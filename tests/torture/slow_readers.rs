//! Clients that request much and read little: memory stays within its bounds, and health answers.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Row, Share};
use crate::origin_attacks::{ask, shown, status};
use crate::overload::Watch;
use crate::server::Server;

/// 256 MiB of answers, 256 MiB for what is drawn, 64 MiB of what was drawn, and what the allocator keeps.
const GROWTH: u64 = 640 << 20;
const FILE: usize = 60 << 20;
/// How long the clients that read nothing stay.
const HELD: Duration = Duration::from_secs(2);

pub async fn run(share: &mut Share) -> Row {
    let mut row = Row::of("requests");
    let server = Server::start(&share.program, &[]).await;
    fill(&server).await;
    while row.tried == 0 || !share.is_over() {
        let list = |count: usize, path: &dyn Fn(usize) -> String| (0..count).map(path).collect::<Vec<_>>();
        for (name, paths) in [
            ("readers of a file of 60 MB", list(20, &|_| "/images/a.png".into())),
            ("readers of a picture of 9 MB", list(60, &|_| "/media/picture/1".into())),
            ("readers of columns", list(8, &|_| "/columns?cells=lines&width=16384".into())),
            ("readers of a document of 12 MB", list(40, &|_| "/values/picture".into())),
            ("readers of every width", list(200, &|at| format!("/values/map.svg?width={}", 400 + at))),
            ("readers of a description", list(500, &|_| "/openapi.json".into())),
            ("pages of a board of 32 MB", list(60, &|_| "/live?view=page&board=wide&epoch=none&since=0".into())),
            ("sockets that get a document of 12 MB", list(60, &|_| "/live?epoch=none&since=0".into())),
            ("streams that get a document of 12 MB", list(60, &|_| "/events?epoch=none&since=0".into())),
        ] {
            let (before, watch) = (server.memory(), Watch::over(&server));
            let held = join_all(paths.iter().map(|path| stalled(server.port, path))).await;
            tokio::time::sleep(HELD).await;
            let growth = server.memory().saturating_sub(before);
            drop(held);
            let (worst, failed) = watch.end().await;
            row.tried += paths.len() as u64;
            row.took("health", worst);
            row.figures.push(format!("{name}: {} MB more", growth >> 20));
            if growth > GROWTH || failed > 0 {
                row.lose(format!("{name}: memory grew by {} MB, health failed {failed} times", growth >> 20));
            }
        }
        // All widths at once, by readers who take them: each is given, or asked to come again.
        let (before, watch) = (server.memory(), Watch::over(&server));
        let widths: Vec<_> = (900..940).map(|width| get(server.port, &format!("/values/map.svg?width={width}"))).collect();
        let drawn = join_all(widths.iter().map(|width| ask(server.port, width))).await;
        let (worst, failed) = watch.end().await;
        row.tried += 40;
        row.took("health beside drawings", worst);
        row.figures.push(format!("40 widths: {} MB more", server.memory().saturating_sub(before) >> 20));
        if let Some(other) = drawn.iter().find(|answer| ![200, 503].contains(&status(answer))) {
            row.lose(format!("a width is answered {}", shown(other)));
        }
        if failed > 0 {
            row.lose(format!("health failed {failed} times beside drawings"));
        }
    }
    row
}

fn get(port: u16, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
}

/// Sends a request and reads nothing.
async fn stalled(port: u16, path: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let upgrade =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let more = if path.starts_with("/live") { upgrade } else { "" };
    let head = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{more}\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    Some(stream)
}

async fn fill(server: &Server) {
    let images = server.folder.path().join("images");
    std::fs::create_dir_all(&images).unwrap();
    std::fs::write(images.join("a.png"), [b"\x89PNG\r\n\x1a\n".as_slice(), &vec![7; FILE]].concat()).unwrap();
    let map: Vec<Vec<usize>> = (0..1000).map(|row| (0..1000).map(|column| row * column % 1000).collect()).collect();
    // The first bytes of a PNG.
    let picture = format!("data:image/png;base64,iVBORw0KGgo{}", "A".repeat((12 << 20) + 1));
    let series: serde_json::Map<_, _> = (0..500).map(|at| (format!("s{at}"), json!(vec![at as f64 / 7.0; 1000]))).collect();
    let (note, wide) = ("n".repeat(8 << 10), 4000);
    let wide = (0..4).map(|part| {
        let cells: Vec<_> =
            (0..wide / 4).map(|at| json!({ "_id": format!("w{part}-{at}"), "board": "wide", "description": note })).collect();
        json!(cells)
    });
    for cell in wide.chain([
        json!({ "_id": "map", "type": "heatmap", "value": map }),
        json!({ "_id": "picture", "type": "img", "value": picture }),
        json!({ "_id": "lines", "type": "line", "value": { "series": series } }),
    ]) {
        let body = cell.to_string();
        let head = format!("POST /values HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}\r\n\r\n{body}", server.port, body.len());
        let answer = ask(server.port, &head).await;
        assert_eq!(status(&answer), 201, "{}", shown(&answer));
    }
}
