//! The statement of [`crate::charts::polyline`], held against the rasteriser.

use raster::{Pixels, Stroke};

use crate::charts::polyline::{PlotTransform, is_dense, trace_columns};
use crate::charts::scale::{Scale, pad_range};
use crate::series::Column;

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % end
    }

    fn share(&mut self) -> f64 {
        self.below(1 << 30) as f64 / (1_u64 << 30) as f64
    }
}

/// All points of each pixel column as one column.
fn by_pixel(points: &[(f64, f64)], x: &Scale, width: f64) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut pixel = f64::NAN;
    for (at, y) in points {
        let own = (x.normalize(*at) * width).floor();
        match columns.last_mut() {
            Some(last) if own == pixel => last.merge(&Column::point(*at, *y)),
            _ => columns.push(Column::point(*at, *y)),
        }
        pixel = own;
    }
    columns
}

#[test]
fn columns_are_drawn_as_all_points_pixel_by_pixel() {
    let mut random = Random(11);
    for round in 0..300 {
        let count = 2 + random.below(if round % 3 == 0 { 12_000 } else { 900 }) as usize;
        let (mut step, mut level) = (0.0, 1.0);
        let points: Vec<_> = (0..count)
            .map(|_| {
                // Irregular steps, some equal, some far; noise, a trend, and a spike now and then, up or down.
                step += [0.0, 1.0, random.share(), 30.0 * random.share()][random.below(4) as usize];
                level *= 1.0 + (random.share() - 0.5) * 0.01;
                let spike = [40.0, 0.02, 1.0][(random.below(60) as usize).min(2)];
                (step, level * (1.0 + 0.3 * random.share()) * spike)
            })
            .collect();
        // The window lies anywhere, with one more point on each side, as the store answers.
        let (from, to) = (step * random.share() * 0.5, step * (0.5 + random.share() * 0.5));
        let first = points.partition_point(|point| point.0 < from).saturating_sub(1);
        let last = (points.partition_point(|point| point.0 <= to) + 1).min(points.len());
        let points = &points[first..last];
        let (width, height) = (40 + random.below(400) as usize, 20 + random.below(200) as usize);
        let x = Scale::linear(from, to);
        let (low, high) = points.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), point| (low.min(point.1), high.max(point.1)));
        let y = pad_range(low, high, round % 2 == 0);
        let transform = PlotTransform { x: &x, y: &y, width: width as f64, height: height as f64, snap: true };
        let dash: &[f64] = if round % 5 == 0 { &[5.0, 3.0] } else { &[] };
        let stroke = Stroke { colour: 0, alpha: 1.0, width: 1.0 + random.share() * 3.0, dash };
        let columns = by_pixel(points, &x, width as f64);
        let raw: Vec<_> = points.iter().map(|(x, y)| Column::point(*x, *y)).collect();
        assert!(!is_dense(&raw));
        let (mut one, mut other) = (Pixels::new(width, height), Pixels::new(width, height));
        one.draw_curve(&trace_columns(&columns, &transform), &stroke);
        other.draw_curve(&trace_columns(&raw, &transform), &stroke);
        assert!(!stroke.dash.is_empty() || one.rgba.iter().any(|pixel| pixel[3] != 0), "round {round}: nothing is drawn");
        assert!(one == other, "round {round}: {} columns of {} points", columns.len(), raw.len());
    }
}
