//! The series of one cell, found by run and name.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Series;
use crate::protocol::{RunId, SeriesId};
use crate::server::store::keyed_list::KeyedList;

/// The series of one cell.
#[derive(Clone, Debug, Default)]
pub struct CellSeries {
    /// The event of the last points.
    pub seq: u64,
    /// Those without a run, in the order of creation.
    pub list: KeyedList<Series>,
    /// Those of runs, deleted ones included; of each run in the order of creation.
    runs: HashMap<RunId, KeyedList<Series>>,
    /// Number of series in `runs`.
    run_series: usize,
    /// The metrics of these series.
    metrics: HashMap<Arc<str>, MetricUse>,
}

/// What has a metric.
#[derive(Clone, Debug)]
struct MetricUse {
    /// Number of series.
    series: usize,
    /// Name of the first one: usually that of all.
    name: Arc<str>,
}

impl CellSeries {
    pub fn get(&self, id: &SeriesId) -> Option<&Series> {
        match &id.run {
            None => self.list.get(&*id.name),
            Some(run) => self.runs.get(run)?.get(&*id.name),
        }
    }

    pub fn get_mut(&mut self, id: &SeriesId) -> Option<&mut Series> {
        match &id.run {
            None => self.list.get_mut(&*id.name),
            Some(run) => self.runs.get_mut(run)?.get_mut(&*id.name),
        }
    }

    /// The series of a run, in the order of creation.
    pub fn of_run(&self, run: &RunId) -> &[Series] {
        self.runs.get(run).map_or(&[], |list| list)
    }

    /// Those of these runs that have series, with the series.
    pub fn runs_among<'a>(&'a self, runs: &'a HashSet<&RunId>) -> impl Iterator<Item = (&'a RunId, &'a [Series])> {
        let (few, many) = match runs.len() < self.runs.len() {
            true => (Some(runs), None),
            false => (None, Some(&self.runs)),
        };
        let few = few.into_iter().flatten().filter_map(|run| self.runs.get_key_value(*run));
        let many = many.into_iter().flatten().filter(|(run, _)| runs.contains(run));
        few.chain(many).map(|(run, list)| (run, &list[..]))
    }

    /// The series of runs, in no particular order.
    pub fn of_runs(&self) -> impl Iterator<Item = &Series> {
        self.runs.values().flatten()
    }

    /// The metrics of series of runs, deleted ones included, with the number of series of each.
    pub fn run_metrics(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.metrics.iter().map(|(metric, known)| (metric, known.series))
    }

    /// Whether a series of a run, also of a deleted one, has the metric.
    pub fn has_run_metric(&self, metric: &str) -> bool {
        self.metrics.contains_key(metric)
    }

    /// Number of series of runs.
    pub fn run_series(&self) -> usize {
        self.run_series
    }

    /// All series, in no particular order.
    pub fn all(&self) -> impl Iterator<Item = &Series> {
        self.list.iter().chain(self.of_runs())
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.runs.is_empty()
    }

    /// Adds a series, whose id no other one may have. Of many series the text of run, metric and name is in memory once.
    pub fn push(&mut self, mut series: Series) {
        let Some(run) = &series.id.run else {
            self.list.push(series);
            return;
        };
        let run = self.runs.get_key_value(run).map_or_else(|| run.clone(), |(run, _)| run.clone());
        series.id.run = Some(run.clone());
        self.run_series += 1;
        if let Some(metric) = &mut series.metric {
            let known = self.metrics.get_key_value(metric);
            let (shared, name) =
                known.map_or_else(|| (metric.clone(), series.id.name.clone()), |(shared, of)| (shared.clone(), of.name.clone()));
            if name == series.id.name {
                series.id.name = name.clone();
            }
            *metric = shared.clone();
            self.metrics.entry(shared).or_insert(MetricUse { series: 0, name }).series += 1;
        }
        self.runs.entry(run).or_default().push(series);
    }

    /// Removes these series; others of the same ids stay.
    pub fn remove(&mut self, removed: &[Series]) {
        let plain: HashSet<i64> = removed.iter().filter(|series| series.id.run.is_none()).map(|series| series.key).collect();
        if !plain.is_empty() {
            self.list.retain(|series| !plain.contains(&series.key));
        }
        let mut of_runs: HashMap<&RunId, HashSet<i64>> = HashMap::new();
        for (series, run) in removed.iter().filter_map(|series| Some((series, series.id.run.as_ref()?))) {
            of_runs.entry(run).or_default().insert(series.key);
        }
        for (run, keys) in of_runs {
            let Some(of_run) = self.runs.get_mut(run) else { continue };
            let before = of_run.len();
            for metric in of_run.iter().filter(|known| keys.contains(&known.key)).filter_map(|known| known.metric.as_ref()) {
                let Some(known) = self.metrics.get_mut(metric) else { continue };
                known.series -= 1;
                if known.series == 0 {
                    self.metrics.remove(metric);
                }
            }
            of_run.retain(|known| !keys.contains(&known.key));
            self.run_series -= before - of_run.len();
            if of_run.is_empty() {
                self.runs.remove(run);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_mix::SplitMix64;

    #[test]
    fn metrics_are_those_of_the_series_and_their_texts_are_shared() {
        let (mut cell, mut rng, mut key) = (CellSeries::default(), SplitMix64(83), 0);
        for _ in 0..2000 {
            key += 1;
            let run = RunId::parse(&format!("run-{}", rng.below(20))).unwrap();
            let name = rng.pick(&["", "train", "val"]);
            let id = SeriesId::of_run(run, name);
            match cell.get(&id).cloned() {
                Some(known) => cell.remove(&[known]),
                None => {
                    let metric = rng.pick(&["loss", "loss/val", "train/loss"]);
                    cell.push(Series::new(key, id, Some(metric.into()), 1));
                }
            }
            let mut expected: HashMap<Arc<str>, usize> = HashMap::new();
            cell.of_runs().for_each(|series| *expected.entry(series.metric.clone().unwrap()).or_default() += 1);
            let found: HashMap<Arc<str>, usize> = cell.run_metrics().map(|(metric, count)| (metric.clone(), count)).collect();
            assert_eq!(found, expected);
            assert_eq!(cell.of_runs().count(), cell.run_series());
            for metric in ["loss", "loss/val", "train/loss"] {
                assert_eq!(cell.has_run_metric(metric), expected.contains_key(metric));
            }
        }
        let texts: HashSet<*const u8> = cell.of_runs().map(|series| series.metric.as_ref().unwrap().as_ptr()).collect();
        assert_eq!(texts.len(), cell.run_metrics().count());
    }
}
