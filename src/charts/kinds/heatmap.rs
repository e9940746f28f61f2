//! `heatmap`: a matrix as coloured cells, such as a confusion matrix, with its numbers in them where there is room.

use super::bar::every;
use super::colours::{Colours, ink_on};
use super::heat_cells::{Blocks, blocks, colour_bar, colour_bar_width, heat_cells};
use super::parts::{self, PlotRows, extent_text, format_non_finite, numbers_field, shorten_text, texts_field};
use super::{Chart, ChartKind};
use crate::charts::axis_titles::parse_title;
use crate::charts::canvas::ChartCanvas;
use crate::charts::csv::Csv;
use crate::charts::display_list::{CellLabel, DisplayList, Ink, Shape, Shapes, Text, TextAnchor, X};
use crate::charts::format_number;
use crate::charts::hit_areas::HitAreas;
use crate::charts::text_metrics::{FONT_SIZE, text_width};
use crate::protocol::ApiError;
use crate::protocol::json_path::JsonPath;
use crate::sorting;

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
const MAX_LABELLED_CELLS: usize = 2500;
/// Numbers in one heatmap.
const MAX_NUMBERS: usize = 1_000_000;

impl ChartKind for Heatmap {
    const NAME: &str = "heatmap";
    const HEIGHT: u32 = 320;

    /// `[[…],…]` or `{"values":[[…],…],"rows":[…],"columns":[…],"row_label":"…","column_label":"…","unit":"…"}`.
    fn parse(root: JsonPath) -> Result<Self, ApiError> {
        if !root.is_list() && !root.is_object() {
            return Err(root.type_error("must be an array of rows, or an object with values"));
        }
        let values = if root.is_list() { root } else { root.need("values")? };
        let (mut map, mut numbers) = (Self::default(), 0);
        for row in values.items()? {
            // Counted before they take memory.
            let width = row.count();
            numbers += width;
            values.check_max_len(numbers, MAX_NUMBERS, "numbers", "send fewer rows or columns")?;
            let row_numbers = match map.values.first() {
                Some(first) => row.numbers_as(first.len(), "column")?,
                None => row.numbers()?,
            };
            if row_numbers.is_empty() {
                return Err(row.wrong("must have at least 1 item"));
            }
            map.values.push(row_numbers);
        }
        let width = map.values.first().map_or(0, Vec::len);
        if width == 0 {
            return Err(values.wrong("must have at least 1 row"));
        }
        if root.is_object() {
            for (key, wanted, each, into) in
                [("rows", map.values.len(), "row", &mut map.rows), ("columns", width, "column", &mut map.columns)]
            {
                if let Some(labels) = root.get(key) {
                    *into = labels.labels_as(wanted, &format!("{each} of value.values"))?;
                }
            }
            map.row_label = parse_title(&root, "row_label")?;
            map.column_label = parse_title(&root, "column_label")?;
            map.unit = parse_title(&root, "unit")?;
        }
        Ok(map)
    }
}

impl Chart for Heatmap {
    fn draw(&self, canvas: &ChartCanvas) -> DisplayList {
        self.lay_out(canvas).0
    }

    /// An area for each cell that is drawn, with the row and the column of the number that it shows. Where all numbers are amounts, each
    /// also has its share of its row: of a confusion matrix, the recall.
    fn hit_areas(&self, canvas: &ChartCanvas) -> HitAreas {
        let (list, plot, small) = self.lay_out(canvas);
        let mut areas = parts::new_hit_areas(&list);
        let (high, wide) = (self.values.len() as f64, self.values.first().map_or(0, Vec::len) as f64);
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (row, blocks) in small.places.iter().enumerate() {
            for (column, place) in blocks.iter().enumerate() {
                let share = |at: usize, each: usize, all: f64| ((at * each) as f64 / all).min(1.0);
                let down = |at: usize| plot.top + share(at, small.rows_each, high) * (plot.bottom - plot.top);
                let along = |at: usize| share(at, small.columns_each, wide);
                areas.push((along(column), along(column + 1)), (down(row), down(row + 1)));
                places.push(*place);
            }
        }
        let label = |name: &str, fallback: &str, labels: &[String], at: &dyn Fn(&(usize, usize)) -> usize| {
            let mut used: Vec<usize> = places.iter().map(at).collect();
            sorting::sort(&mut used);
            used.dedup();
            let texts = used.iter().map(|at| Self::label(labels, *at)).collect();
            texts_field(
                if name.is_empty() { fallback } else { name },
                texts,
                places.iter().map(|place| used.partition_point(|used| *used < at(place))),
            )
        };
        areas.fields = vec![
            label(&self.row_label, "row", &self.rows, &|place| place.0),
            label(&self.column_label, "column", &self.columns, &|place| place.1),
            numbers_field("value", &self.unit, None, places.iter().map(|(row, column)| self.values[*row][*column]).collect()),
        ];
        if self.values.iter().flatten().all(|number| number.is_finite() && *number >= 0.0) {
            let sums: Vec<f64> = self.values.iter().map(|row| row.iter().sum()).collect();
            // To a tenth of a per cent; of a row of zeros nothing is a share.
            let share = |(row, column): &(usize, usize)| {
                let share = self.values[*row][*column] / sums[*row];
                if share.is_finite() { (share * 1000.0).round() / 10.0 } else { 0.0 }
            };
            areas.fields.push(numbers_field("of the row", "%", None, places.iter().map(share).collect()));
        }
        areas
    }

    /// The matrix with its labels; where there are none, with positions from 0.
    fn csv(&self) -> String {
        let mut csv = Csv::default();
        csv.text(&self.row_label);
        for at in 0..self.values.first().map_or(0, Vec::len) {
            csv.text(&Self::label(&self.columns, at));
        }
        csv.end();
        for (at, row) in self.values.iter().enumerate() {
            csv.text(&Self::label(&self.rows, at));
            row.iter().for_each(|number| csv.number(*number));
            csv.end();
        }
        csv.into_text()
    }
}

impl Heatmap {
    /// Rows and columns without names have their positions, from 0.
    pub fn label(labels: &[String], at: usize) -> String {
        labels.get(at).cloned().unwrap_or_else(|| at.to_string())
    }

    /// Positions are labelled in round steps.
    fn step(labels: &[String], least: usize) -> usize {
        let round = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
        if labels.is_empty() { round.into_iter().find(|step| *step >= least).unwrap_or(least) } else { least }
    }

    fn lay_out(&self, canvas: &ChartCanvas) -> (DisplayList, PlotRows, Blocks) {
        let all = || self.values.iter().flatten().copied();
        let count = |is: fn(f64) -> bool| all().filter(|number| is(*number)).count() as u64;
        let missing =
            format_non_finite(count(f64::is_nan), count(|number| number == f64::INFINITY), count(|number| number == f64::NEG_INFINITY));
        let (height, width_of_source) = (self.values.len(), self.values.first().map_or(0, Vec::len));
        let finite = || all().filter(|number| number.is_finite());
        let (least, most) = (finite().fold(f64::NAN, f64::min), finite().fold(f64::NAN, f64::max));
        let joint = if missing.is_empty() { "" } else { "; " };
        let summary = format!("{height} rows and {width_of_source} columns, {}{joint}{missing}", extent_text(least, most));
        let colours = Colours::over(all());
        let small = blocks(&self.values, colours.lo / 2.0 + colours.hi / 2.0);

        let named = |labels: &[String], count: usize| (0..count).map(|at| text_width(&Self::label(labels, at))).fold(0.0, f64::max);
        let row_room = named(&self.rows, height).min(canvas.width() * 0.28);
        let note = if missing.is_empty() { 0.0 } else { 14.0 };
        let bottom_room = 22.0 + if self.column_label.is_empty() { 0.0 } else { 16.0 } + note;
        let (top, bottom) = (10.0, (canvas.height() - bottom_room).max(11.0));
        let left = row_room + 14.0 + if self.row_label.is_empty() { 0.0 } else { 16.0 };
        // Without a number there is no colour bar.
        let right = if least <= most { colour_bar_width(&colours, &self.unit, bottom - top) } else { 14.0 };
        let mut list = DisplayList { summary, left, right, ..DisplayList::default() };
        let plot = &mut list.plot;
        // What is not covered by a cell is no number.
        plot.rect(Ink::Hatch, X::share(0.0), top, X::share(1.0), bottom - top);
        let edges: Vec<f64> = (0..=small.cells.len()).map(|at| (at as f64 * small.rows_each as f64).min(height as f64)).collect();
        let units = (width_of_source as f64 / small.columns_each as f64, height as f64);
        plot.push(Shape::HeatCells(heat_cells(&small.cells, edges, units, (top, bottom), &colours)));
        let across = (canvas.width() - left - right).max(1.0) / width_of_source as f64;
        let down = (bottom - top) / height as f64;
        if height * width_of_source <= MAX_LABELLED_CELLS {
            self.cell_labels(plot, &colours, (top, down), across);
        }
        let (step, room) = every(named(&self.columns, width_of_source), across);
        for at in (0..width_of_source).step_by(Self::step(&self.columns, step)) {
            let share = (at as f64 + 0.5) / width_of_source as f64;
            let text = shorten_text(&Self::label(&self.columns, at), room);
            plot.text(Ink::Muted, TextAnchor::Middle, X::share(share), bottom + 15.0, text);
        }
        for at in (0..height).step_by(Self::step(&self.rows, every(FONT_SIZE, down).0)) {
            let y = top + (at as f64 + 0.5) * down + 4.0;
            plot.text(Ink::Muted, TextAnchor::End, X::px(-6.0), y, shorten_text(&Self::label(&self.rows, at), row_room));
        }
        if !self.column_label.is_empty() {
            plot.text(Ink::Text, TextAnchor::Middle, X::share(0.5), bottom + 32.0, self.column_label.as_str());
        }
        if !missing.is_empty() {
            plot.text(Ink::Muted, TextAnchor::Start, X::share(0.0), bottom + bottom_room - 6.0, missing);
        }
        if least <= most {
            colour_bar(plot, &colours, &self.unit, (top, bottom));
        }
        if !self.row_label.is_empty() {
            let text = Text::new(Ink::Text, TextAnchor::Middle, X::px(14.0), (top + bottom) / 2.0, self.row_label.as_str());
            list.margin.push(Shape::Text(Text { is_upright: true, ..text }));
        }
        (list, PlotRows { top, bottom }, small)
    }

    /// All of them where the widest fits, else none: one that is left out would be taken for nothing. NaN is hatched anyway.
    fn cell_labels(&self, plot: &mut Shapes, colours: &Colours, (top, down): (f64, f64), across: f64) {
        let texts: Vec<Vec<String>> = self.values.iter().map(|row| row.iter().map(|value| short(*value)).collect()).collect();
        let finite = texts.iter().flatten().filter(|text| *text != "NaN");
        let widest = finite.map(|text| text_width(text)).fold(0.0, f64::max);
        let nan_fits = text_width("NaN") + 2.0 <= across;
        if widest + 4.0 > across || down < FONT_SIZE + 2.0 {
            return;
        }
        let columns = texts.first().map_or(0, Vec::len) as f64;
        let mut labels = Vec::new();
        for (row, (values, texts)) in self.values.iter().zip(texts).enumerate() {
            let y = top + (row as f64 + 0.5) * down + 4.0;
            for (column, (value, text)) in values.iter().zip(texts).enumerate() {
                let share = (column as f64 + 0.5) / columns;
                let ink = if value.is_nan() { Ink::Text } else { Ink::Fixed(ink_on(colours.colour(colours.level(*value)))) };
                if !value.is_nan() || nan_fits {
                    labels.push(CellLabel { ink, share, y, text });
                }
            }
        }
        plot.push(Shape::CellLabels(labels));
    }
}

/// Three significant digits; whole numbers in full.
fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || size == 0.0 || value.fract() == 0.0 {
        return format_number(value);
    }
    let places = (2.0 - size.log10().floor()).clamp(0.0, 300.0) as i32;
    let step = 10_f64.powi(places);
    let rounded = (value * step).round() / step;
    format_number(if rounded.is_finite() { rounded } else { value })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
        let svg = drawn(&map);
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
        let areas = map.hit_areas(&fixed());
        let names: Vec<_> = areas.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["truth", "column", "value", "of the row"]);
        let [left, right, top, bottom] = areas.place(0, 640.0);
        let at = |row: usize, column: usize| {
            let (x, y) = (left + (right - left) * (column as f64 + 0.5), top + (bottom - top) * (row as f64 + 0.5));
            let area = areas.nearest((x, y), 640.0, 0.0).unwrap();
            let text = |field: usize| areas.fields[field].texts[areas.fields[field].numbers[area] as usize].as_str();
            (text(0), text(1), areas.fields[2].numbers[area], areas.fields[3].numbers[area])
        };
        assert_eq!(at(0, 0), ("cat", "0", 8.0, 80.0));
        assert_eq!(at(0, 1), ("cat", "1", 2.0, 20.0));
        assert_eq!(at(1, 2), ("dog", "2", 0.0, 0.0));
        assert_eq!(
            Heatmap { values: vec![vec![-1.0, 2.0]], ..Heatmap::default() }.hit_areas(&fixed()).fields.len(),
            3,
            "no share of what is below zero"
        );
    }

    #[test]
    fn a_block_has_the_number_that_it_shows() {
        let mut values = vec![vec![1.0; 1000]; 500];
        values[333][777] = 99.0;
        let areas = Heatmap { values, ..Heatmap::default() }.hit_areas(&fixed());
        let area = areas.fields[2].numbers.iter().position(|value| *value == 99.0).unwrap();
        let text = |field: usize| areas.fields[field].texts[areas.fields[field].numbers[area] as usize].as_str();
        assert_eq!((text(0), text(1)), ("333", "777"));
        let [left, right, ..] = areas.place(area, 640.0);
        let at = areas.left + (640.0 - areas.left - areas.right) * 777.5 / 1000.0;
        assert!(left <= at && at <= right && areas.fields[2].numbers.len() <= 200 * 120, "{left} {at} {right}");
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
            let svg = drawn(&Heatmap { values: values.clone(), ..Heatmap::default() });
            assert!(svg.len() < 400_000);
        }
    }

    #[test]
    fn numbers_in_cells_are_short() {
        assert_eq!(
            (short(0.123456), short(12345.0), short(-1.0), short(123.456)),
            ("0.123".into(), "12\u{202f}345".into(), "-1".into(), "123".into())
        );
        assert_eq!((short(f64::MIN_POSITIVE).len() < 20, short(f64::NAN)), (true, "NaN".into()));
    }

    fn of(value: Value) -> Result<Heatmap, String> {
        Heatmap::parse(JsonPath::root(&value.to_string())).map_err(|error| error.message)
    }

    #[test]
    fn a_matrix_with_and_without_labels() {
        assert_eq!(of(json!([[1, 2], [3, "NaN"]])).unwrap().csv(), ",0,1\r\n0,1,2\r\n1,3,NaN\r\n");
        let labelled = json!({"values": [[1, 2]], "rows": ["cat"], "columns": ["cat", "a,b"], "row_label": "truth"});
        assert_eq!(of(labelled).unwrap().csv(), "truth,cat,\"a,b\"\r\ncat,1,2\r\n");
    }

    #[test]
    fn what_is_wrong_has_a_path() {
        let wrong = |value| of(value).unwrap_err();
        assert_eq!(wrong(json!([[1, 2], [3]])), "value[1] must have 2 items, one for each column, not 1.");
        assert_eq!(wrong(json!([1])), "value[0] must be an array, not a number.");
        assert_eq!(wrong(json!([[]])), "value[0] must have at least 1 item.");
        assert_eq!(wrong(json!({"values": []})), "value.values must have at least 1 row.");
        assert_eq!(wrong(json!({"rows": []})), "value.values is missing.");
        let labels = json!({"values": [[1]], "columns": ["a", "b"]});
        assert_eq!(wrong(labels), "value.columns must have 1 item, one for each column of value.values, not 2.");
        assert!(wrong(json!(5)).ends_with("not a number."));
    }
}
