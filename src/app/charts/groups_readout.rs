//! The values of groups at the pointer, as rows of the tooltip.

use super::axis_format::AxisFormat;
use super::chart_state::ChartState;
use super::groups::Grouping;
use super::tooltip::TooltipRow;
use crate::charts::text_metrics::{decimal_exponent, format_decimal, power_of_ten};
use crate::charts::{Diverged, GroupHitRow, SeriesView, format_number, group_letter, hit_test_groups, palette};
use crate::protocol::GroupId;
use crate::protocol::groups::{GroupColumn, GroupGrid};

/// More do not fit into the window.
const MAX_ROWS: usize = 14;
/// A pointer that is nearer to a line than this, in CSS pixels, is on it.
const ON_LINE: f64 = 6.0;

/// The place that is read, the rows, and the group on whose line the pointer is. The rows: first what the numbers are, then the groups in the order of their lines. `None` where no group is.
pub fn read_groups(
    chart: &ChartState,
    curves: &[SeriesView],
    grouping: &Grouping,
    axis: &AxisFormat,
    place: (f64, f64),
    is_dark: bool,
) -> Option<(f64, Vec<TooltipRow>, Option<GroupId>)> {
    let layout = chart.layout.as_ref()?;
    let hit = hit_test_groups(layout, curves, place)?;
    let group = |slot: usize| chart.groups.groups.get(slot.checked_sub(chart.cache.series.len())?);
    let nearest = &group(hit.nearest)?.curve;
    let heading = axis.format(hit.x);
    let mut first = match nearest.grid.bounds(hit.x) {
        Some((from, to)) => describe_column(from, to, axis),
        None => axis.heading(hit.x, &heading),
    };
    for part in [nearest.split.as_str(), &grouping.describe()] {
        if !part.is_empty() {
            first.extend([" · ", part]);
        }
    }
    let mut rows = vec![TooltipRow::text("", first)];
    let at = hit.rows.iter().position(|row| row.slot == hit.nearest).unwrap_or(0);
    let from = at.saturating_sub(MAX_ROWS / 2).min(hit.rows.len().saturating_sub(MAX_ROWS));
    for GroupHitRow { slot, column } in hit.rows.iter().skip(from).take(MAX_ROWS) {
        let Some(group) = group(*slot) else { continue };
        let style = chart.looks.styles.get(*slot).copied().unwrap_or_default();
        let mut value = format_value(column, grouping, chart.settings.smooth > 0.0, &chart.settings.unit);
        value.push_str(&describe_missing(column, group.attrition.diverged(column), group.curve.runs));
        if group.curve.grid == GroupGrid::Steps && axis.format(column.x) != heading {
            value.extend([" @", &axis.format(column.x)]);
        }
        rows.push(TooltipRow {
            class: if *slot == hit.nearest { "nearest" } else { "" },
            color: Some(palette::colour(style.colour, is_dark)),
            name: [&group_letter(group.curve.index), " ", group.curve.label.as_str()].concat(),
            value,
        });
    }
    if hit.rows.len() > MAX_ROWS {
        rows.push(TooltipRow::text("rest", ["and ", &(hit.rows.len() - MAX_ROWS).to_string(), " more"].concat()));
    }
    let group = (hit.distance <= ON_LINE).then_some(nearest.group);
    Some((hit.x, rows, group))
}

/// `mean of steps 400 to 499`: averages over steps make bands narrower, so it is said.
fn describe_column(from: f64, to: f64, axis: &AxisFormat) -> String {
    let last = if axis.is_step() { (to - 1.0).ceil().max(from.ceil()) } else { to };
    let first = if axis.is_step() { from.ceil() } else { from };
    let what = if axis.is_step() { "steps ".to_owned() } else { axis.prefix() };
    ["mean of ", &what, &axis.format(first), " to ", &axis.format(last)].concat()
}

/// `0.312 ± 0.014 (n=5)`.
fn format_value(column: &GroupColumn, grouping: &Grouping, is_smoothed: bool, unit: &str) -> String {
    let unit = [if unit.is_empty() || unit == "%" { "" } else { " " }, unit].concat();
    let half = column.high / 2.0 - column.low / 2.0;
    let mut text = if column.low.is_nan() {
        [&format_number(column.line), unit.as_str()].concat()
    } else if grouping.is_symmetric() && !is_smoothed {
        let [line, half] = with_uncertainty(column.line, half);
        [&line, " ± ", &half, unit.as_str()].concat()
    } else {
        // The band is not around the line: both ends are said.
        let [low, high] = [column.low, column.high].map(|end| round_to(end, half.abs()));
        [&round_to(column.line, half.abs()), unit.as_str(), ", ", &low, " to ", &high].concat()
    };
    text.extend([" (n=", &column.n.to_string(), ")"]);
    text
}

/// What is missing of the `runs` members, behind a value: `, 2 of 3: 1 diverged`. As the table says it, a member has diverged whose last
/// values are not finite; NaN is a gap.
fn describe_missing(column: &GroupColumn, diverged: Diverged, runs: u32) -> String {
    let mut missing = Vec::new();
    let counts = [
        (diverged.ended + diverged.nan, " diverged"),
        (column.nan - diverged.nan, " NaN"),
        (column.ended - diverged.ended, " ended"),
        (column.interpolated, " interpolated"),
    ];
    for (count, what) in counts {
        if count > 0 {
            missing.push(count.to_string() + what);
        }
    }
    if column.n < runs && column.nan + column.ended > 0 {
        missing[0] = [&column.n.to_string(), " of ", &runs.to_string(), ": ", &missing[0]].concat();
    }
    if missing.is_empty() { String::new() } else { [", ", &missing.join(", ")].concat() }
}

/// A number and its uncertainty, which has two digits: `0.312`, `0.014`.
fn with_uncertainty(value: f64, half: f64) -> [String; 2] {
    if half > 0.0 { [round_to(value, half), round_to(half, half)] } else { [format_number(value), "0".to_owned()] }
}

/// The number with as many decimals as two digits of `scale` have, zeros at its end included.
fn round_to(value: f64, scale: f64) -> String {
    // A half width that rounding made a little less than 0.1 has the digits of 0.1.
    let places = 1 - decimal_exponent(scale * (1.0 + 1e-9));
    if !(scale.is_finite() && scale > 0.0 && (0..=9).contains(&places) && value.abs() < 1e6) {
        return format_number(value);
    }
    let digits = (value * power_of_ten(places)).round() as i64;
    let mut text = format_decimal(digits, -places);
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if places > 0 && digits != 0 {
        if decimals == 0 {
            text.push('.');
        }
        (decimals..places as usize).for_each(|_| text.push('0'));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::TimeZone;
    use crate::protocol::XAxis;
    use crate::protocol::groups::{Band, GroupLine};

    fn column(line: f64, low: f64, high: f64, n: u32) -> GroupColumn {
        GroupColumn { x: 0.0, line, low, high, n, nan: 0, ended: 0, interpolated: 0 }
    }

    #[test]
    fn a_value_has_the_digits_of_its_uncertainty() {
        let say = |value, half| with_uncertainty(value, half).join(" ± ");
        assert_eq!(say(0.312_345, 0.0142), "0.312 ± 0.014");
        assert_eq!(say(0.3, 0.01), "0.300 ± 0.010");
        assert_eq!(say(-12.5, 3.21), "-12.5 ± 3.2");
        assert_eq!(say(1234.5678, 250.0), "1234.57 ± 250");
        assert_eq!(say(0.25, 0.0), "0.25 ± 0");
        assert_eq!(say(0.0, 0.5), "0 ± 0.50");
    }

    #[test]
    fn a_row_says_how_many_members_there_are_and_which_are_missing() {
        let mean = Grouping::default();
        let say_diverged = |column: &GroupColumn, diverged| format_value(column, &mean, false, "") + &describe_missing(column, diverged, 5);
        let say = |column: &GroupColumn| say_diverged(column, Diverged::default());
        assert_eq!(say(&column(0.312, 0.298, 0.326, 5)), "0.312 ± 0.014 (n=5)");
        assert_eq!(say(&column(0.338, f64::NAN, f64::NAN, 1)), "0.338 (n=1)");
        assert_eq!(say(&GroupColumn { nan: 1, ..column(0.5, 0.4, 0.6, 4) }), "0.50 ± 0.10 (n=4), 4 of 5: 1 NaN");
        assert_eq!(
            say(&GroupColumn { ended: 2, interpolated: 1, ..column(0.5, 0.4, 0.6, 3) }),
            "0.50 ± 0.10 (n=3), 3 of 5: 2 ended, 1 interpolated"
        );
        assert_eq!(say(&GroupColumn { interpolated: 1, ..column(0.5, 0.4, 0.6, 5) }), "0.50 ± 0.10 (n=5), 1 interpolated");
        let lost = GroupColumn { nan: 1, ended: 2, ..column(0.5, 0.4, 0.6, 2) };
        assert_eq!(say_diverged(&lost, Diverged { ended: 1, nan: 1 }), "0.50 ± 0.10 (n=2), 2 of 5: 2 diverged, 1 ended");
        assert_eq!(format_value(&column(5.0, 4.5, 5.5, 3), &mean, false, "ms"), "5.00 ± 0.50 ms (n=3)");
        let median = Grouping { line: GroupLine::Median, band: Band::Iqr, ..Grouping::default() };
        assert_eq!(format_value(&column(5.0, 4.5, 6.5, 3), &median, false, ""), "5.0, 4.5 to 6.5 (n=3)");
        assert_eq!(format_value(&column(7.0, 4.5, 5.5, 3), &mean, true, ""), "7.00, 4.50 to 5.50 (n=3)", "the band is that of the values");
        assert_eq!((mean.describe().as_str(), median.describe().as_str()), ("mean ± 95 % (t)", "median, quartiles"));
    }

    #[test]
    fn a_column_says_which_steps_are_averaged() {
        let axis = AxisFormat { x_axis: XAxis::Step, metric: "", resolution: 1.0, zone: TimeZone::fixed(0) };
        assert_eq!(describe_column(400.0, 500.0, &axis), "mean of steps 400 to 499");
        assert_eq!(describe_column(0.5, 1.2, &axis), "mean of steps 1 to 1");
        let time = AxisFormat { x_axis: XAxis::Relative, ..axis };
        assert_eq!(describe_column(2.0, 4.0, &time), "mean of 2 s to 4 s");
        let epoch = AxisFormat { x_axis: XAxis::Metric, metric: "epoch", ..time };
        assert_eq!(describe_column(2.0, 4.0, &epoch), "mean of epoch 2 to 4");
    }
}
