//! One large value, how it changed, and the way it came.

use super::sheet::{Plot, Sheet, counted, cut, exact, words};
use crate::charts::render::svg::{coordinate as n, escaped, push_coordinate};
use crate::charts::scene::{Form, Scene, Style};
use crate::charts::text_metrics::{FONT_SIZE, width};
use crate::charts::{Svg, number, scale};
use crate::protocol::spots::Spots;
use crate::series::Column;

/// Which change is a good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Up,
    Down,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Number {
    pub value: f64,
    /// May be empty.
    pub unit: String,
    pub previous: Option<f64>,
    /// The oldest first.
    pub trend: Vec<f64>,
    pub better: Option<Better>,
}

/// More pieces than this are not told apart in a small line.
const PIECES: usize = 300;
/// The room beside the trend; on the right for its last point.
const LEFT: f64 = 16.0;
const RIGHT: f64 = 20.0;
/// Marks of what is no number, in pixels: at the foot, at the top, at the foot and pointing down.
const STANDING: [(f64, f64); 3] = [(-3.0, 0.0), (0.0, -5.0), (3.0, 0.0)];
const RISING: [(f64, f64); 3] = [(-3.0, 5.0), (0.0, 0.0), (3.0, 5.0)];
const FALLING: [(f64, f64); 3] = [(-3.0, -5.0), (0.0, 0.0), (3.0, -5.0)];

impl Number {
    pub fn svg(&self, sheet: &Sheet) -> String {
        self.draw(sheet).0.finish()
    }

    /// The same drawing for the page to paint.
    pub fn scene(&self, sheet: &Sheet) -> Scene {
        self.draw(&sheet.for_scene()).0.scene.unwrap_or_default()
    }

    /// The value in full, and a spot for each piece of the trend.
    pub fn spots(&self, sheet: &Sheet) -> Spots {
        let (svg, plot) = self.draw(sheet);
        let mut spots = plot.spots(&svg);
        let with_unit = |text: String| if self.unit.is_empty() { text } else { format!("{text} {}", self.unit) };
        let (mut places, mut told) = (vec!["now".to_owned()], vec![with_unit(exact(self.value))]);
        spots.push((0.0, 1.0), (0.0, plot.top));
        let last = self.trend.len().saturating_sub(1).max(1) as f64;
        for column in columns(&self.trend).filter(|_| self.trend.len() > 1) {
            let share = |at: f64| (at / last).clamp(0.0, 1.0);
            spots.push((share(column.x_first - 0.5), share(column.x_last + 0.5)), (plot.top, plot.bottom));
            let (first, end) = (column.x_first + 1.0, column.x_last + 1.0);
            let place = if column.count == 1 { number(first) } else { format!("{} to {}", number(first), number(end)) };
            places.push(format!("{place} of {} in the trend", self.trend.len()));
            let range = match column.count {
                1 => exact(column.last),
                _ if column.min <= column.max => format!("{} to {}", number(column.min), number(column.max)),
                _ => String::new(),
            };
            let odd = if column.count == 1 { String::new() } else { counted(column.nan, column.pos_inf, column.neg_inf) };
            let joint = if range.is_empty() || odd.is_empty() { "" } else { ", " };
            told.push(format!("{}{joint}{odd}", if range.is_empty() { range } else { with_unit(range) }));
        }
        let before = self.previous.map(|previous| with_unit(exact(previous)));
        let count = told.len();
        spots.fields = vec![words("", places, 0..count), words("value", told, 0..count)];
        // Said of the value, not of its trend.
        spots.fields.extend(before.map(|before| words("before", vec![before], 0..count)));
        spots
    }

    fn draw(&self, sheet: &Sheet) -> (Svg, Plot) {
        let told = number(self.value);
        let about = format!("{told}{}{}", if self.unit.is_empty() || self.unit == "%" { "" } else { " " }, self.unit);
        let mut svg = sheet.begin(&about);
        let (height, wide) = (sheet.height(), sheet.width());
        let has_trend = self.trend.len() > 1;
        let room = if has_trend { height * 0.56 } else { height };
        // As large as the height and the width of a small tile allow.
        let unit_share = if self.unit.is_empty() { 0.0 } else { width(&self.unit) * 0.45 + 4.0 };
        let fits = (wide - 32.0) * 0.7 / (width(&told) + unit_share) * FONT_SIZE;
        let size = (room * 0.62).min(64.0).min(fits).max(10.0);
        let base = room / 2.0 + size * 0.36;
        let change = self.change();
        let base = if change.is_some() { base - size * 0.16 } else { base };
        let unit = cut(&self.unit, 200.0);
        let below = (size * 0.34).clamp(11.0, 16.0);
        if let Some(scene) = &mut svg.scene {
            let outside = |class: &str, size: f64| Style { size, is_outside: true, ..Style::new(Form::Text, class) };
            scene.text(Style { bold: true, ..outside("k", size) }, (0.0, LEFT, base), &told);
            scene.text(Style { goes_on: true, ..outside("t", size * 0.45) }, (0.0, size * 0.12, base), &unit);
            if let Some((class, text)) = &change {
                scene.text(outside(class, below), (0.0, LEFT, base + below * 1.5), text);
            }
        } else {
            svg.raw(&format!(
                "<text class=\"k\" x=\"{LEFT}\" y=\"{}\" style=\"font-size:{}px;font-weight:600\">{}",
                n(base),
                n(size),
                escaped(&told)
            ));
            if !unit.is_empty() {
                svg.raw(&format!(
                    "<tspan class=\"t\" dx=\"{}\" style=\"font-size:{}px;font-weight:400\">{}</tspan>",
                    n(size * 0.12),
                    n(size * 0.45),
                    escaped(&unit)
                ));
            }
            svg.raw("</text>");
            if let Some((class, text)) = change {
                svg.raw(&format!(
                    "<text class=\"{class}\" x=\"{LEFT}\" y=\"{}\" style=\"font-size:{}px\">{}</text>",
                    n(base + below * 1.5),
                    n(below),
                    escaped(&text)
                ));
            }
        }
        let plot = Plot { left: LEFT, right: RIGHT, top: room + if has_trend { 6.0 } else { 0.0 }, bottom: height - 10.0 };
        if has_trend {
            self.sparkline(&mut svg, (plot.top, plot.bottom));
        }
        (svg, plot)
    }

    /// The words for it, and the class of their colour.
    fn change(&self) -> Option<(&'static str, String)> {
        let previous = self.previous?;
        let change = self.value - previous;
        if !change.is_finite() {
            return Some(("t", format!("before: {}", number(previous))));
        }
        let class = match self.better {
            Some(Better::Up) if change > 0.0 => "good",
            Some(Better::Down) if change < 0.0 => "good",
            Some(_) if change != 0.0 => "bad",
            _ => "t",
        };
        let arrow = match change {
            _ if change > 0.0 => "▲ +",
            _ if change < 0.0 => "▼ ",
            _ => "= ",
        };
        // What subtraction adds in digits is noise: as many places as matter beside the two values.
        let noise = self.value.abs().max(previous.abs()) * 1e-12;
        let digits = 10_f64.powi((-noise.max(1e-300).log10()).floor().clamp(-300.0, 300.0) as i32);
        let rounded = (change * digits).round() / digits;
        let share = change / previous.abs() * 100.0;
        let share = if share.is_finite() { format!(" ({}{:.1}%)", if share > 0.0 { "+" } else { "" }, share) } else { String::new() };
        Some((class, format!("{arrow}{}{share}", number(if rounded.is_finite() { rounded } else { change }))))
    }

    fn sparkline(&self, svg: &mut Svg, (top, bottom): (f64, f64)) {
        let high = (bottom - top).max(1.0);
        let finite = || self.trend.iter().copied().filter(|value| value.is_finite());
        let scale = scale::padded(finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max), false);
        let last = (self.trend.len() - 1) as f64;
        svg.plot(LEFT, RIGHT);
        let (units, class, fill) = (svg.window_width(), svg.slot('s', 0), svg.slot('f', 0));
        let y = |value: f64| high - scale.at(value) * high;
        let mut path = String::new();
        let mut places: Vec<(f64, f64, f64)> = Vec::new();
        let mut is_down = false;
        let mut marks = Vec::new();
        for chunk in columns(&self.trend) {
            // First, lowest, highest, last: the line through them is the line through all.
            let (low, high) = ((chunk.at_min, chunk.min), (chunk.at_max, chunk.max));
            let (sooner, later) = if low.0 <= high.0 { (low, high) } else { (high, low) };
            for (x, value) in [(chunk.x_first, chunk.first), sooner, later, (chunk.x_last, chunk.last)] {
                if !value.is_finite() {
                    is_down = false;
                    places.push((f64::NAN, 0.0, 0.0));
                    continue;
                }
                places.push((x / last, 0.0, top + y(value)));
                path.push(if is_down { 'L' } else { 'M' });
                push_coordinate(&mut path, x / last * units);
                path.push(' ');
                push_coordinate(&mut path, y(value));
                is_down = true;
            }
            let odd = [(chunk.nan, bottom, &STANDING[..]), (chunk.pos_inf, top, &RISING), (chunk.neg_inf, bottom, &FALLING)];
            marks.extend(odd.into_iter().filter(|(count, ..)| *count > 0).map(|(_, y, shape)| (chunk.x_first / last, y, shape)));
        }
        let end = self.trend.last().filter(|value| value.is_finite()).map(|value| top + y(*value));
        for (share, y, shape) in marks {
            svg.mark("bad", share, y, &[shape], true);
        }
        match (&mut svg.scene, end) {
            (Some(scene), end) => {
                scene.line(Style { size: 1.5, ..Style::new(Form::Line, &class) }, places);
                end.into_iter().for_each(|y| scene.dot(Style { size: 6.0, ..Style::new(Form::Line, &class) }, (1.0, 0.0, y)));
            }
            (None, end) => {
                svg.window(top, high);
                svg.raw(&format!("<path class=\"c {class}\" stroke-width=\"1.5\" vector-effect=\"non-scaling-stroke\" d=\"{path}\"/>"));
                svg.end_window();
                end.into_iter().for_each(|y| svg.shape(&fill, 1.0, y, "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z"));
            }
        }
        let count = |is: fn(f64) -> bool| self.trend.iter().filter(|value| is(**value)).count() as u64;
        let missing = counted(count(f64::is_nan), count(|value| value == f64::INFINITY), count(|value| value == f64::NEG_INFINITY));
        if !missing.is_empty() {
            svg.text("t", crate::charts::Anchor::End, 1.0, 0.0, top - 2.0, &missing);
        }
        svg.end_plot();
    }
}

fn columns(trend: &[f64]) -> impl Iterator<Item = Column> {
    let each = trend.len().div_ceil(PIECES).max(1);
    trend.chunks(each).enumerate().filter_map(move |(at, chunk)| {
        let mut points = chunk.iter().enumerate().map(|(within, value)| Column::point((at * each + within) as f64, *value));
        let mut column = points.next()?;
        points.for_each(|point| column.merge(&point));
        Some(column)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::kinds::well_formed::{drawn, fixed};

    #[test]
    fn numbers_of_every_sort_are_drawn() {
        for value in [0.0, -1.5, 0.9312345, 1e300, f64::NAN, f64::INFINITY, 123456789.0] {
            for trend in
                [vec![], vec![1.0], vec![1.0, f64::NAN, 3.0, f64::INFINITY, f64::NEG_INFINITY], vec![f64::NAN; 4], vec![f64::MAX, f64::MIN]]
            {
                let number = Number { value, unit: "<%>".into(), previous: Some(0.5), trend, better: Some(Better::Up) };
                drawn(|sheet| number.svg(sheet));
            }
        }
        let svg = drawn(|sheet| Number { value: f64::NAN, ..Number::default() }.svg(sheet));
        assert!(svg.contains(">NaN</text>"));
    }

    #[test]
    fn the_value_is_told_in_full_and_its_trend_in_pieces() {
        let of = |number: &Number, at: usize| {
            let spots = number.spots(&fixed());
            let text = |field: usize| spots.fields[field].texts.get(spots.fields[field].numbers[at] as usize).cloned().unwrap_or_default();
            (0..spots.fields.len()).map(text).collect::<Vec<_>>()
        };
        let mut number = Number { value: 0.123456789012, unit: "s".into(), previous: Some(1e-7), trend: vec![1.0, f64::NAN], better: None };
        assert_eq!(of(&number, 0), ["now", "0.123456789012 s", "1e-7 s"]);
        assert_eq!(
            (of(&number, 1), of(&number, 2)),
            (
                vec!["1 of 2 in the trend".into(), "1 s".into(), String::new()],
                vec!["2 of 2 in the trend".into(), "NaN s".into(), String::new()]
            )
        );
        number.trend = (0..1000).map(f64::from).chain([f64::NAN]).collect();
        assert_eq!(of(&number, 1)[..2], ["1 to 4 of 1001 in the trend", "0 to 3 s"]);
        assert_eq!(of(&number, 251)[..2], ["1001 of 1001 in the trend", "NaN s"]);
        number.trend[2] = f64::INFINITY;
        assert_eq!(of(&number, 1)[1], "0 to 3 s, 1 ∞");
        let spots = number.spots(&fixed());
        let [left, _, top, _] = spots.place(251, 640.0);
        assert_eq!(spots.nearest((left + 0.3, top + 1.0), 640.0, 0.0), Some(251));
        assert_eq!(spots.nearest((50.0, 50.0), 640.0, 0.0), Some(0));
        assert_eq!(Number { value: f64::NAN, ..Number::default() }.spots(&fixed()).fields[1].texts, ["NaN"]);
    }

    #[test]
    fn the_change_is_told_and_judged() {
        let of =
            |value: f64, previous: f64, better| Number { value, previous: Some(previous), better, ..Number::default() }.change().unwrap();
        assert_eq!(of(0.93, 0.91, Some(Better::Up)), ("good", "▲ +0.02 (+2.2%)".into()));
        assert_eq!(of(0.93, 0.91, Some(Better::Down)).0, "bad");
        assert_eq!(of(1.0, 2.0, None), ("t", "▼ -1 (-50.0%)".into()));
        assert_eq!(of(2.0, 2.0, Some(Better::Up)), ("t", "= 0 (0.0%)".into()));
        assert_eq!(of(f64::NAN, 2.0, Some(Better::Up)), ("t", "before: 2".into()));
        assert_eq!(of(1.0, 0.0, None).1, "▲ +1");
    }

    #[test]
    fn a_spike_of_a_long_trend_is_in_the_line() {
        let mut trend = vec![0.0; 100_000];
        trend[54_321] = 1.0;
        let svg = drawn(|sheet| Number { trend: trend.clone(), ..Number::default() }.svg(sheet));
        let path = svg.split("class=\"c s0\"").nth(1).unwrap().split('>').next().unwrap();
        let heights: Vec<f64> =
            path.split(['M', 'L']).skip(1).map(|point| point.split([' ', '"']).nth(1).unwrap().parse().unwrap()).collect();
        let lowest = heights.iter().copied().fold(f64::INFINITY, f64::min);
        assert_eq!(heights.iter().filter(|y| **y == lowest).count(), 1, "one point of the line stands at the top");
        assert!(svg.len() < 40_000, "{}", svg.len());
    }
}
