//! Chooses which runs the charts draw, and which one they highlight.

use super::chart_runs::DrawnRun;
use super::registry::{ChartRegistry, Charts};
use crate::app::signals::SetIfChanged;
use crate::protocol::RunId;

impl ChartRegistry {
    /// Draws these runs, of all `count` of the board. Columns of others are released.
    pub fn set_runs(self, drawn: Vec<DrawnRun>, count: usize) {
        self.update(|charts| {
            let before = &charts.runs;
            if before.drawn == drawn && before.count == count {
                return;
            }
            let is_any_new = drawn.iter().any(|run| before.get(&run.id).is_none());
            let Charts { list, runs, .. } = charts;
            (runs.drawn, runs.count) = (drawn, count);
            runs.revision += 1;
            for chart in list.iter_mut() {
                chart.retain_drawn(runs);
                chart.is_stale |= is_any_new;
                chart.is_dirty = true;
            }
            charts.update_panel();
            charts.request_frame();
        });
    }

    /// Highlights a run in all charts; `None`: no run.
    pub fn highlight_run(self, run: Option<RunId>) {
        self.highlighted_run.set_if_changed(run.clone());
        self.update(|charts| {
            if charts.runs.highlighted != run {
                charts.runs.highlighted = run;
                charts.list.iter_mut().filter(|chart| chart.has_runs()).for_each(|chart| chart.is_dirty = true);
                charts.request_frame();
            }
        });
    }
}
