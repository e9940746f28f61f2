//! What a line cannot show: NaN, the infinities, on a logarithmic axis what is not positive, and where it begins anew. Marked, never
//! skipped, never drawn as zero.

use super::layout::{Curve, Frame};
use crate::series::Column;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nan,
    PosInf,
    NegInf,
    /// Zero or below on a logarithmic axis.
    NotOnLog,
    /// A step back: the line begins anew, left of where it was.
    Restart,
}

impl Kind {
    /// A closed polygon around the mark's place, in CSS pixels: a triangle that stands on the lower edge, arrows that leave through
    /// the upper and the lower one, a flat bar, a flag that points back.
    pub fn shape(self) -> &'static [(f64, f64)] {
        match self {
            Self::Nan => &[(0.0, -8.5), (4.5, -0.5), (-4.5, -0.5)],
            Self::PosInf => &[(0.0, 0.5), (4.0, 5.5), (1.5, 5.5), (1.5, 9.5), (-1.5, 9.5), (-1.5, 5.5), (-4.0, 5.5)],
            Self::NegInf => &[(0.0, -0.5), (4.0, -5.5), (1.5, -5.5), (1.5, -9.5), (-1.5, -9.5), (-1.5, -5.5), (-4.0, -5.5)],
            Self::NotOnLog => &[(-4.0, -3.5), (4.0, -3.5), (4.0, -0.5), (-4.0, -0.5)],
            Self::Restart => &[(0.8, -0.5), (0.8, -16.0), (-7.0, -12.0), (-0.8, -8.5), (-0.8, -0.5)],
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Nan => "NaN",
            Self::PosInf => "∞",
            Self::NegInf => "-∞",
            Self::NotOnLog => "not on a log scale",
            Self::Restart => "restart",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// CSS pixels from the chart's upper left corner; `y` is the edge that the shape stands on.
    pub x: f64,
    pub y: f64,
    /// The place on the x axis; of several points in one column its middle.
    pub at: f64,
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

/// How far from a mark's middle a pointer still means it, in CSS pixels across and up or down: a mark alone is a tiny target.
const AIM: (f64, f64) = (9.0, 14.0);

impl Mark {
    /// Whether a pointer at this place of the chart means it.
    pub fn is_at(&self, (x, y): (f64, f64)) -> bool {
        let middle = self.y + if self.kind == Kind::PosInf { 5.0 } else { -5.0 };
        (self.x - x).abs() <= AIM.0 && (middle - y).abs() <= AIM.1
    }
}

/// The marks of all curves within the plot.
pub fn marks(frame: &Frame, curves: &[Curve]) -> Vec<Mark> {
    let mut marks = Vec::new();
    for curve in curves {
        let odd = odd(frame, curve);
        for kind in [Kind::Nan, Kind::PosInf, Kind::NegInf, Kind::NotOnLog, Kind::Restart] {
            mark(frame, curve.slot, &odd, kind, &mut marks);
        }
    }
    marks
}

/// The columns that have something to mark, and whether each begins left of where the one before ended. Mostly there are none.
fn odd<'a>(frame: &Frame, curve: &Curve<'a>) -> Vec<(&'a Column, bool)> {
    let mut odd = Vec::new();
    let mut before = f64::NEG_INFINITY;
    for column in curve.columns {
        let is_back = column.x_first < before;
        before = column.x_last;
        if is_back || column.nan + column.pos_inf + column.neg_inf + column.breaks > 0 || (frame.y.log && column.min <= 0.0) {
            odd.push((column, is_back));
        }
    }
    odd
}

fn mark(frame: &Frame, slot: usize, odd: &[(&Column, bool)], kind: Kind, marks: &mut Vec<Mark>) {
    let own = marks.len();
    for &(column, is_back) in odd {
        let middle = column.x_min / 2.0 + column.x_max / 2.0;
        let (count, at) = match kind {
            Kind::Nan => (column.nan, middle),
            Kind::PosInf => (column.pos_inf, middle),
            Kind::NegInf => (column.neg_inf, middle),
            Kind::NotOnLog => (u64::from(frame.y.log && column.min <= 0.0), column.at_min),
            Kind::Restart => (column.breaks + u64::from(is_back), if is_back { column.x_first } else { column.x_min }),
        };
        if count == 0 || column.x_max < frame.x.lo || column.x_min > frame.x.hi {
            continue;
        }
        let at = at.max(frame.x.lo).min(frame.x.hi);
        let x = frame.px(at);
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
        marks.push(Mark { x, y, at, kind, slot, count });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::{Ask, Size};
    use crate::protocol::YScale;

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
        let marks = of(&points, &Ask { scale: YScale::Log, ..Ask::default() });
        assert_eq!(marks.iter().map(|mark| mark.kind).collect::<Vec<_>>(), [Kind::NotOnLog, Kind::NotOnLog]);
        assert!(of(&points, &Ask::default()).is_empty());
    }

    #[test]
    fn a_restart_is_marked_where_the_line_begins_anew() {
        let points = [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, 1.0), (2.0, 1.0), (3.0, 1.0)];
        let marks = of(&points, &Ask::default());
        assert_eq!(marks.iter().map(|mark| (mark.kind, mark.at, mark.count)).collect::<Vec<_>>(), [(Kind::Restart, 1.0, 1)]);
        let mut column = Column::point(4.0, 1.0);
        column.merge(&Column::point(3.0, 1.0));
        let curves = [Curve { columns: &[Column::point(0.0, 1.0), column, Column::point(9.0, 1.0)], ..Curve::default() }];
        let frame = Frame::new(&Ask::default(), &curves, Size { width: 400.0, height: 200.0 });
        assert_eq!(super::marks(&frame, &curves).iter().map(|mark| mark.at).collect::<Vec<_>>(), [3.0], "within a column");
    }

    #[test]
    fn a_pointer_beside_a_mark_means_it() {
        let marks = of(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, 1.0)], &Ask::default());
        let (nan, infinite) = (marks[0], marks[1]);
        assert!(nan.is_at((nan.x + 8.0, nan.y - 16.0)) && !nan.is_at((nan.x + 12.0, nan.y)) && !nan.is_at((nan.x, nan.y - 30.0)));
        assert!(infinite.is_at((infinite.x, infinite.y + 16.0)) && !infinite.is_at((infinite.x, infinite.y + 40.0)));
    }

    #[test]
    fn two_series_at_one_spot_are_both_seen() {
        let columns = [Column::point(0.0, 1.0), Column::point(1.0, f64::NAN)];
        let curves = [0, 1].map(|slot| Curve { columns: &columns, slot, ..Curve::default() });
        let marks = marks(&Frame::new(&Ask::default(), &curves, Size { width: 400.0, height: 200.0 }), &curves);
        assert!(marks.len() == 2 && marks[0].x == marks[1].x && marks[0].y != marks[1].y);
    }
}
