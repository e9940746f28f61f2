//! Many runs on one board: the real program in its own process, HTTP over loopback, `--durability full`. `cargo bench --bench runs`
//!
//! `cargo bench --bench runs -- [runs] [steps]`: by default 1,000 runs of 10 metrics with 1,000 steps each; the figures of
//! docs/performance.md are of `-- 10000 1000` (1e8 points, 1 GB of disk, about a minute). Each run is sent as `POST …/log` in arrays
//! of 250 steps, over 4 connections, and has a configuration of 100 keys.

mod server;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use server::{Client, Server, folder};

const METRICS: [&str; 10] =
    ["train/loss", "val/loss", "train/acc", "val/acc", "lr", "grad_norm", "train/f1", "val/f1", "throughput", "epoch_time"];
const STEPS_PER_REQUEST: u64 = 250;
const CONNECTIONS: u64 = 4;
/// Runs that log at the same time in the last part, one step a request.
const LIVE_RUNS: u64 = 100;
const LIVE_SECONDS: u64 = 5;
const STARTS: usize = 5;
/// Values of the key that runs are grouped by.
const GROUPS: u64 = 8;
/// Requests for groups of each kind.
const GROUP_REQUESTS: usize = 40;
/// Calls of a table or a search that are timed, after one that is not.
const CALLS: usize = 40;
/// Keys of a configuration, and those of them in which runs differ.
const CONFIG_KEYS: u64 = 100;
const DIFFERENT_KEYS: u64 = 20;

/// An array of `count` steps of one run, from step `start` on: curves that fall, with noise.
fn body(run: u64, start: u64, count: u64) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(count as usize * 200);
    let mut state = (run + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ start;
    let mut noise = || {
        // SplitMix64 (Steele, Lea, Flood 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 40) as f64 / (1_u64 << 24) as f64
    };
    text.push('[');
    for step in start..start + count {
        let _ = write!(text, "{}{{\"step\":{step}", if step == start { "" } else { "," });
        for metric in METRICS {
            let value = (2.0 / (1.0 + step as f64 / 50.0) * (1.0 + 0.05 * noise())) as f32;
            let _ = write!(text, ",\"{metric}\":{value}");
        }
        text.push('}');
    }
    text.push(']');
    text
}

/// The document that ends a run: keys with 2 to 20 classes, a seed, a path of its own, and keys that are the same in all runs.
fn document(run: u64) -> String {
    let keys = (0..CONFIG_KEYS - 4).map(|key| match key < DIFFERENT_KEYS {
        true => format!("\"key_{key}\":{}", run / (key + 1) % (key + 2)),
        false => format!("\"key_{key}\":\"the same\""),
    });
    let keys: Vec<_> = keys.collect();
    let (lr, model) = (run % GROUPS, ["vit", "resnet18", "resnet50"][run as usize % 3]);
    format!(
        "{{\"status\":\"finished\",\"config\":{{\"lr\":{lr},\"model\":\"{model}\",\"seed\":{},\"path\":\"/runs/{run}\",{}}}}}",
        run / GROUPS,
        keys.join(",")
    )
}

fn address(run: u64) -> String {
    format!("/boards/sweep/runs/run-{run}/log")
}

/// Asks the server to stop, and waits until it has.
fn stop(mut server: Server) {
    let signalled = Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().expect("kill is there");
    assert!(signalled.success(), "the server got no signal");
    let ended = server.child.wait().expect("the server ends");
    assert!(ended.success(), "the server ended with {ended}");
}

/// Bytes of all files in the data folder.
fn disk_bytes(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("the data folder");
    files.map(|file| file.and_then(|file| file.metadata()).map_or(0, |file| file.len())).sum()
}

/// Resident memory now and at its highest, MB.
fn memory(server: &Server) -> (f64, f64) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).expect("a running process");
    let read = |key| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("its memory");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1e3
    };
    (read("VmRSS:"), read("VmHWM:"))
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

fn load(server: &Server, runs: u64, steps: u64) {
    let (next, port) = (AtomicU64::new(0), server.port);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut client = Client::connect(port);
                loop {
                    let run = next.fetch_add(1, Ordering::Relaxed);
                    if run >= runs {
                        return;
                    }
                    for start in (0..steps).step_by(STEPS_PER_REQUEST as usize) {
                        client.json("POST", &address(run), &body(run, start, STEPS_PER_REQUEST.min(steps - start)));
                    }
                    client.json("PATCH", &format!("/boards/sweep/runs/run-{run}"), &document(run));
                }
            });
        }
    });
    let points = runs * steps * METRICS.len() as u64;
    let seconds = began.elapsed().as_secs_f64();
    println!("loaded                        {points} points in {seconds:.1} s: {:.0} points/s", points as f64 / seconds);
}

/// One run logs a step a request, and waits for each reply, while others do the same.
fn log_beside_others(server: &Server, runs: u64) {
    let (port, is_over) = (server.port, AtomicBool::new(false));
    let others = AtomicU64::new(0);
    let mut times = std::thread::scope(|scope| {
        for other in 1..=LIVE_RUNS {
            let (is_over, others) = (&is_over, &others);
            scope.spawn(move || {
                let mut client = Client::connect(port);
                let mut step = 0;
                while !is_over.load(Ordering::Relaxed) {
                    client.json("POST", &address(runs + other), &body(runs + other, step, 1));
                    others.fetch_add(1, Ordering::Relaxed);
                    step += 1;
                    std::thread::sleep(Duration::from_millis(50));
                }
            });
        }
        let mut client = Client::connect(port);
        let began = Instant::now();
        let mut times = Vec::new();
        while began.elapsed() < Duration::from_secs(LIVE_SECONDS) {
            let sent = Instant::now();
            client.json("POST", &address(runs), &body(runs, times.len() as u64, 1));
            times.push(sent.elapsed().as_secs_f64() * 1e3);
            std::thread::sleep(Duration::from_millis(5));
        }
        is_over.store(true, Ordering::Relaxed);
        times
    });
    times.sort_by(f64::total_cmp);
    println!(
        "log of one run beside {LIVE_RUNS}     p50 {:.2}   p99 {:.2} ms, of {}; the others logged {} steps a second together",
        quantile(&times, 0.5),
        quantile(&times, 0.99),
        times.len(),
        others.load(Ordering::Relaxed) / LIVE_SECONDS
    );
}

/// Outlines are made while nothing else is to be done; until then requests for groups read points.
fn wait_for_outlines(server: &Server) {
    let mut client = Client::connect(server.port);
    let began = Instant::now();
    loop {
        let metrics = String::from_utf8(client.call("GET", "/metrics", "text/plain", b"").to_vec()).expect("a text");
        let waiting = metrics.lines().find_map(|line| line.strip_prefix("agnez_curves_waiting ")).expect("the metric");
        if waiting == "0" {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(300), "{waiting} outlines are not made after 5 minutes");
        std::thread::sleep(Duration::from_millis(200));
    }
    println!("outlines of ended runs made   {:.1} s later", began.elapsed().as_secs_f64());
}

fn timed(what: &str, mut call: impl FnMut()) {
    let mut times: Vec<f64> = (0..STARTS)
        .map(|_| {
            let began = Instant::now();
            call();
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{what:29} p50 {:.1}   max {:.1} ms, of {STARTS}", quantile(&times, 0.5), times[STARTS - 1]);
}

/// Lines with bands over groups of all runs, as the page asks for them, for charts of so many pixels.
fn read_groups(client: &mut Client, what: &str, query: &str, widths: impl Iterator<Item = usize>) {
    let mut bytes = 0;
    let mut times: Vec<f64> = widths
        .take(GROUP_REQUESTS)
        .map(|width| {
            let path = format!("/groups?cells=sweep-loss&width={width}&by=lr{query}");
            let began = Instant::now();
            bytes = client.call("GET", &path, "application/octet-stream", b"").len();
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{what:29} p50 {:.0}   p95 {:.0} ms, of {GROUP_REQUESTS}; {} KB", quantile(&times, 0.5), quantile(&times, 0.95), bytes / 1000);
}

/// Calls an address again and again: the answer is made each time.
fn timed_calls(client: &mut Client, what: &str, path: &str) {
    client.json("GET", path, "");
    let mut times: Vec<f64> = (0..CALLS)
        .map(|_| {
            let began = Instant::now();
            client.json("GET", path, "");
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{what:29} p50 {:.1}   p95 {:.1} ms, of {CALLS}", quantile(&times, 0.5), quantile(&times, 0.95));
}

fn main() {
    // Cargo adds flags of its own.
    let mut numbers = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    let mut number = |default| numbers.next().map_or(default, |word| word.parse().expect("a number of runs or steps"));
    let (runs, steps): (u64, u64) = (number(1000), number(1000));
    assert!((1..=90_000).contains(&runs) && (1..=100_000).contains(&steps), "1 to 90000 runs of 1 to 100000 steps");
    let load_average = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("disk: {} us to append 4 KiB and flush (median); load before: {}", server::flush_time(), load_average.trim());
    println!("{runs} runs of {} metrics with {steps} steps on one board", METRICS.len());
    let folder = folder();
    let server = Server::start("full", folder.path());
    load(&server, runs, steps);
    let (now, highest) = memory(&server);
    println!("memory after that             {now:.0} MB, {highest:.0} MB at most");
    log_beside_others(&server, runs);
    wait_for_outlines(&server);
    stop(server);
    let points = (runs * steps * METRICS.len() as u64) as f64;
    println!("bytes a point                 {:.2} (database and WAL)", disk_bytes(folder.path()) as f64 / points);
    timed("start to first answer", || {
        let server = Server::start("full", folder.path());
        Client::connect(server.port).json("GET", "/boards/sweep/runs?$limit=1", "");
        stop(server);
    });
    let server = Server::start("full", folder.path());
    let mut client = Client::connect(server.port);
    println!("memory after a start          {:.0} MB", memory(&server).0);
    let began = Instant::now();
    client.json("GET", "/boards/sweep/run-table", "");
    println!("first table after a start     {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    let mut calls = |what: &str, path: &str| timed_calls(&mut client, what, &format!("/boards/sweep/{path}"));
    calls("50 newest runs", "runs?$limit=50");
    calls("search and sort by a metric", "runs?q=val/loss.min%3C1&sort=metrics.val/loss.min&$limit=50");
    calls("table", "run-table");
    calls("table, sorted by a key", "run-table?sort=-config.lr,config.seed");
    calls("table, sorted by a metric", "run-table?sort=-metrics.val/acc.max");
    calls("table, of a search", "run-table?q=lr%3C5%20model:res*%20val/loss.min%3C1&sort=metrics.val/loss.min");
    calls("table, of a text", "run-table?q=run-77");
    calls("names to complete", "run-keys?prefix=val&$limit=20");
    let ids: Vec<String> = (0..runs.min(20)).map(|run| format!("run-{run}")).collect();
    let path = format!("/columns?cells=sweep-loss&width=800&runs={}", ids.join(","));
    timed("columns of 20 runs", || {
        client.json("GET", &path, "");
    });
    // Of charts of different widths no curve is calculated already.
    let window = format!("&from={}&to={}", steps / 2, steps / 2 + steps / 10);
    read_groups(&mut client, "groups, whole runs", "", 700..);
    read_groups(&mut client, "the same again", "", std::iter::repeat(700));
    read_groups(&mut client, "groups, a tenth of the steps", &window, 700..);
    read_groups(&mut client, "the same again", &window, std::iter::repeat(700));
    println!("memory after that             {:.0} MB", memory(&server).0);
    stop(server);
}
