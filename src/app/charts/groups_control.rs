//! Chooses the groups that the charts draw, and the one that they highlight.

use super::groups::Grouping;
use super::registry::{ChartRegistry, Charts};
use crate::app::signals::SetIfChanged;
use crate::protocol::{GroupId, RunId, XAxis};

/// Members of the highlighted group that are drawn beneath its line.
const MAX_MEMBERS: usize = 20;

impl ChartRegistry {
    /// Draws groups; `None`: runs.
    pub fn set_grouping(self, grouping: Option<Grouping>) {
        self.update(|charts| {
            if charts.runs.grouping == grouping {
                return;
            }
            if grouping.is_none() {
                charts.list.iter_mut().for_each(|chart| chart.groups = Default::default());
            }
            if charts.runs.grouping.is_some() != grouping.is_some() {
                // Times of groups begin at 0, wall times in 1970.
                charts.list.iter_mut().filter(|chart| chart.axis() == XAxis::Wall).for_each(|chart| chart.viewport = None);
            }
            charts.runs.grouping = grouping;
            charts.runs.revision += 1;
            charts.repaint();
            charts.update_panel();
        });
    }

    /// Legends have the groups in this order.
    pub fn set_group_order(self, order: Vec<GroupId>) {
        self.update(|charts| {
            if charts.runs.group_order != order {
                charts.runs.group_order = order;
                charts.runs.revision += 1;
                charts.repaint();
            }
        });
    }

    /// Runs have changed, or points of runs have come that the charts do not receive: the groups are requested again.
    pub fn refresh_groups(self) {
        self.update(|charts| {
            if charts.runs.grouping.is_some() {
                charts.list.iter_mut().for_each(|chart| chart.groups.is_stale = true);
                charts.request_frame();
            }
        });
    }

    /// Highlights a group in all charts; `None`: no group.
    pub fn highlight_group(self, group: Option<GroupId>) {
        self.update(|charts| charts.highlight_group(group));
    }

    /// The first runs of a group, as far as the charts know, and the index of its colour.
    pub fn members_of(self, group: GroupId) -> (Vec<RunId>, usize) {
        self.with(|charts| charts.members_of(group)).unwrap_or_default()
    }
}

impl Charts {
    pub fn highlight_group(&mut self, group: Option<GroupId>) {
        if self.runs.highlighted_group != group {
            self.runs.highlighted_group = group;
            self.list.iter_mut().filter(|chart| !chart.groups.groups.is_empty()).for_each(|chart| chart.is_dirty = true);
            self.registry.highlighted_group.set_if_changed(group);
            self.request_frame();
        }
    }

    fn members_of(&self, group: GroupId) -> (Vec<RunId>, usize) {
        let mut curves = self.list.iter().filter(|chart| chart.is_visible).flat_map(|chart| &chart.groups.groups);
        let Some(known) = curves.find(|known| known.curve.group == group) else { return Default::default() };
        (known.curve.ids.iter().take(MAX_MEMBERS).cloned().collect(), known.curve.index as usize)
    }
}
