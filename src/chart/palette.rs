//! The colours: eight of a theme for series, told apart by colour-blind readers too, and the inks of `style/main.css`.

/// Light and dark are fixed; `Auto` follows the reader's system where the document can (SVG).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
    #[default]
    Auto,
}

/// 0xRRGGBB.
pub type Colour = u32;

/// What is not a series, as in `style/main.css`: `--tile`, `--line`, `--ink`, `--muted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inks {
    pub tile: Colour,
    pub line: Colour,
    pub ink: Colour,
    pub muted: Colour,
}

pub const fn inks(dark: bool) -> Inks {
    if dark {
        Inks { tile: 0x181c21, line: 0x2f363e, ink: 0xe6e9ed, muted: 0x9da7b2 }
    } else {
        Inks { tile: 0xffffff, line: 0xd5d9df, ink: 0x1a1d21, muted: 0x59616b }
    }
}

/// How many colours there are; the slots above wear them again, with dashes.
pub const COLOURS: usize = 8;

const LIGHT: [Colour; COLOURS] = [0x0b5fbe, 0xd55e00, 0x00875a, 0xb5359c, 0x8a6d00, 0x5b3fb5, 0x0087a8, 0x7a1f1f];
const DARK: [Colour; COLOURS] = [0x74b4ff, 0xff9a4d, 0x3fc48f, 0xf08bd6, 0xe0c64a, 0xa995ff, 0x4fd3e8, 0xff8a80];

/// The colour of a slot; slots are given to series in the order in which they first came.
pub fn colour(slot: usize, dark: bool) -> Colour {
    (if dark { DARK } else { LIGHT })[slot % COLOURS]
}

/// The second cue: dash and gap lengths in CSS pixels, none for the first eight slots.
pub fn dash(slot: usize) -> &'static [f64] {
    match slot / COLOURS % 4 {
        0 => &[],
        1 => &[6.0, 3.0],
        2 => &[2.0, 3.0],
        _ => &[9.0, 3.0, 2.0, 3.0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: Colour) -> f64 {
        let part = |shift: u32| {
            let value = f64::from(colour >> shift & 255) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
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
                assert!(contrast(colour(slot, dark), inks.tile) >= 3.0, "slot {slot}, dark: {dark}");
            }
            assert!(contrast(inks.ink, inks.tile) >= 4.5 && contrast(inks.muted, inks.tile) >= 4.5);
        }
    }

    #[test]
    fn the_inks_are_those_of_the_page() {
        let css = include_str!("../../style/main.css");
        let (light, dark) = (inks(false), inks(true));
        for (name, light, dark) in [
            ("tile", light.tile, dark.tile),
            ("line", light.line, dark.line),
            ("ink", light.ink, dark.ink),
            ("muted", light.muted, dark.muted),
        ] {
            let short = if light == 0xffffff { "fff".to_owned() } else { format!("{light:06x}") };
            let rule = format!("--{name}: light-dark(#{short}, #{dark:06x});");
            assert!(css.contains(&rule), "{rule} is not in style/main.css");
        }
    }

    #[test]
    fn no_two_series_of_the_first_32_look_alike() {
        let looks: Vec<_> = (0..32).map(|slot| (colour(slot, false), dash(slot).to_vec())).collect();
        assert!(looks.iter().enumerate().all(|(i, look)| !looks[..i].contains(look)));
    }
}
