//! Coloured cells: as many as the drawing has room for, one path for each colour.

use std::fmt::Write;

use super::colours::{Colours, LEVELS};
use crate::charts::palette::Colour;
use crate::charts::render::svg::{coordinate as n, push_coordinate};
use crate::charts::scene::{Form, Style};
use crate::charts::{Anchor, Measure, Scale, Svg, ticks};

/// Finer grids are drawn in blocks, so that the drawing stays below some 300 KB whatever is in it.
pub const MOST_COLUMNS: usize = 200;
pub const MOST_ROWS: usize = 120;

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
    let (rows_each, columns_each) = (source.len().div_ceil(MOST_ROWS).max(1), columns.div_ceil(MOST_COLUMNS).max(1));
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

/// The paths of all cells, in units of a column along and, downwards, of what `edges` says: where each row begins, and the last ends.
/// Where a number is NaN nothing is drawn; what is infinite has the colour of the end that it lies beyond.
fn paths(cells: &[Vec<f64>], edges: &[f64], colours: &Colours) -> String {
    let mut levels: Vec<String> = vec![String::new(); LEVELS];
    runs(cells, colours, |level, row, from, run| {
        let Some(path) = levels.get_mut(level) else { return };
        // Writing into a string cannot fail.
        let _ = write!(path, "M{from} ");
        push_coordinate(path, edges[row]);
        let _ = write!(path, "h{run}v");
        push_coordinate(path, edges[row + 1] - edges[row]);
        let _ = write!(path, "h-{run}z");
    });
    let mut out = String::new();
    for (level, path) in levels.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        let _ = write!(out, "<path class=\"cells\" fill=\"#{:06x}\" d=\"{path}\"/>", colours.colour(level));
    }
    out
}

/// Draws the cells between `top` and `bottom`: `columns` of them along, `rows` units of `edges` downwards.
pub fn cells(svg: &mut Svg, cells: &[Vec<f64>], edges: &[f64], (columns, rows): (f64, f64), (top, bottom): (f64, f64), colours: &Colours) {
    let Some(scene) = &mut svg.scene else {
        let (wide, high) = (svg.share(1.0), n(bottom - top));
        let view = format!(
            "<svg y=\"{top}\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\">",
            n(columns),
            n(rows)
        );
        svg.raw(&view);
        svg.raw(&paths(cells, edges, colours));
        return svg.end_window();
    };
    runs(cells, colours, |level, row, from, run| {
        let (left, right) = (from as f64 / columns, ((from + run) as f64 / columns).min(1.0));
        let down = |at: usize| top + edges[at] / rows * (bottom - top);
        scene.block(filled(colours.colour(level)), [left, 0.0, down(row), right - left, 0.0, down(row + 1) - down(row)]);
    });
}

fn filled(colour: Colour) -> Style {
    Style { ink: colour, ..Style::new(Form::Box, "k") }
}

/// Neighbours of a row that have one colour: its level, the row, where they begin, and how many they are. What is NaN has none.
fn runs(cells: &[Vec<f64>], colours: &Colours, mut each: impl FnMut(usize, usize, usize, usize)) {
    for (at, row) in cells.iter().enumerate() {
        let mut from = 0;
        while from < row.len() {
            let level = |number: f64| if number.is_nan() { None } else { Some(colours.level(number)) };
            let this = level(row[from]);
            let run = row[from..].iter().take_while(|number| level(**number) == this).count();
            if let Some(level) = this {
                each(level, at, from, run);
            }
            from += run;
        }
    }
}

/// Which colour stands for which number: a bar right of the plot, from `top` to `bottom`, with its labels.
pub fn colour_bar(svg: &mut Svg, colours: &Colours, unit: &str, (top, bottom): (f64, f64)) {
    const PIECES: usize = 32;
    let piece = (bottom - top) / PIECES as f64;
    let at = svg.share(1.0);
    let colour = |step: usize| colours.colour((PIECES - 1 - step) * (LEVELS - 1) / (PIECES - 1));
    if let Some(scene) = &mut svg.scene {
        for step in 0..PIECES {
            scene.block(filled(colour(step)), [1.0, 10.0, top + step as f64 * piece, 0.0, 10.0, piece]);
        }
    }
    let mut bar = String::from("<g class=\"cells\" transform=\"translate(10 0)\">");
    for step in 0..PIECES {
        let colour = colour(step);
        // A little too high, so that no gap is seen between two.
        let (y, height) = (n(top + step as f64 * piece), n(piece + if step + 1 < PIECES { 0.6 } else { 0.0 }));
        let _ = write!(bar, "<rect x=\"{at}\" y=\"{y}\" width=\"10\" height=\"{height}\" fill=\"#{colour:06x}\"/>");
    }
    svg.raw(&(bar + "</g>"));
    let scale = Scale::linear(colours.lo, colours.hi);
    for tick in ticks(&scale, Measure::Number(unit), ((bottom - top) / 50.0) as usize + 1) {
        svg.text("t", Anchor::Start, 1.0, 24.0, bottom - scale.at(tick.at) * (bottom - top) + 4.0, &tick.label);
    }
}

/// How much room [`colour_bar`] needs right of the plot.
pub fn bar_room(colours: &Colours, unit: &str, height: f64) -> f64 {
    let scale = Scale::linear(colours.lo, colours.hi);
    crate::charts::ticks::widest(&ticks(&scale, Measure::Number(unit), (height / 50.0) as usize + 1)) + 32.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_extreme_is_in_the_blocks() {
        let mut source = vec![vec![1.0; 1001]; 701];
        source[337][777] = 99.0;
        source[5][5] = -50.0;
        source[9] = vec![f64::NAN; 1001];
        let small = blocks(&source, 1.0);
        assert!(small.cells.len() <= MOST_ROWS && small.cells[0].len() <= MOST_COLUMNS);
        let all: Vec<f64> = small.cells.concat();
        assert!(all.contains(&99.0) && all.contains(&-50.0) && !all.iter().any(|number| number.is_nan()));
        assert_eq!(small.cells[337 / small.rows_each][777 / small.columns_each], 99.0);
        assert_eq!(small.places[337 / small.rows_each][777 / small.columns_each], (337, 777));
    }

    #[test]
    fn equal_neighbours_are_one_rectangle_and_nan_is_a_hole() {
        let colours = Colours { lo: 0.0, hi: 1.0, two_sided: false };
        let drawn = paths(&[vec![0.0, 0.0, f64::NAN, 1.0]], &[0.0, 2.5], &colours);
        assert_eq!(drawn.matches('M').count(), 2);
        assert!(drawn.contains("d=\"M0 0h2v2.5h-2z\"") && drawn.contains("d=\"M3 0h1v2.5h-1z\""), "{drawn}");
    }

    #[test]
    fn the_worst_grid_is_small() {
        let mut seed = 3_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        let cells: Vec<Vec<f64>> = (0..MOST_ROWS).map(|_| (0..MOST_COLUMNS).map(|_| random()).collect()).collect();
        let edges: Vec<f64> = (0..=MOST_ROWS).map(|at| at as f64).collect();
        let drawn = paths(&cells, &edges, &Colours::over(cells.iter().flatten().copied()));
        assert!(drawn.len() < 420_000, "{}", drawn.len());
    }
}
