//! Lists of runs: searched by `q`, by the query language of Feathers and by ids, sorted, and in pages.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use super::board_keys::BoardKeys;
use super::metric_table::{Directions, MetricTable};
use super::run_view::{RunCandidate, RunClock, RunView, metric_of};
use super::search::{self, ParsedSearch, RunField, RunFields, Search, SearchBudget, resolve_name};
use super::{no_run, parse_run_id};
use crate::protocol::{ApiError, ErrorKind, RunId};
use crate::server::boards::query::filter::{Condition, Field, QueryBudget, QueryFields, SortKey};
use crate::server::boards::query::number::ExactNumber;
use crate::server::boards::{Boards, Query};
use crate::server::cpu_pool::{CpuPool, processors};
use crate::server::error::ServerError;
use crate::server::limits::{MAX_NAMED_RUNS, MAX_RUNS_PER_PAGE, MAX_SORT_KEYS};
use crate::server::store::{RunRecord, Store};

/// Searches run on half of the processors; the others are free to answer, write and parse.
pub(in crate::server::boards) static SEARCHES: LazyLock<CpuPool> = LazyLock::new(|| CpuPool::new(processors() / 2, usize::MAX >> 1));
/// Keys of documents that change with the time, or with signs of life.
pub(in crate::server::boards) const TIMED_KEYS: [&str; 5] = ["age", "took", "state", "silentSince", "heartbeatAt"];
/// Runs that are searched on the threads of requests.
const MAX_INLINE_RUNS: usize = 200;

/// Which runs of a board, in which order.
#[derive(Clone, Debug)]
pub struct RunQuery {
    search: Option<ParsedSearch>,
    /// Names, each with whether it descends.
    sort: Vec<(String, bool)>,
    /// `runs=a,b`
    ids: Option<HashSet<RunId>>,
    /// Conditions and page in the query language of Feathers.
    query: Query,
}

impl RunQuery {
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
        let is_one = |name: &str| TIMED_KEYS.contains(&name.strip_prefix("run.").unwrap_or(name));
        self.search.as_ref().is_some_and(|search| search.names_one_of(&TIMED_KEYS)) || self.sort.iter().any(|(name, _)| is_one(name))
    }

    /// How many runs are passed over, and the number of the next ones: `default` unless the query says otherwise.
    pub(in crate::server::boards) fn page(&self, default: usize) -> (usize, usize) {
        let (limit, skip) = self.query.bounds(default);
        (skip, limit)
    }

    /// The metrics that conditions and `$sort` of the Feathers query name.
    fn queried_metrics(&self) -> BTreeSet<String> {
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

/// A page of runs.
pub struct RunPage {
    /// With their metrics, unless they were not requested.
    pub runs: Vec<RunView>,
    /// Number of all runs that match.
    pub total: usize,
    /// The field of each name of `q` and `sort`, as it was written.
    pub resolved: BTreeMap<String, RunField>,
}

/// A query over the runs of a board as they were committed.
pub struct RunSelection {
    search: Search,
    sort: Vec<(RunField, bool)>,
    query: RunQuery,
    metrics: Arc<MetricTable>,
    pub resolved: BTreeMap<String, RunField>,
    pub is_public: bool,
}

impl RunSelection {
    /// Whether a run matches; `None` once a budget is spent.
    pub fn matches(&self, view: &RunView, budgets: &(SearchBudget, QueryBudget)) -> Option<bool> {
        let is_named = self.query.ids.as_ref().is_none_or(|ids| ids.contains(&view.record.id));
        let candidate = RunCandidate { view, budget: &budgets.1 };
        let matches = is_named && candidate.matches_all(self.query.query.conditions()) && self.search.matches(view, &budgets.0);
        (!budgets.0.is_spent() && !budgets.1.is_spent()).then_some(matches)
    }

    /// A run as this query sees it: with the metrics that it names.
    pub fn view(&self, record: Arc<RunRecord>, clock: &RunClock) -> RunView {
        RunView::new(record, self.metrics.clone(), clock, self.is_public)
    }

    /// The matching runs, in order.
    pub(in crate::server::boards) fn select(&self, views: Vec<RunView>, is_cancelled: impl Fn() -> bool) -> Result<Vec<RunView>, ApiError> {
        let budgets = (SearchBudget::whole(), QueryBudget::whole());
        let mut found = Vec::new();
        for view in views {
            match self.matches(&view, &budgets) {
                Some(true) => found.push((self.sort_keys(&view, &budgets.1), view)),
                Some(false) => {}
                None => {
                    budgets.0.check()?;
                    budgets.1.check()?;
                }
            }
            if is_cancelled() {
                return Ok(Vec::new());
            }
        }
        let descends: Vec<bool> = self
            .sort
            .iter()
            .map(|(_, descends)| *descends)
            .chain(self.query.query.sort_fields().iter().map(|(_, descends)| *descends))
            .collect();
        found.sort_by(|(a, one), (b, other)| {
            let sorted = a.iter().zip(b).zip(&descends).map(|((a, b), descends)| compare_keys(a, b, *descends)).find(|order| order.is_ne());
            // The newest first.
            sorted.unwrap_or(Ordering::Equal).then_with(|| other.record.created_order.cmp(&one.record.created_order))
        });
        Ok(found.into_iter().map(|(_, view)| view).collect())
    }

    fn sort_keys(&self, view: &RunView, budget: &QueryBudget) -> Vec<SortKey> {
        let candidate = RunCandidate { view, budget };
        let named = self.sort.iter().map(|(field, _)| match field {
            RunField::Document(key) => SortKey::of(view.document(key).as_deref()),
            RunField::Config(key) => SortKey::of(view.config(key).as_deref()),
            RunField::Metric(name, statistic) => match view.metric(name, *statistic).filter(|number| !number.is_nan()) {
                Some(number) => SortKey::Number(ExactNumber::of_double(number)),
                None => SortKey::Absent,
            },
        });
        named.chain(self.query.query.sort_fields().iter().map(|(field, _)| candidate.sort_key(field))).collect()
    }
}

/// Runs without the key come last in both directions.
fn compare_keys(a: &SortKey, b: &SortKey, descends: bool) -> Ordering {
    match (a == &SortKey::Absent, b == &SortKey::Absent) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if descends => b.cmp(a),
        (false, false) => a.cmp(b),
    }
}

/// The runs of a board as they were committed.
pub(in crate::server::boards) struct BoardRuns {
    /// The last event of runs.
    pub run_seq: u64,
    /// The oldest first.
    pub runs: Vec<Arc<RunRecord>>,
    pub directions: Directions,
}

impl BoardRuns {
    pub fn read(store: &Store, board: &str) -> Self {
        let index = store.index();
        let known = index.board(board);
        Self {
            run_seq: known.map_or(0, |board| board.run_seq),
            runs: known.map(|board| board.runs.iter().cloned().collect()).unwrap_or_default(),
            directions: Directions::of(known.and_then(|board| board.document.as_ref()).map(|document| &document.keys)),
        }
    }

    /// The fields that names stand for. 400, which `parameter` is the cause of: a name is no key of the board.
    pub fn resolve(
        &self,
        store: &Store,
        board: &str,
        names: &[String],
        parameter: &str,
        is_public: bool,
    ) -> Result<Vec<RunField>, ApiError> {
        let keys = BoardKeys { runs: &self.runs, store, board, is_public };
        names.iter().map(|name| resolve_name(name, &keys).map_err(|error| error.in_parameter(parameter))).collect()
    }

    /// Prepares a query over these runs. 400: a name is no key of the board.
    pub fn prepare(&self, store: &Store, board: &str, query: RunQuery, is_public: bool) -> Result<RunSelection, ApiError> {
        let keys = BoardKeys { runs: &self.runs, store, board, is_public };
        let search = match query.search.clone() {
            Some(search) => search.resolve(&keys).map_err(|error| error.in_parameter("q"))?,
            None => Search::default(),
        };
        let mut resolved = search.resolved.clone();
        let mut sort = Vec::new();
        for (name, descends) in &query.sort {
            let field = resolve_name(name, &keys).map_err(|error| error.in_parameter("sort"))?;
            resolved.insert(name.clone(), field.clone());
            sort.push((field, *descends));
        }
        let mut wanted = query.queried_metrics();
        wanted.extend(resolved.values().filter_map(|field| match field {
            RunField::Metric(name, _) => Some(name.clone()),
            _ => None,
        }));
        let metrics = Arc::new(MetricTable::of_names(store, board, &wanted, &self.directions));
        Ok(RunSelection { search, sort, query, metrics, resolved, is_public })
    }
}

/// Prepares a query over the committed runs of a board, which are answered too, oldest first. 400: a name is no key of the board.
fn prepare(store: &Store, board: &str, query: RunQuery, is_public: bool) -> Result<(Arc<RunSelection>, Vec<Arc<RunRecord>>), ApiError> {
    let known = BoardRuns::read(store, board);
    let selection = known.prepare(store, board, query, is_public)?;
    Ok((Arc::new(selection), known.runs))
}

/// Gives each run all of its metrics.
fn add_metrics(store: &Store, board: &str, runs: &mut [RunView]) {
    let document = store.index().board(board).and_then(|board| board.document.clone());
    let directions = Directions::of(document.as_ref().map(|document| &document.keys));
    let ids: Vec<_> = runs.iter().map(|run| &run.record.id).collect();
    let table = Arc::new(MetricTable::of_runs(store, board, &ids, &directions));
    runs.iter_mut().for_each(|run| run.metrics = table.clone());
}

impl Boards {
    /// Runs `work`, which looks at the series of a board: not on the threads of requests if it has many runs.
    pub(in crate::server::boards) async fn search_board<T: Send + 'static>(
        &self,
        board: &str,
        work: impl FnOnce(&Store, &str) -> T + Send + 'static,
    ) -> Result<T, ServerError> {
        if self.store.index().board(board).map_or(0, |board| board.runs.len()) <= MAX_INLINE_RUNS {
            return Ok(work(&self.store, board));
        }
        let (store, board) = (self.store.clone(), board.to_owned());
        SEARCHES.run(1, move |_| work(&store, &board)).await
    }

    /// The fields that names stand for. 400, which `parameter` is the cause of: a name is no key of the board.
    pub(in crate::server::boards) async fn resolve_run_names(
        &self,
        board: &str,
        names: Vec<String>,
        parameter: &'static str,
        is_public: bool,
    ) -> Result<Vec<RunField>, ServerError> {
        let resolve = move |store: &Store, board: &str| {
            let runs: Vec<_> = store.index().board(board).map(|board| board.runs.iter().cloned().collect()).unwrap_or_default();
            let keys = BoardKeys { runs: &runs, store, board, is_public };
            let fields = names.iter().map(|name| resolve_name(name, &keys).map_err(|error| error.in_parameter(parameter)));
            fields.collect::<Result<_, _>>()
        };
        Ok(self.search_board(board, resolve).await??)
    }

    /// Prepares a query over the committed runs of a board, which are answered too, oldest first. 400: a name is no key of the board.
    pub(in crate::server::boards) async fn prepare_runs(
        &self,
        board: &str,
        query: RunQuery,
        is_public: bool,
    ) -> Result<(Arc<RunSelection>, Vec<Arc<RunRecord>>), ServerError> {
        Ok(self.search_board(board, move |store, board| prepare(store, board, query, is_public)).await??)
    }

    /// Those of the runs that match, in the order of the query.
    pub(in crate::server::boards) async fn find_runs(
        &self,
        selection: Arc<RunSelection>,
        runs: Vec<Arc<RunRecord>>,
    ) -> Result<Vec<RunView>, ServerError> {
        let clock = RunClock::now(&self.signs);
        let views: Vec<RunView> = runs.into_iter().map(|record| selection.view(record, &clock)).collect();
        if views.len() <= MAX_INLINE_RUNS {
            return Ok(selection.select(views, || false)?);
        }
        Ok(SEARCHES.run(1, move |client| selection.select(views, || client.is_cancelled())).await??)
    }

    /// A page of the runs of a board. `is_public`: without what a share does not show.
    pub async fn runs(&self, board: &str, query: &RunQuery, is_public: bool) -> Result<RunPage, ServerError> {
        let (selection, runs) = self.prepare_runs(board, query.clone(), is_public).await?;
        let found = self.find_runs(selection.clone(), runs).await?;
        let total = found.len();
        let (limit, _) = query.bounds(total);
        let mut runs: Vec<RunView> = query.query.page(found).take(limit).collect();
        if query.query.selects("metrics") {
            let add = move |store: &Store, board: &str| {
                add_metrics(store, board, &mut runs);
                runs
            };
            runs = self.search_board(board, add).await?;
        }
        Ok(RunPage { runs, total, resolved: selection.resolved.clone() })
    }

    /// One run with its metrics. 404.
    pub fn run(&self, board: &str, id: &RunId, is_public: bool) -> Result<RunView, ApiError> {
        let record = self.store.index().board(board).and_then(|board| board.runs.get(id).cloned());
        let record = record.ok_or_else(|| no_run(board, id))?;
        let mut runs = [RunView::new(record, Arc::default(), &RunClock::now(&self.signs), is_public)];
        add_metrics(&self.store, board, &mut runs);
        let [run] = runs;
        Ok(run)
    }
}

impl RunQuery {
    /// Whether `$select` names keys.
    pub fn is_projection(&self) -> bool {
        self.query.is_projection()
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
