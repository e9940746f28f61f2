//! Cells: as clients send them and as the server answers them.

use std::borrow::Cow;

use serde_json::Value;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::Always;
use super::points::AppendBody;
use crate::server::http::openapi::shape::{shape, words_with_default};

/// What a client sends: every key may be missing, further keys are kept.
#[derive(ToSchema)]
pub struct Draft {
    #[schema(rename = "_id", pattern = "^[A-Za-z0-9_-]{1,64}$")]
    id: Option<String>,
    name: Option<String>,
    /// `html`, `img`, `line`, or anything else, which is shown as text.
    #[schema(rename = "type")]
    cell_type: Option<String>,
    /// Any JSON. For `html` a string; for `img` an address, `./images/<file>` or a `data:` URI; for
    /// `line` `{"series":{"train":<points>, ...}}`, which replaces all of its points. `[]`, `{}`, `""`
    /// and null mean empty. 128 levels deep at most; 8 MiB, pictures 16 MiB. All other keys together
    /// 256 KiB.
    #[schema(required = false)]
    value: Value,
    pos: Option<f64>,
    description: Option<String>,
    #[schema(pattern = "^$|^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$")]
    board: Option<String>,
    #[schema(inline)]
    layout: Option<Layout>,
    #[schema(required = false)]
    chart: Chart,
}

/// Where it stands on its board, and how large it is. Other keys are kept and have no effect.
#[derive(ToSchema)]
struct Layout {
    /// The heading under which it stands; without one it is in the first part of the board.
    #[schema(min_length = 1, max_length = 120)]
    section: Option<String>,
    /// The place that a person gave it on the page; goes before `pos`.
    order: Option<f64>,
    /// Columns of the 12 of the grid.
    #[schema(minimum = 1, maximum = 12)]
    width: Option<u8>,
    /// Rows of 8 pixels.
    #[schema(minimum = 4, maximum = 160)]
    height: Option<u16>,
}

/// How a `line` is drawn. Keys that are missing have their default; others are kept and have no effect.
#[derive(ToSchema)]
struct Chart {
    /// What runs along the axis: the step, the wall time since the start of each run, the wall time, the metric `x_metric` of the same run.
    #[schema(required = false)]
    x: XAxis,
    /// The name of a metric, for `"x": "metric"`. Each point stands at the last finite value that its run had of this metric at the point's
    /// step or before it.
    #[schema(required = false, default = "", max_length = 200)]
    x_metric: String,
    /// The scale of the horizontal axis; wall time is always linear. Steps and times that are not above 0 have no place on a logarithmic
    /// axis, and a text in the chart says so.
    #[schema(required = false)]
    x_scale: AxisScale,
    #[schema(required = false)]
    y: AxisScale,
    /// Horizontal lines at values that the curves are compared with.
    #[schema(required = false, max_items = 8, default = json!([]))]
    goal_lines: Vec<GoalLine>,
    /// The ends of the vertical axis, the lower one first; `null` for an end that follows the values. What is beyond is cut off, and a text
    /// in the chart says how far it reaches.
    #[schema(required = false, min_items = 2, max_items = 2, default = json!([null, null]))]
    y_range: Vec<Option<f64>>,
    /// The axis reaches from the 5th to the 95th percentile of the values.
    #[schema(required = false, default = false)]
    ignore_outliers: bool,
    /// Along steps: points of a run from before a restart, which later ones superseded, are not drawn; otherwise they are faded.
    #[schema(required = false, default = false)]
    hide_superseded: bool,
    /// The weight of the exponential moving average, 0 (off) to 0.999.
    #[schema(required = false, default = 0)]
    smooth: f64,
    /// What the values are measured in, such as `s`, `B`, `%`.
    #[schema(required = false, default = "")]
    unit: String,
    /// The title of the horizontal axis.
    #[schema(required = false, default = "")]
    x_label: String,
    /// The title of the vertical axis.
    #[schema(required = false, default = "")]
    y_label: String,
    /// The names of series that are not drawn.
    #[schema(required = false, default = json!([]))]
    hidden: Vec<String>,
}

/// A horizontal line at a value.
#[derive(ToSchema)]
struct GoalLine {
    y: f64,
    /// Written on the line; empty for the value alone.
    #[schema(required = false, default = "", max_length = 60)]
    label: String,
}

shape! {
    /// What runs along the axis.
    XAxis: words_with_default(["step", "relative", "wall", "metric"]);
}

shape! {
    /// How numbers become places on an axis.
    AxisScale: words_with_default(["linear", "log"]);
}

/// A draft whose keys are merged into the cell.
#[derive(ToSchema)]
pub struct Patch {
    #[serde(flatten)]
    draft: Draft,
    /// Points to append; the cell is a `line`, or becomes one by this patch. Only with an id in the path.
    #[schema(required = false)]
    append: AppendBody,
}

#[derive(ToSchema)]
pub struct Cell {
    #[schema(rename = "_id")]
    id: String,
    name: Option<String>,
    #[schema(rename = "type")]
    cell_type: Option<String>,
    /// As it was sent. Of a `line` its summary: `{"series":{"train":{"points":2,"last":[1.0,1.9]}}}`.
    #[schema(required = false)]
    value: Value,
    pos: Option<f64>,
    description: Option<String>,
    #[schema(required = false)]
    board: String,
    #[schema(value_type = Option<Object>)]
    layout: Option<Value>,
    /// Counts the changes of this cell.
    #[schema(required = false, minimum = 1)]
    rev: u64,
    #[schema(rename = "createdAt", required = false, format = DateTime)]
    created_at: String,
    #[schema(rename = "updatedAt", required = false, format = DateTime)]
    updated_at: String,
    #[schema(required = false)]
    chart: Chart,
    /// In place of `value`, where that is damaged on disk: a sentence. Only among others, in lists, feeds
    /// and answers to changes; the cell asked for alone is 500. A client's own key of this name is answered
    /// otherwise.
    #[schema(required = false)]
    damaged: Value,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    total: u64,
    limit: u64,
    skip: u64,
    data: Vec<Cell>,
}

/// In place of a cell, for a request that was done before, where its answer was over 16 KiB or is forgotten.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Repeated {
    #[schema(rename = "_id", required = false)]
    id: String,
    /// That of the cell when the request was done.
    #[schema(required = false, minimum = 1)]
    rev: u64,
    /// How many cells it was about, where they are too many to be listed.
    #[schema(required = false)]
    cells: u64,
    repeated: Always,
}

/// A list, or a page of one.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum Found {
    List(Vec<Cell>),
    Page(Page),
}

/// One draft, or several as a whole.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "it describes a schema, and is never made")]
pub enum Drafts {
    One(Draft),
    Many(Vec<Draft>),
}

/// A cell, or what stands in its place. An object with `_id` and `repeated` fits both.
pub struct CellOrRepeated;

impl PartialSchema for CellOrRepeated {
    fn schema() -> RefOr<Schema> {
        AnyOfBuilder::new().item(Ref::from_schema_name("Cell")).item(Ref::from_schema_name("Repeated")).into()
    }
}

impl ToSchema for CellOrRepeated {
    fn name() -> Cow<'static, str> {
        "CellOrRepeated".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend([("Cell".to_owned(), Cell::schema()), ("Repeated".to_owned(), Repeated::schema())]);
        Cell::schemas(schemas);
    }
}

/// The value of a cell that has a chart, a table or a text: of any kind that such values have.
pub struct CellValue;

impl PartialSchema for CellValue {
    fn schema() -> RefOr<Schema> {
        let types = [Type::Object, Type::Array, Type::Number, Type::String, Type::Null];
        ObjectBuilder::new().schema_type(SchemaType::from_iter(types)).into()
    }
}

impl ToSchema for CellValue {
    fn name() -> Cow<'static, str> {
        "CellValue".into()
    }
}

/// The reply to a create: as many as were sent.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum Created {
    One(CellOrRepeated),
    Many(Vec<CellOrRepeated>),
}

/// The reply to a create that was done before.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum CreatedBefore {
    One(Repeated),
    Many(Vec<Repeated>),
}
