//! What a reader sets of line charts for everyone: of one, or of many at once. A toast offers to undo it.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::charts::{PanelActions, PanelTarget};
use super::fullscreen;
use super::runs::KeyNames;
use super::state::{Dashboard, ToastKind};
use crate::protocol::{CellId, ChartsPatch, LineSettingsPatch};

impl Dashboard {
    /// Switches the y axis between linear and logarithmic. False if the cell is not a line chart.
    pub fn toggle_y_scale(self, id: &CellId) -> bool {
        let Some(settings) = self.charts.settings(id) else { return false };
        self.set_charts(vec![id.clone()], LineSettingsPatch { y: Some(settings.y.other()), ..Default::default() }, true);
        true
    }

    /// Switches the x axis between linear and logarithmic. False if the cell is not a line chart.
    pub fn toggle_x_scale(self, id: &CellId) -> bool {
        let Some(settings) = self.charts.settings(id) else { return false };
        self.set_charts(vec![id.clone()], LineSettingsPatch { x_scale: Some(settings.x_scale.other()), ..Default::default() }, true);
        true
    }

    pub fn panel_actions(self) -> PanelActions {
        PanelActions {
            store: Callback::new(move |(target, patch): (PanelTarget, LineSettingsPatch)| match target {
                PanelTarget::Chart(id) => self.set_charts(vec![id], patch, false),
                PanelTarget::Board => self.set_charts(self.line_charts_among(self.order.get_untracked()), patch, true),
                PanelTarget::Several(ids, _) => self.set_charts(ids, patch, true),
            }),
            store_in_section: Callback::new(move |(section, patch): (String, LineSettingsPatch)| {
                self.set_charts(self.line_charts_among(untrack(|| self.cells_of(&section))), patch, true);
            }),
            toggle_fullscreen: Callback::new(move |id: CellId| fullscreen::toggle(self, &id)),
            metric_names: Callback::new(move |()| KeyNames::new(self).metrics()),
            save_png: Callback::new(move |id: CellId| self.save_png(id)),
            cell_element: Callback::new(move |id: CellId| Some(self.elements_of(&id)?.article)),
        }
    }

    /// Stores the same settings of these charts.
    fn set_charts(self, charts: Vec<CellId>, settings: LineSettingsPatch, has_toast: bool) {
        if !self.may_write() {
            return;
        }
        let part = changed_part(&settings);
        let answer = self.deferred.call(|server| (server.change_charts)(vec![ChartsPatch { charts, settings }]));
        spawn_local(async move {
            match answer.await {
                Err(error) => {
                    self.notify(ToastKind::Error(error.message));
                    self.charts.revert_settings();
                }
                Ok(undo) if has_toast && !undo.is_empty() => {
                    let message = ["Changed the ", part, " of ", &self.name_of_charts(&undo), " for everyone."].concat();
                    self.notify(ToastKind::SetCharts { message, undo });
                }
                Ok(_) => {}
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

/// What a message names as changed: of all that can be set of many charts.
const fn changed_part(patch: &LineSettingsPatch) -> &'static str {
    match patch {
        LineSettingsPatch { smooth: Some(_), .. } => "smoothing",
        LineSettingsPatch { x: Some(_), .. } | LineSettingsPatch { x_scale: Some(_), .. } => "x axis",
        _ => "y axis",
    }
}
