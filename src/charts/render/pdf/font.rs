//! The font of PDF files: DejaVu Sans, of which a file has the glyphs that it shows.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId};

static FACE: LazyLock<Face<'static>> = LazyLock::new(|| Face::parse(dejavu::sans::regular(), 0).expect("the crate has a font"));

/// The glyphs of a file, with the numbers that they have in it.
#[derive(Default)]
pub struct UsedGlyphs {
    numbers: GlyphRemapper,
    glyphs: BTreeMap<u16, UsedGlyph>,
}

pub struct UsedGlyph {
    /// In letters of size 1000.
    pub advance: f64,
    pub character: char,
}

impl UsedGlyphs {
    /// The number of a character's glyph: 0, an empty box, for one that the font lacks.
    pub fn number(&mut self, c: char) -> u16 {
        let glyph = glyph(c);
        let number = self.numbers.remap(glyph.0);
        let character = if glyph.0 == 0 { char::REPLACEMENT_CHARACTER } else { c };
        self.glyphs.entry(number).or_insert(UsedGlyph { advance: advance(glyph), character });
        number
    }

    /// By their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &UsedGlyph)> {
        self.glyphs.iter().map(|(number, glyph)| (*number, glyph))
    }

    /// A font with these glyphs.
    pub fn font(&self) -> Vec<u8> {
        subsetter::subset(dejavu::sans::regular(), 0, &self.numbers).expect("the crate has a font whose glyphs can be taken")
    }
}

fn glyph(c: char) -> GlyphId {
    FACE.glyph_index(c).unwrap_or_default()
}

/// The width of a glyph in letters of size 1000.
fn advance(glyph: GlyphId) -> f64 {
    f64::from(FACE.glyph_hor_advance(glyph).unwrap_or_default()) * 1000.0 / f64::from(FACE.units_per_em())
}

/// The width of a text in letters of size 1.
pub fn width(text: &str) -> f64 {
    text.chars().map(|c| advance(glyph(c))).sum::<f64>() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::text_metrics::{FONT_SIZE, text_width};

    #[test]
    fn characters_of_charts_have_glyphs_and_the_width_that_layouts_leave() {
        for c in "Az09.,-+_/%()µ±∞−→↓↑…·×²₂αβλΔ≤≥√∑äßéñÆłŽЖщ\u{202f}".chars() {
            assert_ne!(glyph(c).0, 0, "{c}");
        }
        assert_eq!((glyph('中').0, advance(glyph('0')).round()), (0, 636.0));
        for text in ["train/loss", "1 234.5", "Average of 12 runs, 95% interval"] {
            assert!(width(text) * FONT_SIZE <= text_width(text), "{text}");
        }
    }

    #[test]
    fn a_font_has_the_glyphs_that_are_used_and_the_parts_of_those() {
        let mut used = UsedGlyphs::default();
        let numbers: Vec<u16> = "lossé中".chars().map(|c| used.number(c)).collect();
        assert_eq!(numbers, [1, 2, 3, 3, 4, 0]);
        let characters: Vec<_> = used.iter().map(|(number, glyph)| (number, glyph.character)).collect();
        assert_eq!(characters, [(0, char::REPLACEMENT_CHARACTER), (1, 'l'), (2, 'o'), (3, 's'), (4, 'é')]);
        let font = used.font();
        assert!(font.len() < 20_000, "{}", font.len());
        // A font without a map of characters is no whole one for other programs, but its tables are.
        let face = ttf_parser::RawFace::parse(&font, 0).unwrap();
        for tag in [b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp"] {
            assert!(face.table(ttf_parser::Tag::from_bytes(tag)).is_some_and(|table| !table.is_empty()));
        }
    }
}
