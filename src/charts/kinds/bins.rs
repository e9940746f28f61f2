//! Raw numbers into bins of equal width.
//!
//! The width is that of Freedman and Diaconis ("On the histogram as a density estimator: L2 theory", 1981): twice the
//! interquartile range over the cube root of the count; but never fewer than 10 bins or more than 100.

use crate::charts::scale::{is_flat, ulp};

/// How often values fell between neighbouring edges, and how many fell nowhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bins {
    pub counts: Vec<f64>,
    pub nan: u64,
    pub pos_inf: u64,
    pub neg_inf: u64,
}

const FEWEST: f64 = 10.0;
const MOST: f64 = 100.0;

/// Edges, ascending, and the counts between them. Values on an edge belong to the bin above; on the last edge, below.
pub fn bins(values: &[f64]) -> (Vec<f64>, Bins) {
    let mut finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    finite.sort_unstable_by(f64::total_cmp);
    let (lo, hi) = (finite.first().copied().unwrap_or(0.0), finite.last().copied().unwrap_or(1.0));
    // One value alone, but for rounding, stands in the middle.
    let is_one = is_flat(lo, hi) || hi - lo <= f64::MIN_POSITIVE;
    let (lo, hi) = if !is_one { (lo, hi) } else { (lo - lo.abs().max(1.0) / 2.0, hi + hi.abs().max(1.0) / 2.0) };
    // So far apart two edges are still two numbers.
    let distinct = (hi / 2.0 - lo / 2.0) / (0.75 * ulp(lo.abs().max(hi.abs())));
    let (lo, hi) = (lo.max(f64::MIN / 4.0), hi.min(f64::MAX / 4.0));
    let quarter = |part: usize| finite.get(finite.len() * part / 4).copied().unwrap_or(0.0);
    let wanted = 2.0 * (quarter(3) / 2.0 - quarter(1) / 2.0) * 2.0 / (finite.len().max(1) as f64).cbrt();
    let count = if wanted > 0.0 { ((hi - lo) / wanted).ceil().min(distinct.floor()).clamp(FEWEST, MOST) } else { FEWEST };
    let edges: Vec<f64> =
        (0..=count as usize).map(|at| if at as f64 == count { hi } else { lo + (hi - lo) * (at as f64 / count) }).collect();
    let counted = count_into(&edges, values);
    (edges, counted)
}

/// Values below the first and above the last edge are counted in the outermost bins.
pub fn count_into(edges: &[f64], values: &[f64]) -> Bins {
    let last = edges.len().saturating_sub(2);
    let mut bins = Bins { counts: vec![0.0; last + 1], ..Bins::default() };
    for value in values {
        match value {
            _ if value.is_nan() => bins.nan += 1,
            _ if *value == f64::INFINITY => bins.pos_inf += 1,
            _ if *value == f64::NEG_INFINITY => bins.neg_inf += 1,
            _ => bins.counts[edges.partition_point(|edge| edge <= value).saturating_sub(1).min(last)] += 1.0,
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_counted_once() {
        let mut seed = 1_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        for count in [0, 1, 2, 3, 10, 1000, 20_000] {
            for scale in [1e-300, 1.0, 1e300] {
                let mut values: Vec<f64> = (0..count).map(|_| (random() + random() - 1.0) * scale).collect();
                values.extend([f64::NAN, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
                let (edges, bins) = bins(&values);
                assert!((10..=100).contains(&bins.counts.len()) && edges.len() == bins.counts.len() + 1, "{count} {scale}");
                assert!(edges.windows(2).all(|pair| pair[0] < pair[1]), "{count} {scale:e} {edges:?}");
                assert_eq!((bins.counts.iter().sum::<f64>(), bins.nan, bins.pos_inf, bins.neg_inf), (f64::from(count), 2, 1, 1));
            }
        }
    }

    #[test]
    fn edges_belong_to_the_bin_above_and_the_last_to_the_one_below() {
        let counted = count_into(&[0.0, 1.0, 2.0], &[0.0, 1.0, 2.0, 0.999]);
        assert_eq!(counted.counts, [2.0, 2.0]);
        let (edges, bins) = bins(&[5.0, 5.0]);
        assert!(edges[0] < 5.0 && 5.0 < edges[10] && bins.counts.contains(&2.0));
    }

    #[test]
    fn the_width_follows_freedman_and_diaconis() {
        // 1,000 values evenly from 0 to 1: the interquartile range is 0.5, the width 0.1.
        let values: Vec<f64> = (0..1000).map(|at| f64::from(at) / 999.0).collect();
        assert_eq!(bins(&values).0.len() - 1, 10);
        // Eight times as many: half the width.
        let values: Vec<f64> = (0..8000).map(|at| f64::from(at) / 7999.0).collect();
        assert_eq!(bins(&values).0.len() - 1, 20);
    }
}
