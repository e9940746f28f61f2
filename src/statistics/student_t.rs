//! Quantiles of Student's t distribution.

use std::f64::consts::{PI, SQRT_2};

use statrs::function::beta::checked_beta_reg;
use statrs::function::erf::erfc_inv;
use statrs::function::gamma::ln_gamma;

/// The number below which a variable with Student's t distribution is with this probability. `df`: degrees of freedom, above 0, whole or
/// not. NaN for a probability or for degrees of freedom that there are not.
pub fn t_quantile(probability: f64, df: f64) -> f64 {
    let size = critical_value((2.0 * probability - 1.0).abs(), df);
    if probability < 0.5 { -size } else { size }
}

/// The number between which and its opposite a variable with Student's t distribution is with this confidence: 12.7 for 0.95 and one
/// degree of freedom, 1.96 for many. `df` as in [`t_quantile`].
///
/// The probability between −t and t is I_y(1/2, df/2) with y = t²/(df + t²), the regularized incomplete beta function (Abramowitz and
/// Stegun, Handbook of Mathematical Functions, 26.7.1). Newton's method finds ln t where the logarithm of that, or of its complement, is
/// the one wanted; the root stays bracketed, so that it ends. The inverse of `statrs` does not end for all arguments.
pub fn critical_value(confidence: f64, df: f64) -> f64 {
    match confidence {
        _ if !(0.0..=1.0).contains(&confidence) || df <= 0.0 || !df.is_finite() => f64::NAN,
        0.0 => 0.0,
        1.0 => f64::INFINITY,
        _ if df > MANY => expand(confidence, df),
        _ => solve(confidence, df).unwrap_or(f64::NAN),
    }
}

/// Degrees of freedom beyond which t is nearly normal.
const MANY: f64 = 1e5;

/// From the quantile of the normal distribution (Abramowitz and Stegun, 26.7.5); the terms left out are below 10⁻¹⁶.
fn expand(confidence: f64, df: f64) -> f64 {
    let z = SQRT_2 * erfc_inv(1.0 - confidence);
    let square = z * z;
    let terms = [
        1.0,
        (square + 1.0) / 4.0,
        ((5.0 * square + 16.0) * square + 3.0) / 96.0,
        (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0,
    ];
    z * terms.into_iter().rev().fold(0.0, |sum, term| sum / df + term)
}

const MAX_ROUNDS: usize = 200;
/// Relative error of the result, about.
const PRECISION: f64 = 1e-14;

fn solve(confidence: f64, df: f64) -> Option<f64> {
    // The smaller of both probabilities is the more exact one.
    let is_central = confidence <= 0.5;
    let wanted = if is_central { confidence } else { 1.0 - confidence };
    let (mut low, mut high) = (-700.0_f64, 700.0_f64);
    let mut at = 0.0_f64;
    for _ in 0..MAX_ROUNDS {
        let t = at.exp();
        let (central, tail) = probabilities(t, df)?;
        let probability = if is_central { central } else { tail };
        if (probability < wanted) == is_central {
            low = at;
        } else {
            high = at;
        }
        let slope = 2.0 * t * density(t, df) / probability;
        let step = (probability / wanted).ln() / if is_central { slope } else { -slope };
        let next = at - step;
        let next = if next > low && next < high { next } else { low.midpoint(high) };
        let is_found = (next - at).abs() <= PRECISION;
        at = next;
        if is_found || high - low <= PRECISION {
            break;
        }
    }
    Some(at.exp())
}

/// The probabilities of a place between −t and t, and outside.
fn probabilities(t: f64, df: f64) -> Option<(f64, f64)> {
    let square = t * t;
    if square < df {
        let central = checked_beta_reg(0.5, df / 2.0, square / (df + square)).ok()?;
        Some((central, 1.0 - central))
    } else {
        // Without the square, which may overflow.
        let tail = checked_beta_reg(df / 2.0, 0.5, df / t / (df / t + t)).ok()?;
        Some((1.0 - tail, tail))
    }
}

fn density(t: f64, df: f64) -> f64 {
    let factor = ln_gamma((df + 1.0) / 2.0) - ln_gamma(df / 2.0) - (df * PI).ln() / 2.0;
    (factor - (df + 1.0) / 2.0 * (t * t / df).ln_1p()).exp()
}

/// Critical values for whole degrees of freedom, each of which is computed once.
#[derive(Clone, Debug)]
pub struct CriticalValues {
    confidence: f64,
    /// By degrees of freedom; NaN where there is none yet.
    known: Vec<f64>,
}

impl CriticalValues {
    /// Degrees of freedom up to which values are remembered.
    const MAX_KNOWN: usize = 100_000;

    pub fn new(confidence: f64) -> Self {
        Self { confidence, known: Vec::new() }
    }

    pub fn get(&mut self, df: u64) -> f64 {
        let at = df as usize;
        if at > Self::MAX_KNOWN {
            return critical_value(self.confidence, df as f64);
        }
        if self.known.len() <= at {
            self.known.resize(at + 1, f64::NAN);
        }
        if self.known[at].is_nan() {
            self.known[at] = critical_value(self.confidence, df as f64);
        }
        self.known[at]
    }
}
