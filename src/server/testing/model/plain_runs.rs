//! The runs of the model, and what calls do to them, by the words of docs/runs.md.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value, json};

use super::effects::Done;
use super::plain::{Answer, EventContent, Plain, PublishedEvent};
use super::run_steps::RunOp;
use super::steps::values;
use crate::server::boards::metrics::{MetricPlace, MetricSettings, cell_id, place_metric};

#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Without those that the server sets.
    pub keys: Map<String, Value>,
    pub rev: u64,
    /// The last event of its board's runs that concerns it.
    pub seq: u64,
    pub born: u64,
}

/// Board and id.
pub type RunName = (String, String);

#[derive(Clone, Debug, Default)]
pub struct Runs {
    pub live: BTreeMap<RunName, Run>,
    pub removed: BTreeMap<RunName, Run>,
    /// The last event of the runs of each board.
    pub seqs: BTreeMap<String, u64>,
}

impl Runs {
    pub fn seq(&self, board: &str) -> u64 {
        self.seqs.get(board).copied().unwrap_or_default()
    }

    /// The event of a change of all these runs, or of the board's document where there are none.
    pub fn tell(&mut self, kind: &str, board: &str, mut ids: Vec<String>, events: &mut Vec<PublishedEvent>) -> u64 {
        let seq = self.seqs.entry(board.to_owned()).or_default();
        *seq += 1;
        ids.sort();
        events.push(PublishedEvent { board: board.to_owned(), seq: *seq, content: EventContent::Runs(kind.to_owned(), ids) });
        *seq
    }

    /// The ids of runs, the oldest first.
    pub fn ids(runs: &BTreeMap<RunName, Run>, board: &str, is_meant: impl Fn(&Run) -> bool) -> Vec<String> {
        let mut found: Vec<_> = runs.iter().filter(|((of, _), run)| of == board && is_meant(run)).collect();
        found.sort_by_key(|(_, run)| run.born);
        found.into_iter().map(|((_, id), _)| id.clone()).collect()
    }

    fn of_group(&self, board: &str, group: &str) -> Vec<String> {
        Self::ids(&self.live, board, |run| run.keys.get("group").is_some_and(|of| of == group))
    }

    /// False: there is none. 410: it was deleted.
    fn is_there(&self, name: &RunName) -> Result<bool, u16> {
        if self.removed.contains_key(name) { Err(410) } else { Ok(self.live.contains_key(name)) }
    }

    fn patch(&mut self, board: &str, ids: Vec<String>, draft: &Value, events: &mut Vec<PublishedEvent>) -> Done {
        if ids.is_empty() {
            return Ok(Answer::Cells(200, Vec::new()));
        }
        let seq = self.tell("patched", board, ids.clone(), events);
        let patched = ids.into_iter().map(|id| {
            let run = self.live.get_mut(&(board.to_owned(), id.clone())).unwrap();
            run.keys.extend(draft.as_object().unwrap().clone());
            (run.rev, run.seq) = (run.rev + 1, seq);
            (id, run.rev)
        });
        Ok(Answer::Cells(200, patched.collect()))
    }

    pub fn remove(&mut self, board: &str, ids: Vec<String>, events: &mut Vec<PublishedEvent>) -> Done {
        self.exchange("removed", board, ids, events)
    }

    pub fn restore(&mut self, board: &str, ids: Vec<String>, events: &mut Vec<PublishedEvent>) -> Done {
        self.exchange("created", board, ids, events)
    }

    /// Moves runs to the removed ones, or back.
    fn exchange(&mut self, kind: &str, board: &str, ids: Vec<String>, events: &mut Vec<PublishedEvent>) -> Done {
        if ids.is_empty() {
            return Ok(Answer::Cells(200, Vec::new()));
        }
        let seq = self.tell(kind, board, ids.clone(), events);
        let (from, to) = if kind == "removed" { (&mut self.live, &mut self.removed) } else { (&mut self.removed, &mut self.live) };
        let moved = ids.into_iter().map(|id| {
            let name = (board.to_owned(), id.clone());
            let mut run = from.remove(&name).unwrap();
            (run.rev, run.seq) = (run.rev + 1, seq);
            let rev = run.rev;
            to.insert(name, run);
            (id, rev)
        });
        Ok(Answer::Cells(200, moved.collect()))
    }
}

impl Plain {
    pub(crate) fn change_runs(&mut self, board: &str, op: &RunOp, events: &mut Vec<PublishedEvent>) -> Done {
        let name = |id: &String| (board.to_owned(), id.clone());
        match op {
            RunOp::Patch(id, draft, upsert) => match (self.runs.is_there(&name(id))?, upsert) {
                (true, _) => self.runs.patch(board, vec![id.clone()], draft, events),
                (false, true) => Ok(Answer::Cells(201, vec![(id.clone(), self.create_run(board, id, draft, events))])),
                (false, false) => Err(404),
            },
            RunOp::PatchGroup(group, draft) => self.runs.patch(board, self.runs.of_group(board, group), draft, events),
            RunOp::Remove(id) if self.runs.is_there(&name(id))? => self.runs.remove(board, vec![id.clone()], events),
            RunOp::Remove(_) => Err(404),
            RunOp::RemoveGroup(group) => self.runs.remove(board, self.runs.of_group(board, group), events),
            RunOp::Restore(id) => match self.runs.live.get(&name(id)) {
                Some(run) => Ok(Answer::Cells(200, vec![(id.clone(), run.rev)])),
                None if self.runs.removed.contains_key(&name(id)) => self.runs.restore(board, vec![id.clone()], events),
                None => Err(404),
            },
            RunOp::RestoreRemoval(back) => {
                let seq = self.runs.seq(board).saturating_sub(*back);
                match Runs::ids(&self.runs.removed, board, |run| run.seq == seq) {
                    ids if ids.is_empty() => Err(404),
                    ids => self.runs.restore(board, ids, events),
                }
            }
            RunOp::Log(id, entries) => self.log(board, id, entries, events),
        }
    }

    fn create_run(&mut self, board: &str, id: &str, draft: &Value, events: &mut Vec<PublishedEvent>) -> u64 {
        self.count += 1;
        let mut keys = draft.as_object().unwrap().clone();
        keys.entry("status").or_insert_with(|| json!("running"));
        let seq = self.runs.tell("created", board, vec![id.to_owned()], events);
        self.runs.live.insert((board.to_owned(), id.to_owned()), Run { keys, rev: 1, seq, born: self.count });
        1
    }

    fn log(&mut self, board: &str, run: &str, entries: &[(String, Range<u64>)], events: &mut Vec<PublishedEvent>) -> Done {
        if !self.runs.is_there(&(board.to_owned(), run.to_owned()))? {
            self.create_run(board, run, &json!({}), events);
        }
        let (mut cells, mut sum) = (Map::new(), 0);
        for (metric, y) in entries {
            let (id, line) = self.place(board, run, metric, events)?;
            self.become_line(&id, events)?;
            self.extend_run(&id, (run, &line), metric, &values(y));
            sum += y.end - y.start;
            cells.insert(metric.clone(), json!(id));
        }
        Ok(Answer::Points(json!({ "run": run, "points": sum, "cells": cells })))
    }

    /// Appends to a series of a run. Returns the number of points before and after.
    pub(crate) fn extend_run(&mut self, id: &str, (run, line): (&str, &str), metric: &str, y: &[f64]) -> (usize, usize) {
        self.count += 1;
        let (cell, new) = (self.cells.get_mut(id).unwrap(), (self.count, metric.to_owned(), Vec::new()));
        let (_, _, known) = cell.runs.entry((run.to_owned(), line.to_owned())).or_insert(new);
        let before = known.len();
        known.extend(y);
        (before, known.len())
    }

    /// The cell of a metric and its line, where no other metric of the run is.
    fn place(&mut self, board: &str, run: &str, metric: &str, events: &mut Vec<PublishedEvent>) -> Result<(String, String), u16> {
        let of_rule = place_metric(metric, &MetricSettings::default());
        let of_its_own = MetricPlace { is_counter: of_rule.is_counter, ..MetricPlace::of_its_own(metric) };
        for (place, is_own) in [(of_rule, false), (of_its_own, true)] {
            for number in 1.. {
                let chart = if number == 1 { place.chart.clone() } else { format!("{} {number}", place.chart) };
                let id = cell_id(board, &chart).to_string();
                if !self.line_cell(board, &id, &place, events)? {
                    continue;
                }
                let series = (run.to_owned(), place.line.clone());
                if self.cells[&id].runs.get(&series).is_none_or(|(_, known, _)| known == metric) {
                    return Ok((id, place.line));
                }
                if !is_own {
                    break;
                }
            }
        }
        unreachable!("a metric may always have a chart of its own")
    }

    /// Whether the cell may have lines of the board's runs. It is created where it is missing.
    fn line_cell(&mut self, board: &str, id: &str, place: &MetricPlace, events: &mut Vec<PublishedEvent>) -> Result<bool, u16> {
        if let Some(cell) = self.cells.get(id) {
            return Ok(cell.board == board && (cell.is_line() || cell.is_empty()));
        }
        // A line in place of a deleted cell of another type would replace what comes back with deleted runs.
        let is_in_trash = self.graves.get(id).is_some_and(|(_, grave)| {
            grave.board == board && !grave.is_line() && grave.runs.keys().any(|(run, _)| self.is_removed_run(board, run))
        });
        if is_in_trash {
            return Ok(false);
        }
        let mut draft = json!({ "_id": id, "board": board, "type": "line", "name": place.chart });
        match place.is_counter {
            true => draft["hidden"] = json!(true),
            false => draft["layout"] = json!({ "section": place.section }),
        }
        self.create(&draft, None, events)?;
        Ok(true)
    }

    pub(crate) fn is_removed_run(&self, board: &str, run: &str) -> bool {
        self.runs.removed.contains_key(&(board.to_owned(), run.to_owned()))
    }

    pub(crate) fn is_live_run(&self, board: &str, run: &str) -> bool {
        self.runs.live.contains_key(&(board.to_owned(), run.to_owned()))
    }
}
