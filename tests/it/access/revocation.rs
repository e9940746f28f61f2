//! What ends with a token, and what comes by ways that no program of this machine takes.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{bearer, command, locked, token};
use crate::support::Running;

/// Sends this head and what stands behind it, and leaves the connection open.
async fn send(server: &Running, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn answer(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    let read = stream.read_to_end(&mut text);
    // Bytes that the server did not want may reset the connection behind its answer.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(20), read).await.expect("the connection ends");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn a_body_that_is_under_way_ends_with_its_token() {
    let server = locked().await;
    let owner = token(&server, &["write"]).await;
    server.put(&owner, r#"{"_id":"c","type":"line"}"#).await;
    let writer = token(&server, &["write", "--name", "writer"]).await;
    let id = command(&server, &["list"]).await.lines().find(|line| line.ends_with("writer")).unwrap()[..6].to_owned();
    let head = |path: &str, kind: &str| {
        let authorization = bearer(&writer);
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\nContent-Type: {kind}\r\n\
             Expect: 100-continue\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
    };
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let line = chunk("{\"cell\":\"c\",\"y\":1}\n");
    let mut bodies = Vec::new();
    for (path, kind, begin) in [
        ("/points", "application/x-ndjson", chunk("{\"cell\":\"c\",")),
        ("/values", "application/json", chunk("{\"name\":")),
        ("/rpc/cells/create", "application/json", chunk("{")),
    ] {
        let mut body = send(&server, &head(path, kind)).await;
        // Said when the handler reads: it has come through the door.
        let mut go = [0; 25];
        body.read_exact(&mut go).await.unwrap();
        assert_eq!(&go, b"HTTP/1.1 100 Continue\r\n\r\n");
        body.write_all(begin.as_bytes()).await.unwrap();
        bodies.push(body);
    }
    let before = server.with(&owner, "GET", "/values", "").await.text;
    command(&server, &["revoke", &id]).await;
    while server.with(&writer, "GET", "/values", "").await.status != 401 {}
    for body in &mut bodies {
        let _ = body.write_all((line.clone() + "0\r\n\r\n").as_bytes()).await;
    }
    for body in bodies {
        let response = answer(body).await;
        assert!(response.starts_with("HTTP/1.1 401 ") && response.contains("The token was revoked."), "{response}");
    }
    assert_eq!(server.with(&owner, "GET", "/values", "").await.text, before);
}

#[tokio::test]
async fn a_signature_ends_where_its_figure_leaves_the_board() {
    let server = locked().await;
    let write = token(&server, &["write"]).await;
    server.put(&write, r#"{"_id":"f","board":"a","type":"html","value":"<p>of a</p>"}"#).await;
    let share = token(&server, &["share", "--board", "a"]).await;
    let page = server.with(&share, "GET", "/b/a", "").await.text;
    let sig = page.split_once("\"sig\":\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let address = format!("/figure/f/1?sig={sig}");
    assert_eq!(server.call("GET", &address, "").await.status, 200);
    assert_eq!(server.with(&write, "PATCH", "/values/f", r#"{"board":"b","value":"<p>of b</p>"}"#).await.status, 200);
    let moved = server.call("GET", &address, "").await;
    assert!(moved.status == 401 && !moved.text.contains("of b"), "{}", moved.text);
    // Its new board shows it, and it opens again where it comes back.
    let page = server.with(&write, "GET", "/b/b", "").await.text;
    let there = page.split_once("\"sig\":\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    assert_eq!(server.call("GET", &format!("/figure/f/1?sig={there}"), "").await.status, 200);
    assert_eq!(server.with(&write, "PATCH", "/values/f", r#"{"board":"a"}"#).await.status, 200);
    assert_eq!(server.call("GET", &address, "").await.status, 200);
}

#[tokio::test]
async fn a_proxy_that_says_nothing_is_known_by_its_version() {
    let server = crate::support::spawn().await;
    let port = server.port;
    let ask = async |version: &str, more: &str| {
        let text =
            format!("POST /values HTTP/{version}\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{more}Content-Length: 2\r\n\r\n{{}}");
        answer(send(&server, &text).await).await.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(ask("1.1", "").await, "201");
    assert_eq!(ask("1.0", "").await, "401");
    let write = format!("Authorization: {}\r\n", bearer(&token(&server, &["write"]).await));
    assert_eq!(ask("1.0", &write).await, "201");
    // Jupyter's, which passes on the name that its own reader knows: localhost on his side of a tunnel.
    assert_eq!(ask("1.1", "X-Forwarded-Context: /proxy/3000\r\n").await, "401");
    assert_eq!(ask("1.1", "X-ProxyContextPath: /proxy/3000\r\n").await, "401");
}
