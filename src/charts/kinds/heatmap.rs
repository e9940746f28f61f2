//! A matrix as coloured cells, with its numbers in them where there is room.

use std::fmt::Write;

use super::bar::every;
use super::colours::{Colours, ink_on};
use super::grid::{self, Blocks, bar_room, blocks, colour_bar};
use super::sheet::{Plot, Sheet, counted, cut, reach, values, words};
use crate::charts::render::svg::{coordinate as n, escaped};
use crate::charts::scene::{Form, Scene, Style};
use crate::charts::text_metrics::{FONT_SIZE, width};
use crate::charts::{Anchor, Svg, number};
use crate::protocol::spots::Spots;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heatmap {
    /// Rows from the top, all of the same length, which is not 0.
    pub values: Vec<Vec<f64>>,
    /// As many as there are rows, or none.
    pub rows: Vec<String>,
    pub columns: Vec<String>,
    /// What the rows and the columns are.
    pub row_label: String,
    pub column_label: String,
    /// Of the values.
    pub unit: String,
}

/// Numbers are not even tried beyond so many cells.
const TOLD: usize = 2500;

impl Heatmap {
    /// Rows and columns without names have their positions, from 0.
    pub fn label(labels: &[String], at: usize) -> String {
        labels.get(at).cloned().unwrap_or_else(|| at.to_string())
    }

    /// Positions are told in round steps.
    fn step(labels: &[String], least: usize) -> usize {
        let round = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
        if labels.is_empty() { round.into_iter().find(|step| *step >= least).unwrap_or(least) } else { least }
    }

    pub fn svg(&self, sheet: &Sheet) -> String {
        self.draw(sheet).0.finish()
    }

    /// The same drawing for the page to paint.
    pub fn scene(&self, sheet: &Sheet) -> Scene {
        self.draw(&sheet.for_scene()).0.scene.unwrap_or_default()
    }

    /// A spot for each cell that is drawn, with the row and the column of the number that it shows. Where all numbers are amounts, each
    /// also has its share of its row: of a confusion matrix, the recall.
    pub fn spots(&self, sheet: &Sheet) -> Spots {
        let (svg, plot, small) = self.draw(sheet);
        let mut spots = plot.spots(&svg);
        let (high, wide) = (self.values.len() as f64, self.values.first().map_or(0, Vec::len) as f64);
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (row, blocks) in small.places.iter().enumerate() {
            for (column, place) in blocks.iter().enumerate() {
                let share = |at: usize, each: usize, all: f64| ((at * each) as f64 / all).min(1.0);
                let down = |at: usize| plot.top + share(at, small.rows_each, high) * (plot.bottom - plot.top);
                let along = |at: usize| share(at, small.columns_each, wide);
                spots.push((along(column), along(column + 1)), (down(row), down(row + 1)));
                places.push(*place);
            }
        }
        let label = |name: &str, fallback: &str, labels: &[String], at: &dyn Fn(&(usize, usize)) -> usize| {
            let mut used: Vec<usize> = places.iter().map(at).collect();
            used.sort_unstable();
            used.dedup();
            let texts = used.iter().map(|at| Self::label(labels, *at)).collect();
            words(
                if name.is_empty() { fallback } else { name },
                texts,
                places.iter().map(|place| used.partition_point(|used| *used < at(place))),
            )
        };
        spots.fields = vec![
            label(&self.row_label, "row", &self.rows, &|place| place.0),
            label(&self.column_label, "column", &self.columns, &|place| place.1),
            values("value", &self.unit, None, places.iter().map(|(row, column)| self.values[*row][*column]).collect()),
        ];
        if self.values.iter().flatten().all(|number| number.is_finite() && *number >= 0.0) {
            let sums: Vec<f64> = self.values.iter().map(|row| row.iter().sum()).collect();
            // To a tenth of a per cent; of a row of zeros nothing is a share.
            let share = |(row, column): &(usize, usize)| {
                let share = self.values[*row][*column] / sums[*row];
                if share.is_finite() { (share * 1000.0).round() / 10.0 } else { 0.0 }
            };
            spots.fields.push(values("of the row", "%", None, places.iter().map(share).collect()));
        }
        spots
    }

    fn draw(&self, sheet: &Sheet) -> (Svg, Plot, Blocks) {
        let all = || self.values.iter().flatten().copied();
        let count = |is: fn(f64) -> bool| all().filter(|number| is(*number)).count() as u64;
        let missing = counted(count(f64::is_nan), count(|number| number == f64::INFINITY), count(|number| number == f64::NEG_INFINITY));
        let (height, width_of_source) = (self.values.len(), self.values.first().map_or(0, Vec::len));
        let finite = || all().filter(|number| number.is_finite());
        let (least, most) = (finite().fold(f64::NAN, f64::min), finite().fold(f64::NAN, f64::max));
        let joint = if missing.is_empty() { "" } else { "; " };
        let mut svg = sheet.begin(&format!("{height} rows and {width_of_source} columns, {}{joint}{missing}", reach(least, most)));
        let colours = Colours::over(all());
        let small = blocks(&self.values, colours.lo / 2.0 + colours.hi / 2.0);

        let named = |labels: &[String], count: usize| (0..count).map(|at| width(&Self::label(labels, at))).fold(0.0, f64::max);
        let row_room = named(&self.rows, height).min(sheet.width() * 0.28);
        let note = if missing.is_empty() { 0.0 } else { 14.0 };
        let bottom_room = 22.0 + if self.column_label.is_empty() { 0.0 } else { 16.0 } + note;
        let (top, bottom) = (10.0, (sheet.height() - bottom_room).max(11.0));
        let left = row_room + 14.0 + if self.row_label.is_empty() { 0.0 } else { 16.0 };
        // Colours that stand for nothing are not told.
        let right = if least <= most { bar_room(&colours, &self.unit, bottom - top) } else { 14.0 };
        svg.plot(left, right);
        // What is not covered by a cell is no number.
        svg.rect("hatch", 0.0, top, 1.0, bottom - top);
        let edges: Vec<f64> = (0..=small.cells.len()).map(|at| (at as f64 * small.rows_each as f64).min(height as f64)).collect();
        let units = (width_of_source as f64 / small.columns_each as f64, height as f64);
        grid::cells(&mut svg, &small.cells, &edges, units, (top, bottom), &colours);
        let across = (sheet.width() - left - right).max(1.0) / width_of_source as f64;
        let down = (bottom - top) / height as f64;
        if height * width_of_source <= TOLD {
            self.numbers(&mut svg, &colours, (top, down), across);
        }
        let (step, room) = every(named(&self.columns, width_of_source), across);
        for at in (0..width_of_source).step_by(Self::step(&self.columns, step)) {
            let share = (at as f64 + 0.5) / width_of_source as f64;
            svg.text("t", Anchor::Middle, share, 0.0, bottom + 15.0, &cut(&Self::label(&self.columns, at), room));
        }
        for at in (0..height).step_by(Self::step(&self.rows, every(FONT_SIZE, down).0)) {
            let y = top + (at as f64 + 0.5) * down + 4.0;
            svg.text("t", Anchor::End, 0.0, -6.0, y, &cut(&Self::label(&self.rows, at), row_room));
        }
        if !self.column_label.is_empty() {
            svg.text("k", Anchor::Middle, 0.5, 0.0, bottom + 32.0, &self.column_label);
        }
        if !missing.is_empty() {
            svg.text("t", Anchor::Start, 0.0, 0.0, bottom + bottom_room - 6.0, &missing);
        }
        if least <= most {
            colour_bar(&mut svg, &colours, &self.unit, (top, bottom));
        }
        svg.end_plot();
        if !self.row_label.is_empty() {
            let middle = (top + bottom) / 2.0;
            match &mut svg.scene {
                Some(scene) => {
                    let style = Style { is_upright: true, is_outside: true, anchor: Anchor::Middle, ..Style::new(Form::Text, "k") };
                    scene.text(style, (0.0, 14.0, middle), &self.row_label);
                }
                None => svg.raw(&format!(
                    "<text class=\"k mid\" transform=\"translate(14 {}) rotate(-90)\">{}</text>",
                    n(middle),
                    escaped(&self.row_label)
                )),
            }
        }
        (svg, Plot { left, right, top, bottom }, small)
    }

    /// All of them where the widest fits, else none: one that is left out would be taken for nothing. NaN is hatched anyway.
    fn numbers(&self, svg: &mut Svg, colours: &Colours, (top, down): (f64, f64), across: f64) {
        let texts: Vec<Vec<String>> = self.values.iter().map(|row| row.iter().map(|value| short(*value)).collect()).collect();
        let finite = texts.iter().flatten().filter(|text| *text != "NaN");
        let widest = finite.map(|text| width(text)).fold(0.0, f64::max);
        let nan_fits = width("NaN") + 2.0 <= across;
        if widest + 4.0 > across || down < FONT_SIZE + 2.0 {
            return;
        }
        let columns = texts.first().map_or(0, Vec::len) as f64;
        let mut out = String::from("<g class=\"mid\">");
        for (row, (values, texts)) in self.values.iter().zip(&texts).enumerate() {
            let y = top + (row as f64 + 0.5) * down + 4.0;
            for (column, (value, text)) in values.iter().zip(texts).enumerate() {
                let share = (column as f64 + 0.5) / columns;
                let ink = ink_on(colours.colour(colours.level(*value)));
                if let Some(scene) = &mut svg.scene {
                    let style = Style { anchor: Anchor::Middle, ..Style::new(Form::Text, "k") };
                    match value.is_nan() {
                        true if !nan_fits => {}
                        true => scene.text(style, (share, 0.0, y), text),
                        false => scene.text(Style { ink, ..style }, (share, 0.0, y), text),
                    }
                    continue;
                }
                let (x, y) = (svg.share(share), n(y));
                // Writing into a string cannot fail.
                let _ = match value.is_nan() {
                    true if !nan_fits => Ok(()),
                    true => write!(out, "<text class=\"k\" x=\"{x}\" y=\"{y}\">{text}</text>"),
                    false => write!(out, "<text fill=\"#{ink:06x}\" x=\"{x}\" y=\"{y}\">{text}</text>"),
                };
            }
        }
        svg.raw(&(out + "</g>"));
    }
}

/// Three significant digits; whole numbers in full.
fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || size == 0.0 || value.fract() == 0.0 {
        return number(value);
    }
    let places = (2.0 - size.log10().floor()).clamp(0.0, 300.0) as i32;
    let step = 10_f64.powi(places);
    let rounded = (value * step).round() / step;
    number(if rounded.is_finite() { rounded } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::kinds::well_formed::{drawn, fixed};

    #[test]
    fn a_confusion_matrix_has_its_numbers_and_labels() {
        let map = Heatmap {
            values: vec![vec![50.0, 2.0], vec![f64::NAN, 48.0]],
            rows: vec!["<cat>".into(), "dog".into()],
            columns: vec!["cat".into(), "dog".into()],
            row_label: "truth".into(),
            column_label: "predicted".into(),
            unit: String::new(),
        };
        let svg = drawn(|sheet| map.svg(sheet));
        assert!(svg.contains(">50</text>") && svg.contains("&lt;cat&gt;") && svg.contains(">NaN</text>") && svg.contains("1 NaN"), "{svg}");
        assert!(svg.contains("class=\"hatch\"") && svg.contains("rotate(-90)") && svg.contains("predicted"));
    }

    #[test]
    fn every_number_is_found_in_its_cell() {
        let map = Heatmap {
            values: vec![vec![8.0, 2.0, 0.0], vec![0.0, 0.0, 0.0]],
            rows: vec!["cat".into(), "dog".into()],
            row_label: "truth".into(),
            ..Heatmap::default()
        };
        let spots = map.spots(&fixed());
        let names: Vec<_> = spots.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["truth", "column", "value", "of the row"]);
        let [left, right, top, bottom] = spots.place(0, 640.0);
        let at = |row: usize, column: usize| {
            let (x, y) = (left + (right - left) * (column as f64 + 0.5), top + (bottom - top) * (row as f64 + 0.5));
            let spot = spots.nearest((x, y), 640.0, 0.0).unwrap();
            let text = |field: usize| spots.fields[field].texts[spots.fields[field].numbers[spot] as usize].as_str();
            (text(0), text(1), spots.fields[2].numbers[spot], spots.fields[3].numbers[spot])
        };
        assert_eq!(at(0, 0), ("cat", "0", 8.0, 80.0));
        assert_eq!(at(0, 1), ("cat", "1", 2.0, 20.0));
        assert_eq!(at(1, 2), ("dog", "2", 0.0, 0.0));
        assert_eq!(
            Heatmap { values: vec![vec![-1.0, 2.0]], ..Heatmap::default() }.spots(&fixed()).fields.len(),
            3,
            "no share of what is below zero"
        );
    }

    #[test]
    fn a_block_tells_the_number_that_it_shows() {
        let mut values = vec![vec![1.0; 1000]; 500];
        values[333][777] = 99.0;
        let spots = Heatmap { values, ..Heatmap::default() }.spots(&fixed());
        let spot = spots.fields[2].numbers.iter().position(|value| *value == 99.0).unwrap();
        let text = |field: usize| spots.fields[field].texts[spots.fields[field].numbers[spot] as usize].as_str();
        assert_eq!((text(0), text(1)), ("333", "777"));
        let [left, right, ..] = spots.place(spot, 640.0);
        let at = spots.left + (640.0 - spots.left - spots.right) * 777.5 / 1000.0;
        assert!(left <= at && at <= right && spots.fields[2].numbers.len() <= 200 * 120, "{left} {at} {right}");
    }

    #[test]
    fn matrices_of_every_sort_are_drawn() {
        for values in [
            vec![vec![0.0]],
            vec![vec![f64::NAN; 3]; 2],
            vec![vec![f64::INFINITY, f64::NEG_INFINITY, 1.0]],
            vec![vec![f64::MAX, f64::MIN]],
            vec![vec![-1.0, 1.0]; 400],
            vec![vec![0.123; 1000]; 3],
        ] {
            let svg = drawn(|sheet| Heatmap { values: values.clone(), ..Heatmap::default() }.svg(sheet));
            assert!(svg.len() < 400_000);
        }
    }

    #[test]
    fn numbers_in_cells_are_short() {
        assert_eq!(
            (short(0.123456), short(12345.0), short(-1.0), short(123.456)),
            ("0.123".into(), "12345".into(), "-1".into(), "123".into())
        );
        assert_eq!((short(f64::MIN_POSITIVE).len() < 20, short(f64::NAN)), (true, "NaN".into()));
    }
}
