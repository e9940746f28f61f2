//! What stands for a run of consecutive points: first, last, lowest and highest, so that a line drawn through columns is the
//! line through all points (M4: Jugel, Jerzak, Hackenbroich, Markl: "M4: A Visualization-Oriented Time Series Data
//! Aggregation", PVLDB 7(10), 2014), and how many were not numbers.

/// Consecutive points of one series, at least one, seen along one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// How many points it stands for; 1 is a point as it was sent.
    pub count: u64,
    /// Where the first and the last point stand.
    pub x_first: f64,
    pub x_last: f64,
    /// The leftmost and the rightmost place: other than first and last where the steps go backwards.
    pub x_min: f64,
    pub x_max: f64,
    /// The values of the first and the last point, whatever they are.
    pub first: f64,
    pub last: f64,
    /// Lowest and highest finite value; both NaN when no value is finite.
    pub min: f64,
    pub max: f64,
    /// Where the lowest and the highest stand: exact for a single point, else within the column.
    pub at_min: f64,
    pub at_max: f64,
    /// The sum of the finite values: divided by [`Self::finite`] it is their mean.
    pub sum: f64,
    pub nan: u64,
    pub pos_inf: u64,
    pub neg_inf: u64,
    /// How often a point stands left of the one before it: each time a new segment of the line begins.
    pub breaks: u64,
}

impl Column {
    pub fn point(x: f64, y: f64) -> Self {
        let finite = if y.is_finite() { y } else { f64::NAN };
        Self {
            count: 1,
            x_first: x,
            x_last: x,
            x_min: x,
            x_max: x,
            first: y,
            last: y,
            min: finite,
            max: finite,
            at_min: x,
            at_max: x,
            sum: if y.is_finite() { y } else { 0.0 },
            nan: u64::from(y.is_nan()),
            pos_inf: u64::from(y == f64::INFINITY),
            neg_inf: u64::from(y == f64::NEG_INFINITY),
            breaks: 0,
        }
    }

    /// Puts `next`, which begins where this one ends, into this column.
    pub fn merge(&mut self, next: &Self) {
        self.breaks += next.breaks + u64::from(next.x_first < self.x_last);
        // Comparisons with NaN are false: a column without a finite value changes nothing, and is changed by any.
        if next.min < self.min || self.min.is_nan() {
            (self.min, self.at_min) = (next.min, next.at_min);
        }
        if next.max > self.max || self.max.is_nan() {
            (self.max, self.at_max) = (next.max, next.at_max);
        }
        self.count += next.count;
        (self.x_last, self.last) = (next.x_last, next.last);
        self.x_min = self.x_min.min(next.x_min);
        self.x_max = self.x_max.max(next.x_max);
        self.sum += next.sum;
        self.nan += next.nan;
        self.pos_inf += next.pos_inf;
        self.neg_inf += next.neg_inf;
    }

    /// Counts its places from `origin`.
    pub fn shift_left(&mut self, origin: f64) {
        for place in [&mut self.x_first, &mut self.x_last, &mut self.x_min, &mut self.x_max, &mut self.at_min, &mut self.at_max] {
            *place -= origin;
        }
    }

    pub fn finite(&self) -> u64 {
        self.count - self.nan - self.pos_inf - self.neg_inf
    }

    /// The mean of the finite values; NaN when there is none.
    pub fn mean(&self) -> f64 {
        self.sum / self.finite() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(points: &[(f64, f64)]) -> Column {
        let mut all = points.iter().map(|(x, y)| Column::point(*x, *y));
        let mut column = all.next().unwrap();
        all.for_each(|next| column.merge(&next));
        column
    }

    #[test]
    fn a_column_knows_its_extremes_and_what_is_no_number() {
        let column = of(&[(0.0, f64::NAN), (1.0, 3.0), (2.0, f64::INFINITY), (3.0, -1.0), (4.0, 2.0)]);
        assert_eq!((column.min, column.at_min, column.max, column.at_max), (-1.0, 3.0, 3.0, 1.0));
        assert_eq!((column.count, column.finite(), column.nan, column.pos_inf), (5, 3, 1, 1));
        assert_eq!((column.last, column.sum, column.breaks), (2.0, 4.0, 0));
        assert!(column.first.is_nan());
    }

    #[test]
    fn a_restart_is_a_break() {
        let column = of(&[(10.0, 1.0), (20.0, 1.0), (15.0, 1.0), (30.0, 1.0)]);
        assert_eq!((column.breaks, column.x_first, column.x_last, column.x_min, column.x_max), (1, 10.0, 30.0, 10.0, 30.0));
    }
}
