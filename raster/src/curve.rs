//! Curves into a buffer of pixels, for `putImageData`: anti-aliased by the distance to the line, fast where columns are dense.
//!
//! All pieces of a curve are gathered as coverage before it is laid over the picture (see [`Pixels`]): joints are not darker than the
//! rest. Pieces of one vertical line are drawn as one run: the first, lowest, highest and last point of a pixel column give the very same
//! pixels as all points in it.

use crate::{Colour, Pixels};

/// How a curve is drawn; lengths in device pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke<'a> {
    pub colour: Colour,
    /// 0 to 1.
    pub alpha: f64,
    pub width: f64,
    /// Lengths of dashes and gaps, by turns, measured along the x axis. A gap spares what is about level only: nothing steep is lost in it.
    pub dash: &'a [f64],
}

/// The points of a run that stand above one another.
#[derive(Clone, Copy)]
struct Upright {
    x: f64,
    first: f64,
    last: f64,
    low: f64,
    high: f64,
}

impl Upright {
    /// Whether the piece to the next pixel column has no pixel of its own: both uprights reach as far as it does. Most do in a noisy curve.
    fn hides_piece_to(&self, next: &Self) -> bool {
        next.x == self.x + 1.0 && next.low <= self.last && self.last <= next.high && self.low <= next.first && next.first <= self.high
    }
}

/// A dot is this much wider than the line.
pub const DOT: f64 = 3.0;

impl Pixels {
    /// Draws the runs of a path in device pixels; what leaves the picture is cut off. A run that stays in one place is a dot.
    pub fn draw_curve(&mut self, path: &[(f64, f64)], stroke: &Stroke) {
        for run in path.split(|point| point.0.is_nan()) {
            self.run(run, stroke);
        }
        self.compose(stroke.colour, stroke.alpha);
    }

    fn run(&mut self, run: &[(f64, f64)], stroke: &Stroke) {
        let Some(&first) = run.first() else { return };
        let reach = (stroke.width / 2.0 + 0.5) as f32;
        if run.iter().all(|point| *point == first) {
            return self.disc(first.0, first.1, (stroke.width / 2.0 * DOT + 0.5) as f32, (0, self.height));
        }
        // Points above one another are one upright; from the last of them the line goes on to the first of the next.
        let mut before: Option<Upright> = None;
        let mut points = run.iter().copied().peekable();
        while let Some((x, y)) = points.next() {
            let mut here = Upright { x, first: y, last: y, low: y, high: y };
            while let Some((_, y)) = points.next_if(|next| next.0 == x) {
                // Comparisons: `min` and `max` are calls in the browser, and this is its inner loop.
                if y < here.low {
                    here.low = y;
                }
                if y > here.high {
                    here.high = y;
                }
                here.last = y;
            }
            if let Some(before) = before.replace(here)
                && !before.hides_piece_to(&here)
            {
                self.slanted((before.x, before.last), (x, here.first), reach, stroke.dash);
            }
            self.upright(x, here.low, here.high, reach, stroke.dash);
        }
    }

    /// All points at one x: a straight piece with round ends, which the pieces beside it end in; a disc when it has no height.
    fn upright(&mut self, x: f64, low: f64, high: f64, reach: f32, dash: &[f64]) {
        // Level enough for a gap.
        if high - low < f64::from(reach) * 2.0 && x >= 0.0 && in_gap(x as usize, dash) {
            return;
        }
        if low == high {
            return self.disc(x, low, reach, (0, self.height));
        }
        let rows = (whole(low as f32 + 0.5).min(self.height), whole(high as f32 + 0.5).min(self.height));
        // On the rows between the ends nothing is nearer to them than to the line.
        self.disc(x, low, reach, (0, rows.0));
        self.disc(x, high, reach, (rows.1, self.height));
        let x = x as f32;
        for column in whole(x - reach + 0.5)..whole(x + reach + 0.5).min(self.width) {
            let cover = coverage(reach - (column as f32 + 0.5 - x).abs());
            self.raise(column, rows, cover);
        }
    }

    /// The part of a disc that is on these rows, from and to before.
    fn disc(&mut self, x: f64, y: f64, reach: f32, (from, to): (usize, usize)) {
        let (x, y) = (x as f32, y as f32);
        let rows = (whole(y - reach + 0.5).max(from), whole(y + reach + 0.5).min(to));
        for column in whole(x - reach + 0.5)..whole(x + reach + 0.5).min(self.width) {
            let aside = column as f32 + 0.5 - x;
            self.cover(column, rows, |row| {
                let down = row + 0.5 - y;
                coverage(reach - (aside * aside + down * down).sqrt())
            });
        }
    }

    /// The straight piece between two points, without the round ends.
    fn slanted(&mut self, from: (f64, f64), to: (f64, f64), reach: f32, dash: &[f64]) {
        let (from, to) = if from.0 <= to.0 { (from, to) } else { (to, from) };
        let (x, y, dx, dy) = (from.0 as f32, from.1 as f32, (to.0 - from.0) as f32, (to.1 - from.1) as f32);
        let length = (dx * dx + dy * dy).sqrt();
        let (along_x, along_y) = (dx / length, dy / length);
        // Between these heights a pixel column is near the endless line; they move on by `slope` from column to column.
        let (slope, spread) = (dy / dx, reach / along_x);
        // Between these it is beside the piece: they move on by `turn`.
        let (turn, rise) = (along_x / along_y, length / along_y);
        let swing = reach * along_y.abs();
        let level = dy.abs() <= dx;
        for column in whole(x - swing + 0.5)..whole(x + dx + swing + 0.5).min(self.width) {
            if level && in_gap(column, dash) {
                continue;
            }
            let aside = column as f32 + 0.5 - x;
            let middle = y + aside * slope;
            let (mut first, mut last) = (middle - spread, middle + spread);
            // Level pieces have no such heights: the columns alone say where they end.
            if along_y.abs() > 1e-4 {
                let one = y - aside * turn;
                first = larger(first, smaller(one, one + rise));
                last = smaller(last, larger(one, one + rise));
            }
            let rows = (whole(first + 0.5), whole(last + 0.5).min(self.height));
            self.cover(column, rows, |row| coverage(reach - ((row + 0.5 - middle) * along_x).abs()));
        }
    }
}

/// A share from 0 to 1 as a byte.
#[inline(always)]
fn coverage(share: f32) -> u8 {
    // From 2^23 on a float has no room for a fraction: the sum's lowest byte is the rounded number. Casts are slower.
    (larger(smaller(share, 1.0), 0.0) * 255.0 + 8_388_608.0).to_bits() as u8
}

/// The whole part; 0 for what is below.
#[inline(always)]
fn whole(value: f32) -> usize {
    value as u32 as usize
}

// Not those of `std`, which care for NaN: here is none.
#[inline(always)]
fn larger(one: f32, other: f32) -> f32 {
    if one > other { one } else { other }
}

#[inline(always)]
fn smaller(one: f32, other: f32) -> f32 {
    if one < other { one } else { other }
}

fn in_gap(column: usize, dash: &[f64]) -> bool {
    if dash.is_empty() {
        return false;
    }
    // Not by `%`, which is a kilobyte of code in the browser.
    let (place, period) = (column as f64 + 0.5, dash.iter().sum::<f64>());
    let mut at = place - (place / period).floor() * period;
    for (turn, length) in dash.iter().enumerate() {
        if at < *length {
            return turn % 2 == 1;
        }
        at -= length;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Stroke = Stroke { colour: 0, alpha: 1.0, width: 1.5, dash: &[] };

    fn alpha(pixels: &Pixels, x: usize, y: usize) -> u8 {
        pixels.rgba[y * pixels.width + x][3]
    }

    fn drawn(path: &[(f64, f64)], stroke: &Stroke) -> Pixels {
        let mut pixels = Pixels::new(40, 30);
        pixels.draw_curve(path, stroke);
        pixels
    }

    #[test]
    fn a_level_line_covers_what_its_width_says() {
        let pixels = drawn(&[(-5.0, 10.5), (50.0, 10.5)], &BLACK);
        assert!((0..40).all(|x| alpha(&pixels, x, 10) == 255
            && alpha(&pixels, x, 9) == 64
            && alpha(&pixels, x, 11) == 64
            && alpha(&pixels, x, 8) == 0));
    }

    #[test]
    fn a_slanted_line_is_as_heavy_as_its_length() {
        for (to, width) in [((35.0, 25.0), 1.0), ((35.0, 8.0), 1.5), ((8.0, 25.0), 2.0), ((35.0, 5.0), 3.0)] {
            let pixels = drawn(&[(5.0, 5.0), to], &Stroke { width, ..BLACK });
            let ink: f64 = pixels.rgba.iter().map(|pixel| f64::from(pixel[3]) / 255.0).sum();
            // Round ends add about a circle.
            let expected = (to.0 - 5.0_f64).hypot(to.1 - 5.0) * width + std::f64::consts::PI * width * width / 4.0;
            assert!((ink / expected - 1.0).abs() < 0.08, "{to:?} {width}: {ink:.1} of {expected:.1}");
        }
    }

    #[test]
    fn the_way_of_a_line_makes_no_difference_and_joints_are_not_darker() {
        let there = [(3.0, 4.0), (20.0, 25.0), (37.0, 6.0)];
        let back: Vec<_> = there.iter().rev().copied().collect();
        let half = Stroke { alpha: 0.5, ..BLACK };
        let (one, other) = (drawn(&there, &half), drawn(&back, &half));
        assert!(one.rgba.as_flattened().iter().zip(other.rgba.as_flattened()).all(|(one, other)| one.abs_diff(*other) <= 1));
        assert!(one.rgba.iter().all(|pixel| pixel[3] <= 128));
    }

    #[test]
    fn a_lone_point_is_a_dot_and_nothing_leaves_the_buffer() {
        let pixels = drawn(&[(10.0, 10.0), (f64::NAN, f64::NAN), (1e9, -1e9), (-1e9, 1e9)], &BLACK);
        assert!(alpha(&pixels, 9, 9) == 255 && alpha(&pixels, 10, 10) == 255 && alpha(&pixels, 12, 10) > 0 && alpha(&pixels, 13, 10) == 0);
        drawn(&[(-1e6, 15.0), (1e6, 15.0), (20.0, -1e6), (20.0, 1e6), (39.99, 29.99), (40.0, 30.0)], &BLACK);
        Pixels::new(0, 0).draw_curve(&[(0.0, 0.0), (1.0, 1.0)], &BLACK);
    }

    #[test]
    fn dashes_have_gaps_but_no_spike_falls_into_one() {
        let dash = [4.0, 4.0];
        let pixels = drawn(&[(0.5, 20.5), (25.5, 20.5), (25.5, 2.0), (25.5, 20.5), (39.5, 20.5)], &Stroke { dash: &dash, ..BLACK });
        assert!(alpha(&pixels, 2, 20) == 255 && alpha(&pixels, 6, 20) == 0, "gaps");
        assert!((4..20).all(|y| alpha(&pixels, 25, y) == 255), "a spike");
    }

    #[test]
    fn curves_lie_over_one_another() {
        let mut pixels = Pixels::new(10, 10);
        pixels.draw_curve(&[(0.0, 5.0), (10.0, 5.0)], &Stroke { colour: 0xff0000, width: 4.0, ..BLACK });
        pixels.draw_curve(&[(0.0, 5.0), (10.0, 5.0)], &Stroke { colour: 0x0000ff, width: 4.0, alpha: 0.5, dash: &[] });
        let [red, _, blue, alpha] = pixels.rgba[5 * 10 + 5];
        assert!(alpha == 255 && red.abs_diff(128) <= 1 && blue.abs_diff(127) <= 1, "{red} {blue} {alpha}");
    }
}
