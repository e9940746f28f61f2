//! What the pointer is at: the crosshair on every chart of the same axis, and one list of values, highest first, the nearest in bold.

use std::ops::Range;

use web_sys::{Element, HtmlElement};

use super::canvas;
use super::legend::hex;
use super::line_chart::Chart;
use super::registry::Charts;
use crate::browser::dom;
use crate::charts::hit_test::{Row, read};
use crate::charts::markers::{Kind, Mark};
use crate::charts::text_metrics::place;
use crate::charts::time_ticks;
use crate::charts::{Zone, number, palette};
use crate::protocol::{CellId, XAxis};
use crate::series::{Axis, Column};

/// The element, which the page's view holds.
pub const ID: &str = "tip";
/// Series that are told, and marks: more leave the window, and nobody reads them. The chart's panel has all in a table.
const ROWS: usize = 12;
const MARKS: usize = 4;

/// Where the pointer is: in pixels of a chart's canvas, and of the window.
#[derive(Clone)]
pub struct Pointed {
    pub chart: CellId,
    pub on: (f64, f64),
    pub at: (f64, f64),
    /// The place on the axis that was read by a key or a tap: what is told stays, and moves with it. A pointer stays where it is.
    pub kept: Option<f64>,
}

/// The pointer is over this chart. What is read by a key or a tap (`keeps`) is read aloud, too; with a pointer that would be chatter.
pub fn show(charts: &mut Charts, id: &CellId, on: (f64, f64), at: (f64, f64), keeps: bool) {
    if let Some(list) = dom::by_id(ID) {
        dom::mark(&list, "role", if keeps { "status" } else { "tooltip" });
    }
    charts.pointed = Some(Pointed { chart: id.clone(), on, at, kept: None });
    refresh(charts);
    let cross = charts.cross.filter(|_| keeps);
    if let (Some((_, x)), Some(pointed)) = (cross, &mut charts.pointed) {
        pointed.kept = Some(x);
    }
}

/// Reads what stands beside what was read last, for those who use keys: from the left or the right edge at first.
pub fn step(charts: &mut Charts, id: &CellId, later: bool) {
    let last = charts.pointed.as_ref().filter(|pointed| pointed.chart == *id).map(|pointed| pointed.on.0);
    let Some((chart, frame, parts)) = charts.chart(id).and_then(|chart| Some((&*chart, chart.frame.as_ref()?, chart.parts.as_ref()?)))
    else {
        return;
    };
    let (left, right) = (frame.left, frame.left + frame.width);
    let from = last.unwrap_or(if later { left - 1.0 } else { right + 1.0 });
    let mut best = if later { f64::INFINITY } else { f64::NEG_INFINITY };
    for column in canvas::curves(chart).iter().flat_map(|curve| curve.columns) {
        let at = frame.px(column.x_min);
        // Each press goes on by a pixel at least.
        let is_nearer = if later { at >= from + 1.0 && at < best } else { at <= from - 1.0 && at > best };
        if is_nearer && at >= left && at <= right {
            best = at;
        }
    }
    if best.is_infinite() {
        return;
    }
    let (on, canvas) = ((best, frame.top + frame.height / 2.0), parts.canvas.get_bounding_client_rect());
    show(charts, id, on, (canvas.left() + best, canvas.top() + on.1), true);
}

/// The chart under the pointer has moved, or has new points.
pub fn refresh(charts: &mut Charts) {
    let Some(Pointed { chart, on, at, kept }) = charts.pointed.clone() else { return };
    let is_dark = charts.is_dark();
    if let Some(x) = kept {
        let place =
            charts.chart(&chart).and_then(|chart| chart.frame.as_ref()).map(|frame| (frame.px(x), frame.left, frame.left + frame.width));
        let (Some(list), Some((px, _, _))) = (dom::by_id(ID), place.filter(|(px, left, right)| px >= left && px <= right)) else {
            return hide(charts);
        };
        let at = (at.0 + px - on.0, at.1);
        charts.pointed = Some(Pointed { chart, on: (px, on.1), at, kept });
        return stand_beside(&list, at);
    }
    let (Some(chart), Some(list)) = (charts.chart(&chart), dom::by_id(ID)) else { return hide(charts) };
    let cross = fill(&list, chart, on, is_dark).map(|x| (chart.axis(), x));
    list.set_hidden(cross.is_none());
    if cross.is_some() {
        stand_beside(&list, at);
    }
    set(charts, cross);
}

/// The pointer has gone.
pub fn hide(charts: &mut Charts) {
    // The list may be that of a drawing.
    if charts.pointed.take().is_none() {
        return;
    }
    if let Some(list) = dom::by_id(ID) {
        list.set_hidden(true);
    }
    set(charts, None);
}

/// This chart cannot be seen any more.
pub fn leave(charts: &mut Charts, id: &CellId) {
    if charts.pointed.as_ref().is_some_and(|pointed| pointed.chart == *id) {
        hide(charts);
    }
}

/// One line of a list of values: a swatch where there is a colour, a name, and a text where there is one.
pub fn line(list: &Element, class: &str, colour: Option<u32>, name: &str, text: &str) {
    let Some(row) = dom::append(list, "p", class, "") else { return };
    if let Some(colour) = colour
        && let Some(swatch) = dom::append(&row, "i", "", "")
    {
        dom::mark(&swatch, "style", &["background:", &hex(colour)].concat());
    }
    if let Some(name) = dom::append(&row, "span", "", name) {
        dom::mark(&name, "dir", "auto");
    }
    if !text.is_empty() {
        dom::append(&row, "b", "", text);
    }
}

/// Moving the crosshair draws nothing anew: it is an element of its own on each chart.
fn set(charts: &mut Charts, cross: Option<(Axis, f64)>) {
    if charts.cross != cross {
        charts.cross = cross;
        charts.list.iter().filter(|chart| chart.is_seen).for_each(|chart| chart.cross(cross));
    }
}

/// Fills the list with what is read at a place of the chart's canvas, and answers where the crosshair is.
fn fill(list: &Element, chart: &Chart, on: (f64, f64), is_dark: bool) -> Option<f64> {
    let frame = chart.frame.as_ref().filter(|frame| on.0 >= frame.left && on.0 <= frame.left + frame.width)?;
    let mut reading = read(frame, &canvas::curves(chart), &chart.marks, on)?;
    let scene = Scene {
        along: chart.settings.x,
        pixel: (frame.x.hi - frame.x.lo) / frame.width,
        origin: chart.curves.extent.0,
        zone: canvas::zone(),
    };
    let head = scene.place(reading.x);
    list.set_text_content(None);
    line(list, "", None, &scene.head(reading.x, &head), "");
    let tell = |slot: usize, class: &str, text: &str| {
        let name = chart.names.short.get(slot).map_or("", String::as_str);
        line(list, class, Some(palette::colour(slot, is_dark)), name, text);
    };
    let under: Vec<&Mark> = chart.marks.iter().filter(|mark| mark.is_at(on)).collect();
    for mark in under.iter().take(MARKS) {
        let mut text = [mark.kind.name(), " at ", scene.word(), &scene.place(mark.at)].concat();
        if mark.count > 1 {
            text = [&text, " (", &mark.count.to_string(), " of them)"].concat();
        }
        tell(mark.slot, "", &text);
    }
    if under.len() > MARKS {
        line(list, "rest", None, &["and ", &(under.len() - MARKS).to_string(), " more marks"].concat(), "");
    }
    // All has been said of a point that is no number.
    let is_said =
        |row: &Row| row.column.finite() == 0 && under.iter().take(MARKS).any(|mark| mark.slot == row.slot && mark.kind != Kind::Restart);
    reading.rows.retain(|row| !is_said(row));
    sort(&mut reading.rows);
    let shown = around(&reading.rows);
    for row in &reading.rows[shown.clone()] {
        let text = said(row, &chart.settings.unit) + &scene.elsewhere(row, reading.x, &head) + &scene.smoothed(row, &head);
        tell(row.slot, if row.is_nearest { "nearest" } else { "" }, &text);
    }
    if shown.len() < reading.rows.len() {
        let more = ["and ", &(reading.rows.len() - shown.len()).to_string(), " more"].concat();
        line(list, "rest", None, &more, &beyond(shown.start, reading.rows.len() - shown.end));
    }
    Some(reading.x)
}

/// The rows that are shown: those beside the nearest one, which is always among them.
fn around(rows: &[Row]) -> Range<usize> {
    let nearest = rows.iter().position(|row| row.is_nearest).unwrap_or(0);
    let from = nearest.saturating_sub(ROWS / 2).min(rows.len().saturating_sub(ROWS));
    from..rows.len().min(from + ROWS)
}

/// Where the rows are that are not shown.
fn beyond(above: usize, below: usize) -> String {
    match (above, below) {
        (0, _) | (_, 0) => String::new(),
        _ => [&above.to_string(), " above, ", &below.to_string(), " below"].concat(),
    }
}

/// Highest first; what is no number comes last.
fn sort(rows: &mut [Row]) {
    rows.sort_by(|a, b| a.value().is_nan().cmp(&b.value().is_nan()).then(b.value().total_cmp(&a.value())));
}

/// A point's value; of a column what it spans and how many points it stands for.
fn said(row: &Row, unit: &str) -> String {
    let column = &row.column;
    let unit = [if unit.is_empty() || unit == "%" { "" } else { " " }, unit].concat();
    let mut text = String::new();
    if column.count == 1 {
        text = number(column.last) + &unit;
    } else {
        // The sum of huge values overflows.
        if column.mean().is_finite() {
            text = ["mean ", &number(column.mean()), &unit, ", "].concat();
        }
        if column.finite() > 0 {
            text = [&text, &number(column.min), " to ", &number(column.max)].concat();
        }
        let odd = odd(column);
        let comma = if text.is_empty() || odd.is_empty() { "" } else { ", " };
        text = [text.as_str(), comma, &odd, " of ", &column.count.to_string(), " points"].concat();
    }
    text
}

/// How many are no finite number: `3 NaN, 1 ∞`; empty when all are.
pub fn odd(column: &Column) -> String {
    let mut text = String::new();
    for (count, name) in [(column.nan, " NaN"), (column.pos_inf, " ∞"), (column.neg_inf, " −∞")] {
        if count > 0 {
            text = [text.as_str(), if text.is_empty() { "" } else { ", " }, &count.to_string(), name].concat();
        }
    }
    text
}

/// How places on the x axis are told.
struct Scene {
    along: XAxis,
    /// What a pixel spans.
    pixel: f64,
    origin: f64,
    zone: Zone,
}

impl Scene {
    fn place(&self, x: f64) -> String {
        match self.along {
            XAxis::Step => place(x, self.pixel),
            XAxis::Relative => place(x - self.origin, self.pixel) + " s",
            XAxis::Wall if time_ticks::tells([x, 0.0, 0.0]) => time_ticks::moment(x, self.pixel, &self.zone),
            XAxis::Wall => place(x, self.pixel) + " s",
        }
    }

    fn word(&self) -> &'static str {
        if self.along == XAxis::Step { "step " } else { "" }
    }

    fn head(&self, x: f64, place: &str) -> String {
        match self.along {
            XAxis::Step => ["step ", place].concat(),
            XAxis::Relative => ["after ", place].concat(),
            // The offset of that date, not of today.
            XAxis::Wall if time_ticks::tells([x, 0.0, 0.0]) => [place, " ", &self.zone.name_at(x)].concat(),
            XAxis::Wall => place.to_owned(),
        }
    }

    /// Where a row stands that does not stand where the heading says.
    fn elsewhere(&self, row: &Row, x: f64, head: &str) -> String {
        let column = &row.column;
        if row.is_at(x) { String::new() } else { self.aside(if x < column.x_min { column.x_min } else { column.x_max }, head) }
    }

    /// The smoothed line at the row. A column has the value after its last number, which is not where the heading or the spike is; of a point
    /// it has been said where it stands.
    fn smoothed(&self, row: &Row, head: &str) -> String {
        let Some((at, y)) = row.smoothed else { return String::new() };
        let aside = if row.column.count == 1 { String::new() } else { self.aside(at, head) };
        ["; smoothed ", &number(y), &aside].concat()
    }

    /// A place, where it is another one than the heading says.
    fn aside(&self, at: f64, head: &str) -> String {
        /// The date of a moment, and the blank behind it.
        const DATE: usize = 11;
        let own = self.place(at);
        if own == head {
            return String::new();
        }
        let has_date = self.along == XAxis::Wall && time_ticks::tells([at, 0.0, 0.0]);
        let time = own.get(DATE..).filter(|_| has_date && head.get(..DATE) == own.get(..DATE));
        [" @", time.unwrap_or(&own)].concat()
    }
}

/// Right of the pointer, or left of it where there is no room: the style sheet sees to that, so that nothing is measured in a frame that draws.
pub fn stand_beside(list: &HtmlElement, (x, y): (f64, f64)) {
    let style = ["--x:", &(x as i32).to_string(), "px;--y:", &(y as i32).to_string(), "px"].concat();
    dom::mark(list, "style", &style);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(column: Column, smoothed: Option<(f64, f64)>) -> Row {
        Row { slot: 0, column, smoothed, is_nearest: false }
    }

    fn joined(points: &[(f64, f64)]) -> Column {
        let mut all = points.iter().map(|(x, y)| Column::point(*x, *y));
        let first = all.next().unwrap();
        all.fold(first, |mut sum, next| {
            sum.merge(&next);
            sum
        })
    }

    #[test]
    fn a_mean_and_a_smoothed_value_are_marked_as_such() {
        assert_eq!(said(&row(Column::point(1.0, 0.5), None), "s"), "0.5 s");
        let scene = Scene { along: XAxis::Step, pixel: 1.0, origin: 0.0, zone: Zone::fixed(0) };
        let whole = |row: &Row, x: f64, unit: &str| {
            let head = scene.place(x);
            said(row, unit) + &scene.elsewhere(row, x, &head) + &scene.smoothed(row, &head)
        };
        let point = row(Column::point(1.0, 0.5), Some((1.0, 0.25)));
        assert_eq!(whole(&point, 1.0, "%"), "0.5%; smoothed 0.25");
        assert_eq!(whole(&point, 3.0, ""), "0.5 @1; smoothed 0.25");
        let wide = |at: f64| row(joined(&[(300.0, 1.0), (310.0, 9.0), (330.0, 2.0)]), Some((at, 2.5)));
        assert_eq!(whole(&wide(330.0), 310.0, ""), "mean 4, 1 to 9 of 3 points; smoothed 2.5 @330");
        assert_eq!(whole(&wide(330.0), 330.0, "s"), "mean 4 s, 1 to 9 of 3 points; smoothed 2.5");
        assert_eq!(whole(&wide(310.0), 290.0, ""), "mean 4, 1 to 9 of 3 points @300; smoothed 2.5 @310");
        let column = joined(&[(0.0, 1.0), (1.0, 5.0), (2.0, f64::NAN), (3.0, f64::NEG_INFINITY)]);
        assert_eq!(said(&row(column, None), "ms"), "mean 3 ms, 1 to 5, 1 NaN, 1 −∞ of 4 points");
        assert_eq!(said(&row(joined(&[(0.0, f64::NAN), (1.0, f64::NAN)]), None), ""), "2 NaN of 2 points");
    }

    #[test]
    fn a_row_says_where_it_stands_when_that_is_elsewhere() {
        let scene = |along| Scene { along, pixel: 0.01, origin: 1.7e9, zone: Zone::fixed(60) };
        let elsewhere = |along, column: Column, x: f64| {
            let scene = scene(along);
            scene.elsewhere(&row(column, None), x, &scene.place(x))
        };
        assert_eq!(elsewhere(XAxis::Step, Column::point(335.0, 1.0), 340.0), " @335");
        assert_eq!(elsewhere(XAxis::Step, Column::point(340.0, 1.0), 340.0), "");
        assert_eq!(elsewhere(XAxis::Step, joined(&[(330.0, 1.0), (350.0, 1.0)]), 340.0), "");
        assert_eq!(elsewhere(XAxis::Step, joined(&[(310.0, 1.0), (330.0, 1.0)]), 340.0), " @330");
        assert_eq!(elsewhere(XAxis::Relative, Column::point(1.7e9 + 2.5, 1.0), 1.7e9 + 3.0), " @2.5 s");
        assert_eq!(elsewhere(XAxis::Wall, Column::point(1.7e9 + 2.5, 1.0), 1.7e9 + 3.0), " @23:13:22.5");
        assert_eq!(elsewhere(XAxis::Wall, Column::point(1.7e9 - 1e5, 1.0), 1.7e9 + 3.0), " @2023-11-13 19:26:40");
        assert_eq!(elsewhere(XAxis::Step, Column::point(1_795_388_636_347.0, 1.0), 1_795_388_636_312.0), " @1795388636347");
        let wall = scene(XAxis::Wall);
        assert_eq!(wall.head(1.7e9, &wall.place(1.7e9)), "2023-11-14 23:13:20 UTC+01:00");
    }

    #[test]
    fn the_nearest_of_many_rows_is_among_the_few_that_are_shown() {
        for nearest in 0..50 {
            let mut rows: Vec<Row> = (0..50).map(|at| row(Column::point(0.0, f64::from(at)), None)).collect();
            rows[nearest].is_nearest = true;
            sort(&mut rows);
            let shown = around(&rows);
            assert_eq!(shown.len(), ROWS);
            assert!(rows[shown].iter().any(|row| row.is_nearest));
        }
        assert_eq!(around(&[row(Column::point(0.0, 1.0), None)]), 0..1);
        assert_eq!((beyond(3, 35), beyond(0, 38)), ("3 above, 35 below".into(), String::new()));
    }

    #[test]
    fn rows_descend_and_what_is_no_number_comes_last() {
        let mut rows: Vec<Row> = [f64::NAN, 1.0, 3.0, f64::NAN, 2.0].map(|y| row(Column::point(0.0, y), None)).into();
        sort(&mut rows);
        let values: Vec<String> = rows.iter().map(|row| number(row.value())).collect();
        assert_eq!(values, ["3", "2", "1", "NaN", "NaN"]);
    }
}
