//! Bars: upright or lying, one or several for each label, from zero.

use super::sheet::{self, Plot, Sheet, values, words, wrapped};
use crate::charts::scene::Scene;
use crate::charts::text_metrics::width;
use crate::charts::ticks::widest;
use crate::charts::{Anchor, Measure, Scale, Svg, Tick, number, ticks};
use crate::protocol::spots::{Colour, Field, Spots};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    pub labels: Vec<String>,
    /// Each with as many values as there are labels.
    pub series: Vec<Series>,
    /// What the values are measured in; may be empty.
    pub unit: String,
    pub horizontal: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Empty when it is the only one.
    pub name: String,
    pub values: Vec<f64>,
}

/// The room between the bars of neighbouring labels, as a share of a label's.
const GAP: f64 = 0.22;
/// How far a bar that is no number reaches, in pixels.
const STUB: f64 = 14.0;
/// The height of a line of a label, in pixels.
const LINE: f64 = 12.0;
/// Labels have a second line in drawings of at least this height.
const ROOMY: f64 = 120.0;
/// The share of the width that the labels of lying bars may take.
const NAMES: f64 = 0.4;
/// With more series, each bar is a spot by itself.
const TOLD_TOGETHER: usize = 12;

impl Bar {
    pub fn svg(&self, sheet: &Sheet) -> String {
        self.draw(sheet).0.finish()
    }

    /// The same drawing for the page to paint.
    pub fn scene(&self, sheet: &Sheet) -> Scene {
        self.draw(&sheet.for_scene()).0.scene.unwrap_or_default()
    }

    /// A spot for each label, with the values of all series; for each bar where the series are many.
    pub fn spots(&self, sheet: &Sheet) -> Spots {
        let (svg, plot) = self.draw(sheet);
        let mut spots = plot.spots(&svg);
        let (each, thick) = self.shares();
        let high = plot.bottom - plot.top;
        let mut place = |from: f64, to: f64| match self.horizontal {
            true => spots.push((0.0, 1.0), (plot.top + from * high, plot.top + to * high)),
            false => spots.push((from, to), (plot.top, plot.bottom)),
        };
        let label = |places: &mut dyn Iterator<Item = usize>| words("", self.labels.clone(), places);
        if self.series.len() <= TOLD_TOGETHER {
            (0..self.labels.len()).for_each(|at| place(at as f64 * each, (at + 1) as f64 * each));
            spots.fields.push(label(&mut (0..self.labels.len())));
            let fields = self.series.iter().enumerate().map(|(slot, series)| {
                let name = if series.name.is_empty() { "value" } else { &series.name };
                values(name, &self.unit, Some(slot), series.values.clone())
            });
            spots.fields.extend(fields);
            return spots;
        }
        self.bars().for_each(|(from, ..)| place(from, from + thick));
        let names = self.series.iter().map(|series| series.name.clone()).collect();
        spots.fields = vec![
            label(&mut self.series.iter().flat_map(|_| 0..self.labels.len())),
            Field { colour: Colour::Text, ..words("", names, self.bars().map(|(_, slot, _)| slot)) },
            values("value", &self.unit, None, self.bars().map(|(.., value)| value).collect()),
        ];
        spots
    }

    fn draw(&self, sheet: &Sheet) -> (Svg, Plot) {
        let numbers = || self.series.iter().flat_map(|series| &series.values).copied();
        let about =
            format!("{} bars {}", numbers().count(), sheet::reach(numbers().fold(f64::NAN, f64::min), numbers().fold(f64::NAN, f64::max)));
        let mut svg = sheet.begin(&about);
        let names = self.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty());
        let top = sheet.legend(&mut svg, names.map(|(slot, series)| (series.name.as_str(), slot)));
        let finite = || numbers().filter(|value| value.is_finite());
        let (lo, hi) = (finite().fold(0.0, f64::min), finite().fold(0.0, f64::max));
        let (lo, hi) = if lo == hi { (0.0, 1.0) } else { (lo, hi) };
        // Room for the values above the bars; beside lying ones it is left free.
        let room = if self.horizontal { 0.02 } else { 20.0 / (sheet.height() - top).max(60.0) };
        let span = hi / 2.0 - lo / 2.0;
        let grown = |end: f64, by: f64| if end == 0.0 { 0.0 } else { (end + by * span * 2.0).clamp(f64::MIN, f64::MAX) };
        let scale = Scale::linear(grown(lo, -room), grown(hi, room));
        let plot = match self.horizontal {
            true => self.lying(&mut svg, sheet, top, &scale),
            false => self.upright(&mut svg, sheet, top, &scale),
        };
        (svg, plot)
    }

    fn upright(&self, svg: &mut Svg, sheet: &Sheet, top: f64, scale: &Scale) -> Plot {
        let top = top + 8.0;
        let end = |lines: usize| (sheet.height() - 22.0 - LINE * (lines - 1) as f64).max(top + 1.0);
        let axis_to = |bottom: f64| self.ticks(scale, ((bottom - top) / 45.0) as usize + 1);
        let right = 12.0;
        let room_for = |axis: &[Tick]| (sheet.width() - widest(axis) - 14.0 - right).max(1.0) / self.labels.len().max(1) as f64;
        let wide = self.labels.iter().map(|label| width(label)).fold(0.0, f64::max);
        // A second line for labels that are too long for one.
        let is_long = wide > every(wide, room_for(&axis_to(end(1)))).1 && sheet.height() >= ROOMY;
        let lines = if is_long { 2 } else { 1 };
        let bottom = end(lines);
        let axis = axis_to(bottom);
        let left = widest(&axis) + 14.0;
        svg.plot(left, right);
        sheet::upright(svg, scale, &axis, (top, bottom));
        let y = |value: f64| bottom - scale.at(value) * (bottom - top);
        let across = (sheet.width() - left - right).max(1.0);
        let (each, thick) = self.shares();
        let told = thick * across >= self.widest_value();
        for (x, slot, value) in self.bars() {
            let class = svg.slot('f', slot);
            let middle = x + thick / 2.0;
            let (from, to) = match value {
                _ if value.is_nan() => (y(0.0), y(0.0) - STUB),
                f64::INFINITY => (y(0.0), top),
                f64::NEG_INFINITY => (y(0.0), bottom),
                _ => (y(0.0), y(value)),
            };
            svg.rect(if value.is_nan() { "hatch" } else { &class }, x, from.min(to), thick, (from - to).abs());
            if told || !value.is_finite() {
                let above = if to > from { (to + 12.0).min(bottom - 2.0) } else { (to - 4.0).max(top + 10.0) };
                let class = if value.is_infinite() { "b" } else { "k" };
                svg.text(class, Anchor::Middle, middle, 0.0, above, &number(value));
            }
        }
        svg.line("a", (0.0, y(0.0)), (1.0, y(0.0)));
        let (step, room) = every(wide, each * across);
        for (at, label) in self.labels.iter().enumerate().step_by(step) {
            for (line, text) in (0..).zip(wrapped(label, room, lines)) {
                svg.text("t", Anchor::Middle, (at as f64 + 0.5) * each, 0.0, bottom + 15.0 + LINE * f64::from(line), &text);
            }
        }
        svg.end_plot();
        Plot { left, right, top, bottom }
    }

    fn lying(&self, svg: &mut Svg, sheet: &Sheet, top: f64, scale: &Scale) -> Plot {
        let (top, bottom) = (top + 8.0, (sheet.height() - 22.0).max(top + 9.0));
        let high_each = (bottom - top) / self.labels.len().max(1) as f64;
        let lines = if high_each >= 2.0 * LINE + 4.0 { 2 } else { 1 };
        let labels: Vec<Vec<String>> = self.labels.iter().map(|label| wrapped(label, sheet.width() * NAMES, lines)).collect();
        let names = labels.iter().flatten().map(|line| width(line)).fold(0.0, f64::max);
        let (left, right) = (names + 16.0, self.widest_value().min(sheet.width() * 0.2) + 12.0);
        svg.plot(left, right);
        for tick in self.ticks(scale, 4) {
            let share = scale.at(tick.at);
            svg.line("g", (share, top), (share, bottom));
            svg.text("t", Anchor::Middle, share, 0.0, bottom + 15.0, &tick.label);
        }
        let (each, thick) = self.shares();
        let (zero, high) = (scale.at(0.0), bottom - top);
        let told = thick * high >= 10.0;
        for (at, slot, value) in self.bars() {
            let class = svg.slot('f', slot);
            let (y, height) = (top + at * high, thick * high);
            let to = match value {
                _ if value.is_nan() => zero,
                f64::INFINITY => 1.0,
                f64::NEG_INFINITY => 0.0,
                _ => scale.at(value),
            };
            match value.is_nan() {
                true => svg.stub("hatch", zero, y, STUB, height),
                false => svg.rect(&class, zero.min(to), y, (to - zero).abs(), height),
            }
            if told || !value.is_finite() {
                let base = y + height / 2.0 + 4.0;
                match value {
                    _ if value.is_infinite() => svg.text("b", Anchor::Middle, to, if to > zero { -8.0 } else { 8.0 }, base, &number(value)),
                    _ if value.is_nan() => svg.text("k", Anchor::Start, zero, STUB + 4.0, base, &number(value)),
                    // Left of zero there is no room beyond the longest bar: the value stands on the other side.
                    _ => svg.text("k", Anchor::Start, to.max(zero), 4.0, base, &number(value)),
                }
            }
        }
        svg.line("a", (zero, top), (zero, bottom));
        let (step, _) = every(11.0, each * high);
        for (at, label) in labels.iter().enumerate().step_by(step) {
            let y = top + (at as f64 + 0.5) * each * high + 4.0 - LINE / 2.0 * (label.len() as f64 - 1.0);
            for (line, text) in (0..).zip(label) {
                svg.text("t", Anchor::End, 0.0, -6.0, y + LINE * f64::from(line), text);
            }
        }
        svg.end_plot();
        Plot { left, right, top, bottom }
    }

    /// None where no value is finite: such an axis would be made up.
    fn ticks(&self, scale: &Scale, target: usize) -> Vec<Tick> {
        let has_numbers = self.series.iter().flat_map(|series| &series.values).any(|value| value.is_finite());
        if has_numbers { ticks(scale, Measure::Number(&self.unit), target) } else { Vec::new() }
    }

    /// The share of the axis that a label has, and a bar.
    fn shares(&self) -> (f64, f64) {
        let each = 1.0 / self.labels.len().max(1) as f64;
        (each, each * (1.0 - GAP) / self.series.len().max(1) as f64)
    }

    /// Where each bar begins, which slot it has, and its value.
    fn bars(&self) -> impl Iterator<Item = (f64, usize, f64)> {
        let (each, thick) = self.shares();
        self.series.iter().enumerate().flat_map(move |(slot, series)| {
            let start = each * GAP / 2.0 + slot as f64 * thick;
            series.values.iter().enumerate().map(move |(at, value)| (at as f64 * each + start, slot, *value))
        })
    }

    fn widest_value(&self) -> f64 {
        self.series.iter().flat_map(|series| &series.values).map(|value| width(&number(*value))).fold(0.0, f64::max)
    }
}

/// Which labels are shown where each has `room` and the widest wants `wide`: every so many, and how much room each then has.
pub fn every(wide: f64, room: f64) -> (usize, f64) {
    // A label is cut before its neighbour goes, but not to less than this.
    let least = wide.min(64.0) + 6.0;
    let step = (least / room.max(1e-6)).ceil().max(1.0);
    (step as usize, step * room - 6.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::kinds::well_formed::{drawn, fixed, numbers_of};
    use crate::charts::{Place, Theme};

    fn bar(labels: &[&str], series: &[(&str, &[f64])], horizontal: bool) -> Bar {
        let series = series.iter().map(|(name, values)| Series { name: name.to_string(), values: values.to_vec() }).collect();
        Bar { labels: labels.iter().map(ToString::to_string).collect(), series, unit: "%".into(), horizontal }
    }

    #[test]
    fn bars_of_every_sort_are_drawn() {
        for horizontal in [false, true] {
            for values in [[1.0, 2.0], [-1.0, 5.0], [0.0, 0.0], [f64::NAN, f64::INFINITY], [f64::NEG_INFINITY, 3.0], [f64::MAX, f64::MIN]] {
                drawn(|sheet| bar(&["<a>", "b"], &[("one", &values), ("two", &[0.5, 1.5])], horizontal).svg(sheet));
            }
            drawn(|sheet| bar(&[], &[("", &[])], horizontal).svg(sheet));
            drawn(|sheet| bar(&["a"], &[], horizontal).svg(sheet));
        }
    }

    #[test]
    fn what_is_no_number_is_told_and_hatched() {
        let svg = drawn(|sheet| bar(&["<script>", "b"], &[("", &[f64::NAN, 2.0])], false).svg(sheet));
        assert!(svg.contains("class=\"hatch\"") && svg.contains(">NaN</text>") && svg.contains("&lt;script&gt;"), "{svg}");
    }

    #[test]
    fn labels_are_whole_where_there_is_room() {
        let names = ["feature_width", "feature_height", "petal_length", "petal_width"];
        let fluid = |height| Sheet { place: Place::Fluid { height }, theme: Theme::Auto, title: String::new(), is_scene: false };
        for horizontal in [false, true] {
            for sheet in [fluid(240.0), fixed()] {
                let svg = bar(&names, &[("", &[1.0, 2.0, 3.0, 4.0])], horizontal).svg(&sheet);
                assert!(!svg.contains('…'), "{horizontal} {svg}");
            }
            // What cannot be shown keeps both of its ends.
            let long = format!("begin_{}_end", "x".repeat(200));
            let svg = bar(&[&long, &long], &[("", &[1.0, 2.0])], horizontal).svg(&fluid(240.0));
            assert!(svg.contains(">begin_") && svg.contains("_end</text>") && svg.contains('…'), "{svg}");
        }
    }

    #[test]
    fn every_bar_is_found_where_it_is_drawn() {
        let many: Vec<(String, [f64; 3])> = (0..20).map(|at| (format!("s{at}"), [f64::from(at), -2.0, f64::INFINITY])).collect();
        let many: Vec<(&str, &[f64])> = many.iter().map(|(name, values)| (name.as_str(), values.as_slice())).collect();
        let few: Vec<(&str, &[f64])> = vec![("one", &[1.0, 2.0, 3.0]), ("two", &[4.0, f64::NAN, 6.0])];
        for (series, horizontal) in [(&few, false), (&few, true), (&many, false), (&many, true)] {
            let chart = bar(&["a", "b", "c"], series, horizontal);
            let (svg, spots) = (chart.svg(&fixed()), chart.spots(&fixed()));
            let plot = svg.split("<g transform").nth(1).unwrap();
            let rects: Vec<&str> = plot.split("<rect ").skip(1).collect();
            assert_eq!((rects.len(), svg.contains(&format!("translate({} 0)", spots.left))), (series.len() * 3, true));
            for (at, rect) in rects.iter().enumerate() {
                let rect = format!("<rect {rect}");
                let part = |name: &str| numbers_of(&rect, "<rect", name)[0];
                let (x, y) = (spots.left + part("x") + part("width") / 2.0, part("y") + part("height") / 2.0);
                let spot = spots.nearest((x, y), 640.0, 1.0).unwrap();
                let value = series[at / 3].1[at % 3];
                let told = match series.len() {
                    2 => spots.fields[1 + at / 3].numbers[spot],
                    _ => spots.fields[2].numbers[spot],
                };
                assert_eq!((told.to_bits(), spots.fields[0].numbers[spot]), (value.to_bits(), (at % 3) as f64), "{at} {horizontal}");
            }
        }
    }

    #[test]
    fn labels_give_way_before_they_overlap() {
        assert_eq!(every(20.0, 100.0).0, 1);
        assert_eq!(every(200.0, 80.0), (1, 74.0));
        assert_eq!(every(200.0, 10.0), (7, 64.0));
    }
}
