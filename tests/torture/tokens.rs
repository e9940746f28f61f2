//! Requests without the permission, where every client needs a token: all routes, plain and in unusual spellings.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use agnez::server::addresses;

use crate::harness::{Rng, Row, Share};
use crate::origin_attacks::{ask, shown, status};
use crate::server::{PATIENCE, Server};

const BENT: u64 = 2000;
/// Stands in the cells of board `a`, which nobody here may see.
const CANARY: &str = "canary-b9d04e";
/// Answers that also need a token: the metrics, the API description.
const INSIDE: [&str; 3] = [CANARY, "agnez_readers", "\"openapi\":"];
/// As many addresses at least show the canary to who may read: those that keep it could be seen to give it.
const SHOW_IT: usize = 8;

/// A client: the prefix of its paths, and its headers.
struct Who {
    name: &'static str,
    key: String,
    headers: String,
    /// Reads the board `b`.
    has_share: bool,
}

pub async fn run(share: &mut Share, row: &mut Row) {
    let server = Server::start(&share.program, &["--require-token"]).await;
    let (port, data) = (server.port, server.data());
    let token = |arguments: &[&str]| -> String {
        let output = command(&share.program, &data, &[&["new"], arguments].concat());
        output.split_whitespace().find(|word| word.starts_with("agz_")).unwrap().to_owned()
    };
    let (writing, reading, sharing) = (bearer(&token(&["write"])), bearer(&token(&["read"])), token(&["share", "--board", "b"]));
    let revoked = token(&["write", "--name", "revoked"]);
    for (id, board, name) in [("c", "a", CANARY), ("d", "b", "seen")] {
        let cell = format!(r#"{{"_id":"{id}","board":"{board}","name":"{name}","type":"html","value":"<p>{name}"}}"#);
        assert_eq!(status(&send(port, "POST", "/values", &writing, &cell).await), 201);
    }
    let line = format!(r#"{{"_id":"l","board":"a","name":"{CANARY}","type":"line"}}"#);
    assert_eq!(status(&send(port, "POST", "/values", &writing, &line).await), 201);
    let before = body(&send(port, "GET", "/values", &writing, "").await);
    let (other_key, revoked_key) = (key(port, "/b/b", &bearer(&sharing)).await, key(port, "/b/a", &bearer(&revoked)).await);
    let list = command(&share.program, &data, &["list"]);
    let id = list.lines().find(|line| line.ends_with("revoked")).and_then(|line| line.split_whitespace().next()).unwrap();
    command(&share.program, &data, &["revoke", id]);
    let since = Instant::now();
    while status(&send(port, "GET", "/values", &bearer(&revoked), "").await) == 200 {
        if since.elapsed() > PATIENCE {
            row.lose(format!("a revoked token is let in after {} s", PATIENCE.as_secs()));
            break;
        }
    }
    row.took("revoked", since.elapsed());

    let list: Vec<_> = addresses().into_iter().filter(|(.., need)| *need != "open").collect();
    let mut show_it = 0;
    for (method, path, _) in list.iter().filter(|(method, ..)| method.as_str() == "GET") {
        show_it += usize::from(holds(&send(port, method.as_str(), &concrete(path), &reading, "").await, CANARY));
    }
    if show_it < SHOW_IT {
        row.lose(format!("who may read is shown the canary by {show_it} addresses: what is kept from others is not seen"));
    }
    let everyone = everyone(&sharing, &revoked, other_key, revoked_key);
    for (method, path, need) in &list {
        for who in &everyone {
            let address = format!("{}{}", who.key, concrete(path));
            let answer = send(port, method.as_str(), &address, &who.headers, LET_IN).await;
            row.tried += 1;
            // A picture or points that are on no board of a share's are answered as if there were none.
            let may_be_answered = who.has_share && *need == "board" && (path == "/columns" || path.starts_with("/images"));
            let is_right = is_refused(&answer) || (may_be_answered && status(&answer) == 200);
            if !is_right || INSIDE.iter().any(|inside| holds(&answer, inside)) {
                row.lose(format!("{method} {address} by {} is answered {}", who.name, shown(&answer)));
            }
        }
    }
    row.figures.push(format!("{} addresses x {} without the right", list.len(), everyone.len()));
    let mut bent = 0;
    while bent < BENT && (bent < 200 || !share.is_over()) {
        let (method, path, _) = &list[share.rng.below(list.len() as u64) as usize];
        let who = &everyone[share.rng.below(everyone.len() as u64) as usize];
        let address = bend(&mut share.rng, &format!("{}{}", who.key, concrete(path)), port);
        let answer = send(port, method.as_str(), &address, &who.headers, LET_IN).await;
        (row.tried, bent) = (row.tried + 1, bent + 1);
        if INSIDE.iter().any(|inside| holds(&answer, inside)) || status(&answer) >= 500 {
            row.lose(format!("{method} {address} by {} is answered {}", who.name, shown(&answer)));
        }
    }
    row.figures.push(format!("{bent} bent addresses"));
    if body(&send(port, "GET", "/values", &writing, "").await) != before {
        row.lose("somebody without the right has written");
    }
}

const LET_IN: &str = r#"{"_id":"let-in","board":"a"}"#;

fn everyone(sharing: &str, revoked: &str, other_key: String, revoked_key: String) -> Vec<Who> {
    let unknown = bearer(&revoked.replace("agz_", "agz_A"));
    let who = |name, key: &str, headers: &str| Who { name, key: key.to_owned(), headers: headers.to_owned(), has_share: false };
    vec![
        who("nobody", "", ""),
        who("an unknown token", "", &unknown),
        who("a revoked token", "", &bearer(revoked)),
        who("a revoked token and a share", "", &(bearer(revoked) + &bearer(sharing))),
        who("a revoked token in a cookie", "", &format!("Cookie: token={revoked}; agnez={revoked}\r\n")),
        who("an empty token", "", "Authorization: Bearer \r\n"),
        who("a name and a password", "", "Authorization: Basic YW5uOmFnel9ub3RoaW5n\r\n"),
        who("a neighbour", "", "X-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1\r\nX-Real-IP: ::1\r\n"),
        who("another address in the head", "", "X-Original-URL: /healthz\r\nX-Rewrite-URL: /healthz\r\nX-HTTP-Method-Override: GET\r\n"),
        who("an empty key", "/~", ""),
        who("the key of a revoked token", &revoked_key, ""),
        Who { has_share: true, ..who("a share of another board", "", &bearer(sharing)) },
        Who { has_share: true, ..who("the key of a share of another board", &other_key, "") },
    ]
}

/// An address that the router knows, as somebody would call it who wants board `a`.
fn concrete(path: &str) -> String {
    match path {
        "/live" => return "/live?board=a&view=page&epoch=none&since=0".to_owned(),
        "/events" => return "/events?board=a&epoch=none&since=0".to_owned(),
        "/columns" => return "/columns?cells=c".to_owned(),
        _ => {}
    }
    let files = [("/images/{*path}", "/images/x.png"), ("/rpc/{*path}", "/rpc/cells/create")];
    let path = files.iter().fold(path.to_owned(), |path, (part, file)| path.replace(part, file));
    // Points are asked of the chart, everything else of the other cell.
    let id = if path.ends_with("/points") || path.contains("/columns") { "l" } else { "c" };
    path.replace("{board}", "a").replace("{id}", id).replace("{rev}", "1")
}

/// The same address for somebody who reads carelessly.
fn bend(rng: &mut Rng, address: &str, port: u16) -> String {
    let at = rng.below(address.len() as u64) as usize;
    let (start, rest) = address.split_at(at);
    let open = ["/healthz", "/pkg", "/vendor", "/favicon.svg", "/b/b", "/images"][rng.below(6) as usize];
    match rng.below(16) {
        0 => format!("{start}%{:02x}{}", rest.as_bytes()[0], &rest[1..]),
        1 => format!("{start}%25{:02x}{}", rest.as_bytes()[0], &rest[1..]),
        2 => format!("/{address}"),
        3 => format!("/.{address}"),
        4 => format!("{open}/..{address}"),
        5 => format!("{open}/%2e%2e{address}"),
        6 => format!("{open}/..%2f..{address}"),
        7 => format!("{open};{address}"),
        8 => format!("{address}{}", ["/", "//", ";x", "%00", "%20", ".", ".svg", ".json", "/.", "%2f"][rng.below(10) as usize]),
        9 => address.to_ascii_uppercase(),
        10 => format!("http://127.0.0.1:{port}{address}"),
        11 => format!("http://127.0.0.1:{port}{open}/..{address}"),
        12 => format!("/~{address}"),
        13 => format!("/~/~{}{address}", "x".repeat(rng.below(60) as usize)),
        14 => format!("{address}{}board=b&board=a&view=page", if address.contains('?') { "&" } else { "?" }),
        _ => address.replace("board=a", "board=b&board=a").replace('/', ["//", "/./", "%2f", "\\"][rng.below(4) as usize]),
    }
}

/// Whether the answer gives nothing: a refusal, the way to the gate, or a socket that is closed with its reason (1008) and says nothing else:
/// browsers do not tell a page why a socket was refused.
fn is_refused(answer: &[u8]) -> bool {
    match status(answer) {
        101 => {
            let end = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |end| end + 4);
            let frame = &answer[end..];
            matches!(frame, [0x88, length, 3, 0xf0, ..] if frame.len() == 2 + usize::from(*length))
        }
        status => answer.is_empty() || (400..500).contains(&status) || status == 303,
    }
}

fn holds(answer: &[u8], what: &str) -> bool {
    answer.windows(what.len()).any(|window| window == what.as_bytes())
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

async fn send(port: u16, method: &str, address: &str, headers: &str, body: &str) -> Vec<u8> {
    let upgrade = if address.contains("/live") {
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    } else {
        "Connection: close\r\n"
    };
    let head = format!("{method} {address} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}{upgrade}");
    ask(port, &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).await
}

fn body(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}

/// What the addresses of a page begin with that was drawn for this head.
async fn key(port: u16, path: &str, headers: &str) -> String {
    let page = body(&send(port, "GET", path, headers, "").await);
    let base = page.split_once("<base href=\"").and_then(|(_, rest)| rest.split_once('"')).unwrap().0;
    base.trim_end_matches('/').to_owned()
}

/// What a command about tokens says.
pub fn command(program: &Path, data: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).arg("--data").arg(data).arg("token").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_seen_and_addresses_are_bent() {
        assert!(is_refused(b"HTTP/1.1 401 Unauthorized\r\n") && is_refused(b"HTTP/1.1 303 See Other\r\n") && is_refused(b""));
        assert!(!is_refused(b"HTTP/1.1 200 OK\r\n") && !is_refused(b"HTTP/1.1 101 Switching Protocols\r\n") && !is_refused(b"x"));
        assert!(is_refused(b"HTTP/1.1 101 x\r\n\r\n\x88\x03\x03\xf0x") && !is_refused(b"HTTP/1.1 101 x\r\n\r\n\x81\x03\x03\xf0x"));
        assert!(!is_refused(b"HTTP/1.1 101 x\r\n\r\n\x88\x03\x03\xf0x\x81\x01x"));
        assert!(holds(b"abc canary-b9d04e", CANARY) && !holds(b"canary", CANARY));
        let list = addresses();
        assert!(list.len() > 40 && list.iter().all(|(_, path, _)| !concrete(path).contains("{id}")));
        let mut rng = Rng::new(1);
        let all: std::collections::BTreeSet<_> =
            (0..BENT).map(|at| bend(&mut rng, &concrete(&list[at as usize % list.len()].1), 1)).collect();
        assert!(all.len() > 1000, "{}", all.len());
    }
}
