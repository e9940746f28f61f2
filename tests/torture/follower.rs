//! The state of a reader of the live feed, and the check that no change is missing or repeated. No I/O.

use std::collections::BTreeMap;

use agnez::protocol::points;
use agnez::protocol::{Board, Cell, Event};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum View {
    Documents,
    Page,
}

/// The number of points of a series by events of points, and by a summary.
#[derive(Clone, Copy, Debug, Default)]
struct PointCounts {
    points: u64,
    summary: u64,
}

pub struct Follower {
    pub view: View,
    pub epoch: Option<String>,
    pub seq: u64,
    pub documents: BTreeMap<String, Value>,
    pub board: Board,
    /// Steps over changes while nothing was being caught up on: those of a reader that was too slow are allowed.
    pub jumps: Vec<String>,
    pub wrong: Vec<String>,
    /// Up to here the feed brings what was missed, each cell once.
    catch_up: u64,
    series: BTreeMap<(String, String), PointCounts>,
}

impl Follower {
    pub fn new(view: View) -> Self {
        let board = Board { name: "main".into(), ..Board::default() };
        let (documents, series) = (BTreeMap::new(), BTreeMap::new());
        Self { view, epoch: None, seq: 0, documents, board, jumps: Vec::new(), wrong: Vec::new(), catch_up: 0, series }
    }

    /// Where to go on, as the address says it.
    pub fn query(&self) -> String {
        let view = if self.view == View::Page { "&view=page" } else { "" };
        format!("board=main{view}&epoch={}&since={}", self.epoch.as_deref().unwrap_or("none"), self.seq)
    }

    /// How many points of this series it knows of.
    pub fn count(&self, cell: &str, series: &str) -> u64 {
        self.series.get(&(cell.to_owned(), series.to_owned())).map_or(0, |counts| counts.points.max(counts.summary))
    }

    pub fn frame(&mut self, text: &str) {
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            return self.wrong.push(format!("no JSON: {text}"));
        };
        let seq = frame["seq"].as_u64().unwrap_or(0);
        match frame["event"].as_str().unwrap_or_default() {
            "hello" => {
                let epoch = frame["epoch"].as_str().map(str::to_owned);
                self.catch_up = if self.epoch.is_some() && self.epoch == epoch { seq } else { u64::MAX };
                if self.epoch.is_some() && seq < self.seq {
                    self.wrong.push(format!("the board stands at {seq}, after {}", self.seq));
                }
                self.epoch = epoch;
                if self.catch_up == u64::MAX {
                    // A snapshot follows, and brings it up to this.
                    self.catch_up = seq;
                    self.seq = 0;
                }
            }
            "snapshot" => {
                self.documents.clear();
                self.series.clear();
                self.seq = seq;
            }
            "bookmark" => {
                if self.seq >= self.catch_up && seq != self.seq {
                    self.jumps.push(format!("a bookmark at {seq}, after {}", self.seq));
                }
                self.seq = self.seq.max(seq);
            }
            "appended" => {
                self.goes_on(frame["first"].as_u64().unwrap_or(0), seq);
                for (cell, all) in frame["data"].as_object().into_iter().flatten() {
                    for (series, part) in all.as_object().into_iter().flatten() {
                        let (start, count) = (part["start"].as_u64().unwrap_or(0), part["points"].as_u64().unwrap_or(0));
                        let values = part["y"].as_array().map(|list| list.iter().map(|y| y.as_f64().unwrap_or(-1.0)).collect::<Vec<_>>());
                        self.points(cell, series, start, count, values.as_deref());
                    }
                }
            }
            kind @ ("created" | "updated" | "patched" | "removed") => {
                // A line that only got points since comes with the number of its own last change.
                if !(self.is_catching_up() && kind == "patched" && frame["data"]["type"] == "line" && seq <= self.seq) {
                    self.goes_on(seq, seq);
                }
                self.document(kind, &frame["data"]);
            }
            "boards" if self.view == View::Page => {}
            other => self.wrong.push(format!("an event '{other}'")),
        }
        if self.view == View::Page {
            match serde_json::from_str::<Event<Cell>>(text) {
                Ok(event) => drop(self.board.apply(event)),
                Err(why) => self.wrong.push(format!("{why}: {text}")),
            }
        }
    }

    /// A binary frame: the changes up to its number.
    pub fn binary(&mut self, bytes: &[u8]) {
        let Ok(frame) = points::read(bytes) else {
            return self.wrong.push("a binary frame that cannot be read".into());
        };
        // It does not say where it begins: that is seen by the indices of its points.
        let only_counts = frame.parts.iter().all(|part| part.numbers.is_none());
        if !(self.is_catching_up() && only_counts && frame.seq <= self.seq) {
            self.goes_on((self.seq + 1).min(frame.seq), frame.seq);
        }
        for part in frame.parts {
            let start = part.start.unwrap_or(0);
            let values = part.numbers.as_ref().map(|numbers| numbers.y.as_slice());
            self.points(part.cell.as_str(), &part.series, start, u64::from(part.n), values);
        }
    }

    fn is_catching_up(&self) -> bool {
        self.seq <= self.catch_up
    }

    fn goes_on(&mut self, first: u64, last: u64) {
        if last <= self.seq {
            self.wrong.push(format!("change {last} is repeated after {}", self.seq));
        } else if first > self.seq + 1 && self.seq >= self.catch_up {
            // Points of one tick come together. A reader that reconnects within it knows some of them: `start` says which are new.
            self.jumps.push(format!("change {first} follows {}", self.seq));
        }
        self.seq = self.seq.max(last);
    }

    fn document(&mut self, kind: &str, document: &Value) {
        let id = document["_id"].as_str().or_else(|| document["id"].as_str()).unwrap_or_default().to_owned();
        if kind == "removed" {
            self.documents.remove(&id);
            return;
        }
        for (series, summary) in document["value"]["series"].as_object().into_iter().flatten() {
            let counts = self.series.entry((id.clone(), series.clone())).or_default();
            counts.summary = counts.summary.max(summary["points"].as_u64().unwrap_or(0));
        }
        self.documents.insert(id, document.clone());
    }

    fn points(&mut self, cell: &str, series: &str, start: u64, count: u64, values: Option<&[f64]>) {
        let is_catching_up = self.is_catching_up();
        let is_new = !self.series.contains_key(&(cell.to_owned(), series.to_owned()));
        let counts = self.series.entry((cell.to_owned(), series.to_owned())).or_default();
        let known = counts.points.max(counts.summary);
        let Some(values) = values else {
            // Only how many there are now: that may be ahead of the changes that follow.
            counts.summary = counts.summary.max(start + count);
            return;
        };
        // A page that begins with a snapshot asks for the points that were there.
        if start > known && !is_catching_up && !(is_new && self.view == View::Page) {
            self.wrong.push(format!("points from {start} of {cell}, after {known}: a gap"));
        }
        if start < counts.points {
            self.wrong.push(format!("points from {start} of {cell}, after {}: doubled", counts.points));
        }
        if let Some((at, value)) = (start..).zip(values).find(|(at, value)| **value != *at as f64) {
            self.wrong.push(format!("point {at} of {cell} is {value}"));
        }
        counts.points = counts.points.max(start + count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(frames: &[&str]) -> Follower {
        let mut follower = Follower::new(View::Documents);
        follower.frame(r#"{"event":"hello","epoch":"e","seq":1,"build":"b"}"#);
        follower.frame(r#"{"event":"snapshot","epoch":"e","seq":0,"cells":[]}"#);
        follower.frame(r#"{"event":"created","seq":1,"data":{"_id":"a"}}"#);
        frames.iter().for_each(|frame| follower.frame(frame));
        follower
    }

    #[test]
    fn gaps_and_doubled_changes_are_seen() {
        let two = r#"{"event":"patched","seq":2,"data":{"_id":"a"}}"#;
        let points = r#"{"event":"appended","first":3,"seq":4,"data":{"a":{"s":{"start":0,"points":2,"y":[0,1]}}}}"#;
        let more = r#"{"event":"appended","first":5,"seq":5,"data":{"a":{"s":{"start":2,"points":1,"y":[2]}}}}"#;
        let good = follow(&[two, points, more, r#"{"event":"bookmark","seq":5}"#]);
        assert_eq!((good.wrong, good.jumps, good.seq), (vec![], vec![], 5));
        assert!(!follow(&[two, two]).wrong.is_empty(), "doubled");
        assert!(!follow(&[two, more]).jumps.is_empty(), "a gap of changes");
        assert!(!follow(&[two, r#"{"event":"bookmark","seq":9}"#]).jumps.is_empty(), "a gap before a bookmark");
        assert!(!follow(&[two, points, &more.replace("\"start\":2", "\"start\":3")]).wrong.is_empty(), "a gap of points");
        assert!(!follow(&[two, points, &more.replace("\"start\":2", "\"start\":1")]).wrong.is_empty(), "doubled points");
        assert!(!follow(&[two, points, &more.replace("[2]", "[7]")]).wrong.is_empty(), "another value");
        assert_eq!(follow(&[two, r#"{"event":"removed","seq":3,"data":{"_id":"a"}}"#]).documents.len(), 0);
    }

    #[test]
    fn what_was_missed_may_come_without_the_changes_between() {
        let mut follower = follow(&[]);
        for frame in [
            r#"{"event":"hello","epoch":"e","seq":9,"build":"b"}"#,
            r#"{"event":"patched","seq":7,"data":{"_id":"a"}}"#,
            r#"{"event":"bookmark","seq":9}"#,
            r#"{"event":"patched","seq":10,"data":{"_id":"a"}}"#,
        ] {
            follower.frame(frame);
        }
        assert_eq!((follower.jumps.len(), follower.wrong.len(), follower.seq), (0, 0, 10));
        follower.frame(r#"{"event":"hello","epoch":"e","seq":4,"build":"b"}"#);
        assert_eq!(follower.wrong.len(), 1, "history was undone in the same epoch");
    }
}
