//! The exponential moving average over columns, so that smoothing sees every point at the cost of the columns.

use super::Column;

/// The debiased exponential moving average (the bias correction is that of Adam: Kingma and Ba, 2015), as (x, y).
///
/// Every finite point enters, by its column's exact mean m: a column of n finite points acts as n points of value m, that is
/// s' = wⁿ s + (1 - wⁿ) m, divided by 1 - w^(finite points so far). Where all columns are points this is the usual average of
/// points; else it is what that would be if the values inside a column came in no particular order. It is given at the last x
/// of each column with a finite value. It begins with the first column, and anew where a column begins left of the end of the
/// one before it. `weight` is from 0, the means themselves, to before 1.
pub fn smooth(columns: &[Column], weight: f64) -> Vec<(f64, f64)> {
    let mut line = Vec::new();
    let (mut average, mut bias, mut end) = (0.0, 1.0, f64::NEG_INFINITY);
    for column in columns {
        if column.x_first < end {
            (average, bias) = (0.0, 1.0);
        }
        end = column.x_last;
        if column.finite() > 0 {
            let kept = power(weight, column.finite());
            // The sum of huge values overflows where their mean does not; their middle is then the nearest that is known.
            let mean = if column.sum.is_finite() { column.mean() } else { column.min / 2.0 + column.max / 2.0 };
            average = kept * average + (1.0 - kept) * mean;
            bias *= kept;
            line.push((end, average / (1.0 - bias)));
        }
    }
    line
}

fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut result = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The average of points, as everybody writes it.
    fn usual(values: &[f64], weight: f64) -> Vec<f64> {
        let (mut last, mut count) = (0.0, 0);
        let one = |y: &f64| {
            last = last * weight + (1.0 - weight) * y;
            count += 1;
            last / (1.0 - weight.powi(count))
        };
        values.iter().map(one).collect()
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
    }

    #[test]
    fn over_points_it_is_the_usual_average() {
        let values: Vec<f64> = (0..500).map(|at| f64::from(at * 7919 % 101) - 40.0).collect();
        let points: Vec<_> = values.iter().enumerate().map(|(x, y)| Column::point(x as f64, *y)).collect();
        for weight in [0.0, 0.5, 0.9, 0.999] {
            let line = smooth(&points, weight);
            assert_eq!(line.len(), 500);
            for (at, (expected, (x, y))) in usual(&values, weight).iter().zip(line).enumerate() {
                assert!(x == at as f64 && near(*expected, y), "{weight}: {y} at {x}, not {expected}");
            }
        }
    }

    #[test]
    fn a_column_acts_as_that_many_points_of_its_mean() {
        let mut columns = vec![Column::point(0.0, 5.0)];
        let mut of_means = vec![5.0];
        for (from, n) in [(1, 3), (4, 64), (68, 1), (69, 7)] {
            let mut column = Column::point(f64::from(from), f64::from(from * from % 17));
            (1..n).for_each(|at| column.merge(&Column::point(f64::from(from + at), f64::from((from + at) * (from + at) % 17))));
            of_means.extend(std::iter::repeat_n(column.mean(), n as usize));
            columns.push(column);
        }
        let expected = usual(&of_means, 0.97);
        for (end, (x, y)) in [0, 3, 67, 68, 75].into_iter().zip(smooth(&columns, 0.97)) {
            assert!(x == end as f64 && near(expected[end], y), "{y} at {x}, not {}", expected[end]);
        }
    }

    #[test]
    fn what_is_no_number_is_left_out_and_a_restart_begins_anew() {
        let points = [(0.0, 1.0), (1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, 2.0), (1.0, 8.0), (2.0, 8.0)];
        let columns: Vec<_> = points.iter().map(|(x, y)| Column::point(*x, *y)).collect();
        let line = smooth(&columns, 0.9);
        let expected = usual(&[1.0, 2.0], 0.9);
        assert_eq!(line.iter().map(|(x, _)| *x).collect::<Vec<_>>(), [0.0, 3.0, 1.0, 2.0]);
        assert!(near(line[1].1, expected[1]) && near(line[2].1, 8.0) && near(line[3].1, 8.0));
    }

    #[test]
    fn huge_values_do_not_overflow() {
        let mut column = Column::point(0.0, 1.7e308);
        column.merge(&Column::point(1.0, 1.5e308));
        assert!(near(smooth(&[column], 0.9)[0].1 / 1e308, 1.6));
    }
}
