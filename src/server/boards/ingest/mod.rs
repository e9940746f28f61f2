//! Parses points: JSON in several shapes, NDJSON and the binary format. Everything is checked here, before
//! it reaches the store.

pub mod json_reader;
mod json_shapes;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::protocol::points::{self, Numbers};
use crate::protocol::{ApiError, CellId, ErrorKind, RunId};
use json_reader::{JsonReader, ParseResult};

use crate::server::limits::{MAX_POINTS_PER_REQUEST, MAX_SERIES_NAME_CHARS, MAX_SERIES_PER_REQUEST, MAX_TIME_SECONDS};

/// New points of one cell.
#[derive(Clone, Debug, PartialEq)]
pub struct CellPoints {
    pub cell: CellId,
    /// In the order of arrival. A series has several items if only some of its points have steps or
    /// times.
    pub series: Vec<SeriesPoints>,
}

/// New points of one series, in the order of arrival. All lists have the same length, 0 if the client
/// only names the series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesPoints {
    /// The run that the series belongs to.
    pub run: Option<RunId>,
    /// 1 to 200 characters, none a control character; may be empty if there is a run.
    pub name: String,
    /// Finite. `None`: the previous step plus 1; the first of a series is 0.
    pub x: Option<Vec<f64>>,
    /// Any f64.
    pub y: Vec<f64>,
    /// Seconds since 1970 (UTC), within `MAX_TIME_SECONDS`. `None`: the time of arrival.
    pub t: Option<Vec<f64>>,
}

/// The value of a `line` cell. Other series of the cell are removed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineValue {
    /// In the client's order, each name once.
    pub series: Vec<SeriesUpdate>,
}

impl LineValue {
    /// Number of points to store.
    pub fn points(&self) -> usize {
        let points = |series: &SeriesUpdate| match series {
            SeriesUpdate::Points(points) => points.y.len(),
            SeriesUpdate::Unchanged(_) => 0,
        };
        self.series.iter().map(points).sum()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum SeriesUpdate {
    /// Replace the series by these points.
    Points(SeriesPoints),
    /// Sent as the summary that the server returned: the series stays as it is.
    Unchanged(String),
}

/// Parses the body of `POST /values/:id/points`, or the key `append` of a patch. Items may name the
/// cell, which must be this one.
pub fn parse_points(id: &CellId, body: &[u8], content_type: Option<&str>) -> Result<Vec<SeriesPoints>, ApiError> {
    let sent = parse(Some(id), body, content_type)?;
    Ok(sent.into_iter().flat_map(|sent| sent.series).collect())
}

/// Parses the body of `POST /points`. Returns each cell once, in the order of first appearance.
pub fn parse_many_points(body: &[u8], content_type: Option<&str>) -> Result<Vec<CellPoints>, ApiError> {
    parse(None, body, content_type)
}

/// Parses some lines of a longer NDJSON body. `first_line`: the number of the first of them, from 1.
pub fn parse_lines(body: &[u8], first_line: usize) -> Result<Vec<CellPoints>, ApiError> {
    lines(None, text(body)?, first_line)
}

/// Parses the `value` of a `line` cell. `[]`, `null`, `""` and `{}` have no series.
pub fn parse_line_value(json: &str) -> Result<LineValue, ApiError> {
    let mut reader = JsonReader::new(json);
    let value = json_shapes::line_value(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| error.in_path("value").into_api_error(json, 1))
}

/// Quotes Python's tokens `NaN`, `Infinity` and `-Infinity`, so that the text is JSON; `None` if there
/// are none. For bodies with points among other keys, such as a patch with `append`.
pub fn quote_tokens(json: &str) -> Option<String> {
    let (mut out, mut copied, mut in_string) = (String::new(), 0, false);
    let (bytes, mut at) = (json.as_bytes(), 0);
    while at < bytes.len() {
        let token = match bytes[at] {
            b'"' => {
                in_string = !in_string;
                None
            }
            b'\\' if in_string => {
                at += 1;
                None
            }
            b'N' | b'I' | b'-' if !in_string => TOKENS.iter().find(|token| bytes[at..].starts_with(token.as_bytes())),
            _ => None,
        };
        match token {
            Some(token) => {
                out.extend([&json[copied..at], "\"", token, "\""]);
                at += token.len();
                copied = at;
            }
            None => at += 1,
        }
    }
    (copied > 0).then(|| out + &json[copied..])
}

const TOKENS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

fn parse(expected_cell: Option<&CellId>, body: &[u8], content_type: Option<&str>) -> Result<Vec<CellPoints>, ApiError> {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/octet-stream" | "application/vnd.agnez.points" => binary(expected_cell, body),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => lines(expected_cell, text(body)?, 1),
        _ => {
            let text = text(body)?;
            let (mut reader, mut builder) = (JsonReader::new(text), PointsBuilder::default());
            let read = match expected_cell {
                Some(id) => json_shapes::series_of_cell(&mut reader, id, &mut builder),
                None => json_shapes::series_of_cells(&mut reader, &mut builder),
            };
            read.and_then(|()| reader.end()).map_err(|error| error.into_api_error(text, 1))?;
            Ok(builder.sent)
        }
    }
}

fn text(body: &[u8]) -> Result<&str, ApiError> {
    std::str::from_utf8(body).map_err(|why| {
        ErrorKind::BadRequest.with(format!("The body is not UTF-8 text: byte {} is not part of a character.", why.valid_up_to()))
    })
}

fn lines(expected_cell: Option<&CellId>, text: &str, first_line: usize) -> Result<Vec<CellPoints>, ApiError> {
    let mut builder = PointsBuilder::default();
    for (line, number) in text.lines().zip(first_line..) {
        let mut reader = JsonReader::new(line);
        if reader.peek().is_some() {
            let read = json_shapes::entry(&mut reader, expected_cell, &mut builder).and_then(|()| reader.end());
            read.map_err(|error| error.into_api_error(line, number))?;
        }
    }
    Ok(builder.sent)
}

fn binary(expected_cell: Option<&CellId>, body: &[u8]) -> Result<Vec<CellPoints>, ApiError> {
    let bad = |message: String| ErrorKind::BadRequest.with(message);
    let frame = points::read(body).map_err(|why| bad(format!("The body is not a frame of points: {why}. docs/rest.md has the form.")))?;
    let mut builder = PointsBuilder::default();
    for (index, part) in frame.parts.into_iter().enumerate() {
        let of = |rule: String| bad(format!("Part {index} (cell '{}') {rule}.", part.cell));
        if expected_cell.is_some_and(|id| *id != part.cell) {
            return Err(of("is of another cell than the address; send it to /points".into()));
        }
        let check = if part.run.is_some() { check_name_of_run } else { check_name };
        check(&part.series).map_err(|rule| of(format!("has a name that {rule}")))?;
        if part.start.is_some() {
            return Err(of("has a start; clients only append and write u64::MAX there".into()));
        }
        let numbers = part.numbers.ok_or_else(|| of("has flag 8, which is the server's; send the numbers".into()))?;
        for (list, numbers) in [("x", &numbers.x), ("t", &numbers.t)] {
            if let Some(at) = numbers.iter().flatten().position(|number| !number.is_finite()) {
                return Err(of(format!("has a {list}[{at}] that is not finite; only y may be NaN or infinite")));
            }
        }
        if let Some(at) = numbers.t.iter().flatten().position(|time| time.abs() > MAX_TIME_SECONDS) {
            return Err(of(format!(
                "has a t[{at}] that is not in seconds since 1970: it must be from -{MAX_TIME_SECONDS:e} to {MAX_TIME_SECONDS:e}"
            )));
        }
        builder
            .count(numbers.y.len())
            .and_then(|()| {
                let Numbers { x, y, t } = numbers;
                builder.add(&part.cell, SeriesPoints { run: part.run, name: part.series, x, y, t })
            })
            .map_err(|rule| ErrorKind::PayloadTooLarge.with(format!("The body {rule}.")))?;
    }
    Ok(builder.sent)
}

/// The rule that an input breaks, as the end of a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Rule(String);

/// Checks the name of a series without a run. The rule continues "a name that".
pub(crate) fn check_name(name: &str) -> Result<(), Rule> {
    match name.chars().count() {
        1..=MAX_SERIES_NAME_CHARS if !name.contains(char::is_control) => Ok(()),
        1..=MAX_SERIES_NAME_CHARS => Err(Rule("must have no control characters".into())),
        _ => Err(Rule(format!("must have 1 to {MAX_SERIES_NAME_CHARS} characters"))),
    }
}

/// The same of a run, whose only series of a chart may have no name.
pub(crate) fn check_name_of_run(name: &str) -> Result<(), Rule> {
    if name.is_empty() { Ok(()) } else { check_name(name) }
}

/// Collects the points of a request by cell and series, within the limits of a request.
#[derive(Default)]
pub(crate) struct PointsBuilder {
    sent: Vec<CellPoints>,
    cells: HashMap<CellId, usize>,
    /// For each item of `sent`: by run and name, the last index in its `series`.
    names: Vec<HashMap<Option<RunId>, HashMap<String, usize>>>,
    series: usize,
    points: usize,
}

impl PointsBuilder {
    /// Counts points before they take memory. The rule continues "The body".
    pub(crate) fn count(&mut self, points: usize) -> Result<(), Rule> {
        self.points += points;
        if self.points <= MAX_POINTS_PER_REQUEST {
            Ok(())
        } else {
            Err(Rule(format!("may have {MAX_POINTS_PER_REQUEST} points; send it in parts")))
        }
    }

    pub(crate) fn counted(&mut self, reader: &JsonReader) -> ParseResult<()> {
        self.count(1).map_err(|rule| reader.error_of(ErrorKind::PayloadTooLarge, rule.to_string()))
    }

    /// Adds points, which have been counted, to those of the same series.
    pub(crate) fn add(&mut self, cell: &CellId, new: SeriesPoints) -> Result<(), Rule> {
        let at = match self.cells.get(cell) {
            Some(at) => *at,
            None => {
                self.cells.insert(cell.clone(), self.sent.len());
                self.sent.push(CellPoints { cell: cell.clone(), series: Vec::new() });
                self.names.push(HashMap::new());
                self.sent.len() - 1
            }
        };
        let (list, names) = (&mut self.sent[at].series, self.names[at].entry(new.run.clone()).or_default());
        if let Some(known) = names.get(&new.name).map(|known| &mut list[*known])
            && known.x.is_some() == new.x.is_some()
            && known.t.is_some() == new.t.is_some()
        {
            known.y.extend(new.y);
            known.x.iter_mut().for_each(|x| x.extend(new.x.iter().flatten()));
            known.t.iter_mut().for_each(|t| t.extend(new.t.iter().flatten()));
            return Ok(());
        }
        self.series += 1;
        if self.series > MAX_SERIES_PER_REQUEST {
            return Err(Rule(format!("may have {MAX_SERIES_PER_REQUEST} series; send it in parts")));
        }
        names.insert(new.name.clone(), list.len());
        list.push(new);
        Ok(())
    }
}
