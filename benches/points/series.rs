//! One series of some length: what it takes on disk and in memory, to start, to ask and to append.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::noise::{Chance, Losses, quantile, sorted};
use crate::server::{Client, Server, folder};

const FRAME: u64 = 100_000;
const QUERIES: usize = 1000;
const STARTS: usize = 5;
const WIDTH: u32 = 1000;
/// Points of the short series that the long one is compared with.
const SHORT: u64 = 1000;
const APPENDS: u64 = 200;

fn connect(server: &Server) -> Client {
    Client::connect(server.port)
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}

/// Asks the server to stop, and waits until it has.
pub fn stop(mut server: Server) {
    let asked = Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().expect("kill is there");
    assert!(asked.success(), "the server could not be stopped");
    let ended = server.child.wait().expect("the server ends");
    assert!(ended.success(), "the server ended with {ended}");
}

/// Bytes of all files in the data folder.
pub fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("the data folder");
    files.map(|file| file.and_then(|file| file.metadata()).map_or(0, |file| file.len())).sum()
}

/// Takes the database out of the system's memory, so that it is read from the disk: `posix_fadvise`, as `dd` does it.
fn evict(folder: &Path) {
    let file = format!("if={}", folder.join("agnez.sqlite").display());
    let status = Command::new("dd").args([&file, "iflag=nocache", "count=0", "status=none"]).status().expect("dd is there");
    assert!(status.success(), "dd failed");
}

/// Resident memory, MB.
fn memory(server: &Server) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    let kb: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kb / 1e3
}

fn columns(client: &mut Client, window: Option<(f64, f64)>) -> usize {
    let window = window.map_or(String::new(), |(from, to)| format!("&from={from}&to={to}"));
    let path = format!("/columns?cells=long&width={WIDTH}{window}");
    let frame = agnez::protocol::columns::read(client.call("GET", &path, "application/octet-stream", b"")).expect("a frame of columns");
    frame.cells[0].series[0].columns.len()
}

/// Anywhere in the series, widths log-uniform from 100 points to all.
fn windows(points: u64) -> Vec<(f64, f64)> {
    let (mut chance, all) = (Chance(4), points as f64);
    let window = |_| {
        let width = 100.0 * (all / 100.0).powf(chance.unit());
        let from = chance.unit() * (all - width);
        (from.round(), (from + width).round())
    };
    (0..QUERIES).map(window).collect()
}

fn tell(what: &str, list: Vec<f64>) {
    let list = sorted(list);
    let [p50, p95, max] = [0.5, 0.95, 1.0].map(|share| quantile(&list, share));
    println!("{what:44} p50 {p50:8.2}   p95 {p95:8.2}   max {max:8.2}   ms, of {}", list.len());
}

fn ask(what: &str, client: &mut Client, windows: &[(f64, f64)]) {
    let mut counts = Vec::new();
    let mut times = Vec::new();
    for window in windows {
        let began = Instant::now();
        let count = columns(client, Some(*window));
        times.push(ms(began));
        counts.push(count as f64);
    }
    let counts = sorted(counts);
    tell(what, times);
    println!("{:44} p50 {:8.0}   max {:8.0}   columns", "", quantile(&counts, 0.5), quantile(&counts, 1.0));
}

pub fn run(points: u64) {
    println!("\none series of {points} noisy f32 losses, steps regular");
    let losses = Losses::new(5, true);
    let folder = folder();
    load(folder.path(), &losses, points);
    starts(folder.path());
    let server = queries(folder.path(), points);
    appends(&server, &losses, points);
    stop(server);
}

fn load(folder: &Path, losses: &Losses, points: u64) {
    let server = Server::start("full", folder);
    let mut client = connect(&server);
    for cell in ["long", "short", "batch"] {
        client.json("POST", "/values", &format!("{{\"_id\":\"{cell}\",\"type\":\"line\"}}"));
    }
    let (mut body, began) = (Vec::new(), Instant::now());
    for start in (0..points).step_by(FRAME as usize) {
        losses.frame("long", start, FRAME.min(points - start) as usize, None, &mut body);
        client.call("POST", "/points", "application/octet-stream", &body);
    }
    println!("{:44} {:.0} points/s over 1 connection", "loaded in frames of 100000", points as f64 / began.elapsed().as_secs_f64());
    println!("{:44} {:.0} MB", "memory after that", memory(&server));
    stop(server);
    println!("{:44} {:.3}", "bytes a point, database and WAL", size(folder) as f64 / points as f64);
}

fn starts(folder: &Path) {
    for (what, is_evicted) in [("start to first answer", false), ("the same, database not in memory", true)] {
        let mut first = Vec::new();
        let mut times = Vec::new();
        for _ in 0..STARTS {
            if is_evicted {
                evict(folder);
            }
            let began = Instant::now();
            let server = Server::start("full", folder);
            let mut client = connect(&server);
            client.json("GET", "/values/long", "");
            times.push(ms(began));
            let began = Instant::now();
            columns(&mut client, None);
            first.push(ms(began));
            stop(server);
        }
        tell(what, times);
        tell("   then the first columns, of everything", first);
    }
}

fn queries(folder: &Path, points: u64) -> Server {
    let windows = windows(points);
    evict(folder);
    let server = Server::start("full", folder);
    let mut client = connect(&server);
    println!("{:44} {:.0} MB", "memory after a start", memory(&server));
    ask("columns, random windows, from the disk", &mut client, &windows);
    stop(server);
    let server = Server::start("full", folder);
    let mut client = connect(&server);
    ask("columns, random windows, after a restart", &mut client, &windows);
    println!("{:44} {:.0} MB", "memory after that", memory(&server));
    ask("the same windows again", &mut client, &windows);
    server
}

/// Interleaved, so that whatever else the machine does meets all alike.
fn appends(server: &Server, losses: &Losses, points: u64) {
    let mut client = connect(server);
    let mut body = Vec::new();
    let mut append = |cell: &str, start: u64, count: u64| {
        losses.frame(cell, start, count as usize, None, &mut body);
        let began = Instant::now();
        client.call("POST", "/points", "application/octet-stream", &body);
        ms(began)
    };
    append("short", 0, SHORT);
    append("batch", 0, SHORT);
    let mut long = points;
    let mut times: [Vec<f64>; 4] = Default::default();
    for number in 0..APPENDS {
        times[0].push(append("short", SHORT + number, 1));
        times[1].push(append("long", long, 1));
        times[2].push(append("batch", SHORT + number * 1000, 1000));
        times[3].push(append("long", long + 1, 1000));
        long += 1001;
    }
    let [short_1, long_1, short_1000, long_1000] = times;
    tell("append 1 point to a series of 1000", short_1);
    tell(&format!("append 1 point to this one of {points}"), long_1);
    tell("append 1000 points to a series of 1000", short_1000);
    tell(&format!("append 1000 points to this one of {points}"), long_1000);
}
