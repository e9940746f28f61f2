//! What a chart shows of line cells.

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::points::Number;

#[derive(ToSchema)]
pub struct Columns {
    /// By `_id`.
    cells: BTreeMap<String, CellColumns>,
}

#[derive(ToSchema)]
pub struct CellColumns {
    series: Vec<SeriesColumns>,
    /// Series of runs, where there are any: by run and name.
    #[schema(required = false)]
    runs: BTreeMap<String, BTreeMap<String, RunSeriesColumns>>,
    /// Where its points cannot be read: a sentence.
    #[schema(required = false)]
    damaged: String,
}

/// As of a series without a run; its name is the key.
#[derive(ToSchema)]
pub struct RunSeriesColumns {
    points: u64,
    /// What times count from with `x=relative`, in seconds since 1970.
    #[schema(required = false)]
    origin: f64,
    columns: ColumnFields,
    #[schema(required = false)]
    smoothed: SmoothedLine,
}

#[derive(ToSchema)]
pub struct SeriesColumns {
    name: String,
    /// Of the whole series.
    points: u64,
    /// What times count from with `x=relative`, in seconds since 1970.
    #[schema(required = false)]
    origin: f64,
    columns: ColumnFields,
    #[schema(required = false)]
    smoothed: SmoothedLine,
}

/// One list for each field, all of one length. A column stands for `count` consecutive points.
#[derive(ToSchema)]
pub struct ColumnFields {
    count: Vec<u64>,
    nan: Vec<u64>,
    pos_inf: Vec<u64>,
    neg_inf: Vec<u64>,
    breaks: Vec<u64>,
    x_first: Vec<Number>,
    x_last: Vec<Number>,
    x_min: Vec<Number>,
    x_max: Vec<Number>,
    first: Vec<Number>,
    last: Vec<Number>,
    min: Vec<Number>,
    max: Vec<Number>,
    at_min: Vec<Number>,
    at_max: Vec<Number>,
    mean: Vec<Number>,
}

/// Where `smooth` is asked for: the smoothed line as places, at most one for each column, at its last
/// finite value.
#[derive(ToSchema)]
pub struct SmoothedLine {
    x: Vec<f64>,
    y: Vec<f64>,
    /// Null where it was too far to read.
    #[schema(required)]
    last: Option<LastAverage>,
}

/// The average after all `points` of the series, which continues the line.
#[derive(ToSchema)]
pub struct LastAverage {
    weight: f64,
    value: f64,
    /// The weight to the power of the number of finite values of the segment so far.
    #[schema(minimum = 0, maximum = 1)]
    kept: f64,
    /// The last step.
    step: Number,
}
