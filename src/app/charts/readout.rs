//! The values of a chart at the pointer, as rows of the tooltip: highest first, the nearest in bold.

use std::ops::Range;

use super::axis_format::AxisFormat;
use super::canvas;
use super::chart_runs::ChartRuns;
use super::chart_state::ChartState;
use super::groups_readout::read_groups;
use super::tooltip::TooltipRow;
use crate::charts::hit_test::{HitRow, hit_test};
use crate::charts::markers::{LineMarker, MarkerKind};
use crate::charts::{format_number, palette};
use crate::protocol::{CellId, GroupId};
use crate::series::Column;
use crate::sorting;

/// Series and markers in the tooltip: more do not fit into the window. The settings panel has all series in a table.
const MAX_ROWS: usize = 12;
const MAX_MARKERS: usize = 4;

/// The place that is read, in CSS pixels of the chart's canvas and of the window.
#[derive(Clone, Debug)]
pub struct ReadoutTarget {
    pub chart: CellId,
    pub canvas: (f64, f64),
    pub client: (f64, f64),
    pub pin: Pin,
}

/// What a readout keeps while its chart moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pin {
    /// The place of the pointer: the values change.
    Pointer,
    /// The values, which were read by a key or a tap; the place on the axis is not computed yet.
    Pending,
    /// The values, at this place on the axis.
    At(f64),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Readout {
    /// Place of the crosshair on the x axis.
    pub x: f64,
    pub rows: Vec<TooltipRow>,
    /// The group on whose line the pointer is.
    pub group: Option<GroupId>,
}

impl Readout {
    /// The values at a place of the canvas; `None` outside of the plot and without points.
    pub fn at(chart: &ChartState, runs: &ChartRuns, place: (f64, f64), is_dark: bool) -> Option<Self> {
        let layout = chart.layout.as_ref().filter(|layout| place.0 >= layout.left && place.0 <= layout.left + layout.width)?;
        let curves = chart.curves(runs);
        let axis = AxisFormat {
            x_axis: chart.x_axis(runs).x,
            metric: &chart.settings.x_metric,
            resolution: layout.x_resolution(place.0),
            zone: canvas::zone(),
        };
        if let Some(grouping) = &runs.grouping
            && let Some((x, rows, group)) = read_groups(chart, &curves, grouping, &axis, place, is_dark)
        {
            return Some(Self { x, rows, group });
        }
        let mut hit = hit_test(layout, &curves, &chart.markers, place)?;
        let heading = axis.format(hit.x);
        let mut rows = vec![TooltipRow::text("", axis.heading(hit.x, &heading))];
        let mut push_row = |slot: usize, class: &'static str, value: String| {
            let name = chart.looks.short.get(slot).cloned().unwrap_or_default();
            let colour = chart.looks.styles.get(slot).copied().unwrap_or_default().colour;
            rows.push(TooltipRow { class, color: Some(palette::colour(colour, is_dark)), name, value });
        };
        let markers: Vec<&LineMarker> = chart.markers.iter().filter(|marker| marker.is_at(place)).collect();
        for marker in markers.iter().take(MAX_MARKERS) {
            let mut text = [marker.kind.name(), " at ", &axis.prefix(), &axis.format(marker.at)].concat();
            if marker.count > 1 {
                text.extend([" (", &marker.count.to_string(), " of them)"]);
            }
            push_row(marker.slot, "", text);
        }
        // A point that is not finite is described by its marker.
        let has_marker = |row: &HitRow| {
            let own = |marker: &&LineMarker| marker.slot == row.slot && marker.kind != MarkerKind::Restart;
            row.column.finite() == 0 && markers.iter().take(MAX_MARKERS).any(own)
        };
        hit.rows.retain(|row| !has_marker(row));
        sort_rows(&mut hit.rows);
        let shown = shown_rows(&hit.rows);
        for row in &hit.rows[shown.clone()] {
            let mut value =
                format_value(row, &chart.settings.unit) + &axis.place_suffix(row, hit.x, &heading) + &axis.smoothed_suffix(row, &heading);
            if row.is_superseded {
                value.push_str(", before restart");
            }
            push_row(row.slot, if row.is_nearest { "nearest" } else { "" }, value);
        }
        // Behind the rows of markers.
        if markers.len() > MAX_MARKERS {
            let more = ["and ", &(markers.len() - MAX_MARKERS).to_string(), " more marks"].concat();
            rows.insert(1 + MAX_MARKERS, TooltipRow::text("rest", more));
        }
        if shown.len() < hit.rows.len() {
            let more = ["and ", &(hit.rows.len() - shown.len()).to_string(), " more"].concat();
            let value = describe_left_out(shown.start, hit.rows.len() - shown.end);
            rows.push(TooltipRow { value, ..TooltipRow::text("rest", more) });
        }
        Some(Self { x: hit.x, rows, group: None })
    }
}

/// The rows that are shown: those around the nearest one.
fn shown_rows(rows: &[HitRow]) -> Range<usize> {
    let nearest = rows.iter().position(|row| row.is_nearest).unwrap_or(0);
    let from = nearest.saturating_sub(MAX_ROWS / 2).min(rows.len().saturating_sub(MAX_ROWS));
    from..rows.len().min(from + MAX_ROWS)
}

/// How many rows are left out above and below; empty when they are all on one side.
fn describe_left_out(above: usize, below: usize) -> String {
    match (above, below) {
        (0, _) | (_, 0) => String::new(),
        _ => [&above.to_string(), " above, ", &below.to_string(), " below"].concat(),
    }
}

/// Highest first; NaN last.
fn sort_rows(rows: &mut [HitRow]) {
    sorting::sort_by(rows, |a, b| a.value().is_nan().cmp(&b.value().is_nan()).then(b.value().total_cmp(&a.value())));
}

/// The value of a point; of a column its mean, its range and the number of its points.
fn format_value(row: &HitRow, unit: &str) -> String {
    let column = &row.column;
    let unit = [if unit.is_empty() || unit == "%" { "" } else { " " }, unit].concat();
    if column.count == 1 {
        return format_number(column.last) + &unit;
    }
    let mut text = String::new();
    // The sum of huge values overflows.
    if column.mean().is_finite() {
        text = ["mean ", &format_number(column.mean()), &unit, ", "].concat();
    }
    if column.finite() > 0 {
        text.extend([format_number(column.min).as_str(), " to ", &format_number(column.max)]);
    }
    let non_finite = non_finite_counts(column);
    let comma = if text.is_empty() || non_finite.is_empty() { "" } else { ", " };
    [text.as_str(), comma, &non_finite, " of ", &column.count.to_string(), " points"].concat()
}

/// The counts of values that are not finite: `3 NaN, 1 ∞`; empty without any.
pub fn non_finite_counts(column: &Column) -> String {
    let mut text = String::new();
    for (count, name) in [(column.nan, " NaN"), (column.pos_inf, " ∞"), (column.neg_inf, " −∞")] {
        if count > 0 {
            text.extend([if text.is_empty() { "" } else { ", " }, &count.to_string(), name]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::TimeZone;
    use crate::protocol::XAxis;

    fn row(column: Column, smoothed: Option<(f64, f64)>) -> HitRow {
        HitRow { slot: 0, column, smoothed, is_nearest: false, is_superseded: false }
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
        assert_eq!(format_value(&row(Column::point(1.0, 0.5), None), "s"), "0.5 s");
        let axis = AxisFormat { x_axis: XAxis::Step, metric: "", resolution: 1.0, zone: TimeZone::fixed(0) };
        let whole = |row: &HitRow, x: f64, unit: &str| {
            let head = axis.format(x);
            format_value(row, unit) + &axis.place_suffix(row, x, &head) + &axis.smoothed_suffix(row, &head)
        };
        let point = row(Column::point(1.0, 0.5), Some((1.0, 0.25)));
        assert_eq!(whole(&point, 1.0, "%"), "0.5%; smoothed 0.25");
        assert_eq!(whole(&point, 3.0, ""), "0.5 @1; smoothed 0.25");
        let wide = |at: f64| row(joined(&[(300.0, 1.0), (310.0, 9.0), (330.0, 2.0)]), Some((at, 2.5)));
        assert_eq!(whole(&wide(330.0), 310.0, ""), "mean 4, 1 to 9 of 3 points; smoothed 2.5 @330");
        assert_eq!(whole(&wide(330.0), 330.0, "s"), "mean 4 s, 1 to 9 of 3 points; smoothed 2.5");
        assert_eq!(whole(&wide(310.0), 290.0, ""), "mean 4, 1 to 9 of 3 points @300; smoothed 2.5 @310");
        let column = joined(&[(0.0, 1.0), (1.0, 5.0), (2.0, f64::NAN), (3.0, f64::NEG_INFINITY)]);
        assert_eq!(format_value(&row(column, None), "ms"), "mean 3 ms, 1 to 5, 1 NaN, 1 −∞ of 4 points");
        assert_eq!(format_value(&row(joined(&[(0.0, f64::NAN), (1.0, f64::NAN)]), None), ""), "2 NaN of 2 points");
    }

    #[test]
    fn a_row_says_where_it_stands_when_that_is_elsewhere() {
        let axis = |along| AxisFormat { x_axis: along, metric: "epoch", resolution: 0.01, zone: TimeZone::fixed(60) };
        let elsewhere = |along, column: Column, x: f64| {
            let axis = axis(along);
            axis.place_suffix(&row(column, None), x, &axis.format(x))
        };
        assert_eq!(elsewhere(XAxis::Step, Column::point(335.0, 1.0), 340.0), " @335");
        assert_eq!(elsewhere(XAxis::Step, Column::point(340.0, 1.0), 340.0), "");
        assert_eq!(elsewhere(XAxis::Step, joined(&[(330.0, 1.0), (350.0, 1.0)]), 340.0), "");
        assert_eq!(elsewhere(XAxis::Step, joined(&[(310.0, 1.0), (330.0, 1.0)]), 340.0), " @330");
        assert_eq!(elsewhere(XAxis::Relative, Column::point(2.5, 1.0), 3.0), " @2.5 s");
        assert_eq!(elsewhere(XAxis::Wall, Column::point(1.7e9 + 2.5, 1.0), 1.7e9 + 3.0), " @23:13:22.5");
        assert_eq!(elsewhere(XAxis::Wall, Column::point(1.7e9 - 1e5, 1.0), 1.7e9 + 3.0), " @2023-11-13 19:26:40");
        assert_eq!(
            elsewhere(XAxis::Step, Column::point(1_795_388_636_347.0, 1.0), 1_795_388_636_312.0),
            " @1\u{202f}795\u{202f}388\u{202f}636\u{202f}347"
        );
        assert_eq!(elsewhere(XAxis::Metric, Column::point(2.5, 1.0), 3.0), " @2.5");
        let epoch = axis(XAxis::Metric);
        assert_eq!((epoch.heading(3.0, &epoch.format(3.0)), epoch.prefix()), ("epoch 3".into(), "epoch ".into()));
        let wall = axis(XAxis::Wall);
        assert_eq!(wall.heading(1.7e9, &wall.format(1.7e9)), "2023-11-14 23:13:20 UTC+01:00");
    }

    #[test]
    fn the_nearest_of_many_rows_is_among_the_few_that_are_shown() {
        for nearest in 0..50 {
            let mut rows: Vec<HitRow> = (0..50).map(|at| row(Column::point(0.0, f64::from(at)), None)).collect();
            rows[nearest].is_nearest = true;
            sort_rows(&mut rows);
            let shown = shown_rows(&rows);
            assert_eq!(shown.len(), MAX_ROWS);
            assert!(rows[shown].iter().any(|row| row.is_nearest));
        }
        assert_eq!(shown_rows(&[row(Column::point(0.0, 1.0), None)]), 0..1);
        assert_eq!((describe_left_out(3, 35), describe_left_out(0, 38)), ("3 above, 35 below".into(), String::new()));
    }

    #[test]
    fn rows_descend_and_what_is_no_number_comes_last() {
        let mut rows: Vec<HitRow> = [f64::NAN, 1.0, 3.0, f64::NAN, 2.0].map(|y| row(Column::point(0.0, y), None)).into();
        sort_rows(&mut rows);
        let values: Vec<String> = rows.iter().map(|row| format_number(row.value())).collect();
        assert_eq!(values, ["3", "2", "1", "NaN", "NaN"]);
    }
}
