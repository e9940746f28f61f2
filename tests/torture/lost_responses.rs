//! Responses that are lost after the commit: the client repeats the request with its key, and it has no further effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::{Row, Share};
use crate::load::Writer;
use crate::proxy::Proxy;
use crate::server::Server;

const WRITERS: usize = 6;
const GOAL: u64 = 10_000;
/// A connection is cut within so many bytes of its answers; an answer begins with about 300 of headers.
const LIFE: u64 = 600;

pub async fn run(share: &mut Share) -> Row {
    let mut row = Row::of("answers cut");
    let server = Server::start(&share.program, &[]).await;
    let mut chance = share.rng.branch();
    let proxy = Proxy::start(server.port, move || {
        // Often before the first byte: then the client knows nothing at all.
        Some(if chance.happens(50) { 0 } else { chance.below(LIFE) })
    })
    .await;
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    for at in 0..WRITERS {
        let mut writer = Writer::new(at, share.rng.branch(), 100);
        writer.open(&server).await;
        let (base, direct, over) = (proxy.url(), server.url(""), over.clone());
        tasks.push(tokio::spawn(async move {
            let mut failed = 0_u32;
            while !over.load(Ordering::Relaxed) {
                // Every fourth attempt in a row goes around the proxy, so that all come to an end.
                let base = if failed % 4 == 3 { &direct } else { &base };
                failed = if writer.once(base).await { 0 } else { failed + 1 };
            }
            while !writer.once(&direct).await && failed < 100 {
                failed += 1;
            }
            writer
        }));
    }
    while proxy.cuts() < GOAL && !share.is_over() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    over.store(true, Ordering::Relaxed);
    let mut points = 0;
    for task in tasks {
        let mut writer = task.await.unwrap();
        writer.compare(&server, true).await;
        writer.wrong.drain(..).for_each(|wrong| row.lose(wrong));
        points += writer.points.certain;
    }
    row.tried = proxy.cuts();
    row.figures.push(format!("{WRITERS} writers, {points} points"));
    if let Err(why) = server.check().await {
        row.lose(why);
    }
    row
}
