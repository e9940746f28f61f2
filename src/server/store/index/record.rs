//! One cell as the server holds it: the whole document, but for large values, which stay on disk.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::protocol::{Cell, CellContent, CellId, Layout, LineSettings, LineSettingsPatch};
use crate::server::cells::{Place, is_nothing, place};

/// Larger values stay in SQLite alone, so that memory is bounded by the number of cells.
pub const INLINE_BYTES: usize = 16 * 1024;
/// How much of a value that is neither HTML nor a picture the page shows.
const PREVIEW_BYTES: usize = 2 * 1024;
/// Key of documents whose value is damaged, among many of which it may not take away the others.
pub const DAMAGED: &str = "damaged";

#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub id: CellId,
    pub board: Arc<str>,
    pub seq: u64,
    /// The event that brought it to its board.
    pub entered_board_seq: u64,
    /// Ascending over all boards: the tie-break between equal places.
    pub created_order: u64,
    pub rev: u64,
    /// Names the value for ever: a later value, also of a later cell with the same id, has another number.
    pub version: u64,
    pub created_ms: u64,
    pub updated_ms: u64,
    /// Every key a client sent, but those above and `value`.
    pub keys: Map<String, Value>,
    pub value: StoredValue,
    /// What the page shows of the value; kept, since the value itself may be on disk.
    pub content: CellContent,
}

/// Where the value is, as JSON text.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredValue {
    /// The document has no key `value`.
    Missing,
    Inline(Arc<str>),
    /// In SQLite, this many bytes.
    Stored(u64),
}

impl StoredValue {
    pub fn of(json: Option<&Arc<str>>) -> Self {
        match json {
            None => Self::Missing,
            Some(json) if json.len() <= INLINE_BYTES => Self::Inline(json.clone()),
            Some(json) => Self::Stored(json.len() as u64),
        }
    }
}

impl StoredValue {
    /// How long its text is.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Missing => 0,
            Self::Inline(json) => json.len(),
            Self::Stored(bytes) => *bytes as usize,
        }
    }
}

impl Record {
    pub fn text(&self, key: &str) -> &str {
        self.keys.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Where it stands: the person's arrangement (`layout.order`) before the client's `pos`.
    pub fn order(&self) -> Option<f64> {
        let layout = self.keys.get("layout").and_then(|layout| layout.get("order"));
        layout.and_then(Value::as_f64).or_else(|| self.keys.get("pos").and_then(Value::as_f64))
    }

    /// The grid columns of a subplot: `layout.column` of `layout.columns`, if that many fit side by side.
    fn layout(&self) -> Option<Layout> {
        let number = |key| self.keys.get("layout")?.get(key)?.as_u64();
        match (number("columns"), number("column")) {
            (Some(columns @ 1..=Layout::COLUMNS), Some(column)) if column < columns => {
                let span = Layout::COLUMNS / columns;
                Some(Layout { column: column * span + 1, span })
            }
            _ => None,
        }
    }

    pub fn cell(&self) -> Cell {
        Cell {
            id: self.id.clone(),
            name: self.text("name").to_owned(),
            cell_type: self.text("type").to_owned(),
            description: self.text("description").to_owned(),
            order: self.order(),
            layout: self.layout(),
            created_seq: self.created_order,
            rev: self.rev,
            content: self.content.clone(),
        }
    }

    /// How long the texts are that the page is given of it, about.
    pub fn shown(&self) -> usize {
        let content = match &self.content {
            CellContent::Text { text, .. } => text.len(),
            CellContent::Image { src, .. } => src.len(),
            _ => 0,
        };
        ["name", "type", "description"].into_iter().map(|key| self.text(key).len()).sum::<usize>() + content
    }

    /// The document as REST clients see it. `value` is the JSON text of the value if there is one.
    pub fn document(&self, value: Option<&str>) -> String {
        let mut out = String::with_capacity(256 + value.map_or(0, str::len));
        out.push_str("{\"_id\":");
        push_json(&mut out, &self.id);
        for (key, value) in &self.keys {
            push_key(&mut out, key);
            push_json(&mut out, value);
        }
        if let Some(value) = value {
            push_key(&mut out, "value");
            out.push_str(value);
        }
        push_key(&mut out, "board");
        push_json(&mut out, &*self.board);
        push_key(&mut out, "rev");
        push_json(&mut out, &self.rev);
        push_key(&mut out, "createdAt");
        push_json(&mut out, &timestamp(self.created_ms));
        push_key(&mut out, "updatedAt");
        push_json(&mut out, &timestamp(self.updated_ms));
        out.push('}');
        out
    }

    /// Sets what the page shows; `value` is the JSON text of this version.
    pub fn update_content(&mut self, value: Option<&str>) {
        self.content = match self.keys.get("chart") {
            // It was checked when it came, as what it is read as here.
            Some(chart) if self.is_line() => CellContent::LineChart(LineSettingsPatch::deserialize(chart).unwrap_or_default().into()),
            None if self.is_line() => CellContent::LineChart(LineSettings::default()),
            _ => cell_content(&self.id, self.text("type"), value, self.version),
        };
    }

    /// As it is told where its value cannot be read: with the key `damaged`, which says so, in place of the value.
    pub fn damaged(&self) -> Self {
        let mut record = Self { value: StoredValue::Missing, ..self.clone() };
        record.keys.insert(DAMAGED.to_owned(), crate::server::store::DAMAGED_VALUE.into());
        record
    }

    /// As it is kept after its removal: the value is on disk alone.
    pub fn without_value(&self) -> Self {
        let value = match &self.value {
            StoredValue::Inline(json) => StoredValue::Stored(json.len() as u64),
            other => other.clone(),
        };
        Self { value, content: CellContent::Empty, ..self.clone() }
    }

    /// Its value is series of points, stored apart.
    pub fn is_line(&self) -> bool {
        self.text("type") == "line"
    }
}

/// RFC 3339 in UTC, with milliseconds: `2026-11-22T15:28:00.000Z`.
pub fn timestamp(unix_ms: u64) -> String {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(unix_ms);
    humantime::format_rfc3339_millis(time).to_string()
}

fn push_key(out: &mut String, key: &str) {
    out.push(',');
    push_json(out, key);
    out.push(':');
}

fn push_json<T: serde::Serialize + ?Sized>(out: &mut String, value: &T) {
    // Keys are strings and numbers are finite: serde_json has nothing to refuse here.
    out.push_str(&serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()));
}

fn cell_content(id: &CellId, kind: &str, value: Option<&str>, rev: u64) -> CellContent {
    let json = value.unwrap_or("null").trim();
    if is_nothing(json) {
        return CellContent::Empty;
    }
    match place(kind) {
        Some(Place::Drawing) => return CellContent::Chart { rev },
        Some(Place::Frame) => return CellContent::Html { rev, sig: None },
        None => {}
    }
    match (kind, json.starts_with('"')) {
        ("html", true) => CellContent::Html { rev, sig: None },
        ("img", true) => match serde_json::from_str::<String>(json) {
            Ok(src) => picture(id, &src, rev),
            Err(_) => CellContent::Empty,
        },
        (_, true) => {
            let text = serde_json::from_str::<String>(json).unwrap_or_default();
            CellContent::Text { bytes: text.len() as u64, text: beginning(&text) }
        }
        _ => CellContent::Text { bytes: json.len() as u64, text: beginning(json) },
    }
}

/// `./images/x`, `images/x` and `/images/x` mean the server's folder, as they did when the page lived beside it.
fn picture(id: &CellId, src: &str, rev: u64) -> CellContent {
    let src = src.trim();
    let local = src.strip_prefix("./").or_else(|| src.strip_prefix('/')).unwrap_or(src);
    let starts = |scheme: &str| src.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let src = match src {
        _ if starts("data:") => format!("media/{id}/{rev}"),
        _ if local.starts_with("images/") => local.to_owned(),
        _ if starts("http://") || starts("https://") => src.to_owned(),
        _ => return CellContent::Text { bytes: src.len() as u64, text: beginning(src) },
    };
    CellContent::Image { src, rev }
}

fn beginning(text: &str) -> String {
    let mut end = text.len().min(PREVIEW_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content_of(kind: &str, value: &str) -> CellContent {
        cell_content(&CellId::parse("c1").unwrap(), kind, Some(value), 3)
    }

    #[test]
    fn empty_means_empty_whatever_the_type() {
        for value in ["[]", "\"\"", "null", " [] "] {
            assert_eq!(content_of("html", value), CellContent::Empty);
        }
    }

    #[test]
    fn pictures_are_told_apart_by_address() {
        let picture = |src: &str| CellContent::Image { src: src.into(), rev: 3 };
        assert_eq!(content_of("img", "\"./images/a b.gif\""), picture("images/a b.gif"));
        assert_eq!(content_of("img", "\"/images/a.gif\""), picture("images/a.gif"));
        assert_eq!(content_of("img", "\"data:image/png;base64,AAAA\""), picture("media/c1/3"));
        assert_eq!(content_of("img", "\"https://example.org/x.png?sig=1\""), picture("https://example.org/x.png?sig=1"));
        assert!(matches!(content_of("img", "\"javascript:alert(1)\""), CellContent::Text { .. }));
        assert!(matches!(content_of("img", "\"//evil.example/images/x.png\""), CellContent::Text { .. }));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = "é".repeat(PREVIEW_BYTES);
        let CellContent::Text { text: shown, bytes } = content_of("note", &serde_json::to_string(&text).unwrap()) else { panic!("text") };
        assert_eq!((shown.len(), bytes), (PREVIEW_BYTES, 2 * PREVIEW_BYTES as u64));
    }

    #[test]
    fn numbers_and_objects_are_shown_as_json() {
        assert_eq!(content_of("other", "{\"a\":1.0}"), CellContent::Text { text: "{\"a\":1.0}".into(), bytes: 9 });
    }

    #[test]
    fn kinds_of_numbers_are_drawn_and_tables_and_texts_are_framed() {
        for kind in ["bar", "histogram", "heatmap", "scatter", "number"] {
            assert_eq!((content_of(kind, "[[1]]"), content_of(kind, "{}")), (CellContent::Chart { rev: 3 }, CellContent::Empty));
        }
        for kind in ["table", "text"] {
            assert_eq!(
                (content_of(kind, "\"# x\""), content_of(kind, "\"\"")),
                (CellContent::Html { rev: 3, sig: None }, CellContent::Empty)
            );
        }
    }
}
