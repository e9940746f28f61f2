//! What the address of a list of runs says: a search, an order, ids, and the query language of Feathers.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use super::document_keys::OWN_CHARTS;
use super::parse_run_id;
use super::run_view::{RunView, metric_of};
use super::search::{self, ParsedSearch};
use crate::protocol::{ApiError, ErrorKind, RunId};
use crate::server::boards::Query;
use crate::server::boards::query::filter::{Condition, Field};
use crate::server::limits::{MAX_NAMED_RUNS, MAX_RUNS_PER_PAGE, MAX_SORT_KEYS};

/// Keys of documents that change with the time, or with signs of life.
const TIMED_KEYS: [&str; 5] = ["age", "took", "state", "silentSince", "heartbeatAt"];

/// Which runs of a board, in which order.
#[derive(Clone, Debug)]
pub struct RunQuery {
    pub(super) search: Option<ParsedSearch>,
    /// Names, each with whether it descends.
    pub(super) sort: Vec<(String, bool)>,
    /// `runs=a,b`
    pub(super) ids: Option<HashSet<RunId>>,
    /// Conditions and page in the query language of Feathers.
    pub(super) query: Query,
}

impl RunQuery {
    /// The query without the conditions of its search on the status; `None` if there are none.
    pub fn without_status(&self) -> Option<Self> {
        let search = self.search.as_ref()?.without_status()?;
        Some(Self { search: Some(search), ..self.clone() })
    }

    /// Parses the query of a URL. 400: unknown or too large.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let mut rest = form_urlencoded::Serializer::new(String::new());
        let (mut search, mut sort, mut ids) = (None, Vec::new(), None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "q" if search.is_some() => return Err(given_twice("q")),
                "q" => search = Some(search::parse(&value).map_err(|error| error.in_parameter("q"))?),
                "sort" => sort.extend(parse_sort(&value)?),
                "runs" if ids.is_some() => return Err(given_twice("runs")),
                "runs" => ids = Some(parse_run_ids(&value)?.into_iter().collect()),
                _ => drop(rest.append_pair(&key, &value)),
            }
        }
        if sort.len() > MAX_SORT_KEYS {
            return Err(ErrorKind::BadRequest.with(format!("'sort' may have {MAX_SORT_KEYS} names.")).at("sort", "has too many names"));
        }
        Ok(Self { search, sort, ids, query: Query::parse(&rest.finish())? })
    }

    /// Whether every run matches: changing or deleting many is an error then.
    pub fn is_everything(&self) -> bool {
        self.search.is_none() && self.ids.is_none() && self.query.is_empty()
    }

    /// Whether it names a page: changes of many runs take none.
    pub fn is_paged(&self) -> bool {
        self.query.is_paged()
    }

    /// `$page=true`: the answer is `{total, limit, skip, resolved, data}`.
    pub fn has_envelope(&self) -> bool {
        self.query.paged
    }

    /// `limit` and `skip` of the page.
    pub fn bounds(&self, total: usize) -> (usize, usize) {
        let (limit, skip) = self.query.bounds(total);
        (limit.min(MAX_RUNS_PER_PAGE), skip)
    }

    /// Whether other runs may be found, or in another order, when time passes without a change.
    pub(in crate::server::boards) fn depends_on_time(&self) -> bool {
        let is_of_search = |search: &ParsedSearch| search.names_one_of(&TIMED_KEYS) || search.asks_for_status(&search::SILENCES);
        self.search.as_ref().is_some_and(is_of_search) || self.sort.iter().any(|(name, _)| is_timed(name))
    }

    /// How many runs are passed over, and the number of the next ones: `default` unless the query says otherwise.
    pub(in crate::server::boards) fn page(&self, default: usize) -> (usize, usize) {
        let (limit, skip) = self.query.bounds(default);
        (skip, limit)
    }

    /// The metrics that conditions and `$sort` of the Feathers query name.
    pub(super) fn queried_metrics(&self) -> BTreeSet<String> {
        fn fields<'a>(conditions: &'a [Condition], found: &mut Vec<&'a Field>) {
            for condition in conditions {
                match condition {
                    Condition::Field(field, ..) | Condition::OneOf { field, .. } => found.push(field),
                    Condition::Or(groups) | Condition::And(groups) => groups.iter().for_each(|group| fields(group, found)),
                }
            }
        }
        let mut found: Vec<&Field> = self.query.sort_fields().iter().map(|(field, _)| field).collect();
        fields(self.query.conditions(), &mut found);
        found.into_iter().filter_map(metric_of).map(|(name, _)| name).collect()
    }
}

/// Whether what a name stands for changes with the time. It may be written with quotes: `run."took"`.
pub(in crate::server::boards) fn is_timed(name: &str) -> bool {
    search::is_one_of(name, &TIMED_KEYS)
}

/// 400: `rule` ends the sentence that begins with the name of the parameter.
pub(in crate::server::boards) fn wrong_parameter(key: &str, rule: &str, value: &str) -> ApiError {
    let short = |text: &str| text.chars().take(80).collect::<String>();
    ErrorKind::BadRequest.with(format!("'{}' {rule}, not '{}'.", short(key), short(value))).at(&short(key), rule)
}

fn given_twice(key: &str) -> ApiError {
    ErrorKind::BadRequest.with(format!("'{key}' is given twice.")).at(key, "is given twice")
}

/// The names of a list with commas between them. A quoted name may have commas.
pub fn split_names(list: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let names = list.split(move |c| {
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = is_quoted && c == '\\' && !is_escaped;
        c == ',' && !is_quoted
    });
    names.map(str::trim)
}

/// `a,-b`: ascending by `a`, then descending by `b`.
fn parse_sort(value: &str) -> Result<Vec<(String, bool)>, ApiError> {
    let names = split_names(value).map(|name| match name.strip_prefix('-') {
        Some(name) => (name.to_owned(), true),
        None => (name.to_owned(), false),
    });
    Ok(names.collect())
}

/// Ids with commas between them, each once. 400: there is none, or there are too many.
pub fn parse_run_ids(value: &str) -> Result<Vec<RunId>, ApiError> {
    let mut known = HashSet::new();
    let mut ids = value.split(',').map(str::trim).filter(|id| !id.is_empty()).map(parse_run_id).collect::<Result<Vec<_>, _>>()?;
    ids.retain(|id| known.insert(id.clone()));
    match ids.len() {
        0 => Err(ErrorKind::BadRequest.with("'runs' must name runs: runs=first,second.").at("runs", "must name runs")),
        1..=MAX_NAMED_RUNS => Ok(ids),
        _ => Err(ErrorKind::BadRequest.with(format!("'runs' may name {MAX_NAMED_RUNS} runs.")).at("runs", "names too many runs")),
    }
}

impl RunQuery {
    /// Whether `$select` names keys.
    pub fn is_projection(&self) -> bool {
        self.query.is_projection()
    }

    /// Whether the answer has the metrics with a chart of their own.
    pub fn selects_own_charts(&self) -> bool {
        self.query.selects(OWN_CHARTS)
    }

    /// The document of a run, with the keys that `$select` names.
    pub fn document(&self, run: &RunView) -> Map<String, Value> {
        self.project(run.to_json(self.query.selects("metrics")))
    }

    /// The keys of a document that `$select` names, with `_id`.
    pub fn project(&self, mut keys: Map<String, Value>) -> Map<String, Value> {
        if self.query.is_projection() {
            keys.retain(|key, _| key == "_id" || self.query.selects(key));
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_to_sort_by_are_split_at_commas_outside_of_quotes() {
        let names = |value: &str| parse_sort(value).unwrap();
        let owned = |names: &[(&str, bool)]| names.iter().map(|(name, descends)| ((*name).to_owned(), *descends)).collect::<Vec<_>>();
        assert_eq!(names("a, -b.c"), owned(&[("a", false), ("b.c", true)]));
        assert_eq!(names(r#"-"a,b",c"#), owned(&[(r#""a,b""#, true), ("c", false)]));
        assert_eq!(names(r#"config."x\",y",z"#), owned(&[(r#"config."x\",y""#, false), ("z", false)]));
    }
}
