//! The shapes in which JSON may hold points: lists, pairs, columns, entries.

use std::borrow::Cow;
use std::collections::HashSet;

use super::json_reader::{Scanned, Scanner};
use super::{Gathered, LineSeries, LineValue, MOST_TIME, SentSeries, check_name};
use crate::protocol::{CellId, ErrorKind};

/// `{"train": <points>, ...}`, or a list of entries.
pub(crate) fn of_one(scanner: &mut Scanner, id: &CellId, gathered: &mut Gathered) -> Scanned<()> {
    match scanner.peek() {
        Some(b'[') => scanner.items(|scanner| entry(scanner, Some(id), gathered)),
        _ => all_series(scanner, id, gathered),
    }
}

/// `{"cells": {"<id>": {"train": <points>, ...}, ...}}`, or a list of entries.
pub(crate) fn of_many(scanner: &mut Scanner, gathered: &mut Gathered) -> Scanned<()> {
    if scanner.peek() == Some(b'[') {
        return scanner.items(|scanner| entry(scanner, None, gathered));
    }
    scanner.keys(|scanner, key| match &*key {
        "cells" => scanner.keys(|scanner, id| all_series(scanner, &cell_id(scanner, &id)?, gathered)),
        _ => Err(scanner.wrong("is no key here: send {\"cells\": {...}} or a list, or lines with Content-Type application/x-ndjson")),
    })
}

fn cell_id(scanner: &Scanner, text: &str) -> Scanned<CellId> {
    CellId::parse(text).ok_or_else(|| scanner.wrong("is not the id of a cell: 1 to 64 letters, digits, '-' or '_'"))
}

fn all_series(scanner: &mut Scanner, id: &CellId, gathered: &mut Gathered) -> Scanned<()> {
    scanner.keys(|scanner, name| {
        let series = points(scanner, name, gathered)?;
        add(scanner, id, series, gathered)
    })
}

fn add(scanner: &Scanner, id: &CellId, series: SentSeries, gathered: &mut Gathered) -> Scanned<()> {
    gathered.add(id, series).map_err(|rule| scanner.refused(ErrorKind::PayloadTooLarge, rule))
}

/// One or more points that name their cell and series: `{"cell", "series", "step", "value", "time"}` with numbers or lists, or
/// `{"cell", "points": {"train": <points>, ...}}`. With `home` the cell need not be named, and must be that one.
pub(crate) fn entry(scanner: &mut Scanner, home: Option<&CellId>, gathered: &mut Gathered) -> Scanned<()> {
    let (mut cell, mut series, mut columns) = (None, None, Columns::default());
    let mut apart: Option<Vec<SentSeries>> = None;
    scanner.keys(|scanner, key| match &*key {
        "cell" => {
            let id = scanner.string()?;
            cell = Some(cell_id(scanner, &id)?);
            match home {
                Some(home) if cell.as_ref() != Some(home) => Err(scanner.wrong("is another cell than the address; send it to /points")),
                _ => Ok(()),
            }
        }
        "series" => {
            let name = scanner.string()?;
            check_name(&name).map_err(|rule| scanner.wrong(rule))?;
            series = Some(name);
            Ok(())
        }
        "points" => scanner.keys(|scanner, name| {
            let all = apart.get_or_insert_default();
            all.push(points(scanner, name, gathered)?);
            Ok(())
        }),
        // What is read back as NDJSON can be sent again: a point's index is the server's.
        "index" => scanner.skip().map(drop),
        key => match columns.take(scanner, key, gathered)? {
            true => Ok(()),
            false => Err(scanner.wrong("is no key here; known are cell, series, points, x or step, y or value, t or time")),
        },
    })?;
    let Some(id) = cell.as_ref().or(home) else {
        return Err(scanner.wrong("must name its 'cell'"));
    };
    match (series, apart) {
        (None, Some(all)) if columns.is_empty() => all.into_iter().try_for_each(|series| add(scanner, id, series, gathered)),
        (None, None) if columns.is_empty() => Ok(()),
        (Some(name), None) => add(scanner, id, columns.finish(scanner, name)?, gathered),
        _ => Err(scanner.wrong("must have either 'series' with its numbers, or 'points'")),
    }
}

/// The points of one series: `0.3`, `[y, ...]`, `[[x, y], ...]`, `[[x, y, t], ...]` or `{"x": [...], "y": [...], "t": [...]}`.
fn points(scanner: &mut Scanner, name: Cow<str>, gathered: &mut Gathered) -> Scanned<SentSeries> {
    check_name(&name).map_err(|rule| scanner.wrong(format!("is a name that {rule}")))?;
    match scanner.peek() {
        Some(b'[') => list(scanner, name, gathered),
        Some(b'{') => {
            let mut columns = Columns::default();
            scanner.keys(|scanner, key| match columns.take(scanner, &key, gathered)? {
                true => Ok(()),
                false => Err(scanner.wrong("is no key here; known are x or step, y or value, t or time")),
            })?;
            columns.finish(scanner, name)
        }
        _ => {
            let y = vec![scanner.value()?];
            gathered.counted(scanner)?;
            Ok(SentSeries { name: name.into_owned(), x: None, y, t: None })
        }
    }
}

fn list(scanner: &mut Scanner, name: Cow<str>, gathered: &mut Gathered) -> Scanned<SentSeries> {
    let (mut x, mut y, mut t, mut width) = (Vec::new(), Vec::new(), Vec::new(), None);
    scanner.items(|scanner| {
        let mut found = 0;
        if scanner.peek() == Some(b'[') {
            scanner.items(|scanner| {
                found += 1;
                match found {
                    1 => x.push(scanner.place()?),
                    2 => y.push(scanner.value()?),
                    3 => t.push(scanner.time(MOST_TIME)?),
                    _ => return Err(scanner.wrong("is too much: a point is [x, y] or [x, y, t]")),
                }
                Ok(())
            })?;
            if found < 2 {
                return Err(scanner.wrong("must be [x, y] or [x, y, t]"));
            }
        } else {
            y.push(scanner.value()?);
        }
        if *width.get_or_insert(found) != found {
            return Err(scanner.wrong("must have the form of the items before it: all y, all [x, y] or all [x, y, t]"));
        }
        gathered.counted(scanner)
    })?;
    let width = width.unwrap_or(0);
    Ok(SentSeries { name: name.into_owned(), x: (width >= 2).then_some(x), y, t: (width == 3).then_some(t) })
}

/// Points as one list for each of their numbers.
#[derive(Default)]
struct Columns {
    x: Option<Vec<f64>>,
    y: Option<Vec<f64>>,
    t: Option<Vec<f64>>,
}

impl Columns {
    /// False when the key is none of these.
    fn take(&mut self, scanner: &mut Scanner, key: &str, gathered: &mut Gathered) -> Scanned<bool> {
        let (column, is_value, is_time) = match key {
            "x" | "step" => (&mut self.x, false, false),
            "y" | "value" => (&mut self.y, true, false),
            "t" | "time" => (&mut self.t, false, true),
            _ => return Ok(false),
        };
        if column.is_some() {
            return Err(scanner.wrong("is given twice; x and step, y and value, t and time are the same"));
        }
        if !is_value && scanner.word("null") {
            return Ok(true);
        }
        let mut numbers = Vec::new();
        let mut one = |scanner: &mut Scanner| {
            numbers.push(if is_value {
                scanner.value()?
            } else if is_time {
                scanner.time(MOST_TIME)?
            } else {
                scanner.place()?
            });
            // Lists of x and t that are longer than any y may be must not fill the memory either.
            if is_value || numbers.len() > super::POINTS { gathered.counted(scanner) } else { Ok(()) }
        };
        match scanner.peek() {
            Some(b'[') => scanner.items(one)?,
            _ => one(scanner)?,
        }
        *column = Some(numbers);
        Ok(true)
    }

    fn is_empty(&self) -> bool {
        self.x.is_none() && self.y.is_none() && self.t.is_none()
    }

    fn finish(self, scanner: &Scanner, name: Cow<str>) -> Scanned<SentSeries> {
        let Self { x, y, t } = self;
        let Some(y) = y else { return Err(scanner.wrong("must have 'y' (or 'value')")) };
        for (key, list) in [("x", &x), ("t", &t)] {
            if let Some(list) = list.as_ref().filter(|list| list.len() != y.len()) {
                let message = format!("must have as many '{key}' as 'y', not {} and {}", list.len(), y.len());
                return Err(scanner.wrong(message));
            }
        }
        Ok(SentSeries { name: name.into_owned(), x, y, t })
    }
}

pub(crate) fn line_value(scanner: &mut Scanner) -> Scanned<LineValue> {
    let mut value = LineValue::default();
    let is_empty = match scanner.peek() {
        Some(b'[') => {
            scanner.items(|scanner| Err(scanner.wrong("must be left out: a line's value is {\"series\": {...}}"))).map(|()| true)?
        }
        _ => scanner.word("null") || scanner.word("\"\""),
    };
    if is_empty {
        return Ok(value);
    }
    let (mut names, mut gathered) = (HashSet::new(), Gathered::default());
    scanner.keys(|scanner, key| {
        if key != "series" {
            return Err(scanner.wrong("is no key of a line's value; known is 'series'"));
        }
        scanner.keys(|scanner, name| {
            if !names.insert(name.clone()) {
                return Err(scanner.wrong("is given twice"));
            }
            let start = scanner.at();
            let empty = || SentSeries { name: name.clone().into_owned(), ..SentSeries::default() };
            let is_object = scanner.peek() == Some(b'{');
            let keys = if is_object { scanner.skip()? } else { Vec::new() };
            value.series.push(if keys.iter().any(|key| key == "points") {
                check_name(&name).map_err(|rule| scanner.wrong(format!("is a name that {rule}")))?;
                LineSeries::Kept(name.into_owned())
            } else if (is_object && keys.is_empty()) || scanner.word("null") || scanner.word("\"\"") {
                LineSeries::Points(empty())
            } else {
                scanner.back_to(start);
                LineSeries::Points(points(scanner, name, &mut gathered)?)
            });
            if value.series.len() <= super::SERIES {
                Ok(())
            } else {
                Err(scanner.refused(ErrorKind::PayloadTooLarge, "is one too many: a chart may have 1000 series"))
            }
        })
    })?;
    Ok(value)
}
