//! Numbers in, and columns out: the real program, its own process, plain HTTP over loopback. `cargo bench --bench points`
//!
//! `cargo bench --bench points -- [ingest] [singles] [series] [1e8]`: without words all three parts, with series of 1e5 and 1e7
//! points; about 4 minutes. A number, or `AGNEZ_BENCH_POINTS=1e8`, adds a series of that length: some minutes and 1 GB of disk.

mod ingest;
mod noise;
mod series;
#[path = "../server.rs"]
mod server;
mod singles;

const LENGTHS: [u64; 2] = [100_000, 10_000_000];
/// More would fill disks.
const MOST: f64 = 1e9;

fn main() {
    let mut parts = Vec::new();
    let mut lengths = LENGTHS.to_vec();
    let asked = std::env::var("AGNEZ_BENCH_POINTS").ok();
    // Cargo adds flags of its own.
    for word in std::env::args().skip(1).filter(|word| !word.starts_with('-')).chain(asked) {
        match word.parse::<f64>() {
            Ok(points) if (1e4..=MOST).contains(&points) => lengths.push(points as u64),
            Ok(_) => panic!("a series may have 1e4 to 1e9 points here, not {word}"),
            Err(_) => parts.push(word),
        }
    }
    lengths.dedup();
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
