//! A client that logs to runs, changes, ends, deletes and restores them, one by one and together.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::Rng;
use crate::ledger::Points;
use crate::server::{PATIENCE, Server};

pub const BOARD: &str = "sweep";
/// Runs of a writer.
pub const RUNS: usize = 3;
/// Points of one request, at most.
const MOST: u64 = 300;

/// What is known of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RunState {
    /// 0: it was never logged to.
    pub rev: u64,
    /// A number of ours in its document.
    pub n: Option<u64>,
    pub is_deleted: bool,
    pub points: u64,
}

/// A change of one run or of many, all or nothing.
#[derive(Clone, Debug)]
enum RunChange {
    Log { run: usize, count: u64 },
    Patch { runs: Vec<usize>, n: u64 },
    Delete { runs: Vec<usize> },
    Restore { run: usize },
    Beat,
}

impl RunChange {
    fn apply(&self, mut states: [RunState; RUNS]) -> [RunState; RUNS] {
        match self {
            Self::Log { run, count } => {
                states[*run].points += count;
                states[*run].rev = states[*run].rev.max(1);
            }
            Self::Patch { runs, n } => runs.iter().for_each(|run| {
                states[*run].rev += 1;
                states[*run].n = Some(*n);
            }),
            Self::Delete { runs } => runs.iter().for_each(|run| {
                states[*run].rev += 1;
                states[*run].is_deleted = true;
            }),
            Self::Restore { run } => {
                states[*run].rev += 1;
                states[*run].is_deleted = false;
            }
            Self::Beat => {}
        }
        states
    }
}

#[derive(Clone, Debug)]
struct Operation {
    method: &'static str,
    path: String,
    body: String,
    key: Option<String>,
    change: RunChange,
}

/// One client that waits for each answer before it goes on. All its runs are its own.
pub struct RunWriter {
    pub name: String,
    pub acknowledged: u64,
    /// What went wrong in an answer.
    pub wrong: Vec<String>,
    pub states: [RunState; RUNS],
    http: reqwest::Client,
    rng: Rng,
    /// The last number that a key had.
    number: u64,
    pending: Option<Operation>,
    /// Points up to here were read back.
    seen: [u64; RUNS],
}

impl RunWriter {
    pub fn new(at: usize, rng: Rng) -> Self {
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let (name, states, seen) = (format!("r{at}"), [RunState::default(); RUNS], [0; RUNS]);
        Self { name, acknowledged: 0, wrong: Vec::new(), states, http, rng, number: 0, pending: None, seen }
    }

    pub fn run(&self, slot: usize) -> String {
        format!("{}-{slot}", self.name)
    }

    /// The runs that are on the board.
    pub fn live(&self) -> Vec<usize> {
        (0..RUNS).filter(|slot| self.states[*slot].rev > 0 && !self.states[*slot].is_deleted).collect()
    }

    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        self.pending.is_none()
    }

    fn invent(&mut self) -> Operation {
        let slot = self.rng.below(RUNS as u64) as usize;
        let (state, path) = (self.states[slot], format!("/boards/{BOARD}/runs/{}", self.run(slot)));
        if state.is_deleted {
            let change = RunChange::Restore { run: slot };
            return Operation { method: "POST", path: format!("{path}/restore"), body: String::new(), key: None, change };
        }
        let (live, n) = (self.live(), self.rng.below(1 << 40));
        let ids = || live.iter().map(|slot| self.run(*slot)).collect::<Vec<_>>().join(",");
        let many = format!("/boards/{BOARD}/runs?runs={}", ids());
        let of = |method, path, body: Value, change| Operation { method, path, body: body.to_string(), key: None, change };
        let status = self.rng.below(3);
        match self.rng.below(20) {
            0 if !live.is_empty() => of("DELETE", many, Value::Null, RunChange::Delete { runs: live }),
            1 | 2 if state.rev > 0 => of("DELETE", path, Value::Null, RunChange::Delete { runs: vec![slot] }),
            3 if !live.is_empty() => of("PATCH", many, json!({ "n": n }), RunChange::Patch { runs: live, n }),
            4..7 if state.rev > 0 => {
                // Ends it, or begins it again.
                let status = ["finished", "failed", "running"][status as usize];
                of("PATCH", path, json!({ "n": n, "status": status }), RunChange::Patch { runs: vec![slot], n })
            }
            7 | 8 if state.rev > 0 => of("POST", format!("{path}/heartbeat"), json!({}), RunChange::Beat),
            _ => {
                let count = 1 + self.rng.below(MOST);
                let steps: Vec<Value> = (state.points..state.points + count).map(|at| json!({ "step": at, "loss": at })).collect();
                self.number += 1;
                let key = self.rng.happens(70).then(|| format!("{}:{}", self.name, self.number));
                let change = RunChange::Log { run: slot, count };
                Operation { method: "POST", path: format!("{path}/log"), body: Value::from(steps).to_string(), key, change }
            }
        }
    }

    /// Writes until an answer fails to come, or `until`.
    pub async fn write(&mut self, base: &str, until: Instant) {
        while Instant::now() < until && self.once(base).await {}
    }

    /// One request, that which was not answered before any other; false when nothing answers it.
    pub async fn once(&mut self, base: &str) -> bool {
        let operation = match self.pending.take() {
            Some(pending) => pending,
            None => self.invent(),
        };
        self.pending = Some(operation.clone());
        let mut request = self.http.request(operation.method.parse().unwrap(), format!("{base}{}", operation.path));
        if !operation.body.is_empty() && operation.body != "null" {
            request = request.header("content-type", "application/json").body(operation.body.clone());
        }
        if let Some(key) = &operation.key {
            request = request.header("idempotency-key", key).header("idempotency-window", "ascending");
        }
        let Ok(reply) = request.send().await else { return false };
        let status = reply.status().as_u16();
        let Ok(body) = reply.bytes().await else { return false };
        if status == 503 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            return false;
        }
        self.pending = None;
        if !(200..300).contains(&status) {
            let text: String = String::from_utf8_lossy(&body).chars().take(300).collect();
            self.wrong.push(format!("{}: {} {} is answered {status}: {text}", self.name, operation.method, operation.path));
            return true;
        }
        self.acknowledged += 1;
        self.states = operation.change.apply(self.states);
        true
    }

    /// Compares what the server has with what it acknowledged. What has no key and no answer is taken as it is found, if it is complete.
    pub async fn compare(&mut self, server: &Server, from_the_start: bool) {
        let mut found = [RunState::default(); RUNS];
        for (slot, found) in found.iter_mut().enumerate() {
            let from = if from_the_start { 0 } else { self.seen[slot] };
            *found = self.read(server, slot, from).await;
        }
        let known = self.states;
        let done = self.pending.as_ref().map(|operation| operation.change.apply(known));
        let is_settled = self.pending.as_ref().is_some_and(|operation| operation.key.is_none());
        if found != known && Some(found) != done {
            self.wrong.push(format!("{}: {found:?} is there; {known:?} was acknowledged, {:?} under way", self.name, self.pending));
        }
        if is_settled {
            (self.states, self.pending) = (found, None);
        }
        self.seen = self.states.map(|state| state.points);
    }

    async fn read(&mut self, server: &Server, slot: usize, from: u64) -> RunState {
        let known = self.states[slot];
        let Some(document) = self.json(server, &format!("/boards/{BOARD}/runs/{}", self.run(slot))).await else {
            // What a deleted run has is seen once it is restored.
            let deleted = RunState { rev: known.rev + u64::from(!known.is_deleted), is_deleted: true, ..known };
            return if known.rev == 0 { RunState::default() } else { deleted };
        };
        let mut values = Vec::new();
        let mut next = Some(from);
        while let Some(from) = next {
            let path = format!("/boards/{BOARD}/runs/{}/history?metric=loss&from={from}&limit=10000", self.run(slot));
            let Some(page) = self.json(server, &path).await else { break };
            let list = |key: &str| page[key].as_array().cloned().unwrap_or_default();
            let pairs = list("step").into_iter().zip(list("value"));
            values.extend(pairs.map(|(step, value)| if step == value { value.as_f64().unwrap_or(f64::NAN) } else { f64::NAN }));
            next = page["next"].as_u64();
        }
        let maybe = match self.pending.as_ref().map(|operation| &operation.change) {
            Some(RunChange::Log { run, count }) if *run == slot => *count,
            _ => 0,
        };
        let points = Points { certain: known.points, maybe }.settle(from, &values).unwrap_or_else(|why| {
            self.wrong.push(format!("{}: {why}", self.run(slot)));
            known.points
        });
        RunState { rev: document["rev"].as_u64().unwrap_or(0), n: document["n"].as_u64(), is_deleted: false, points }
    }

    /// `None`: it is not there.
    async fn json(&self, server: &Server, path: &str) -> Option<Value> {
        let reply = self.http.get(server.url(path)).send().await.unwrap();
        let is_there = reply.status() == 200;
        let body = reply.bytes().await.unwrap();
        is_there.then(|| serde_json::from_slice(&body).unwrap())
    }

    /// The ids of all runs in the list of the board.
    pub async fn list(&self, server: &Server) -> Vec<String> {
        let list = self.json(server, &format!("/boards/{BOARD}/runs?$limit=1000&$select=name")).await.unwrap_or(Value::Null);
        let mut ids: Vec<String> = list.as_array().into_iter().flatten().filter_map(|run| run["_id"].as_str().map(str::to_owned)).collect();
        ids.sort();
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_many_runs_is_all_or_nothing() {
        let there = RunState { rev: 2, n: None, is_deleted: false, points: 5 };
        let states = [there, RunState::default(), there];
        let deleted = RunChange::Delete { runs: vec![0, 2] }.apply(states);
        assert_eq!(deleted[0], RunState { rev: 3, is_deleted: true, ..there });
        assert!(deleted[1] == states[1] && deleted[2] == deleted[0]);
        assert_eq!(RunChange::Restore { run: 0 }.apply(deleted)[0], RunState { rev: 4, ..there });
        assert_eq!(RunChange::Log { run: 1, count: 7 }.apply(states)[1], RunState { rev: 1, points: 7, ..RunState::default() });
    }
}
