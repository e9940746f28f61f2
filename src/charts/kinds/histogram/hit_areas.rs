//! What can be pointed at in a histogram: a bin, over steps a bin of a step.

use super::{Histogram, View};
use crate::charts::canvas::ChartCanvas;
use crate::charts::hit_areas::{HitAreas, ReadoutField};
use crate::charts::kinds::parts::{self, PlotRows, numbers_field, texts_field};
use crate::charts::{Scale, format_number};

/// An area for each bin; over steps, for each bin of each step that is drawn.
pub fn hit_areas(histogram: &Histogram, canvas: &ChartCanvas) -> HitAreas {
    let (list, rows) = histogram.lay_out(canvas);
    let mut areas = parts::new_hit_areas(&list);
    match histogram.view {
        _ if histogram.steps.is_empty() => histogram.column_areas(rows, &mut areas),
        View::Heat => histogram.heat_areas(rows, &mut areas),
        View::Ridge => histogram.ridge_areas(rows, &mut areas),
    }
    areas
}

impl Histogram {
    /// The ranges of all bins, and which of them each spot stands for.
    fn ranges(&self, bins: impl Iterator<Item = usize>) -> ReadoutField {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let range = |pair: &[f64]| format!("{} to {}{unit}", format_number(pair[0]), format_number(pair[1]));
        texts_field("", self.edges.windows(2).map(range).collect(), bins)
    }

    fn column_areas(&self, plot: PlotRows, areas: &mut HitAreas) {
        let (Some(bins), (lo, hi)) = (self.counts.first(), self.ends()) else { return };
        let along = Scale::linear(lo, hi);
        self.edges.windows(2).for_each(|pair| areas.push((along.normalize(pair[0]), along.normalize(pair[1])), (plot.top, plot.bottom)));
        areas.fields = vec![self.ranges(0..bins.counts.len()), numbers_field("count", "", Some(0), bins.counts.clone())];
        if !self.is_even() {
            areas.fields.push(numbers_field("count per unit", "", None, self.heights(bins)));
        }
    }

    fn heat_areas(&self, plot: PlotRows, areas: &mut HitAreas) {
        let (each, merged) = self.merged(|bins| bins.counts.clone());
        let (bins, (lo, hi)) = (self.edges.len() - 1, self.ends());
        let along = Scale::linear(lo, hi);
        let down = |edge: f64| plot.bottom - along.normalize(edge) * (plot.bottom - plot.top);
        for column in 0..merged.len() {
            let share = |at: usize| at as f64 / merged.len() as f64;
            self.edges.windows(2).for_each(|pair| areas.push((share(column), share(column + 1)), (down(pair[1]), down(pair[0]))));
        }
        let steps = self.steps.chunks(each).map(|steps| match steps {
            [first, .., last] => format!("{} to {}", format_number(*first), format_number(*last)),
            _ => format_number(steps[0]),
        });
        let columns = 0..merged.len();
        areas.fields = vec![
            texts_field("step", steps.collect(), columns.clone().flat_map(|column| (0..bins).map(move |_| column))),
            ReadoutField { name: "value".into(), ..self.ranges(columns.flat_map(|_| 0..bins)) },
            numbers_field(if each > 1 { "highest count" } else { "count" }, "", None, merged.concat()),
        ];
    }

    fn ridge_areas(&self, plot: PlotRows, areas: &mut HitAreas) {
        let ridges = self.ridges(plot.top, plot.bottom);
        let (bins, (lo, hi)) = (self.edges.len() - 1, self.ends());
        let along = Scale::linear(lo, hi);
        let mut counts = Vec::new();
        for (at, step) in ridges.picked.iter().enumerate() {
            // What is in front covers what is behind, here as in the drawing.
            for (pair, height) in self.edges.windows(2).zip(&ridges.heights[at]) {
                areas.push(
                    (along.normalize(pair[0]), along.normalize(pair[1])),
                    (ridges.base(at) - height / ridges.most * ridges.reach, ridges.base(at)),
                );
            }
            counts.extend_from_slice(&self.counts[*step].counts);
        }
        let count = ridges.picked.len();
        let steps = ridges.picked.iter().map(|at| format_number(self.steps[*at])).collect();
        areas.fields = vec![
            texts_field("step", steps, (0..count).flat_map(|at| (0..bins).map(move |_| at))),
            ReadoutField { name: "value".into(), ..self.ranges((0..count).flat_map(|_| 0..bins)) },
            numbers_field("count", "", Some(0), counts),
        ];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::kinds::Chart;
    use crate::charts::kinds::bins::Bins;
    use crate::charts::kinds::well_formed::fixed;

    #[test]
    fn every_bin_is_found() {
        let counts = Bins { counts: vec![3.0, 0.0, 5.0], ..Bins::default() };
        let mut histogram = Histogram { edges: vec![0.0, 1.0, 2.0, 4.0], counts: vec![counts], unit: "s".into(), ..Histogram::default() };
        let areas = histogram.hit_areas(&fixed());
        assert_eq!(areas.fields[0].texts, ["0 to 1 s", "1 to 2 s", "2 to 4 s"]);
        assert_eq!((areas.fields[1].numbers.as_slice(), areas.fields[2].numbers.as_slice()), (&[3.0, 0.0, 5.0][..], &[3.0, 0.0, 2.5][..]));
        let at = |share: f64| areas.left + share * (640.0 - areas.left - areas.right);
        let found: Vec<_> = [0.1, 0.4, 0.9].map(|share| areas.nearest((at(share), 100.0), 640.0, 0.0).unwrap()).to_vec();
        assert_eq!(found, [0, 1, 2]);

        histogram.steps = vec![10.0, 20.0];
        histogram.counts = vec![histogram.counts[0].clone(), Bins { counts: vec![1.0, 2.0, 7.0], ..Bins::default() }];
        for view in [View::Heat, View::Ridge] {
            histogram.view = view;
            let areas = histogram.hit_areas(&fixed());
            let said = |spot: usize| {
                let text = |field: usize| areas.fields[field].texts[areas.fields[field].numbers[spot] as usize].clone();
                (text(0), text(1), areas.fields[2].numbers[spot])
            };
            assert_eq!((said(0), said(5)), (("10".into(), "0 to 1 s".into(), 3.0), ("20".into(), "2 to 4 s".into(), 7.0)));
            let [left, right, top, bottom] = areas.place(5, 640.0);
            assert_eq!(areas.nearest(((left + right) / 2.0, (top + bottom) / 2.0), 640.0, 0.0), Some(5), "{view:?}");
        }
        assert_eq!(histogram.hit_areas(&fixed()).y[1][5], 320.0 - 22.0, "the newest ridge stands on the axis");
    }

    #[test]
    fn steps_that_share_a_column_have_their_highest_count() {
        let mut counts = vec![Bins { counts: vec![1.0], ..Bins::default() }; 1000];
        counts[7].counts[0] = 500.0;
        let steps = (0..1000).map(f64::from).collect();
        let areas = Histogram { steps, edges: vec![0.0, 1.0], counts, ..Histogram::default() }.hit_areas(&fixed());
        assert_eq!(
            (areas.fields[0].texts[1].as_str(), areas.fields[2].numbers[1], areas.fields[2].name.as_str()),
            ("5 to 9", 500.0, "highest count")
        );
    }
}
