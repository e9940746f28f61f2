//! Lists of runs: searched by `q`, by the query language of Feathers and by ids, sorted, and in pages.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use super::board_keys::BoardKeys;
use super::config_index::ConfigIndex;
use super::keys::ConfigIndexes;
use super::metric_table::{Directions, MetricTable};
use super::no_run;
use super::run_columns::ReadColumns;
use super::run_curves::{NonFiniteEnds, non_finite_ends};
use super::run_query::RunQuery;
use super::run_view::{RunCandidate, RunClock, RunView};
use super::search::{DIVERGED, RunField, RunFields, Search, SearchBudget, SearchError, resolve_name};
use crate::protocol::{ApiError, RunId};
use crate::server::boards::Boards;
use crate::server::boards::query::filter::{QueryBudget, QueryFields, SortKey};
use crate::server::boards::query::number::ExactNumber;
use crate::server::cpu_pool::{CancelFlag, CpuPool};
use crate::server::error::ServerError;
use crate::server::store::{RunRecord, Store};

/// Searches and tables of runs.
pub(in crate::server::boards) static SEARCHES: LazyLock<CpuPool> = LazyLock::new(CpuPool::low_priority);
/// Runs that are searched on the threads of requests.
const MAX_INLINE_RUNS: usize = 200;
/// The same of a search that may look at the curves of each run in each chart.
const MAX_INLINE_CURVES: usize = 20_000;

/// A page of runs.
pub struct RunPage {
    /// With their metrics, unless they were not requested.
    pub runs: Vec<RunView>,
    /// Number of all runs that match.
    pub total: usize,
    /// The field of each name of `q` and `sort`, as it was written.
    pub resolved: BTreeMap<String, RunField>,
}

/// A search, an order and the columns that they read.
type ResolvedQuery = (Search, Vec<(RunField, bool)>, ReadColumns);

/// A query, and the runs that it was prepared for, the oldest first.
type PreparedRuns = (Arc<RunSelection>, Arc<[Arc<RunRecord>]>);

/// A query over the runs of a board as they were committed.
pub struct RunSelection {
    search: Search,
    sort: Vec<(RunField, bool)>,
    query: RunQuery,
    metrics: Arc<MetricTable>,
    columns: Arc<ReadColumns>,
    /// The runs that have diverged, where the search asks for them.
    diverged: Arc<NonFiniteEnds>,
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
        let is_diverged = self.diverged.contains_key(&record.id);
        RunView::new(record, self.metrics.clone(), clock, self.is_public).with_divergence(is_diverged)
    }

    /// The same of the run at this place among those of the board that the query was prepared for. It reads less of the document.
    pub fn view_at(&self, place: usize, record: &Arc<RunRecord>, clock: &RunClock) -> RunView {
        self.view(record.clone(), clock).with_columns(self.columns.clone(), place)
    }

    /// All of these runs, for which the query was prepared.
    pub fn views(&self, runs: &[Arc<RunRecord>], clock: &RunClock) -> Vec<RunView> {
        runs.iter().enumerate().map(|(place, run)| self.view_at(place, run, clock)).collect()
    }

    /// The matching runs, in order. 503 once the `client` has gone.
    pub(in crate::server::boards) fn select(&self, views: Vec<RunView>, client: &CancelFlag) -> Result<Vec<RunView>, ApiError> {
        self.select_first(views, usize::MAX, client)
    }

    /// The matching runs, the `first` ones in order before the others. 503 once the `client` has gone.
    pub(in crate::server::boards) fn select_first(
        &self,
        views: Vec<RunView>,
        first: usize,
        client: &CancelFlag,
    ) -> Result<Vec<RunView>, ApiError> {
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
            client.check()?;
        }
        let descends: Vec<bool> = self
            .sort
            .iter()
            .map(|(_, descends)| *descends)
            .chain(self.query.query.sort_fields().iter().map(|(_, descends)| *descends))
            .collect();
        let order = |(a, one): &(Vec<SortKey>, RunView), (b, other): &(Vec<SortKey>, RunView)| {
            let sorted = a.iter().zip(b).zip(&descends).map(|((a, b), descends)| compare_keys(a, b, *descends)).find(|order| order.is_ne());
            // The newest first.
            sorted.unwrap_or(Ordering::Equal).then_with(|| other.record.created_order.cmp(&one.record.created_order))
        };
        // A page needs its rows in order, not all runs.
        if first < found.len() {
            found.select_nth_unstable_by(first, order);
        }
        let end = first.min(found.len());
        found[..end].sort_unstable_by(order);
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
    pub runs: Arc<[Arc<RunRecord>]>,
    pub directions: Directions,
    configs: Arc<Mutex<ConfigIndex>>,
    /// How these runs end, once it was asked for.
    non_finite: OnceLock<Arc<NonFiniteEnds>>,
}

impl BoardRuns {
    pub fn read(store: &Store, board: &str, indexes: &ConfigIndexes) -> Self {
        let index = store.index();
        let known = index.board(board);
        Self {
            run_seq: known.map_or(0, |board| board.run_seq),
            runs: known.map(|board| board.runs.iter().cloned().collect()).unwrap_or_default(),
            directions: Directions::of(known.and_then(|board| board.document.as_ref()).map(|document| &document.keys)),
            configs: indexes.of(board),
            non_finite: OnceLock::new(),
        }
    }

    /// The index of the keys of these runs. Only one can be held at a time.
    pub fn configs(&self) -> MutexGuard<'_, ConfigIndex> {
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        configs.update(self.run_seq, &self.runs);
        configs
    }

    fn keys<'a>(&'a self, store: &'a Store, board: &'a str, configs: &'a ConfigIndex, is_public: bool) -> BoardKeys<'a> {
        BoardKeys { runs: &self.runs, configs, store, board, is_public }
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
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let configs = self.configs();
        let keys = self.keys(store, board, &configs, is_public);
        names.iter().map(|name| resolve_name(name, &keys).map_err(|error| error.in_parameter(parameter))).collect()
    }

    /// Those of all runs of which a metric ends without a finite value, which are looked for once. 503 once the `client` has gone.
    pub fn non_finite_ends(&self, store: &Store, board: &str, client: &CancelFlag) -> Result<Arc<NonFiniteEnds>, ApiError> {
        if let Some(known) = self.non_finite.get() {
            return Ok(known.clone());
        }
        let ids = self.runs.iter().map(|run| &run.id).collect();
        let ends = Arc::new(non_finite_ends(store, board, &ids, client)?);
        Ok(self.non_finite.get_or_init(|| ends).clone())
    }

    /// The same where only these runs matter: the others are left out, unless they are known.
    pub fn non_finite_ends_of(
        &self,
        store: &Store,
        board: &str,
        runs: &HashSet<&RunId>,
        client: &CancelFlag,
    ) -> Result<Arc<NonFiniteEnds>, ApiError> {
        match self.non_finite.get() {
            Some(known) => Ok(known.clone()),
            None => Ok(Arc::new(non_finite_ends(store, board, runs, client)?)),
        }
    }

    /// Prepares a query over these runs. 400: a name is no key of the board. 503 once the `client` has gone.
    pub fn prepare(
        &self,
        store: &Store,
        board: &str,
        query: RunQuery,
        is_public: bool,
        client: &CancelFlag,
    ) -> Result<RunSelection, ApiError> {
        let (search, sort, columns) = match query.search.is_none() && query.sort.is_empty() {
            // The index need not be made.
            true => Default::default(),
            false => self.resolve_query(store, board, &query, is_public)?,
        };
        let mut resolved = search.resolved.clone();
        resolved.extend(query.sort.iter().zip(&sort).map(|((name, _), (field, _))| (name.clone(), field.clone())));
        let mut wanted = query.queried_metrics();
        wanted.extend(resolved.values().filter_map(|field| field.metric().map(str::to_owned)));
        let metrics = Arc::new(MetricTable::of_names(store, board, &wanted, &self.directions));
        let asks_for_diverged = query.search.as_ref().is_some_and(|search| search.asks_for_status(&[DIVERGED]));
        let diverged = if asks_for_diverged { self.non_finite_ends(store, board, client)? } else { Arc::default() };
        Ok(RunSelection { search, sort, query, metrics, columns: Arc::new(columns), diverged, resolved, is_public })
    }

    /// The search and the order of a query, and the columns that they read.
    fn resolve_query(&self, store: &Store, board: &str, query: &RunQuery, is_public: bool) -> Result<ResolvedQuery, ApiError> {
        let mut configs = self.configs();
        let keys = self.keys(store, board, &configs, is_public);
        let search = query.search.clone().map(|search| search.resolve(&keys).map_err(|error| error.in_parameter("q")));
        let search = search.transpose()?.unwrap_or_default();
        let field = |(name, descends): &(String, bool)| Ok((resolve_name(name, &keys)?, *descends));
        let sort = query.sort.iter().map(field).collect::<Result<Vec<_>, _>>().map_err(|error: SearchError| error.in_parameter("sort"))?;
        let mut columns = ReadColumns::default();
        for field in search.resolved.values().chain(sort.iter().map(|(field, _)| field)) {
            if let RunField::Config(key) = field {
                columns.add(key, &mut configs.columns);
            }
        }
        Ok((search, sort, columns))
    }
}

/// Prepares a query over the committed runs of a board, which are answered too, oldest first. 400: a name is no key of the board.
fn prepare(
    store: &Store,
    board: &str,
    indexes: &ConfigIndexes,
    query: RunQuery,
    is_public: bool,
    client: &CancelFlag,
) -> Result<PreparedRuns, ApiError> {
    let known = BoardRuns::read(store, board, indexes);
    let selection = known.prepare(store, board, query, is_public, client)?;
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

/// Whether a board with so many runs and cells is searched on the threads of requests.
fn is_searched_inline((runs, cells): (usize, usize)) -> bool {
    runs <= MAX_INLINE_RUNS && runs * cells <= MAX_INLINE_CURVES
}

impl Boards {
    /// Changes when what is derived from the runs and the points of a board may have changed, but for signs of life.
    pub fn runs_version(&self, board: &str) -> String {
        let index = self.store.index();
        let known = index.board(board);
        let (seq, run_seq) = known.map_or((0, 0), |board| (board.seq, board.run_seq));
        let document = known.and_then(|board| board.document.as_ref()).map_or(0, |document| document.rev);
        // Figures of metrics are there once their summaries are.
        format!("{}.{seq}.{run_seq}.{document}.{}", self.store.epoch(), index.summaries_version())
    }

    /// Runs `work`, which looks at the series of a board: not on the threads of requests if it may have many. There are few other threads:
    /// it ends early once its client has gone.
    pub(in crate::server::boards) async fn search_board<T: Send + 'static>(
        &self,
        board: &str,
        work: impl FnOnce(&Store, &str, &CancelFlag) -> T + Send + 'static,
    ) -> Result<T, ServerError> {
        let size = self.store.index().board(board).map_or((0, 0), |board| (board.runs.len(), board.cells.len()));
        if is_searched_inline(size) {
            return Ok(work(&self.store, board, &CancelFlag::default()));
        }
        let (store, board) = (self.store.clone(), board.to_owned());
        SEARCHES.run(1, move |client| work(&store, &board, client)).await
    }

    /// Prepares a query over the committed runs of a board, which are answered too, oldest first. 400: a name is no key of the board.
    pub(super) async fn prepare_runs(&self, board: &str, query: RunQuery, is_public: bool) -> Result<PreparedRuns, ServerError> {
        let indexes = self.config_indexes.clone();
        Ok(self.search_board(board, move |store, board, client| prepare(store, board, &indexes, query, is_public, client)).await??)
    }

    /// Those of the runs that match, in the order of the query.
    pub(super) async fn find_runs(&self, selection: Arc<RunSelection>, runs: Arc<[Arc<RunRecord>]>) -> Result<Vec<RunView>, ServerError> {
        let clock = RunClock::now(&self.signs);
        let views = selection.views(&runs, &clock);
        if views.len() <= MAX_INLINE_RUNS {
            return Ok(selection.select(views, &CancelFlag::default())?);
        }
        Ok(SEARCHES.run(1, move |client| selection.select(views, client)).await??)
    }

    /// A page of the runs of a board. `is_public`: without what a share does not show.
    pub async fn runs(&self, board: &str, query: &RunQuery, is_public: bool) -> Result<RunPage, ServerError> {
        let (selection, runs) = self.prepare_runs(board, query.clone(), is_public).await?;
        let found = self.find_runs(selection.clone(), runs).await?;
        let total = found.len();
        let (limit, _) = query.bounds(total);
        let mut runs: Vec<RunView> = query.query.page(found).take(limit).collect();
        if query.query.selects("metrics") {
            let add = move |store: &Store, board: &str, _: &CancelFlag| {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_of_many_runs_or_curves_are_searched_on_other_threads() {
        let boards = [(200, 100), (201, 1), (200, 101), (10, 2000), (10, 2001)];
        assert_eq!(boards.map(is_searched_inline), [true, false, false, true, false]);
    }
}
