//! What calls do to cells in the model: documents, and the points of lines.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::plain::{Answer, Cell, Plain, PublishedEvent};
use super::steps::{Part, values};

/// An answer, or the code of the refusal.
pub type Done = Result<Answer, u16>;

impl Plain {
    pub(crate) fn create_all(&mut self, drafts: &[Value], events: &mut Vec<PublishedEvent>) -> Done {
        let made = drafts.iter().map(|draft| self.create(draft, None, events)).collect::<Result<_, _>>()?;
        Ok(Answer::Cells(201, made))
    }

    pub(crate) fn create(&mut self, draft: &Value, append: Option<Value>, events: &mut Vec<PublishedEvent>) -> Result<(String, u64), u16> {
        let id = draft["_id"].as_str().unwrap().to_owned();
        if self.cells.contains_key(&id) {
            return Err(409);
        }
        self.count += 1;
        let board = board(draft).unwrap_or_else(|| "main".to_owned());
        let mut cell =
            Cell { board, keys: keys(draft), value: None, series: BTreeMap::new(), runs: BTreeMap::new(), rev: 0, born: self.count };
        // What belongs to deleted runs comes back with them.
        if let Some((_, grave)) =
            self.graves.get(&id).filter(|(_, grave)| grave.board == cell.board && grave.keys.get("type") == cell.keys.get("type"))
        {
            let hidden = grave.runs.iter().filter(|((run, _), _)| self.is_removed_run(&grave.board, run));
            cell.runs = hidden.map(|(name, series)| (name.clone(), series.clone())).collect();
        }
        match cell.is_line() {
            true => self.set_line(&mut cell, draft.get("value").unwrap_or(&Value::Null))?,
            false => cell.value = draft.get("value").cloned(),
        }
        self.append_key(&mut cell, append.as_ref())?;
        let rev = self.put("created", &id, cell, events);
        Ok((id, rev))
    }

    pub(crate) fn patch(&mut self, id: &str, before: Cell, draft: &Value, events: &mut Vec<PublishedEvent>) -> Result<u64, u16> {
        let mut cell = before.clone();
        cell.keys.extend(keys(draft));
        cell.keys.remove("append");
        cell.board = board(draft).unwrap_or(cell.board);
        // A new type shows the old value in another way.
        let is_retyped = draft.get("type").is_some_and(|kind| before.keys.get("type") != Some(kind));
        let value = draft.get("value").cloned().or(before.value.filter(|_| is_retyped));
        if cell.is_line() && value.as_ref().and_then(Value::as_str).is_some_and(|text| !text.is_empty()) {
            return Err(400);
        }
        self.check_move(id, &cell)?;
        match value {
            Some(value) if cell.is_line() => {
                self.set_line(&mut cell, &value)?;
                cell.value = None;
            }
            Some(value) => cell.value = Some(value),
            None => {}
        }
        self.append_key(&mut cell, draft.get("append"))?;
        Ok(self.put("patched", id, cell, events))
    }

    pub(crate) fn append_key(&mut self, cell: &mut Cell, append: Option<&Value>) -> Result<(), u16> {
        let Some(append) = append else { return Ok(()) };
        if !cell.is_line() {
            return Err(400);
        }
        for (name, y) in append.as_object().unwrap() {
            self.extend(cell, name, &numbers(y));
        }
        Ok(())
    }

    pub(crate) fn append(&mut self, parts: &[Part], events: &mut Vec<PublishedEvent>) -> Done {
        let (mut cells, mut runs, mut sum) = (Map::new(), json!({}), 0_u64);
        // Points of one cell are taken together.
        let mut ids: Vec<&String> = Vec::new();
        parts.iter().for_each(|Part { id, .. }| {
            if !ids.contains(&id) {
                ids.push(id)
            }
        });
        for id in ids {
            self.become_line(id, events)?;
            let mut names = Map::new();
            for Part { run, name, y, .. } in parts.iter().filter(|part| part.id == *id && !part.y.is_empty()) {
                sum += y.end - y.start;
                let (start, points) = match run {
                    Some(run) => self.append_to_run(id, run, name, &values(y))?,
                    None => {
                        let mut cell = self.cells[id].clone();
                        let start = cell.series.get(name).map_or(0, |known| known.1.len());
                        self.extend(&mut cell, name, &values(y));
                        self.cells.insert(id.clone(), cell);
                        (start, self.cells[id].series[name].1.len())
                    }
                };
                let known = match run {
                    Some(run) => &mut runs[run][id][name],
                    None => names.entry(name.clone()).or_insert(Value::Null),
                };
                let start = if known.is_null() { json!(start) } else { known["start"].clone() };
                *known = json!({ "start": start, "points": points });
            }
            cells.insert(id.clone(), names.into());
        }
        let mut answer = json!({ "appended": sum, "cells": cells });
        if runs != json!({}) {
            answer["runs"] = runs;
        }
        Ok(Answer::Points(answer))
    }

    /// A cell that is there becomes a line with its first points.
    pub(crate) fn become_line(&mut self, id: &str, events: &mut Vec<PublishedEvent>) -> Result<(), u16> {
        let mut cell = self.cells.get(id).cloned().ok_or(404_u16)?;
        if cell.is_line() {
            return Ok(());
        }
        if !cell.is_empty() {
            return Err(409);
        }
        cell.keys.insert("type".into(), json!("line"));
        cell.value = None;
        self.put("patched", id, cell, events);
        Ok(())
    }

    /// The metric of a new series is the cell's id without its board, and the name.
    fn append_to_run(&mut self, id: &str, run: &str, name: &str, y: &[f64]) -> Result<(usize, usize), u16> {
        let board = self.cells[id].board.clone();
        if !self.is_live_run(&board, run) {
            return Err(if self.is_removed_run(&board, run) { 410 } else { 404 });
        }
        let chart = id.strip_prefix(&format!("{board}-")).unwrap_or(id);
        Ok(self.extend_run(id, (run, name), &format!("{chart}/{name}"), y))
    }

    /// 409: the cell would leave the runs whose points it has.
    pub(crate) fn check_move(&self, id: &str, cell: &Cell) -> Result<(), u16> {
        let left = self.cells.get(id).map(|before| &before.board).filter(|board| **board != cell.board);
        let has_runs = left.is_some_and(|left| cell.runs.keys().any(|(run, _)| self.is_live_run(left, run)));
        if has_runs { Err(409) } else { Ok(()) }
    }

    pub(crate) fn extend(&mut self, cell: &mut Cell, name: &str, y: &[f64]) {
        if !y.is_empty() {
            self.count += 1;
            cell.series.entry(name.to_owned()).or_insert((self.count, Vec::new())).1.extend(y);
        }
    }

    pub(crate) fn set_line(&mut self, cell: &mut Cell, value: &Value) -> Result<(), u16> {
        let given = match value {
            Value::String(text) if !text.is_empty() => return Err(400),
            Value::Object(value) => value.get("series").and_then(Value::as_object).cloned().unwrap_or_default(),
            _ => Map::new(),
        };
        let is_kept = |name: &str| given.get(name).is_some_and(|series| series.get("points").is_some());
        // What is not there cannot be kept.
        if given.keys().any(|name| is_kept(name) && !cell.series.contains_key(name)) {
            return Err(400);
        }
        cell.series.retain(|name, _| is_kept(name));
        for (name, y) in given.iter().filter(|(name, _)| !is_kept(name)) {
            self.extend(cell, name, &numbers(y));
        }
        Ok(())
    }
}

pub fn is_wrong(draft: &Value) -> bool {
    draft.get("pos").is_some_and(|pos| !pos.is_number())
        || (draft["type"] == "line" && draft["value"].as_str().is_some_and(|text| !text.is_empty()))
}

pub fn keys(draft: &Value) -> Map<String, Value> {
    let mut keys = draft.as_object().unwrap().clone();
    ["_id", "board", "value"].iter().for_each(|key| drop(keys.shift_remove(*key)));
    keys
}

pub fn board(draft: &Value) -> Option<String> {
    draft["board"].as_str().map(str::to_owned)
}

pub fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|y| y.as_f64().unwrap()).collect()
}
