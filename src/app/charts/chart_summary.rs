//! A chart in one sentence, for those who do not see it.

use super::chart_state::ChartState;
use super::display::Summary;
use crate::charts::{format_number, summarize_goal_lines};

/// More series than these are only counted.
const MAX_LABEL_SERIES: usize = 20;

impl ChartState {
    pub fn summary(&self) -> Option<Summary> {
        let layout = self.layout.as_ref()?;
        let mut label = String::from("Line chart");
        let shown = self.looks.labels.iter().enumerate().filter(|(slot, _)| !self.is_slot_hidden(*slot));
        let more = shown.clone().count().saturating_sub(MAX_LABEL_SERIES);
        for (slot, name) in shown.take(MAX_LABEL_SERIES) {
            let Some(last) = self.last_value(slot) else { continue };
            label.push_str(if label.len() > 10 { "; " } else { ": " });
            label.extend([name.as_str(), " ", &format_number(last)]);
        }
        if more > 0 {
            label.extend(["; and ", &more.to_string(), " more"]);
        }
        let points = self.total();
        let goals = summarize_goal_lines(&self.settings.goal_lines, &self.settings.unit);
        label.extend(["; ", &points.to_string(), " points.", &self.titles().summarize(), &goals, " ", layout.note]);
        Some(Summary { label, points, from: layout.x.lo, to: layout.x.hi })
    }
}
