//! One cell in memory: the document without a large value, which is only on disk.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::protocol::{Cell, CellContent, CellId, CellLayout};
use crate::server::limits::MAX_INLINE_VALUE_BYTES;

/// Key of a document whose value is damaged: the document has [`DAMAGED_VALUE`] there instead of a value, so that a list can contain it.
pub const DAMAGED: &str = "damaged";
/// Shown in place of a value that cannot be read.
pub const DAMAGED_VALUE: &str = "This value is damaged on disk. Send it again, or restore a backup.";

#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub id: CellId,
    pub board: Arc<str>,
    /// Event of the last change.
    pub seq: u64,
    /// Event that created the cell on its board or moved it there.
    pub entered_board_seq: u64,
    /// Ascends over all boards with the order of creation; orders cells with equal positions.
    pub created_order: u64,
    /// Number of changes, from 1.
    pub rev: u64,
    /// Version of the value; unique among all values that the database ever had.
    pub version: u64,
    /// Unix time, ms.
    pub created_ms: u64,
    /// Unix time, ms.
    pub updated_ms: u64,
    /// The keys of the document except those above and `value`.
    pub keys: Map<String, Value>,
    pub value: StoredValue,
    /// What the page shows of the value, which itself may be only on disk.
    pub content: CellContent,
}

/// A value as JSON text, or where that is.
#[derive(Clone, Debug, PartialEq)]
pub enum StoredValue {
    /// The document has no key `value`.
    Missing,
    Inline(Arc<str>),
    /// Only in SQLite; its length in bytes.
    Stored(u64),
}

impl StoredValue {
    pub fn of(json: Option<&Arc<str>>) -> Self {
        match json {
            None => Self::Missing,
            Some(json) if json.len() <= MAX_INLINE_VALUE_BYTES => Self::Inline(json.clone()),
            Some(json) => Self::Stored(json.len() as u64),
        }
    }

    /// Length of the JSON text.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Missing => 0,
            Self::Inline(json) => json.len(),
            Self::Stored(bytes) => *bytes as usize,
        }
    }
}

impl Record {
    /// A document that is not committed yet: [`super::Batch::put`] sets its numbers, value and content.
    pub fn new(id: CellId, board: Arc<str>, keys: Map<String, Value>) -> Self {
        Self {
            id,
            board,
            seq: 0,
            entered_board_seq: 0,
            created_order: 0,
            rev: 0,
            version: 0,
            created_ms: 0,
            updated_ms: 0,
            keys,
            value: StoredValue::Missing,
            content: CellContent::Empty,
        }
    }

    pub fn text(&self, key: &str) -> &str {
        self.keys.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Position on the board: `layout.order`, as arranged on the page, or else the client's `pos`.
    pub fn order(&self) -> Option<f64> {
        let layout = self.keys.get("layout").and_then(|layout| layout.get("order"));
        layout.and_then(Value::as_f64).or_else(|| self.keys.get("pos").and_then(Value::as_f64))
    }

    /// The section and the size of the cell.
    pub fn layout(&self) -> CellLayout {
        let of = |key| self.keys.get("layout")?.get(key);
        let number = |key| of(key).and_then(Value::as_u64);
        CellLayout {
            section: of("section").and_then(Value::as_str).map(str::to_owned),
            width: number("width").filter(|width| CellLayout::is_width(*width)).map(|width| width as u8),
            height: number("height").filter(|height| CellLayout::is_height(*height)).map(|height| height as u16),
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
            hidden: self.keys.get("hidden").and_then(Value::as_bool).unwrap_or_default(),
            created_seq: self.created_order,
            rev: self.rev,
            content: self.content.clone(),
        }
    }

    /// Estimated bytes of the texts that the page gets of this cell.
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

    /// The document without its damaged value, and with the key [`DAMAGED`].
    pub fn damaged(&self) -> Self {
        let mut record = Self { value: StoredValue::Missing, ..self.clone() };
        record.keys.insert(DAMAGED.to_owned(), DAMAGED_VALUE.into());
        record
    }

    /// The record of a tombstone: its value is only on disk.
    pub fn without_value(&self) -> Self {
        let value = match &self.value {
            StoredValue::Inline(json) => StoredValue::Stored(json.len() as u64),
            other => other.clone(),
        };
        Self { value, content: CellContent::Empty, ..self.clone() }
    }

    /// Whether its value is series of points, which are stored separately.
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
