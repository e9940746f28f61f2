//! Bytes on disk of points that come one by one, with the times at which they came.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::noise::{Chance, Losses};
use crate::series::{size, stop};
use crate::server::{Client, Server, folder};

/// In each round.
const POINTS: u64 = 100_000;
const ROUNDS: u64 = 4;
const CONNECTIONS: u64 = 64;
/// Each gets the same share of the points.
const SERIES: u64 = 8;
/// Points whose times are given: a step takes 50 ms, more or less.
const TIMED: u64 = 1_000_000;

fn send_until(end: u64, next: &AtomicU64, port: u16, losses: &Losses) {
    let mut client = Client::connect(port);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= end {
            return;
        }
        let path = format!("/values/c{}/points", number % SERIES);
        client.json("POST", &path, &format!("{{\"loss\":{}}}", losses.at(number / SERIES)));
    }
}

pub fn run() {
    println!("\nbytes a point on disk, database and WAL after a clean stop");
    let losses = Losses::new(2, true);
    let folder = folder();
    let server = Server::start("full", folder.path());
    let mut setup = Client::connect(server.port);
    for cell in 0..SERIES {
        setup.json("POST", "/values", &format!("{{\"_id\":\"c{cell}\",\"type\":\"line\"}}"));
    }
    stop(server);
    for round in 1..=ROUNDS {
        let server = Server::start("full", folder.path());
        let (next, port) = (AtomicU64::new((round - 1) * POINTS), server.port);
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| send_until(round * POINTS, &next, port, &losses));
            }
        });
        stop(server);
        let (points, bytes) = (round * POINTS, size(folder.path()));
        let each = bytes as f64 / points as f64;
        println!(
            "1 a request, times of arrival, {SERIES} series, {CONNECTIONS} connections: {points:7} points: {bytes:8} bytes, {each:5.2} each"
        );
    }

    let folder = self::folder();
    let server = Server::start("full", folder.path());
    let mut client = Client::connect(server.port);
    client.json("POST", "/values", "{\"_id\":\"a\",\"type\":\"line\"}");
    let (mut chance, mut now, mut body) = (Chance(3), 1.8e9, Vec::new());
    for start in (0..TIMED).step_by(10_000) {
        let times: Vec<f64> = (0..10_000)
            .map(|_| {
                now += 0.05 + 0.005 * chance.normal();
                (now * 1e3_f64).round() / 1e3
            })
            .collect();
        losses.frame("a", start, 10_000, Some(&times), &mut body);
        client.call("POST", "/points", "application/octet-stream", &body);
    }
    stop(server);
    println!("times given, 50 ms +- 5 apart, in ms: {TIMED} points in frames of 10000: {:.2}", size(folder.path()) as f64 / TIMED as f64);
}
