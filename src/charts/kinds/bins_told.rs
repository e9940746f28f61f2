//! What can be pointed at in a histogram: a bin, over steps a bin of a step.

use super::histogram::{Histogram, View};
use super::sheet::{Plot, Sheet, values, words};
use crate::charts::{Scale, number};
use crate::protocol::spots::{Field, Spots};

impl Histogram {
    /// A spot for each bin; over steps, for each bin of each step that is drawn.
    pub fn spots(&self, sheet: &Sheet) -> Spots {
        let (svg, plot) = self.draw(sheet);
        let mut spots = plot.spots(&svg);
        match self.view {
            _ if self.steps.is_empty() => self.column_spots(&plot, &mut spots),
            View::Heat => self.heat_spots(&plot, &mut spots),
            View::Ridge => self.ridge_spots(&plot, &mut spots),
        }
        spots
    }

    /// The ranges of all bins, and which of them each spot stands for.
    fn ranges(&self, bins: impl Iterator<Item = usize>) -> Field {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let range = |pair: &[f64]| format!("{} to {}{unit}", number(pair[0]), number(pair[1]));
        words("", self.edges.windows(2).map(range).collect(), bins)
    }

    fn column_spots(&self, plot: &Plot, spots: &mut Spots) {
        let (Some(bins), (lo, hi)) = (self.counts.first(), self.ends()) else { return };
        let along = Scale::linear(lo, hi);
        self.edges.windows(2).for_each(|pair| spots.push((along.at(pair[0]), along.at(pair[1])), (plot.top, plot.bottom)));
        spots.fields = vec![self.ranges(0..bins.counts.len()), values("count", "", Some(0), bins.counts.clone())];
        if !self.is_even() {
            spots.fields.push(values("count per unit", "", None, self.heights(bins)));
        }
    }

    fn heat_spots(&self, plot: &Plot, spots: &mut Spots) {
        let (each, merged) = self.merged(|bins| bins.counts.clone());
        let (bins, (lo, hi)) = (self.edges.len() - 1, self.ends());
        let along = Scale::linear(lo, hi);
        let down = |edge: f64| plot.bottom - along.at(edge) * (plot.bottom - plot.top);
        for column in 0..merged.len() {
            let share = |at: usize| at as f64 / merged.len() as f64;
            self.edges.windows(2).for_each(|pair| spots.push((share(column), share(column + 1)), (down(pair[1]), down(pair[0]))));
        }
        let steps = self.steps.chunks(each).map(|steps| match steps {
            [first, .., last] => format!("{} to {}", number(*first), number(*last)),
            _ => number(steps[0]),
        });
        let columns = 0..merged.len();
        spots.fields = vec![
            words("step", steps.collect(), columns.clone().flat_map(|column| (0..bins).map(move |_| column))),
            Field { name: "value".into(), ..self.ranges(columns.flat_map(|_| 0..bins)) },
            values(if each > 1 { "highest count" } else { "count" }, "", None, merged.concat()),
        ];
    }

    fn ridge_spots(&self, plot: &Plot, spots: &mut Spots) {
        let ridges = self.ridges(plot.top, plot.bottom);
        let (bins, (lo, hi)) = (self.edges.len() - 1, self.ends());
        let along = Scale::linear(lo, hi);
        let mut counts = Vec::new();
        for (at, step) in ridges.picked.iter().enumerate() {
            // What is in front covers what is behind, here as in the drawing.
            for (pair, height) in self.edges.windows(2).zip(&ridges.heights[at]) {
                spots
                    .push((along.at(pair[0]), along.at(pair[1])), (ridges.base(at) - height / ridges.most * ridges.reach, ridges.base(at)));
            }
            counts.extend_from_slice(&self.counts[*step].counts);
        }
        let count = ridges.picked.len();
        let steps = ridges.picked.iter().map(|at| number(self.steps[*at])).collect();
        spots.fields = vec![
            words("step", steps, (0..count).flat_map(|at| (0..bins).map(move |_| at))),
            Field { name: "value".into(), ..self.ranges((0..count).flat_map(|_| 0..bins)) },
            values("count", "", Some(0), counts),
        ];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::kinds::Bins;
    use crate::charts::kinds::well_formed::fixed;

    #[test]
    fn every_bin_is_found() {
        let counts = Bins { counts: vec![3.0, 0.0, 5.0], ..Bins::default() };
        let mut histogram = Histogram { edges: vec![0.0, 1.0, 2.0, 4.0], counts: vec![counts], unit: "s".into(), ..Histogram::default() };
        let spots = histogram.spots(&fixed());
        assert_eq!(spots.fields[0].texts, ["0 to 1 s", "1 to 2 s", "2 to 4 s"]);
        assert_eq!((spots.fields[1].numbers.as_slice(), spots.fields[2].numbers.as_slice()), (&[3.0, 0.0, 5.0][..], &[3.0, 0.0, 2.5][..]));
        let at = |share: f64| spots.left + share * (640.0 - spots.left - spots.right);
        let found: Vec<_> = [0.1, 0.4, 0.9].map(|share| spots.nearest((at(share), 100.0), 640.0, 0.0).unwrap()).to_vec();
        assert_eq!(found, [0, 1, 2]);

        histogram.steps = vec![10.0, 20.0];
        histogram.counts = vec![histogram.counts[0].clone(), Bins { counts: vec![1.0, 2.0, 7.0], ..Bins::default() }];
        for view in [View::Heat, View::Ridge] {
            histogram.view = view;
            let spots = histogram.spots(&fixed());
            let said = |spot: usize| {
                let text = |field: usize| spots.fields[field].texts[spots.fields[field].numbers[spot] as usize].clone();
                (text(0), text(1), spots.fields[2].numbers[spot])
            };
            assert_eq!((said(0), said(5)), (("10".into(), "0 to 1 s".into(), 3.0), ("20".into(), "2 to 4 s".into(), 7.0)));
            let [left, right, top, bottom] = spots.place(5, 640.0);
            assert_eq!(spots.nearest(((left + right) / 2.0, (top + bottom) / 2.0), 640.0, 0.0), Some(5), "{view:?}");
        }
        assert_eq!(histogram.spots(&fixed()).y[1][5], 320.0 - 22.0, "the newest ridge stands on the axis");
    }

    #[test]
    fn steps_that_share_a_column_are_told_with_their_highest_count() {
        let mut counts = vec![Bins { counts: vec![1.0], ..Bins::default() }; 1000];
        counts[7].counts[0] = 500.0;
        let steps = (0..1000).map(f64::from).collect();
        let spots = Histogram { steps, edges: vec![0.0, 1.0], counts, ..Histogram::default() }.spots(&fixed());
        assert_eq!(
            (spots.fields[0].texts[1].as_str(), spots.fields[2].numbers[1], spots.fields[2].name.as_str()),
            ("5 to 9", 500.0, "highest count")
        );
    }
}
