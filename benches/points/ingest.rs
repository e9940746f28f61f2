//! How many points a second are acknowledged, each on disk first: single points, JSON and frames.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::noise::{Losses, quantile, sorted};
use crate::server::{Client, Server, folder};

const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(2);
/// Connections, each with a series of its own.
const MOST: usize = 64;

#[derive(Clone, Copy)]
enum Form {
    /// `{"loss":[[step,y],...]}`
    Json,
    /// A frame with steps, and y as f32 or f64.
    Frame { single: bool },
}

const PLAN: [(Form, usize, &[usize]); 9] = [
    (Form::Json, 1, &[1, 16, 64]),
    (Form::Json, 1_000, &[1, 4]),
    (Form::Json, 100_000, &[1]),
    (Form::Frame { single: true }, 1_000, &[1, 4]),
    (Form::Frame { single: true }, 10_000, &[1, 4]),
    (Form::Frame { single: true }, 100_000, &[1, 4]),
    (Form::Frame { single: false }, 1_000, &[1, 4]),
    (Form::Frame { single: false }, 10_000, &[1, 4]),
    (Form::Frame { single: false }, 100_000, &[1, 4]),
];

/// What one connection sends: the next points of its series.
struct Sender<'a> {
    client: Client,
    cell: String,
    losses: &'a Losses,
    form: Form,
    body: Vec<u8>,
}

impl Sender<'_> {
    fn send(&mut self, start: u64, count: usize) {
        match self.form {
            Form::Frame { .. } => {
                self.losses.frame(&self.cell, start, count, None, &mut self.body);
                self.client.call("POST", "/points", "application/octet-stream", &self.body);
            }
            Form::Json => {
                let mut text = String::from("{\"loss\":[");
                for step in start..start + count as u64 {
                    let comma = if step == start { "" } else { "," };
                    let _ = write!(text, "{comma}[{step},{}]", self.losses.at(step));
                }
                text.push_str("]}");
                self.client.json("POST", &format!("/values/{}/points", self.cell), &text);
            }
        }
    }
}

/// Points a second, and the latencies of the requests in ms, sorted. Each connection goes on at `starts`.
fn round(port: u16, losses: &Losses, form: Form, count: usize, starts: &mut [u64], tag: &str) -> (f64, Vec<f64>) {
    let began = Instant::now();
    let latencies: Vec<Vec<f64>> = std::thread::scope(|scope| {
        let senders: Vec<_> = starts
            .iter_mut()
            .enumerate()
            .map(|(number, start)| {
                let cell = format!("{tag}-{number}");
                let mut sender = Sender { client: Client::connect(port), cell, losses, form, body: Vec::new() };
                scope.spawn(move || {
                    let mut latencies = Vec::new();
                    while began.elapsed() < ROUND {
                        let sent = Instant::now();
                        sender.send(*start, count);
                        latencies.push(sent.elapsed().as_secs_f64() * 1e3);
                        *start += count as u64;
                    }
                    latencies
                })
            })
            .collect();
        senders.into_iter().map(|sender| sender.join().expect("a client ends")).collect()
    });
    let latencies = sorted(latencies.concat());
    ((latencies.len() * count) as f64 / began.elapsed().as_secs_f64(), latencies)
}

pub fn run() {
    println!(
        "\ningest, durability full; median of {ROUNDS} rounds of {} s\nform        points  connections     points/s   p50 ms   p95 ms",
        ROUND.as_secs()
    );
    let all = [Losses::new(1, true), Losses::new(1, false)];
    for (number, (form, count, connections)) in PLAN.into_iter().enumerate() {
        for connections in connections.iter().copied() {
            let folder = folder();
            let server = Server::start("full", folder.path());
            let mut setup = Client::connect(server.port);
            let tag = format!("run{number}");
            for cell in 0..connections.min(MOST) {
                setup.json("POST", "/values", &format!("{{\"_id\":\"{tag}-{cell}\",\"type\":\"line\"}}"));
            }
            let (name, losses) = match form {
                Form::Json => ("JSON", &all[0]),
                Form::Frame { single: true } => ("frame f32", &all[0]),
                Form::Frame { single: false } => ("frame f64", &all[1]),
            };
            let mut starts = vec![0; connections];
            let mut rounds: Vec<_> = (0..ROUNDS).map(|_| round(server.port, losses, form, count, &mut starts, &tag)).collect();
            for (cell, start) in starts.iter().enumerate() {
                let cell_text = String::from_utf8_lossy(setup.json("GET", &format!("/values/{tag}-{cell}"), "")).into_owned();
                assert!(
                    cell_text.contains(&format!("\"points\":{start},")),
                    "{start} points were acknowledged, not all are there: {cell_text}"
                );
            }
            rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (rate, latencies) = &rounds[ROUNDS / 2];
            let (p50, p95) = (quantile(latencies, 0.5), quantile(latencies, 0.95));
            println!("{name:10}  {count:6}  {connections:11}  {rate:11.0}  {p50:7.2}  {p95:7.2}");
        }
    }
}
