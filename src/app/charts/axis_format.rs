//! Places on the x axis as text.

use crate::charts::hit_test::HitRow;
use crate::charts::text_metrics::format_position;
use crate::charts::{TimeZone, format_number, ticks};
use crate::protocol::XAxis;

/// Formats places on the x axis.
pub struct AxisFormat<'a> {
    pub x_axis: XAxis,
    /// The metric along [`XAxis::Metric`].
    pub metric: &'a str,
    /// Span of a pixel, in units of the axis.
    pub resolution: f64,
    pub zone: TimeZone,
}

impl AxisFormat<'_> {
    pub fn is_step(&self) -> bool {
        self.x_axis == XAxis::Step
    }

    pub fn format(&self, x: f64) -> String {
        match self.x_axis {
            XAxis::Step | XAxis::Metric => format_position(x, self.resolution),
            XAxis::Relative => format_position(x, self.resolution) + " s",
            XAxis::Wall if ticks::is_representable([x, 0.0, 0.0]) => ticks::format_timestamp(x, self.resolution, &self.zone),
            XAxis::Wall => format_position(x, self.resolution) + " s",
        }
    }

    pub fn prefix(&self) -> String {
        match self.x_axis {
            XAxis::Step => "step ".to_owned(),
            XAxis::Metric => [self.metric, " "].concat(),
            XAxis::Relative | XAxis::Wall => String::new(),
        }
    }

    pub fn heading(&self, x: f64, formatted: &str) -> String {
        match self.x_axis {
            XAxis::Step | XAxis::Metric => self.prefix() + formatted,
            XAxis::Relative => ["after ", formatted].concat(),
            // The offset at that date, which may not be that of today.
            XAxis::Wall if ticks::is_representable([x, 0.0, 0.0]) => [formatted, " ", &self.zone.utc_offset_at(x)].concat(),
            XAxis::Wall => formatted.to_owned(),
        }
    }

    /// The place of a row that is not at the place of the heading.
    pub fn place_suffix(&self, row: &HitRow, x: f64, heading: &str) -> String {
        let column = &row.column;
        if row.is_at(x) { String::new() } else { self.place_if_other(if x < column.x_min { column.x_min } else { column.x_max }, heading) }
    }

    /// The smoothed value of the row. That of a column is the one after its last number, and has that place; the place of a point is given
    /// already.
    pub fn smoothed_suffix(&self, row: &HitRow, heading: &str) -> String {
        let Some((at, y)) = row.smoothed else { return String::new() };
        let place = if row.column.count == 1 { String::new() } else { self.place_if_other(at, heading) };
        ["; smoothed ", &format_number(y), &place].concat()
    }

    /// ` @place`, unless it is that of the heading.
    fn place_if_other(&self, at: f64, heading: &str) -> String {
        /// Length of a date with the space behind it.
        const DATE: usize = 11;
        let own = self.format(at);
        if own == heading {
            return String::new();
        }
        let has_date = self.x_axis == XAxis::Wall && ticks::is_representable([at, 0.0, 0.0]);
        let time = own.get(DATE..).filter(|_| has_date && heading.get(..DATE) == own.get(..DATE));
        [" @", time.unwrap_or(&own)].concat()
    }
}
