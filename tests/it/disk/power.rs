//! Power cuts: many from one record of a server under load. What was acknowledged before is there, once, and nobody saw what is not.

use std::path::Path;

use agnez::server::{Args, run_command};
use clap::Parser;
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::Disk;
use super::image::{Done, Image, SplitMix64, read_log};
use crate::support::{Running, spawn_in};

const WRITERS: usize = 4;

/// One request: what it appended, and how long the log was when its answer was there.
struct Sent {
    points: usize,
    large: usize,
    acknowledged: Option<u64>,
}

fn body(start: usize, points: usize) -> String {
    json!({ "l": (start..start + points).collect::<Vec<_>>() }).to_string()
}

fn note(number: usize, large: usize) -> String {
    json!({ "n": number, "type": "text", "value": format!("{number} ").repeat(large) }).to_string()
}

fn length(log: &Path) -> u64 {
    std::fs::metadata(log).map_or(0, |file| file.len())
}

/// Points and changes of cells by turns, each under its key, until the server is gone.
async fn write(address: String, log: std::path::PathBuf, writer: usize, requests: usize) -> Vec<Sent> {
    let http = reqwest::Client::new();
    let mut rng = SplitMix64(writer as u64);
    let (mut sent, mut start) = (Vec::new(), 0);
    for number in 0..requests {
        let points = [1, 3, 40, 700, 5000][rng.below(5) as usize];
        let large = [1, 10, 3000, 20_000][rng.below(4) as usize];
        let send = request(&http, &address, writer, number, start, points, large);
        start += if number.is_multiple_of(2) { points } else { 0 };
        let answered = send.await.is_some_and(|status| status < 300);
        sent.push(Sent { points, large, acknowledged: answered.then(|| length(&log)) });
        if !answered {
            break;
        }
    }
    sent
}

async fn request(http: &reqwest::Client, at: &str, writer: usize, number: usize, start: usize, points: usize, large: usize) -> Option<u16> {
    let send = if number.is_multiple_of(2) {
        http.post(format!("{at}/values/c{writer}/points")).body(body(start, points))
    } else {
        http.patch(format!("{at}/values/n{writer}")).body(note(number, large))
    };
    let key = format!("w{writer}:{number}");
    send.header("idempotency-key", key).header("idempotency-window", "ascending").send().await.ok().map(|reply| reply.status().as_u16())
}

/// The number of every event that a reader received, with the length of the log then.
async fn read(address: String, log: std::path::PathBuf) -> Vec<(u64, u64)> {
    let url = format!("{}/live", address.replace("http://", "ws://"));
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let mut received = Vec::new();
    while let Some(Ok(frame)) = socket.next().await {
        if let Some(seq) =
            frame.to_text().ok().and_then(|text| serde_json::from_str::<Value>(text).ok()).and_then(|event| event["seq"].as_u64())
        {
            received.push((seq, length(&log)));
        }
    }
    received
}

struct Record {
    log: Vec<Done>,
    /// By writer.
    sent: Vec<Vec<Sent>>,
    received: Vec<(u64, u64)>,
    /// Cells are there from here on.
    created: u64,
}

async fn record(flags: &[&str], requests: usize) -> Record {
    let disk = Disk::new();
    let server = disk.serve_with(true, flags);
    let http = reqwest::Client::new();
    for writer in 0..WRITERS {
        let cells = json!([{ "_id": format!("c{writer}"), "type": "line" }, { "_id": format!("n{writer}"), "n": 0 }]);
        let reply = http.post(format!("{}/values", server.address)).body(cells.to_string()).send().await.unwrap();
        assert_eq!(reply.status(), 201);
    }
    let created = length(&disk.log());
    let reader = tokio::spawn(read(server.address.clone(), disk.log()));
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write(server.address.clone(), disk.log(), writer, requests))).collect();
    let mut sent = Vec::new();
    for writer in writers {
        sent.push(writer.await.unwrap());
    }
    // A good end and a second start are in the record too: what SQLite then does with its files.
    server.stop();
    let received = reader.await.unwrap();
    disk.serve_with(true, flags).kill();
    let log = read_log(&std::fs::read(disk.log()).unwrap());
    Record { log, sent, received, created }
}

async fn check(data: &Path) -> Result<String, String> {
    let args = Args::parse_from(["agnez", "check", "--data", data.to_str().unwrap()]);
    run_command(args.command.as_ref().unwrap(), &args.config().unwrap()).await.map_err(|error| error.to_string())
}

async fn stored(server: &Running, writer: usize) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let page = server.call("GET", &format!("/values/c{writer}/points?limit=10000&from={}", all.len()), "").await;
        assert!(page.status == 200 || page.status == 404 && page.text.contains("no points yet"), "{}", page.text);
        let page = page.json();
        match page["points"].as_array().filter(|points| !points.is_empty()) {
            Some(points) => all.extend(points.iter().map(|point| point[1].clone())),
            None => return all,
        }
    }
}

/// Starts on what one cut left, and compares with what the clients know.
async fn look(record: &Record, image: &Image, at: u64, rng: &mut SplitMix64, durable: bool) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    image.cut(&data, rng);
    if data.join("agnez.sqlite").exists() {
        // A file that was made a moment before is empty and has no tables yet.
        let checked = check(&data).await;
        assert!(at < record.created || checked.is_ok(), "{checked:?}");
    }
    let server = spawn_in(folder, &[]).await;
    if at < record.created {
        return;
    }
    let hello = server.live("").await.next().await.unwrap();
    if durable {
        let received = record.received.iter().filter(|(_, log)| *log <= at).map(|(seq, _)| *seq).max().unwrap_or(0);
        assert!(hello["seq"].as_u64().unwrap() >= received, "a page received event {received}, and {hello} is on disk");
    }
    for (writer, sent) in record.sent.iter().enumerate() {
        if !durable && server.call("GET", &format!("/values/c{writer}"), "").await.status == 404 {
            // Before it was made.
            continue;
        }
        let acknowledged = sent.iter().take_while(|sent| durable && sent.acknowledged.is_some_and(|log| log <= at)).count();
        let points = |requests: &[Sent]| requests.iter().step_by(2).map(|sent| sent.points).sum::<usize>();
        let all = stored(&server, writer).await;
        assert!(all.len() >= points(&sent[..acknowledged]), "writer {writer}: {} points are left of {acknowledged} requests", all.len());
        assert!(all.iter().enumerate().all(|(at, y)| y.as_f64() == Some(at as f64)), "writer {writer}: its points are in order, once");
        let there = (0..=sent.len()).any(|requests| points(&sent[..requests]) == all.len());
        assert!(there, "writer {writer}: {} points are no whole number of requests", all.len());
        let cell = server.get(&format!("/values/n{writer}")).await;
        let number = cell["n"].as_u64().unwrap() as usize;
        let last = (0..acknowledged).rfind(|number| number % 2 == 1).unwrap_or(0);
        assert!(number >= last, "writer {writer}: change {last} was acknowledged, {number} is there");
        if number > 0 {
            assert_eq!(cell["value"], format!("{number} ").repeat(sent[number].large), "a value belongs to its cell");
        }
        // What was not answered is sent again under its key, and counts once.
        let (http, url) = (reqwest::Client::new(), server.url(""));
        let mut start = 0;
        for (number, one) in sent.iter().enumerate() {
            if number >= acknowledged {
                let from = start;
                let status = request(&http, &url, writer, number, from, one.points, one.large).await.unwrap();
                assert!(status < 300, "request {number} of writer {writer} sent again: {status}");
            }
            start += if number.is_multiple_of(2) { one.points } else { 0 };
        }
        assert_eq!(stored(&server, writer).await.len(), points(sent), "writer {writer}: sent again, and there once");
    }
    drop(server);
}

async fn cuts(flags: &[&str], requests: usize, cuts: usize, durable: bool) {
    let seed = std::env::var("AGNEZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    let record = record(flags, requests).await;
    let mut rng = SplitMix64(seed);
    let mut moments: Vec<usize> = (0..cuts).map(|_| rng.below(record.log.len() as u64 + 1) as usize).collect();
    moments.sort_unstable();
    let (mut image, mut applied) = (Image::default(), 0);
    for (cut, moment) in moments.into_iter().enumerate() {
        while applied < moment {
            image.apply(&record.log[applied]);
            applied += 1;
        }
        // Answers that came before the next entry was written.
        let at = record.log.get(applied).map_or(u64::MAX, |next| next.end - 1);
        println!("cut {cut} of seed {seed}, after {applied} of {} writes", record.log.len());
        look(&record, &image, at, &mut rng, durable).await;
    }
    assert!(record.sent.iter().all(|sent| sent.len() == requests && sent.iter().all(|sent| sent.acknowledged.is_some())));
}

fn many(default: usize) -> usize {
    std::env::var("AGNEZ_CUTS").ok().and_then(|cuts| cuts.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_takes_nothing_that_was_acknowledged() {
    cuts(&[], 24, many(8), true).await;
}

/// `--durability normal` may lose the last moments, but never the order, half a change, or the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_without_flushes_leaves_an_earlier_moment() {
    cuts(&["--durability", "normal"], 24, many(4), false).await;
}
