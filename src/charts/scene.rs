//! A drawing as lists of places: what the server writes as SVG, and the page paints on a canvas. One layout, two painters.
//!
//! Across, a place is a share of the plot's width and pixels beside it, so that a drawing fits any width; down, it is pixels. What stands
//! alike is one table: its tag is a [`Style`], its lists are the shares, the pixels beside them and the pixels down, then for boxes their
//! widths as shares, as pixels, and their heights. A share that is NaN ends a line or an area; the next begins another one.

use super::layout::Anchor;
use super::palette::{self, COLOURS, Colour};
use super::text_metrics::FONT_SIZE;
use crate::protocol::DecodeError;
use crate::protocol::tables::{self, Table, Tables};

const KIND: u8 = 4;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Through all places; `size` is the stroke. One of a single pixel keeps to the pixels of the screen.
    #[default]
    Line,
    /// The polygon, filled.
    Area,
    Box,
    /// A box that says that here is no number.
    Hatch,
    /// `size` is that of the letters.
    Text,
    /// `size` is how wide a dot is. They lie above everything.
    Dots,
}

/// Inks of a drawing: 0xRRGGBB, or from here on by name, so that each theme has its own.
pub const NAMED: u32 = 1 << 24;

/// How the places of a table are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    pub form: Form,
    /// A colour, or [`NAMED`] and its place among the inks of [`palette::named`].
    pub ink: u32,
    /// In quarters of a pixel.
    pub size: f64,
    /// In per cent.
    pub alpha: f64,
    pub anchor: Anchor,
    pub bold: bool,
    /// A text that goes upwards.
    pub is_upright: bool,
    /// A text that begins where the one before it has ended.
    pub goes_on: bool,
    /// Not in the plot: pixels are those from the left edge.
    pub is_outside: bool,
}

impl Style {
    /// In the ink of a class of the drawings' style sheet: `f3`, `s3`, `k`.
    pub fn new(form: Form, class: &str) -> Self {
        let slot = class.strip_prefix(['f', 's']).and_then(|slot| slot.parse().ok());
        let word = match class {
            "a" | "nan" | "hatch" => "t",
            "ground" => "b",
            word => word,
        };
        let named = palette::WORDS.iter().position(|known| *known == word).unwrap_or_default() + COLOURS;
        Self {
            form,
            ink: NAMED + slot.unwrap_or(named as u32),
            size: if form == Form::Text { FONT_SIZE } else { 1.0 },
            alpha: 1.0,
            anchor: Anchor::Start,
            bold: false,
            is_upright: false,
            goes_on: false,
            is_outside: false,
        }
    }

    pub fn tag(&self) -> u64 {
        let bits = [
            (self.form as u64, 3),
            (self.ink.into(), 25),
            ((self.size * 4.0).round() as u64, 10),
            ((self.alpha * 100.0).round() as u64, 7),
            (self.anchor as u64, 2),
            (self.bold.into(), 1),
            (self.is_upright.into(), 1),
            (self.goes_on.into(), 1),
            (self.is_outside.into(), 1),
        ];
        bits.into_iter().rev().fold(0, |tag, (value, bits)| tag << bits | value & ((1 << bits) - 1))
    }

    pub fn of(mut tag: u64) -> Self {
        let mut next = |bits: u32| {
            let value = tag as u32 & ((1 << bits) - 1);
            tag >>= bits;
            value
        };
        Self {
            form: match next(3) {
                0 => Form::Line,
                1 => Form::Area,
                2 => Form::Box,
                3 => Form::Hatch,
                4 => Form::Text,
                _ => Form::Dots,
            },
            ink: next(25),
            size: f64::from(next(10)) / 4.0,
            alpha: f64::from(next(7)) / 100.0,
            anchor: match next(2) {
                0 => Anchor::Start,
                1 => Anchor::Middle,
                _ => Anchor::End,
            },
            bold: next(1) > 0,
            is_upright: next(1) > 0,
            goes_on: next(1) > 0,
            is_outside: next(1) > 0,
        }
    }

    pub fn colour(&self, dark: bool) -> Colour {
        if self.ink < NAMED { self.ink } else { palette::named(self.ink - NAMED, dark) }
    }
}

/// A drawing in the making.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene(pub Tables);

impl Scene {
    /// Through these places: share, pixels beside it, pixels down.
    pub fn line(&mut self, style: Style, places: impl IntoIterator<Item = (f64, f64, f64)>) {
        let table = self.table(style, 3);
        for (x, dx, y) in places.into_iter().chain([(f64::NAN, 0.0, 0.0)]) {
            push(table, &[x, dx, y]);
        }
    }

    /// A round dot that is part of the paper, not one of [`Form::Dots`].
    pub fn dot(&mut self, style: Style, (x, dx, y): (f64, f64, f64)) {
        // A line without any length is none.
        self.line(style, [(x, dx, y), (x, dx + 0.01, y)]);
    }

    /// One of [`Form::Dots`].
    pub fn dots(&mut self, style: Style, x: f64, y: f64) {
        push(self.table(style, 3), &[x, 0.0, y]);
    }

    /// From left, pixels beside that, and top on: so wide as a share, in pixels, and so high.
    pub fn block(&mut self, style: Style, place: [f64; 6]) {
        push(self.table(style, 6), &place);
    }

    pub fn text(&mut self, style: Style, (x, dx, y): (f64, f64, f64), text: &str) {
        let table = self.table(style, 3);
        push(table, &[x, dx, y]);
        table.texts.push(text.to_owned());
    }

    /// The table of what stands alike. An area is one by itself, and nothing moves beneath it: it hides what is there.
    fn table(&mut self, style: Style, lists: usize) -> &mut Table {
        let (tag, list) = (style.tag(), &mut self.0.list);
        let is_area = |table: &Table| Style::of(table.tag).form == Form::Area;
        let since = list.iter().rposition(is_area).map_or(0, |at| at + 1);
        let at = list[since..].iter().position(|table| table.tag == tag).map_or(list.len(), |at| since + at);
        if at == list.len() {
            list.push(Table { tag, lists: vec![Vec::new(); lists], ..Table::default() });
        }
        &mut list[at]
    }
}

/// A place is seen to a hundredth of a pixel: f32 holds it.
fn push(table: &mut Table, place: &[f64]) {
    table.lists.iter_mut().zip(place).for_each(|(list, number)| list.push(f64::from(*number as f32)));
}

pub fn write(scene: &Scene) -> Vec<u8> {
    tables::write(KIND, &scene.0)
}

pub fn read(bytes: &[u8]) -> Result<Tables, DecodeError> {
    tables::read(KIND, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_says_how_its_places_are_drawn() {
        let plain = Style::new(Form::Text, "k");
        assert_eq!(Style::of(plain.tag()), plain);
        for style in [
            Style { form: Form::Dots, ink: NAMED + 3, size: 2.5, alpha: 0.8, ..plain },
            Style { form: Form::Hatch, size: 0.5, anchor: Anchor::End, bold: true, ..plain },
            Style { form: Form::Area, ink: 0xff_ff_ff, alpha: 0.25, anchor: Anchor::Middle, is_outside: true, ..plain },
            Style { size: 64.0, is_upright: true, goes_on: true, ..plain },
        ] {
            assert_eq!(Style::of(style.tag()), style);
        }
        assert_eq!(Style { ink: 0x12_34_56, ..plain }.colour(true), 0x12_34_56);
        assert_ne!(plain.colour(true), plain.colour(false));
        assert_eq!(Style::new(Form::Line, "s3").colour(false), palette::colour(3, false));
    }

    #[test]
    fn what_stands_alike_is_one_table_but_an_area_hides_what_was_before() {
        let mut scene = Scene::default();
        let (line, area) = (Style::new(Form::Line, "s0"), Style::new(Form::Area, "f0"));
        scene.line(line, [(0.0, 0.0, 1.0), (1.0, 0.0, 1.0)]);
        scene.line(line, [(0.0, 0.0, 2.0), (1.0, 0.0, 2.0)]);
        scene.line(area, [(0.0, 0.0, 3.0), (1.0, 0.0, 3.0)]);
        scene.line(line, [(0.0, 0.0, 4.0)]);
        scene.line(area, [(0.0, 0.0, 5.0)]);
        let forms: Vec<_> = scene.0.list.iter().map(|table| (Style::of(table.tag).form, table.lists[0].len())).collect();
        assert_eq!(forms, [(Form::Line, 6), (Form::Area, 3), (Form::Line, 2), (Form::Area, 2)]);
        assert!(scene.0.list[0].lists[0][2].is_nan(), "lines end");
    }
}
