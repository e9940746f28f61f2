//! Which series and groups of a chart are hidden, and the curves of the others.

use super::chart_runs::ChartRuns;
use super::chart_state::ChartState;
use super::column_cache::CachedSeries;
use super::groups::{CachedGroup, Grouping};
use super::hidden_series;
use super::series_looks::NamedItem;
use super::superseded_choice::{self, SupersededChoice};
use crate::charts::{Emphasis, GroupView, SeriesView, has_superseded, is_series_hidden, series_key};
use crate::protocol::groups::GroupCurve;
use crate::protocol::{GroupId, RunId, XAxis};

impl ChartState {
    pub fn hidden(&self) -> &[String] {
        self.own_hidden.as_ref().unwrap_or(&self.settings.hidden)
    }

    pub fn is_hidden(&self, series: &CachedSeries) -> bool {
        is_series_hidden(self.hidden(), series.run.as_ref().map(RunId::as_str), &series.name)
    }

    pub fn is_group_hidden(&self, group: &CachedGroup) -> bool {
        let hidden = self.hidden();
        !hidden.is_empty() && is_series_hidden(hidden, Some(&group.owner), &group.curve.split)
    }

    /// Whether the curve in this slot is hidden.
    pub fn is_slot_hidden(&self, slot: usize) -> bool {
        let series = &self.cache.series;
        match series.get(slot) {
            Some(series) => self.is_hidden(series),
            None => self.groups.groups.get(slot - series.len()).is_some_and(|group| self.is_group_hidden(group)),
        }
    }

    /// The names under which settings store that series are hidden, in the order of the slots.
    fn keys(&self) -> Vec<String> {
        let of_groups = self.groups.groups.iter().map(|group| series_key(Some(&group.owner), &group.curve.split));
        self.cache.series.iter().map(CachedSeries::key).chain(of_groups).collect()
    }

    /// The hidden names, in which a split that is hidden in all runs is replaced by its series: one of them can then be shown.
    fn hidden_keys(&self) -> Vec<String> {
        let (series, groups) = (&self.cache.series, &self.groups.groups);
        let is_split = |name: &String| {
            series.iter().any(|series| series.run.is_some() && series.name == *name)
                || groups.iter().any(|group| group.curve.split == *name)
        };
        let mut keys: Vec<String> = self.hidden().iter().filter(|name| !is_split(name)).cloned().collect();
        for (slot, key) in self.keys().into_iter().enumerate() {
            if self.is_slot_hidden(slot) && !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// Hides or shows the series of an entry of the legend.
    pub fn toggle_series(&mut self, entry: usize, alone: bool) {
        let Some(NamedItem { item, .. }) = self.looks.legend.get(entry) else { return };
        let keys = self.keys();
        let clicked: Vec<String> = item.slots.iter().filter_map(|slot| keys.get(*slot).cloned()).collect();
        let hidden = hidden_series::toggle(&keys, &self.hidden_keys(), &clicked, alone);
        self.own_hidden = (hidden != self.settings.hidden).then_some(hidden);
        hidden_series::store(&self.id, self.own_hidden.as_deref());
        self.highlighted = None;
        self.is_dirty = true;
    }

    /// The groups and series that are drawn; those of the highlighted run or group in bold.
    pub fn curves(&self, runs: &ChartRuns) -> Vec<SeriesView<'_>> {
        let is_of_highlighted = |series: &CachedSeries| series.run.as_ref().is_some_and(|run| runs.highlights(run));
        // Of a run that has no series here nothing can be in bold.
        let is_any_highlighted = self.highlighted.is_some() || self.cache.series.iter().any(is_of_highlighted);
        let is_along_steps = self.axis() == XAxis::Step;
        // The smoothed line of the last weight is drawn until the one of the new weight has come.
        let is_smooth = self.settings.smooth > 0.0 && self.cache.has_smoothing();
        let curve = |(slot, series): (usize, &'_ CachedSeries)| SeriesView {
            name: "",
            slot,
            style: self.looks.styles.get(slot).copied().unwrap_or_default(),
            fades_superseded: is_along_steps && series.run.is_some(),
            columns: &self.cache.series[slot].shown().list,
            smoothed: if is_smooth { &self.cache.series[slot].shown().places } else { &[] },
            emphasis: if self.highlighted == Some(slot) || is_of_highlighted(series) {
                Emphasis::Bold
            } else if is_any_highlighted && series.total > 0 {
                Emphasis::Faint
            } else {
                self.looks.emphases.get(slot).copied().unwrap_or_default()
            },
            group: None,
        };
        // Times of groups begin at 0, wall times in 1970.
        let series = if runs.grouping.is_some() && self.axis() == XAxis::Wall { &[][..] } else { &self.cache.series[..] };
        let mut curves: Vec<_> = series.iter().enumerate().filter(|(_, series)| !self.is_hidden(series)).map(curve).collect();
        if let Some(grouping) = &runs.grouping {
            self.push_groups(grouping, runs.highlighted_group, &mut curves);
        }
        curves
    }

    pub fn hides_superseded(&self) -> bool {
        self.axis() == XAxis::Step && self.own_hides_superseded.unwrap_or(self.settings.hide_superseded)
    }

    /// `None` for a chart that has no such points, and hides none.
    pub fn superseded_choice(&self) -> Option<SupersededChoice> {
        let choice = SupersededChoice { hides: self.hides_superseded(), is_own: self.own_hides_superseded.is_some() };
        let mut of_runs = self.cache.series.iter().filter(|series| series.run.is_some());
        let has_any = self.axis() == XAxis::Step && (choice.hides || of_runs.any(|series| has_superseded(&series.columns.list)));
        has_any.then_some(choice)
    }

    /// What this tab has chosen ends where the settings say the same.
    pub fn forget_stored_choices(&mut self) {
        if self.own_hidden.as_ref() == Some(&self.settings.hidden) {
            self.own_hidden = None;
        }
        if self.own_hides_superseded == Some(self.settings.hide_superseded) {
            self.own_hides_superseded = None;
            superseded_choice::store(&self.id, None);
        }
    }

    fn push_groups<'a>(&'a self, grouping: &Grouping, highlighted: Option<GroupId>, curves: &mut Vec<SeriesView<'a>>) {
        let groups = &self.groups.groups;
        // Of a group that is not here nothing can be in bold.
        let highlighted = highlighted.filter(|id| groups.iter().any(|group| group.curve.group == *id));
        for (slot, group) in (self.cache.series.len()..).zip(groups) {
            let GroupCurve { group: id, index, runs, columns, .. } = &group.curve;
            if grouping.draws(*id) && !self.is_group_hidden(group) {
                let style = self.looks.styles.get(slot).copied().unwrap_or_default();
                let emphasis = grouping.emphasis(*id, highlighted);
                let group = Some(GroupView { columns, runs: *runs, index: *index });
                curves.push(SeriesView { slot, style, emphasis, group, ..SeriesView::default() });
            }
        }
    }
}
