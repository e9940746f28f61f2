//! Tests of `connections`.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// A connection that has asked once, and got its answer.
async fn ask(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    again(&mut stream).await.unwrap();
    stream
}

async fn again(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await?;
    let mut reply = Vec::new();
    while !reply.ends_with(b"here") {
        if stream.read_buf(&mut reply).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// Waits for the end of a connection, for much less than the timeout of a request's head.
async fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(timeout(REQUEST_HEAD_TIMEOUT / 4, stream.read(&mut [0])).await, Ok(Ok(0)))
}

#[tokio::test]
async fn at_the_limit_the_connection_that_was_idle_for_longest_is_evicted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (all, stopping) = (Connections::with_max(4), CancellationToken::new());
    let router = Router::new().route("/", axum::routing::get(async || "here"));
    let serving = tokio::spawn(all.clone().serve(listener, router, stopping.clone()));
    // The fourth place waits for the next one.
    let mut silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (mut first, mut second) = (ask(port).await, ask(port).await);
    tokio::time::sleep(Duration::from_millis(5)).await;
    again(&mut first).await.unwrap();
    let mut third = ask(port).await;
    assert!(is_closed(&mut silent).await, "it never asked for anything");
    let mut fourth = ask(port).await;
    assert!(is_closed(&mut second).await, "it had been silent for longer than the first");
    for stream in [&mut first, &mut third, &mut fourth] {
        again(stream).await.unwrap();
    }
    stopping.cancel();
    serving.await.unwrap();
    all.ended().await;
    assert_eq!((all.count(), first.read(&mut [0]).await.unwrap()), ((0, 4), 0));
}

/// Places for so many, each of which asks for something large and takes nothing of it; with a token where the path says so.
async fn taken(port: u16, path: &str, count: usize) -> Vec<TcpStream> {
    let mut all = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        all.push(stream);
    }
    all
}

const LARGE: usize = 16 << 20;

fn with_large_answers() -> Router {
    // More than the system keeps for both ends.
    let large = Bytes::from(vec![7; LARGE]);
    let with_token = {
        let large = large.clone();
        async move || {
            let mut response = Response::new(Body::from(large));
            response.extensions_mut().insert(ShowedToken);
            response
        }
    };
    let router = Router::new().route("/", axum::routing::get(async || "here"));
    router.route("/large", axum::routing::get(async move || large)).route("/token", axum::routing::get(with_token))
}

/// The clock of idle times has milliseconds: connections that come together are equal.
#[tokio::test]
async fn of_connections_that_are_idle_for_as_long_the_first_is_evicted() {
    let all = Connections::with_max(3);
    let states: Vec<_> = (0..3).map(|_| Arc::new(ConnectionState::new(1))).collect();
    all.open().extend((0..).zip(states.iter().cloned()));
    tokio::time::sleep(MIN_IDLE_BEFORE_EVICTION + Duration::from_millis(10)).await;
    for evicted in 1..=3 {
        all.evict_one();
        let order: Vec<bool> = states.iter().map(|state| state.is_evicted.load(Ordering::Relaxed)).collect();
        assert_eq!(order, [true, evicted > 1, evicted > 2]);
    }
}

#[tokio::test]
async fn stalled_clients_are_evicted_and_those_with_a_token_last() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (all, stopping) = (Connections::with_max(8), CancellationToken::new());
    let serving = tokio::spawn(all.clone().serve(listener, with_large_answers(), stopping.clone()));
    let mut with_token = taken(port, "/token", 3).await;
    let _others = taken(port, "/large", 100).await;
    for _ in 0..10 {
        ask(port).await;
    }
    // Those with a token are not cut in the middle: the rest of their answer comes.
    for stream in &mut with_token {
        let mut reply = vec![0; LARGE];
        stream.read_exact(&mut reply).await.unwrap();
    }
    stopping.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn stalled_clients_with_a_token_are_evicted_when_all_have_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (all, stopping) = (Connections::with_max(8), CancellationToken::new());
    let serving = tokio::spawn(all.clone().serve(listener, with_large_answers(), stopping.clone()));
    let _all = taken(port, "/token", 12).await;
    ask(port).await;
    stopping.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_connection_without_a_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (all, stopping) = (Connections::with_max(8), CancellationToken::new());
    let router = Router::new().route("/", axum::routing::get(async || "here"));
    let serving = tokio::spawn(all.clone().serve(listener, router, stopping.clone()));
    let mut silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // The beginning of a head is not a request either.
    let mut half = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    half.write_all(b"GET / HT").await.unwrap();
    let mut idle = ask(port).await;
    let all_open = async {
        while all.open().len() < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(REQUEST_HEAD_TIMEOUT / 4, all_open).await.expect("all connections are accepted");
    stopping.cancel();
    serving.await.unwrap();
    // Far above the timeout of a shutdown, and far below that of a head.
    timeout(REQUEST_HEAD_TIMEOUT / 4, all.ended()).await.expect("no connection is waited for");
    for stream in [&mut silent, &mut half, &mut idle] {
        assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
    }
}
