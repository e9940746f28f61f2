//! Who gets in, over real sockets.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Running, spawn};

/// Sends raw bytes, answers the status.
async fn raw(server: &Running, request: &str) -> u16 {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut reply = vec![0; 16];
    let read = socket.read(&mut reply).await.unwrap();
    String::from_utf8_lossy(&reply[..read]).split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn every_address_asks_who_it_is() {
    let server = spawn().await;
    let port = server.port;
    server.create(r#"{"_id":"a","type":"html","value":"<p>"}"#).await;
    let addresses = [
        "GET /",
        "GET /b/x",
        "GET /values",
        "GET /values/a",
        "POST /values",
        "PUT /values/a",
        "PATCH /values/a",
        "DELETE /values/a",
        "PATCH /values?board=main",
        "DELETE /values?board=main",
        "GET /api/v1/values",
        "POST /api/v1/values",
        "GET /live",
        "GET /events",
        "GET /figure/a/1",
        "GET /media/a/1",
        "GET /images/x.png",
        "POST /rpc/cells/create",
        "GET /openapi.json",
        "GET /pkg/agnez.js",
        "GET /favicon.svg",
        "GET /nothing/here",
        "OPTIONS /values",
        "HEAD /values",
    ];
    let strangers = [
        "Host: evil.example\r\n".to_owned(),
        format!("Host: localhost.evil.example:{port}\r\n"),
        format!("Host: localhost:{port}\r\nOrigin: http://evil.example\r\n"),
        format!("Host: localhost:{port}\r\nOrigin: null\r\n"),
        format!("Host: localhost:{port}\r\nOrigin: http://localhost:8888\r\nSec-Fetch-Site: same-site\r\n"),
        format!("Host: localhost:{port}\r\nSec-Fetch-Site: cross-site\r\n"),
    ];
    for address in addresses {
        for stranger in &strangers {
            let body = r#"{"name":"x"}"#;
            let upgrade =
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
            let request = format!("{address} HTTP/1.1\r\n{stranger}{upgrade}Content-Length: {}\r\n\r\n{body}", body.len());
            assert_eq!(raw(&server, &request).await, 403, "{address}\n{stranger}");
        }
    }
    assert_eq!(server.get("/values").await.as_array().unwrap().len(), 1);
    assert_eq!(server.get("/values/a").await["rev"], 1);
}

#[tokio::test]
async fn odd_requests_are_answered_and_harm_nothing() {
    let server = spawn().await;
    assert_eq!(raw(&server, "GET /values HTTP/1.1\r\n\r\n").await, 400);
    assert_eq!(raw(&server, "GET /values HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n").await, 400);
    assert_eq!(raw(&server, "GET http://evil.example/values HTTP/1.1\r\nHost: localhost\r\n\r\n").await, 403);
    assert_eq!(raw(&server, "nonsense\r\n\r\n").await, 400);
    assert_eq!(raw(&server, "GET /%ff%00/x HTTP/1.1\r\nHost: localhost\r\n\r\n").await / 100, 4);
    assert_eq!(raw(&server, "GET /values/%ff HTTP/1.1\r\nHost: localhost\r\n\r\n").await / 100, 4);
    for path in ["/values/%ff", "/figure/a/x", "/media/a/-1", "/b/%00", "/pkg/../x", "/images/"] {
        let error = server.call("GET", path, "").await.json();
        assert!(error["code"].as_u64().unwrap() / 100 == 4 && error["message"].is_string(), "{path}: {error}");
    }
    server.create("{}").await;
}

#[tokio::test]
async fn every_reply_says_how_it_may_be_used() {
    let server = spawn().await;
    for path in ["/", "/values", "/openapi.json", "/nothing/here", "/images/none.png"] {
        let reply = server.call("GET", path, "").await;
        let header = |name: &str| reply.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        assert_eq!(
            (header("x-content-type-options").as_str(), header("cross-origin-resource-policy").as_str()),
            ("nosniff", "same-origin"),
            "{path}"
        );
        assert!(header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert_eq!((header("referrer-policy").as_str(), header("agnez-api").as_str()), ("same-origin", "1"), "{path}");
    }
    server.create(r#"{"_id":"f","type":"html","value":"<script>1</script>"}"#).await;
    let figure = server.call("GET", "/figure/f/1", "").await;
    let policy = figure.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("sandbox allow-scripts; default-src 'none'")
            && policy.contains("connect-src 'none'")
            && !policy.contains("same-origin"),
        "{policy}"
    );
    assert_eq!(figure.headers["referrer-policy"], "no-referrer");
}
