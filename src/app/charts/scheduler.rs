//! The one animation frame of all charts: draws visible charts that have changed, updates the tooltip, requests missing columns.

use std::time::Duration;

use js_sys::Date;
use leptos::prelude::*;

use super::canvas::CanvasTheme;
use super::registry::Charts;

/// Maximum time for drawing in one frame; the rest waits for the next one. A chart that takes longer is drawn alone.
const DRAW_BUDGET_MS: f64 = 5.0;
/// Delay from drawing to the update of the open settings panel.
const PANEL_DELAY: Duration = Duration::from_millis(250);
/// Timers may be a little early.
const TIMER_MARGIN_MS: f64 = 1.0;

/// The shorter of two delays, in milliseconds.
pub fn shorter(delay: Option<f64>, other: f64) -> Option<f64> {
    Some(delay.map_or(other, |delay| delay.min(other)))
}

impl Charts {
    /// Schedules one animation frame that draws dirty charts and requests missing columns.
    pub fn request_frame(&mut self) {
        if !self.is_frame_requested && !document().hidden() {
            self.is_frame_requested = true;
            let registry = self.registry;
            request_animation_frame(move || registry.update(Self::draw_frame));
        }
    }

    /// Schedules a frame that makes the requests which are due then.
    fn request_frame_in(&mut self, delay_ms: f64) {
        let due = Date::now() + delay_ms;
        // The frame before makes the same requests, or schedules them again.
        if self.next_requests_at <= due {
            return;
        }
        self.next_requests_at = due;
        let registry = self.registry;
        let begin = move || {
            registry.update(|charts| {
                charts.next_requests_at = f64::INFINITY;
                charts.request_frame();
            });
        };
        set_timeout(begin, Duration::from_millis((delay_ms + TIMER_MARGIN_MS) as u64));
    }

    fn draw_frame(&mut self) {
        self.is_frame_requested = false;
        let began = Date::now();
        let mut theme = self.theme.take().unwrap_or_else(CanvasTheme::current).with_pixel_ratio();
        let (mut is_done, mut is_any_drawn) = (true, false);
        // The next chart probably takes as long as the slowest of those that are drawn already.
        let mut slowest = 0.0_f64;
        let count = self.list.len();
        // Begins with the chart that had to wait: charts that change in each frame must not starve the others.
        for at in (0..count).map(|offset| (self.next_chart + offset) % count) {
            let chart = &mut self.list[at];
            if !chart.is_visible || !chart.is_dirty {
                continue;
            }
            let elapsed = Date::now() - began;
            if elapsed + slowest > DRAW_BUDGET_MS {
                is_done = false;
                self.next_chart = at;
                break;
            }
            chart.draw(&mut theme, self.crosshair, &self.runs);
            slowest = slowest.max(Date::now() - began - elapsed);
            is_any_drawn = true;
            self.is_readout_due |= self.readout.as_ref().is_some_and(|readout| readout.chart == chart.id);
        }
        self.draw_canvas_charts(&theme);
        self.theme = Some(theme);
        if is_any_drawn && !self.is_panel_due && self.registry.panel.target.with_untracked(Option::is_some) {
            self.is_panel_due = true;
            let registry = self.registry;
            set_timeout(move || registry.update(Self::update_panel), PANEL_DELAY);
        }
        if std::mem::take(&mut self.is_readout_due) {
            self.update_readout();
        }
        let delays = [self.request_columns(began), self.request_groups(began)];
        if !is_done {
            self.request_frame();
        } else if let Some(delay) = delays.into_iter().flatten().reduce(f64::min) {
            self.request_frame_in(delay);
        }
    }
}
