//! What a reader chooses for line charts: axes and smoothing for themselves first, then for everyone. A toast offers to undo what is stored.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::charts::{PanelActions, PanelTarget};
use super::fullscreen;
use super::runs::KeyNames;
use super::state::{Dashboard, ToastKind};
use crate::line_overrides::LineOverride;
use crate::protocol::{AxisScale, CellId, ChartsPatch, LineSettingsPatch};

impl Dashboard {
    /// Switches the y axis between linear and logarithmic, for this reader. False if the cell is not a line chart.
    pub fn toggle_y_scale(self, id: &CellId) -> bool {
        let Some(settings) = self.charts.settings(id) else { return false };
        let scale = settings.y.other();
        self.override_scale(id, LineOverride { y: Some(scale), ..Default::default() }, "y", scale);
        true
    }

    /// Switches the x axis between linear and logarithmic, for this reader. False if the cell is not a line chart.
    pub fn toggle_x_scale(self, id: &CellId) -> bool {
        let Some(settings) = self.charts.settings(id) else { return false };
        let scale = settings.x_scale.other();
        self.override_scale(id, LineOverride { x_scale: Some(scale), ..Default::default() }, "x", scale);
        true
    }

    /// Draws a chart with another scale, and offers to store it for everyone.
    fn override_scale(self, id: &CellId, chosen: LineOverride, axis: &str, scale: AxisScale) {
        let target = PanelTarget::Chart(id.clone());
        self.charts.override_settings(&target, chosen);
        self.dismiss_overridden();
        if self.may_write() && self.charts.has_overrides(&target) {
            let scale = if scale == AxisScale::Log { "logarithmic" } else { "linear" };
            let title = untrack(|| self.cell(id).map(|cell| cell.title())).unwrap_or_default();
            let message = ["The ", axis, " axis of ‘", &title, "’ is ", scale, " for you."].concat();
            self.notify(ToastKind::Overridden { message, target });
        }
    }

    pub fn panel_actions(self) -> PanelActions {
        PanelActions {
            store: Callback::new(move |(id, settings): (CellId, LineSettingsPatch)| {
                self.set_charts(vec![ChartsPatch { charts: vec![id], settings }], false);
            }),
            store_overrides: Callback::new(move |target: PanelTarget| self.store_overrides(&target)),
            store_in_section: Callback::new(move |(section, patch): (String, LineSettingsPatch)| {
                let charts = self.line_charts_among(untrack(|| self.cells_of(&section)));
                self.set_charts(vec![ChartsPatch { charts, settings: patch }], true);
            }),
            toggle_fullscreen: Callback::new(move |id: CellId| fullscreen::toggle(self, &id)),
            metric_names: Callback::new(move |()| KeyNames::new(self).metrics()),
            save_png: Callback::new(move |id: CellId| self.save_png(id)),
            cell_element: Callback::new(move |id: CellId| Some(self.elements_of(&id)?.article)),
        }
    }

    /// Gives everyone what this reader sees of charts.
    pub fn store_overrides(self, target: &PanelTarget) {
        self.dismiss_overridden();
        let charts = match target {
            PanelTarget::Chart(id) => vec![id.clone()],
            PanelTarget::Board => self.line_charts_among(self.order.get_untracked()),
            PanelTarget::Section(_, ids) | PanelTarget::Filtered(ids) => ids.clone(),
        };
        let with_section = |id: CellId| untrack(|| self.cell(&id).map(|cell| (id, cell.layout.get().section)));
        let cells: Vec<_> = charts.into_iter().filter_map(with_section).collect();
        self.set_charts(self.charts.override_patches(&cells), true);
    }

    /// Stores settings of charts for everyone.
    fn set_charts(self, changes: Vec<ChartsPatch>, has_toast: bool) {
        if !self.may_write() || changes.is_empty() {
            return;
        }
        let part = changed_part(&changes);
        let answer = self.deferred.call(|server| (server.change_charts)(changes));
        spawn_local(async move {
            match answer.await {
                Err(error) => {
                    self.notify(ToastKind::Error(error.message));
                    self.charts.revert_settings();
                }
                Ok(undo) if has_toast && !undo.is_empty() => {
                    let message = ["Changed the ", part, " of ", &self.name_of_charts(&undo), " for everyone."].concat();
                    self.notify(ToastKind::SetCharts { message, undo });
                    self.charts.forget_stored_overrides();
                }
                Ok(_) => self.charts.forget_stored_overrides(),
            }
        });
    }

    /// "‘loss’", or "12 charts".
    fn name_of_charts(self, changes: &[ChartsPatch]) -> String {
        match changes {
            [ChartsPatch { charts, .. }] if charts.len() == 1 => {
                let title = charts.first().and_then(|id| untrack(|| self.cell(id).map(|cell| cell.title())));
                ["‘", &title.unwrap_or_default(), "’"].concat()
            }
            _ => [&changes.iter().map(|change| change.charts.len()).sum::<usize>().to_string(), " charts"].concat(),
        }
    }

    /// Takes a change back. If that fails, the message that offers it comes back.
    pub fn undo_charts(self, message: String, undo: Vec<ChartsPatch>) {
        let changes = undo.clone();
        let answer = self.deferred.call(|server| (server.change_charts)(changes));
        spawn_local(async move {
            if let Err(error) = answer.await {
                self.notify(ToastKind::SetCharts { message, undo });
                self.notify(ToastKind::Error(error.message));
            }
        });
    }
}

/// What a message names as changed.
fn changed_part(changes: &[ChartsPatch]) -> &'static str {
    let is_part = |is_in: fn(&LineSettingsPatch) -> bool| changes.iter().any(|change| is_in(&change.settings));
    let smooth = is_part(|patch| patch.smooth.is_some());
    let x = is_part(|patch| patch.x.is_some() || patch.x_scale.is_some());
    let y = is_part(|patch| patch.y.is_some() || patch.y_range.is_some() || patch.ignore_outliers.is_some());
    match (smooth, x, y) {
        (true, false, false) => "smoothing",
        (false, true, false) => "x axis",
        (false, false, true) => "y axis",
        (false, true, true) => "axes",
        _ => "settings",
    }
}
