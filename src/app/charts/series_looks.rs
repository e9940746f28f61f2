//! The labels, the styles and the legend of the curves of a chart. They are made when a series, a group or a run has changed, not in every
//! frame.

use super::chart_runs::ChartRuns;
use super::column_cache::CachedSeries;
use super::groups::{CachedGroup, GroupCache};
use crate::charts::{
    Emphasis, GroupTag, LegendItem, NamedSeries, SeriesStyle, StyledSeries, legend_items, legend_labels, owner_labels, series_label,
    series_styles,
};
use crate::protocol::RunId;
use crate::sorting;

/// In the order of the cache, the groups last: their slots follow those of the series.
#[derive(Default)]
pub struct SeriesLooks {
    /// The series that the rest was made for.
    series: Vec<(Option<RunId>, String)>,
    /// The revisions of [`ChartRuns`] and of the groups.
    revisions: (u64, u64),
    pub labels: Vec<String>,
    /// The labels as they are shown: cut where they are alike.
    pub short: Vec<String>,
    pub styles: Vec<SeriesStyle>,
    /// How the series are drawn while none is pointed at.
    pub emphases: Vec<Emphasis>,
    pub legend: Vec<NamedItem>,
}

/// An entry of the legend.
pub struct NamedItem {
    pub item: LegendItem,
    /// The name as it is shown: cut where it is like the others. That of a group is whole.
    pub short: String,
}

impl SeriesLooks {
    pub fn update(&mut self, series: &[CachedSeries], groups: &GroupCache, runs: &ChartRuns) {
        let is_same = |(known, series): (&(Option<RunId>, String), &CachedSeries)| known.0 == series.run && known.1 == series.name;
        let is_of_runs = !groups.groups.is_empty() || series.iter().any(|series| series.run.is_some());
        let revisions = (if is_of_runs { runs.revision } else { 0 }, groups.revision);
        if self.revisions == revisions && self.series.len() == series.len() && self.series.iter().zip(series).all(is_same) {
            return;
        }
        self.revisions = revisions;
        self.series = series.iter().map(|series| (series.run.clone(), series.name.clone())).collect();
        let run = |series: &CachedSeries| series.run.as_ref().and_then(|run| runs.get(run));
        let has_one_run = runs.has_one_run() && groups.groups.is_empty();
        let label = |series: &CachedSeries| series_label(run(series).map(|run| run.name.as_str()), &series.name, has_one_run);
        let group_label = |group: &CachedGroup| series_label(Some(&group.curve.label), &group.curve.split, false);
        self.labels = series.iter().map(label).chain(groups.groups.iter().map(group_label)).collect();
        self.short = if is_of_runs { owner_labels(&self.labels) } else { legend_labels(&self.labels) };
        let styled = series.iter().map(|series| StyledSeries { run_colour: run(series).map(|run| run.colour), name: &series.name });
        let styled_groups = groups
            .groups
            .iter()
            .map(|CachedGroup { curve, .. }| StyledSeries { run_colour: Some(curve.index as usize), name: &curve.split });
        self.styles = series_styles(styled.chain(styled_groups), has_one_run);
        self.emphases = series.iter().map(|series| run(series).map(|run| run.emphasis).unwrap_or_default()).collect();
        let of_series = series.iter().enumerate().filter(|(slot, _)| self.emphases[*slot] != Emphasis::Thin).map(|(slot, series)| {
            let owner = series.run.as_ref().map(|id| runs.owner(id));
            NamedSeries { slot, owner, name: &series.name, style: self.styles[slot] }
        });
        let mut of_series: Vec<NamedSeries> = of_series.collect();
        sorting::sort_by(&mut of_series, |one, other| {
            let place = |named: &NamedSeries| runs.legend_place(series[named.slot].run.as_ref());
            place(one).cmp(&place(other))
        });
        let of_groups = groups.groups.iter().zip(series.len()..).map(|(CachedGroup { curve, owner, .. }, slot)| NamedSeries {
            slot,
            owner: Some((owner, &curve.label)),
            name: &curve.split,
            style: self.styles[slot],
        });
        let mut items = legend_items(of_groups.chain(of_series), has_one_run);
        if !groups.groups.is_empty() {
            // What the dashes mean, then the groups as the table has them.
            let place = |item: &LegendItem| {
                let group = item.slots.first().and_then(|slot| groups.groups.get(slot.checked_sub(series.len())?));
                let place = |group: &CachedGroup| runs.group_order.iter().position(|id| *id == group.curve.group);
                (!item.is_split, group.and_then(place).unwrap_or(usize::MAX))
            };
            sorting::sort_by(&mut items, |one, other| place(one).cmp(&place(other)));
        }
        let has_groups = !groups.groups.is_empty();
        for item in items.iter_mut().filter(|item| !item.is_split) {
            let group = item.slots.first().and_then(|slot| groups.groups.get(slot.checked_sub(series.len())?));
            if let Some(CachedGroup { curve, attrition, .. }) = group {
                item.tag = GroupTag::new(curve.index, attrition.left, curve.runs);
            }
        }
        let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
        let short = match is_of_runs {
            // Their room decides.
            true if has_groups => items.iter().map(LegendItem::whole_name).collect(),
            true => owner_labels(&names),
            false => legend_labels(&names),
        };
        self.legend = items.into_iter().zip(short).map(|(item, short)| NamedItem { item, short }).collect();
    }
}
