//! How often values fall between edges: as columns, or over steps as a strip of colours or as ridges one behind the other.

use std::fmt::Write;

use super::bins::Bins;
use super::colours::Colours;
use super::grid::{self, MOST_COLUMNS, bar_room, colour_bar};
use super::sheet::{self, Plot, Sheet, counted};
use crate::charts::render::svg::{coordinate, push_coordinate};
use crate::charts::scale::ulp;
use crate::charts::scene::{Form, Scene, Style};
use crate::charts::text_metrics::width;
use crate::charts::ticks::widest;
use crate::charts::{Anchor, Measure, Scale, Svg, Tick, number, ticks};

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
}

/// More ridges hide each other.
const RIDGES: usize = 24;

impl Histogram {
    pub fn svg(&self, sheet: &Sheet) -> String {
        self.draw(sheet).0.finish()
    }

    /// The same drawing for the page to paint.
    pub fn scene(&self, sheet: &Sheet) -> Scene {
        self.draw(&sheet.for_scene()).0.scene.unwrap_or_default()
    }

    pub(crate) fn draw(&self, sheet: &Sheet) -> (Svg, Plot) {
        let sum = |of: fn(&Bins) -> u64| self.counts.iter().map(of).sum::<u64>();
        let missing = counted(sum(|bins| bins.nan), sum(|bins| bins.pos_inf), sum(|bins| bins.neg_inf));
        let total: f64 = self.counts.iter().flat_map(|bins| &bins.counts).sum();
        let (lo, hi) = self.ends();
        let steps = if self.steps.is_empty() { String::new() } else { format!(" over {} steps", self.steps.len()) };
        let joint = if missing.is_empty() { "" } else { "; " };
        let about = format!(
            "{} values from {} to {} in {} bins{steps}{joint}{missing}",
            number(total),
            number(lo),
            number(hi),
            self.edges.len() - 1
        );
        let mut svg = sheet.begin(&about);
        let plot = match self.view {
            _ if self.steps.is_empty() => self.columns(&mut svg, sheet, &missing),
            View::Heat => self.heat(&mut svg, sheet, &missing),
            View::Ridge => self.ridge(&mut svg, sheet, &missing),
        };
        (svg, plot)
    }

    /// How many steps share a column of the strip, and for each column what `of` gives for the bins: the highest, so that none is lost.
    pub(crate) fn merged(&self, of: impl Fn(&Bins) -> Vec<f64>) -> (usize, Vec<Vec<f64>>) {
        let each = self.counts.len().div_ceil(MOST_COLUMNS).max(1);
        let all: Vec<Vec<f64>> = self.counts.iter().map(of).collect();
        let highest = |chunk: &[Vec<f64>], bin: usize| chunk.iter().map(|numbers| numbers[bin]).fold(0.0, f64::max);
        (each, all.chunks(each).map(|chunk| (0..self.edges.len() - 1).map(|bin| highest(chunk, bin)).collect()).collect())
    }

    /// The steps that are drawn as ridges: as many as there is room for, evenly, the newest always.
    pub(crate) fn ridges(&self, top: f64, bottom: f64) -> Ridges {
        let last = self.counts.len() - 1;
        let count = self.counts.len().min(RIDGES).min(((bottom - top) / 8.0) as usize).max(1);
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
        if self.has_numbers() { ticks(along, Measure::Number(&self.unit), target) } else { Vec::new() }
    }

    pub(crate) fn is_even(&self) -> bool {
        let spaces = || self.edges.windows(2).map(|pair| pair[1] / 2.0 - pair[0] / 2.0);
        // Of edges that are next to each other as doubles, rounding makes the widths.
        let (lo, hi) = self.ends();
        spaces().fold(0.0, f64::max) <= spaces().fold(f64::INFINITY, f64::min) * 1.001 + ulp(lo.abs().max(hi.abs()))
    }

    fn columns(&self, svg: &mut Svg, sheet: &Sheet, missing: &str) -> Plot {
        let heights = self.counts.first().map(|bins| self.heights(bins)).unwrap_or_default();
        let most = heights.iter().copied().fold(0.0, f64::max);
        let (top, bottom) = (24.0, (sheet.height() - 22.0).max(25.0));
        let has_numbers = self.has_numbers();
        let scale = Scale::linear(0.0, if most > 0.0 { (most * 1.02).min(f64::MAX) } else { 1.0 });
        let axis = if has_numbers { ticks(&scale, Measure::Number(""), ((bottom - top) / 45.0) as usize + 1) } else { Vec::new() };
        let left = widest(&axis) + 14.0;
        let right = 14.0;
        svg.plot(left, right);
        sheet::upright(svg, &scale, &axis, (top, bottom));
        let (lo, hi) = self.ends();
        let along = Scale::linear(lo, hi);
        let class = svg.slot('f', 0);
        let units = svg.window_width();
        let mut path = String::new();
        for (pair, height) in self.edges.windows(2).zip(&heights).filter(|(_, height)| **height > 0.0) {
            let (from, to) = (along.at(pair[0]), along.at(pair[1]));
            // A bin with a single value is still seen.
            let high = (scale.at(*height) * (bottom - top)).max(1.0);
            if let Some(scene) = &mut svg.scene {
                let beside = if heights.len() <= 60 { 0.5 } else { 0.0 };
                scene.block(Style::new(Form::Box, &class), [from, beside, bottom - high, to - from, -2.0 * beside, high]);
                continue;
            }
            let (from, to) = (from * units, to * units);
            let _ = write!(path, "M{} {}V", coordinate(from), coordinate(bottom - top));
            push_coordinate(&mut path, bottom - top - high);
            path.push('H');
            push_coordinate(&mut path, to);
            path.push('V');
            push_coordinate(&mut path, bottom - top);
            path.push('z');
        }
        if svg.scene.is_none() {
            svg.window(top, bottom - top);
            let gap = if heights.len() <= 60 { " gap" } else { "" };
            svg.raw(&format!("<path class=\"{class}{gap}\" vector-effect=\"non-scaling-stroke\" d=\"{path}\"/>"));
            svg.end_window();
        }
        sheet::level(svg, &along, &self.ticks(&along, 5), bottom);
        if !has_numbers {
            sheet::nothing(svg, (top, bottom), missing.is_empty());
        }
        svg.text("t", Anchor::Start, 0.0, -left + 12.0, 14.0, if self.is_even() { "count" } else { "count per unit" });
        if !missing.is_empty() {
            svg.text("k", Anchor::End, 1.0, 0.0, 14.0, missing);
        }
        svg.end_plot();
        Plot { left, right, top, bottom }
    }

    fn heat(&self, svg: &mut Svg, sheet: &Sheet, missing: &str) -> Plot {
        let (_, merged) = self.merged(|bins| self.heights(bins));
        let most = merged.iter().flatten().copied().fold(0.0, f64::max);
        let colours = Colours { lo: 0.0, hi: if most > 0.0 { most } else { 1.0 }, two_sided: false };
        let note = if missing.is_empty() { 0.0 } else { 14.0 };
        let (top, bottom) = (10.0, (sheet.height() - 22.0 - note).max(11.0));
        let (lo, hi) = self.ends();
        let along = Scale::linear(lo, hi);
        let axis = self.ticks(&along, ((bottom - top) / 45.0) as usize + 1);
        let right = if most > 0.0 { bar_room(&colours, "", bottom - top) } else { 14.0 };
        let left = widest(&axis) + 14.0;
        svg.plot(left, right);
        // Rows from the top: the highest bin first. No count at all has the colour of zero.
        let rows: Vec<Vec<f64>> = (0..self.edges.len() - 1).rev().map(|bin| merged.iter().map(|heights| heights[bin]).collect()).collect();
        let edges: Vec<f64> = self.edges.iter().rev().map(|edge| (1.0 - along.at(*edge)) * (bottom - top)).collect();
        svg.rect("well", 0.0, top, 1.0, bottom - top);
        let units = (merged.len().max(1) as f64, bottom - top);
        grid::cells(svg, &rows, &edges, units, (top, bottom), &colours);
        for tick in &axis {
            let y = bottom - along.at(tick.at) * (bottom - top);
            svg.line("a", (0.0, y), (0.0, y));
            svg.text("t", Anchor::End, 0.0, -6.0, y + 4.0, &tick.label);
        }
        let labels: Vec<String> = self.steps.iter().map(|step| number(*step)).collect();
        let across = (sheet.width() - left - right).max(1.0) / labels.len().max(1) as f64;
        let wide = labels.iter().map(|label| width(label)).fold(0.0, f64::max) + 16.0;
        for at in (0..labels.len()).step_by(((wide / across).ceil() as usize).max(1)) {
            svg.text("t", Anchor::Middle, (at as f64 + 0.5) / labels.len() as f64, 0.0, bottom + 15.0, &labels[at]);
        }
        if !missing.is_empty() {
            svg.text("k", Anchor::Start, 0.0, 0.0, bottom + 30.0, missing);
        }
        if most > 0.0 {
            colour_bar(svg, &colours, "", (top, bottom));
        }
        if !self.has_numbers() {
            sheet::nothing(svg, (top, bottom), missing.is_empty());
        }
        svg.end_plot();
        Plot { left, right, top, bottom }
    }

    fn ridge(&self, svg: &mut Svg, sheet: &Sheet, missing: &str) -> Plot {
        let (top, bottom) = (10.0, (sheet.height() - 22.0).max(11.0));
        let ridges = self.ridges(top, bottom);
        let Ridges { picked, heights, most, reach, .. } = &ridges;
        let count = picked.len();
        let (lo, hi) = self.ends();
        let along = Scale::linear(lo, hi);
        let labels: Vec<String> = picked.iter().map(|at| number(self.steps[*at])).collect();
        let right = labels.iter().map(|label| width(label)).fold(0.0, f64::max) + 14.0;
        let left = 14.0;
        svg.plot(left, right);
        let axis = self.ticks(&along, 5);
        for tick in &axis {
            svg.line("g", (along.at(tick.at), top), (along.at(tick.at), bottom));
        }
        let base = |at: usize| ridges.base(at);
        let units = svg.window_width();
        svg.window(0.0, sheet.height());
        let (fill, stroke) = (svg.slot('f', 0), svg.slot('s', 0));
        for (at, heights) in heights.iter().enumerate() {
            if let Some(scene) = &mut svg.scene {
                let middles = self.edges.windows(2).map(|pair| along.at(pair[0] / 2.0 + pair[1] / 2.0));
                let line: Vec<_> = middles.zip(heights).map(|(x, height)| (x, 0.0, base(at) - height / most * reach)).collect();
                let ends = line.last().into_iter().chain(line.first()).map(|(x, ..)| (*x, 0.0, base(at)));
                let area: Vec<_> = line.iter().copied().chain(ends).collect();
                scene.line(Style::new(Form::Area, "ground"), area.iter().copied());
                scene.line(Style { alpha: 0.25, ..Style::new(Form::Area, &fill) }, area);
                scene.line(Style { size: 1.25, ..Style::new(Form::Line, &stroke) }, line);
                continue;
            }
            let mut line = String::new();
            for (pair, height) in self.edges.windows(2).zip(heights) {
                let y = base(at) - height / most * reach;
                line.push(if line.is_empty() { 'M' } else { 'L' });
                push_coordinate(&mut line, along.at(pair[0] / 2.0 + pair[1] / 2.0) * units);
                line.push(' ');
                push_coordinate(&mut line, y);
            }
            let (first, end) = (self.edges.windows(2).next(), self.edges.windows(2).last());
            let middle = |pair: Option<&[f64]>| pair.map_or(0.0, |pair| along.at(pair[0] / 2.0 + pair[1] / 2.0) * units);
            let area = format!("{line}L{} {1}L{2} {1}z", coordinate(middle(end)), coordinate(base(at)), coordinate(middle(first)));
            // First the ground, which hides what is behind, then the colour on it.
            svg.raw(&format!(
                "<path class=\"ground\" d=\"{area}\"/><path class=\"{fill} faint\" d=\"{area}\"/>\
                 <path class=\"c {stroke}\" stroke-width=\"1.2\" vector-effect=\"non-scaling-stroke\" d=\"{line}\"/>"
            ));
        }
        svg.end_window();
        let room = (bottom - top - reach) / (count.max(2) - 1) as f64;
        let step = ((13.0 / room).ceil() as usize).max(1);
        for at in (0..count).rev().step_by(step) {
            svg.text("t", Anchor::Start, 1.0, 6.0, base(at) + 3.0, &labels[at]);
        }
        sheet::level(svg, &along, &axis, bottom);
        if !missing.is_empty() {
            svg.text("k", Anchor::Start, 0.0, 0.0, 16.0, missing);
        }
        if !self.has_numbers() {
            sheet::nothing(svg, (top, bottom), missing.is_empty());
        }
        svg.end_plot();
        Plot { left, right, top, bottom }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::kinds::bins;
    use crate::charts::kinds::well_formed::drawn;

    #[test]
    fn histograms_of_every_sort_are_drawn() {
        for values in [vec![], vec![5.0], vec![1.0, 2.0, f64::NAN], vec![f64::INFINITY], vec![f64::MAX, f64::MIN], vec![1e-300, 2e-300]] {
            let (edges, counts) = bins(&values);
            drawn(|sheet| Histogram { edges: edges.clone(), counts: vec![counts.clone()], ..Histogram::default() }.svg(sheet));
        }
    }

    #[test]
    fn what_is_no_number_is_told() {
        let (edges, counts) = bins(&[1.0, 2.0, f64::NAN, f64::INFINITY]);
        let svg = drawn(|sheet| Histogram { edges: edges.clone(), counts: vec![counts.clone()], ..Histogram::default() }.svg(sheet));
        assert!(svg.contains(">1 NaN, 1 ∞</text>"), "{svg}");
    }

    #[test]
    fn bins_of_different_width_are_drawn_by_density() {
        let counts = Bins { counts: vec![10.0, 10.0], ..Bins::default() };
        let histogram = Histogram { edges: vec![0.0, 1.0, 11.0], counts: vec![counts.clone()], ..Histogram::default() };
        assert_eq!(histogram.heights(&counts), [10.0, 1.0]);
        assert!(drawn(|sheet| histogram.svg(sheet)).contains("count per unit"));
    }

    #[test]
    fn ten_thousand_steps_are_a_small_drawing() {
        let counts: Vec<Bins> = (0..10_000)
            .map(|step| Bins { counts: (0..30).map(|bin| f64::from((step * 7 + bin * 13) % 101)).collect(), ..Bins::default() })
            .collect();
        for view in [View::Heat, View::Ridge] {
            let histogram = Histogram {
                steps: (0..10_000).map(f64::from).collect(),
                edges: (0..=30).map(f64::from).collect(),
                counts: counts.clone(),
                view,
                unit: "s".into(),
            };
            let svg = drawn(|sheet| histogram.svg(sheet));
            assert!(svg.len() < 300_000 && svg.contains("10000 steps"), "{}", svg.len());
        }
    }

    #[test]
    fn a_single_spike_is_in_the_strip_of_many_steps() {
        let mut counts = vec![Bins { counts: vec![1.0, 1.0], ..Bins::default() }; 5000];
        counts[1234].counts[1] = 500.0;
        let steps = (0..5000).map(f64::from).collect();
        let histogram = Histogram { steps, edges: vec![0.0, 1.0, 2.0], counts, ..Histogram::default() };
        // The brightest colour occurs: in the colour bar, and in one cell.
        let svg = drawn(|sheet| histogram.svg(sheet));
        assert_eq!(svg.matches("fill=\"#f5e640\"").count(), 2);
    }
}
