//! `bar`: names and numbers, in one series or in several side by side; upright or lying, from zero.

#[cfg(test)]
mod tests;

use super::parts::{self, PlotRows, numbers_field, texts_field, wrap_text};
use super::{Chart, ChartKind};
use crate::charts::axis_titles::{AxisTitles, parse_title};
use crate::charts::canvas::ChartCanvas;
use crate::charts::csv::Csv;
use crate::charts::display_list::{DisplayList, Ink, TextAnchor, X};
use crate::charts::hit_areas::{FieldColour, HitAreas, ReadoutField};
use crate::charts::text_metrics::text_width;
use crate::charts::ticks::max_label_width;
use crate::charts::{Scale, Tick, TickFormat, format_number, make_ticks};
use crate::protocol::ApiError;
use crate::protocol::json_path::JsonPath;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    pub labels: Vec<String>,
    /// Each with as many values as there are labels.
    pub series: Vec<Series>,
    /// What the values are measured in; may be empty.
    pub unit: String,
    pub horizontal: bool,
    /// Of the axes as they lie: with `horizontal`, that of the values is `x`.
    pub titles: AxisTitles,
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
/// With more series, each bar is a hit area by itself.
const MAX_SERIES_OF_AREA: usize = 12;
/// More bars than a screen has room for are no bars.
const MAX_BARS: usize = 2000;
const INSTEAD: &str = "group the small ones, or send a histogram";

impl ChartKind for Bar {
    const NAME: &str = "bar";
    const HEIGHT: u32 = 240;

    /// `{"labels":[…],"values":[…]}`, `{"labels":[…],"series":{"train":[…]}}`, `{"values":{"a":1}}`, `{"a":1,"b":2}` or `[1,2]`.
    fn parse(root: JsonPath) -> Result<Self, ApiError> {
        let (values, series, labels) = (root.get("values"), root.get("series"), root.get("labels"));
        let is_long = [values, series, labels].into_iter().flatten().any(|node| node.is_list() || node.is_object());
        let mut bar = match is_long {
            true => Self { unit: parse_title(&root, "unit")?, titles: AxisTitles::parse(root)?, ..Self::default() },
            false => Self::default(),
        };
        if is_long && let Some(horizontal) = root.get("horizontal") {
            bar.horizontal = horizontal.flag()?;
        }
        let single = |values: Vec<f64>| vec![Series { name: String::new(), values }];
        match (is_long, series, values) {
            (true, Some(series), _) => {
                let labels = root.need("labels")?;
                bar.labels = few(labels)?;
                series.entries(|name, values| {
                    bar.series.push(Series { name: name.to_owned(), values: Vec::new() });
                    root.check_max_len(bar.labels.len().max(1) * bar.series.len(), MAX_BARS, "bars", INSTEAD)?;
                    bar.series.last_mut().into_iter().try_for_each(|last| {
                        last.values = values.numbers_as(bar.labels.len(), "label")?;
                        Ok(())
                    })
                })?;
            }
            (true, None, Some(values)) if values.is_list() => {
                root.check_max_len(values.count(), MAX_BARS, "bars", INSTEAD)?;
                let numbers = values.numbers()?;
                bar.labels = match labels {
                    Some(labels) => few(labels)?,
                    None => (0..numbers.len()).map(|at| at.to_string()).collect(),
                };
                values.check_len(numbers.len(), bar.labels.len(), "label")?;
                bar.series = single(numbers);
            }
            (true, None, None) => return Err(root.need("values").err().unwrap_or_else(|| root.wrong("must have values"))),
            (_, _, values) if root.is_object() => {
                let (mut labels, mut numbers) = (Vec::new(), Vec::new());
                let named = values.filter(|_| is_long).unwrap_or(root);
                named.entries(|label, value| {
                    root.check_max_len(labels.len() + 1, MAX_BARS, "bars", INSTEAD)?;
                    labels.push(label.to_owned());
                    numbers.push(value.number()?);
                    Ok(())
                })?;
                (bar.labels, bar.series) = (labels, single(numbers));
            }
            _ if root.is_list() => {
                root.check_max_len(root.count(), MAX_BARS, "bars", INSTEAD)?;
                let numbers = root.numbers()?;
                bar.labels = (0..numbers.len()).map(|at| at.to_string()).collect();
                bar.series = single(numbers);
            }
            _ => return Err(root.type_error("must be an object with labels and values, or an object of numbers")),
        }
        let bars = bar.labels.len() * bar.series.len();
        root.check_max_len(bars, MAX_BARS, "bars", INSTEAD)?;
        Ok(bar)
    }
}

impl Chart for Bar {
    fn draw(&self, canvas: &ChartCanvas) -> DisplayList {
        self.lay_out(canvas).0
    }

    /// An area for each label, with the values of all series; for each bar where the series are many.
    fn hit_areas(&self, canvas: &ChartCanvas) -> HitAreas {
        let (list, rows) = self.lay_out(canvas);
        let mut areas = parts::new_hit_areas(&list);
        let (each, thick) = self.shares();
        let high = rows.bottom - rows.top;
        let mut add = |from: f64, to: f64| match self.horizontal {
            true => areas.push((0.0, 1.0), (rows.top + from * high, rows.top + to * high)),
            false => areas.push((from, to), (rows.top, rows.bottom)),
        };
        let label = |indices: &mut dyn Iterator<Item = usize>| texts_field("", self.labels.clone(), indices);
        if self.series.len() <= MAX_SERIES_OF_AREA {
            (0..self.labels.len()).for_each(|at| add(at as f64 * each, (at + 1) as f64 * each));
            areas.fields.push(label(&mut (0..self.labels.len())));
            let fields = self.series.iter().enumerate().map(|(slot, series)| {
                let name = if series.name.is_empty() { "value" } else { &series.name };
                numbers_field(name, &self.unit, Some(slot), series.values.clone())
            });
            areas.fields.extend(fields);
            return areas;
        }
        self.bars().for_each(|(from, ..)| add(from, from + thick));
        let names = self.series.iter().map(|series| series.name.clone()).collect();
        areas.fields = vec![
            label(&mut self.series.iter().flat_map(|_| 0..self.labels.len())),
            ReadoutField { colour: FieldColour::Text, ..texts_field("", names, self.bars().map(|(_, slot, _)| slot)) },
            numbers_field("value", &self.unit, None, self.bars().map(|(.., value)| value).collect()),
        ];
        areas
    }

    fn csv(&self) -> String {
        let mut csv = Csv::default();
        csv.text("label");
        for series in &self.series {
            csv.text(if series.name.is_empty() { "value" } else { &series.name });
        }
        csv.end();
        for (at, label) in self.labels.iter().enumerate() {
            csv.text(label);
            self.series.iter().for_each(|series| csv.number(series.values[at]));
            csv.end();
        }
        csv.into_text()
    }
}

impl Bar {
    fn lay_out(&self, canvas: &ChartCanvas) -> (DisplayList, PlotRows) {
        let numbers = || self.series.iter().flat_map(|series| &series.values).copied();
        let (least, most) = (numbers().fold(f64::NAN, f64::min), numbers().fold(f64::NAN, f64::max));
        let summary = format!("{} bars {}", numbers().count(), parts::extent_text(least, most));
        let mut list = DisplayList { summary, ..DisplayList::default() };
        let names = self.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty());
        let top = parts::draw_legend(&mut list.margin, canvas, names.map(|(slot, series)| (series.name.as_str(), slot)));
        let finite = || numbers().filter(|value| value.is_finite());
        let (lo, hi) = (finite().fold(0.0, f64::min), finite().fold(0.0, f64::max));
        let (lo, hi) = if lo == hi { (0.0, 1.0) } else { (lo, hi) };
        // Room for the values above the bars; beside lying ones it is left free.
        let room = if self.horizontal { 0.02 } else { 20.0 / (canvas.height() - top).max(60.0) };
        let span = hi / 2.0 - lo / 2.0;
        let grown = |end: f64, by: f64| if end == 0.0 { 0.0 } else { (end + by * span * 2.0).clamp(f64::MIN, f64::MAX) };
        let scale = Scale::linear(grown(lo, -room), grown(hi, room));
        let rows = match self.horizontal {
            true => self.lying(&mut list, canvas, top, &scale),
            false => self.upright(&mut list, canvas, top, &scale),
        };
        (list, rows)
    }

    fn upright(&self, list: &mut DisplayList, canvas: &ChartCanvas, top: f64, scale: &Scale) -> PlotRows {
        let top = top + 8.0 + self.titles.height_above();
        let end = |lines: usize| (canvas.height() - 22.0 - self.titles.height_below() - LINE * (lines - 1) as f64).max(top + 1.0);
        let axis_to = |bottom: f64| self.ticks(scale, ((bottom - top) / 45.0) as usize + 1);
        let right = 12.0;
        let room_for = |axis: &[Tick]| (canvas.width() - max_label_width(axis) - 14.0 - right).max(1.0) / self.labels.len().max(1) as f64;
        let wide = self.labels.iter().map(|label| text_width(label)).fold(0.0, f64::max);
        // A second line for labels that are too long for one.
        let is_long = wide > every(wide, room_for(&axis_to(end(1)))).1 && canvas.height() >= ROOMY;
        let lines = if is_long { 2 } else { 1 };
        let bottom = end(lines);
        let axis = axis_to(bottom);
        let left = max_label_width(&axis) + 14.0;
        (list.left, list.right) = (left, right);
        let plot = &mut list.plot;
        let rows = PlotRows { top, bottom };
        self.titles.draw(plot, left, top, bottom + 15.0 + LINE * (lines - 1) as f64);
        parts::draw_y_axis(plot, scale, &axis, rows);
        let y = |value: f64| bottom - scale.normalize(value) * (bottom - top);
        let across = (canvas.width() - left - right).max(1.0);
        let (each, thick) = self.shares();
        let has_values = thick * across >= self.widest_value();
        for (x, slot, value) in self.bars() {
            let middle = x + thick / 2.0;
            let (from, to) = match value {
                _ if value.is_nan() => (y(0.0), y(0.0) - STUB),
                f64::INFINITY => (y(0.0), top),
                f64::NEG_INFINITY => (y(0.0), bottom),
                _ => (y(0.0), y(value)),
            };
            let ink = if value.is_nan() { Ink::Hatch } else { Ink::Series(slot) };
            plot.rect(ink, X::share(x), from.min(to), X::share(thick), (from - to).abs());
            if has_values || !value.is_finite() {
                let above = if to > from { (to + 12.0).min(bottom - 2.0) } else { (to - 4.0).max(top + 10.0) };
                let ink = if value.is_infinite() { Ink::Ground } else { Ink::Text };
                plot.text(ink, TextAnchor::Middle, X::share(middle), above, format_number(value));
            }
        }
        plot.rule(Ink::Axis, (0.0, y(0.0)), (1.0, y(0.0)));
        let (step, room) = every(wide, each * across);
        for (at, label) in self.labels.iter().enumerate().step_by(step) {
            for (line, text) in (0..).zip(wrap_text(label, room, lines)) {
                let y = bottom + 15.0 + LINE * f64::from(line);
                plot.text(Ink::Muted, TextAnchor::Middle, X::share((at as f64 + 0.5) * each), y, text);
            }
        }
        rows
    }

    fn lying(&self, list: &mut DisplayList, canvas: &ChartCanvas, top: f64, scale: &Scale) -> PlotRows {
        let top = top + 8.0 + self.titles.height_above();
        let bottom = (canvas.height() - 22.0 - self.titles.height_below()).max(top + 1.0);
        let high_each = (bottom - top) / self.labels.len().max(1) as f64;
        let lines = if high_each >= 2.0 * LINE + 4.0 { 2 } else { 1 };
        let labels: Vec<Vec<String>> = self.labels.iter().map(|label| wrap_text(label, canvas.width() * NAMES, lines)).collect();
        let names = labels.iter().flatten().map(|line| text_width(line)).fold(0.0, f64::max);
        let (left, right) = (names + 16.0, self.widest_value().min(canvas.width() * 0.2) + 12.0);
        (list.left, list.right) = (left, right);
        let plot = &mut list.plot;
        self.titles.draw(plot, left, top, bottom + 15.0);
        for tick in self.ticks(scale, 4) {
            let share = scale.normalize(tick.at);
            plot.rule(Ink::Grid, (share, top), (share, bottom));
            plot.text(Ink::Muted, TextAnchor::Middle, X::share(share), bottom + 15.0, tick.label);
        }
        let (each, thick) = self.shares();
        let (zero, high) = (scale.normalize(0.0), bottom - top);
        let has_values = thick * high >= 10.0;
        for (at, slot, value) in self.bars() {
            let (y, height) = (top + at * high, thick * high);
            let to = match value {
                _ if value.is_nan() => zero,
                f64::INFINITY => 1.0,
                f64::NEG_INFINITY => 0.0,
                _ => scale.normalize(value),
            };
            match value.is_nan() {
                true => plot.rect(Ink::Hatch, X::share(zero), y, X::px(STUB), height),
                false => plot.rect(Ink::Series(slot), X::share(zero.min(to)), y, X::share((to - zero).abs()), height),
            }
            if has_values || !value.is_finite() {
                let base = y + height / 2.0 + 4.0;
                let (ink, anchor, share, px) = match value {
                    _ if value.is_infinite() => (Ink::Ground, TextAnchor::Middle, to, if to > zero { -8.0 } else { 8.0 }),
                    _ if value.is_nan() => (Ink::Text, TextAnchor::Start, zero, STUB + 4.0),
                    // Left of zero there is no room beyond the longest bar: the value stands on the other side.
                    _ => (Ink::Text, TextAnchor::Start, to.max(zero), 4.0),
                };
                plot.text(ink, anchor, X { share, px }, base, format_number(value));
            }
        }
        plot.rule(Ink::Axis, (zero, top), (zero, bottom));
        let (step, _) = every(11.0, each * high);
        for (at, label) in labels.iter().enumerate().step_by(step) {
            let y = top + (at as f64 + 0.5) * each * high + 4.0 - LINE / 2.0 * (label.len() as f64 - 1.0);
            for (line, text) in (0..).zip(label) {
                plot.text(Ink::Muted, TextAnchor::End, X::px(-6.0), y + LINE * f64::from(line), text.as_str());
            }
        }
        PlotRows { top, bottom }
    }

    /// None where no value is finite: such an axis would be made up.
    fn ticks(&self, scale: &Scale, target: usize) -> Vec<Tick> {
        let has_numbers = self.series.iter().flat_map(|series| &series.values).any(|value| value.is_finite());
        if has_numbers { make_ticks(scale, TickFormat::Number(&self.unit), target) } else { Vec::new() }
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
        self.series.iter().flat_map(|series| &series.values).map(|value| text_width(&format_number(*value))).fold(0.0, f64::max)
    }
}

/// Which labels are shown where each has `room` and the widest wants `wide`: every so many, and how much room each then has.
pub fn every(wide: f64, room: f64) -> (usize, f64) {
    // A label is cut before its neighbour goes, but not to less than this.
    let least = wide.min(64.0) + 6.0;
    let step = (least / room.max(1e-6)).ceil().max(1.0);
    (step as usize, step * room - 6.0)
}

fn few(labels: JsonPath) -> Result<Vec<String>, ApiError> {
    labels.labels(MAX_BARS, "bars", INSTEAD)
}
