//! `make torture`: tries what the project promises against the real program for a chosen time, and prints one table.
//!
//! Each claim gets its share of the time, a folder and servers of its own. `--seed` gives the same attempts in the same
//! order, as far as the scheduling of threads is the same. Anything lost: exit code 1.

// A setup that fails panics, as in tests.
#![allow(clippy::unwrap_used)]

mod connection_limit;
mod crash;
mod crash_runs;
mod disk;
mod dropped_connections;
mod follower;
mod harness;
mod ledger;
mod load;
mod lost_responses;
mod origin_attacks;
mod overload;
mod oversized_requests;
mod proxy;
mod run_writer;
mod server;
mod shutdown;
mod slow_readers;
mod stalled_readers;
mod tokens;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::harness::{Rng, Row, Share};

type Claim = for<'a> fn(&'a mut Share) -> Pin<Box<dyn Future<Output = Row> + 'a>>;

/// Name, what is claimed, its part of the time, and how it is tried.
const CLAIMS: &[(&str, &str, u32, Claim)] = &[
    ("crash", "kill -9: every acknowledged change is stored once, in order", 4, |share| Box::pin(crate::crash::run(share))),
    ("crash_runs", "kill -9 while runs log, end, are deleted and restored: every point and document is stored once", 3, |share| {
        Box::pin(crate::crash_runs::run(share))
    }),
    ("lost_responses", "a change whose response is lost after the commit is done once", 2, |share| {
        Box::pin(crate::lost_responses::run(share))
    }),
    ("dropped_connections", "a reader that reconnects after a cut at any byte gets each change once", 2, |share| {
        Box::pin(crate::dropped_connections::run(share))
    }),
    ("origin_attacks", "foreign host names, pages of other sites, paths outside and missing tokens are refused", 1, |share| {
        Box::pin(crate::origin_attacks::run(share))
    }),
    (
        "disk",
        "power cuts, a full disk and failing flushes, with kill -9 in between: every acknowledged change is stored, deletions free space",
        3,
        |share| Box::pin(crate::disk::run(share)),
    ),
    ("shutdown", "SIGTERM under traffic ends within 10 s; after a start on the same port each change is done once", 2, |share| {
        Box::pin(crate::shutdown::run(share))
    }),
    ("overload", "too many clients and bodies at once are refused or cut; memory is bounded, health answers", 2, |share| {
        Box::pin(crate::overload::run(share))
    }),
    ("oversized_requests", "one request that asks for or sends too much is refused in little memory; health answers", 2, |share| {
        Box::pin(crate::oversized_requests::run(share))
    }),
    ("slow_readers", "clients that request much and read nothing hold bounded memory; health answers", 2, |share| {
        Box::pin(crate::slow_readers::run(share))
    }),
    (
        "connection_limit",
        "500 sockets without a token that read nothing keep no other client out; health, reads and changes are answered",
        1,
        |share| Box::pin(crate::connection_limit::run(share)),
    ),
    ("stalled_readers", "200 readers that read nothing take bounded memory, are cut, and delay no other client", 2, |share| {
        Box::pin(crate::stalled_readers::run(share))
    }),
];

struct Options {
    minutes: f64,
    seed: u64,
    only: Vec<String>,
}

fn parse_options(arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let from_clock = std::time::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_secs() % 1_000_000);
    let mut options = Options { minutes: 2.0, seed: from_clock, only: Vec::new() };
    let mut arguments = arguments;
    while let Some(flag) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{flag} needs a value."))?;
        let no_number = || format!("{flag} takes a number, not '{value}'.");
        match flag.as_str() {
            "--minutes" => options.minutes = value.parse().ok().filter(|minutes| *minutes > 0.0).ok_or_else(no_number)?,
            "--seed" => options.seed = value.parse().map_err(|_| no_number())?,
            "--only" => options.only = value.split(',').map(str::to_owned).collect(),
            _ => return Err(format!("There is no flag {flag}; there are --minutes, --seed and --only.")),
        }
    }
    match options.only.iter().find(|name| CLAIMS.iter().all(|claim| claim.0 != name.as_str())) {
        Some(name) => {
            let names: Vec<_> = CLAIMS.iter().map(|claim| claim.0).collect();
            Err(format!("There is no claim '{name}'; there are {}.", names.join(", ")))
        }
        None => Ok(options),
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let options = match parse_options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("torture: {why}");
            return ExitCode::from(2);
        }
    };
    let program = PathBuf::from(std::env::var_os("AGNEZ_BIN").unwrap_or_else(|| "target/release/agnez".into()));
    if !program.is_file() {
        eprintln!("torture: there is no program at {}; run 'make build', or name it with AGNEZ_BIN.", program.display());
        return ExitCode::from(2);
    }
    let claims: Vec<_> =
        CLAIMS.iter().filter(|claim| options.only.is_empty() || options.only.iter().any(|name| name.as_str() == claim.0)).collect();
    let parts: u32 = claims.iter().map(|claim| claim.2).sum();
    let mut rows = Vec::new();
    for (name, what, part, run) in &claims {
        eprintln!("torture: {name} ...");
        let time = Duration::from_secs_f64(options.minutes * 60.0 * f64::from(*part) / f64::from(parts));
        // Each claim has random numbers of its own: they do not depend on which other claims run.
        let seed = name.bytes().fold(options.seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let begun = Instant::now();
        let mut share = Share { until: begun + time, rng: Rng::new(seed), program: program.clone() };
        let row = run(&mut share).await;
        for lost in &row.lost {
            eprintln!("torture: {name}: {lost}");
        }
        rows.push((*name, *what, row, begun.elapsed()));
    }
    println!("{}", table(&rows, options.seed));
    // A claim that tried nothing has shown nothing.
    if rows.iter().all(|row| row.2.lost.is_empty() && row.2.tried > 0) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// In the form of the tables in docs/.
fn table(rows: &[(&str, &str, Row, Duration)], seed: u64) -> String {
    let mut lines = vec!["| claim | tried | lost | worst | further | again |".to_owned(), "|---|---|---|---|---|---|".to_owned()];
    for (name, what, row, took) in rows {
        let worst: Vec<_> = row.worst.iter().map(|(of, time)| format!("{of} {:.0} ms", time.as_secs_f64() * 1e3)).collect();
        let further = row.figures.join(", ");
        let (tried, unit, lost, worst, took) = (row.tried, row.unit, row.lost.len(), worst.join(", "), took.as_secs_f64());
        lines.push(format!("| {what} | {tried} {unit} in {took:.0} s | {lost} | {worst} | {further} | `--only {name} --seed {seed}` |"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_losses_and_wrong_flags_are_named() {
        let mut row = Row::of("kills");
        row.lose("point 7 is missing");
        row.took("ready again", Duration::from_millis(20));
        row.took("ready again", Duration::from_millis(10));
        let text = table(&[("crash", "Nothing is lost", row, Duration::from_secs(1))], 5);
        assert!(text.contains("| 1 | ready again 20 ms |") && text.contains("--only crash --seed 5"), "{text}");
        let read = |text: &str| {
            parse_options(text.split(' ').map(str::to_owned)).map(|options| (options.minutes, options.seed, options.only.len()))
        };
        assert_eq!(read("--minutes 0.5 --seed 7 --only crash"), Ok((0.5, 7, 1)));
        for wrong in ["--minutes x", "--minutes -1", "--only none", "--seed", "--colour red"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
