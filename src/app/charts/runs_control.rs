//! Chooses which runs the charts draw, and which one they highlight.

use super::chart_runs::DrawnRun;
use super::registry::{ChartRegistry, Charts};
use crate::app::signals::SetIfChanged;
use crate::protocol::RunId;

impl ChartRegistry {
    /// Draws these runs, of all `count` of the board. Columns of others are released. `is_none_found`: no run matches the search.
    pub fn set_runs(self, drawn: Vec<DrawnRun>, count: usize, is_none_found: bool) {
        self.update(|charts| {
            let before = &charts.runs;
            if before.drawn == drawn && before.count == count && before.is_none_found == is_none_found {
                return;
            }
            let is_any_new = drawn.iter().any(|run| before.get(&run.id).is_none());
            let Charts { list, runs, .. } = charts;
            (runs.drawn, runs.count, runs.is_none_found) = (drawn, count, is_none_found);
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

    /// The key by which runs are coloured, which pictures of the server are drawn by, too.
    pub fn set_colour_key(self, key: String) {
        self.update(|charts| charts.runs.colour_key = key);
    }

    /// Highlights the runs with a value in all charts; `None`: no value.
    pub fn highlight_value(self, value: Option<String>) {
        self.update(|charts| {
            if charts.runs.highlighted_value != value {
                charts.runs.highlighted_value = value;
                charts.redraw_runs();
            }
        });
    }

    /// Highlights a run in all charts; `None`: no run.
    pub fn highlight_run(self, run: Option<RunId>) {
        self.highlighted_run.set_if_changed(run.clone());
        self.update(|charts| {
            if charts.runs.highlighted != run {
                charts.runs.highlighted = run;
                charts.redraw_runs();
            }
        });
    }
}

impl Charts {
    fn redraw_runs(&mut self) {
        self.list.iter_mut().filter(|chart| chart.has_runs()).for_each(|chart| chart.is_dirty = true);
        self.request_frame();
    }
}
