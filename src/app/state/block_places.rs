//! Where the cells of a section stand in its grid if some of them are in blocks: a block has rows of its own across the whole grid, in
//! which its mosaic says the places. Cells beside blocks flow as they do elsewhere.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::cell_size::medium_width;
use crate::protocol::{BoardLayout, CellId, CellLayout, LayoutBlock, Mosaic, MosaicArea};

/// Mosaics of more columns than these flow in a window between a phone and a desk.
const MAX_MEDIUM_COLUMNS: u8 = 3;

/// The first column and row, from 1, and how many the cell covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridPlace {
    pub column: u8,
    pub row: u16,
    pub width: u8,
    pub height: u8,
}

/// As `grid-area` has it.
impl fmt::Display for GridPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, row, width, height } = self;
        write!(f, "{row}/{column}/span {height}/span {width}")
    }
}

/// The place in a wide window, and in one between a phone and a desk.
pub type GridPlaces = (GridPlace, GridPlace);

/// A cell of the section, and its width outside of a block.
pub struct PlacedCell<'a> {
    pub id: &'a CellId,
    pub width: u8,
}

/// The areas of the cells of blocks: the place of the block among the blocks, the area's place in reading order, the mosaic.
fn areas(layout: &BoardLayout) -> HashMap<&CellId, (usize, usize, Arc<Mosaic>)> {
    let mut areas = HashMap::new();
    for (block, LayoutBlock { mosaic, cells, .. }) in layout.blocks.iter().enumerate() {
        let Ok(mosaic) = Mosaic::parse(mosaic).map(Arc::new) else { continue };
        for (at, area) in mosaic.areas.iter().enumerate() {
            areas.extend(cells.get(&area.letter).map(|cell| (cell, (block, at, mosaic.clone()))));
        }
    }
    areas
}

/// Brings the cells of each section into reading order: those of a block stand together, where the first of them does, as its mosaic has them.
pub fn into_reading_order<'a>(sections: impl Iterator<Item = &'a mut Vec<CellId>>, layout: &BoardLayout) {
    let areas = areas(layout);
    if areas.is_empty() {
        return;
    }
    for cells in sections {
        let mut begun: HashMap<usize, usize> = HashMap::new();
        let place = |(at, cell): (usize, CellId)| match areas.get(&cell) {
            Some((block, area, _)) => ((*begun.entry(*block).or_insert(at), *area), cell),
            None => ((at, 0), cell),
        };
        let mut placed: Vec<((usize, usize), CellId)> = std::mem::take(cells).into_iter().enumerate().map(place).collect();
        crate::sorting::sort_by(&mut placed, |a, b| a.0.cmp(&b.0));
        cells.extend(placed.into_iter().map(|(_, cell)| cell));
    }
}

/// The places of the cells that are shown, in the order of the board. `None` if no cell is in a block: the grid flows by itself.
pub fn block_places(cells: &[PlacedCell], layout: &BoardLayout) -> Option<HashMap<CellId, GridPlaces>> {
    let areas = areas(layout);
    if !cells.iter().any(|cell| areas.contains_key(cell.id)) {
        return None;
    }
    let (mut wide, mut medium) = (Flow::default(), Flow::default());
    let places = cells.iter().map(|cell| {
        let places = match areas.get(cell.id) {
            None => (wide.next(cell.width), medium.next(medium_width(cell.width))),
            Some((block, area, mosaic)) => {
                let (block, area, columns, rows) = (*block, mosaic.areas[*area], mosaic.columns, mosaic.rows);
                let in_wide = wide.in_block(block, rows, columns, area);
                let flowing = (CellLayout::COLUMNS / columns).max(1) * area.width;
                let is_block = columns <= MAX_MEDIUM_COLUMNS;
                (in_wide, if is_block { medium.in_block(block, rows, columns, area) } else { medium.next(medium_width(flowing)) })
            }
        };
        (cell.id.clone(), places)
    });
    Some(places.collect())
}

/// A grid that is filled row by row, as the browser does it.
#[derive(Default)]
struct Flow {
    /// The number of rows that are begun.
    rows: u16,
    /// The number of columns that are taken in the last row; 0: none is begun.
    taken: u8,
    /// The first row of each block that has begun.
    blocks: HashMap<usize, u16>,
}

impl Flow {
    fn next(&mut self, width: u8) -> GridPlace {
        if self.taken == 0 || self.taken + width > CellLayout::COLUMNS {
            (self.rows, self.taken) = (self.rows + 1, 0);
        }
        let place = GridPlace { column: self.taken + 1, row: self.rows, width, height: 1 };
        self.taken += width;
        if self.taken >= CellLayout::COLUMNS {
            self.taken = 0;
        }
        place
    }

    fn in_block(&mut self, block: usize, rows: u8, columns: u8, area: MosaicArea) -> GridPlace {
        let first = *self.blocks.entry(block).or_insert_with(|| {
            let first = self.rows + 1;
            (self.rows, self.taken) = (self.rows + u16::from(rows), 0);
            first
        });
        // Of 5 or 7 columns some are a twelfth wider than others.
        let edge = |column: u8| (u16::from(column) * u16::from(CellLayout::COLUMNS)).div_ceil(u16::from(columns)) as u8;
        let (start, end) = (edge(area.column - 1), edge(area.column - 1 + area.width));
        GridPlace { column: start + 1, row: first + u16::from(area.row) - 1, width: end - start, height: area.height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: char) -> CellId {
        CellId::parse(&name.to_string()).unwrap()
    }

    fn layout(blocks: &[(&str, &str)]) -> BoardLayout {
        let block = |(mosaic, cells): &(&str, &str)| LayoutBlock {
            id: mosaic.to_string(),
            mosaic: mosaic.to_string(),
            cells: cells.split_whitespace().map(|pair| (pair.chars().next().unwrap(), id(pair.chars().last().unwrap()))).collect(),
        };
        BoardLayout { blocks: blocks.iter().map(block).collect(), ..BoardLayout::default() }
    }

    fn text((place, medium): GridPlaces) -> (String, String) {
        let text = |place: GridPlace| place.to_string().replace("span ", "");
        (text(place), text(medium))
    }

    fn placed(cells: &[(char, u8)], layout: &BoardLayout) -> Vec<(String, String)> {
        let ids: Vec<CellId> = cells.iter().map(|(name, _)| id(*name)).collect();
        let cells: Vec<PlacedCell> = ids.iter().zip(cells).map(|(id, (_, width))| PlacedCell { id, width: *width }).collect();
        let places = block_places(&cells, layout).unwrap();
        ids.iter().map(|id| text(places[id])).collect()
    }

    fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
        wanted.iter().map(|(wide, medium)| ((*wide).to_owned(), (*medium).to_owned())).collect()
    }

    #[test]
    fn a_grid_without_blocks_flows_by_itself() {
        let cell = id('a');
        assert!(block_places(&[PlacedCell { id: &cell, width: 4 }], &layout(&[("AB", "A x B y")])).is_none());
        assert!(block_places(&[], &layout(&[])).is_none());
    }

    #[test]
    fn a_block_has_rows_of_its_own() {
        let hero = layout(&[("HHA;HHB", "H=h A=a B=b")]);
        let cells = [('x', 8), ('h', 4), ('a', 4), ('b', 4), ('y', 4), ('z', 6), ('w', 6)];
        let wanted = [
            ("1/1/1/8", "1/1/1/12"),
            ("2/1/2/8", "2/1/2/8"),
            ("2/9/1/4", "2/9/1/4"),
            ("3/9/1/4", "3/9/1/4"),
            ("4/1/1/4", "4/1/1/6"),
            ("4/5/1/6", "5/1/1/12"),
            ("5/1/1/6", "6/1/1/12"),
        ];
        assert_eq!(placed(&cells, &hero), pairs(&wanted));
    }

    #[test]
    fn cells_of_a_block_stand_together_wherever_they_are_in_the_order() {
        let two = layout(&[("AB", "A=a B=b")]);
        assert_eq!(
            placed(&[('b', 4), ('x', 12), ('a', 4)], &two),
            pairs(&[("1/7/1/6", "1/7/1/6"), ("2/1/1/12", "2/1/1/12"), ("1/1/1/6", "1/1/1/6")])
        );
    }

    #[test]
    fn cells_of_a_block_are_read_as_they_stand() {
        let two = layout(&[("AB;CC", "B=a A=b C=c"), ("ZY", "Y=y Z=z")]);
        let ids = |cells: &str| cells.chars().map(id).collect::<Vec<_>>();
        let mut sections = [ids("xacyvbzw"), ids("uz"), ids("")];
        into_reading_order(sections.iter_mut(), &two);
        assert_eq!(sections, [ids("xbaczyvw"), ids("uz"), ids("")]);
        let mut plain = [ids("ba")];
        into_reading_order(plain.iter_mut(), &layout(&[]));
        assert_eq!(plain, [ids("ba")]);
    }

    #[test]
    fn a_mosaic_of_many_columns_flows_in_a_narrow_window() {
        let four = layout(&[("ABCD", "A=a B=b C=c D=d")]);
        let wanted = [("1/1/1/3", "1/1/1/4"), ("1/4/1/3", "1/5/1/4"), ("1/7/1/3", "1/9/1/4"), ("1/10/1/3", "2/1/1/4")];
        assert_eq!(placed(&[('a', 4), ('b', 4), ('c', 4), ('d', 4)], &four), pairs(&wanted));
    }

    #[test]
    fn columns_that_do_not_divide_the_grid_fill_it() {
        let mosaics = ["ABCDE", "ABCDEFG", "AABCC", "ABCDEFGHIJK"];
        for mosaic in mosaics {
            let parsed = Mosaic::parse(mosaic).unwrap();
            let places: Vec<GridPlace> =
                parsed.areas.iter().map(|area| Flow::default().in_block(0, parsed.rows, parsed.columns, *area)).collect();
            assert!(places.windows(2).all(|pair| pair[0].column + pair[0].width == pair[1].column), "{mosaic}");
            assert_eq!(places.iter().map(|place| place.width).sum::<u8>(), 12, "{mosaic}");
            assert!(places.iter().all(|place| place.width > 0));
        }
    }
}
