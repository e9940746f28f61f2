//! The query of `GET /groups`.

use utoipa::IntoParams;

use crate::protocol::groups::{Band, GroupLine};
use crate::protocol::{ApiError, CellId, ErrorKind};
use crate::series::groups::GroupStyle;
use crate::server::boards::groups::curves::{CurveQuery, GroupAxis};
use crate::server::boards::groups::membership::GroupKeys;
use crate::server::boards::runs::RunQuery;
use crate::server::http::api::invalid_parameter;
use crate::server::http::openapi::shape::{shape, words, words_with_default};
use crate::server::limits::{MAX_COLUMNS_WIDTH, MAX_GROUPS_CELLS, MAX_SMOOTH};

const DEFAULT_WIDTH: u32 = 800;

/// `?cells=a,b&q=lr<0.1&by=config.lr&line=mean&band=t95&width=800&from=0&to=1e4&x=step&smooth=0.9&align=all`.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GroupsQuery {
    #[param(ignore)]
    pub cells: Vec<CellId>,
    /// `q` and `runs`: which runs.
    #[param(ignore)]
    pub runs: RunQuery,
    #[param(ignore)]
    pub by: Vec<String>,
    /// What stands for the members at each place. The geometric mean needs values above 0.
    #[param(required = false, value_type = LineName, inline)]
    pub line: GroupLine,
    /// What stands around the line. `mean` may have `t95` (the default: the 95 % interval of the mean), `std`, `stderr` and `minmax`;
    /// `median` has `iqr` by default and may have `minmax`; `geomean` has `t95`; all may have `none`.
    #[param(required = false, value_type = BandName, inline)]
    pub band: Band,
    /// Places at most; there are no more than 1024.
    #[param(required = false, minimum = 1, maximum = 16384, default = 800)]
    pub width: u32,
    /// The left end of the window; missing: where each group begins.
    pub from: Option<f64>,
    /// The right end; missing: where each group ends.
    pub to: Option<f64>,
    /// What runs along the axis: the step, the seconds since the start of each run, or the metric `x_metric` of each run.
    #[param(rename = "x", required = false, value_type = GroupsAxis, inline)]
    pub axis: GroupAxis,
    /// The name of a metric, with `x=metric`. Points of a run at one place count as one value, their mean; runs that lack the metric are no
    /// members.
    #[param(required = false, value_type = Option<String>, max_length = 200)]
    pub x_metric: String,
    /// The weight of the moving average of the line over its places; 0: none. The band is that of the values.
    #[param(required = false, minimum = 0, maximum = 0.999, default = 0)]
    pub smooth: f64,
    /// `common`: the line is drawn only where all members have a value.
    #[param(rename = "align", required = false, value_type = Alignment, inline)]
    pub is_common: bool,
    #[param(ignore)]
    pub binary: bool,
}

shape! {
    /// The line of a group.
    LineName: words_with_default(["mean", "median", "geomean", "min", "max"]);
}

shape! {
    /// The band of a group.
    BandName: words(["t95", "std", "stderr", "minmax", "iqr", "none"]);
}

shape! {
    /// What the places are.
    GroupsAxis: words_with_default(["step", "relative", "metric"]);
}

shape! {
    /// Where a group is drawn.
    Alignment: words_with_default(["all", "common"]);
}

impl GroupsQuery {
    pub fn parse(text: &str, accept: Option<&str>) -> Result<Self, ApiError> {
        let mut query = Self {
            cells: Vec::new(),
            runs: RunQuery::parse("")?,
            by: Vec::new(),
            line: GroupLine::default(),
            band: Band::default(),
            width: DEFAULT_WIDTH,
            from: None,
            to: None,
            axis: GroupAxis::Step,
            x_metric: String::new(),
            smooth: 0.0,
            is_common: false,
            binary: accept.is_some_and(|accept| accept.contains("application/octet-stream")),
        };
        let (mut band, mut runs) = (None, form_urlencoded::Serializer::new(String::new()));
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            let refused = |rule: &str| invalid_parameter(&key, rule, &value);
            match &*key {
                "cells" => query.cells = cells(&value)?,
                "by" => query.by = GroupKeys::parse_names(&value)?,
                "q" | "runs" if value.is_empty() => {}
                "q" | "runs" => drop(runs.append_pair(&key, &value)),
                "line" => query.line = GroupLine::parse(&value).ok_or_else(|| refused("must be mean, median, geomean, min or max"))?,
                "band" => band = Some(Band::parse(&value).ok_or_else(|| refused("must be t95, std, stderr, minmax, iqr or none"))?),
                "width" => {
                    let width = value.parse().ok().filter(|width| (1..=MAX_COLUMNS_WIDTH).contains(width));
                    query.width = width.ok_or_else(|| refused(&format!("must be a whole number from 1 to {MAX_COLUMNS_WIDTH}")))?;
                }
                "from" | "to" if value.is_empty() => {}
                "from" | "to" => {
                    let place = value.parse().ok().filter(|place: &f64| place.is_finite());
                    let place = Some(place.ok_or_else(|| refused("must be a finite number"))?);
                    if key == "from" { query.from = place } else { query.to = place }
                }
                "x" => {
                    query.axis = match &*value {
                        "step" => GroupAxis::Step,
                        "relative" => GroupAxis::Relative,
                        "metric" => GroupAxis::Metric,
                        _ => return Err(refused("must be step, relative or metric")),
                    }
                }
                "x_metric" => query.x_metric = value.into_owned(),
                "smooth" => {
                    let weight = value.parse().ok().filter(|weight| (0.0..=MAX_SMOOTH).contains(weight));
                    query.smooth = weight.ok_or_else(|| refused(&format!("must be a number from 0 to {MAX_SMOOTH}")))?;
                }
                "align" => {
                    query.is_common = match &*value {
                        "all" => false,
                        "common" => true,
                        _ => return Err(refused("must be all or common")),
                    }
                }
                _ => {
                    let known = "cells, q, runs, by, line, band, width, from, to, x, x_metric, smooth and align";
                    return Err(refused(&format!("is no key of this query; known are {known}")));
                }
            }
        }
        query.band = band.unwrap_or(query.line.default_band());
        if !query.line.is_valid_with(query.band) {
            let bands: Vec<&str> = query.line.bands().iter().map(|band| band.as_str()).collect();
            let rule = format!("must be {} beside the line {}", bands.join(" or "), query.line.as_str());
            return Err(invalid_parameter("band", &rule, query.band.as_str()));
        }
        query.runs = RunQuery::parse(&runs.finish())?;
        if (query.axis == GroupAxis::Metric) == query.x_metric.is_empty() {
            let rule = "must name a metric with x=metric, and only then";
            return Err(invalid_parameter("x_metric", rule, &query.x_metric));
        }
        match (query.from, query.to) {
            (Some(from), Some(to)) if from > to => Err(invalid_parameter("to", "must not be below 'from'", &to.to_string())),
            _ if query.cells.is_empty() => {
                let rule = "must be ids with commas between them";
                Err(ErrorKind::BadRequest.with(format!("'cells' {rule}.")).at("cells", rule))
            }
            _ => Ok(query),
        }
    }

    pub fn curves(&self) -> CurveQuery {
        let Self { line, band, is_common, smooth, .. } = *self;
        let style = GroupStyle { line, band, is_common };
        CurveQuery { style, axis: self.axis, from: self.from, to: self.to, width: self.width, smooth }
    }
}

fn cells(list: &str) -> Result<Vec<CellId>, ApiError> {
    let mut cells: Vec<CellId> = Vec::new();
    for id in list.split(',').filter(|id| !id.is_empty()) {
        let cell = CellId::parse(id).ok_or_else(|| invalid_parameter("cells", "must be ids with commas between them", id))?;
        if !cells.contains(&cell) {
            cells.push(cell);
        }
        if cells.len() > MAX_GROUPS_CELLS {
            return Err(invalid_parameter("cells", &format!("may name {MAX_GROUPS_CELLS} cells"), "more"));
        }
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_checked() {
        let parse = |text: &str| GroupsQuery::parse(text, None);
        let query =
            parse("cells=a,b-1,a&by=config.lr,opt&line=median&width=300&from=-0.5&to=1e4&x=relative&smooth=0.9&align=common").unwrap();
        assert_eq!(query.cells.iter().map(CellId::as_str).collect::<Vec<_>>(), ["a", "b-1"]);
        assert_eq!((query.by.len(), query.line, query.band, query.width), (2, GroupLine::Median, Band::Iqr, 300));
        assert_eq!(
            (query.from, query.to, query.axis, query.smooth, query.is_common),
            (Some(-0.5), Some(1e4), GroupAxis::Relative, 0.9, true)
        );
        let query = parse("cells=a&from=&to=&q=&runs=").unwrap();
        assert_eq!((query.line, query.band, query.width, query.from, query.is_common), (GroupLine::Mean, Band::T95, 800, None, false));
        assert!(query.runs.is_everything());
        for text in [
            "",
            "cells=a/b",
            "cells=a&line=average",
            "cells=a&band=99",
            "cells=a&width=0",
            "cells=a&from=NaN",
            "cells=a&from=2&to=1",
            "cells=a&x=wall",
            "cells=a&smooth=1",
            "cells=a&align=none",
            "cells=a&w=3",
            "cells=a&line=median&band=t95",
            "cells=a&band=iqr",
            "cells=a&line=min&band=minmax",
            "cells=a&q=lr%3C",
            "cells=a&by=a,b,c,d,e,f,g,h,i",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.code == 400 && error.errors.0.len() == 1, "{text}: {error:?}");
        }
        let many = |count: usize| (0..count).map(|at| format!("c{at}")).collect::<Vec<_>>().join(",");
        assert!(parse(&format!("cells={}", many(MAX_GROUPS_CELLS))).is_ok());
        assert_eq!(parse(&format!("cells={}", many(MAX_GROUPS_CELLS + 1))).unwrap_err().message, "'cells' may name 50 cells, not 'more'.");
        let pair = parse("cells=a&line=median&band=std").unwrap_err();
        assert_eq!(pair.message, "'band' must be iqr or minmax or none beside the line median, not 'std'.");
    }
}
