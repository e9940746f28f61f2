//! Random histories of runs beside a model of plain maps: created, changed, logged to, deleted, restored, purged, refused, after restarts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{SMALL, change, id};
use crate::protocol::{RunId, SeriesId};
use crate::series::{Points, SupersededScan};
use crate::server::store::*;
use crate::split_mix::SplitMix64;

const CELLS: [&str; 3] = ["a", "b", "c"];
const RUNS: [&str; 5] = ["r0", "r1", "r2", "r3", "r4"];
const NAMES: [&str; 2] = ["train", "val"];

#[derive(Clone, Debug, Default)]
struct ModelRun {
    rev: u64,
    n: Value,
    beat_ms: u64,
    is_deleted: bool,
    /// By cell and name.
    series: BTreeMap<(&'static str, &'static str), Points>,
}

/// The runs that are there or deleted, by id, and the number of the last event.
#[derive(Clone, Debug, Default)]
struct Model {
    runs: BTreeMap<&'static str, ModelRun>,
    run_seq: u64,
}

#[derive(Clone, Debug)]
enum Op {
    Put(&'static str, u64),
    Append(&'static str, &'static str, &'static str, Points),
    Remove(Vec<&'static str>),
    Restore(&'static str),
    Beat(&'static str, u64),
}

impl Model {
    /// False: it is refused, and changes nothing.
    fn apply(&mut self, op: &Op) -> bool {
        let is_live = |model: &Self, run: &str| model.runs.get(run).is_some_and(|run| !run.is_deleted);
        match op {
            Op::Put(run, n) => {
                // In place of a deleted run another one begins, without its series.
                let mut known = self.runs.remove(run).filter(|known| !known.is_deleted).unwrap_or_default();
                (known.rev, known.n) = (known.rev + 1, json!(n));
                self.runs.insert(run, known);
                self.run_seq += 1;
            }
            Op::Append(run, cell, name, points) if is_live(self, run) => {
                let known = self.runs.get_mut(run).unwrap();
                known.series.entry((cell, name)).or_default().extend(points);
            }
            Op::Remove(runs) if runs.iter().all(|run| is_live(self, run)) => {
                for run in runs {
                    let known = self.runs.get_mut(run).unwrap();
                    (known.rev, known.is_deleted) = (known.rev + 1, true);
                }
                self.run_seq += u64::from(!runs.is_empty());
            }
            Op::Restore(run) if self.runs.get(run).is_some_and(|run| run.is_deleted) => {
                let known = self.runs.get_mut(run).unwrap();
                (known.rev, known.is_deleted) = (known.rev + 1, false);
                self.run_seq += 1;
            }
            Op::Beat(run, ms) if is_live(self, run) => {
                let known = self.runs.get_mut(run).unwrap();
                known.beat_ms = known.beat_ms.max(*ms);
            }
            _ => return false,
        }
        true
    }
}

fn run_id(run: &str) -> RunId {
    RunId::parse(run).unwrap()
}

/// The same within a batch.
fn run_op(batch: &mut Batch, op: &Op) -> Result<(), StoreError> {
    let refused = || StoreError::Busy;
    match op {
        Op::Put(run, n) => {
            let known = batch.run("main", &run_id(run)).map(|known| RunRecord::clone(&known));
            let kind = if known.is_some() { ChangeKind::Patched } else { ChangeKind::Created };
            let mut record = known.unwrap_or_else(|| RunRecord::new("main".into(), run_id(run), Default::default()));
            let status = ["running", "finished", "failed"][*n as usize % 3];
            record.keys = json!({ "n": n, "status": status }).as_object().unwrap().clone();
            batch.put_run(kind, record);
        }
        Op::Append(run, cell, name, points) => {
            batch.run("main", &run_id(run)).ok_or_else(refused)?;
            let Points { x, y, t } = points.clone();
            let series = SeriesId::of_run(run_id(run), *name);
            batch.append(&id(cell), &series, Some(&format!("{cell}/{name}")), NewPoints { x: Some(x), y, t: Some(t) });
        }
        Op::Remove(runs) => {
            for run in runs {
                let record = batch.run("main", &run_id(run)).ok_or_else(refused)?;
                batch.remove_run(&record);
            }
        }
        Op::Restore(run) => {
            let tombstone = batch.removed_run("main", &run_id(run)).ok_or_else(refused)?;
            batch.restore_run(&tombstone);
        }
        Op::Beat(run, ms) => {
            batch.run("main", &run_id(run)).ok_or_else(refused)?;
            batch.set_heartbeats(vec![("main".into(), run_id(run), *ms)]);
        }
    }
    Ok(())
}

fn op(rng: &mut SplitMix64, model: &Model) -> Op {
    let run = rng.pick(&RUNS);
    match rng.below(12) {
        0 | 1 => Op::Put(run, rng.below(1000)),
        2 => Op::Remove(vec![run]),
        3 => Op::Remove(RUNS.into_iter().filter(|_| rng.below(2) == 0).collect()),
        4 | 5 => Op::Restore(run),
        6 => Op::Beat(run, 1 + rng.below(1000)),
        _ => {
            let (cell, name) = (rng.pick(&CELLS), rng.pick(&NAMES));
            let known = model.runs.get(run).and_then(|run| run.series.get(&(cell, name)));
            let newest = known.and_then(|points| points.x.last()).copied().unwrap_or(-1.0);
            let mut step = if rng.below(10) == 0 { newest * rng.unit() } else { newest + 1.0 };
            let mut points = Points::default();
            for _ in 0..rng.pick(&[1, 40, 700, 3000]) {
                let value = rng.unit();
                points.push(step, rng.pick(&[value, f64::NAN, f64::INFINITY, 7.0]), 1e9);
                step += rng.pick(&[0.0, 1.0, 1.0, 1.0]);
            }
            Op::Append(run, cell, name, points)
        }
    }
}

async fn open(folder: &std::path::Path, events: &Arc<Mutex<Vec<u64>>>) -> Store {
    let mut opened = open::open(folder, super::NORMAL).await.unwrap();
    opened.compaction.limits = SMALL;
    let seen = events.clone();
    Store::begin(
        opened,
        Box::new(move |changes| {
            let of_runs = changes.into_iter().filter_map(|change| match change {
                Change::Runs(change) => Some(change.seq),
                _ => None,
            });
            seen.lock().unwrap().extend(of_runs);
        }),
    )
}

async fn compare(store: &Store, model: &Model, step: usize) {
    {
        let index = store.index();
        let board = index.board("main").unwrap();
        for run in RUNS {
            let (live, deleted) = (board.runs.get(&run_id(run)), board.runs.tombstone(&run_id(run)));
            let found = live.or(deleted).map(|record| (record.rev, record.keys["n"].clone(), record.beat_ms(), deleted.is_some()));
            let expected = model.runs.get(run).map(|run| (run.rev, run.n.clone(), run.beat_ms, run.is_deleted));
            assert_eq!(found, expected, "step {step}, {run}");
        }
        let live = model.runs.values().filter(|run| !run.is_deleted);
        assert_eq!((board.runs.len(), board.run_seq), (live.count(), model.run_seq), "step {step}");
    }
    for (run, cell) in RUNS.into_iter().flat_map(|run| CELLS.map(|cell| (run, cell))) {
        for name in NAMES {
            let series = SeriesId::of_run(run_id(run), name);
            let known = model.runs.get(run).filter(|run| !run.is_deleted).and_then(|run| run.series.get(&(cell, name)));
            let mut found = Points::default();
            while let Some(page) = store.points(&id(cell), &series, found.len() as u64, 5000).await.unwrap()
                && !page.points.is_empty()
            {
                found.extend(&page.points);
            }
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            let expected = known.cloned().unwrap_or_default();
            assert_eq!((bits(&found.x), bits(&found.y)), (bits(&expected.x), bits(&expected.y)), "step {step}, {series} of {cell}");
            let outline = store.outlines(&id(cell), std::slice::from_ref(&series)).await.unwrap().remove(0);
            assert_eq!(outline.is_some(), !expected.is_empty(), "step {step}, {series} of {cell}");
            let Some(outline) = outline else { continue };
            let mut scan = SupersededScan::default();
            scan.push(&expected.x);
            let mut rebuild = scan.into_rebuild();
            rebuild.push(&expected);
            let (summary, builder) = rebuild.finish();
            assert_eq!(Some(outline.figures), summary.figures(), "step {step}, {series} of {cell}");
            let expected = builder.finish(outline.figures).unwrap();
            assert_eq!(format!("{outline:?}"), format!("{expected:?}"), "step {step}, {series} of {cell}");
        }
    }
}

#[tokio::test]
async fn any_history_of_runs_is_stored_as_it_happened() {
    let seeds = std::env::var("AGNEZ_MODEL_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3);
    for seed in 0..seeds {
        let folder = tempfile::tempdir().unwrap();
        let events = Arc::new(Mutex::new(Vec::new()));
        let mut store = open(folder.path(), &events).await;
        change(&store, |batch| CELLS.iter().for_each(|cell| super::line(batch, cell))).await;
        change(&store, |batch| drop(batch.put_board_document(&"main".into(), Default::default()))).await;
        // The document of the board was the first event of its runs.
        let (mut model, mut rng, mut refused) = (Model { run_seq: 1, ..Model::default() }, SplitMix64(seed), 0);
        for step in 0..150 {
            // Operations that share a commit.
            let ops: Vec<Op> = (0..1 + rng.below(3)).map(|_| op(&mut rng, &model)).collect();
            let mut answers = Vec::new();
            for op in ops {
                let mut changed = model.clone();
                let is_accepted = changed.apply(&op);
                if is_accepted {
                    model = changed;
                }
                refused += usize::from(!is_accepted);
                answers.push((is_accepted, store.write(1, move |batch| run_op(batch, &op))));
            }
            let (accepted, writes): (Vec<bool>, Vec<_>) = answers.into_iter().unzip();
            let found: Vec<bool> = futures::future::join_all(writes).await.iter().map(Result::is_ok).collect();
            assert_eq!(found, accepted, "seed {seed}, step {step}");
            match rng.below(40) {
                0 => {
                    store.purge().await.unwrap();
                    model.runs.retain(|_, run| !run.is_deleted);
                }
                1 | 2 => {
                    store.close().await;
                    drop(store);
                    store = open(folder.path(), &events).await;
                }
                3..8 => compare(&store, &model, step).await,
                _ => {}
            }
        }
        compare(&store, &model, 150).await;
        let events: Vec<u64> = events.lock().unwrap().clone();
        assert_eq!(events, (1..=model.run_seq).collect::<Vec<_>>(), "each event once, in order");
        assert!(refused > 20, "{refused}");
        store.close().await;
        drop(store);
        let report = check(&database_path(folder.path())).await.unwrap();
        assert_eq!((report.faults.clone(), report.repairable()), (Vec::<String>::new(), 0), "seed {seed}");
    }
}
