//! Reads what the server sends, with the browser's own parser of JSON: that of `serde_json` would make the page 10 KB larger.
//!
//! The protocol's types decide how they are written; the tests hold the names used here against them.

use js_sys::{Array, JSON, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::protocol::{Board, Cell, CellContent, CellId, Event, Layout, LineSettings, PageData, XAxis, YScale};

const EVENT: [&str; 6] = ["event", "seq", "epoch", "build", "data", "cells"];
const CELL: [&str; 9] = ["id", "name", "cell_type", "description", "order", "layout", "created_seq", "rev", "content"];
const STAGE: [&str; 5] = ["Html", "Image", "LineChart", "Chart", "Text"];
const LAYOUT: [&str; 2] = ["column", "span"];
const FIGURE: [&str; 2] = ["rev", "sig"];
const PICTURE: [&str; 2] = ["src", "rev"];
const LINES: [&str; 5] = ["x", "y", "smooth", "unit", "hidden"];
const DRAWING: [&str; 1] = ["rev"];
const TEXT: [&str; 2] = ["text", "bytes"];
const BOARD: [&str; 4] = ["name", "epoch", "seq", "cells"];
const PAGE: [&str; 6] = ["board", "boards", "origin", "durable", "build", "may_write"];

/// A frame of `/live`; `None` when it is not one of ours.
pub fn event(frame: &str) -> Option<Event<Cell>> {
    let [event, seq, epoch, build, data, cells] = Json::parse(frame)?.fields(EVENT);
    let seq = seq.number()?;
    Some(match event.text()?.as_str() {
        "hello" => Event::Hello { epoch: epoch.text()?, seq, build: build.text()? },
        "snapshot" => Event::Snapshot { epoch: epoch.text()?, seq, cells: cells.list(cell)? },
        "created" => Event::Created { seq, data: cell(data)? },
        "updated" => Event::Updated { seq, data: cell(data)? },
        "patched" => Event::Patched { seq, data: cell(data)? },
        "removed" => Event::Removed { seq, data: cell(data)? },
        "bookmark" => Event::Bookmark { seq },
        _ => return None,
    })
}

/// What the server drew the page from.
pub fn page(text: &str) -> Option<PageData> {
    let [board, boards, origin, durable, build, may_write] = Json::parse(text)?.fields(PAGE);
    let [name, epoch, seq, cells] = board.fields(BOARD);
    let board = Board { name: name.text()?, epoch: epoch.text()?, seq: seq.number()?, cells: cells.list(cell)? };
    let boards = boards.list(|name| name.text())?;
    let (durable, may_write) = (durable.0.as_bool()?, may_write.0.as_bool()?);
    Some(PageData { board, boards, origin: origin.text()?, durable, build: build.text()?, may_write })
}

fn cell(json: Json) -> Option<Cell> {
    let [id, name, cell_type, description, order, layout, created_seq, rev, on_stage] = json.fields(CELL);
    let [column, span] = layout.fields(LAYOUT);
    let layout = column.number().zip(span.number()).map(|(column, span)| Layout { column, span });
    Some(Cell {
        id: CellId::parse(&id.text()?)?,
        name: name.text()?,
        cell_type: cell_type.text()?,
        description: description.text()?,
        order: order.0.as_f64(),
        layout,
        created_seq: created_seq.number()?,
        rev: rev.number()?,
        content: stage(&on_stage)?,
    })
}

/// The name of the kind alone, or an object with that name as its only key.
fn stage(json: &Json) -> Option<CellContent> {
    if let Some(kind) = json.text() {
        return (kind == "Empty").then_some(CellContent::Empty);
    }
    let [figure, picture, lines, drawing, text] = json.fields(STAGE);
    if figure.0.is_object() {
        let [rev, sig] = figure.fields(FIGURE);
        return Some(CellContent::Html { rev: rev.number()?, sig: sig.text() });
    }
    if picture.0.is_object() {
        let [src, rev] = picture.fields(PICTURE);
        return Some(CellContent::Image { src: src.text()?, rev: rev.number()? });
    }
    if lines.0.is_object() {
        return Some(CellContent::LineChart(settings(&lines)?));
    }
    if drawing.0.is_object() {
        let [rev] = drawing.fields(DRAWING);
        return Some(CellContent::Chart { rev: rev.number()? });
    }
    let [text, bytes] = text.fields(TEXT);
    Some(CellContent::Text { text: text.text()?, bytes: bytes.number()? })
}

fn settings(json: &Json) -> Option<LineSettings> {
    let [x, y, smooth, unit, hidden] = json.fields(LINES);
    let x = match x.text()?.as_str() {
        "relative" => XAxis::Relative,
        "wall" => XAxis::Wall,
        _ => XAxis::Step,
    };
    let y = if y.text()? == "log" { YScale::Log } else { YScale::Linear };
    Some(LineSettings { x, y, smooth: smooth.0.as_f64()?, unit: unit.text()?, hidden: hidden.list(|name| name.text())? })
}

/// A piece of JSON; what is missing is `undefined`, which is neither text nor number.
struct Json(JsValue);

impl Json {
    fn parse(text: &str) -> Option<Self> {
        JSON::parse(text).ok().map(Self)
    }

    /// On its own, because the function below is compiled anew for each number of names.
    #[inline(never)]
    fn field(&self, name: &str) -> Self {
        Self(Reflect::get(&self.0, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED))
    }

    fn fields<const N: usize>(&self, names: [&str; N]) -> [Self; N] {
        std::array::from_fn(|at| self.field(names[at]))
    }

    fn text(&self) -> Option<String> {
        self.0.as_string()
    }

    /// Exact up to 2^53: a thousand events a second for 285,000 years.
    fn number(&self) -> Option<u64> {
        self.0.as_f64().map(|number| number as u64)
    }

    fn list<T>(self, read: impl Fn(Self) -> Option<T>) -> Option<Vec<T>> {
        self.0.dyn_into::<Array>().ok()?.iter().map(|item| read(Self(item))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json, to_value};

    use super::*;

    /// An object that has these keys, and each value of `written` that it has, too.
    fn named(names: &[&str], written: &Value) -> Value {
        let missing = json!("missing");
        names.iter().map(|name| (name.to_string(), written.get(name).unwrap_or(&missing).clone())).collect()
    }

    fn a_cell() -> Cell {
        let id = CellId::parse("a").unwrap();
        Cell {
            id,
            name: "n".into(),
            cell_type: "k".into(),
            description: "t".into(),
            order: None,
            layout: Some(Layout { column: 1, span: 4 }),
            created_seq: 2,
            rev: 3,
            content: CellContent::Empty,
        }
    }

    #[test]
    fn cells_and_pages_are_written_with_these_names() {
        let cell = to_value(a_cell()).unwrap();
        assert_eq!(named(&CELL, &cell), cell);
        assert_eq!((&cell["id"], &cell["order"], &cell["content"]), (&json!("a"), &Value::Null, &json!("Empty")));
        assert_eq!(to_value(CellContent::Html { rev: 1, sig: None }).unwrap(), json!({STAGE[0]: {FIGURE[0]: 1}}));
        let signed = CellContent::Html { rev: 1, sig: Some("s".into()) };
        assert_eq!(to_value(signed).unwrap(), json!({STAGE[0]: {FIGURE[0]: 1, FIGURE[1]: "s"}}));
        assert_eq!(to_value(CellContent::Image { src: "s".into(), rev: 1 }).unwrap(), json!({STAGE[1]: {PICTURE[0]: "s", PICTURE[1]: 1}}));
        assert_eq!(to_value(CellContent::Chart { rev: 1 }).unwrap(), json!({STAGE[3]: {DRAWING[0]: 1}}));
        assert_eq!(to_value(CellContent::Text { text: "t".into(), bytes: 1 }).unwrap(), json!({STAGE[4]: {TEXT[0]: "t", TEXT[1]: 1}}));
        let page = PageData {
            board: Board::default(),
            boards: vec![],
            origin: String::new(),
            durable: true,
            build: String::new(),
            may_write: true,
        };
        let page = to_value(page).unwrap();
        assert_eq!(named(&PAGE, &page), page);
        assert_eq!(named(&BOARD, &page["board"]), page["board"]);
    }

    #[test]
    fn settings_are_written_with_these_words() {
        let written = |x, y| to_value(LineSettings { x, y, smooth: 0.5, unit: "s".into(), hidden: vec!["a".into()] }).unwrap();
        let of = |x: &str, y: &str| json!({LINES[0]: x, LINES[1]: y, LINES[2]: 0.5, LINES[3]: "s", LINES[4]: ["a"]});
        assert_eq!(written(XAxis::Step, YScale::Linear), of("step", "linear"));
        assert_eq!(written(XAxis::Relative, YScale::Log), of("relative", "log"));
        assert_eq!(written(XAxis::Wall, YScale::Log), of("wall", "log"));
        let stage = to_value(CellContent::LineChart(LineSettings::default())).unwrap();
        assert!(stage[STAGE[2]].is_object());
    }

    #[test]
    fn events_are_written_with_these_names() {
        let [event, seq, epoch, build, data, cells] = EVENT;
        let cell = to_value(a_cell()).unwrap();
        let hello = Event::<Cell>::Hello { epoch: "e".into(), seq: 1, build: "b".into() };
        let snapshot = Event::Snapshot { epoch: "e".into(), seq: 1, cells: vec![a_cell()] };
        let written = [
            (hello, json!({event: "hello", epoch: "e", seq: 1, build: "b"})),
            (snapshot, json!({event: "snapshot", epoch: "e", seq: 1, cells: [cell]})),
            (Event::Created { seq: 1, data: a_cell() }, json!({event: "created", seq: 1, data: cell})),
            (Event::Updated { seq: 1, data: a_cell() }, json!({event: "updated", seq: 1, data: cell})),
            (Event::Patched { seq: 1, data: a_cell() }, json!({event: "patched", seq: 1, data: cell})),
            (Event::Removed { seq: 1, data: a_cell() }, json!({event: "removed", seq: 1, data: cell})),
            (Event::Bookmark { seq: 1 }, json!({event: "bookmark", seq: 1})),
        ];
        for (event, expected) in written {
            assert_eq!(to_value(event).unwrap(), expected);
        }
    }
}
