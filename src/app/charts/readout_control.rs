//! Shows, moves and hides the readout: the tooltip, and the crosshair on every chart of the same axis.

use leptos::prelude::window;

use super::chart_state::ChartState;
use super::readout::{Pin, Readout, ReadoutTarget};
use super::registry::{ChartRegistry, Charts};
use super::tooltip::TooltipContent;
use crate::protocol::{CellId, ChartAxis};

impl ChartRegistry {
    /// Hides the readout. False when there was none.
    pub fn clear_readout(self) -> bool {
        self.with(|charts| {
            let was_shown = charts.readout.is_some();
            charts.clear_readout();
            was_shown
        })
        .unwrap_or_default()
    }

    /// Hides the readout of a chart whose cell has lost the focus.
    pub fn clear_readout_outside(self, focused: Option<&CellId>) {
        self.update(|charts| {
            if charts.readout.as_ref().is_some_and(|readout| Some(&readout.chart) != focused) {
                charts.clear_readout();
            }
        });
    }
}

impl Charts {
    /// Reads the chart at this place in the next frame.
    pub fn show_readout(&mut self, id: &CellId, canvas: (f64, f64), client: (f64, f64), pin: Pin) {
        self.readout = Some(ReadoutTarget { chart: id.clone(), canvas, client, pin });
        self.is_readout_due = true;
        self.request_frame();
    }

    /// Reads the next value, or the one before: from the edge of the plot at first.
    pub fn step_readout(&mut self, id: &CellId, forward: bool) {
        let last = self.readout.as_ref().filter(|readout| readout.chart == *id).map(|readout| readout.canvas.0);
        let Some((chart, runs)) = self.chart_and_runs(id) else { return };
        let Some((layout, plot)) = chart.layout.as_ref().zip(chart.plot.as_ref()) else { return };
        let (left, right) = (layout.left, layout.left + layout.width);
        let from = last.unwrap_or(if forward { left - 1.0 } else { right + 1.0 });
        let mut best = if forward { f64::INFINITY } else { f64::NEG_INFINITY };
        let curves = chart.curves(runs);
        let places = curves.iter().flat_map(|curve| curve.columns).map(|column| column.x_min);
        let of_groups = curves.iter().filter_map(|curve| curve.group).flat_map(|group| group.columns).map(|column| column.x);
        for x in places.chain(of_groups) {
            let at = layout.px(x);
            // At least one pixel on.
            let is_nearer = if forward { at >= from + 1.0 && at < best } else { at <= from - 1.0 && at > best };
            if is_nearer && at >= left && at <= right {
                best = at;
            }
        }
        if best.is_infinite() {
            return;
        }
        let (place, canvas) = ((best, layout.top + layout.height / 2.0), plot.canvas.get_bounding_client_rect());
        self.show_readout(id, place, (canvas.left() + best, canvas.top() + place.1), Pin::Pending);
    }

    /// Once a frame: the pointer or the chart has moved, or the chart has new points.
    pub fn update_readout(&mut self) {
        let Some(ReadoutTarget { chart: id, canvas, client, pin }) = self.readout.clone() else { return };
        let tooltip = self.registry.tooltip;
        if let Pin::At(x) = pin {
            let place = self.chart(&id).and_then(|chart| chart.layout.as_ref()).and_then(|layout| {
                let left = layout.px(x);
                (left >= layout.left && left <= layout.left + layout.width).then_some(left)
            });
            let Some(left) = place else { return self.clear_readout() };
            let client = (client.0 + left - canvas.0, client.1);
            self.readout = Some(ReadoutTarget { chart: id, canvas: (left, canvas.1), client, pin });
            return tooltip.move_to(client);
        }
        let is_dark = self.is_dark();
        let Some((chart, runs)) = self.chart_and_runs(&id) else { return self.clear_readout() };
        let axis = chart.x_axis(runs);
        let dock = if runs.grouping.is_some() { dock(chart) } else { None };
        match Readout::at(chart, runs, canvas, is_dark) {
            Some(Readout { x, rows, group }) => {
                if pin == Pin::Pointer {
                    self.highlight_group(group);
                }
                let is_announced = pin == Pin::Pending;
                let (place, docked_width) = dock.map_or((client, None), |(place, width)| (place, Some(width)));
                if is_announced {
                    self.readout = Some(ReadoutTarget { chart: id, canvas, client: place, pin: Pin::At(x) });
                }
                tooltip.show(TooltipContent { rows, place, docked_width, is_announced });
                self.set_crosshair(Some((axis, x)));
            }
            None => {
                tooltip.hide();
                self.set_crosshair(None);
            }
        }
    }

    pub fn clear_readout(&mut self) {
        // The tooltip may be that of another chart.
        if self.readout.take().is_some() {
            self.is_readout_due = false;
            self.registry.tooltip.hide();
            self.set_crosshair(None);
            self.highlight_group(None);
        }
    }

    /// Hides the readout of a chart that is removed or has left the screen.
    pub fn clear_readout_of(&mut self, id: &CellId) {
        if self.readout.as_ref().is_some_and(|readout| readout.chart == *id) {
            self.clear_readout();
        }
    }

    fn set_crosshair(&mut self, crosshair: Option<(ChartAxis, f64)>) {
        if self.crosshair != crosshair {
            self.crosshair = crosshair;
            self.list.iter().filter(|chart| chart.is_visible).for_each(|chart| chart.show_crosshair(crosshair, &self.runs));
        }
    }
}

/// On a narrow screen the place of the legend in the window and its width: there no finger hides the values.
fn dock(chart: &ChartState) -> Option<((f64, f64), i32)> {
    const NARROW: &str = "(max-width: 640px)";
    window().match_media(NARROW).ok().flatten().filter(|query| query.matches())?;
    let canvas = chart.plot.as_ref()?.canvas.get_bounding_client_rect();
    Some(((canvas.left(), canvas.bottom()), canvas.width() as i32))
}
