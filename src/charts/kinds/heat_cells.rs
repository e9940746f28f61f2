//! Coloured cells: as many as the chart has room for, and neighbours of one colour together.

use super::colours::{Colours, LEVELS};
use crate::charts::display_list::{CellRun, HeatCells, Ink, Shape, Shapes, TextAnchor, X};
use crate::charts::{Scale, TickFormat, make_ticks};

/// Finer grids are drawn in blocks, so that the drawing stays below some 300 KB whatever is in it.
pub const MAX_COLUMNS: usize = 200;
pub const MAX_ROWS: usize = 120;

/// A grid of at most so many cells. A block shows its most extreme number: the one furthest from the middle of all, of two the higher.
#[derive(Debug, PartialEq)]
pub struct Blocks {
    pub cells: Vec<Vec<f64>>,
    /// The row and the column of the source that each shows.
    pub places: Vec<Vec<(usize, usize)>>,
    /// How many rows and columns of the source are one.
    pub rows_each: usize,
    pub columns_each: usize,
}

pub fn blocks(source: &[Vec<f64>], middle: f64) -> Blocks {
    let columns = source.first().map_or(0, Vec::len);
    let (rows_each, columns_each) = (source.len().div_ceil(MAX_ROWS).max(1), columns.div_ceil(MAX_COLUMNS).max(1));
    let is_further = |shown: f64, number: f64| match (shown.is_nan(), number.is_nan()) {
        (is_nothing, false) if is_nothing => true,
        (_, true) => false,
        // Of two that are as far, the higher: a peak among the lowest is what is looked for.
        _ => (number - middle).abs().total_cmp(&(shown - middle).abs()).then(number.total_cmp(&shown)).is_gt(),
    };
    let block = |from: usize, at: usize| {
        let mut shown = (from, at);
        for row in from..(from + rows_each).min(source.len()) {
            for column in at..(at + columns_each).min(columns) {
                if is_further(source[shown.0][shown.1], source[row][column]) {
                    shown = (row, column);
                }
            }
        }
        shown
    };
    let row = |from: usize| (0..columns).step_by(columns_each).map(|at| block(from, at)).collect();
    let places: Vec<Vec<(usize, usize)>> = (0..source.len()).step_by(rows_each).map(row).collect();
    let cells = places.iter().map(|row| row.iter().map(|(row, column)| source[*row][*column]).collect()).collect();
    Blocks { cells, places, rows_each, columns_each }
}

/// The cells between `top` and `bottom`: `columns` of them are as wide as the plot, `rows` units of `edges` as high. `edges` says where
/// each row begins, and the last one ends. Where a number is NaN there is no cell; what is infinite has the colour of the end that it
/// lies beyond.
pub fn heat_cells(
    cells: &[Vec<f64>],
    edges: Vec<f64>,
    (columns, rows): (f64, f64),
    (top, bottom): (f64, f64),
    colours: &Colours,
) -> HeatCells {
    let table = (0..LEVELS).map(|level| colours.colour(level)).collect();
    HeatCells { top, bottom, columns, edges, rows, colours: table, runs: runs(cells, colours) }
}

fn runs(cells: &[Vec<f64>], colours: &Colours) -> Vec<CellRun> {
    let mut runs = Vec::new();
    for (at, row) in cells.iter().enumerate() {
        let mut from = 0;
        while from < row.len() {
            let level = |number: f64| if number.is_nan() { None } else { Some(colours.level(number)) };
            let this = level(row[from]);
            let count = row[from..].iter().take_while(|number| level(**number) == this).count();
            runs.extend(this.map(|level| CellRun { level, row: at, from, count }));
            from += count;
        }
    }
    runs
}

/// Which colour stands for which number: a bar right of the plot, from `top` to `bottom`, with its labels.
pub fn colour_bar(plot: &mut Shapes, colours: &Colours, unit: &str, (top, bottom): (f64, f64)) {
    const PIECES: usize = 32;
    let colour = |step: usize| colours.colour((PIECES - 1 - step) * (LEVELS - 1) / (PIECES - 1));
    plot.push(Shape::ColourBar { colours: (0..PIECES).map(colour).collect(), top, bottom });
    let scale = Scale::linear(colours.lo, colours.hi);
    for tick in make_ticks(&scale, TickFormat::Number(unit), ((bottom - top) / 50.0) as usize + 1) {
        let y = bottom - scale.normalize(tick.at) * (bottom - top) + 4.0;
        plot.text(Ink::Muted, TextAnchor::Start, X { share: 1.0, px: 24.0 }, y, tick.label);
    }
}

/// How much room [`colour_bar`] needs right of the plot.
pub fn colour_bar_width(colours: &Colours, unit: &str, height: f64) -> f64 {
    let scale = Scale::linear(colours.lo, colours.hi);
    crate::charts::ticks::max_label_width(&make_ticks(&scale, TickFormat::Number(unit), (height / 50.0) as usize + 1)) + 32.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::display_list::DisplayList;
    use crate::charts::kinds::well_formed::fixed;
    use crate::charts::render::svg::svg;

    #[test]
    fn every_extreme_is_in_the_blocks() {
        let mut source = vec![vec![1.0; 1001]; 701];
        source[337][777] = 99.0;
        source[5][5] = -50.0;
        source[9] = vec![f64::NAN; 1001];
        let small = blocks(&source, 1.0);
        assert!(small.cells.len() <= MAX_ROWS && small.cells[0].len() <= MAX_COLUMNS);
        let all: Vec<f64> = small.cells.concat();
        assert!(all.contains(&99.0) && all.contains(&-50.0) && !all.iter().any(|number| number.is_nan()));
        assert_eq!(small.cells[337 / small.rows_each][777 / small.columns_each], 99.0);
        assert_eq!(small.places[337 / small.rows_each][777 / small.columns_each], (337, 777));
    }

    #[test]
    fn equal_neighbours_are_one_rectangle_and_nan_is_a_hole() {
        let colours = Colours { lo: 0.0, hi: 1.0, two_sided: false };
        let found = runs(&[vec![0.0, 0.0, f64::NAN, 1.0]], &colours);
        let last = LEVELS - 1;
        assert_eq!(found, [CellRun { level: 0, row: 0, from: 0, count: 2 }, CellRun { level: last, row: 0, from: 3, count: 1 }]);
    }

    #[test]
    fn the_worst_grid_is_small() {
        let mut seed = 3_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        let cells: Vec<Vec<f64>> = (0..MAX_ROWS).map(|_| (0..MAX_COLUMNS).map(|_| random()).collect()).collect();
        let edges: Vec<f64> = (0..=MAX_ROWS).map(|at| at as f64).collect();
        let colours = Colours::over(cells.iter().flatten().copied());
        let mut list = DisplayList::default();
        let units = (MAX_COLUMNS as f64, MAX_ROWS as f64);
        list.plot.push(Shape::HeatCells(heat_cells(&cells, edges, units, (0.0, 240.0), &colours)));
        let drawn = svg(&list, &fixed());
        assert!(drawn.len() < 420_000, "{}", drawn.len());
    }
}
