//! The rows of groups: one summary of one metric for each, and how it differs from the baseline.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Map;

use super::comparison::{BaselineSample, ComparisonRules, compare};
use super::group_cells::{group_cells, key_columns};
use super::group_names::keys_in_names;
use super::hidden_members::Hidden;
use super::membership::RunGroup;
use super::metric_curves::{CurveSource, MetricCurves, check_points, curves_of_metric};
use super::mixed_keys::mixed_keys;
use super::non_finite::NonFiniteMembers;
use super::order::{RowOrder, SortedKey, sort_fields};
use super::proposed_keys::proposed_keys;
use super::query::{BaselineId, RunGroupsQuery};
use super::sample::{GroupSample, best_of, secondary_mean};
use super::summary::{CurvePlace, RunSummary, points_to_read};
use super::{FoundGroups, notes};
use crate::protocol::{ApiError, Baseline, Direction, ErrorKind, GroupId, GroupRow, RunGroups, RunId, SummaryKind, Verdict};
use crate::server::boards::Boards;
use crate::server::boards::metrics::MetricRank;
use crate::server::boards::runs::list::BoardRuns;
use crate::server::boards::runs::metric_catalog::MetricCatalog;
use crate::server::boards::runs::metric_table::Directions;
use crate::server::boards::runs::search::RunField;
use crate::server::boards::runs::{NonFiniteEnds, RunClock, shortened};
use crate::server::cpu_pool::CancelFlag;
use crate::server::error::ServerError;
use crate::server::limits::MAX_POINT_SUMMARIES;
use crate::server::store::{RunRecord, Store};
use crate::statistics::{CONFIDENCE, CriticalValues, corrected_confidence};

/// Comparisons from which on their number is said.
const MIN_COMPARISONS: u32 = 2;

/// The summaries of the runs of one metric.
type Summaries = HashMap<RunId, RunSummary>;
/// What a table is made from, read at one time.
struct Prepared {
    /// All runs of the board.
    known: BoardRuns,
    /// The names of the keys that are grouped by.
    by: Vec<String>,
    groups: Vec<RunGroup>,
    /// The run that is the baseline.
    baseline_run: Option<Arc<RunRecord>>,
    metric: Option<String>,
    direction: Option<Direction>,
    /// Of the metric, then of the secondary ones.
    curves: Vec<MetricCurves>,
    /// Of the members.
    non_finite: Arc<NonFiniteEnds>,
    proposed: Vec<String>,
    /// Further keys, of which rows have cells.
    columns: Vec<RunField>,
    /// Further keys to sort by, each with its name in the query.
    sorted_by: Vec<(String, RunField)>,
    hidden: Hidden,
}

impl Boards {
    /// The groups of the runs that match as rows. `is_public`: without what a share does not show. 400: a name is no key of the board,
    /// or the summary cannot be made.
    pub async fn run_groups(&self, board: &str, query: &RunGroupsQuery, is_public: bool) -> Result<RunGroups, ServerError> {
        let (query, clock, indexes) = (query.clone(), RunClock::now(&self.signs), self.config_indexes.clone());
        let wanted = query.clone();
        let prepare = move |store: &Store, board: &str, client: &CancelFlag| {
            let found = FoundGroups::read((store, board), wanted.runs.clone(), &wanted.by, &clock, is_public, &indexes, client)?;
            let hidden = match wanted.runs.without_status() {
                // Of the same runs, so that each group found is among them.
                Some(query) => {
                    let all = FoundGroups::groups_among((store, board), &found.known, query, &found.keys, &clock, is_public, client)?;
                    Hidden::of_groups(&found.groups, &all, &*found.known.non_finite_ends(store, board, client)?)
                }
                None => Hidden::default(),
            };
            let columns = key_columns((store, board), &found, wanted.columns.as_deref(), is_public)?;
            let sorted_by = sort_fields((store, board), &found, &wanted, is_public);
            Prepared::new((store, board), found, &wanted, (columns, sorted_by), hidden, client)
        };
        let prepared = self.search_board(board, prepare).await??;
        let summaries = self.summaries(&prepared).await?;
        Ok(self.search_board(board, move |_, _, client| prepared.table(&summaries, &query, client)).await??)
    }

    /// Those of the metric, then of the secondary ones.
    async fn summaries(&self, prepared: &Prepared) -> Result<Vec<Summaries>, ServerError> {
        let mut all = Vec::with_capacity(prepared.curves.len());
        for curves in &prepared.curves {
            let mut summaries = Summaries::with_capacity(curves.len());
            for (run, source) in curves {
                let summary = match source {
                    CurveSource::Known(summary) => *summary,
                    CurveSource::Points(cell, id, place, _) => {
                        let series = self.store.index().visible_series(cell, id).cloned();
                        match series {
                            Some(series) => self.summarize_place(cell, &series, *place).await?,
                            None => RunSummary::MISSING,
                        }
                    }
                };
                summaries.insert(run.clone(), summary);
            }
            all.push(summaries);
        }
        Ok(all)
    }
}

impl Prepared {
    fn new(
        (store, board): (&Store, &str),
        found: FoundGroups,
        query: &RunGroupsQuery,
        (columns, sorted_by): (Vec<RunField>, Vec<(String, RunField)>),
        hidden: Hidden,
        client: &CancelFlag,
    ) -> Result<Self, ApiError> {
        let FoundGroups { known, keys, groups } = found;
        let members = || groups.iter().flat_map(|group| &group.runs);
        let baseline_run = match &query.baseline {
            Some(BaselineId::Run(id)) => {
                // Archived runs are out, here, too.
                let is_active = |run: &Arc<RunRecord>| run.keys.get("archived") != Some(&true.into());
                known.runs.iter().find(|run| run.id == *id && is_active(run)).cloned()
            }
            _ => None,
        };
        let proposed = match query.by.is_empty() {
            true => proposed_keys(&known.configs().spread(members().map(|run| &run.id)), members().count()),
            false => Vec::new(),
        };
        let metric = query.metric.clone().or_else(|| default_metric(store, board, &known.directions));
        let direction = metric.as_deref().and_then(|metric| known.directions.direction(metric));
        if let (Some(metric), None, SummaryKind::Best) = (&metric, direction, query.stat) {
            let rule = format!("needs to know which end of '{metric}' is better; say it in the document of the board");
            return Err(ErrorKind::BadRequest.with(format!("'stat=best' {rule}.")).at("stat", rule));
        }
        let runs: HashSet<&RunId> = members().chain(&baseline_run).map(|run| &run.id).collect();
        // What diverged and is left out has a number, too, which decides on verdicts.
        let with_hidden: HashSet<&RunId> = runs.iter().copied().chain(hidden.diverged()).collect();
        let metrics = metric.iter().map(|metric| (metric, &with_hidden)).chain(query.secondary.iter().map(|metric| (metric, &runs)));
        let place = CurvePlace::of(query.stat, query.at);
        let of_metric = |(metric, runs): (&String, &HashSet<&RunId>)| {
            let direction = known.directions.direction(metric);
            curves_of_metric(store, board, metric, runs, |cell, series| match place {
                None => CurveSource::Known(RunSummary::of(series, query.stat, direction)),
                Some(place) => CurveSource::Points(cell.clone(), series.id.clone(), place, points_to_read(series)),
            })
        };
        let curves: Vec<_> = metrics.map(of_metric).collect();
        let count: usize = curves.iter().map(HashMap::len).sum();
        if place.is_some() && count > MAX_POINT_SUMMARIES {
            let rule = format!("reads points, of {MAX_POINT_SUMMARIES} curves at most; search for fewer runs, or use last");
            return Err(ErrorKind::BadRequest.with(format!("'stat={}' {rule}.", query.stat.as_str())).at("stat", rule));
        }
        check_points(curves.iter().flat_map(HashMap::values), query.stat)?;
        let non_finite = known.non_finite_ends_of(store, board, &runs, client)?;
        let by = keys.names();
        Ok(Self { known, by, baseline_run, direction, curves, non_finite, proposed, metric, groups, columns, sorted_by, hidden })
    }

    fn table(self, summaries: &[Summaries], query: &RunGroupsQuery, client: &CancelFlag) -> Result<RunGroups, ApiError> {
        // Without a metric there are secondary ones only.
        let none = Summaries::new();
        let (main, secondary) = match self.metric {
            Some(_) => summaries.split_first().unwrap_or((&none, &[])),
            None => (&none, summaries),
        };
        let samples: Vec<GroupSample> = self.groups.iter().map(|group| self.sample(group.id, &group.runs, main, query)).collect();
        let baseline = self.baseline(main, &samples, query);
        let mut rules = ComparisonRules {
            direction: self.direction,
            confidence: CONFIDENCE,
            needs_equal_ends: query.stat != SummaryKind::Step,
            by: self.by.clone(),
        };
        let compared = |rules: &ComparisonRules| -> Vec<_> {
            let compare = |at: usize| {
                let (_, baseline) = baseline.as_ref().filter(|(known, _)| *known != Some(at))?;
                let (sample, is_member) = self.apart(at, &samples[at], main, query);
                let mut comparison = compare(&sample, baseline, rules);
                comparison.notes.extend(is_member.then(|| notes::BASELINE_IS_MEMBER.to_owned()));
                Some(comparison)
            };
            (0..samples.len()).map(compare).collect()
        };
        let mut comparisons = compared(&rules);
        let count = comparisons.iter().flatten().filter(|comparison| comparison.is_judged).count() as u32;
        if query.is_corrected && count >= MIN_COMPARISONS {
            rules.confidence = corrected_confidence(count);
            comparisons = compared(&rules);
        }
        let best = best_of(&samples, self.direction);
        let mut critical = CriticalValues::new(CONFIDENCE);
        let (mut rows, mut notes_of) = (Vec::with_capacity(samples.len()), Vec::with_capacity(samples.len()));
        for (at, ((group, sample), comparison)) in self.groups.iter().zip(&samples).zip(comparisons).enumerate() {
            client.check()?;
            let is_baseline = baseline.as_ref().is_some_and(|(known, _)| *known == Some(at));
            let (difference, verdict, mut said) = match comparison {
                Some(comparison) => (comparison.difference, comparison.verdict, comparison.notes),
                None => {
                    let running = (sample.running > 0).then(|| notes::still_running(sample, false));
                    let diverged = (sample.diverged > 0).then(|| notes::diverged(sample));
                    let verdict = if is_baseline { Verdict::Baseline } else { Verdict::None };
                    (None, verdict, running.into_iter().chain(diverged).collect())
                }
            };
            let ends = NonFiniteMembers::of(&group.runs, &self.non_finite, main);
            said.extend(notes::non_finite(&ends, sample));
            said.extend((sample.failed > 0).then(|| notes::failed(sample)));
            said.extend(self.hidden.members(group.id, main, query.is_finished).map(|members| notes::hidden(&members)));
            said.extend((sample.without > 0).then(|| notes::without(sample)));
            said.extend((sample.unread > 0).then(|| notes::unread(sample)));
            let is_best = best.is_some_and(|(best, _)| best == at);
            said.extend(best.filter(|_| is_best).map(|(_, of)| notes::best_of(of)));
            let half_width = (sample.n() >= 2).then(|| critical.get(u64::from(sample.n()) - 1) * sample.moments.standard_error());
            rows.push(GroupRow {
                id: group.id,
                index: group.index as u32,
                label: group.label.clone(),
                // Of the page only: ids, cells and notes are most of a row.
                ids: Vec::new(),
                key: group.key.iter().filter_map(|(name, value)| Some((name.clone(), shortened(value.as_ref()?)))).collect::<Map<_, _>>(),
                cells: Vec::new(),
                mixed: Map::new(),
                runs: sample.runs,
                used: sample.n(),
                running: sample.running,
                failed: sample.failed,
                diverged: sample.diverged,
                non_finite: ends.count,
                without: sample.without + sample.unread,
                mean: sample.mean(),
                std: sample.std(),
                half_width: half_width.filter(|width| width.is_finite()),
                last_steps: sample.last_steps,
                secondary: query
                    .secondary
                    .iter()
                    .zip(secondary)
                    .map(|(metric, summaries)| secondary_mean(metric, sample, summaries, &mut critical))
                    .collect(),
                is_baseline,
                difference,
                verdict,
                is_best,
                notes: Vec::new(),
            });
            notes_of.push(said);
        }
        let sorted_by = SortedKey::read(&self.sorted_by, &self.groups, client)?;
        let order =
            RowOrder { columns: &query.sort, direction: self.direction, keys: &self.by, secondary: &query.secondary, further: &sorted_by };
        order.sort(&mut rows)?;
        let total = rows.len() as u32;
        let mut page: Vec<GroupRow> = rows.into_iter().skip(query.skip).take(query.limit).collect();
        let places: HashMap<GroupId, usize> = self.groups.iter().enumerate().map(|(at, group)| (group.id, at)).collect();
        let (configs, mut counts) = (self.known.configs(), Vec::new());
        for row in &mut page {
            let at = places[&row.id];
            row.cells = group_cells(&self.groups[at], &self.columns, client)?;
            row.mixed = mixed_keys(&self.groups[at], &configs, &mut counts);
            row.ids = self.groups[at].runs.iter().take(GroupRow::MAX_IDS).map(|run| run.id.clone()).collect();
            row.notes = std::mem::take(&mut notes_of[at]);
        }
        drop(configs);
        let expected = if rules.confidence > CONFIDENCE { 1.0 - CONFIDENCE } else { (1.0 - CONFIDENCE) * f64::from(count) };
        let mut notes = self.notes(&samples, baseline.is_some(), (count, rules.confidence, expected), query);
        notes.extend(notes::mixed(page.iter().map(|row| &row.mixed)));
        notes.extend(sorted_by.iter().filter_map(|key| notes::sorted_last(&key.key, key.mixed(), self.groups.len())));
        Ok(RunGroups {
            run_seq: self.known.run_seq,
            direction: self.direction,
            stat: query.stat,
            at: query.at,
            total,
            runs: samples.iter().map(|sample| sample.runs).sum(),
            named_by: keys_in_names(&self.groups.iter().map(|group| &group.key).collect::<Vec<_>>())
                .into_iter()
                .map(|at| self.by[at].clone())
                .collect(),
            by: self.by.clone(),
            columns: self.columns.iter().map(ToString::to_string).collect(),
            groups: page,
            baseline: baseline.map(|(at, baseline)| self.shown_baseline(at, &baseline)),
            comparisons: count,
            expected_by_chance: expected,
            confidence: rules.confidence,
            notes,
            metric: self.metric,
            proposed: self.proposed,
        })
    }

    /// What groups are compared with, and which of them it is, if it is one.
    fn baseline(&self, summaries: &Summaries, samples: &[GroupSample], query: &RunGroupsQuery) -> Option<(Option<usize>, BaselineSample)> {
        match (query.baseline.as_ref()?, &self.baseline_run) {
            (BaselineId::Group(id), _) => {
                let at = self.groups.iter().position(|group| group.id == *id)?;
                Some((Some(at), BaselineSample { sample: samples[at].clone(), is_run: false }))
            }
            (BaselineId::Run(_), run) => {
                let run = std::slice::from_ref(run.as_ref()?);
                Some((None, BaselineSample { sample: GroupSample::of(run, summaries, false), is_run: true }))
            }
        }
    }

    fn sample(&self, id: GroupId, runs: &[Arc<RunRecord>], summaries: &Summaries, query: &RunGroupsQuery) -> GroupSample {
        let hidden_diverged = self.hidden.members(id, summaries, query.is_finished).map_or(0, |hidden| hidden.diverged);
        GroupSample { hidden_diverged, ..GroupSample::of(runs, summaries, query.is_finished) }
    }

    /// The sample of a group without the run that is the baseline, and whether that is a member: a run is not compared with itself.
    fn apart(&self, at: usize, sample: &GroupSample, summaries: &Summaries, query: &RunGroupsQuery) -> (GroupSample, bool) {
        let runs = &self.groups[at].runs;
        let is_other = |run: &&Arc<RunRecord>| self.baseline_run.as_ref().is_none_or(|baseline| baseline.id != run.id);
        if runs.iter().all(|run| is_other(&run)) {
            return (sample.clone(), false);
        }
        let others: Vec<_> = runs.iter().filter(is_other).cloned().collect();
        (self.sample(self.groups[at].id, &others, summaries, query), true)
    }

    fn shown_baseline(&self, at: Option<usize>, baseline: &BaselineSample) -> Baseline {
        let (id, label) = match (at, &self.baseline_run) {
            (Some(at), _) => (self.groups[at].id.to_string(), self.groups[at].label.clone()),
            (None, Some(run)) => {
                let name = Some(run.text("name")).filter(|name| !name.is_empty()).unwrap_or(run.id.as_str());
                (run.id.to_string(), name.to_owned())
            }
            (None, None) => Default::default(),
        };
        Baseline { id, label, is_run: baseline.is_run, used: baseline.sample.n(), mean: baseline.sample.mean() }
    }

    fn notes(
        &self,
        samples: &[GroupSample],
        has_baseline: bool,
        (count, confidence, expected): (u32, f64, f64),
        query: &RunGroupsQuery,
    ) -> Vec<String> {
        let mut said = Vec::new();
        let is_unused = samples.iter().all(|sample| sample.n() == 0 && sample.diverged == 0);
        match (&self.metric, self.direction) {
            (metric, _) if is_unused && !samples.is_empty() => said.push(notes::no_metric(metric.as_deref())),
            (Some(metric), None) => said.push(notes::no_direction(metric)),
            _ => {}
        }
        if let Some(BaselineId::Group(_) | BaselineId::Run(_)) = &query.baseline
            && !has_baseline
            && !samples.is_empty()
        {
            said.push(notes::NO_BASELINE.to_owned());
        }
        said.extend(notes::hidden_groups(&self.hidden.groups));
        said.extend((count >= MIN_COMPARISONS).then(|| notes::comparisons(count, confidence, expected)));
        said.extend((query.stat == SummaryKind::Best).then(|| notes::BEST_IS_BIASED.to_owned()));
        if query.is_finished {
            let (running, failed) =
                samples.iter().fold((0, 0), |(running, failed), sample| (running + sample.running, failed + sample.failed));
            said.extend(notes::left_out(running, failed));
        }
        said
    }
}

/// The goal of the board, else the most telling metric, of equal ones that of the most runs.
fn default_metric(store: &Store, board: &str, directions: &Directions) -> Option<String> {
    if let Some(goal) = directions.goal() {
        return Some(goal.to_owned());
    }
    let catalog = MetricCatalog::read(store, board);
    let rank = |name: &str| MetricRank::of(name, directions.direction(name), directions.settings());
    let ranked = catalog.iter().map(|(name, runs)| (rank(name).map_or((true, None), |rank| (false, Some(rank))), usize::MAX - runs, name));
    ranked.min().map(|(.., name)| name.to_string())
}
