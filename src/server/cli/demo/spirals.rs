//! The data set: points on spiral arms in the plane, one class for each arm.
//!
//! The arms are those of the notes of Stanford's CS231n, "Putting it together: Minimal Neural Network Case Study".

use fastrand::Rng;

pub const CLASSES: usize = 3;
/// The points lie in the square from `-EXTENT` to `EXTENT`.
pub const EXTENT: f64 = 1.2;

/// Standard deviation of the angle, in radians: some points of neighbouring arms touch.
const ANGLE_NOISE: f64 = 0.25;
/// Turns of each arm, in radians.
const WINDING: f64 = 5.0;

#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub at: [f64; 2],
    /// Below [`CLASSES`].
    pub class: usize,
}

/// `count` points, the same number on each arm, in random order.
pub fn spirals(count: usize, rng: &mut Rng) -> Vec<Sample> {
    let mut samples: Vec<Sample> = (0..count)
        .map(|index| {
            let class = index % CLASSES;
            let radius = 0.05 + 0.95 * rng.f64();
            let angle = std::f64::consts::TAU * class as f64 / CLASSES as f64 + WINDING * radius + ANGLE_NOISE * normal(rng);
            Sample { at: [radius * angle.sin(), radius * angle.cos()], class }
        })
        .collect();
    rng.shuffle(&mut samples);
    samples
}

/// A number of the standard normal distribution (Box and Muller 1958).
pub fn normal(rng: &mut Rng) -> f64 {
    // 1 - f64() is above 0, which the logarithm needs.
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_balanced_and_within_the_square() {
        let samples = spirals(300, &mut Rng::with_seed(3));
        for class in 0..CLASSES {
            assert_eq!(samples.iter().filter(|sample| sample.class == class).count(), 100);
        }
        assert!(samples.iter().flat_map(|sample| sample.at).all(|x| x.abs() < EXTENT));
        assert_eq!(samples, spirals(300, &mut Rng::with_seed(3)));
        assert_ne!(samples, spirals(300, &mut Rng::with_seed(4)));
    }

    #[test]
    fn normal_numbers_have_mean_0_and_variance_1() {
        let mut rng = Rng::with_seed(5);
        let numbers: Vec<f64> = (0..20_000).map(|_| normal(&mut rng)).collect();
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / numbers.len() as f64;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
    }
}
