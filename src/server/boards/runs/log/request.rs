//! The body of `log`: an object, a list of objects, or lines of objects, each with a step, a time and
//! metrics: `{"step": 5, "loss": 1.5, "acc": {"val": 0.91}, "sample": {"type": "img", "value": "data:…"}}`.

use std::collections::HashMap;

use crate::protocol::{ApiError, ErrorKind};
use crate::server::boards::draft::{Draft, parse_one};
use crate::server::boards::ingest::json_reader::{JsonReader, ParseResult};
use crate::server::boards::ingest::{SeriesPoints, check_name};
use crate::server::cells::{is_shown_kind, shown_kinds};
use crate::server::limits::{
    MAX_LOG_DEPTH, MAX_METRICS_PER_LOG, MAX_PARTS_PER_LOG, MAX_POINTS_PER_REQUEST, MAX_SERIES_NAME_CHARS, MAX_TIME_SECONDS,
};

/// What one request logs.
#[derive(Clone, Debug, Default)]
pub struct LogRequest {
    /// The points of each metric, whose name is that of the series, in the order of arrival. A metric
    /// has several items if only some of its points have steps or times.
    pub metrics: Vec<SeriesPoints>,
    /// The last value of each name.
    pub values: Vec<LoggedValue>,
    /// Number of points.
    pub points: usize,
    /// Bytes of the values, about.
    pub bytes: usize,
}

/// A value that is no number: a picture, a table, a text.
#[derive(Clone, Debug)]
pub struct LoggedValue {
    pub name: String,
    /// `type`, `value` and further keys of its cell.
    pub draft: Draft,
}

impl LogRequest {
    pub fn is_empty(&self) -> bool {
        self.metrics.is_empty() && self.values.is_empty()
    }
}

/// Whether each line of the body is an object of its own.
pub fn is_lines(content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(kind.as_str(), "application/x-ndjson" | "application/ndjson" | "application/jsonl")
}

/// Parses a whole body. 400 and 413 with path and position.
pub fn parse_log(body: &[u8], content_type: Option<&str>) -> Result<LogRequest, ApiError> {
    if is_lines(content_type) {
        return parse_log_lines(body, 1);
    }
    let text = text(body)?;
    let (mut reader, mut builder) = (JsonReader::new(text), LogBuilder::default());
    let read = match reader.peek() {
        Some(b'[') => reader.items(|reader| builder.entry(reader, text)),
        _ => builder.entry(&mut reader, text),
    };
    read.and_then(|()| reader.end()).map_err(|error| error.into_api_error(text, 1))?;
    Ok(builder.request)
}

/// Parses some lines of a body. `first_line`: the number of the first of them, from 1.
pub fn parse_log_lines(body: &[u8], first_line: usize) -> Result<LogRequest, ApiError> {
    let mut builder = LogBuilder::default();
    for (line, number) in text(body)?.lines().zip(first_line..) {
        let mut reader = JsonReader::new(line);
        if reader.peek().is_some() {
            let read = builder.entry(&mut reader, line).and_then(|()| reader.end());
            read.map_err(|error| error.into_api_error(line, number))?;
        }
    }
    Ok(builder.request)
}

fn text(body: &[u8]) -> Result<&str, ApiError> {
    std::str::from_utf8(body).map_err(|why| {
        ErrorKind::BadRequest.with(format!("The body is not UTF-8 text: byte {} is not part of a character.", why.valid_up_to()))
    })
}

fn check_log_name(name: &str, reader: &JsonReader) -> ParseResult<()> {
    check_name(name).map_err(|rule| match name {
        "" => reader.error(format!("has an empty name; name each value with 1 to {MAX_SERIES_NAME_CHARS} characters")),
        _ => reader.error(format!("is a name that {rule}")),
    })
}

#[derive(Default)]
struct LogBuilder {
    request: LogRequest,
    /// The last index of each name in `metrics`.
    metrics: HashMap<String, usize>,
    /// The index of each name in `values`.
    values: HashMap<String, usize>,
}

/// The numbers of one object, before its step and its time are known.
#[derive(Default)]
struct Entry {
    step: Option<f64>,
    time: Option<f64>,
    numbers: Vec<(String, f64)>,
}

impl LogBuilder {
    /// Reads one object. `text`: that of the reader.
    fn entry(&mut self, reader: &mut JsonReader, text: &str) -> ParseResult<()> {
        let mut entry = Entry::default();
        reader.keys(|reader, key| {
            match &*key {
                "step" if reader.word("null") => {}
                "step" => entry.step = Some(reader.finite()?),
                "time" if reader.word("null") => {}
                "time" => entry.time = Some(reader.time(MAX_TIME_SECONDS)?),
                _ => self.value(reader, text, key.into_owned(), MAX_LOG_DEPTH, &mut entry.numbers)?,
            }
            Ok(())
        })?;
        let Entry { step, time, numbers } = entry;
        for (name, value) in numbers {
            self.add(reader, name, step, value, time)?;
        }
        Ok(())
    }

    /// Reads the value of a name: a number, a typed value, or an object of names below it.
    fn value(
        &mut self,
        reader: &mut JsonReader,
        text: &str,
        name: String,
        depth: usize,
        numbers: &mut Vec<(String, f64)>,
    ) -> ParseResult<()> {
        if reader.peek() != Some(b'{') {
            check_log_name(&name, reader)?;
            let number = reader.value().map_err(|mut error| {
                error.append_hint("; other values have a type: {\"type\":\"text\",\"value\":\"…\"}");
                error
            })?;
            self.request.points += 1;
            if self.request.points > MAX_POINTS_PER_REQUEST {
                let rule = format!("is one point too many: a request may have {MAX_POINTS_PER_REQUEST}; send it in parts");
                return Err(reader.error_of(ErrorKind::PayloadTooLarge, rule));
            }
            numbers.push((name, number));
            return Ok(());
        }
        if depth == 0 {
            return Err(reader.error(format!("is nested too deep: names have {MAX_LOG_DEPTH} levels of objects at most")));
        }
        let start = reader.at();
        let (mut has_type, mut has_value) = (false, false);
        reader.keys(|reader, key| {
            has_type |= key == "type" && reader.peek() == Some(b'"');
            has_value |= key == "value";
            reader.skip().map(drop)
        })?;
        let end = reader.at();
        reader.back_to(start);
        if has_type && has_value {
            self.typed(reader, name, &text[start..end])?;
            reader.back_to(end);
            return Ok(());
        }
        reader.keys(|reader, key| self.value(reader, text, format!("{name}/{key}"), depth - 1, numbers))
    }

    fn typed(&mut self, reader: &JsonReader, name: String, json: &str) -> ParseResult<()> {
        check_log_name(&name, reader)?;
        let draft = parse_one(json.as_bytes()).map_err(|error| {
            let kind = ErrorKind::of_code(error.code).unwrap_or(ErrorKind::BadRequest);
            reader.error_of(kind, format!("is no valid value: {}", error.message.trim_end_matches('.')))
        })?;
        let foreign = [("_id", draft.id.is_some()), ("board", draft.board.is_some()), ("append", draft.append.is_some())];
        if let Some((key, _)) = foreign.into_iter().find(|(_, is_there)| *is_there) {
            return Err(reader.error(format!("has the key '{key}', which a logged value cannot have")));
        }
        match draft.kind() {
            Some("line") => return Err(reader.error("is of type 'line', whose points are logged as numbers")),
            Some(kind) if !is_shown_kind(kind) => {
                let kind: String = kind.chars().take(80).collect();
                let known: Vec<_> = shown_kinds().collect();
                return Err(reader.error(format!("is of the type '{kind}', which is not known; known are {}", known.join(", "))));
            }
            _ => {}
        }
        self.request.bytes += draft.bytes();
        match self.values.get(&name) {
            Some(at) => self.request.values[*at].draft = draft,
            None => {
                self.check_names(reader)?;
                self.values.insert(name.clone(), self.request.values.len());
                self.request.values.push(LoggedValue { name, draft });
            }
        }
        Ok(())
    }

    fn check_names(&self, reader: &JsonReader) -> ParseResult<()> {
        if self.metrics.len() + self.values.len() < MAX_METRICS_PER_LOG {
            return Ok(());
        }
        let rule = format!("is one name too many: a request may have {MAX_METRICS_PER_LOG}; send it in parts");
        Err(reader.error_of(ErrorKind::PayloadTooLarge, rule))
    }

    fn add(&mut self, reader: &JsonReader, name: String, step: Option<f64>, value: f64, time: Option<f64>) -> ParseResult<()> {
        let known = self.metrics.get(&name).copied();
        if known.is_none() {
            self.check_names(reader)?;
        }
        let fits = |part: &SeriesPoints| part.x.is_some() == step.is_some() && part.t.is_some() == time.is_some();
        let part = match known.filter(|at| fits(&self.request.metrics[*at])) {
            Some(at) => &mut self.request.metrics[at],
            None => {
                if self.request.metrics.len() == MAX_PARTS_PER_LOG {
                    let rule = format!(
                        "starts one part too many: points of one name with and without a step or a time are parts, and a request may have {MAX_PARTS_PER_LOG}; give all or none of them steps and times"
                    );
                    return Err(reader.error_of(ErrorKind::PayloadTooLarge, rule));
                }
                self.metrics.insert(name.clone(), self.request.metrics.len());
                let (x, t) = (step.map(|_| Vec::new()), time.map(|_| Vec::new()));
                self.request.metrics.push(SeriesPoints { run: None, name, x, y: Vec::new(), t });
                self.request.metrics.last_mut().expect("pushed here")
            }
        };
        part.y.push(value);
        part.x.iter_mut().for_each(|steps| steps.extend(step));
        part.t.iter_mut().for_each(|times| times.extend(time));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(json: &str) -> LogRequest {
        parse_log(json.as_bytes(), None).unwrap()
    }

    /// `name x y t` of each part.
    fn parts(request: &LogRequest) -> Vec<String> {
        let part = |part: &SeriesPoints| format!("{} {:?} {:?} {:?}", part.name, part.x, part.y, part.t);
        request.metrics.iter().map(part).collect()
    }

    #[test]
    fn objects_lists_and_lines_are_read_alike() {
        let object = parsed(r#"{"loss":1.5,"acc":{"val":0.5,"train":{"top/5":1}},"step":5,"time":7}"#);
        assert_eq!(
            parts(&object),
            [
                "loss Some([5.0]) [1.5] Some([7.0])",
                "acc/val Some([5.0]) [0.5] Some([7.0])",
                "acc/train/top/5 Some([5.0]) [1.0] Some([7.0])"
            ]
        );
        let expected = ["loss Some([1.0, 2.0]) [3.0, 2.0] None", "loss None [inf] None", "lr Some([2.0]) [0.1] None"];
        let list = parsed(r#"[{"step":1,"loss":3},{"step":2,"loss":2,"lr":0.1},{"loss":"Infinity"},{}]"#);
        let lines = "{\"step\":1,\"loss\":3}\n\n{\"step\":2,\"loss\":2,\"lr\":0.1}\n{\"loss\":Infinity,\"step\":null}";
        let lines = parse_log(lines.as_bytes(), Some("application/x-ndjson; charset=utf-8")).unwrap();
        for request in [list, lines] {
            let mut found = parts(&request);
            found.sort();
            let mut expected = expected.map(str::to_owned);
            expected.sort();
            assert_eq!((found, request.points), (expected.to_vec(), 4));
        }
        assert!(parsed(r#"{"a":NaN,"b":null,"c":"nan"}"#).metrics.iter().all(|part| part.y[0].is_nan()));
        assert!(parsed("{}").is_empty() && parsed("[]").is_empty());
    }

    #[test]
    fn typed_values_are_documents_and_the_last_one_counts() {
        let request = parsed(
            r#"[{"sample":{"type":"text","value":"a"}},{"sample":{"value":"b","type":"text","description":"x"},"p":{"type":1,"value":2},"q":{"type":3}}]"#,
        );
        let [value] = &request.values[..] else { panic!("{request:?}") };
        assert_eq!((value.name.as_str(), value.draft.kind(), value.draft.value.as_deref()), ("sample", Some("text"), Some("\"b\"")));
        assert_eq!(value.draft.keys["description"], "x");
        // An object with a type that is no text is a group of numbers.
        assert_eq!(parts(&request), ["p/type None [1.0] None", "p/value None [2.0] None", "q/type None [3.0] None"]);
    }

    #[test]
    fn errors_have_path_and_position() {
        let error = |json: &str| parse_log(json.as_bytes(), None).unwrap_err();
        for (json, expected) in [
            (
                r#"[{"loss":1},{"loss":"x"}]"#,
                "'[1].loss' must be a number, null, \"NaN\", \"Infinity\" or \"-Infinity\", not another string; other values have a type: {\"type\":\"text\",\"value\":\"…\"} (line 1 column 21).",
            ),
            (r#"{"step":NaN}"#, "'step' must be a finite number, not NaN (line 1 column 9)."),
            (
                r#"{"time":1800000000000}"#,
                "'time' must be seconds since 1970, from -1e11 to 1e11 (milliseconds are divided by 1000) (line 1 column 9).",
            ),
            (r#"{"":1}"#, "The body has an empty name; name each value with 1 to 200 characters (line 1 column 5)."),
            (r#"{"a":{"b\n":1}}"#, "'a.b\n' is a name that must have no control characters (line 1 column 13)."),
            (r#"{"a":[1]}"#, "not an array; other values have a type: {\"type\":\"text\",\"value\":\"…\"} (line 1 column 6)."),
            (r#"{"a":true}"#, "not a boolean; other values have a type: {\"type\":\"text\",\"value\":\"…\"} (line 1 column 6)."),
            (r#"{"p":{"type":"histogram","value":"x"}}"#, "'p' is no valid value: "),
            (
                r#"{"p":{"type":"html","value":"x","_id":"y"}}"#,
                "'p' has the key '_id', which a logged value cannot have (line 1 column 6).",
            ),
            (r#"{"p":{"type":"line","value":{}}}"#, "'p' is of type 'line', whose points are logged as numbers (line 1 column 6)."),
            ("3", "The body must be an object, not a number (line 1 column 1)."),
            ("{\"a\":1", "is not JSON: expected ',' or '}', found the end (line 1 column 7)."),
            ("{} {}", "The body goes on after its end (line 1 column 4)."),
        ] {
            let message = error(json).message;
            assert!(message.contains(expected), "{json}: {message}");
        }
        assert!(parse_log(b"{\"a\":1}\n{\"a\":}", Some("application/x-ndjson")).unwrap_err().message.contains("line 2"));
        assert!(parse_log(b"\xff", None).unwrap_err().message.contains("UTF-8"));
        let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth + 1), "}".repeat(depth + 1));
        assert_eq!(parsed(&deep(MAX_LOG_DEPTH)).metrics[0].name.len(), 2 * MAX_LOG_DEPTH + 1);
        assert!(error(&deep(MAX_LOG_DEPTH + 1)).message.contains("nested too deep"));
        let many = |names: usize| format!("{{{}}}", (0..names).map(|at| format!("\"m{at}\":1")).collect::<Vec<_>>().join(","));
        assert_eq!(parsed(&many(MAX_METRICS_PER_LOG)).metrics.len(), MAX_METRICS_PER_LOG);
        assert_eq!(error(&many(MAX_METRICS_PER_LOG + 1)).code, 413);
        let alternating = |parts: usize| format!("[{}]", [r#"{"a":1}"#, r#"{"a":1,"step":1}"#].repeat(parts / 2).join(","));
        assert_eq!(parsed(&alternating(MAX_PARTS_PER_LOG)).metrics.len(), MAX_PARTS_PER_LOG);
        let message = error(&alternating(MAX_PARTS_PER_LOG + 2)).message;
        assert!(message.contains("starts one part too many"), "{message}");
    }
}
