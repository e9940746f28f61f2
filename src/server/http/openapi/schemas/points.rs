//! Points of line cells: the forms in which they are taken, and pages of them.

use std::collections::BTreeMap;

use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, ArrayItems, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};

use super::Always;
use crate::server::http::openapi::shape::{bytes, shape, text, words};

fn reference(name: &str) -> Ref {
    Ref::from_schema_name(name)
}

fn number() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Number)
}

fn number_or_null() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Number, Type::Null]))
}

/// `[x, y]` or `[x, y, t]`, with `least` of these.
fn point(y: Ref, least: usize) -> ArrayBuilder {
    let items: [Schema; 3] = [number().into(), AnyOfBuilder::new().item(y).into(), number().into()];
    ArrayBuilder::new().items(ArrayItems::False).prefix_items(items).min_items(Some(least)).max_items(Some(3))
}

shape! {
    /// A number as it is sent.
    Value: OneOfBuilder::new()
        .description(Some("A double. NaN and infinities as strings, or as Python's tokens; null is NaN."))
        .item(number_or_null())
        .item(words(["NaN", "nan", "Infinity", "inf", "-Infinity", "-inf"]));
}

shape! {
    /// A number as it is answered.
    Number: OneOfBuilder::new()
        .description(Some("A double; what is not finite is a string."))
        .item(number())
        .item(words(["NaN", "Infinity", "-Infinity"]));
}

shape! {
    /// One value or several.
    Values: AnyOfBuilder::new().item(reference("Value")).item(ArrayBuilder::new().items(reference("Value")));
    Value
}

shape! {
    /// Steps or times, one or several.
    Places: AnyOfBuilder::new()
        .description(Some("Finite. Missing steps count on; a missing time is that of arrival."))
        .item(number_or_null())
        .item(ArrayBuilder::new().items(number()));
}

/// The columns of points under either of their names, of which `required` must be there.
fn columns(required: &str) -> ObjectBuilder {
    let names = [("x", "Places"), ("step", "Places"), ("y", "Values"), ("value", "Values"), ("t", "Places"), ("time", "Places")];
    let object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .required(required)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    names.into_iter().fold(object, |object, (name, shape)| object.property(name, reference(shape)))
}

shape! {
    /// The points of one series.
    Points: AnyOfBuilder::new()
        .description(Some("The points of one series."))
        .item(reference("Value"))
        .item(ArrayBuilder::new().items(reference("Value")))
        .item(ArrayBuilder::new().items(point(reference("Value"), 2)))
        .item(columns("y"))
        .item(columns("value"));
    Value Values Places
}

shape! {
    /// Points of several series.
    Series: ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("Points by the name of their series."))
        .property_names(Some(ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(200))))
        .additional_properties(Some(reference("Points")));
    Points
}

/// Points that name their cell (unless the address does) and their series.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    #[schema(required = false)]
    cell: String,
    /// The id of a run of the cell's board, to which the series belongs.
    #[schema(required = false)]
    run: Option<String>,
    /// May be empty or missing if there is a run.
    #[schema(required = false, max_length = 200)]
    series: String,
    #[schema(required = false)]
    points: Series,
    /// Passed over: a page that was read can be sent again.
    #[schema(required = false)]
    index: serde_json::Value,
    #[schema(required = false)]
    x: Places,
    #[schema(required = false)]
    step: Places,
    #[schema(required = false)]
    y: Values,
    #[schema(required = false)]
    value: Values,
    #[schema(required = false)]
    t: Places,
    #[schema(required = false)]
    time: Places,
}

/// Points for the cell in the path.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum AppendBody {
    Series(Series),
    Entries(Vec<Entry>),
}

/// Points for many cells.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum AppendManyBody {
    Cells(SeriesByCell),
    Entries(Vec<Entry>),
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesByCell {
    /// By `_id`.
    #[schema(required = false)]
    cells: BTreeMap<String, Series>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Appended {
    /// How many points were taken.
    appended: u64,
    /// By `_id`, and then by the name of the series. Not in the answer to a stream of lines.
    #[schema(required = false)]
    cells: BTreeMap<String, BTreeMap<String, AppendedSeries>>,
    /// Of series of runs: by run, `_id` and name.
    #[schema(required = false)]
    runs: BTreeMap<String, BTreeMap<String, BTreeMap<String, AppendedSeries>>>,
    /// The request was done before, and its answer was over 16 KiB or is forgotten; then `appended` is 0.
    #[schema(required = false)]
    repeated: Always,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppendedSeries {
    /// The index of the first of these points.
    start: u64,
    /// How many the series has now.
    points: u64,
}

#[derive(ToSchema)]
pub struct PointsPage {
    series: String,
    from: u64,
    #[schema(schema_with = page_points)]
    points: serde_json::Value,
    /// The `from` of the next page.
    #[schema(required)]
    next: Option<u64>,
    total: u64,
    /// Names these points: others under the same name have another one.
    generation: String,
}

fn page_points() -> ArrayBuilder {
    let description = "`[x, y, t]` each; `t` are seconds since 1970 (UTC).";
    ArrayBuilder::new().description(Some(description)).items(point(reference("Number"), 3))
}

/// Metrics by name. What is neither a number nor the text of one is passed over.
#[derive(ToSchema)]
pub struct Epoch {
    /// The step. Missing: each series' last step and 1.
    #[schema(required = false)]
    epoch: f64,
}

#[derive(ToSchema)]
pub struct EpochForm {
    /// An `Epoch` as JSON. The field may have another name.
    #[schema(required = false)]
    data: String,
}

shape! {
    /// Points as lines, in a request.
    EntryLines: text("An `Entry` on each line; blank lines are passed over.");
}

shape! {
    /// Points in the binary form, in a request.
    BinaryPoints: bytes("The form of docs/rest.md, \"Binary\".");
}

shape! {
    /// Columns in the binary form.
    BinaryColumns: bytes("The form of docs/rest.md, \"Binary\".");
}

shape! {
    /// A page of points as comma-separated values.
    PointsCsv: text("series,index,step,value,time");
}

shape! {
    /// A page of points as lines.
    PointsLines: text("`{\"series\",\"index\",\"step\",\"value\",\"time\"}` on each line.");
}
