//! The colours: eight of a theme for series, which colour-blind readers can distinguish, a scale for numbers, and the inks of
//! `style/main.css`.

pub use raster::Colour;

/// Light and dark are fixed; `Auto` follows the reader's system where the document can (SVG).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
    #[default]
    Auto,
    /// A part of the page, whose style sheet has the colours and follows what its reader has chosen.
    Page,
}

/// What is not a series, as in `style/main.css`: `--surface`, `--border`, `--text`, `--muted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inks {
    pub surface: Colour,
    pub border: Colour,
    pub text: Colour,
    pub muted: Colour,
}

pub const fn inks(dark: bool) -> Inks {
    if dark {
        Inks { surface: 0x181c21, border: 0x2f363e, text: 0xe6e9ed, muted: 0x9da7b2 }
    } else {
        Inks { surface: 0xffffff, border: 0xd5d9df, text: 0x1a1d21, muted: 0x59616b }
    }
}

/// How many colours there are.
pub const COLOURS: usize = 8;

/// How many dashes there are, the solid line included.
pub const DASHES: usize = 4;

// Blue, orange, crimson, green, cyan, violet, ochre, pink. Found by search: within these hues and a contrast of 3 to 12 the nearest two
// of each theme are as far apart as they can be, for readers of all kinds.
const LIGHT: [Colour; COLOURS] = [0x0b5fbe, 0xcc7755, 0xaa2255, 0x005522, 0x0099cc, 0x9955ff, 0x886600, 0xee3399];
const DARK: [Colour; COLOURS] = [0x74b4ff, 0xee9933, 0xff4477, 0x008833, 0x00eeff, 0x9955ff, 0xdddd77, 0xaa4499];

/// Steps of the sequential scale, by which numbers become colours.
pub const LEVELS: usize = 10;

/// The first slot of the scale, and the one of what has no number on it.
const SCALE: usize = 1 << 16;
pub const NEUTRAL: usize = SCALE + LEVELS;

// From violet over red to amber, in OKLCH with even steps of lightness and hue; the ends have a contrast of 3 at least.
const LIGHT_SCALE: [Colour; LEVELS + 1] =
    [0x310184, 0x4e0185, 0x6b027f, 0x860172, 0xa00060, 0xb41347, 0xc42b24, 0xc25102, 0xbd6d00, 0xb98403, 0x7a828c];
const DARK_SCALE: [Colour; LEVELS + 1] =
    [0x6855d6, 0x9156d6, 0xb658cd, 0xd85dbd, 0xf564a8, 0xff7e93, 0xfe9a8d, 0xffb28f, 0xffc796, 0xffdca1, 0x808994];

/// The slot of a number at this share of the scale, from 0 to 1.
pub fn scale_slot(share: f64) -> usize {
    SCALE + ((share * LEVELS as f64) as usize).min(LEVELS - 1)
}

/// The place of a slot among all colours, as the style sheet and the classes of SVG have it: `s3`. Above the last colour they come again.
pub const fn place(slot: usize) -> usize {
    match slot.checked_sub(SCALE) {
        None => slot % COLOURS,
        Some(level) => COLOURS + if level > LEVELS { LEVELS } else { level },
    }
}

/// A slot of which no other one has the colour.
pub const fn wrapped(slot: usize) -> usize {
    if slot < SCALE { slot % COLOURS } else { slot }
}

/// The slots of all colours.
pub fn slots() -> impl Iterator<Item = usize> {
    (0..COLOURS).chain(SCALE..=NEUTRAL)
}

/// The colour of a slot.
pub fn colour(slot: usize, dark: bool) -> Colour {
    let place = place(slot);
    match place.checked_sub(COLOURS) {
        None => (if dark { DARK } else { LIGHT })[place],
        Some(level) => (if dark { DARK_SCALE } else { LIGHT_SCALE })[level],
    }
}

/// What is beneath the cells of a chart.
pub const fn well(dark: bool) -> Colour {
    if dark { 0x12161a } else { 0xf6f7f9 }
}

/// Of changes for the better.
pub const fn good(dark: bool) -> Colour {
    if dark { 0x4cc26b } else { 0x1a7f37 }
}

/// Of changes for the worse.
pub const fn bad(dark: bool) -> Colour {
    if dark { 0xff9389 } else { 0xb42318 }
}

/// The second cue: dash and gap lengths in CSS pixels, none for the solid line.
pub const fn dash(index: usize) -> &'static [f64] {
    match index % DASHES {
        0 => &[],
        1 => &[6.0, 3.0],
        2 => &[2.0, 3.0],
        _ => &[9.0, 3.0, 2.0, 3.0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Vector = [f64; 3];

    fn linear(colour: Colour) -> Vector {
        [16, 8, 0].map(|shift| {
            let value = f64::from((colour >> shift) & 255) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn times(matrix: [Vector; 3], v: Vector) -> Vector {
        matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
    }

    fn luminance(colour: Colour) -> f64 {
        times([[0.2126, 0.7152, 0.0722], [0.0; 3], [0.0; 3]], linear(colour))[0]
    }

    /// OKLab (Björn Ottosson, "A perceptual color space for image processing", 2020).
    fn perceived(light: Vector) -> Vector {
        let cones = times(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ],
            light.map(|part| part.clamp(0.0, 1.0)),
        );
        times(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ],
            cones.map(f64::cbrt),
        )
    }

    /// What others see (Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency",
    /// 2009, full severity): everybody, without red cones, without green ones, without blue ones.
    const EYES: [[Vector; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];

    #[test]
    fn no_reader_mistakes_one_colour_for_another() {
        for dark in [false, true] {
            for eyes in EYES {
                let seen: Vec<_> = (0..COLOURS).map(|slot| perceived(times(eyes, linear(colour(slot, dark))))).collect();
                for (slot, one) in seen.iter().enumerate() {
                    for (other, two) in seen[..slot].iter().enumerate() {
                        let distance = (0..3).map(|i| (one[i] - two[i]).powi(2)).sum::<f64>().sqrt();
                        assert!(distance > 0.08, "{other} and {slot}, dark: {dark}: {distance:.3}");
                    }
                }
            }
        }
    }

    fn contrast(one: Colour, other: Colour) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn every_colour_is_seen_on_its_tile() {
        for dark in [false, true] {
            let inks = inks(dark);
            for slot in 0..COLOURS {
                assert!(contrast(colour(slot, dark), inks.surface) >= 3.0, "slot {slot}, dark: {dark}");
            }
            let lightness: Vec<f64> = (0..LEVELS).map(|level| luminance(colour(SCALE + level, dark))).collect();
            assert!(lightness.is_sorted() && (SCALE..=NEUTRAL).all(|slot| contrast(colour(slot, dark), inks.surface) >= 3.0));
            assert!(contrast(inks.text, inks.surface) >= 4.5 && contrast(inks.muted, inks.surface) >= 4.5);
        }
    }

    #[test]
    fn the_inks_are_those_of_the_page() {
        let css = include_str!("../../style/main.css");
        let (light, dark) = (inks(false), inks(true));
        for (name, light, dark) in [
            ("surface", light.surface, dark.surface),
            ("border", light.border, dark.border),
            ("text", light.text, dark.text),
            ("muted", light.muted, dark.muted),
        ] {
            let short = if light == 0xffffff { "fff".to_owned() } else { format!("{light:06x}") };
            let rule = format!("--{name}: light-dark(#{short}, #{dark:06x});");
            assert!(css.contains(&rule), "{rule} is not in style/main.css");
        }
    }
}

#[cfg(test)]
mod style {
    use super::*;

    #[test]
    fn the_page_has_the_same_colours() {
        let sheet = concat!(include_str!("../../style/main.css"), include_str!("../../style/runs.css"));
        for slot in slots() {
            let place = place(slot);
            let rule = format!("--s{place}: light-dark(#{:06x}, #{:06x})", colour(slot, false), colour(slot, true));
            assert!(sheet.contains(&rule), "{rule}");
            let class = format!(".static-chart .s{place} {{ stroke: var(--s{place}); }}");
            assert!(sheet.contains(&class), "{class}");
        }
    }

    #[test]
    fn a_share_has_a_level_of_the_scale() {
        assert_eq!([0.0, 0.05, 0.5, 1.0, 7.0].map(|share| place(scale_slot(share))), [8, 8, 13, 17, 17]);
        assert_eq!((place(NEUTRAL), place(11), place(usize::MAX), wrapped(11), slots().count()), (18, 3, 18, 3, 19));
    }
}
