//! Parameters that several operations have.
#![expect(dead_code, reason = "they are read by the derive macros only")]

use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};

use super::shape::{shape, words, words_with_default};

/// `Idempotency-Key` and how it is read.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyHeaders {
    /// Any text of printable ASCII characters, for one request only. A request that is sent again with the same key and body has no further
    /// effect and gets the answer that the first one got, with the header `Idempotent-Replayed: true`; one over 16 KiB is not kept, a short one
    /// with `repeated` takes its place. With another body, verb or address: 422. Two such headers in one request: 400. Keys are kept for 24 hours, the newest 100,000 of them.
    #[param(rename = "Idempotency-Key", required = false, min_length = 1, max_length = 200, pattern = "^[!-~]+$")]
    key: String,
    /// `ascending`: the key is `<writer>:<number>`, and the numbers of a writer ascend over all addresses, up to 4294967295. The replies to a
    /// writer's 128 newest numbers are kept, of the 10,000 writers that were heard last, however old; what is older counts as done:
    /// `{"repeated":true}`, for points `{"appended":0,"repeated":true}`.
    #[param(rename = "Idempotency-Window", required = false, inline)]
    window: IdempotencyWindow,
}

shape! {
    /// How keys are read.
    IdempotencyWindow: words(["ascending"]);
}

/// The cell's id in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct CellPath {
    /// The `_id` of a cell.
    id: String,
}

/// The board in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct BoardPath {
    /// The name of a board.
    #[param(pattern = "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$")]
    board: String,
}

/// The board and the run in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RunPath {
    /// The name of a board.
    #[param(pattern = "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$")]
    board: String,
    /// The `_id` of a run.
    #[param(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    run: String,
}

/// Which process sends.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct WriterHeader {
    /// Names the process, so that two of them that write to one run are noticed.
    #[param(rename = "Agnez-Writer", required = false, min_length = 1, max_length = 200)]
    writer: String,
}

/// Which runs are meant.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunsQuery {
    /// A search: `lr<0.01 tag:ok -status:failed val/acc.max>=0.9 age<7d /^vit/ (model=a | model=b)`. A run without the key never matches.
    #[param(required = false, max_length = 2000)]
    q: String,
    /// Names by which the runs are sorted, separated by commas: `-metrics.acc.max,config.lr`. `-`: descending. Runs without the key come last.
    #[param(required = false)]
    sort: String,
    /// Ids, separated by commas.
    #[param(required = false)]
    runs: String,
    /// Any key of the documents, in the bracket syntax of qs: `status=failed`, `took[$lt]=20`, `config.lr=0.1`.
    #[param(required = false, style = Form, explode, inline)]
    query: AnyFields,
}

/// Which keys of runs are listed.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KeysQuery {
    /// Only this key, with its most common values, 20 without `$limit`.
    #[param(required = false)]
    key: String,
    /// What is typed of a name, or with `key` of a value; in any case.
    #[param(required = false)]
    prefix: String,
    /// At most so many of each kind; more than 1000 are cut to that.
    #[param(rename = "$limit", required = false)]
    limit: u64,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ColoursQuery {
    /// The name of one key: `lr`, `config.opt.name`, `run.group`.
    by: String,
    /// Ids, separated by commas.
    runs: String,
}

/// Runs that the server chooses.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChosenRuns {
    /// A search, as for `/boards/{board}/runs`: the series of the runs that it finds, archived and hidden ones left out. All cells must be of
    /// one board where `q`, `sort` or `top` is given.
    #[param(required = false, max_length = 2000)]
    q: String,
    /// Names by which these runs are sorted, separated by commas; the newest first without it.
    #[param(required = false)]
    sort: String,
    /// So many of these runs, the first ones.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    top: u64,
}

/// Which page of the table of runs.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunTablePage {
    /// A search, as for `/boards/{board}/runs`.
    #[param(required = false, max_length = 2000)]
    q: String,
    /// Names by which the runs are sorted, separated by commas: `-metrics.val/acc.max,config.lr`. `-`: descending. Runs without a value
    /// come last.
    #[param(required = false)]
    sort: String,
    /// Ids, separated by commas.
    #[param(required = false)]
    runs: String,
    /// Names of columns, separated by commas, 100 at most: `config.lr,metrics.val/acc.max,run.group`.
    #[param(required = false)]
    columns: String,
    /// `true`: archived runs, too; `only`: no others.
    #[param(required = false, inline)]
    archived: ArchivedRuns,
    /// At most so many rows; more than 200 are cut to that.
    #[param(rename = "$limit", required = false, default = 50)]
    limit: u64,
    /// Pass over so many.
    #[param(rename = "$skip", required = false)]
    skip: u64,
}

shape! {
    /// Which runs are listed.
    ArchivedRuns: words(["false", "true", "only"]);
}

/// What is compared: runs, or groups of them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunDiffColumns {
    /// Ids of runs, 2 to 50, separated by commas.
    #[param(required = false)]
    runs: String,
    /// Instead of `runs`: names of keys to group by, separated by commas.
    #[param(required = false)]
    by: String,
    /// Ids of groups, 2 to 50, separated by commas; without them the largest ones.
    #[param(required = false)]
    groups: String,
    /// A search for the members of the groups.
    #[param(required = false, max_length = 2000)]
    q: String,
    /// The id of a run or group that the others are compared with; without it the first one.
    #[param(required = false)]
    reference: String,
}

/// Which groups of runs, and how they are compared.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunGroupsPage {
    /// A search, as for `/boards/{board}/runs`.
    #[param(required = false, max_length = 2000)]
    q: String,
    /// Ids, separated by commas.
    #[param(required = false)]
    runs: String,
    /// Names of keys to group by, separated by commas, 8 at most: `lr,config.opt.name,run.group`.
    #[param(required = false)]
    by: String,
    /// Names of further keys whose values the rows have, separated by commas, 100 at most; empty: none; without it 4 in which the runs differ.
    #[param(required = false)]
    columns: String,
    /// The metric; without it the goal of the board, or the most telling one.
    #[param(required = false, max_length = 200)]
    metric: String,
    /// Its number for each run: the last value, the better end, the value at a step, or the mean of the last 10 % of the steps.
    #[param(required = false, inline)]
    stat: SummaryStat,
    /// The step, of `stat=step`.
    #[param(required = false)]
    at: f64,
    /// Further metrics, separated by commas, 8 at most.
    #[param(required = false)]
    secondary: String,
    /// The id of a group or of a run that the groups are compared with.
    #[param(required = false)]
    baseline: String,
    /// `1`: intervals of differences hold together with 95 %.
    #[param(required = false, inline)]
    corrected: Switch,
    /// `0`: runs that have not finished are in the means.
    #[param(required = false, inline)]
    finished: Switch,
    /// Columns to sort by, separated by commas; `-`: descending. `mean`, `std`, `difference`, `verdict` (the better, the
    /// higher), `label`, `runs`, `config.lr`, … By a key the groups whose members have several values come last.
    #[param(required = false)]
    sort: String,
    /// At most so many groups; more than 200 are cut to that.
    #[param(rename = "$limit", required = false, default = 50)]
    limit: u64,
    /// Pass over so many.
    #[param(rename = "$skip", required = false)]
    skip: u64,
}

shape! {
    /// One number of a curve.
    SummaryStat: words_with_default(["last", "best", "step", "mean10"]);
}

shape! {
    /// On or off.
    Switch: words(["0", "1", "false", "true"]);
}

/// Which keys of a cell are answered.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SelectQuery {
    /// `$select[]=name`: only these keys (100 at most), and `_id`.
    #[param(rename = "$select", required = false, max_items = 100)]
    select: Vec<String>,
}

/// Which cells are meant.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CellQuery {
    /// Any field, in the bracket syntax of qs: `pos[$gt]=3`, `$or[0][name]=a`, `name[$in][]=a`. Operators: `$or $and $in $nin $lt $lte $gt $gte
    /// $ne`; `a.b` asks within objects. Values are texts, compared by value with numbers, booleans and null. Numbers are compared exactly. Values
    /// over 16 KiB take no part. A query may have 100 conditions (groups and lists included), 1000 values in its lists and 16 brackets within one
    /// another; what it compares in all cells is bounded as well (400).
    #[param(required = false, style = Form, explode, inline)]
    query: AnyFields,
}

/// How the cells that were found are arranged.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// At most so many.
    #[param(rename = "$limit", required = false)]
    limit: u64,
    /// Pass over so many.
    #[param(rename = "$skip", required = false)]
    skip: u64,
    /// `$sort[field]=1` or `-1`. Without it: by place, then by creation; 16 keys at most.
    #[param(rename = "$sort", required = false, style = DeepObject, explode, inline)]
    sort: SortKeys,
    /// `true`: answer `{total, limit, skip, data}`.
    #[param(rename = "$page", required = false, inline)]
    page: Flag,
}

shape! {
    /// Yes or no, as a text.
    Flag: words(["true", "false"]);
}

shape! {
    /// Conditions by field.
    AnyFields: ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(AdditionalProperties::FreeForm(true)));
}

shape! {
    /// Directions by field.
    SortKeys: ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(RefOr::T(Schema::from(direction()))))
        .max_properties(Some(16));
}

fn direction() -> ObjectBuilder {
    let directions = [json!("1"), json!("-1"), json!(1), json!(-1)];
    ObjectBuilder::new().schema_type(SchemaType::AnyValue).enum_values(Some(directions))
}
