//! What may happen, drawn from a seed: the same seed is the same history.

use std::ops::Range;

use serde_json::{Value, json};

use super::run_steps::{RUNS, RunOp};
use crate::server::live::event::FeedView;
use crate::split_mix::SplitMix64;

pub const BOARDS: [&str; 2] = ["main", "b"];
/// The last two are those of charts of runs.
const IDS: [&str; 7] = ["a", "c", "d", "e", "f", "main-loss", "b-loss"];
pub const READERS: usize = 4;
const VIEWS: [FeedView; 3] = [FeedView::Page, FeedView::Document, FeedView::RunDocument];

#[derive(Clone, Debug)]
pub enum Op {
    Create(Vec<Value>),
    /// So many cells of the name `flood`.
    Flood(String, usize),
    Update(String, Value),
    /// With `?upsert=true` or without.
    Patch(String, Value, bool),
    PatchMany(String, String, Value),
    Remove(String),
    RemoveMany(String, String),
    Append(Vec<Part>),
    Restore(String),
    Rearrange(String, Option<String>),
    RemoveBoard(String),
    RestoreBoard(String),
    /// Of a board.
    Run(String, RunOp),
}

/// Points for a series of a cell: the values are these numbers.
#[derive(Clone, Debug)]
pub struct Part {
    pub id: String,
    pub run: Option<String>,
    pub name: String,
    pub y: Range<u64>,
}

pub fn values(y: &Range<u64>) -> Vec<f64> {
    y.clone().map(|y| y as f64).collect()
}

impl Op {
    pub fn drafts(&self) -> Vec<Value> {
        match self {
            Self::Create(drafts) => drafts.clone(),
            Self::Flood(board, n) => (0..*n).map(|at| json!({ "_id": format!("x{at}"), "board": board, "name": "flood" })).collect(),
            Self::Update(_, draft) | Self::Patch(_, draft, _) | Self::PatchMany(_, _, draft) => vec![draft.clone()],
            _ => Vec::new(),
        }
    }

    /// What it does may hang on what it read before its turn: it is sent when nothing else is on its way.
    fn is_alone(&self) -> bool {
        match self {
            Self::Patch(_, draft, _) => draft.get("value").is_some() != draft.get("type").is_some(),
            Self::Update(_, draft) => draft.get("value").is_some(),
            // It reads the value of a removed cell first.
            Self::Rearrange(..) | Self::Restore(_) | Self::RestoreBoard(_) => true,
            Self::Run(_, op) => op.is_alone(),
            _ => false,
        }
    }

    /// Whether it may have an idempotency key.
    fn takes_key(&self) -> bool {
        match self {
            Self::Restore(_) | Self::Rearrange(..) | Self::RemoveBoard(_) | Self::RestoreBoard(_) => false,
            Self::Run(_, op) => op.takes_key(),
            _ => true,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Call {
    pub op: Op,
    pub key: Option<(String, u64)>,
}

/// What becomes of the commit.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    Answered,
    /// The clients go away before the answer: it is done all the same.
    Unheard,
    /// Another program holds the database: nothing may remain.
    Refused,
    /// The process ends after so many steps of the scheduler: all of it is there after the start, or nothing.
    Crash(u32),
}

#[derive(Clone, Debug)]
pub enum Step {
    Commit(Vec<Call>, Fate),
    /// A reader comes, on a board; `true`: knowing what it knew when it was cut.
    Connect(usize, FeedView, &'static str, bool),
    Read(usize, usize),
    /// It begins to wait for a frame and turns to something else.
    Glance(usize),
    Cut(usize),
    Wait(u64),
    Restart,
    /// All readers read until there is nothing more.
    Settle,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub full: bool,
    pub steps: Vec<Step>,
}

pub(super) struct Drawn {
    pub(super) rng: SplitMix64,
    /// Every point has a value of its own.
    pub(super) next: u64,
    /// Large values are only on disk, and what removes those reads them first.
    large: bool,
}

/// The history of a seed.
pub fn plan(seed: u64, length: usize) -> Plan {
    let mut rng = SplitMix64(seed);
    let (full, large) = (rng.below(2) == 0, rng.below(3) == 0);
    let mut drawn = Drawn { rng, next: 0, large };
    let mut steps = Vec::new();
    while steps.len() < length {
        match drawn.rng.below(30) {
            0 => steps.extend(drawn.tick()),
            _ => steps.push(drawn.step()),
        }
    }
    steps.push(Step::Settle);
    Plan { full, steps }
}

impl Drawn {
    fn step(&mut self) -> Step {
        let reader = self.rng.below(READERS as u64) as usize;
        match self.rng.below(40) {
            0 => Step::Restart,
            1 | 2 => Step::Settle,
            3..6 => Step::Connect(reader, self.rng.pick(&VIEWS), self.rng.pick(&BOARDS), false),
            6..9 => Step::Connect(reader, FeedView::Page, "main", true),
            9 => Step::Cut(reader),
            10..15 => Step::Read(reader, 1 + self.rng.below(6) as usize),
            15 => Step::Glance(reader),
            16..19 => Step::Wait(1 + self.rng.below(20)),
            _ => self.commit(),
        }
    }

    /// A reader knows a line; then its series are replaced, end and grow within one tick, where chance alone seldom comes to.
    fn tick(&mut self) -> Vec<Step> {
        let (id, reader) = (self.id(), self.rng.below(READERS as u64) as usize);
        let (view, board) = (self.rng.pick(&[FeedView::Page, FeedView::Document]), self.rng.pick(&BOARDS));
        let commit = |op: Op| Step::Commit(vec![Call { op, key: None }], Fate::Answered);
        let whole = |drawn: &mut Self, most: u64| {
            let name = drawn.rng.pick(&["s", "s", "t"]);
            let series = if drawn.rng.below(4) == 0 { json!({}) } else { json!({ name: drawn.numbers(most) }) };
            json!({ "type": "line", "value": { "series": series } })
        };
        let mut known = whole(self, 9);
        known["board"] = json!(board);
        let mut steps = vec![commit(Op::Patch(id.clone(), known, true)), Step::Connect(reader, view, board, false), Step::Settle];
        for _ in 0..3 + self.rng.below(4) {
            steps.push(commit(match self.rng.below(5) {
                0 | 1 => Op::Patch(id.clone(), whole(self, 3), false),
                _ => {
                    Op::Append(vec![Part { id: id.clone(), run: None, name: self.rng.pick(&["s", "s", "t"]).to_owned(), y: self.list(3) }])
                }
            }));
        }
        steps
    }

    fn commit(&mut self) -> Step {
        let mut calls: Vec<Call> = (0..1 + self.rng.below(5)).map(|_| self.call()).collect();
        let is_alone = |call: &Call| call.op.is_alone() || (self.large && matches!(call.op, Op::Remove(_) | Op::RemoveMany(..)));
        // What one commit deletes twice is not in the trash in between.
        if calls.iter().any(|call| is_alone(call) || matches!(call.op, Op::RemoveBoard(_))) {
            calls.truncate(1);
        }
        let fate = match self.rng.below(24) {
            0 => Fate::Unheard,
            1 => Fate::Refused,
            2 => Fate::Crash(self.rng.below(12) as u32),
            _ => Fate::Answered,
        };
        // What reads first is not on its way yet when its client goes.
        let fate = if calls.iter().any(is_alone) { Fate::Answered } else { fate };
        Step::Commit(calls, fate)
    }

    fn call(&mut self) -> Call {
        let op = self.op();
        let number = if self.rng.below(20) == 0 { 200 } else { self.rng.below(6) };
        let key = (op.takes_key() && self.rng.below(4) == 0).then(|| (self.rng.pick(&["w", "v"]).to_owned(), number));
        // A key that is sent again must often come with the same call.
        let op = if key.is_some() && self.rng.below(2) == 0 {
            Op::Append(vec![Part { id: "a".into(), run: None, name: "s".into(), y: number..number + 1 }])
        } else {
            op
        };
        Call { op, key }
    }

    fn op(&mut self) -> Op {
        let id = self.id();
        match self.rng.below(46) {
            0..5 => Op::Create((0..1 + self.rng.below(2)).map(|_| self.draft(true)).collect()),
            5 => Op::Flood(self.rng.pick(&BOARDS).into(), 20 + self.rng.below(120) as usize),
            6 | 7 => Op::RemoveMany("name".into(), "flood".into()),
            8 => Op::RemoveMany("board".into(), self.rng.pick(&BOARDS).into()),
            9 | 10 => Op::Update(id, self.draft(false)),
            11..17 => {
                let mut draft = self.draft(false);
                if self.rng.below(3) == 0 {
                    draft["append"] = json!({ "s": self.numbers(5) });
                }
                Op::Patch(id, draft, self.rng.below(3) == 0)
            }
            17 => Op::PatchMany("board".into(), self.rng.pick(&BOARDS).into(), json!({ "description": format!("n{}", self.rng.below(9)) })),
            18 => Op::PatchMany("name".into(), "flood".into(), json!({ "board": self.rng.pick(&BOARDS) })),
            19 | 20 => Op::Remove(id),
            21 | 22 => Op::Restore(id),
            23 => Op::Rearrange(id, Some(self.id()).filter(|_| self.rng.below(3) > 0)),
            30 => Op::RemoveBoard(self.rng.pick(&BOARDS).into()),
            31 | 32 => Op::RestoreBoard(self.rng.pick(&BOARDS).into()),
            33.. => Op::Run(self.rng.pick(&BOARDS).into(), self.run_op()),
            _ => Op::Append((0..1 + self.rng.below(3)).map(|_| self.part()).collect()),
        }
    }

    fn id(&mut self) -> String {
        self.rng.pick(&IDS).to_owned()
    }

    fn part(&mut self) -> Part {
        let most = self.rng.pick(&[1, 3, 3, 3, 40, 1100, 5000]);
        let run = (self.rng.below(4) == 0).then(|| self.rng.pick(&RUNS).to_owned());
        Part { id: self.id(), run, name: self.rng.pick(&["s", "t"]).to_owned(), y: self.list(most) }
    }

    pub(super) fn list(&mut self, most: u64) -> Range<u64> {
        let from = self.next;
        self.next += self.rng.below(most + 1);
        from..self.next
    }

    fn numbers(&mut self, most: u64) -> Value {
        values(&self.list(most)).into()
    }

    fn draft(&mut self, is_new: bool) -> Value {
        let mut draft = json!({});
        if is_new {
            draft["_id"] = json!(self.id());
        }
        if self.rng.below(if is_new { 2 } else { 6 }) == 0 {
            draft["board"] = json!(self.rng.pick(&BOARDS));
        }
        if self.rng.below(3) == 0 {
            draft["name"] = json!(self.rng.pick(&["x", "y", "flood"]));
        }
        match self.rng.below(8) {
            0 => draft["pos"] = json!(self.rng.below(4)),
            1 => draft["layout"] = json!({ "order": self.rng.below(4) }),
            2 => draft["chart"] = json!({ "smooth": 0.5 }),
            3 if self.rng.below(3) == 0 => draft["pos"] = json!("wrong"),
            _ => {}
        }
        match self.rng.below(9) {
            0..3 => {
                draft["type"] = json!("line");
                match self.rng.below(4) {
                    0 => draft["value"] = json!({ "series": { "s": self.numbers(4), "t": self.numbers(4) } }),
                    1 => draft["value"] = json!({ "series": { "s": { "points": 1 }, "t": self.numbers(4) } }),
                    2 => draft["value"] = json!(self.rng.pick(&["", "wrong"])),
                    _ => {}
                }
            }
            3 => {
                draft["type"] = json!("note");
                draft["value"] = json!(self.text());
            }
            4 => draft["type"] = json!("note"),
            5 => draft["value"] = json!([]),
            6 => draft["value"] = json!(self.text()),
            _ => {}
        }
        draft
    }

    fn text(&mut self) -> String {
        let times = if self.large && self.rng.below(3) == 0 { 17 << 10 } else { 1 };
        format!("{}", self.rng.below(10)).repeat(times)
    }
}
