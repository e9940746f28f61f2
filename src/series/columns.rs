//! The columns of one line as the page holds them: they grow with new points, and are merged as the range grows.

use super::{Column, Extent, NO_PLACE, Place};

/// How wide a column may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PixelWidth {
    /// In units of x.
    Even(f64),
    /// As a share of x, where columns are those of a logarithmic axis.
    Share(f64),
}

impl PixelWidth {
    fn at(self, x: f64) -> f64 {
        match self {
            Self::Even(width) => width,
            // What is not above 0 has no place on that axis, and stays as it is.
            Self::Share(share) => (x * share).max(0.0),
        }
    }
}

/// In the order of the points, as columns of a query are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    pub list: Vec<Column>,
    /// For each column its place on the smoothed line: as long as the list.
    pub places: Vec<Place>,
}

impl Columns {
    /// Columns without a place on a smoothed line have [`NO_PLACE`].
    pub fn new(list: Vec<Column>, mut places: Vec<Place>) -> Self {
        places.resize(list.len(), NO_PLACE);
        Self { list, places }
    }

    /// Lets go of the first ones.
    pub fn forget(&mut self, count: usize) {
        self.list.drain(..count);
        self.places.drain(..count);
    }

    /// Takes the newest point. It goes into the last column where both then span at most `pixel`, in units of x, and x did not
    /// go back; else it begins a new one. With `pixel` 0 nothing is merged: for lines of fewer points than twice the width.
    pub fn push(&mut self, x: f64, y: f64, pixel: PixelWidth) {
        self.push_smoothed(x, y, pixel, NO_PLACE);
    }

    /// The same with the point's place on the smoothed line. Of columns that are merged the last place is kept: places are left out, never
    /// averaged.
    pub fn push_smoothed(&mut self, x: f64, y: f64, pixel: PixelWidth, place: Place) {
        self.list.push(Column::point(x, y));
        self.places.push(place);
        self.join(self.list.len().saturating_sub(2), pixel);
    }

    /// Merges neighbours as long as their union spans at most `pixel`, never across a step back. No two neighbours that are left
    /// could be merged, so there are at most two of them a pixel; with twice the pixel that they were made with, pairs become one.
    /// Called when the list has doubled it costs O(1) for each point pushed in between.
    pub fn coarsen(&mut self, pixel: PixelWidth) {
        self.join(0, pixel);
    }

    fn join(&mut self, start: usize, pixel: PixelWidth) {
        let mut end = start;
        for at in start + 1..self.list.len() {
            let (next, place) = (self.list[at], self.places[at]);
            let last = &mut self.list[end];
            let left = last.x_min.min(next.x_min);
            let (span, pixel) = (last.x_max.max(next.x_max) - left, pixel.at(left));
            if pixel > 0.0 && span <= pixel && next.x_first >= last.x_last {
                last.merge(&next);
                if !place.0.is_nan() {
                    self.places[end] = place;
                }
            } else {
                end += 1;
                (self.list[end], self.places[end]) = (next, place);
            }
        }
        self.list.truncate(end + 1);
        self.places.truncate(end + 1);
    }

    /// How many points they stand for.
    pub fn points(&self) -> u64 {
        self.list.iter().map(|column| column.count).sum()
    }

    /// Bounds of x, and of the finite values, of the columns that touch `from..=to`.
    pub fn extent(&self, from: f64, to: f64) -> (Extent, Extent) {
        let (mut x, mut y) = (Extent::EMPTY, Extent::EMPTY);
        for column in &self.list {
            if column.x_max >= from && column.x_min <= to {
                x.include(column.x_min, column.x_max);
                y.include(column.min, column.max);
            }
        }
        (x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_go_into_the_last_column_while_it_stays_within_a_pixel() {
        let mut columns = Columns::default();
        for (at, y) in [(0.0, 1.0), (1.0, -9.0), (2.0, 4.0), (3.0, f64::NAN), (4.0, 2.0), (5.0, 7.0)] {
            columns.push(at, y, PixelWidth::Even(2.0));
        }
        let counts: Vec<_> = columns.list.iter().map(|column| (column.count, column.x_first, column.x_last, column.nan)).collect();
        assert_eq!(counts, [(3, 0.0, 2.0, 0), (3, 3.0, 5.0, 1)]);
        assert_eq!((columns.list[0].min, columns.list[0].at_min), (-9.0, 1.0));
        assert_eq!(columns.points(), 6);
    }

    #[test]
    fn without_a_pixel_all_stay_points_even_in_one_place() {
        let mut columns = Columns::default();
        (0..10).for_each(|y| columns.push(5.0, f64::from(y), PixelWidth::Even(0.0)));
        assert_eq!(columns.list.len(), 10);
        columns.coarsen(PixelWidth::Even(0.0));
        assert_eq!(columns.list.len(), 10);
        columns.coarsen(PixelWidth::Even(1e-9));
        assert_eq!(columns.list.len(), 1);
        assert_eq!((columns.list[0].first, columns.list[0].last), (0.0, 9.0));
    }

    #[test]
    fn of_the_places_on_a_smoothed_line_the_last_one_of_each_column_is_kept() {
        let mut columns = Columns::default();
        for x in 0..100 {
            let x = f64::from(x);
            columns.push_smoothed(
                x,
                x,
                PixelWidth::Even(if x < 50.0 { 0.0 } else { 2.0 }),
                if x % 7.0 == 3.0 { NO_PLACE } else { (x, x / 2.0) },
            );
        }
        columns.coarsen(PixelWidth::Even(9.0));
        columns.forget(2);
        assert_eq!(columns.list.len(), columns.places.len());
        for (column, place) in columns.list.iter().zip(&columns.places) {
            let at = if column.x_last % 7.0 == 3.0 { column.x_last - 1.0 } else { column.x_last };
            assert_eq!(*place, (at, at / 2.0), "{column:?}");
        }
    }

    #[test]
    fn a_step_back_is_never_merged_away() {
        let mut columns = Columns::default();
        for x in [0.0, 1.0, 2.0, 1.0, 2.0, 3.0] {
            columns.push(x, x, PixelWidth::Even(100.0));
        }
        columns.coarsen(PixelWidth::Even(1000.0));
        let counts: Vec<_> = columns.list.iter().map(|column| (column.count, column.x_first, column.breaks)).collect();
        assert_eq!(counts, [(3, 0.0, 0), (3, 1.0, 0)]);
    }

    #[test]
    fn merging_in_stages_says_what_merging_at_once_says() {
        let mut columns = Columns::default();
        let mut whole: Option<Column> = None;
        let mut seed = 7_u64;
        let mut pixel = 0.0;
        for step in 0..50_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let y = if step % 9_973 == 5 { f64::INFINITY } else { (seed >> 40) as f64 };
            let x = f64::from(step);
            match &mut whole {
                Some(whole) => whole.merge(&Column::point(x, y)),
                None => whole = Some(Column::point(x, y)),
            }
            columns.push(x, y, PixelWidth::Even(pixel));
            if columns.list.len() > 200 {
                pixel = x / 100.0;
                columns.coarsen(PixelWidth::Even(pixel));
                assert!(columns.list.len() <= 200, "{} columns at {step}", columns.list.len());
            }
        }
        let (x, y) = columns.extent(f64::NEG_INFINITY, f64::INFINITY);
        columns.coarsen(PixelWidth::Even(1e9));
        assert_eq!(columns.list.len(), 1);
        assert_eq!(Some(columns.list[0]), whole);
        assert_eq!((x, y), (Extent { min: 0.0, max: 49_999.0 }, Extent { min: columns.list[0].min, max: columns.list[0].max }));
    }

    #[test]
    fn columns_of_a_logarithmic_axis_grow_with_x() {
        let mut columns = Columns::default();
        (-2..1000).for_each(|x| columns.push(f64::from(x), 0.0, PixelWidth::Share(0.1)));
        let spans: Vec<_> = columns.list.iter().map(|column| (column.x_first, column.x_last)).collect();
        assert_eq!(spans[..4], [(-2.0, -2.0), (-1.0, -1.0), (0.0, 0.0), (1.0, 1.0)]);
        assert!(spans.iter().all(|(first, last)| last == first || last / first <= 1.1), "{spans:?}");
        assert!(spans.len() < 60 && spans.contains(&(9.0, 9.0)), "{spans:?}");
    }

    #[test]
    fn the_extent_is_that_of_the_range_and_of_finite_values() {
        let mut columns = Columns::default();
        assert!(columns.extent(0.0, 1.0).1.is_empty());
        for (x, y) in [(0.0, 100.0), (1.0, 1.0), (2.0, f64::INFINITY), (3.0, 3.0), (4.0, f64::NAN)] {
            columns.push(x, y, PixelWidth::Even(0.0));
        }
        assert_eq!(columns.extent(0.5, 9.0), (Extent { min: 1.0, max: 4.0 }, Extent { min: 1.0, max: 3.0 }));
        assert!(columns.extent(3.5, 9.0).1.is_empty());
    }
}
