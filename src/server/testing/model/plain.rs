//! What the server should be, as plain maps: each call's effect, its answer and its events, by the words of docs/rest.md.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::effects::{Done, board, is_wrong, keys};
use super::plain_runs::Runs;
use super::steps::{Call, Op};
use super::trash::Removal;

/// Removed cells that can be brought back, of each board.
const GRAVES: usize = 100;
const KEPT_NUMBERS: u64 = 128;

#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    pub board: String,
    pub keys: Map<String, Value>,
    pub value: Option<Value>,
    /// The values by name; a series that is replaced begins another life. Of other types than `line` they are not shown.
    pub series: BTreeMap<String, (u64, Vec<f64>)>,
    /// The series of runs, by run and line: their life, their metric and their values.
    pub runs: BTreeMap<(String, String), (u64, String, Vec<f64>)>,
    pub rev: u64,
    pub born: u64,
}

/// A series: its life, the number of its points, and its run.
struct Life<'a>(u64, usize, Option<&'a str>);

impl Cell {
    /// Whether it becomes a line with its first points.
    pub fn is_empty(&self) -> bool {
        !self.keys.contains_key("type") && self.value.as_ref().is_none_or(|value| *value == json!([]))
    }

    fn lives(&self) -> impl Iterator<Item = Life<'_>> {
        let of_runs = self.runs.iter().map(|((run, _), (life, _, y))| Life(*life, y.len(), Some(run)));
        self.series.values().map(|(life, y)| Life(*life, y.len(), None)).chain(of_runs)
    }

    pub fn is_line(&self) -> bool {
        self.keys.get("type").and_then(Value::as_str) == Some("line")
    }

    fn order(&self) -> f64 {
        let layout = self.keys.get("layout").and_then(|layout| layout["order"].as_f64());
        layout.or_else(|| self.keys.get("pos").and_then(Value::as_f64)).unwrap_or(f64::INFINITY)
    }

    pub fn document(&self, id: &str) -> Value {
        let mut document = self.keys.clone();
        let summary = |(name, (_, y)): (&String, &(u64, Vec<f64>))| {
            (name.clone(), json!({ "points": y.len(), "last": [(y.len() - 1) as f64, y[y.len() - 1]] }))
        };
        let series = || json!({ "series": self.series.iter().map(summary).collect::<Map<_, _>>() });
        document.extend(if self.is_line() { Some(series()) } else { self.value.clone() }.map(|value| ("value".to_owned(), value)));
        document.extend([("_id".to_owned(), json!(id)), ("board".to_owned(), json!(self.board)), ("rev".to_owned(), json!(self.rev))]);
        Value::Object(document)
    }
}

#[derive(Clone, Debug, PartialEq, PartialOrd, Eq, Ord)]
pub struct PublishedEvent {
    pub board: String,
    /// Among the events of the board's cells, or among those of its runs.
    pub seq: u64,
    pub content: EventContent,
}

#[derive(Clone, Debug, PartialEq, PartialOrd, Eq, Ord)]
pub enum EventContent {
    Points,
    /// The kind of the change, and the cell.
    Cell(String, String),
    /// The kind of the change, and the runs, ascending; none where the board's document has changed.
    Runs(String, Vec<String>),
}

impl PublishedEvent {
    pub fn is_of_runs(&self) -> bool {
        matches!(self.content, EventContent::Runs(..))
    }
}

/// How a call must be answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Refused(u16),
    /// Ids and revisions, of cells or of runs.
    Cells(u16, Vec<(String, u64)>),
    Points(Value),
    Nothing,
    /// As the first time; `true` where it needs no writer.
    Again(bool),
    Forgotten,
}

#[derive(Clone, Debug)]
struct Kept {
    call: String,
    /// The answer to the first request; unknown if the client did not wait for it.
    answer: Option<(u16, String)>,
}

#[derive(Clone, Debug, Default)]
pub struct Plain {
    pub boards: BTreeMap<String, u64>,
    pub cells: BTreeMap<String, Cell>,
    pub(crate) graves: BTreeMap<String, (u64, Cell)>,
    /// By the name of the deleted boards.
    pub(crate) trash: BTreeMap<String, Removal>,
    pub runs: Runs,
    replies: BTreeMap<String, BTreeMap<u64, Kept>>,
    pub(crate) count: u64,
}

impl Plain {
    /// One commit: the answers, the events in order, and whether there is anything to be written.
    pub fn commit(&mut self, calls: &[Call]) -> (Vec<Answer>, Vec<PublishedEvent>, bool) {
        let (before, mut events, mut answers) = (self.clone(), Vec::new(), Vec::new());
        for call in calls {
            let (saved, length) = (self.clone(), events.len());
            answers.push(self.call(call, &before, &mut events).unwrap_or_else(|code| {
                *self = saved;
                events.truncate(length);
                Answer::Refused(code)
            }));
        }
        self.tell_points(&before, &mut events);
        for board in self.boards.keys() {
            let mut graves: Vec<_> = self
                .graves
                .iter()
                .filter(|(_, (seq, cell))| cell.board == *board && !self.is_in_trash(board, *seq))
                .map(|(id, (seq, _))| (*seq, id.clone()))
                .collect();
            graves.sort();
            graves.truncate(graves.len().saturating_sub(GRAVES));
            graves.iter().for_each(|(_, id)| drop(self.graves.remove(id)));
        }
        let is_changed = !events.is_empty()
            || calls
                .iter()
                .zip(&answers)
                .any(|(call, answer)| call.key.is_some() && matches!(answer, Answer::Cells(..) | Answer::Points(_)));
        for known in self.replies.values_mut() {
            let newest = *known.keys().next_back().unwrap();
            known.retain(|number, _| number + KEPT_NUMBERS > newest);
        }
        (answers, events, is_changed)
    }

    /// A series that has points that it had not, or that is no longer what its readers know.
    fn tell_points(&mut self, before: &Self, events: &mut Vec<PublishedEvent>) {
        let mut boards: Vec<String> = Vec::new();
        for (id, cell) in &self.cells {
            let alive = before.cells.get(id);
            let known = alive.or(before.graves.get(id).map(|(_, cell)| cell));
            let count = |life: u64| known.into_iter().flat_map(Cell::lives).find(|known| known.0 == life).map_or(0, |known| known.1);
            let grew = cell.lives().any(|Life(life, points, _)| points > count(life));
            // Readers do not have the series of deleted runs.
            let is_known = |alive: &Cell, run: Option<&str>| run.is_none_or(|run| before.is_live_run(&alive.board, run));
            let lost = alive.is_some_and(|alive| {
                alive.lives().filter(|Life(_, _, run)| is_known(alive, *run)).any(|known| !cell.lives().any(|now| now.0 == known.0))
            });
            if grew || lost {
                boards.push(cell.board.clone());
            }
        }
        boards.sort();
        boards.dedup();
        for board in boards {
            let seq = self.next(&board);
            events.push(PublishedEvent { board, seq, content: EventContent::Points });
        }
    }

    fn call(&mut self, call: &Call, before: &Self, events: &mut Vec<PublishedEvent>) -> Done {
        if call.op.drafts().iter().any(is_wrong) {
            return Err(400);
        }
        if let Some((writer, number)) = &call.key {
            let text = format!("{:?}", call.op);
            match self.replies.get(writer).and_then(|known| known.get(number)) {
                Some(kept) if kept.call == text => {
                    let early = before.replies.get(writer).is_some_and(|known| known.contains_key(number));
                    return Ok(Answer::Again(early && !matches!(call.op, Op::Append(_) | Op::Run(..))));
                }
                Some(_) => return Err(422),
                None => {}
            }
            let newest = before.replies.get(writer).and_then(|known| known.keys().next_back()).copied().unwrap_or(0);
            if number + KEPT_NUMBERS <= newest {
                return Ok(Answer::Forgotten);
            }
            let done = self.run(&call.op, events)?;
            self.replies.entry(writer.clone()).or_default().insert(*number, Kept { call: text, answer: None });
            return Ok(done);
        }
        self.run(&call.op, events)
    }

    /// Notes what the first was answered, or says how a repetition differs from that.
    pub fn heard(&mut self, key: &(String, u64), status: u16, text: &str) -> Result<(), String> {
        let Some(kept) = self.replies.get_mut(&key.0).and_then(|known| known.get_mut(&key.1)) else { return Ok(()) };
        match &kept.answer {
            None => kept.answer = Some((status, text.to_owned())),
            Some((first, answer))
                if *first == status && (answer == text || (answer.len() > 16 << 10 && text.contains("\"repeated\":true"))) => {}
            Some(first) => return Err(format!("{key:?} was answered {first:?}, and then {status} {text}")),
        }
        Ok(())
    }

    pub fn has_key(&self, (writer, number): &(String, u64)) -> bool {
        self.replies.get(writer).is_some_and(|known| known.contains_key(number))
    }

    fn run(&mut self, op: &Op, events: &mut Vec<PublishedEvent>) -> Done {
        let found = |plain: &Self, id: &str| plain.cells.get(id).cloned().ok_or(404_u16);
        match op {
            Op::Create(drafts) => self.create_all(drafts, events),
            Op::Flood(..) => self.create_all(&op.drafts(), events),
            Op::Update(id, draft) => {
                let mut cell = found(self, id)?;
                let layout = cell.keys.remove("layout");
                cell.keys = keys(draft);
                cell.keys.extend(layout.filter(|_| draft.get("layout").is_none()).map(|layout| ("layout".to_owned(), layout)));
                cell.board = board(draft).unwrap_or(cell.board);
                if !cell.is_line() {
                    cell.value = draft.get("value").cloned();
                    cell.series.clear();
                    cell.runs.clear();
                }
                self.check_move(id, &cell)?;
                if cell.is_line() {
                    self.set_line(&mut cell, draft.get("value").unwrap_or(&Value::Null))?;
                    cell.value = None;
                }
                let rev = self.put("updated", id, cell, events);
                Ok(Answer::Cells(200, vec![(id.clone(), rev)]))
            }
            Op::Patch(id, draft, true) if !self.cells.contains_key(id) => {
                let mut draft = draft.clone();
                draft["_id"] = json!(id);
                let append = draft.as_object_mut().unwrap().remove("append");
                let made = self.create(&draft, append, events)?;
                Ok(Answer::Cells(201, vec![made]))
            }
            Op::Patch(id, draft, _) => {
                let cell = found(self, id)?;
                let rev = self.patch(id, cell, draft, events)?;
                Ok(Answer::Cells(200, vec![(id.clone(), rev)]))
            }
            Op::PatchMany(field, text, draft) => {
                let mut done = Vec::new();
                for (id, cell) in self.matching(field, text) {
                    let rev = self.patch(&id, cell, draft, events)?;
                    done.push((id, rev));
                }
                Ok(Answer::Cells(200, done))
            }
            Op::Remove(id) => {
                let cell = found(self, id)?;
                let rev = self.remove(id, cell, events);
                Ok(Answer::Cells(200, vec![(id.clone(), rev)]))
            }
            Op::RemoveMany(field, text) => {
                let done = self.matching(field, text).into_iter().map(|(id, cell)| (id.clone(), self.remove(&id, cell, events)));
                Ok(Answer::Cells(200, done.collect()))
            }
            Op::Append(parts) => self.append(parts, events),
            Op::RemoveBoard(board) => self.remove_board(board, events),
            Op::RestoreBoard(board) => self.restore_board(board, events),
            Op::Run(board, op) => self.change_runs(board, op, events),
            Op::Restore(id) => {
                if !self.cells.contains_key(id) {
                    let (_, cell) = self.graves.get(id).cloned().ok_or(404_u16)?;
                    self.put("created", id, cell, events);
                }
                Ok(Answer::Nothing)
            }
            // Where it lands is looked at by `moved`.
            Op::Rearrange(id, before) => {
                let cell = found(self, id)?;
                let is_there = before.as_ref().is_none_or(|before| self.cells.get(before).is_some_and(|other| other.board == cell.board));
                if is_there { Ok(Answer::Nothing) } else { Err(404) }
            }
        }
    }

    pub(crate) fn next(&mut self, board: &str) -> u64 {
        let seq = self.boards.entry(board.to_owned()).or_default();
        *seq += 1;
        *seq
    }

    pub(crate) fn tell(&mut self, kind: &str, board: &str, id: &str, events: &mut Vec<PublishedEvent>) -> u64 {
        let seq = self.next(board);
        let content = EventContent::Cell(kind.to_owned(), id.to_owned());
        events.push(PublishedEvent { board: board.to_owned(), seq, content });
        seq
    }

    pub(crate) fn put(&mut self, kind: &str, id: &str, mut cell: Cell, events: &mut Vec<PublishedEvent>) -> u64 {
        let left = self.cells.get(id).map(|before| before.board.clone()).filter(|board| *board != cell.board);
        if let Some(left) = &left {
            self.tell("removed", left, id, events);
            // Runs belong to a board.
            cell.runs.clear();
        }
        self.tell(if left.is_some() { "created" } else { kind }, &cell.board, id, events);
        self.graves.remove(id);
        cell.rev += 1;
        let rev = cell.rev;
        self.cells.insert(id.to_owned(), cell);
        rev
    }

    pub(crate) fn remove(&mut self, id: &str, mut cell: Cell, events: &mut Vec<PublishedEvent>) -> u64 {
        let seq = self.tell("removed", &cell.board, id, events);
        cell.rev += 1;
        let rev = cell.rev;
        self.cells.remove(id);
        self.graves.insert(id.to_owned(), (seq, cell));
        rev
    }

    /// In the order of the grid.
    pub(crate) fn matching(&self, field: &str, text: &str) -> Vec<(String, Cell)> {
        let is_meant = |cell: &Cell| match field {
            "board" => cell.board == text,
            _ => cell.keys.get(field).and_then(Value::as_str) == Some(text),
        };
        let mut found: Vec<_> = self.cells.iter().filter(|(_, cell)| is_meant(cell)).map(|(id, cell)| (id.clone(), cell.clone())).collect();
        found.sort_by(|(_, a), (_, b)| a.order().total_cmp(&b.order()).then(a.born.cmp(&b.born)));
        found
    }

    fn row(&self, board: &str) -> Vec<String> {
        self.matching("board", board).into_iter().map(|(id, _)| id).collect()
    }

    /// A person moved the cell: the others keep their order, whichever of them get new numbers. Takes over those numbers.
    pub fn moved(
        &mut self,
        id: &str,
        before: Option<&str>,
        published: &[PublishedEvent],
        layout_of: impl Fn(&str) -> Value,
    ) -> Result<(), String> {
        let board = self.cells[id].board.clone();
        let mut row = self.row(&board);
        if before != Some(id) {
            row.retain(|other| other != id);
            // To the end of the cells without a section, to which it comes.
            let has_section = |id: &String| self.cells[id].keys.get("layout").is_some_and(|layout| layout["section"].is_string());
            let end = || row.iter().rposition(|other| !has_section(other)).map_or(row.len(), |last| last + 1);
            let at = before.map_or_else(end, |before| row.iter().position(|other| other == before).unwrap());
            row.insert(at, id.to_owned());
        }
        for event in published {
            let seq = self.next(&board);
            match &event.content {
                EventContent::Cell(kind, id) if kind == "patched" && row.contains(id) && event.board == board && event.seq == seq => {
                    let cell = self.cells.get_mut(id).unwrap();
                    cell.rev += 1;
                    cell.keys.insert("layout".to_owned(), layout_of(id));
                }
                _ => return Err(format!("moving '{id}' published {event:?}")),
            }
        }
        let now = self.row(&board);
        if now == row { Ok(()) } else { Err(format!("the row after a move is {now:?}, not {row:?}")) }
    }
}
