//! What can be pointed at in a drawing, where it stands, and what is said of it.
//!
//! As bytes it is a frame of tables: the places of all spots (from left, to right, from top, to bottom), then the fields, whose tags are their colours.

use super::codec::DecodeError;
use super::tables::{self, Table, Tables};

const KIND: u8 = 3;

/// What stands in a drawing: a table with a row for each spot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spots {
    /// The drawing in one sentence.
    pub about: String,
    /// The pixels beside the plot, which stay the same however wide the drawing is.
    pub left: f64,
    pub right: f64,
    /// Where each spot begins and ends: shares of the plot's width.
    pub x: [Vec<f64>; 2],
    /// The same in pixels from the top of the drawing.
    pub y: [Vec<f64>; 2],
    pub fields: Vec<Field>,
}

/// One thing that is said of every spot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    pub name: String,
    pub unit: String,
    pub colour: Colour,
    /// Empty where the numbers themselves are said.
    pub texts: Vec<String>,
    /// One for each spot: a value, or a place in `texts`; one beyond its end says nothing.
    pub numbers: Vec<f64>,
}

/// The mark beside a field.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Colour {
    #[default]
    None,
    /// That of the series.
    Slot(u8),
    /// Of the series with the number of the text.
    Text,
}

const PLACES: u64 = 256;
const NO_COLOUR: u64 = 255;
const OF_TEXT: u64 = 254;

impl Spots {
    /// A spot, from here to there; its fields get their numbers beside this.
    pub fn push(&mut self, x: (f64, f64), y: (f64, f64)) {
        self.x[0].push(x.0);
        self.x[1].push(x.1);
        self.y[0].push(y.0);
        self.y[1].push(y.1);
    }

    /// The pixels from left to right and from top to bottom that a spot covers where the drawing is so wide.
    pub fn place(&self, spot: usize, width: f64) -> [f64; 4] {
        let along = |share: f64| self.left + share * (width - self.left - self.right);
        [along(self.x[0][spot]), along(self.x[1][spot]), self.y[0][spot], self.y[1][spot]]
    }

    /// The spot nearest to these pixels, where the drawing is so wide; of equal ones the last, which is drawn above the others. `None` when
    /// there is none within `reach`.
    pub fn nearest(&self, (x, y): (f64, f64), width: f64, reach: f64) -> Option<usize> {
        let beyond = |at: f64, from: f64, to: f64| (from - at).max(at - to).max(0.0);
        let (mut found, mut least) = (None, reach * reach);
        for spot in 0..self.x[0].len() {
            let [left, right, top, bottom] = self.place(spot, width);
            let (across, down) = (beyond(x, left, right), beyond(y, top, bottom));
            let far = across * across + down * down;
            if far <= least {
                (found, least) = (Some(spot), far);
            }
        }
        found
    }
}

pub fn write(spots: &Spots) -> Vec<u8> {
    // A place is seen to a hundredth of a pixel: f32 holds it.
    let short = |places: &Vec<f64>| places.iter().map(|place| f64::from(*place as f32)).collect();
    let places = Table { tag: PLACES, lists: spots.x.iter().chain(&spots.y).map(short).collect(), ..Table::default() };
    let field = |field: &Field| Table {
        name: field.name.clone(),
        unit: field.unit.clone(),
        tag: match field.colour {
            Colour::None => NO_COLOUR,
            Colour::Slot(slot) => slot.into(),
            Colour::Text => OF_TEXT,
        },
        texts: field.texts.clone(),
        lists: vec![field.numbers.clone()],
    };
    let list = std::iter::once(places).chain(spots.fields.iter().map(field)).collect();
    tables::write(KIND, &Tables { about: spots.about.clone(), left: spots.left, right: spots.right, list })
}

pub fn read(bytes: &[u8]) -> Result<Spots, DecodeError> {
    let Tables { about, left, right, list } = tables::read(KIND, bytes)?;
    let mut spots = Spots { about, left, right, ..Spots::default() };
    for table in list {
        let mut lists = table.lists.into_iter();
        let mut next = || lists.next().unwrap_or_default();
        let numbers = next();
        if table.tag == PLACES {
            (spots.x, spots.y) = ([numbers, next()], [next(), next()]);
            continue;
        }
        let colour = match table.tag {
            NO_COLOUR => Colour::None,
            OF_TEXT => Colour::Text,
            slot => Colour::Slot(slot as u8),
        };
        spots.fields.push(Field { name: table.name, unit: table.unit, colour, texts: table.texts, numbers });
    }
    Ok(spots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spots() -> Spots {
        let mut spots = Spots { about: "two".into(), left: 10.0, right: 20.0, ..Spots::default() };
        spots.push((0.0, 0.5), (10.0, 30.0));
        spots.push((0.5, 1.0), (20.0, 20.0));
        let name = Field { name: "größe".into(), texts: vec!["a".into()], numbers: vec![0.0, 9.0], ..Field::default() };
        let colour = Colour::Slot(3);
        let value = Field { name: "v".into(), unit: "%".into(), colour, texts: vec![], numbers: vec![0.1, f64::INFINITY] };
        spots.fields = vec![name, value, Field { colour: Colour::Text, numbers: vec![0.1, f64::INFINITY], ..Field::default() }];
        spots
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = write(&spots());
        assert_eq!(read(&bytes).unwrap(), spots());
        assert_eq!(read(&write(&Spots::default())).unwrap(), Spots::default());
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "{end}");
        }
        let long = Spots { about: "ä".repeat(1000), ..Spots::default() };
        assert_eq!(read(&write(&long)).unwrap().about, "ä".repeat(200));
    }

    #[test]
    fn the_same_numbers_are_written_once() {
        let mut twice = spots();
        (twice.x, twice.y) = Default::default();
        (0..1000).for_each(|at| twice.push((f64::from(at), f64::from(at)), (1.0, 2.0)));
        twice.fields.iter_mut().for_each(|field| field.numbers = vec![5.0; 1000]);
        assert!(write(&twice).len() < 1000 * 4 * 4 + 300, "{}", write(&twice).len());
    }

    #[test]
    fn the_nearest_is_found_at_any_width() {
        let spots = spots();
        // 130 pixels: the plot has 100 of them, from 10 to 110.
        assert_eq!(spots.place(0, 130.0), [10.0, 60.0, 10.0, 30.0]);
        assert_eq!(spots.nearest((12.0, 15.0), 130.0, 0.0), Some(0));
        assert_eq!(spots.nearest((59.0, 60.0), 130.0, 29.0), None, "31 pixels below the first, 40 below the second");
        assert_eq!(spots.nearest((59.0, 60.0), 130.0, 30.0), Some(0));
        assert_eq!(spots.nearest((70.0, 60.0), 130.0, 100.0), Some(0));
        assert_eq!(spots.nearest((75.0, 60.0), 130.0, 100.0), Some(0));
        assert_eq!(spots.nearest((100.0, 60.0), 130.0, 100.0), Some(1));
        assert_eq!(spots.nearest((59.0, 15.0), 1030.0, 100.0), Some(0), "in a wide drawing the same pixel is in the first");
        assert_eq!(spots.nearest((60.0, 20.0), 130.0, 0.0), Some(1), "on the border of two");
        assert_eq!(Spots::default().nearest((0.0, 0.0), 1.0, 1e9), None);
    }
}
