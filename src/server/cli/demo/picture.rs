//! The decision regions of the network: a picture of the plane in the colours of the predicted classes, with the training points on it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::network::{Network, most_likely};
use super::png;
use super::spirals::{CLASSES, EXTENT, Sample};

/// Pixels of a side. As the largest picture that [`png::encode`] takes, 255, but a multiple of [`BLOCK`].
const SIDE: usize = 240;
/// The network is evaluated once for a square of so many pixels.
const BLOCK: usize = 3;
/// Shades of each class, by the probability of the predicted class.
const SHADES: usize = 16;
const WHITE: u8 = (CLASSES * (SHADES + 1)) as u8;

/// Colours that people with any colour vision can tell apart (Okabe and Ito 2008).
const COLOURS: [[u8; 3]; CLASSES] = [[0, 114, 178], [230, 159, 0], [0, 158, 115]];

/// A `data:` URI of a PNG; `None` only if it does not fit in one, which a test rules out.
pub fn decision_regions(network: &Network, samples: &[Sample]) -> Option<String> {
    let mut pixels = vec![0; SIDE * SIDE];
    for row in (0..SIDE).step_by(BLOCK) {
        for column in (0..SIDE).step_by(BLOCK) {
            let probabilities = network.probabilities(place(column, row));
            let class = most_likely(&probabilities);
            // From 1 / CLASSES, when all are equal, to 1.
            let certainty = (probabilities[class] * CLASSES as f64 - 1.0) / (CLASSES as f64 - 1.0);
            let colour = shade(class, (certainty * (SHADES - 1) as f64) as usize);
            for pixel in (0..BLOCK * BLOCK).map(|index| (row + index / BLOCK) * SIDE + column + index % BLOCK) {
                pixels[pixel] = colour;
            }
        }
    }
    for sample in samples {
        draw_point(&mut pixels, sample);
    }
    Some(format!("data:image/png;base64,{}", STANDARD.encode(png::encode(SIDE, &pixels, &palette())?)))
}

/// The point at the middle of a block of pixels.
fn place(column: usize, row: usize) -> [f64; 2] {
    let along = |pixel: usize| ((pixel as f64 + BLOCK as f64 / 2.0) / SIDE as f64 * 2.0 - 1.0) * EXTENT;
    [along(column), -along(row)]
}

/// A square of 3 pixels with a white edge.
fn draw_point(pixels: &mut [u8], sample: &Sample) {
    let pixel = |x: f64| ((x / EXTENT + 1.0) / 2.0 * SIDE as f64) as i64;
    let (column, row) = (pixel(sample.at[0]), pixel(-sample.at[1]));
    for (right, down) in (-2..=2).flat_map(|right| (-2..=2).map(move |down| (right, down))) {
        let (at, line) = (usize::try_from(column + right), usize::try_from(row + down));
        if let (Ok(at), Ok(line)) = (at, line)
            && at < SIDE
            && line < SIDE
        {
            let is_edge = i64::max(right.abs(), down.abs()) == 2;
            pixels[line * SIDE + at] = if is_edge { WHITE } else { shade(sample.class, SHADES) };
        }
    }
}

/// The palette's index of a shade; [`SHADES`] is the pure colour.
fn shade(class: usize, level: usize) -> u8 {
    u8::try_from(class * (SHADES + 1) + level.min(SHADES)).unwrap_or(WHITE)
}

fn palette() -> Vec<[u8; 3]> {
    let mixed = |colour: [u8; 3], share: f64| colour.map(|part| (255.0 - share * (255.0 - f64::from(part))) as u8);
    let shades = |colour| {
        (0..=SHADES).map(move |level| if level == SHADES { colour } else { mixed(colour, 0.1 + 0.5 * level as f64 / SHADES as f64) })
    };
    COLOURS.into_iter().flat_map(shades).chain([[255; 3]]).collect()
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::super::spirals::spirals;
    use super::*;

    #[test]
    fn the_picture_has_all_pixels_and_colours() {
        let mut rng = Rng::with_seed(1);
        let samples = spirals(30, &mut rng);
        let uri = decision_regions(&Network::new(&mut rng), &samples).unwrap();
        let file = STANDARD.decode(uri.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        assert_eq!(file[16..24], [0, 0, 0, 240, 0, 0, 0, 240]);
        let palette = palette();
        assert_eq!((palette.len(), palette[usize::from(WHITE)]), (usize::from(WHITE) + 1, [255; 3]));
        assert_eq!([0, 1, 2].map(|class| palette[usize::from(shade(class, SHADES))]), COLOURS);
    }

    #[test]
    fn places_are_those_of_the_points() {
        assert_eq!(place(SIDE / 2, SIDE / 2).map(|x| x.abs() < 0.02), [true; 2]);
        assert!(place(0, 0)[0] < -1.18 && place(0, 0)[1] > 1.18);
        let mut pixels = vec![WHITE; SIDE * SIDE];
        draw_point(&mut pixels, &Sample { at: [EXTENT, EXTENT], class: 1 });
        draw_point(&mut pixels, &Sample { at: [0.0, 0.0], class: 2 });
        assert_eq!((pixels[SIDE - 1], pixels[SIDE / 2 * SIDE + SIDE / 2]), (shade(1, SHADES), shade(2, SHADES)));
    }
}
