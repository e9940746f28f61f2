//! The shapes of requests and responses as the document shows them. Responses are written by hand
//! where they are large, so most of these types exist for the document only; the journey
//! `openapi.spec.ts` holds real replies against them.
#![expect(dead_code, reason = "they are read by the derive macros only")]

mod board_items;
mod boards;
mod cells;
mod columns;
mod groups;
mod layout;
mod points;
mod run_groups;
mod run_table;
mod runs;

pub use board_items::{Mark, MarkDraft, MarkOrRepeated, View, ViewDraft, ViewOrRepeated};
pub use boards::{Board, BoardDraft, BoardOrRepeated};
pub use cells::{Cell, CellOrRepeated, CellValue, Created, CreatedBefore, Draft, Drafts, Found, Patch};
pub use columns::Columns;
pub use groups::{BinaryGroups, Groups};
pub use layout::{BoardLayout, BoardLayoutKeys, LayoutOrRepeated, LayoutPatch};
pub use points::{
    AppendBody, AppendManyBody, Appended, BinaryColumns, BinaryPoints, EntryLines, Epoch, EpochForm, PointsCsv, PointsLines, PointsPage,
};
pub use run_groups::RunGroups;
pub use run_table::RunTable;
pub use runs::{
    Beat, ConsoleAppended, ConsoleText, EpochTaken, FoundRuns, LogBody, LogLines, Logged, Run, RunColours, RunDiff, RunDraft, RunHistory,
    RunKeys, RunOrRepeated, RunValue,
};

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType};

use super::shape::{bytes, shape};

/// The one shape of all errors.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Error {
    name: String,
    message: String,
    code: u16,
    class_name: String,
    #[schema(value_type = Object)]
    data: Value,
    /// The field that is wrong, and what it must be.
    errors: BTreeMap<String, String>,
}

/// One frame of `/live` and `/events`.
#[derive(ToSchema)]
pub struct Event {
    #[schema(inline)]
    event: EventName,
    /// Numbers the changes of a board without gaps; after a resume it may jump. `appended` stands
    /// for all from `first` to this one.
    seq: u64,
    /// Of appended: the first of the changes that it stands for.
    #[schema(required = false, minimum = 1)]
    first: u64,
    /// Of hello and snapshot.
    #[schema(required = false)]
    epoch: String,
    /// Of hello.
    #[schema(required = false)]
    build: String,
    /// The document, of created, updated, patched and removed; of runs a list of documents. Of appended, by `_id` and name of the
    /// series: `start`, the index of the first new point; `points`, how many came; and, unless more
    /// than 1024 came within a tick of 16 ms, the lists `x`, `y` and `t`. `reset` is true where another
    /// series had the name until now: forget its points. Empty where series only went.
    #[schema(required = false)]
    data: Value,
    /// Of appended, where there are any: points of series of runs, by run, `_id` and name, null for one that the cell has no more. Of a
    /// snapshot of runs: the empty list.
    #[schema(required = false)]
    runs: Value,
    /// Of appended, where there are any: by `_id`, the names of series that the cell has no more.
    #[schema(required = false)]
    removed: BTreeMap<String, Vec<String>>,
    /// Of an updated of runs that has none: the document of the board, or null without one.
    #[schema(required = false)]
    board: Value,
    /// Of a snapshot of cells: everything; forget what was known. Empty in the view document, where a created of
    /// each document follows.
    #[schema(required = false)]
    cells: Vec<Value>,
}

#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
enum EventName {
    Hello,
    Snapshot,
    Created,
    Updated,
    Patched,
    Removed,
    Appended,
    Bookmark,
}

/// One event of the stream.
#[derive(ToSchema)]
pub struct SentEvent {
    /// A JSON `Event`.
    data: String,
    /// `<epoch>:<seq>`
    #[schema(required = false)]
    id: String,
}

shape! {
    /// Exactly `true`.
    Always: ObjectBuilder::new().schema_type(SchemaType::AnyValue).enum_values(Some([true]));
}

shape! {
    /// The bytes of a document.
    PdfFile: bytes("A PDF of one page.");
}

shape! {
    /// The bytes of a picture.
    Picture: bytes("PNG, JPEG, GIF, WebP, AVIF, BMP or SVG.");
}
