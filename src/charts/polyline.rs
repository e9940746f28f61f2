//! Lines through columns, as points in a plot's own pixels.
//!
//! For each column the line goes to its first value, to its lowest and highest in the order in which they stand, and to its last.
//! Where the horizontal positions are snapped ([`PlotTransform::snap`]) and each column lies within one pixel column, this line covers exactly the
//! pixels of the line through all points, whatever the stroke: within a pixel column all pieces are one vertical run from the
//! lowest to the highest, and between two pixel columns there is one and the same straight piece, from the last value to the first
//! (M4, see [`crate::series::Column`]). That holds for finite values and ascending steps; a gap or a step backwards *within* one
//! pixel column cannot be seen at this scale and is not drawn as one. It is counted, and marked: see `markers`.

use super::scale::Scale;
use crate::series::{Column, Place};

/// Points from the plot's upper left corner. [`PEN_UP`] lifts the pen: the next point begins a new run. A run of one point is a dot.
pub type Polyline = Vec<(f64, f64)>;

pub const PEN_UP: (f64, f64) = (f64::NAN, f64::NAN);

/// How far beyond the plot lines are kept, in pixels: more than half of any stroke.
const CLIP_MARGIN: f64 = 16.0;

/// Far away is far enough: what follows computes with differences, to a hundredth of a pixel.
const MAX_PX: f64 = 1e13;

/// The pixels of a plot and the scales that lead there.
#[derive(Clone, Copy, Debug)]
pub struct PlotTransform<'a> {
    pub x: &'a Scale,
    pub y: &'a Scale,
    pub width: f64,
    pub height: f64,
    /// Moves each point to the middle of its pixel column: for columns of more than one point. Where points stand alone it would
    /// only make slopes uneven.
    pub snap: bool,
}

impl PlotTransform<'_> {
    /// How far from the left `x` is drawn; NaN when it has no place.
    fn px_x(&self, x: f64) -> f64 {
        let share = self.x.normalize(x);
        let mut px = share * self.width;
        if self.snap {
            // The right end belongs to the last pixel column: it is where the newest point stands.
            px = if share == 1.0 { self.width.ceil() } else { px.floor() + 1.0 } - 0.5;
        }
        px.clamp(-MAX_PX, MAX_PX)
    }

    /// How far from the top `y` is drawn; NaN when it has no place.
    fn px_y(&self, y: f64) -> f64 {
        ((1.0 - self.y.normalize(y)) * self.height).clamp(-MAX_PX, MAX_PX)
    }
}

/// The side on which all of a column is out of sight, and the lines between two such columns too: -1 or 1; 0 when it may be seen.
fn outcode(column: &Column, (from, to): (f64, f64)) -> i8 {
    i8::from(column.x_min > to) - i8::from(column.x_max < from)
}

/// Whether some column stands for more than one point.
pub fn is_dense(columns: &[Column]) -> bool {
    columns.iter().any(|column| column.count > 1)
}

/// The line through columns. What is not finite (or not positive, on a logarithmic scale) lifts the pen, and so does a step backwards.
pub fn trace_columns(columns: &[Column], transform: &PlotTransform) -> Polyline {
    let mut builder = PolylineBuilder { transform, path: Vec::with_capacity(columns.len() * if transform.snap { 4 } else { 1 }), at: None };
    let away = 2.0 * CLIP_MARGIN / transform.width;
    let sight = (transform.x.invert(-away), transform.x.invert(1.0 + away));
    let mut before = f64::NEG_INFINITY;
    // Of neighbours on the same side out of sight, the last one, from where the line may come back.
    let (mut here, mut passed): (i8, Option<&Column>) = (0, None);
    for column in columns {
        if column.x_first < before {
            builder.pen_up();
            passed = None;
        }
        before = column.x_last;
        let side_before = std::mem::replace(&mut here, outcode(column, sight));
        if here != 0 && here == side_before {
            passed = Some(column);
            continue;
        }
        if let Some(passed) = passed.take() {
            builder.at = None;
            builder.line_to(transform.px_x(passed.x_last), transform.px_y(passed.last));
        }
        let left = transform.px_x(column.x_first);
        builder.line_to(left, transform.px_y(column.first));
        if column.count > 1 {
            let right = transform.px_x(column.x_last);
            // Where steps do not go back all is between the first and the last.
            let is_upright = left == right && column.breaks == 0;
            let (low, high) = ((column.at_min, column.min), (column.at_max, column.max));
            let (one, other) = if column.at_min <= column.at_max { (low, high) } else { (high, low) };
            // Lowest and highest are passed over where they have no place: only first and last say where a gap is.
            for (x, y) in [one, other] {
                let py = transform.px_y(y);
                if !py.is_nan() {
                    builder.line_to(if is_upright { left } else { transform.px_x(x) }, py);
                }
            }
            builder.line_to(right, transform.px_y(column.last));
        }
    }
    builder.finish()
}

/// The line through the places of a smoothed one. Those that are none are passed over.
pub fn trace_points(points: &[Place], transform: &PlotTransform) -> Polyline {
    let mut builder = PolylineBuilder { transform, path: Vec::with_capacity(points.len()), at: None };
    let mut before = f64::NEG_INFINITY;
    for &(x, y) in points.iter().filter(|point| !point.0.is_nan()) {
        if x < before {
            builder.pen_up();
        }
        before = x;
        builder.line_to(transform.px_x(x), transform.px_y(y));
    }
    builder.finish()
}

/// The areas between low and high of the places, each a closed run: in the order of the high ends, and back along the low ones. A low end
/// that has no place, such as 0 on a logarithmic axis, is beyond the lower edge. Where `high` has none there is no area.
pub fn trace_band(places: impl Iterator<Item = (f64, f64, f64)>, transform: &PlotTransform) -> Polyline {
    /// What is beyond is cut off where it is drawn. Slopes that lead there are vertical for the eye.
    const FAR: f64 = 1e5;
    let (mut path, mut upper, mut lower) = (Polyline::new(), Polyline::new(), Polyline::new());
    for (x, low, high) in places.chain([(f64::NAN, f64::NAN, f64::NAN)]) {
        let (x, top, bottom) = (transform.px_x(x), transform.px_y(high), transform.px_y(low));
        if !(x.is_nan() || top.is_nan() || low.is_nan()) {
            upper.push((x.clamp(-FAR, FAR), top.clamp(-FAR, FAR)));
            lower.push((x.clamp(-FAR, FAR), if bottom.is_nan() { FAR } else { bottom.clamp(-FAR, FAR) }));
            continue;
        }
        // An area of a single place has no width.
        if upper.len() > 1 {
            path.append(&mut upper);
            path.extend(lower.drain(..).rev());
            path.push(PEN_UP);
        }
        upper.clear();
        lower.clear();
    }
    path
}

struct PolylineBuilder<'a> {
    transform: &'a PlotTransform<'a>,
    path: Polyline,
    /// Where the line was last, which may be beyond the edge.
    at: Option<(f64, f64)>,
}

impl PolylineBuilder<'_> {
    fn pen_up(&mut self) {
        self.at = None;
        if self.path.last().is_some_and(|last| !last.0.is_nan()) {
            self.path.push(PEN_UP);
        }
    }

    /// Goes on to a place of the plot; one that is none lifts the pen.
    fn line_to(&mut self, x: f64, y: f64) {
        if x.is_nan() || y.is_nan() {
            return self.pen_up();
        }
        let to = (x, y);
        let Some(from) = self.at.replace(to) else {
            if self.is_near_plot(to) {
                self.path.push(to);
            }
            return;
        };
        if from == to {
            return;
        }
        if self.is_near_plot(from) && self.is_near_plot(to) {
            // What is near has been drawn: the line goes on.
            return self.path.push(to);
        }
        let Some((start, end)) = self.clip(from, to) else {
            return;
        };
        if self.path.last() != Some(&start) {
            self.begin_run();
            self.path.push(start);
        }
        if start != end {
            self.path.push(end);
        }
    }

    /// Whether a point is kept as it is.
    fn is_near_plot(&self, (x, y): (f64, f64)) -> bool {
        x >= -CLIP_MARGIN && y >= -CLIP_MARGIN && x <= self.transform.width + CLIP_MARGIN && y <= self.transform.height + CLIP_MARGIN
    }

    /// Before a point that does not continue the last one.
    fn begin_run(&mut self) {
        if self.path.last().is_some_and(|last| !last.0.is_nan()) {
            self.path.push(PEN_UP);
        }
    }

    /// The part of a straight piece within the plot and [`CLIP_MARGIN`] (Liang and Barsky, "A New Concept and Method for Line
    /// Clipping", 1984).
    fn clip(&self, from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        let edges = [
            (-dx, from.0 + CLIP_MARGIN),
            (dx, self.transform.width + CLIP_MARGIN - from.0),
            (-dy, from.1 + CLIP_MARGIN),
            (dy, self.transform.height + CLIP_MARGIN - from.1),
        ];
        for (towards, room) in edges {
            if towards == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if towards < 0.0 {
                enter = enter.max(room / towards);
            } else {
                leave = leave.min(room / towards);
            }
        }
        // Ends within the edges stay what they are, to the bit.
        let on = |share: f64| (from.0 + share * dx, from.1 + share * dy);
        (enter <= leave).then(|| (if enter == 0.0 { from } else { on(enter) }, if leave == 1.0 { to } else { on(leave) }))
    }

    fn finish(mut self) -> Polyline {
        if self.path.last().is_some_and(|last| last.0.is_nan()) {
            self.path.pop();
        }
        self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `;` lifts the pen.
    fn trace(columns: &[Column], y: Scale) -> String {
        let x = Scale::linear(0.0, 100.0);
        let transform = PlotTransform { x: &x, y: &y, width: 100.0, height: 100.0, snap: false };
        let parts: Vec<_> = trace_columns(columns, &transform)
            .iter()
            .map(|(x, y)| if x.is_nan() { ";".into() } else { format!("{x:.0},{y:.0}") })
            .collect();
        parts.join(" ")
    }

    fn points(points: &[(f64, f64)]) -> Vec<Column> {
        points.iter().map(|(x, y)| Column::point(*x, *y)).collect()
    }

    fn joined(list: &[(f64, f64)]) -> Column {
        let all = points(list);
        all[1..].iter().fold(all[0], |mut sum, next| {
            sum.merge(next);
            sum
        })
    }

    #[test]
    fn a_column_goes_first_extremes_last_without_repeating() {
        let column = joined(&[(10.0, 50.0), (11.0, 90.0), (12.0, 20.0), (13.0, 40.0)]);
        assert_eq!(trace(&[column], Scale::linear(0.0, 100.0)), "10,50 11,10 12,80 13,60");
        let rising = joined(&[(10.0, 20.0), (12.0, 70.0)]);
        assert_eq!(trace(&[rising], Scale::linear(0.0, 100.0)), "10,80 12,30");
    }

    #[test]
    fn what_is_no_number_lifts_the_pen_and_a_lone_point_stays() {
        let line = points(&[(1.0, 50.0), (2.0, f64::NAN), (3.0, 50.0), (4.0, f64::INFINITY), (5.0, 50.0), (6.0, 50.0)]);
        assert_eq!(trace(&line, Scale::linear(0.0, 100.0)), "1,50 ; 3,50 ; 5,50 6,50");
        let column = joined(&[(10.0, f64::NAN), (11.0, 90.0), (12.0, 20.0), (13.0, f64::NAN)]);
        assert_eq!(trace(&[points(&[(9.0, 50.0)])[0], column], Scale::linear(0.0, 100.0)), "9,50 ; 11,10 12,80");
    }

    #[test]
    fn a_step_backwards_begins_a_new_run() {
        assert_eq!(
            trace(&points(&[(10.0, 50.0), (30.0, 50.0), (20.0, 40.0), (40.0, 40.0)]), Scale::linear(0.0, 100.0)),
            "10,50 30,50 ; 20,60 40,60"
        );
    }

    #[test]
    fn a_log_scale_leaves_out_what_has_no_place() {
        assert_eq!(trace(&points(&[(1.0, 10.0), (2.0, 0.0), (3.0, 10.0), (4.0, 1.0)]), Scale::log(1.0, 100.0)), "1,50 ; 3,50 4,100");
        let column = joined(&[(1.0, 10.0), (2.0, -5.0), (3.0, 1.0)]);
        assert_eq!(trace(&[column], Scale::log(1.0, 100.0)), "1,50 3,100");
    }

    #[test]
    fn what_is_passed_over_out_of_sight_would_not_have_been_seen() {
        let mut seed = 7_u64;
        let mut below = |end: u64| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % end
        };
        let (x, y) = (Scale::linear(0.0, 100.0), Scale::linear(0.0, 100.0));
        let transform = PlotTransform { x: &x, y: &y, width: 100.0, height: 100.0, snap: false };
        let mut longest = 0;
        for _ in 0..2000 {
            let mut step = -400.0;
            let list: Vec<(f64, f64)> = (0..60)
                .map(|_| {
                    step += [1.0, 7.0, 40.0, -30.0, -500.0, 600.0][[0, 1, 1, 2, 2, 2, 3, 4, 5][below(9) as usize]];
                    let odd = [f64::NAN, 1e9, -300.0, f64::INFINITY];
                    (step, odd.get(below(20) as usize).copied().unwrap_or(below(100) as f64))
                })
                .collect();
            let path = trace_columns(&points(&list), &transform);
            let written = |path: &Polyline| path.iter().map(|(x, y)| format!("{x} {y}")).collect::<Vec<_>>();
            assert_eq!(written(&path), written(&trace_points(&list, &transform)), "{list:?}");
            longest = longest.max(path.len());
        }
        assert!(longest > 20);
    }

    #[test]
    fn lines_are_cut_where_they_leave_and_go_on_where_they_return() {
        let far = points(&[(-1e12, 50.0), (50.0, 50.0), (60.0, 1e300), (70.0, 50.0), (1e300, 50.0)]);
        assert_eq!(trace(&far, Scale::linear(0.0, 100.0)), "-16,50 50,50 50,-16 ; 70,-16 70,50 116,50");
        assert_eq!(trace(&points(&[(-50.0, 50.0), (-40.0, 50.0), (150.0, 50.0)]), Scale::linear(0.0, 100.0)), "-16,50 116,50");
    }
}
