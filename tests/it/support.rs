//! A server for one test, and clients for it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use agnez::protocol::{Board, Cell, CellContent, CellId, Event};
use agnez::server::{Args, Server};
use clap::Parser;
use futures_util::StreamExt;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message;

/// A test that waits longer than this for one thing fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Running {
    pub folder: TempDir,
    pub port: u16,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<JoinHandle<()>>,
    http: reqwest::Client,
}

pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{why}: {}", self.text))
    }
}

pub async fn spawn() -> Running {
    spawn_in(tempfile::tempdir().unwrap(), &[]).await
}

pub async fn spawn_in(folder: TempDir, flags: &[&str]) -> Running {
    let (port, stop, ended) = start(folder.path(), flags).await;
    Running { folder, port, stop: Some(stop), ended: Some(ended), http: reqwest::Client::new() }
}

async fn start(folder: &Path, flags: &[&str]) -> (u16, oneshot::Sender<()>, JoinHandle<()>) {
    let (data, images) = (folder.join("data"), folder.join("images"));
    let fixed = ["agnez", "--port", "0", "--data", data.to_str().unwrap(), "--images", images.to_str().unwrap()];
    let config = Args::parse_from(fixed.iter().chain(flags)).config().unwrap();
    let server = Server::start(&config).await.unwrap();
    let port = server.port;
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(server.run(async move { drop(stopped.await) }));
    (port, stop, ended)
}

/// The program itself on a data folder, and its address: for tests that kill it without warning.
pub fn start_program(data: &Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_agnez"))
        .args(["--port", "0", "--data", data.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.split_whitespace().last().unwrap().to_owned())
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    pub async fn call(&self, method: &str, path: &str, body: impl Into<reqwest::Body>) -> Reply {
        self.ask(method, path, body, &[]).await
    }

    pub async fn ask(&self, method: &str, path: &str, body: impl Into<reqwest::Body>, headers: &[(&str, &str)]) -> Reply {
        let mut request = self.http.request(method.parse().unwrap(), self.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = request.send().await.unwrap();
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        Reply { status, headers, text: reply.text().await.unwrap() }
    }

    pub async fn get(&self, path: &str) -> Value {
        let reply = self.call("GET", path, "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        reply.json()
    }

    /// The body of a binary answer.
    pub async fn http_bytes(&self, path: &str) -> Vec<u8> {
        let request = self.http.get(self.url(path)).header("accept", "application/octet-stream");
        request.send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    /// Creates a cell and answers its id.
    pub async fn create(&self, body: &str) -> String {
        let reply = self.call("POST", "/values", body.to_owned()).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json()["_id"].as_str().unwrap().to_owned()
    }

    /// The board as a page that opens now gets it.
    pub async fn board(&self, name: &str) -> Board {
        let mut live = self.live(&format!("view=page&board={name}&epoch=none&since=0")).await;
        let mut board = Board { name: name.to_owned(), ..Board::default() };
        for frame in live.take(2).await {
            board.apply(serde_json::from_value::<Event<Cell>>(frame).unwrap());
        }
        board
    }

    /// The content of a cell.
    pub async fn content(&self, id: &str) -> CellContent {
        let board = self.board("main").await;
        board.cell(&CellId::parse(id).unwrap()).unwrap().content.clone()
    }

    pub async fn live(&self, query: &str) -> Live {
        let url = format!("ws://localhost:{}/live?{query}", self.port);
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        Live { socket }
    }

    pub async fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(ended) = self.ended.take() {
            tokio::time::timeout(PATIENCE, ended).await.expect("the server stops").unwrap();
        }
    }

    /// Stops it well and starts it again on the same data.
    pub async fn restart(&mut self, flags: &[&str]) {
        self.stop().await;
        let (port, stop, ended) = start(self.folder.path(), flags).await;
        (self.port, self.stop, self.ended) = (port, Some(stop), Some(ended));
    }
}

pub struct Live {
    pub socket: tokio_tungstenite::WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>,
}

impl Live {
    /// The next frame; `None` when the server closed.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a frame comes") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next binary frame; texts before it are passed over.
    pub async fn binary(&mut self) -> Vec<u8> {
        // Bookmarks do not prolong the wait.
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            match tokio::time::timeout_at(deadline, self.socket.next()).await.expect("a frame comes") {
                Some(Ok(Message::Binary(bytes))) => return bytes.to_vec(),
                Some(Ok(Message::Close(_)) | Err(_)) | None => panic!("the line stays open"),
                Some(Ok(_)) => {}
            }
        }
    }

    pub async fn take(&mut self, count: usize) -> Vec<Value> {
        let mut frames = Vec::new();
        for _ in 0..count {
            frames.push(self.next().await.expect("the line stays open"));
        }
        frames
    }

    /// All frames up to the one with this number.
    pub async fn until(&mut self, seq: u64) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await.expect("the line stays open");
            let reached = frame["event"] != "hello" && frame["seq"].as_u64() >= Some(seq);
            frames.push(frame);
            if reached {
                return frames;
            }
        }
    }
}

/// `event seq` of each frame.
pub fn event_labels(frames: &[Value]) -> Vec<String> {
    frames.iter().map(|frame| format!("{} {}", frame["event"].as_str().unwrap(), frame["seq"])).collect()
}
