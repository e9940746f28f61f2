//! A mosaic, as Matplotlib writes it: rows of letters, each letter one rectangle; `AAB;AAC` has three of them. `.` is empty.

use std::collections::BTreeMap;
use std::fmt;

/// The layouts of Keen Dashboards: name and mosaic.
pub const NAMED_MOSAICS: [(&str, &str); 8] = [
    ("hero-thirds", "HHA;HHB;CDE"),
    ("hero-sidebar", "SHHH;SABC;SDEF"),
    ("quarter-grid", "ABCD"),
    ("thirds-grid", "ABC"),
    ("split-columns", "AABB;CDEF"),
    ("split-rows", "ABBB"),
    ("split-centered", "ABBC;DBBE"),
    ("two-and-one", "AA;BC"),
];

/// A checked mosaic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mosaic {
    pub columns: u8,
    pub rows: u8,
    /// In the order in which a reader comes to them: by row, then by column.
    pub areas: Vec<MosaicArea>,
}

/// The rectangle of a letter: its first column and row, from 1, and how many it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MosaicArea {
    pub letter: char,
    pub column: u8,
    pub row: u8,
    pub width: u8,
    pub height: u8,
}

/// Why a text is no mosaic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MosaicError {
    Empty,
    TooManyColumns,
    TooManyRows,
    /// A character that is no letter and no `.`.
    Character(char),
    /// The row, from 1, that is not as long as the first one.
    UnevenRow(usize),
    /// The letter that is not one rectangle.
    NotARectangle(char),
}

impl fmt::Display for MosaicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("needs a letter: AAB;AAC"),
            Self::TooManyColumns => write!(f, "may have {} columns", Mosaic::MAX_COLUMNS),
            Self::TooManyRows => write!(f, "may have {} rows", Mosaic::MAX_ROWS),
            Self::Character(char) => write!(f, "has letters A-Z and a-z and '.' for an empty place, not {char:?}"),
            Self::UnevenRow(row) => write!(f, "has rows of equal length, but row {row} is not as long as the first"),
            Self::NotARectangle(letter) => write!(f, "has one rectangle for each letter, but '{letter}' is none"),
        }
    }
}

impl std::error::Error for MosaicError {}

impl Mosaic {
    pub const MAX_COLUMNS: usize = 12;
    pub const MAX_ROWS: usize = 24;

    /// Parses rows that `;` or a line break separates. Space around rows and empty rows count for nothing, as in Matplotlib.
    pub fn parse(text: &str) -> Result<Self, MosaicError> {
        let mut rows: Vec<Vec<char>> = Vec::new();
        for line in text.split([';', '\n']).map(str::trim).filter(|line| !line.is_empty()) {
            if rows.len() == Self::MAX_ROWS {
                return Err(MosaicError::TooManyRows);
            }
            let row: Vec<char> = line.chars().take(Self::MAX_COLUMNS + 1).collect();
            if let Some(char) = row.iter().find(|char| !char.is_ascii_alphabetic() && **char != '.') {
                return Err(MosaicError::Character(*char));
            }
            if row.len() > Self::MAX_COLUMNS {
                return Err(MosaicError::TooManyColumns);
            }
            rows.push(row);
            if rows[0].len() != rows[rows.len() - 1].len() {
                return Err(MosaicError::UnevenRow(rows.len()));
            }
        }
        let areas = areas(&rows)?;
        let columns = rows.first().map_or(0, Vec::len);
        if areas.is_empty() { Err(MosaicError::Empty) } else { Ok(Self { columns: columns as u8, rows: rows.len() as u8, areas }) }
    }

    /// The mosaic of a layout of Keen Dashboards.
    pub fn named(name: &str) -> Option<&'static str> {
        NAMED_MOSAICS.iter().find(|(known, _)| *known == name).map(|(_, mosaic)| *mosaic)
    }

    pub fn area(&self, letter: char) -> Option<&MosaicArea> {
        self.areas.iter().find(|area| area.letter == letter)
    }
}

/// Rows separated by `;`, without spaces: [`Mosaic::parse`] gives the same mosaic.
impl fmt::Display for Mosaic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut places = vec![vec!['.'; usize::from(self.columns)]; usize::from(self.rows)];
        for MosaicArea { letter, column, row, width, height } in &self.areas {
            let columns = usize::from(*column - 1)..usize::from(*column - 1 + *width);
            places[usize::from(*row - 1)..usize::from(*row - 1 + *height)].iter_mut().for_each(|row| row[columns.clone()].fill(*letter));
        }
        let rows: Vec<String> = places.into_iter().map(|row| row.into_iter().collect()).collect();
        f.write_str(&rows.join(";"))
    }
}

/// The rectangles of rows of equal length.
fn areas(rows: &[Vec<char>]) -> Result<Vec<MosaicArea>, MosaicError> {
    // For each letter its first place, its last column and row, and how many places it has.
    let mut found: BTreeMap<char, (MosaicArea, usize)> = BTreeMap::new();
    for (row, letters) in rows.iter().enumerate() {
        for (column, letter) in letters.iter().enumerate().filter(|(_, letter)| **letter != '.') {
            let (column, row) = (column as u8 + 1, row as u8 + 1);
            let (area, places) = found.entry(*letter).or_insert((MosaicArea { letter: *letter, column, row, width: 1, height: 1 }, 0));
            if column < area.column {
                return Err(MosaicError::NotARectangle(*letter));
            }
            area.width = area.width.max(column - area.column + 1);
            area.height = row - area.row + 1;
            *places += 1;
        }
    }
    let is_full = |(area, places): &(MosaicArea, usize)| usize::from(area.width) * usize::from(area.height) == *places;
    if let Some((area, _)) = found.values().find(|found| !is_full(found)) {
        return Err(MosaicError::NotARectangle(area.letter));
    }
    let mut areas: Vec<MosaicArea> = found.into_values().map(|(area, _)| area).collect();
    crate::sorting::sort_by(&mut areas, |a, b| (a.row, a.column).cmp(&(b.row, b.column)));
    Ok(areas)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_mix::SplitMix64;

    #[test]
    fn the_named_ones_are_mosaics() {
        for (name, text) in NAMED_MOSAICS {
            let mosaic = Mosaic::parse(text).unwrap();
            assert_eq!((mosaic.to_string().as_str(), Mosaic::named(name)), (text, Some(text)));
            assert!(Mosaic::parse(name).is_err(), "its hyphen distinguishes a name from a mosaic");
        }
        assert_eq!(Mosaic::named("hero"), None);
    }

    #[test]
    fn areas_are_rectangles_in_reading_order() {
        let mosaic = Mosaic::parse(" BBA\n BB. ;\n\nCCC").unwrap();
        let area = |letter, column, row, width, height| MosaicArea { letter, column, row, width, height };
        assert_eq!((mosaic.columns, mosaic.rows), (3, 3));
        assert_eq!(mosaic.areas, [area('B', 1, 1, 2, 2), area('A', 3, 1, 1, 1), area('C', 1, 3, 3, 1)]);
        assert_eq!(mosaic.area('A'), Some(&area('A', 3, 1, 1, 1)));
        assert_eq!(mosaic.area('D'), None);
    }

    #[test]
    fn what_is_no_mosaic_says_why() {
        let rows = |rows: usize| vec!["A"; rows].join(";");
        for (text, why) in [
            ("", MosaicError::Empty),
            (" ; \n", MosaicError::Empty),
            ("..;..", MosaicError::Empty),
            ("AB;A", MosaicError::UnevenRow(2)),
            ("AAA;AAB;CC", MosaicError::UnevenRow(3)),
            ("A1", MosaicError::Character('1')),
            ("A B", MosaicError::Character(' ')),
            ("äB", MosaicError::Character('ä')),
            ("AAB;ABB", MosaicError::NotARectangle('B')),
            ("A.A", MosaicError::NotARectangle('A')),
            (".A;AA", MosaicError::NotARectangle('A')),
            ("A;B;A", MosaicError::NotARectangle('A')),
            ("AAAAAAAAAAAAA", MosaicError::TooManyColumns),
            (&rows(25), MosaicError::TooManyRows),
        ] {
            assert_eq!(Mosaic::parse(text), Err(why), "{text}");
            assert!(!why.to_string().is_empty());
        }
        assert!(Mosaic::parse("AAAAAAAAAAAA").is_ok() && Mosaic::parse(&rows(24)).is_ok());
    }

    /// Whether each letter fills the smallest rectangle around it.
    fn is_of_rectangles(rows: &[Vec<char>]) -> bool {
        let letters: std::collections::BTreeSet<char> = rows.iter().flatten().copied().filter(|letter| *letter != '.').collect();
        !letters.is_empty()
            && letters.into_iter().all(|letter| {
                let places: Vec<(usize, usize)> = rows
                    .iter()
                    .enumerate()
                    .flat_map(|(row, letters)| letters.iter().enumerate().map(move |(column, known)| (row, column, *known)))
                    .filter(|(_, _, known)| *known == letter)
                    .map(|(row, column, _)| (row, column))
                    .collect();
                let (top, bottom) = (places.iter().map(|place| place.0).min().unwrap(), places.iter().map(|place| place.0).max().unwrap());
                let (left, right) = (places.iter().map(|place| place.1).min().unwrap(), places.iter().map(|place| place.1).max().unwrap());
                (top..=bottom).all(|row| (left..=right).all(|column| rows[row][column] == letter))
            })
    }

    #[test]
    fn any_grid_of_letters_is_a_mosaic_if_its_letters_are_rectangles() {
        let (mut rng, mut valid) = (SplitMix64(7), 0);
        for _ in 0..20_000 {
            let (columns, count) = (1 + rng.below(3), 1 + rng.below(3));
            let rows: Vec<Vec<char>> = (0..count).map(|_| (0..columns).map(|_| rng.pick(&['A', 'B', 'c', '.'])).collect()).collect();
            let text = rows.iter().map(|row| row.iter().collect::<String>()).collect::<Vec<_>>().join(";");
            let parsed = Mosaic::parse(&text);
            assert_eq!(parsed.is_ok(), is_of_rectangles(&rows), "{text}");
            if let Ok(mosaic) = parsed {
                valid += 1;
                assert_eq!(mosaic.to_string(), text);
                let covered: usize = mosaic.areas.iter().map(|area| usize::from(area.width) * usize::from(area.height)).sum();
                assert_eq!(covered, rows.iter().flatten().filter(|letter| **letter != '.').count());
            }
        }
        assert!(valid > 1_000, "{valid}");
    }

    #[test]
    fn no_text_panics_the_parser() {
        let mut rng = SplitMix64(11);
        for _ in 0..20_000 {
            let text: String =
                (0..rng.below(40)).map(|_| rng.pick(&['A', 'A', 'B', '.', ';', '\n', ' ', '\u{1F600}', '-', '\0'])).collect();
            if let Ok(mosaic) = Mosaic::parse(&text) {
                assert_eq!(Mosaic::parse(&mosaic.to_string()), Ok(mosaic));
            }
        }
    }
}
