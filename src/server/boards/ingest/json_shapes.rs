//! The JSON shapes of points: lists, pairs, columns and entries.

use std::borrow::Cow;
use std::collections::HashSet;

use super::json_reader::{JsonReader, ParseResult};
use super::{LineValue, PointsBuilder, SeriesPoints, SeriesUpdate, check_name, check_name_of_run};
use crate::protocol::{CellId, ErrorKind, RunId};
use crate::server::limits::{MAX_POINTS_PER_REQUEST, MAX_SERIES_PER_REQUEST, MAX_TIME_SECONDS};

const RUN_ID_RULE: &str = "must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit";

/// `{"train": <points>, ...}`, or a list of entries.
pub(crate) fn series_of_cell(reader: &mut JsonReader, id: &CellId, builder: &mut PointsBuilder) -> ParseResult<()> {
    match reader.peek() {
        Some(b'[') => reader.items(|reader| entry(reader, Some(id), builder)),
        _ => all_series(reader, id, builder),
    }
}

/// `{"cells": {"<id>": {"train": <points>, ...}, ...}}`, or a list of entries.
pub(crate) fn series_of_cells(reader: &mut JsonReader, builder: &mut PointsBuilder) -> ParseResult<()> {
    if reader.peek() == Some(b'[') {
        return reader.items(|reader| entry(reader, None, builder));
    }
    reader.keys(|reader, key| match &*key {
        "cells" => reader.keys(|reader, id| all_series(reader, &cell_id(reader, &id)?, builder)),
        _ => Err(reader.error("is no key here: send {\"cells\": {...}} or a list, or lines with Content-Type application/x-ndjson")),
    })
}

fn cell_id(reader: &JsonReader, text: &str) -> ParseResult<CellId> {
    CellId::parse(text).ok_or_else(|| reader.error("is not the id of a cell: 1 to 64 letters, digits, '-' or '_'"))
}

fn all_series(reader: &mut JsonReader, id: &CellId, builder: &mut PointsBuilder) -> ParseResult<()> {
    reader.keys(|reader, name| {
        check_name(&name).map_err(|rule| reader.error(format!("is a name that {rule}")))?;
        let series = points(reader, name, builder)?;
        add(reader, id, series, builder)
    })
}

fn add(reader: &JsonReader, id: &CellId, series: SeriesPoints, builder: &mut PointsBuilder) -> ParseResult<()> {
    builder.add(id, series).map_err(|rule| reader.error_of(ErrorKind::PayloadTooLarge, rule.to_string()))
}

/// An entry names its cell and series: `{"cell", "series", "step", "value", "time"}` with numbers or
/// lists, or `{"cell", "points": {"train": <points>, ...}}`; and, with the key `run`, the run that the
/// series belong to: then a name may be empty, or left out. With `expected_cell` the cell may be left
/// out, and must be that one.
pub(crate) fn entry(reader: &mut JsonReader, expected_cell: Option<&CellId>, builder: &mut PointsBuilder) -> ParseResult<()> {
    let (mut cell, mut run, mut series, mut columns) = (None, None, None, Columns::default());
    let mut apart: Option<Vec<SeriesPoints>> = None;
    // Where an empty name stands, for an error: the run may come after it.
    let mut empty_name: Option<(usize, &str)> = None;
    reader.keys(|reader, key| match &*key {
        "cell" => {
            let id = reader.string()?;
            cell = Some(cell_id(reader, &id)?);
            match expected_cell {
                Some(expected_cell) if cell.as_ref() != Some(expected_cell) => {
                    Err(reader.error("is another cell than the address; send it to /points"))
                }
                _ => Ok(()),
            }
        }
        "run" => {
            if !reader.word("null") {
                let id = reader.string()?;
                run = Some(RunId::parse(&id).ok_or_else(|| reader.error(RUN_ID_RULE))?);
            }
            Ok(())
        }
        "series" => {
            let name = reader.string()?;
            check_name_of_run(&name).map_err(|rule| reader.error(rule.to_string()))?;
            if name.is_empty() {
                empty_name = Some((reader.at(), "series"));
            }
            series = Some(name);
            Ok(())
        }
        "points" => reader.keys(|reader, name| {
            check_name_of_run(&name).map_err(|rule| reader.error(format!("is a name that {rule}")))?;
            if name.is_empty() {
                empty_name = Some((reader.at(), "points"));
            }
            let all = apart.get_or_insert_default();
            all.push(points(reader, name, builder)?);
            Ok(())
        }),
        // NDJSON that was read from the server has the index of each point; it is ignored.
        "index" => reader.skip().map(drop),
        key => match columns.take(reader, key, builder)? {
            true => Ok(()),
            false => Err(reader.error("is no key here; known are cell, run, series, points, x or step, y or value, t or time")),
        },
    })?;
    let Some(id) = cell.as_ref().or(expected_cell) else {
        return Err(reader.error("must name its 'cell'"));
    };
    if let (Some((at, path)), None) = (empty_name, &run) {
        reader.back_to(at);
        return Err(reader.error("has an empty name, which only a series of a 'run' may have").in_path(path));
    }
    if run.is_some() && apart.is_none() && !columns.is_empty() {
        series.get_or_insert_default();
    }
    match (series, apart) {
        (None, Some(all)) if columns.is_empty() => {
            all.into_iter().try_for_each(|series| add(reader, id, SeriesPoints { run: run.clone(), ..series }, builder))
        }
        (None, None) if columns.is_empty() => Ok(()),
        (Some(name), None) => {
            let series = columns.finish(reader, name)?;
            add(reader, id, SeriesPoints { run, ..series }, builder)
        }
        _ => Err(reader.error("must have either 'series' with its numbers, or 'points'")),
    }
}

/// The points of one series: `0.3`, `[y, ...]`, `[[x, y], ...]`, `[[x, y, t], ...]` or
/// `{"x": [...], "y": [...], "t": [...]}`. The caller has checked the name.
fn points(reader: &mut JsonReader, name: Cow<str>, builder: &mut PointsBuilder) -> ParseResult<SeriesPoints> {
    match reader.peek() {
        Some(b'[') => list(reader, name, builder),
        Some(b'{') => {
            let mut columns = Columns::default();
            reader.keys(|reader, key| match columns.take(reader, &key, builder)? {
                true => Ok(()),
                false => Err(reader.error("is no key here; known are x or step, y or value, t or time")),
            })?;
            columns.finish(reader, name)
        }
        _ => {
            let y = vec![reader.value()?];
            builder.counted(reader)?;
            Ok(SeriesPoints { run: None, name: name.into_owned(), x: None, y, t: None })
        }
    }
}

fn list(reader: &mut JsonReader, name: Cow<str>, builder: &mut PointsBuilder) -> ParseResult<SeriesPoints> {
    let (mut x, mut y, mut t, mut width) = (Vec::new(), Vec::new(), Vec::new(), None);
    reader.items(|reader| {
        let mut found = 0;
        if reader.peek() == Some(b'[') {
            reader.items(|reader| {
                found += 1;
                match found {
                    1 => x.push(reader.finite()?),
                    2 => y.push(reader.value()?),
                    3 => t.push(reader.time(MAX_TIME_SECONDS)?),
                    _ => return Err(reader.error("is too much: a point is [x, y] or [x, y, t]")),
                }
                Ok(())
            })?;
            if found < 2 {
                return Err(reader.error("must be [x, y] or [x, y, t]"));
            }
        } else {
            y.push(reader.value()?);
        }
        if *width.get_or_insert(found) != found {
            return Err(reader.error("must have the form of the items before it: all y, all [x, y] or all [x, y, t]"));
        }
        builder.counted(reader)
    })?;
    let width = width.unwrap_or(0);
    Ok(SeriesPoints { run: None, name: name.into_owned(), x: (width >= 2).then_some(x), y, t: (width == 3).then_some(t) })
}

/// Points as lists of x, y and t.
#[derive(Default)]
struct Columns {
    x: Option<Vec<f64>>,
    y: Option<Vec<f64>>,
    t: Option<Vec<f64>>,
}

impl Columns {
    /// Returns false for other keys.
    fn take(&mut self, reader: &mut JsonReader, key: &str, builder: &mut PointsBuilder) -> ParseResult<bool> {
        let (column, is_value, is_time) = match key {
            "x" | "step" => (&mut self.x, false, false),
            "y" | "value" => (&mut self.y, true, false),
            "t" | "time" => (&mut self.t, false, true),
            _ => return Ok(false),
        };
        if column.is_some() {
            return Err(reader.error("is given twice; x and step, y and value, t and time are the same"));
        }
        if !is_value && reader.word("null") {
            return Ok(true);
        }
        let mut numbers = Vec::new();
        let mut one = |reader: &mut JsonReader| {
            numbers.push(if is_value {
                reader.value()?
            } else if is_time {
                reader.time(MAX_TIME_SECONDS)?
            } else {
                reader.finite()?
            });
            // Lists of x and t that are longer than any y may be must not fill the memory either.
            if is_value || numbers.len() > MAX_POINTS_PER_REQUEST { builder.counted(reader) } else { Ok(()) }
        };
        match reader.peek() {
            Some(b'[') => reader.items(one)?,
            _ => one(reader)?,
        }
        *column = Some(numbers);
        Ok(true)
    }

    fn is_empty(&self) -> bool {
        self.x.is_none() && self.y.is_none() && self.t.is_none()
    }

    fn finish(self, reader: &JsonReader, name: Cow<str>) -> ParseResult<SeriesPoints> {
        let Self { x, y, t } = self;
        let Some(y) = y else { return Err(reader.error("must have 'y' (or 'value')")) };
        for (key, list) in [("x", &x), ("t", &t)] {
            if let Some(list) = list.as_ref().filter(|list| list.len() != y.len()) {
                let message = format!("must have as many '{key}' as 'y', not {} and {}", list.len(), y.len());
                return Err(reader.error(message));
            }
        }
        Ok(SeriesPoints { run: None, name: name.into_owned(), x, y, t })
    }
}

pub(crate) fn line_value(reader: &mut JsonReader) -> ParseResult<LineValue> {
    let mut value = LineValue::default();
    let is_empty = match reader.peek() {
        Some(b'[') => reader.items(|reader| Err(reader.error("must be left out: a line's value is {\"series\": {...}}"))).map(|()| true)?,
        _ => reader.word("null") || reader.word("\"\""),
    };
    if is_empty {
        return Ok(value);
    }
    let (mut names, mut builder) = (HashSet::new(), PointsBuilder::default());
    reader.keys(|reader, key| {
        if key != "series" {
            return Err(reader.error("is no key of a line's value; known is 'series'"));
        }
        reader.keys(|reader, name| {
            if !names.insert(name.clone()) {
                return Err(reader.error("is given twice"));
            }
            let start = reader.at();
            let empty = || SeriesPoints { name: name.clone().into_owned(), ..SeriesPoints::default() };
            let is_object = reader.peek() == Some(b'{');
            let keys = if is_object { reader.skip()? } else { Vec::new() };
            let check = |reader: &JsonReader| check_name(&name).map_err(|rule| reader.error(format!("is a name that {rule}")));
            value.series.push(if keys.iter().any(|key| key == "points") {
                check(reader)?;
                SeriesUpdate::Unchanged(name.into_owned())
            } else if (is_object && keys.is_empty()) || reader.word("null") || reader.word("\"\"") {
                SeriesUpdate::Points(empty())
            } else {
                reader.back_to(start);
                check(reader)?;
                SeriesUpdate::Points(points(reader, name, &mut builder)?)
            });
            if value.series.len() <= MAX_SERIES_PER_REQUEST {
                Ok(())
            } else {
                Err(reader.error_of(ErrorKind::PayloadTooLarge, "is one too many: a chart may have 1000 series"))
            }
        })
    })?;
    Ok(value)
}
