//! The labels and styles of the series of a chart. They are made when a series or a run has changed, not in every frame.

use super::chart_runs::ChartRuns;
use super::column_cache::CachedSeries;
use crate::charts::{SeriesStyle, StyledSeries, legend_labels, series_label, series_styles};
use crate::protocol::RunId;

/// In the order of the cache.
#[derive(Default)]
pub struct SeriesLooks {
    /// The series that the rest was made for.
    series: Vec<(Option<RunId>, String)>,
    /// The revision of [`ChartRuns`].
    revision: u64,
    pub labels: Vec<String>,
    /// The labels as they are shown: cut where they are alike.
    pub short: Vec<String>,
    pub styles: Vec<SeriesStyle>,
}

impl SeriesLooks {
    pub fn update(&mut self, series: &[CachedSeries], runs: &ChartRuns) {
        let is_same = |(known, series): (&(Option<RunId>, String), &CachedSeries)| known.0 == series.run && known.1 == series.name;
        let has_run = series.iter().any(|series| series.run.is_some());
        let is_current = !has_run || self.revision == runs.revision;
        if is_current && self.series.len() == series.len() && self.series.iter().zip(series).all(is_same) {
            return;
        }
        let run = |series: &CachedSeries| series.run.as_ref().and_then(|run| runs.get(run));
        self.series = series.iter().map(|series| (series.run.clone(), series.name.clone())).collect();
        self.revision = runs.revision;
        let label = |series: &CachedSeries| series_label(run(series).map(|run| run.name.as_str()), &series.name, runs.has_one_run());
        self.labels = series.iter().map(label).collect();
        self.short = legend_labels(&self.labels);
        let styled = |series| StyledSeries { run_colour: run(series).map(|run| run.colour), name: &series.name };
        self.styles = series_styles(series.iter().map(styled), runs.has_one_run());
    }
}
