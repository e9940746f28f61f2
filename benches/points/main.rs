//! Numbers in, and columns out: the real program, its own process, plain HTTP over loopback. `cargo bench --bench points`
//!
//! `cargo bench --bench points -- [ingest] [singles] [series] [1e8]`: without words all three parts, with series of 1e5 and 1e7
//! points; about 3 minutes. Numbers are other lengths in place of those; `AGNEZ_BENCH_POINTS=1e8` adds one: some minutes and 500 MB of disk.

mod ingest;
mod noise;
mod series;
#[path = "../server.rs"]
mod server;
mod singles;

const LENGTHS: [u64; 2] = [100_000, 10_000_000];

fn points(length: &str) -> u64 {
    let length = length.parse::<f64>().ok().filter(|length| (1e4..=1e9).contains(length));
    length.expect("a series may have 1e4 to 1e9 points here") as u64
}

fn main() {
    // Cargo adds flags of its own.
    let words = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    let (lengths, parts): (Vec<_>, Vec<_>) = words.partition(|word| word.parse::<f64>().is_ok());
    let mut lengths: Vec<u64> = lengths.iter().map(|length| points(length)).collect();
    if lengths.is_empty() {
        lengths.extend(LENGTHS);
        lengths.extend(std::env::var("AGNEZ_BENCH_POINTS").ok().map(|length| points(&length)));
    }
    if let Some(unknown) = parts.iter().find(|part| !["ingest", "singles", "series"].contains(&part.as_str())) {
        panic!("'{unknown}' is no part of this benchmark: name ingest, singles, series, or a number of points");
    }
    let chosen = |part: &str| parts.is_empty() || parts.iter().any(|known| known == part);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("disk: {} us to append 4 KiB and flush (median); load before: {}", server::flush_time(), load.trim());
    if chosen("ingest") {
        ingest::run();
    }
    if chosen("singles") {
        singles::run();
    }
    if chosen("series") {
        lengths.into_iter().for_each(series::run);
    }
}
