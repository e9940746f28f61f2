//! What this reader draws otherwise than the settings of the charts say: axes and smoothing, for the board, a section or single charts. It
//! stands in the address; a button stores it for everyone.

use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use super::chart_state::ChartState;
use super::panel_state::PanelTarget;
use super::registry::{ChartRegistry, Charts};
use crate::browser::dom;
use crate::line_overrides::{LineOverride, Numbers, OverrideTarget, StoredChart};
use crate::protocol::{CellId, ChartsPatch, LineSettings};
use crate::routes;

/// As the browser has them.
pub const NUMBERS: Numbers = Numbers { read: dom::number_of, write: dom::number_text };

impl ChartRegistry {
    /// Draws charts so for this reader.
    pub fn override_settings(self, target: &PanelTarget, chosen: LineOverride) {
        self.update(|charts| charts.override_settings(target, chosen));
    }

    /// Draws charts as everyone has them.
    pub fn reset_overrides(self, target: &PanelTarget) {
        self.update(|charts| charts.reset_overrides(target));
    }

    /// The address of the server's drawing of a chart, as this reader has it.
    pub fn printed_svg(self, id: &CellId) -> String {
        let own = self.with(|charts| charts.chart(id).map(|chart| chart.overrides().query(NUMBERS))).flatten();
        routes::line_chart_svg(id, routes::PLOT_HEIGHT) + &own.unwrap_or_default()
    }

    /// Whether this reader sees one of the charts otherwise than everyone.
    pub fn has_overrides(self, target: &PanelTarget) -> bool {
        let is_own = |chart: &ChartState| target.means(&chart.id) && !chart.overrides().is_empty();
        self.with(|charts| charts.list.iter().any(is_own)).unwrap_or_default()
    }

    /// What gives everyone what this reader sees of these charts, which stand with their sections.
    pub fn override_patches(self, cells: &[(CellId, Option<String>)]) -> Vec<ChartsPatch> {
        let mut patches: Vec<(LineOverride, Vec<CellId>)> = Vec::new();
        self.update(|charts| {
            for (id, section) in cells {
                let own = charts.overrides.of(id, section.as_deref());
                match patches.iter_mut().find(|(known, _)| *known == own) {
                    _ if own.is_empty() => {}
                    Some((_, ids)) => ids.push(id.clone()),
                    None => patches.push((own, vec![id.clone()])),
                }
            }
        });
        patches.into_iter().map(|(own, charts)| ChartsPatch { charts, settings: own.patch() }).collect()
    }

    /// Forgets what is stored for everyone by now.
    pub fn forget_stored_overrides(self) {
        self.update(Charts::check_overrides_soon);
    }
}

impl Charts {
    fn override_settings(&mut self, target: &PanelTarget, chosen: LineOverride) {
        let mut set = |wanted: &OverrideTarget, is_in: &dyn Fn(&CellId) -> bool| self.overrides.set(wanted, &chosen, is_in);
        match target {
            PanelTarget::Board => set(&OverrideTarget::Board, &|_| true),
            PanelTarget::Section(name, ids) => set(&OverrideTarget::Section(name.clone()), &|id| ids.contains(id)),
            PanelTarget::Chart(id) => set(&OverrideTarget::Chart(id.clone()), &|_| false),
            PanelTarget::Filtered(ids) => ids.iter().for_each(|id| set(&OverrideTarget::Chart(id.clone()), &|_| false)),
        }
        self.apply_overrides();
        self.check_overrides_soon();
        self.correct_url_soon();
    }

    fn reset_overrides(&mut self, target: &PanelTarget) {
        match target {
            PanelTarget::Board => self.overrides = Default::default(),
            PanelTarget::Section(name, _) => drop(self.overrides.sections.remove(name)),
            PanelTarget::Chart(_) | PanelTarget::Filtered(_) => {}
        }
        for at in 0..self.list.len() {
            let chart = &self.list[at];
            if target.means(&chart.id) {
                let (section, settings) = (chart.section.get_untracked(), chart.stored.get_untracked());
                self.overrides.reset(StoredChart { id: &chart.id, section: section.as_deref(), settings: &settings });
            }
        }
        self.apply_overrides();
        self.correct_url_soon();
    }

    /// Draws all charts by the overrides as they are now.
    pub fn apply_overrides(&mut self) {
        for at in 0..self.list.len() {
            let settings = self.drawn_settings(&self.list[at]);
            let chart = &mut self.list[at];
            if settings != chart.settings && chart.apply_settings(settings) {
                self.correct_url_soon();
            }
        }
        self.update_panel();
        self.request_frame();
    }

    /// What a chart is drawn by: its settings, as far as this reader does not override them.
    pub fn drawn_settings(&self, chart: &ChartState) -> LineSettings {
        let section = chart.section.get_untracked();
        self.overrides.of(&chart.id, section.as_deref()).apply(chart.stored.get_untracked())
    }

    /// Forgets what is stored for everyone by now, once all charts have the settings of this turn: one change may be of thousands.
    pub fn check_overrides_soon(&mut self) {
        if self.overrides.is_empty() || std::mem::replace(&mut self.is_override_check_due, true) {
            return;
        }
        let registry = self.registry;
        spawn_local(async move {
            tick().await;
            registry.update(Self::check_overrides);
        });
    }

    fn check_overrides(&mut self) {
        self.is_override_check_due = false;
        let settings = |chart: &ChartState| (chart.section.get_untracked(), chart.stored.get_untracked());
        let stored: Vec<_> = self.list.iter().map(settings).collect();
        let charts: Vec<StoredChart> = self
            .list
            .iter()
            .zip(&stored)
            .map(|(chart, (section, settings))| StoredChart { id: &chart.id, section: section.as_deref(), settings })
            .collect();
        self.overrides.forget_stored(&charts);
        self.correct_url_soon();
    }
}

impl ChartState {
    /// What this reader sees otherwise than everyone.
    pub fn overrides(&self) -> LineOverride {
        LineOverride::from(&self.settings).besides(&self.stored.read_untracked())
    }
}
