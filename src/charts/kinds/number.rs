//! `number`: one large value, how it changed, and the way it came.

use super::parts::{self, PlotRows, format_exact, format_non_finite, shorten_text, texts_field};
use super::{Chart, ChartKind};
use crate::charts::axis_titles::parse_title;
use crate::charts::canvas::ChartCanvas;
use crate::charts::csv::Csv;
use crate::charts::display_list::{DisplayList, Glyph, Ink, Path, Shape, Shapes, Text, TextAnchor, Window, X};
use crate::charts::hit_areas::HitAreas;
use crate::charts::text_metrics::{FONT_SIZE, text_width};
use crate::charts::{format_number, scale};
use crate::protocol::ApiError;
use crate::protocol::json_path::JsonPath;
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

/// More pieces than this cannot be distinguished in a small line.
const MAX_PIECES: usize = 300;
const MAX_TREND: usize = 100_000;
/// The room beside the trend; on the right for its last point.
const LEFT: f64 = 16.0;
const RIGHT: f64 = 20.0;
/// Marks of what is no number, in pixels: at the foot, at the top, at the foot and pointing down.
static STANDING: [(f64, f64); 3] = [(-3.0, 0.0), (0.0, -5.0), (3.0, 0.0)];
static RISING: [(f64, f64); 3] = [(-3.0, 5.0), (0.0, 0.0), (3.0, 5.0)];
static FALLING: [(f64, f64); 3] = [(-3.0, -5.0), (0.0, 0.0), (3.0, -5.0)];

impl ChartKind for Number {
    const NAME: &str = "number";
    const HEIGHT: u32 = 140;

    /// `0.93` or `{"value":0.93,"unit":"%","previous":0.91,"trend":[…],"better":"up"}`.
    fn parse(root: JsonPath) -> Result<Self, ApiError> {
        if !root.is_object() {
            return Ok(Self { value: root.number()?, ..Self::default() });
        }
        let value = match root.entry("value") {
            Some(value) => value.number()?,
            None => root.need("value")?.number()?,
        };
        let trend = match root.get("trend") {
            Some(trend) => {
                trend.check_max_len(trend.count(), MAX_TREND, "numbers", "send every second one")?;
                trend.numbers()?
            }
            None => Vec::new(),
        };
        let previous = root.get("previous").map(|previous| previous.number()).transpose()?;
        let better = match root.optional_text("better")?.as_str() {
            "" => None,
            "up" => Some(Better::Up),
            "down" => Some(Better::Down),
            _ => return Err(root.need("better")?.wrong("must be \"up\" or \"down\"")),
        };
        Ok(Self { value, unit: parse_title(&root, "unit")?, previous, trend, better })
    }
}

impl Chart for Number {
    fn draw(&self, canvas: &ChartCanvas) -> DisplayList {
        self.lay_out(canvas).0
    }

    /// The value in full, and an area for each piece of the trend.
    fn hit_areas(&self, canvas: &ChartCanvas) -> HitAreas {
        let (list, plot) = self.lay_out(canvas);
        let mut areas = parts::new_hit_areas(&list);
        let with_unit = |text: String| if self.unit.is_empty() { text } else { format!("{text} {}", self.unit) };
        let (mut places, mut texts) = (vec!["now".to_owned()], vec![with_unit(format_exact(self.value))]);
        areas.push((0.0, 1.0), (0.0, plot.top));
        let last = self.trend.len().saturating_sub(1).max(1) as f64;
        for column in columns(&self.trend).filter(|_| self.trend.len() > 1) {
            let share = |at: f64| (at / last).clamp(0.0, 1.0);
            areas.push((share(column.x_first - 0.5), share(column.x_last + 0.5)), (plot.top, plot.bottom));
            let (first, end) = (column.x_first + 1.0, column.x_last + 1.0);
            let place =
                if column.count == 1 { format_number(first) } else { format!("{} to {}", format_number(first), format_number(end)) };
            places.push(format!("{place} of {} in the trend", self.trend.len()));
            let range = match column.count {
                1 => format_exact(column.last),
                _ if column.min <= column.max => format!("{} to {}", format_number(column.min), format_number(column.max)),
                _ => String::new(),
            };
            let non_finite = if column.count == 1 { String::new() } else { format_non_finite(column.nan, column.pos_inf, column.neg_inf) };
            let joint = if range.is_empty() || non_finite.is_empty() { "" } else { ", " };
            texts.push(format!("{}{joint}{non_finite}", if range.is_empty() { range } else { with_unit(range) }));
        }
        let before = self.previous.map(|previous| with_unit(format_exact(previous)));
        let count = texts.len();
        areas.fields = vec![texts_field("", places, 0..count), texts_field("value", texts, 0..count)];
        // Of the value, not of its trend.
        areas.fields.extend(before.map(|before| texts_field("before", vec![before], 0..count)));
        areas
    }

    /// The trend from its beginning, then the previous value, then the value.
    fn csv(&self) -> String {
        let mut csv = Csv::default();
        csv.text("what");
        csv.text(if self.unit.is_empty() { "value" } else { &self.unit });
        csv.end();
        let trend = self.trend.iter().map(|value| ("trend", *value));
        for (what, value) in trend.chain(self.previous.map(|value| ("previous", value))).chain([("value", self.value)]) {
            csv.text(what);
            csv.number(value);
            csv.end();
        }
        csv.into_text()
    }
}

impl Number {
    fn lay_out(&self, canvas: &ChartCanvas) -> (DisplayList, PlotRows) {
        let value = format_number(self.value);
        let summary = format!("{value}{}{}", if self.unit.is_empty() || self.unit == "%" { "" } else { " " }, self.unit);
        let (height, wide) = (canvas.height(), canvas.width());
        let has_trend = self.trend.len() > 1;
        let room = if has_trend { height * 0.56 } else { height };
        // As large as the height and the width of a small tile allow.
        let unit_share = if self.unit.is_empty() { 0.0 } else { text_width(&self.unit) * 0.45 + 4.0 };
        let fits = (wide - 32.0) * 0.7 / (text_width(&value) + unit_share) * FONT_SIZE;
        let size = (room * 0.62).min(64.0).min(fits).max(10.0);
        let base = room / 2.0 + size * 0.36;
        let change = self.change();
        let base = if change.is_some() { base - size * 0.16 } else { base };
        let unit = shorten_text(&self.unit, 200.0);
        let below = (size * 0.34).clamp(11.0, 16.0);
        let mut list = DisplayList { summary, left: LEFT, right: RIGHT, ..DisplayList::default() };
        let line = |ink: Ink, y: f64, size: f64, text: String| Text { size, ..Text::new(ink, TextAnchor::Start, X::px(LEFT), y, text) };
        let suffix = if unit.is_empty() { None } else { Some((size * 0.12, size * 0.45, unit)) };
        list.margin.push(Shape::Text(Text { is_bold: true, suffix, ..line(Ink::Text, base, size, value) }));
        if let Some((ink, text)) = change {
            list.margin.push(Shape::Text(line(ink, base + below * 1.5, below, text)));
        }
        let rows = PlotRows { top: room + if has_trend { 6.0 } else { 0.0 }, bottom: height - 10.0 };
        if has_trend {
            self.sparkline(&mut list.plot, rows);
        }
        (list, rows)
    }

    /// How the value has changed, in words, and their ink.
    fn change(&self) -> Option<(Ink, String)> {
        let previous = self.previous?;
        let change = self.value - previous;
        if !change.is_finite() {
            return Some((Ink::Muted, format!("before: {}", format_number(previous))));
        }
        let ink = match self.better {
            Some(Better::Up) if change > 0.0 => Ink::Good,
            Some(Better::Down) if change < 0.0 => Ink::Good,
            Some(_) if change != 0.0 => Ink::Bad,
            _ => Ink::Muted,
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
        Some((ink, format!("{arrow}{}{share}", format_number(if rounded.is_finite() { rounded } else { change }))))
    }

    fn sparkline(&self, plot: &mut Shapes, PlotRows { top, bottom }: PlotRows) {
        let high = (bottom - top).max(1.0);
        let finite = || self.trend.iter().copied().filter(|value| value.is_finite());
        let scale = scale::pad_range(finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max), false);
        let last = (self.trend.len() - 1) as f64;
        let y = |value: f64| high - scale.normalize(value) * high;
        let mut points: Vec<(f64, f64)> = Vec::new();
        for chunk in columns(&self.trend) {
            // First, lowest, highest, last: the line through them is the line through all.
            let (low, high) = ((chunk.at_min, chunk.min), (chunk.at_max, chunk.max));
            let (sooner, later) = if low.0 <= high.0 { (low, high) } else { (high, low) };
            for (x, value) in [(chunk.x_first, chunk.first), sooner, later, (chunk.x_last, chunk.last)] {
                points.push(if value.is_finite() { (x / last, y(value)) } else { (f64::NAN, f64::NAN) });
            }
            for (count, y, corners) in [(chunk.nan, bottom, &STANDING), (chunk.pos_inf, top, &RISING), (chunk.neg_inf, bottom, &FALLING)] {
                if count > 0 {
                    plot.marker(Ink::Bad, Glyph::Polygon(corners), chunk.x_first / last, y);
                }
            }
        }
        let line = Path::Line { slot: 0, points, width: 1.5 };
        plot.push(Shape::Window(Window { top, height: high, width: 1.0, paths: vec![line] }));
        if let Some(end) = self.trend.last().filter(|value| value.is_finite()) {
            plot.marker(Ink::Series(0), Glyph::Disc { radius: 3.0 }, 1.0, top + y(*end));
        }
        let count = |is: fn(f64) -> bool| self.trend.iter().filter(|value| is(**value)).count() as u64;
        let missing =
            format_non_finite(count(f64::is_nan), count(|value| value == f64::INFINITY), count(|value| value == f64::NEG_INFINITY));
        if !missing.is_empty() {
            plot.text(Ink::Muted, TextAnchor::End, X::share(1.0), top - 2.0, missing);
        }
    }
}

fn columns(trend: &[f64]) -> impl Iterator<Item = Column> {
    let each = trend.len().div_ceil(MAX_PIECES).max(1);
    trend.chunks(each).enumerate().filter_map(move |(at, chunk)| {
        let mut points = chunk.iter().enumerate().map(|(within, value)| Column::point((at * each + within) as f64, *value));
        let mut column = points.next()?;
        points.for_each(|point| column.merge(&point));
        Some(column)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::charts::kinds::well_formed::{drawn, fixed};

    #[test]
    fn numbers_of_every_sort_are_drawn() {
        for value in [0.0, -1.5, 0.9312345, 1e300, f64::NAN, f64::INFINITY, 123456789.0] {
            for trend in
                [vec![], vec![1.0], vec![1.0, f64::NAN, 3.0, f64::INFINITY, f64::NEG_INFINITY], vec![f64::NAN; 4], vec![f64::MAX, f64::MIN]]
            {
                let number = Number { value, unit: "<%>".into(), previous: Some(0.5), trend, better: Some(Better::Up) };
                drawn(&number);
            }
        }
        let svg = drawn(&Number { value: f64::NAN, ..Number::default() });
        assert!(svg.contains(">NaN</text>"));
    }

    #[test]
    fn the_readout_has_the_full_value_and_the_trend_in_pieces() {
        let of = |number: &Number, at: usize| {
            let areas = number.hit_areas(&fixed());
            let text = |field: usize| areas.fields[field].texts.get(areas.fields[field].numbers[at] as usize).cloned().unwrap_or_default();
            (0..areas.fields.len()).map(text).collect::<Vec<_>>()
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
        let areas = number.hit_areas(&fixed());
        let [left, _, top, _] = areas.place(251, 640.0);
        assert_eq!(areas.nearest((left + 0.3, top + 1.0), 640.0, 0.0), Some(251));
        assert_eq!(areas.nearest((50.0, 50.0), 640.0, 0.0), Some(0));
        assert_eq!(Number { value: f64::NAN, ..Number::default() }.hit_areas(&fixed()).fields[1].texts, ["NaN"]);
    }

    #[test]
    fn the_change_is_written_and_judged() {
        let of =
            |value: f64, previous: f64, better| Number { value, previous: Some(previous), better, ..Number::default() }.change().unwrap();
        assert_eq!(of(0.93, 0.91, Some(Better::Up)), (Ink::Good, "▲ +0.02 (+2.2%)".into()));
        assert_eq!(of(0.93, 0.91, Some(Better::Down)).0, Ink::Bad);
        assert_eq!(of(1.0, 2.0, None), (Ink::Muted, "▼ -1 (-50.0%)".into()));
        assert_eq!(of(2.0, 2.0, Some(Better::Up)), (Ink::Muted, "= 0 (0.0%)".into()));
        assert_eq!(of(f64::NAN, 2.0, Some(Better::Up)), (Ink::Muted, "before: 2".into()));
        assert_eq!(of(1.0, 0.0, None).1, "▲ +1");
    }

    #[test]
    fn a_spike_of_a_long_trend_is_in_the_line() {
        let mut trend = vec![0.0; 100_000];
        trend[54_321] = 1.0;
        let svg = drawn(&Number { trend: trend.clone(), ..Number::default() });
        let path = svg.split("class=\"c s0\"").nth(1).unwrap().split('>').next().unwrap();
        let heights: Vec<f64> =
            path.split(['M', 'L']).skip(1).map(|point| point.split([' ', '"']).nth(1).unwrap().parse().unwrap()).collect();
        let lowest = heights.iter().copied().fold(f64::INFINITY, f64::min);
        assert_eq!(heights.iter().filter(|y| **y == lowest).count(), 1, "one point of the line stands at the top");
        assert!(svg.len() < 40_000, "{}", svg.len());
    }

    fn parsed(value: Value) -> Result<Number, String> {
        Number::parse(JsonPath::root(&value.to_string())).map_err(|error| error.message)
    }

    #[test]
    fn plain_and_with_everything() {
        assert_eq!(parsed(json!(0.93)).unwrap().csv(), "what,value\r\nvalue,0.93\r\n");
        assert_eq!(parsed(json!("NaN")).unwrap().csv(), "what,value\r\nvalue,NaN\r\n");
        assert!(parsed(json!({"value": null})).unwrap().value.is_nan());
        let full = parsed(json!({"value": 1, "unit": "%", "previous": 0.5, "trend": [0.1, "NaN"], "better": "down"})).unwrap();
        assert_eq!(full.csv(), "what,%\r\ntrend,0.1\r\ntrend,NaN\r\nprevious,0.5\r\nvalue,1\r\n");
        assert_eq!(full.better, Some(Better::Down));
    }

    #[test]
    fn what_is_wrong_has_a_path() {
        let wrong = |value| parsed(value).unwrap_err();
        assert_eq!(wrong(json!({})), "value.value is missing.");
        assert_eq!(wrong(json!([1])), "value must be a number, not an array.");
        assert_eq!(wrong(json!({"value": 1, "trend": [[]]})), "value.trend[0] must be a number, not an array.");
        assert_eq!(wrong(json!({"value": 1, "better": "left"})), "value.better must be \"up\" or \"down\".");
        assert!(wrong(json!("0.93")).ends_with("not a string."));
    }
}
