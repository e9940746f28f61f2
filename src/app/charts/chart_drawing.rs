//! One drawing of a line chart, and the signals that tell the parts around the canvas what it shows.

use leptos::prelude::*;

use super::canvas::{self, CanvasTheme};
use super::chart_runs::ChartRuns;
use super::chart_state::{ChartState, Plot};
use super::display::{Crosshair, LegendEntry, NewestNumber, PlotDisplay, Zoom};
use super::series_looks::NamedItem;
use crate::app::signals::SetIfChanged;
use crate::charts::{AllHidden, ChartOptions, Emphasis, LegendItem, format_significant, palette};
use crate::protocol::{ChartAxis, XAxis};

/// How many curves tell their newest number in the title of the cell.
const MAX_NEWEST: usize = 3;
const NEWEST_DIGITS: i32 = 4;

impl ChartState {
    pub fn draw(&mut self, theme: &mut CanvasTheme, crosshair: Option<(ChartAxis, f64)>, runs: &ChartRuns) {
        self.is_dirty = false;
        // Columns along the other axis cannot be drawn on this one: the last drawing stays until the new columns come.
        let axis = if runs.grouping.is_some() { self.groups.axis() } else { self.cache.axis() };
        if axis != Some(self.x_axis(runs)) {
            return;
        }
        let Some(plot) = self.plot.clone() else { return };
        self.looks.update(&self.cache.series, &self.groups, runs);
        self.cache.hide_superseded(self.hides_superseded());
        // A series that is no longer there must not leave the others faint.
        self.highlighted = self.highlighted.filter(|slot| *slot < self.cache.series.len());
        // Points without a place along a metric are points all the same.
        let is_empty = self.total() == 0 && (self.cache.series.is_empty() || self.axis() != XAxis::Metric);
        let curves = self.curves(runs);
        let marks = self.event_marks(runs);
        let options = ChartOptions {
            marks: &marks,
            x_axis: self.x_axis(runs).x,
            x_metric: &self.settings.x_metric,
            x_scale: self.x_scale(),
            goal_lines: &self.settings.goal_lines,
            y_scale: self.settings.y,
            y_bounds: self.y_bounds(),
            unit: &self.settings.unit,
            titles: self.titles(),
            window: self.viewport.map(|viewport| (viewport.from, viewport.to)),
            zone: theme.zone(),
            all_hidden: match curves.is_empty() {
                true if runs.is_none_found => AllHidden::NoMatch,
                true if !self.cache.series.is_empty() || !self.groups.groups.is_empty() => AllHidden::Series,
                true if runs.hides_any() => AllHidden::Runs,
                _ => AllHidden::No,
            },
        };
        let target = canvas::Target { canvas: &plot.canvas, context: &plot.context, size: self.size, is_new: self.layout.is_none() };
        let Some((layout, markers)) = canvas::paint(&target, &options, &curves, theme) else { return };
        (self.layout, self.markers) = (Some(layout), markers);
        self.show_crosshair(crosshair, runs);
        plot.display.marks.set_if_changed(self.mark_texts(&marks, runs, theme.is_dark));
        let refusal = &self.groups.refusal;
        if plot.display.refusal.with_untracked(|before| before != refusal) {
            plot.display.refusal.set(refusal.clone());
        }
        plot.display.is_empty.set_if_changed(is_empty && !runs.hides_any());
        self.update_legend(&plot.display, theme.is_dark);
        self.update_newest(theme.is_dark);
        self.has_picture = false;
        self.display.is_drawn.set_if_changed(true);
        let zoom = match self.viewport {
            None if self.y_viewport.is_none() => Zoom::All,
            Some(viewport) if viewport.follow => Zoom::Follows,
            _ => Zoom::Zoomed,
        };
        plot.display.zoom.set_if_changed(Some(zoom));
        if let Some(summary) = self.summary() {
            plot.display.summary.set_if_changed(summary);
        }
    }

    /// Every frame comes here, and hardly any changes the legend: it is compared before it is copied.
    fn update_legend(&self, display: &PlotDisplay, is_dark: bool) {
        let entries = || {
            self.looks.legend.iter().map(|NamedItem { item, short }| {
                let is_shown = item.slots.iter().any(|slot| !self.is_slot_hidden(*slot));
                let color = if item.is_split { palette::inks(is_dark).muted } else { palette::colour(item.style.colour, is_dark) };
                (item, short, is_shown, color)
            })
        };
        let is_same = display.legend.with_untracked(|legend| {
            let same = |(entry, (item, short, is_shown, color)): (&LegendEntry, (&LegendItem, &String, bool, u32))| {
                entry.item == *item && entry.short == *short && entry.is_shown == is_shown && entry.color == color
            };
            legend.len() == self.looks.legend.len() && legend.iter().zip(entries()).all(same)
        });
        if !is_same {
            let copied =
                entries().map(|(item, short, is_shown, color)| LegendEntry { item: item.clone(), short: short.clone(), is_shown, color });
            display.legend.set(copied.collect());
        }
    }

    /// The newest numbers of the first curves that are drawn. A window that does not follow has none.
    fn update_newest(&self, is_dark: bool) {
        if self.viewport.is_some_and(|viewport| !viewport.follow) {
            return;
        }
        let shown = (0..self.looks.styles.len()).filter(|slot| !self.is_slot_hidden(*slot) && !self.is_thin(*slot));
        let number = |slot: usize| {
            let text = [format_significant(self.last_value(slot)?, NEWEST_DIGITS).as_str(), &self.settings.unit].concat();
            Some(NewestNumber { text, color: palette::colour(self.looks.styles[slot].colour, is_dark) })
        };
        let numbers: Vec<NewestNumber> = shown.filter_map(number).take(MAX_NEWEST).collect();
        self.display.newest.set_if_changed(numbers);
    }

    fn is_thin(&self, slot: usize) -> bool {
        self.looks.emphases.get(slot) == Some(&Emphasis::Thin)
    }

    /// The value of a curve at its end.
    pub fn last_value(&self, slot: usize) -> Option<f64> {
        match self.cache.series.get(slot) {
            Some(series) => Some(series.shown().list.last()?.last),
            None => Some(self.groups.groups.get(slot - self.cache.series.len())?.curve.columns.last()?.line),
        }
    }

    /// Shows the crosshair if it is on this axis and in the visible range. It is an element over the canvas: nothing is drawn.
    pub fn show_crosshair(&self, crosshair: Option<(ChartAxis, f64)>, runs: &ChartRuns) {
        let Some(Plot { display, .. }) = &self.plot else { return };
        let place = crosshair.filter(|(axis, _)| *axis == self.x_axis(runs)).and_then(|(_, x)| {
            let layout = self.layout.as_ref()?;
            let left = layout.px(x);
            let is_inside = left >= layout.left && left <= layout.left + layout.width;
            is_inside.then(|| Crosshair { left: left as i32, bottom: layout.bottom_margin() })
        });
        display.crosshair.set_if_changed(place);
    }
}
