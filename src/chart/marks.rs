//! What a line cannot show: NaN, the infinities, and on a logarithmic axis what is not positive. Marked, never skipped, never drawn as zero.

use super::frame::{Curve, Frame};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nan,
    PosInf,
    NegInf,
    /// Zero or below on a logarithmic axis.
    NotOnLog,
}

impl Kind {
    /// A closed polygon around the mark's place, in CSS pixels: a triangle that stands on the lower edge, arrows that leave through
    /// the upper and the lower one, a flat bar.
    pub fn shape(self) -> &'static [(f64, f64)] {
        match self {
            Self::Nan => &[(0.0, -8.5), (4.5, -0.5), (-4.5, -0.5)],
            Self::PosInf => &[(0.0, 0.5), (4.0, 5.5), (1.5, 5.5), (1.5, 9.5), (-1.5, 9.5), (-1.5, 5.5), (-4.0, 5.5)],
            Self::NegInf => &[(0.0, -0.5), (4.0, -5.5), (1.5, -5.5), (1.5, -9.5), (-1.5, -9.5), (-1.5, -5.5), (-4.0, -5.5)],
            Self::NotOnLog => &[(-4.0, -3.5), (4.0, -3.5), (4.0, -0.5), (-4.0, -0.5)],
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Nan => "NaN",
            Self::PosInf => "∞",
            Self::NegInf => "-∞",
            Self::NotOnLog => "not on a log scale",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// CSS pixels from the chart's upper left corner; `y` is the edge that the shape stands on.
    pub x: f64,
    pub y: f64,
    pub kind: Kind,
    pub slot: usize,
    /// How many points it stands for; of [`Kind::NotOnLog`], how many columns, since a column does not count these.
    pub count: u64,
}

/// Marks of one series and kind that are nearer than this, in CSS pixels, are one: their number is bounded by the width.
const APART: f64 = 6.0;

/// The height of a place for a mark of another series at the same spot, and how many such places there are.
const STOREY: f64 = 10.0;
const STOREYS: usize = 5;

/// The marks of all curves within the plot.
pub fn marks(frame: &Frame, curves: &[Curve]) -> Vec<Mark> {
    let mut marks = Vec::new();
    for curve in curves {
        for kind in [Kind::Nan, Kind::PosInf, Kind::NegInf, Kind::NotOnLog] {
            mark(frame, curve, kind, &mut marks);
        }
    }
    marks
}

fn mark(frame: &Frame, curve: &Curve, kind: Kind, marks: &mut Vec<Mark>) {
    let own = marks.len();
    for column in curve.columns {
        let (count, x) = match kind {
            Kind::Nan => (column.nan, column.x_min / 2.0 + column.x_max / 2.0),
            Kind::PosInf => (column.pos_inf, column.x_min / 2.0 + column.x_max / 2.0),
            Kind::NegInf => (column.neg_inf, column.x_min / 2.0 + column.x_max / 2.0),
            Kind::NotOnLog => (u64::from(frame.y.log && column.min <= 0.0), column.at_min),
        };
        if count == 0 || column.x_max < frame.x.lo || column.x_min > frame.x.hi {
            continue;
        }
        let x = frame.px(x.max(frame.x.lo).min(frame.x.hi));
        // Backwards steps: a later column may stand left of an earlier one.
        if let Some(near) = marks[own..].iter_mut().rev().find(|mark| (mark.x - x).abs() < APART) {
            near.count += count;
            continue;
        }
        let up = kind == Kind::PosInf;
        let below =
            marks[..own].iter().filter(|mark| (mark.kind == Kind::PosInf) == up && (mark.x - x).abs() < APART).count().min(STOREYS - 1);
        let rise = STOREY * below as f64;
        let y = if up { frame.top + rise } else { frame.bottom() - rise };
        marks.push(Mark { x, y, kind, slot: curve.slot, count });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{Ask, Size};
    use crate::protocol::Scale;
    use crate::series::Column;

    fn of(points: &[(f64, f64)], ask: &Ask) -> Vec<Mark> {
        let columns: Vec<_> = points.iter().map(|(x, y)| Column::point(*x, *y)).collect();
        let curves = [Curve { columns: &columns, slot: 3, ..Curve::default() }];
        marks(&Frame::new(ask, &curves, Size { width: 400.0, height: 200.0 }), &curves)
    }

    #[test]
    fn each_kind_has_its_mark_at_its_edge() {
        let marks = of(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, f64::NEG_INFINITY), (4.0, 2.0)], &Ask::default());
        assert_eq!(
            marks.iter().map(|mark| (mark.kind, mark.count, mark.slot)).collect::<Vec<_>>(),
            [(Kind::Nan, 1, 3), (Kind::PosInf, 1, 3), (Kind::NegInf, 1, 3)]
        );
        assert!(marks[0].x < marks[1].x && marks[1].y == 8.0 && marks[0].y == 178.0 && marks[2].y == 178.0);
    }

    #[test]
    fn many_are_joined_and_counted_and_none_is_lost() {
        let points: Vec<_> = (0..10_000).map(|i| (f64::from(i), if i % 10 == 0 { 1.0 } else { f64::NAN })).collect();
        let marks = of(&points, &Ask::default());
        assert!((30..=70).contains(&marks.len()), "{}", marks.len());
        assert_eq!(marks.iter().map(|mark| mark.count).sum::<u64>(), 9000);
    }

    #[test]
    fn zero_and_below_are_marked_on_a_log_scale_only() {
        let points = [(0.0, 1.0), (1.0, 0.0), (2.0, -3.0), (3.0, 10.0)];
        let marks = of(&points, &Ask { scale: Scale::Log, ..Ask::default() });
        assert_eq!(marks.iter().map(|mark| mark.kind).collect::<Vec<_>>(), [Kind::NotOnLog, Kind::NotOnLog]);
        assert!(of(&points, &Ask::default()).is_empty());
    }

    #[test]
    fn two_series_at_one_spot_are_both_seen() {
        let columns = [Column::point(0.0, 1.0), Column::point(1.0, f64::NAN)];
        let curves = [0, 1].map(|slot| Curve { columns: &columns, slot, ..Curve::default() });
        let marks = marks(&Frame::new(&Ask::default(), &curves, Size { width: 400.0, height: 200.0 }), &curves);
        assert!(marks.len() == 2 && marks[0].x == marks[1].x && marks[0].y != marks[1].y);
    }
}
