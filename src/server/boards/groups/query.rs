//! What the address of a table of groups says.

use super::membership::GroupKeys;
use super::summary::CurvePlace;
use crate::protocol::{ApiError, GroupId, RunId, SummaryKind};
use crate::server::boards::runs::run_query::wrong_parameter as wrong;
use crate::server::boards::runs::table_columns::parse_columns;
use crate::server::boards::runs::{RunQuery, parse_run_id, split_names};
use crate::server::limits::{MAX_RUN_GROUPS_PER_PAGE, MAX_SECONDARY_METRICS, MAX_SERIES_NAME_CHARS, MAX_SORT_KEYS};

/// Rows of a page unless its query says otherwise.
const DEFAULT_ROWS: usize = 50;
const KNOWN: &str = "q, runs, by, columns, metric, stat, at, secondary, baseline, corrected, finished, sort, $skip and $limit";

/// `?q=lr<0.1&by=lr,opt.name&metric=val/acc&stat=last&baseline=g1a2b3c4d5e6f&corrected=1&sort=-mean&$limit=50`
#[derive(Clone, Debug)]
pub struct RunGroupsQuery {
    /// The search, and ids of runs.
    pub(super) runs: RunQuery,
    /// Names of keys.
    pub(super) by: Vec<String>,
    /// Names of further keys whose values the rows have; `None`: those in which the runs differ.
    pub(super) columns: Option<Vec<String>>,
    /// `None`: the goal of the board, else the most telling one.
    pub(super) metric: Option<String>,
    pub(super) stat: SummaryKind,
    /// The step, of [`SummaryKind::Step`] only.
    pub(super) at: Option<f64>,
    pub(super) secondary: Vec<String>,
    pub(super) baseline: Option<BaselineId>,
    /// Whether intervals are widened for many comparisons.
    pub(super) is_corrected: bool,
    /// Whether only runs that have finished are in the means.
    pub(super) is_finished: bool,
    /// Names of columns, each with whether it descends.
    pub(super) sort: Vec<(String, bool)>,
    pub(super) skip: usize,
    pub(super) limit: usize,
}

/// What groups are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BaselineId {
    Group(GroupId),
    Run(RunId),
}

impl BaselineId {
    /// An id that could be both is that of a group.
    fn parse(text: &str) -> Result<Self, ApiError> {
        GroupId::parse(text).map(Self::Group).map_or_else(|| parse_run_id(text).map(Self::Run), Ok)
    }
}

impl RunGroupsQuery {
    /// Whether the numbers of runs are not in what is known of their curves.
    pub fn reads_points(&self) -> bool {
        CurvePlace::of(self.stat, self.at).is_some()
    }

    /// The further metrics.
    pub fn secondary(&self) -> &[String] {
        &self.secondary
    }

    /// Metrics of a table at most.
    pub(super) fn metrics(&self) -> usize {
        1 + self.secondary.len()
    }

    /// Cells of a page at most, of the keys that are named.
    pub(super) fn cells(&self) -> usize {
        self.limit * self.columns.as_ref().map_or(0, Vec::len)
    }

    /// Parses the query of a URL. 400: unknown or too large.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        Self::parse_page(query, DEFAULT_ROWS)
    }

    /// The same of a file, which has as many groups as one answer may have unless the query names a number.
    pub fn parse_file(query: &str) -> Result<Self, ApiError> {
        Self::parse_page(query, MAX_RUN_GROUPS_PER_PAGE)
    }

    fn parse_page(query: &str, rows: usize) -> Result<Self, ApiError> {
        let mut of_runs = form_urlencoded::Serializer::new(String::new());
        let mut parsed = Self {
            runs: RunQuery::parse("")?,
            by: Vec::new(),
            columns: None,
            metric: None,
            stat: SummaryKind::Last,
            at: None,
            secondary: Vec::new(),
            baseline: None,
            is_corrected: false,
            is_finished: true,
            sort: Vec::new(),
            skip: 0,
            limit: rows,
        };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let wrong_here = |rule: &str| wrong(&key, rule, &value);
            match &*key {
                "q" | "runs" => drop(of_runs.append_pair(&key, &value)),
                // None at all, unlike without the key.
                "columns" if value.is_empty() => parsed.columns = Some(Vec::new()),
                _ if value.is_empty() => {}
                "by" => parsed.by = GroupKeys::parse_names(&value)?,
                "columns" => parsed.columns = Some(parse_columns(&value)?),
                "metric" => parsed.metric = Some(metric(&key, &value)?),
                "stat" => {
                    parsed.stat = SummaryKind::parse(&value).ok_or_else(|| wrong_here("must be last, best, step or mean10"))?;
                }
                "at" => {
                    let step = value.parse().ok().filter(|step: &f64| step.is_finite());
                    parsed.at = Some(step.ok_or_else(|| wrong_here("must be a step, a finite number"))?);
                }
                "secondary" => {
                    parsed.secondary = split_names(&value).map(|name| metric(&key, &unquoted(name))).collect::<Result<_, _>>()?;
                    if parsed.secondary.len() > MAX_SECONDARY_METRICS {
                        return Err(wrong_here(&format!("may name {MAX_SECONDARY_METRICS} metrics")));
                    }
                }
                "baseline" => parsed.baseline = Some(BaselineId::parse(&value)?),
                "corrected" => parsed.is_corrected = flag(&value).ok_or_else(|| wrong_here("must be 0 or 1"))?,
                "finished" => parsed.is_finished = flag(&value).ok_or_else(|| wrong_here("must be 0 or 1"))?,
                "sort" => {
                    parsed.sort = split_names(&value)
                        .map(|name| name.strip_prefix('-').map_or((unquoted(name), false), |name| (unquoted(name), true)))
                        .collect();
                    if parsed.sort.len() > MAX_SORT_KEYS {
                        return Err(wrong_here(&format!("may have {MAX_SORT_KEYS} names")));
                    }
                }
                "$skip" => parsed.skip = value.parse().map_err(|_| wrong_here("must be a whole number, 0 or more"))?,
                "$limit" => {
                    let limit: usize = value.parse().map_err(|_| wrong_here("must be a whole number, 0 or more"))?;
                    parsed.limit = limit.min(MAX_RUN_GROUPS_PER_PAGE);
                }
                _ => return Err(wrong_here(&format!("is no key of this query; known are {KNOWN}"))),
            }
        }
        match (parsed.stat, parsed.at) {
            (SummaryKind::Step, None) => Err(wrong("at", "must be a step: stat=step&at=1000", "missing")),
            (SummaryKind::Step, Some(_)) | (_, None) => Ok(Self { runs: RunQuery::parse(&of_runs.finish())?, ..parsed }),
            (_, Some(at)) => Err(wrong("at", "belongs to stat=step only", &at.to_string())),
        }
    }
}

fn flag(value: &str) -> Option<bool> {
    match value {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

/// A name, which may stand in quotes because it has a comma.
fn unquoted(name: &str) -> String {
    serde_json::from_str(name).unwrap_or_else(|_| name.to_owned())
}

fn metric(key: &str, name: &str) -> Result<String, ApiError> {
    match name.chars().count() {
        1..=MAX_SERIES_NAME_CHARS => Ok(name.to_owned()),
        _ => Err(wrong(key, &format!("must name metrics of 1 to {MAX_SERIES_NAME_CHARS} characters"), name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_checked() {
        let query = RunGroupsQuery::parse(
            "q=lr<1&by=lr,opt.name&metric=val/acc&stat=step&at=1e3&secondary=loss,lr&baseline=g0123456789ab&corrected=1&finished=0&columns=model,run.group\
             &sort=-mean,label&$skip=5&$limit=999",
        )
        .unwrap();
        assert_eq!(
            (query.by, query.metric.as_deref(), query.stat, query.at),
            (vec!["lr".into(), "opt.name".into()], Some("val/acc"), SummaryKind::Step, Some(1000.0))
        );
        assert_eq!(query.baseline, Some(BaselineId::Group(GroupId::from_bits(0x0123_4567_89ab))));
        assert_eq!(query.columns, Some(vec!["model".into(), "run.group".into()]));
        assert_eq!((query.is_corrected, query.is_finished, query.skip, query.limit), (true, false, 5, MAX_RUN_GROUPS_PER_PAGE));
        assert_eq!((query.secondary, query.sort), (vec!["loss".into(), "lr".into()], vec![("mean".into(), true), ("label".into(), false)]));
        let quoted = RunGroupsQuery::parse("secondary=\"a,b\",c&sort=-\"a,b\"").unwrap();
        assert_eq!((quoted.secondary, quoted.sort), (vec!["a,b".into(), "c".into()], vec![("a,b".into(), true)]));
        let query = RunGroupsQuery::parse("metric=&by=&baseline=first").unwrap();
        assert_eq!((query.metric, query.stat, query.is_finished, query.limit), (None, SummaryKind::Last, true, DEFAULT_ROWS));
        assert_eq!((query.columns, RunGroupsQuery::parse("columns=").unwrap().columns), (None, Some(Vec::new())));
        let rows_of_file = |query| RunGroupsQuery::parse_file(query).unwrap().limit;
        assert_eq!((rows_of_file(""), rows_of_file("$limit=7")), (MAX_RUN_GROUPS_PER_PAGE, 7));
        assert_eq!(query.baseline, Some(BaselineId::Run(RunId::parse("first").unwrap())));
        let message = |query: &str| RunGroupsQuery::parse(query).unwrap_err().message;
        assert_eq!(message("stat=mean"), "'stat' must be last, best, step or mean10, not 'mean'.");
        assert_eq!(message("stat=step"), "'at' must be a step: stat=step&at=1000, not 'missing'.");
        assert_eq!(message("at=5"), "'at' belongs to stat=step only, not '5'.");
        assert_eq!(message("at=NaN&stat=step"), "'at' must be a step, a finite number, not 'NaN'.");
        assert_eq!(message("corrected=yes"), "'corrected' must be 0 or 1, not 'yes'.");
        assert!(message("status=failed").contains("known are q, runs, by"));
        assert!(message("baseline=.x").contains("id of a run"));
        assert_eq!(message("secondary=a,b,c,d,e,f,g,h,i"), "'secondary' may name 8 metrics, not 'a,b,c,d,e,f,g,h,i'.");
    }
}
