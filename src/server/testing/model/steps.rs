//! What may happen, drawn from a seed: the same seed is the same history.

use std::ops::Range;

use serde_json::{Value, json};

use crate::server::live::hub::FeedView;

pub const BOARDS: [&str; 2] = ["main", "b"];
const IDS: [&str; 6] = ["a", "c", "d", "e", "f", "g"];
pub const READERS: usize = 4;

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
}

/// Points for a series of a cell: the values are these numbers.
#[derive(Clone, Debug)]
pub struct Part {
    pub id: String,
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
            Self::Rearrange(..) | Self::Restore(_) => true,
            _ => false,
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

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len() as u64) as usize].clone()
    }
}

struct Drawn {
    dice: Dice,
    /// Every point has a value of its own.
    next: u64,
    /// Large values are only on disk, and what removes those reads them first.
    large: bool,
}

/// The history of a seed.
pub fn plan(seed: u64, length: usize) -> Plan {
    let mut dice = Dice(seed);
    let (full, large) = (dice.roll(2) == 0, dice.roll(3) == 0);
    let mut drawn = Drawn { dice, next: 0, large };
    let mut steps = Vec::new();
    while steps.len() < length {
        match drawn.dice.roll(30) {
            0 => steps.extend(drawn.tick()),
            _ => steps.push(drawn.step()),
        }
    }
    steps.push(Step::Settle);
    Plan { full, steps }
}

impl Drawn {
    fn step(&mut self) -> Step {
        let reader = self.dice.roll(READERS as u64) as usize;
        match self.dice.roll(40) {
            0 => Step::Restart,
            1 | 2 => Step::Settle,
            3..6 => Step::Connect(reader, self.dice.one(&[FeedView::Page, FeedView::Document]), self.dice.one(&BOARDS), false),
            6..9 => Step::Connect(reader, FeedView::Page, "main", true),
            9 => Step::Cut(reader),
            10..15 => Step::Read(reader, 1 + self.dice.roll(6) as usize),
            15 => Step::Glance(reader),
            16..19 => Step::Wait(1 + self.dice.roll(20)),
            _ => self.commit(),
        }
    }

    /// A reader knows a line; then its series begin anew, end and grow within one tick, where chance alone seldom comes to.
    fn tick(&mut self) -> Vec<Step> {
        let (id, reader) = (self.id(), self.dice.roll(READERS as u64) as usize);
        let (view, board) = (self.dice.one(&[FeedView::Page, FeedView::Document]), self.dice.one(&BOARDS));
        let commit = |op: Op| Step::Commit(vec![Call { op, key: None }], Fate::Answered);
        let whole = |drawn: &mut Self, most: u64| {
            let name = drawn.dice.one(&["s", "s", "t"]);
            let series = if drawn.dice.roll(4) == 0 { json!({}) } else { json!({ name: drawn.numbers(most) }) };
            json!({ "type": "line", "value": { "series": series } })
        };
        let mut known = whole(self, 9);
        known["board"] = json!(board);
        let mut steps = vec![commit(Op::Patch(id.clone(), known, true)), Step::Connect(reader, view, board, false), Step::Settle];
        for _ in 0..3 + self.dice.roll(4) {
            steps.push(commit(match self.dice.roll(5) {
                0 | 1 => Op::Patch(id.clone(), whole(self, 3), false),
                _ => Op::Append(vec![Part { id: id.clone(), name: self.dice.one(&["s", "s", "t"]).to_owned(), y: self.list(3) }]),
            }));
        }
        steps
    }

    fn commit(&mut self) -> Step {
        let mut calls: Vec<Call> = (0..1 + self.dice.roll(5)).map(|_| self.call()).collect();
        let is_alone = |call: &Call| call.op.is_alone() || (self.large && matches!(call.op, Op::Remove(_) | Op::RemoveMany(..)));
        if calls.iter().any(is_alone) {
            calls.truncate(1);
        }
        let fate = match self.dice.roll(24) {
            0 => Fate::Unheard,
            1 => Fate::Refused,
            2 => Fate::Crash(self.dice.roll(12) as u32),
            _ => Fate::Answered,
        };
        // What reads first is not on its way yet when its client goes.
        let fate = if calls.iter().any(is_alone) { Fate::Answered } else { fate };
        Step::Commit(calls, fate)
    }

    fn call(&mut self) -> Call {
        let op = self.op();
        let is_of_person = matches!(op, Op::Restore(_) | Op::Rearrange(..));
        let number = if self.dice.roll(20) == 0 { 200 } else { self.dice.roll(6) };
        let key = (!is_of_person && self.dice.roll(4) == 0).then(|| (self.dice.one(&["w", "v"]).to_owned(), number));
        // A key that is sent again must often come with the same call.
        let op = if key.is_some() && self.dice.roll(2) == 0 {
            Op::Append(vec![Part { id: "a".into(), name: "s".into(), y: number..number + 1 }])
        } else {
            op
        };
        Call { op, key }
    }

    fn op(&mut self) -> Op {
        let id = self.id();
        match self.dice.roll(30) {
            0..5 => Op::Create((0..1 + self.dice.roll(2)).map(|_| self.draft(true)).collect()),
            5 => Op::Flood(self.dice.one(&BOARDS).into(), 20 + self.dice.roll(120) as usize),
            6 | 7 => Op::RemoveMany("name".into(), "flood".into()),
            8 => Op::RemoveMany("board".into(), self.dice.one(&BOARDS).into()),
            9 | 10 => Op::Update(id, self.draft(false)),
            11..17 => {
                let mut draft = self.draft(false);
                if self.dice.roll(3) == 0 {
                    draft["append"] = json!({ "s": self.numbers(5) });
                }
                Op::Patch(id, draft, self.dice.roll(3) == 0)
            }
            17 => Op::PatchMany("board".into(), self.dice.one(&BOARDS).into(), json!({ "description": format!("n{}", self.dice.roll(9)) })),
            18 => Op::PatchMany("name".into(), "flood".into(), json!({ "board": self.dice.one(&BOARDS) })),
            19 | 20 => Op::Remove(id),
            21 | 22 => Op::Restore(id),
            23 => Op::Rearrange(id, Some(self.id()).filter(|_| self.dice.roll(3) > 0)),
            _ => Op::Append((0..1 + self.dice.roll(3)).map(|_| self.part()).collect()),
        }
    }

    fn id(&mut self) -> String {
        self.dice.one(&IDS).to_owned()
    }

    fn part(&mut self) -> Part {
        let most = self.dice.one(&[1, 3, 3, 3, 40, 1100, 5000]);
        Part { id: self.id(), name: self.dice.one(&["s", "t"]).to_owned(), y: self.list(most) }
    }

    fn list(&mut self, most: u64) -> Range<u64> {
        let from = self.next;
        self.next += self.dice.roll(most + 1);
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
        if self.dice.roll(if is_new { 2 } else { 6 }) == 0 {
            draft["board"] = json!(self.dice.one(&BOARDS));
        }
        if self.dice.roll(3) == 0 {
            draft["name"] = json!(self.dice.one(&["x", "y", "flood"]));
        }
        match self.dice.roll(8) {
            0 => draft["pos"] = json!(self.dice.roll(4)),
            1 => draft["layout"] = json!({ "order": self.dice.roll(4) }),
            2 => draft["chart"] = json!({ "smooth": 0.5 }),
            3 if self.dice.roll(3) == 0 => draft["pos"] = json!("wrong"),
            _ => {}
        }
        match self.dice.roll(9) {
            0..3 => {
                draft["type"] = json!("line");
                match self.dice.roll(4) {
                    0 => draft["value"] = json!({ "series": { "s": self.numbers(4), "t": self.numbers(4) } }),
                    1 => draft["value"] = json!({ "series": { "s": { "points": 1 }, "t": self.numbers(4) } }),
                    2 => draft["value"] = json!(self.dice.one(&["", "wrong"])),
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
        let times = if self.large && self.dice.roll(3) == 0 { 17 << 10 } else { 1 };
        format!("{}", self.dice.roll(10)).repeat(times)
    }
}
