//! `make torture`: what the project promises, tried against the real program for a chosen time, told in one table.
//!
//! Each claim gets its share of the time, a folder and servers of its own. `--seed` gives the same attempts in the same
//! order, as far as the scheduling of threads is the same. Anything lost: exit code 1.

#![allow(clippy::unwrap_used)]

mod crash;
mod disk;
mod dropped_connections;
mod floods;
mod follower;
mod harness;
mod ledger;
mod load;
mod origin_attacks;
mod overload;
mod places;
mod proxy;
mod readers;
mod replies;
mod server;
mod stalled_readers;
mod stop;
mod tokens;

// A harness: what cannot be set up is told by a panic, as in tests.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::harness::{Rng, Row, Share};

type Claim = for<'a> fn(&'a mut Share) -> Pin<Box<dyn Future<Output = Row> + 'a>>;

/// Name, what is claimed, its part of the time, and how it is tried.
const CLAIMS: &[(&str, &str, u32, Claim)] = &[
    ("kills", "kill -9: what was acknowledged is there, once, in order", 4, |share| Box::pin(crate::crash::run(share))),
    ("replies", "an answer that is lost after the commit doubles nothing", 2, |share| Box::pin(crate::replies::run(share))),
    ("cuts", "readers that are cut anywhere and go on miss nothing and get nothing twice", 2, |share| {
        Box::pin(crate::dropped_connections::run(share))
    }),
    ("doors", "foreign names, foreign pages, paths that lead outside and who has no right are refused", 1, |share| {
        Box::pin(crate::origin_attacks::run(share))
    }),
    (
        "disk",
        "power cuts, a full disk and failing flushes, with kill -9 in between: what was acknowledged is there, removals make room",
        3,
        |share| Box::pin(crate::disk::run(share)),
    ),
    ("stop", "SIGTERM under traffic ends within 10 s; a start on the same port loses and doubles nothing", 2, |share| {
        Box::pin(crate::stop::run(share))
    }),
    ("floods", "too much of everything is refused or cut; memory is bounded, health answers", 2, |share| {
        Box::pin(crate::floods::run(share))
    }),
    ("overload", "one request that asks or sends too much is refused in small memory; health answers", 2, |share| {
        Box::pin(crate::overload::run(share))
    }),
    ("readers", "who asks for much and takes nothing of it holds bounded memory; health answers", 2, |share| {
        Box::pin(crate::readers::run(share))
    }),
    (
        "places",
        "500 sockets without a token that take nothing hold no place that another wants; health, reads and changes are answered",
        1,
        |share| Box::pin(crate::places::run(share)),
    ),
    ("frozen", "200 readers that take nothing cost no memory, are cut, and nobody else notices", 2, |share| {
        Box::pin(crate::stalled_readers::run(share))
    }),
];

struct Wanted {
    minutes: f64,
    seed: u64,
    only: Vec<String>,
}

fn wanted(arguments: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let from_clock = std::time::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_secs() % 1_000_000);
    let mut wanted = Wanted { minutes: 2.0, seed: from_clock, only: Vec::new() };
    let mut arguments = arguments;
    while let Some(flag) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{flag} needs a value."))?;
        let no_number = || format!("{flag} takes a number, not '{value}'.");
        match flag.as_str() {
            "--minutes" => wanted.minutes = value.parse().ok().filter(|minutes| *minutes > 0.0).ok_or_else(no_number)?,
            "--seed" => wanted.seed = value.parse().map_err(|_| no_number())?,
            "--only" => wanted.only = value.split(',').map(str::to_owned).collect(),
            _ => return Err(format!("There is no flag {flag}; there are --minutes, --seed and --only.")),
        }
    }
    match wanted.only.iter().find(|name| CLAIMS.iter().all(|claim| claim.0 != name.as_str())) {
        Some(name) => {
            let names: Vec<_> = CLAIMS.iter().map(|claim| claim.0).collect();
            Err(format!("There is no claim '{name}'; there are {}.", names.join(", ")))
        }
        None => Ok(wanted),
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let wanted = match wanted(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
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
        CLAIMS.iter().filter(|claim| wanted.only.is_empty() || wanted.only.iter().any(|name| name.as_str() == claim.0)).collect();
    let parts: u32 = claims.iter().map(|claim| claim.2).sum();
    let mut rows = Vec::new();
    for (name, what, part, run) in &claims {
        eprintln!("torture: {name} ...");
        let time = Duration::from_secs_f64(wanted.minutes * 60.0 * f64::from(*part) / f64::from(parts));
        // Each claim has a row of numbers of its own, whichever others run.
        let seed = name.bytes().fold(wanted.seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let begun = Instant::now();
        let mut share = Share { until: begun + time, rng: Rng::new(seed), program: program.clone() };
        let row = run(&mut share).await;
        for lost in &row.lost {
            eprintln!("torture: {name}: {lost}");
        }
        rows.push((*name, *what, row, begun.elapsed()));
    }
    println!("{}", table(&rows, wanted.seed));
    // A claim that tried nothing has shown nothing.
    if rows.iter().all(|row| row.2.lost.is_empty() && row.2.tried > 0) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// In the form of the tables in docs/.
fn table(rows: &[(&str, &str, Row, Duration)], seed: u64) -> String {
    let mut lines = vec!["| claim | tried | lost | worst | further | again |".to_owned(), "|---|---|---|---|---|---|".to_owned()];
    for (name, what, row, took) in rows {
        let worst: Vec<_> = row.worst.iter().map(|(of, time)| format!("{of} {:.0} ms", time.as_secs_f64() * 1e3)).collect();
        let further = row.told.join(", ");
        let (tried, unit, lost, worst, took) = (row.tried, row.unit, row.lost.len(), worst.join(", "), took.as_secs_f64());
        lines.push(format!("| {what} | {tried} {unit} in {took:.0} s | {lost} | {worst} | {further} | `--only {name} --seed {seed}` |"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_shows_in_the_table_and_wrong_flags_are_named() {
        let mut row = Row::of("kills");
        row.lose("point 7 is gone");
        row.took("ready again", Duration::from_millis(20));
        row.took("ready again", Duration::from_millis(10));
        let text = table(&[("kills", "Nothing is lost", row, Duration::from_secs(1))], 5);
        assert!(text.contains("| 1 | ready again 20 ms |") && text.contains("--only kills --seed 5"), "{text}");
        let read = |text: &str| wanted(text.split(' ').map(str::to_owned)).map(|wanted| (wanted.minutes, wanted.seed, wanted.only.len()));
        assert_eq!(read("--minutes 0.5 --seed 7 --only kills"), Ok((0.5, 7, 1)));
        for wrong in ["--minutes x", "--minutes -1", "--only none", "--seed", "--colour red"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
