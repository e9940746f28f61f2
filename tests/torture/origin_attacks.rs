//! Requests that must be refused: foreign host names, pages of other sites, and paths that lead outside.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{Rng, Row, Share};
use crate::server::{PATIENCE, Server};
use crate::tokens;

const PATHS: u64 = 2000;
/// Stands in a file that no address names.
const CANARY: &str = "canary-6f1c2b";
/// A picture of one white point.
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

const PLACES: [&str; 9] = ["/images/", "/pkg/", "/vendor/", "/figure/", "/media/", "/b/", "/rpc/", "/values/", "/"];
const UPS: [&str; 18] = [
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%5c",
    "..\\",
    "%252e%252e%252f",
    "....//",
    "..;/",
    ".%2e/",
    "..%c0%af",
    "..%ef%bc%8f",
    "%00../",
    "..%00/",
    "/",
    "//",
    "%2f",
    "./../",
];

/// Every row must be refused. `{}` is the server's port.
fn names() -> Vec<String> {
    let mut all = Vec::new();
    for ours in ["localhost", "127.0.0.1", "[::1]"] {
        for form in [
            "X.evil.example",
            "evil.example:{}",
            "X:{}.evil.example",
            "X@evil.example",
            "evil.example@X:{}x",
            "xX:{}",
            "X:",
            "X:{}:1",
            "X:-1",
            "X:+{}",
            "X:999999",
            "X/",
            "X#",
            "X?",
            "X%00",
            "X\t.evil.example",
            "X,evil.example",
            "X evil.example",
        ] {
            all.push(form.replace('X', ours));
        }
    }
    let plain = [
        "evil.example",
        "127.0.0.2",
        "127.1",
        "0.0.0.0:{}",
        "0:{}",
        "2130706433:{}",
        "0x7f000001",
        "017700000001",
        "127.0.0.1.nip.io:{}",
        "::1",
        "[::]:{}",
        "[::ffff:127.0.0.1]:{}",
        "localhost.:{}",
        "localhost.localdomain:{}",
        "ⓛocalhost:{}",
        "",
    ];
    all.extend(plain.map(str::to_owned));
    all
}

/// Method, path and further headers of what a page can make a browser send.
const SHAPES: [(&str, &str, &str); 12] = [
    ("GET", "/values", ""),
    ("POST", "/values", "Content-Type: text/plain\r\n"),
    ("POST", "/values", "Content-Type: application/json\r\n"),
    ("PATCH", "/values/a", ""),
    ("PUT", "/values/a", ""),
    ("DELETE", "/values/a", ""),
    ("OPTIONS", "/values", "Access-Control-Request-Method: POST\r\n"),
    ("POST", "/points", "Content-Type: application/octet-stream\r\n"),
    ("POST", "/publish/epoch/end/", "Content-Type: application/x-www-form-urlencoded\r\n"),
    ("POST", "/rpc/cells/restore", "Content-Type: application/json\r\n"),
    ("GET", "/events", "Accept: text/event-stream\r\n"),
    (
        "GET",
        "/live",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    ),
];
const ORIGINS: [&str; 4] = ["null", "http://evil.example", "http://localhost:1", "http://127.0.0.1.evil.example"];

pub async fn run(share: &mut Share) -> Row {
    let mut row = Row::of("requests");
    let server = Server::start(&share.program, &[]).await;
    let outside = server.folder.path();
    std::fs::write(outside.join("secret.txt"), CANARY).unwrap();
    std::fs::write(outside.join("secret.gif"), [GIF, CANARY.as_bytes()].concat()).unwrap();
    std::fs::create_dir_all(outside.join("images")).unwrap();
    std::fs::write(outside.join("images/a.gif"), GIF).unwrap();
    let port = server.port;
    let ours = format!("127.0.0.1:{port}");

    // Where the friend is not let in, the others' refusal shows nothing.
    for path in ["/values", "/images/a.gif"] {
        let answer = ask(port, &format!("GET {path} HTTP/1.1\r\nHost: {ours}\r\nConnection: close\r\n\r\n")).await;
        if status(&answer) != 200 {
            row.lose(format!("{path} is not answered to its own user: {}", shown(&answer)));
        }
    }
    let names = names();
    for name in &names {
        let name = name.replace("{}", &port.to_string());
        for path in ["/", "/values", "/live", "/vendor/d3.v5.min.js"] {
            let answer = ask(port, &format!("GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n")).await;
            refused(&mut row, &format!("Host '{name}' at {path}"), &answer);
        }
    }
    for (method, path, headers) in SHAPES {
        for origin in ORIGINS {
            let body = r#"{"_id":"let-in"}"#;
            let head = format!("{method} {path} HTTP/1.1\r\nHost: {ours}\r\nOrigin: {origin}\r\n{headers}Content-Length: {}", body.len());
            refused(&mut row, &format!("{method} {path} from {origin}"), &ask(port, &format!("{head}\r\n\r\n{body}")).await);
        }
    }
    row.figures.push(format!("{} names, {} shapes x {} origins", names.len(), SHAPES.len(), ORIGINS.len()));
    let mut paths = 0;
    while paths < PATHS && (paths < 200 || !share.is_over()) {
        let path = payload(&mut share.rng, outside.to_str().unwrap());
        let answer = ask(port, &format!("GET {path} HTTP/1.1\r\nHost: {ours}\r\nConnection: close\r\n\r\n")).await;
        row.tried += 1;
        paths += 1;
        if leaks(&answer) {
            row.lose(format!("a file outside at {path}"));
        }
        if status(&answer) >= 500 {
            row.lose(format!("{path} is answered {}", shown(&answer)));
        }
    }
    row.figures.push(format!("{paths} paths"));
    let left = ask(port, &format!("GET /values/let-in HTTP/1.1\r\nHost: {ours}\r\nConnection: close\r\n\r\n")).await;
    if status(&left) != 404 {
        row.lose("a page of another site has written");
    }
    tokens::run(share, &mut row).await;
    row
}

fn refused(row: &mut Row, what: &str, answer: &[u8]) {
    row.tried += 1;
    // Cut without an answer is refused too.
    if !(400..500).contains(&status(answer)) && !answer.is_empty() {
        row.lose(format!("{what} is answered {}", shown(answer)));
    }
}

/// An address that tries to leave its place.
fn payload(rng: &mut Rng, outside: &str) -> String {
    let mut pick = |all: &[&str]| all[rng.below(all.len() as u64) as usize].to_owned();
    let place = pick(&PLACES);
    let up = pick(&UPS);
    let file = pick(&["secret.txt", "secret.gif", "data/agnez.sqlite", "etc/passwd", "Cargo.toml", "proc/self/environ"]);
    let end = pick(&["", "", "", "%00.gif", "%00", "?.gif", "/", "/.", "%20", ";.gif", "::$DATA", "~"]);
    let absolute = pick(&["", "", "file://", "%2f", "/"]);
    let middle = match rng.below(10) {
        0 => format!("{absolute}{outside}/"),
        1 => "a/".repeat(rng.below(30) as usize) + &up.repeat(40),
        2 => "x".repeat(rng.below(6000) as usize) + &up,
        3 => format!("%{:02x}{}", rng.below(256), up.repeat(2)),
        _ => up.repeat(1 + rng.below(12) as usize),
    };
    format!("{place}{middle}{file}{end}")
}

/// Whether an answer holds something of a file that nobody may read.
fn leaks(answer: &[u8]) -> bool {
    [CANARY, "root:x:0:", "SQLite format 3\0", "[package]\nname", "PATH="]
        .iter()
        .any(|secret| answer.windows(secret.len()).any(|window| window == secret.as_bytes()))
}

/// Sends these bytes, and answers what comes until the end; nothing where the server cuts.
pub async fn ask(port: u16, request: &str) -> Vec<u8> {
    let mut answer = Vec::new();
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return answer };
    let _ = stream.write_all(request.as_bytes()).await;
    let mut buffer = [0; 8192];
    // An upgrade or a stream of events stays open; what was said so far tells enough.
    let mut wait = PATIENCE;
    while let Ok(Ok(count @ 1..)) = timeout(wait, stream.read(&mut buffer)).await {
        answer.extend_from_slice(&buffer[..count]);
        // Of a socket that is taken, the first frame tells whether it was let in.
        let is_taken = status(&answer) == 101 && answer.ends_with(b"\r\n\r\n");
        wait = if is_taken { PATIENCE } else { Duration::from_millis(500) };
        if answer.len() > 1 << 20 || is_whole(&answer) {
            break;
        }
    }
    answer
}

/// Whether the answer has all the bytes that it announces.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| answer.len() >= end + 4 + length)
}

pub fn status(answer: &[u8]) -> u16 {
    std::str::from_utf8(answer.get(9..12).unwrap_or_default()).ok().and_then(|code| code.parse().ok()).unwrap_or(0)
}

pub fn shown(answer: &[u8]) -> String {
    String::from_utf8_lossy(&answer[..answer.len().min(200)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_let_in_and_what_leaks_is_seen() {
        let mut row = Row::of("requests");
        refused(&mut row, "x", b"HTTP/1.1 403 Forbidden\r\n\r\n");
        refused(&mut row, "x", b"");
        assert!(row.lost.is_empty());
        for answer in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 500 No\r\n\r\n", "SSH-2.0"] {
            refused(&mut row, "x", answer.as_bytes());
        }
        assert_eq!(row.lost.len(), 4);
        assert!(leaks(format!("abc{CANARY}").as_bytes()) && leaks(b"xSQLite format 3\0") && !leaks(b"HTTP/1.1 404"));
        assert!(names().len() >= 60);
        let mut rng = Rng::new(1);
        let all: std::collections::BTreeSet<_> = (0..PATHS).map(|_| payload(&mut rng, "/x")).collect();
        assert!(all.len() > 1500, "{}", all.len());
    }
}
