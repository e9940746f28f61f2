//! Runs: as clients send them and as the server answers them.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, ArrayBuilder, ObjectBuilder, SchemaType, Type};

use super::Always;
use super::points::{Appended, Number};
use crate::server::http::openapi::shape::{shape, text, words};

/// What a client sends of a run: every key may be missing, further keys are kept, `null` removes a key.
#[derive(ToSchema)]
pub struct RunDraft {
    #[schema(rename = "_id", required = false, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    id: String,
    #[schema(max_length = 200)]
    name: Option<String>,
    /// The configuration: numbers, texts, lists and objects; 1000 keys, 16 levels and 256 KiB at most.
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    #[schema(max_items = 100)]
    tags: Option<Vec<String>>,
    /// Tags that are added to those that the run has.
    #[schema(rename = "addTags", max_items = 100)]
    added_tags: Option<Vec<String>>,
    /// Tags that are removed from those that the run has.
    #[schema(rename = "removeTags", max_items = 100)]
    removed_tags: Option<Vec<String>>,
    #[schema(max_length = 200)]
    group: Option<String>,
    #[schema(max_length = 200)]
    job_type: Option<String>,
    /// Markdown, 64 KiB at most.
    notes: Option<String>,
    /// The id of a run.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    parent: Option<String>,
    /// Results that the script sets.
    #[schema(value_type = Option<Object>)]
    summary: Option<Value>,
    #[schema(required = false)]
    status: RunStatus,
    #[schema(rename = "startedAt", format = DateTime)]
    started_at: Option<String>,
    #[schema(rename = "endedAt", format = DateTime)]
    ended_at: Option<String>,
    #[schema(minimum = 0, maximum = 7)]
    colour: Option<u8>,
    archived: Option<bool>,
    hidden: Option<bool>,
    /// The announced seconds between two signs of life.
    interval: Option<f64>,
    /// By the name or a pattern of metrics: the metric whose values are their steps. 100 names at most.
    #[schema(rename = "stepMetrics")]
    step_metrics: Option<BTreeMap<String, String>>,
}

shape! {
    /// How a run ended, if it has.
    RunStatus: words(["running", "finished", "failed", "killed"]);
}

shape! {
    /// How a running run gives no signs of life.
    RunState: words(["silent", "lost", "quiet"]);
}

/// A run, with the keys that were sent and those that the server derives.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    #[schema(rename = "_id")]
    id: String,
    #[schema(required = false)]
    board: String,
    #[schema(required = false)]
    name: String,
    #[schema(required = false)]
    status: RunStatus,
    /// Two intervals without a sign (`silent`), ten minutes (`lost`), or ten minutes of a run that announced no interval (`quiet`).
    #[schema(required = false)]
    state: RunState,
    #[schema(required = false, format = DateTime)]
    silent_since: String,
    #[schema(required = false)]
    tags: Vec<String>,
    #[schema(required = false)]
    archived: bool,
    /// By name: value and step of the last point, and where they are known those of the lowest and the highest value, the mean, and the better
    /// one of both ends.
    #[schema(required = false)]
    metrics: BTreeMap<String, MetricFigures>,
    /// By name, of one run: the metrics that have a chart of their own, because another name feeds the line of their name.
    #[schema(required = false)]
    own_charts: BTreeMap<String, OwnChart>,
    /// Seconds from the start to the end, or to the last sign.
    #[schema(required = false)]
    took: f64,
    #[schema(required = false, format = DateTime)]
    heartbeat_at: String,
    /// What the server has noticed, such as a second process that writes to the run.
    #[schema(required = false)]
    warning: String,
    /// Counts the changes of the document.
    #[schema(required = false, minimum = 1)]
    rev: u64,
    #[schema(required = false, format = DateTime)]
    created_at: String,
    #[schema(required = false, format = DateTime)]
    updated_at: String,
}

/// Where a metric is, whose line another metric feeds.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnChart {
    cell: String,
    /// The name of the other metric.
    taken_by: String,
}

/// What is known of a metric of a run.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricFigures {
    #[schema(value_type = Number)]
    last: f64,
    #[schema(value_type = Number)]
    last_step: f64,
    points: u64,
    #[schema(required = false, value_type = Number)]
    min: f64,
    #[schema(required = false, value_type = Number)]
    min_step: f64,
    #[schema(required = false, value_type = Number)]
    max: f64,
    #[schema(required = false, value_type = Number)]
    max_step: f64,
    #[schema(required = false, value_type = Number)]
    mean: f64,
    #[schema(required = false, value_type = Number)]
    best: f64,
    /// The step from which on no value is finite, up to the end of the curve.
    #[schema(required = false, value_type = Number)]
    non_finite_from: f64,
}

/// In place of a run, for a request that was done before, where its answer was too long to be kept or is forgotten.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepeatedRun {
    #[schema(rename = "_id", required = false)]
    id: String,
    /// That of the run when the request was done.
    #[schema(required = false, minimum = 1)]
    rev: u64,
    /// How many runs it was about, where they are too many to be listed.
    #[schema(required = false)]
    runs: u64,
    repeated: Always,
}

shape! {
    /// A run, or what stands in its place. An object with `_id` and `repeated` fits both.
    RunOrRepeated: AnyOfBuilder::new().item(Ref::from_schema_name("Run")).item(Ref::from_schema_name("RepeatedRun"));
    Run RepeatedRun
}

/// A list, or a page of one.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum FoundRuns {
    List(Vec<Run>),
    Page(RunPage),
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunPage {
    total: u64,
    limit: u64,
    skip: u64,
    /// By name of `q` and `sort`, as it was written: the field that it stands for, such as `config.lr`.
    resolved: BTreeMap<String, String>,
    data: Vec<Run>,
}

shape! {
    /// What a step logs: `{"step":5,"loss":1.5,"acc":{"val":0.91},"sample":{"type":"img","value":"data:..."}}`.
    LogEntry: ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("step", ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Number, Type::Null])))
        .property("time", ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Number, Type::Null])))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)));
}

shape! {
    /// One step, or several as a whole.
    LogBody: AnyOfBuilder::new().item(Ref::from_schema_name("LogEntry")).item(ArrayBuilder::new().items(Ref::from_schema_name("LogEntry")));
    LogEntry
}

shape! {
    /// Steps as lines, in a request.
    LogLines: text("A `LogEntry` on each line; blank lines are passed over.");
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Logged {
    #[schema(required = false)]
    run: String,
    /// How many points were taken.
    points: u64,
    /// The cell of each name of this call. Not in the answer to a stream of lines.
    #[schema(required = false)]
    cells: BTreeMap<String, String>,
    /// The warning of the run, if it has one.
    #[schema(required = false)]
    warning: String,
    /// The request was done before, and its answer was over 16 KiB or is forgotten.
    #[schema(required = false)]
    repeated: Always,
}

shape! {
    /// What an epoch has become: points of cells, or of a run.
    EpochTaken: AnyOfBuilder::new().item(Ref::from_schema_name("Appended")).item(Ref::from_schema_name("Logged"));
    Appended Logged
}

shape! {
    /// Console output.
    ConsoleText: text("Lines as they were written.");
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsoleAppended {
    /// How many bytes are stored.
    #[schema(required = false)]
    bytes: u64,
    #[schema(required = false)]
    repeated: Always,
}

/// A value of a run that is no number.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunValue {
    cell: String,
    #[schema(rename = "type")]
    value_type: String,
    value: Value,
}

/// A sign of life.
#[derive(ToSchema)]
pub struct Beat {
    /// The seconds until the next one, at most a day.
    interval: Option<f64>,
    /// Names the process, so that two of them that write to one run are noticed.
    #[schema(min_length = 1, max_length = 200)]
    writer: Option<String>,
}

/// A page of the points of a metric.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunHistory {
    #[schema(value_type = Vec<Number>)]
    step: Vec<f64>,
    #[schema(value_type = Vec<Number>)]
    value: Vec<f64>,
    /// Seconds since 1970 (UTC).
    #[schema(value_type = Vec<Number>)]
    time: Vec<f64>,
    total: u64,
    /// The `from` of the next page.
    #[schema(required)]
    next: Option<u64>,
}

/// The keys of the runs of a board.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunKeys {
    /// Number of runs.
    runs: u64,
    config: Vec<ConfigKey>,
    metrics: Vec<MetricKey>,
    /// Keys of documents beside the configuration.
    document: Vec<ConfigKey>,
    /// Keys within `summary`.
    summary: Vec<SummaryKey>,
    /// What may stand behind the name of a metric.
    statistics: Vec<String>,
}

/// A key within `summary`, as a path.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SummaryKey {
    key: String,
    #[schema(rename = "type")]
    value_type: String,
    /// Runs that have it.
    runs: u64,
}

/// A key of configurations, as a path: `opt.lr`.
#[derive(ToSchema)]
pub struct ConfigKey {
    key: String,
    #[schema(rename = "type")]
    value_type: String,
    /// Runs that have it.
    runs: u64,
    distinct: u64,
    #[schema(required = false)]
    min: Value,
    #[schema(required = false)]
    max: Value,
    /// The values, if they are few and short.
    #[schema(required = false, value_type = Vec<Object>)]
    values: Vec<Value>,
}

/// A metric, by its last values.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricKey {
    key: String,
    /// Runs that have logged it.
    runs: u64,
    #[schema(required = false)]
    min: f64,
    #[schema(required = false)]
    max: f64,
}

/// The values of a key by which runs are coloured.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunColours {
    /// The key by its full name; empty on a board without runs.
    by: String,
    /// The numbers at the ends of the scale; without it each value has a colour of its own.
    #[schema(required = false, value_type = Vec<f64>, min_items = 2, max_items = 2)]
    scale: (f64, f64),
    /// On a scale ascending, otherwise in the order in which they occurred first.
    values: Vec<ColouredValue>,
    /// By the id of each run that was named: the place of its value in `values`.
    runs: BTreeMap<String, u64>,
}

/// A value that runs have under a key.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ColouredValue {
    label: String,
    /// The place among all values of the board's runs, which stands for a letter and a colour.
    index: u64,
    /// Runs of the board that have it.
    runs: u64,
    /// The place on the scale, from 0 to 1.
    #[schema(required = false)]
    share: f64,
}

/// What differs between runs, or between groups of them.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunDiff {
    /// Ids of the runs or groups.
    #[schema(min_items = 2, max_items = 50)]
    columns: Vec<String>,
    /// The one that the others are compared with.
    reference: String,
    /// By key, such as `config.lr`: the value of each column that has one.
    #[schema(value_type = Object)]
    different: Value,
    /// By key: the columns that differ from the reference.
    changed: BTreeMap<String, Vec<String>>,
    /// Keys in which members of a group differ, with the number of their values.
    varied: BTreeMap<String, BTreeMap<String, u64>>,
    /// Keys that all runs have with the same value.
    #[schema(value_type = Object)]
    equal: Value,
}
