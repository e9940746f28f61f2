//! Readers whose connection is cut at a random byte, and that resume from their (epoch, seq).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agnez::protocol::Board;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;

use crate::follower::{Follower, View};
use crate::harness::{Row, Share};
use crate::load::Writer;
use crate::proxy::Proxy;
use crate::server::{PATIENCE, Server};

const READERS: usize = 8;
const WRITERS: usize = 2;
const GOAL: u64 = 10_000;

pub async fn run(share: &mut Share) -> Row {
    let mut row = Row::of("cuts");
    let server = Server::start(&share.program, &[]).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for at in 0..WRITERS {
        let mut writer = Writer::new(at, share.rng.branch(), 50);
        writer.open(&server).await;
        let (base, over) = (server.url(""), over.clone());
        writers.push(tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                writer.once(&base).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            writer
        }));
    }
    let (mut chance, whole) = (share.rng.branch(), over.clone());
    // Short lives end in the greeting or in what is caught up on, longer ones in what happens.
    let lives = move || (!whole.load(Ordering::Relaxed)).then(|| 1 + chance.below([300, 2000, 30_000][chance.clone().below(3) as usize]));
    let proxy = Proxy::start(server.port, lives).await;
    let mut readers = Vec::new();
    for at in 0..READERS {
        let (port, over) = (proxy.port, over.clone());
        let view = if at % 2 == 0 { View::Documents } else { View::Page };
        readers.push(tokio::spawn(async move {
            let mut follower = Follower::new(view);
            while !over.load(Ordering::Relaxed) {
                follow(&mut follower, port, None, &over).await;
            }
            follower
        }));
    }
    while proxy.cuts() < GOAL && !share.is_over() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    over.store(true, Ordering::Relaxed);
    row.tried = proxy.cuts();
    for writer in writers {
        row.lost.extend(writer.await.unwrap().wrong);
    }
    let mut truth = Follower::new(View::Page);
    let head = newest(&server).await;
    follow(&mut truth, server.port, Some(head), &over).await;
    let http = reqwest::Client::new();
    let documents: Vec<Value> = http.get(server.url("/values?board=main")).send().await.unwrap().json().await.unwrap();
    let lagged = metric(&http, &server, "agnez_readers_lagged_total").await;
    for (at, reader) in readers.into_iter().enumerate() {
        let mut follower = reader.await.unwrap();
        follow(&mut follower, proxy.port, Some(head), &over).await;
        if lagged == 0.0 {
            row.lost.append(&mut follower.jumps);
        }
        row.lost.append(&mut follower.wrong);
        for why in differences(&follower, &documents, &truth.board) {
            row.lose(format!("reader {at} ({:?}): {why}", follower.view));
        }
    }
    row.figures.push(format!("{READERS} readers, {head} changes, {lagged:.0} times too slow"));
    row
}

async fn newest(server: &Server) -> u64 {
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://127.0.0.1:{}/live?board=main", server.port)).await.unwrap();
    let Message::Text(text) = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap() else { panic!("a greeting comes first") };
    serde_json::from_str::<Value>(&text).unwrap()["seq"].as_u64().unwrap()
}

pub async fn metric(http: &reqwest::Client, server: &Server, name: &str) -> f64 {
    let text = http.get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or(f64::NAN)
}

/// Reads until the connection is cut; with `head` until that change is there.
async fn follow(follower: &mut Follower, port: u16, head: Option<u64>, over: &AtomicBool) {
    let deadline = Instant::now() + PATIENCE;
    let url = format!("ws://127.0.0.1:{port}/live?{}", follower.query());
    let Ok(Ok((mut socket, _))) = timeout_at(deadline, tokio_tungstenite::connect_async(url)).await else { return };
    let mut frames = 0_u64;
    loop {
        // The greeting and a first frame of what was missed come in any case.
        if head.is_some_and(|head| follower.seq >= head && frames > 0) {
            return;
        }
        let quiet = if head.is_some() { PATIENCE } else { Duration::from_millis(200) };
        match timeout(quiet, socket.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => follower.frame(&text),
            Ok(Some(Ok(Message::Binary(bytes)))) => follower.binary(&bytes),
            Ok(Some(Ok(_))) => continue,
            Ok(Some(Err(_)) | None) => return,
            Err(_) if head.is_some() => return follower.wrong.push(format!("it ends at {}, not at {head:?}", follower.seq)),
            Err(_) if over.load(Ordering::Relaxed) => return,
            Err(_) => continue,
        }
        frames += 1;
    }
}

/// What the follower holds otherwise than REST and a page that was opened at the end.
fn differences(follower: &Follower, documents: &[Value], page: &Board) -> Vec<String> {
    let mut all = Vec::new();
    for document in documents {
        let id = document["_id"].as_str().unwrap_or_default();
        if follower.view == View::Page {
            continue;
        }
        for (series, summary) in document["value"]["series"].as_object().into_iter().flatten() {
            let (known, there) = (follower.count(id, series), summary["points"].as_u64().unwrap_or(0));
            if known != there {
                all.push(format!("{known} points of {id}, there are {there}"));
            }
        }
        // Points that a line got since are in the events of points, not in its document.
        let content = |document: &Value| {
            let mut document = document.clone();
            let is_line = document["type"] == "line";
            document.as_object_mut().and_then(|keys| if is_line { keys.remove("value") } else { None });
            document
        };
        if follower.documents.get(id).map(content) != Some(content(document)) {
            all.push(format!("{:?} is {document} in truth", follower.documents.get(id)));
        }
    }
    match follower.view {
        View::Documents if follower.documents.len() != documents.len() => {
            all.push(format!("{} documents, there are {}", follower.documents.len(), documents.len()));
        }
        View::Page => {
            if follower.board.cells != page.cells {
                all.push("the page's board is not that of a page opened now".into());
            }
        }
        View::Documents => {}
    }
    all
}
