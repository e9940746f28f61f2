//! `histogram`: how often values fall between edges: as columns, or over the steps of a training as a strip of colours or as ridges one
//! behind the other.

mod hit_areas;
mod parse;
#[cfg(test)]
mod tests;

use super::bins::Bins;
use super::colours::Colours;
use super::heat_cells::{MAX_COLUMNS, colour_bar, colour_bar_width, heat_cells};
use super::parts::{self, PlotRows, format_non_finite};
use super::{Chart, ChartKind};
use crate::charts::axis_titles::AxisTitles;
use crate::charts::canvas::ChartCanvas;
use crate::charts::csv::Csv;
use crate::charts::display_list::{DisplayList, Ink, Path, Shape, TextAnchor, Window, X};
use crate::charts::hit_areas::HitAreas;
use crate::charts::scale::ulp;
use crate::charts::text_metrics::text_width;
use crate::charts::ticks::max_label_width;
use crate::charts::{Scale, Tick, TickFormat, format_number, make_ticks, make_y_ticks};
use crate::protocol::ApiError;
use crate::protocol::json_path::JsonPath;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Steps along, values upwards, counts as colours.
    #[default]
    Heat,
    /// Values along, a curve for each step, the newest in front.
    Ridge,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// One for each of `counts`; empty for a single histogram.
    pub steps: Vec<f64>,
    /// Ascending, at least 2.
    pub edges: Vec<f64>,
    pub counts: Vec<Bins>,
    pub view: View,
    /// Of the values; may be empty.
    pub unit: String,
    pub titles: AxisTitles,
}

/// More ridges hide each other.
const MAX_RIDGES: usize = 24;
/// Columns of more bins have no gaps between them.
const MAX_BINS_WITH_GAPS: usize = 60;

impl ChartKind for Histogram {
    const NAME: &str = "histogram";
    const HEIGHT: u32 = 240;

    fn parse(root: JsonPath) -> Result<Self, ApiError> {
        parse::parse(root)
    }
}

impl Chart for Histogram {
    fn draw(&self, canvas: &ChartCanvas) -> DisplayList {
        self.lay_out(canvas).0
    }

    fn hit_areas(&self, canvas: &ChartCanvas) -> HitAreas {
        hit_areas::hit_areas(self, canvas)
    }

    /// The bins: where raw numbers came, `from` and `to` of those that are none are empty and `count` says how many.
    fn csv(&self) -> String {
        let mut csv = Csv::default();
        let has_steps = !self.steps.is_empty();
        if has_steps {
            csv.text("step");
        }
        ["from", "to", "count"].into_iter().for_each(|name| csv.text(name));
        csv.end();
        for (at, bins) in self.counts.iter().enumerate() {
            let mut line = |from: &dyn Fn(&mut Csv), count: f64| {
                if has_steps {
                    csv.number(self.steps[at]);
                }
                from(&mut csv);
                csv.number(count);
                csv.end();
            };
            for (pair, count) in self.edges.windows(2).zip(&bins.counts) {
                line(&|csv| pair.iter().for_each(|edge| csv.number(*edge)), *count);
            }
            for (number, count) in [(f64::NAN, bins.nan), (f64::INFINITY, bins.pos_inf), (f64::NEG_INFINITY, bins.neg_inf)] {
                if count > 0 {
                    line(&|csv| [number; 2].into_iter().for_each(|number| csv.number(number)), count as f64);
                }
            }
        }
        csv.into_text()
    }
}

impl Histogram {
    pub(crate) fn lay_out(&self, canvas: &ChartCanvas) -> (DisplayList, PlotRows) {
        let sum = |of: fn(&Bins) -> u64| self.counts.iter().map(of).sum::<u64>();
        let missing = format_non_finite(sum(|bins| bins.nan), sum(|bins| bins.pos_inf), sum(|bins| bins.neg_inf));
        let total: f64 = self.counts.iter().flat_map(|bins| &bins.counts).sum();
        let (lo, hi) = self.ends();
        let steps = if self.steps.is_empty() { String::new() } else { format!(" over {} steps", self.steps.len()) };
        let joint = if missing.is_empty() { "" } else { "; " };
        let summary = format!(
            "{} values from {} to {} in {} bins{steps}{joint}{missing}",
            format_number(total),
            format_number(lo),
            format_number(hi),
            self.edges.len() - 1
        );
        let mut list = DisplayList { summary, ..DisplayList::default() };
        let rows = match self.view {
            _ if self.steps.is_empty() => self.columns(&mut list, canvas, missing),
            View::Heat => self.heat(&mut list, canvas, missing),
            View::Ridge => self.ridge(&mut list, canvas, missing),
        };
        (list, rows)
    }

    /// How many steps share a column of the strip, and for each column what `of` gives for the bins: the highest, so that none is lost.
    pub(crate) fn merged(&self, of: impl Fn(&Bins) -> Vec<f64>) -> (usize, Vec<Vec<f64>>) {
        let each = self.counts.len().div_ceil(MAX_COLUMNS).max(1);
        let all: Vec<Vec<f64>> = self.counts.iter().map(of).collect();
        let highest = |chunk: &[Vec<f64>], bin: usize| chunk.iter().map(|numbers| numbers[bin]).fold(0.0, f64::max);
        (each, all.chunks(each).map(|chunk| (0..self.edges.len() - 1).map(|bin| highest(chunk, bin)).collect()).collect())
    }

    /// The steps that are drawn as ridges: as many as there is room for, evenly, the newest always.
    pub(crate) fn ridges(&self, top: f64, bottom: f64) -> Ridges {
        let last = self.counts.len() - 1;
        let count = self.counts.len().min(MAX_RIDGES).min(((bottom - top) / 8.0) as usize).max(1);
        let picked: Vec<usize> = (0..count).map(|at| if count == 1 { last } else { at * last / (count - 1) }).collect();
        let heights: Vec<Vec<f64>> = picked.iter().map(|at| self.heights(&self.counts[*at])).collect();
        let most = heights.iter().flatten().copied().fold(0.0, f64::max).max(f64::MIN_POSITIVE);
        let reach = ((bottom - top) * 0.3).min((bottom - top) / count as f64 * 4.0);
        Ridges { picked, heights, most, reach, top, bottom }
    }

    pub(crate) fn ends(&self) -> (f64, f64) {
        (self.edges.first().copied().unwrap_or(0.0), self.edges.last().copied().unwrap_or(1.0))
    }

    /// What stands for each bin: its count, or, where bins differ in width, the count for each unit of it.
    pub(crate) fn heights(&self, bins: &Bins) -> Vec<f64> {
        let spaces = || self.edges.windows(2).map(|pair| pair[1] / 2.0 - pair[0] / 2.0);
        let even = self.is_even();
        bins.counts.iter().zip(spaces()).map(|(count, half)| if even { *count } else { (*count / half / 2.0).min(f64::MAX) }).collect()
    }

    /// Whether a value was counted, or edges were chosen for some: those of nothing are made up.
    fn has_numbers(&self) -> bool {
        let is_odd = |bins: &Bins| bins.nan + bins.pos_inf + bins.neg_inf > 0;
        self.counts.iter().flat_map(|bins| &bins.counts).any(|count| *count > 0.0) || !self.counts.iter().any(is_odd)
    }

    /// Of the values.
    fn ticks(&self, along: &Scale, target: usize) -> Vec<Tick> {
        if self.has_numbers() { make_ticks(along, TickFormat::Number(&self.unit), target) } else { Vec::new() }
    }

    pub(crate) fn is_even(&self) -> bool {
        let spaces = || self.edges.windows(2).map(|pair| pair[1] / 2.0 - pair[0] / 2.0);
        // Of edges that are next to each other as doubles, rounding makes the widths.
        let (lo, hi) = self.ends();
        spaces().fold(0.0, f64::max) <= spaces().fold(f64::INFINITY, f64::min) * 1.001 + ulp(lo.abs().max(hi.abs()))
    }

    fn columns(&self, list: &mut DisplayList, canvas: &ChartCanvas, missing: String) -> PlotRows {
        let heights = self.counts.first().map(|bins| self.heights(bins)).unwrap_or_default();
        let most = heights.iter().copied().fold(0.0, f64::max);
        let (top, bottom) = (24.0, (canvas.height() - 22.0 - self.titles.height_below()).max(25.0));
        let has_numbers = self.has_numbers();
        let scale = Scale::linear(0.0, if most > 0.0 { (most * 1.02).min(f64::MAX) } else { 1.0 });
        let axis = if has_numbers { make_y_ticks(&scale, TickFormat::Number(""), bottom - top) } else { Vec::new() };
        let left = max_label_width(&axis) + 14.0;
        let right = 14.0;
        (list.left, list.right) = (left, right);
        let (plot, plot_rows) = (&mut list.plot, PlotRows { top, bottom });
        parts::draw_y_axis(plot, &scale, &axis, plot_rows);
        let (lo, hi) = self.ends();
        let along = Scale::linear(lo, hi);
        let shown = self.edges.windows(2).zip(&heights).filter(|(_, height)| **height > 0.0);
        // A bin with a single value is still seen.
        let column = |(pair, height): (&[f64], &f64)| {
            (along.normalize(pair[0]), along.normalize(pair[1]), (scale.normalize(*height) * (bottom - top)).max(1.0))
        };
        let columns = Path::Columns { slot: 0, columns: shown.map(column).collect(), has_gaps: heights.len() <= MAX_BINS_WITH_GAPS };
        plot.push(Shape::Window(Window { top, height: bottom - top, width: 1.0, paths: vec![columns] }));
        parts::draw_x_axis(plot, &along, &self.ticks(&along, 5), bottom);
        if !has_numbers {
            parts::draw_no_values(plot, plot_rows, missing.is_empty());
        }
        if self.titles.y.is_empty() {
            let name = if self.is_even() { "count" } else { "count per unit" };
            plot.text(Ink::Muted, TextAnchor::Start, X::px(12.0 - left), 14.0, name);
        }
        self.titles.draw(plot, left, top, bottom + 15.0);
        if !missing.is_empty() {
            plot.text(Ink::Text, TextAnchor::End, X::share(1.0), 14.0, missing);
        }
        plot_rows
    }

    fn heat(&self, list: &mut DisplayList, canvas: &ChartCanvas, missing: String) -> PlotRows {
        let (_, merged) = self.merged(|bins| self.heights(bins));
        let most = merged.iter().flatten().copied().fold(0.0, f64::max);
        let colours = Colours { lo: 0.0, hi: if most > 0.0 { most } else { 1.0 }, two_sided: false };
        let note = if missing.is_empty() { 0.0 } else { 14.0 };
        let top = 10.0 + self.titles.height_above();
        let bottom = (canvas.height() - 22.0 - self.titles.height_below() - note).max(top + 1.0);
        let (lo, hi) = self.ends();
        let along = Scale::linear(lo, hi);
        let axis = self.ticks(&along, ((bottom - top) / 45.0) as usize + 1);
        let right = if most > 0.0 { colour_bar_width(&colours, "", bottom - top) } else { 14.0 };
        let left = max_label_width(&axis) + 14.0;
        (list.left, list.right) = (left, right);
        let (plot, plot_rows) = (&mut list.plot, PlotRows { top, bottom });
        // Rows from the top: the highest bin first. No count at all has the colour of zero.
        let rows: Vec<Vec<f64>> = (0..self.edges.len() - 1).rev().map(|bin| merged.iter().map(|heights| heights[bin]).collect()).collect();
        let edges: Vec<f64> = self.edges.iter().rev().map(|edge| (1.0 - along.normalize(*edge)) * (bottom - top)).collect();
        plot.rect(Ink::Well, X::share(0.0), top, X::share(1.0), bottom - top);
        let units = (merged.len().max(1) as f64, bottom - top);
        plot.push(Shape::HeatCells(heat_cells(&rows, edges, units, (top, bottom), &colours)));
        for tick in &axis {
            let y = bottom - along.normalize(tick.at) * (bottom - top);
            plot.text(Ink::Muted, TextAnchor::End, X::px(-6.0), y + 4.0, tick.label.as_str());
        }
        let labels: Vec<String> = self.steps.iter().map(|step| format_number(*step)).collect();
        let across = (canvas.width() - left - right).max(1.0) / labels.len().max(1) as f64;
        let wide = labels.iter().map(|label| text_width(label)).fold(0.0, f64::max) + 16.0;
        for at in (0..labels.len()).step_by(((wide / across).ceil() as usize).max(1)) {
            let share = (at as f64 + 0.5) / labels.len() as f64;
            plot.text(Ink::Muted, TextAnchor::Middle, X::share(share), bottom + 15.0, labels[at].as_str());
        }
        if !missing.is_empty() {
            plot.text(Ink::Text, TextAnchor::Start, X::share(0.0), bottom + 30.0 + self.titles.height_below(), missing.as_str());
        }
        self.titles.draw(plot, left, top, bottom + 15.0);
        if most > 0.0 {
            colour_bar(plot, &colours, "", (top, bottom));
        }
        if !self.has_numbers() {
            parts::draw_no_values(plot, plot_rows, missing.is_empty());
        }
        plot_rows
    }

    fn ridge(&self, list: &mut DisplayList, canvas: &ChartCanvas, missing: String) -> PlotRows {
        let top = 10.0 + self.titles.height_above();
        let bottom = (canvas.height() - 22.0 - self.titles.height_below()).max(top + 1.0);
        let ridges = self.ridges(top, bottom);
        let Ridges { picked, heights, most, reach, .. } = &ridges;
        let count = picked.len();
        let (lo, hi) = self.ends();
        let along = Scale::linear(lo, hi);
        let labels: Vec<String> = picked.iter().map(|at| format_number(self.steps[*at])).collect();
        let right = labels.iter().map(|label| text_width(label)).fold(0.0, f64::max) + 14.0;
        let left = 14.0;
        (list.left, list.right) = (left, right);
        let (plot, plot_rows) = (&mut list.plot, PlotRows { top, bottom });
        let axis = self.ticks(&along, 5);
        for tick in &axis {
            plot.rule(Ink::Grid, (along.normalize(tick.at), top), (along.normalize(tick.at), bottom));
        }
        let base = |at: usize| ridges.base(at);
        let middles = || self.edges.windows(2).map(|pair| along.normalize(pair[0] / 2.0 + pair[1] / 2.0));
        let path = |(at, heights): (usize, &Vec<f64>)| Path::Ridge {
            slot: 0,
            points: middles().zip(heights).map(|(x, height)| (x, base(at) - height / most * reach)).collect(),
            base: base(at),
        };
        let paths = heights.iter().enumerate().map(path).collect();
        plot.push(Shape::Window(Window { top: 0.0, height: canvas.height(), width: 1.0, paths }));
        let room = (bottom - top - reach) / (count.max(2) - 1) as f64;
        let step = ((13.0 / room).ceil() as usize).max(1);
        for at in (0..count).rev().step_by(step) {
            plot.text(Ink::Muted, TextAnchor::Start, X { share: 1.0, px: 6.0 }, base(at) + 3.0, labels[at].as_str());
        }
        parts::draw_x_axis(plot, &along, &axis, bottom);
        if !missing.is_empty() {
            plot.text(Ink::Text, TextAnchor::Start, X::share(0.0), top + 6.0, missing.as_str());
        }
        self.titles.draw(plot, left, top, bottom + 15.0);
        if !self.has_numbers() {
            parts::draw_no_values(plot, plot_rows, missing.is_empty());
        }
        plot_rows
    }
}

/// Curves one behind the other, in pixels.
pub(crate) struct Ridges {
    /// Which of the steps they are.
    pub(crate) picked: Vec<usize>,
    pub(crate) heights: Vec<Vec<f64>>,
    pub(crate) most: f64,
    /// The height of the highest one.
    pub(crate) reach: f64,
    top: f64,
    bottom: f64,
}

impl Ridges {
    /// The base lines share what is left below the first ridge, which is as high as four of them.
    pub(crate) fn base(&self, at: usize) -> f64 {
        let (count, first) = (self.picked.len(), self.top + self.reach);
        if count == 1 { self.bottom } else { first + at as f64 * (self.bottom - first) / (count - 1) as f64 }
    }
}
