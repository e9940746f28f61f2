//! A client that writes points in all their forms, documents and settings, with repeated idempotency keys and without.

use std::time::{Duration, Instant};

use agnez::protocol::CellId;
use agnez::protocol::points::{self, NumbersRef, PartRef};
use serde_json::{Value, json};

use crate::harness::Rng;
use crate::ledger::{self, Change, Points, State};
use crate::server::{PATIENCE, Server};

/// Documents of a writer.
const SLOTS: usize = 3;
/// Points of one request, at most.
const MOST: u64 = 200;

#[derive(Clone, Copy, Debug)]
enum Effect {
    Points(u64),
    Document(usize, Change),
}

#[derive(Clone, Debug)]
struct Operation {
    method: &'static str,
    path: String,
    kind: &'static str,
    body: Vec<u8>,
    key: Option<String>,
    effect: Effect,
}

/// What a disk that is full or fails did to a writer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Refused {
    /// 507: nothing has changed.
    pub full: u64,
    /// 500: it may have.
    pub failed: u64,
}

/// One client that waits for each answer before it goes on. All its cells are its own.
#[derive(Clone)]
pub struct Writer {
    pub name: String,
    pub acknowledged: u64,
    /// What went wrong in an answer.
    pub wrong: Vec<String>,
    pub worst: Duration,
    pub points: Points,
    /// `None`: the disk is well, and such answers are wrong.
    pub refused: Option<Refused>,
    http: reqwest::Client,
    rng: Rng,
    /// The last number that a key had.
    number: u64,
    documents: [Option<State>; SLOTS],
    pending: Option<Operation>,
    /// Points up to here were read back.
    seen: u64,
    /// Of a hundred requests so many have a key.
    keyed: u64,
}

impl Writer {
    pub fn new(at: usize, rng: Rng, keyed: u64) -> Self {
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let (wrong, points) = (Vec::new(), Points::default());
        let (name, documents, worst) = (format!("w{at}"), [None; SLOTS], Duration::ZERO);
        Self { name, acknowledged: 0, wrong, worst, points, refused: None, http, rng, number: 0, documents, pending: None, seen: 0, keyed }
    }

    /// Makes the cell of its points.
    pub async fn open(&self, server: &Server) {
        let body = json!({"_id": self.name, "type": "line"}).to_string();
        assert_eq!(self.http.post(server.url("/values")).body(body).send().await.unwrap().status(), 201);
    }

    fn document(&self, slot: usize) -> String {
        format!("{}-{slot}", self.name)
    }

    fn invent(&mut self) -> Operation {
        let n = self.rng.below(1 << 40);
        let (method, path, kind, body, effect) = if self.rng.happens(60) { self.some_points() } else { self.some_change(n) };
        let key = self.rng.happens(self.keyed).then(|| {
            self.number += 1;
            format!("{}:{}", self.name, self.number)
        });
        Operation { method, path, kind, body, key, effect }
    }

    fn some_points(&mut self) -> (&'static str, String, &'static str, Vec<u8>, Effect) {
        let count = 1 + self.rng.below(MOST);
        let values: Vec<f64> = (self.points.certain..self.points.certain + count).map(|value| value as f64).collect();
        let cell = self.name.clone();
        let pairs: Vec<_> = values.iter().map(|value| [value, value]).collect();
        let one = format!("/values/{cell}/points");
        let (method, path, kind, body) = match self.rng.below(7) {
            0 => ("POST", one, "application/json", json!({"s": pairs}).to_string().into_bytes()),
            1 => ("POST", one, "application/json", json!({"s": {"x": values, "y": values}}).to_string().into_bytes()),
            2 => ("POST", one, "application/json", json!({"s": values}).to_string().into_bytes()),
            3 => ("POST", "/points".into(), "application/json", json!({"cells": {cell: {"s": pairs}}}).to_string().into_bytes()),
            4 => {
                let line = |value: &f64| json!({"cell": cell, "series": "s", "step": value, "value": value}).to_string() + "\n";
                ("POST", "/points".into(), "application/x-ndjson", values.iter().map(line).collect::<String>().into_bytes())
            }
            5 => {
                let numbers = Some(NumbersRef { x: Some(&values), y: &values, t: None });
                let id = CellId::parse(&cell).unwrap();
                let part = PartRef { cell: &id, run: None, series: "s", start: None, n: values.len() as u32, numbers };
                ("POST", "/points".into(), "application/octet-stream", points::write(0, &[part]))
            }
            // A setting of the chart goes with its points.
            _ => {
                let smooth = self.rng.below(99) as f64 / 100.0;
                let body = json!({"chart": {"smooth": smooth}, "layout": {"order": count}, "append": {"s": pairs}});
                ("PATCH", format!("/values/{cell}"), "application/json", body.to_string().into_bytes())
            }
        };
        (method, path, kind, body, Effect::Points(count))
    }

    fn some_change(&mut self, n: u64) -> (&'static str, String, &'static str, Vec<u8>, Effect) {
        let slot = self.rng.below(SLOTS as u64) as usize;
        let id = self.document(slot);
        let most = if self.rng.happens(10) { 60_000 } else { 500 };
        let value = "v".repeat(self.rng.below(most) as usize);
        let kind = "application/json";
        if self.documents[slot].is_none() {
            let body = json!({"_id": id, "n": n, "type": "html", "value": value}).to_string();
            return ("POST", "/values".into(), kind, body.into_bytes(), Effect::Document(slot, Change::Create { n }));
        }
        let path = format!("/values/{id}");
        match self.rng.below(10) {
            0 | 1 => ("DELETE", path, kind, Vec::new(), Effect::Document(slot, Change::Remove)),
            2 | 3 => {
                let body = json!({"n": n, "type": "html", "value": value}).to_string();
                ("PUT", path, kind, body.into_bytes(), Effect::Document(slot, Change::Patch { n }))
            }
            _ => {
                let body = json!({"n": n, "layout": {"order": n % 50}, "value": value}).to_string();
                ("PATCH", path, kind, body.into_bytes(), Effect::Document(slot, Change::Patch { n }))
            }
        }
    }

    /// Writes until an answer fails to come, or `until`.
    pub async fn write(&mut self, base: &str, until: Instant) {
        while Instant::now() < until && self.once(base).await {}
    }

    /// One request, that which was not answered before any other; false when nothing answers it.
    pub async fn once(&mut self, base: &str) -> bool {
        if self.pending.is_none() {
            self.pending = Some(self.invent());
        }
        let operation = self.pending.clone().expect("it was put there");
        let mut request = self.http.request(operation.method.parse().unwrap(), format!("{base}{}", operation.path));
        request = request.header("content-type", operation.kind).body(operation.body.clone());
        if let Some(key) = &operation.key {
            request = request.header("idempotency-key", key).header("idempotency-window", "ascending");
        }
        let begun = Instant::now();
        let Ok(reply) = request.send().await else { return false };
        let status = reply.status().as_u16();
        let Ok(body) = reply.bytes().await else { return false };
        self.worst = self.worst.max(begun.elapsed());
        if status == 503 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            return false;
        }
        if let (Some(refused), 500 | 507) = (&mut self.refused, status) {
            if status == 500 {
                refused.failed += 1;
                return false;
            }
            refused.full += 1;
            self.pending = None;
            tokio::time::sleep(Duration::from_millis(2)).await;
            return true;
        }
        self.pending = None;
        if !(200..300).contains(&status) {
            self.wrong.push(format!("{}: {} {} is answered {status}: {}", self.name, operation.method, operation.path, text(&body)));
            return true;
        }
        self.acknowledged += 1;
        match operation.effect {
            Effect::Points(count) => self.points.certain += count,
            Effect::Document(slot, change) => {
                let known = self.documents[slot];
                let answered = serde_json::from_slice::<Value>(&body).ok();
                // Of a large body only the number of changes is kept for a repetition.
                let rev = answered.as_ref().and_then(|answered| answered["rev"].as_u64()).unwrap_or(0);
                self.documents[slot] = match change {
                    Change::Remove => None,
                    Change::Create { n } | Change::Patch { n } => Some(State { n, rev }),
                };
                if !change.explains(known, self.documents[slot]) {
                    self.wrong.push(format!("{}: {change:?} of {known:?} is answered {}", self.document(slot), text(&body)));
                }
            }
        }
        true
    }

    /// Holds what the server has against what it acknowledged. What has no key and no answer is taken as it is found.
    pub async fn compare(&mut self, server: &Server, from_the_start: bool) {
        let under_way = self.pending.as_ref().map(|operation| operation.effect);
        let from = if from_the_start { 0 } else { self.seen };
        self.points.maybe = if let Some(Effect::Points(count)) = under_way { count } else { 0 };
        let found = server.values(&self.http, &self.name, "s", from).await;
        let is_settled = self.pending.as_ref().is_some_and(|operation| operation.key.is_none());
        match self.points.settle(from, &found) {
            Ok(there) if is_settled => self.points.certain = there,
            Ok(_) => {}
            Err(why) => self.wrong.push(format!("{}: {why}", self.name)),
        }
        for slot in 0..SLOTS {
            let found = server.document(&self.http, &self.document(slot)).await.as_ref().and_then(State::of);
            let change = if let Some(Effect::Document(at, change)) = under_way { (at == slot).then_some(change) } else { None };
            match ledger::settle(self.documents[slot], change, found) {
                Ok(found) if is_settled => self.documents[slot] = found,
                Ok(_) => {}
                Err(why) => self.wrong.push(format!("{}: {why}", self.document(slot))),
            }
        }
        if is_settled {
            self.pending = None;
        }
        self.seen = self.points.certain;
    }
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(300).collect()
}
