//! `scatter`: points on a plane, coloured by their labels; at most one dot for each label and place of a raster.

use super::parts::{self, PlotRows, format_non_finite, numbers_field, texts_field};
use super::{Chart, ChartKind};
use crate::charts::axis_titles::AxisTitles;
use crate::charts::canvas::ChartCanvas;
use crate::charts::csv::Csv;
use crate::charts::display_list::{DisplayList, Glyph, Ink, Path, Shape, Shapes, TextAnchor, Window, X};
use crate::charts::hit_areas::{FieldColour, HitAreas, ReadoutField};
use crate::charts::palette::COLOURS;
use crate::charts::scale::pad_range;
use crate::charts::ticks::max_label_width;
use crate::charts::{Scale, TickFormat, make_ticks, make_y_ticks};
use crate::protocol::json_path::{JsonPath, NumberList};
use crate::protocol::{ApiError, parse_json};
use crate::sorting;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scatter {
    pub x: Vec<f64>,
    /// As long as `x`.
    pub y: Vec<f64>,
    /// For each point its place in `labels`; empty when points have none.
    pub label: Vec<u32>,
    pub labels: Vec<String>,
    pub titles: AxisTitles,
}

/// How far apart two dots must be to be two, in units of the plot.
const RASTER: f64 = 1.5;
/// The room right of the plot, for half of the last label.
const RIGHT: f64 = 14.0;
const MAX_POINTS: usize = 100_000;
/// More labels cannot be distinguished by colour.
const MAX_LABELS: usize = 100;

impl ChartKind for Scatter {
    const NAME: &str = "scatter";
    const HEIGHT: u32 = 240;

    /// `[[x,y],…]`, `{"points":[[x,y],…],"label":[…]}` or `{"x":[…],"y":[…],"label":[…]}`; `labels` and `color` mean `label`,
    /// which may also be the third item of a point.
    fn parse(root: JsonPath) -> Result<Self, ApiError> {
        if !root.is_list() && !root.is_object() {
            return Err(root.type_error("must be an array of points, or an object with x and y"));
        }
        let mut scatter = Self::default();
        let mut names: Vec<String> = Vec::new();
        let points = if root.is_list() { Some(root) } else { root.get("points") };
        let place = match points {
            Some(points) => {
                let items = points.items()?;
                points.check_max_len(points.count(), MAX_POINTS, "points", "send a sample of them")?;
                let mut coordinates = NumberList::with_capacity(2 * points.count());
                for (at, point) in items.enumerate() {
                    let mut parts = point.items()?;
                    let count = point.count();
                    let (Some(x), Some(y), true) = (parts.next(), parts.next(), count <= 3) else {
                        return Err(point.wrong(&format!("must have 2 items, x and y, or 3 with a label, not {count}")));
                    };
                    coordinates.push(&x)?;
                    coordinates.push(&y)?;
                    if let Some(label) = parts.next() {
                        // Points without a label before it have an empty one.
                        names.resize(at, String::new());
                        names.push(label.label()?);
                    }
                }
                let coordinates = coordinates.read(&points)?;
                (scatter.x, scatter.y) = coordinates.chunks_exact(2).map(|point| (point[0], point[1])).unzip();
                if !names.is_empty() {
                    names.resize(scatter.x.len(), String::new());
                }
                points
            }
            None => {
                let (x, y) = (root.need("x")?, root.need("y")?);
                x.check_max_len(x.count(), MAX_POINTS, "points", "send a sample of them")?;
                scatter.x = x.numbers()?;
                scatter.y = y.numbers_as(scatter.x.len(), "item of value.x")?;
                x
            }
        };
        if root.is_object() {
            let label = ["label", "labels", "color"].into_iter().find_map(|key| root.get(key));
            if let Some(label) = label {
                names = label.labels_as(scatter.x.len(), "point")?;
            }
            scatter.titles = AxisTitles::parse(root)?;
        }
        if scatter.x.is_empty() {
            return Err(place.wrong("must have at least 1 item"));
        }
        let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
        sorting::sort(&mut sorted);
        sorted.dedup();
        place.check_max_len(sorted.len(), MAX_LABELS, "labels", "group the rare ones")?;
        // Numbers in their own order: 2 before 10.
        let number = |name: &str| parse_json::<f64>(name.strip_prefix('+').unwrap_or(name)).ok();
        if sorted.iter().all(|name| number(name).is_some()) {
            sorting::sort_by(&mut sorted, |a, b| number(a).unwrap_or_default().total_cmp(&number(b).unwrap_or_default()));
        }
        let at = |name: &String| sorted.iter().position(|known| known == name).unwrap_or_default() as u32;
        scatter.label = names.iter().map(at).collect();
        scatter.labels = sorted.into_iter().map(str::to_owned).collect();
        Ok(scatter)
    }
}

impl Chart for Scatter {
    fn draw(&self, canvas: &ChartCanvas) -> DisplayList {
        self.lay_out(canvas).0
    }

    /// An area for each point; what has no place stands on the edge, as its cross does.
    fn hit_areas(&self, canvas: &ChartCanvas) -> HitAreas {
        let (list, plot) = self.lay_out(canvas);
        let mut areas = parts::new_hit_areas(&list);
        let (across, upwards) = (range(&self.x), range(&self.y));
        for (x, y) in self.x.iter().zip(&self.y) {
            let (x, y) = (edge(&across, *x), plot.bottom - edge(&upwards, *y) * (plot.bottom - plot.top));
            areas.push((x, x), (y, y));
        }
        if !self.label.is_empty() {
            let places = self.label.iter().map(|label| *label as usize);
            areas.fields.push(ReadoutField { colour: FieldColour::Text, ..texts_field("", self.labels.clone(), places) });
        }
        for (name, fallback, numbers) in [(&self.titles.x, "x", &self.x), (&self.titles.y, "y", &self.y)] {
            areas.fields.push(numbers_field(if name.is_empty() { fallback } else { name }, "", None, numbers.clone()));
        }
        areas
    }

    fn csv(&self) -> String {
        let mut csv = Csv::default();
        let has_labels = !self.label.is_empty();
        for (name, fallback) in [(self.titles.x.as_str(), "x"), (&self.titles.y, "y")] {
            csv.text(if name.is_empty() { fallback } else { name });
        }
        if has_labels {
            csv.text("label");
        }
        csv.end();
        for (at, (x, y)) in self.x.iter().zip(&self.y).enumerate() {
            csv.number(*x);
            csv.number(*y);
            if has_labels {
                csv.text(&self.labels[self.label[at] as usize]);
            }
            csv.end();
        }
        csv.into_text()
    }
}

impl Scatter {
    fn lay_out(&self, canvas: &ChartCanvas) -> (DisplayList, PlotRows) {
        let odd = |is: fn(f64) -> bool| self.x.iter().zip(&self.y).filter(|(x, y)| is(**x) || is(**y)).count() as u64;
        let missing = format_non_finite(odd(f64::is_nan), odd(|number| number == f64::INFINITY), odd(|number| number == f64::NEG_INFINITY));
        let joint = if missing.is_empty() { "" } else { "; " };
        let mut list = DisplayList { summary: format!("{} points{joint}{missing}", self.x.len()), ..DisplayList::default() };
        let top = parts::draw_legend(
            &mut list.margin,
            canvas,
            self.labels.iter().enumerate().map(|(slot, name)| (if name.is_empty() { "no label" } else { name.as_str() }, slot)),
        );
        let top = top + 10.0 + if missing.is_empty() { self.titles.height_above() } else { 12.0 };
        let bottom = (canvas.height() - 22.0 - self.titles.height_below()).max(top + 1.0);
        let (across, upwards) = (range(&self.x), range(&self.y));
        // An axis of nothing has no labels.
        let format = TickFormat::Number("");
        let axis = if has_finite(&self.y) { make_y_ticks(&upwards, format, bottom - top) } else { Vec::new() };
        let left = max_label_width(&axis) + 14.0;
        (list.left, list.right) = (left, RIGHT);
        let (plot, rows) = (&mut list.plot, PlotRows { top, bottom });
        parts::draw_y_axis(plot, &upwards, &axis, rows);
        let axis = if has_finite(&self.x) { make_ticks(&across, format, 5) } else { Vec::new() };
        parts::draw_x_axis(plot, &across, &axis, bottom);
        if !self.x.iter().zip(&self.y).any(|(x, y)| x.is_finite() && y.is_finite()) {
            parts::draw_no_values(plot, rows, self.x.is_empty());
        }
        self.dots(plot, &across, &upwards, rows, canvas.size.plot_units(left, RIGHT));
        self.titles.draw(plot, left, top, bottom + 15.0);
        if !missing.is_empty() {
            plot.text(Ink::Text, TextAnchor::End, X::share(1.0), top - 9.0, missing);
        }
        (list, rows)
    }

    /// `wide`: the units that the plot has across.
    fn dots(&self, plot: &mut Shapes, across: &Scale, upwards: &Scale, PlotRows { top, bottom }: PlotRows, wide: f64) {
        let size = match self.x.len() {
            ..=200 => 7.0,
            201..=2000 => 5.0,
            2001..=20_000 => 3.5,
            _ => 2.5,
        };
        let high = bottom - top;
        // Label, then place: (column, row). Sorting brings the same together, and neighbours beside each other, which makes short text.
        let mut dots: Vec<(u32, i32, i32)> = Vec::with_capacity(self.x.len());
        let mut crosses: Vec<(i32, i32)> = Vec::new();
        let raster = |share: f64, size: f64| (share * size / RASTER).round() as i32;
        for (at, (x, y)) in self.x.iter().zip(&self.y).enumerate() {
            if x.is_finite() && y.is_finite() {
                let place = (raster(across.normalize(*x), wide), raster(1.0 - upwards.normalize(*y), high));
                dots.push((self.label.get(at).copied().unwrap_or_default(), place.0, place.1));
            } else {
                crosses.push((raster(edge(across, *x), wide), raster(1.0 - edge(upwards, *y), high)));
            }
        }
        dots.sort_unstable();
        dots.dedup();
        let mut paths = Vec::new();
        for points in dots.chunk_by(|a, b| a.0 == b.0) {
            let slot = points[0].0 as usize;
            let (is_square, size) = match slot / COLOURS {
                0 => (false, size),
                1 => (true, size * 0.85),
                2 => (false, size * 0.6),
                _ => (true, size * 0.5),
            };
            let dots = points.iter().map(|(_, column, row)| (*column, *row)).collect();
            paths.push(Path::Dots { slot, size, is_square, spacing: RASTER, dots });
        }
        plot.push(Shape::Window(Window { top, height: high, width: wide, paths }));
        sorting::sort(&mut crosses);
        crosses.dedup();
        // Edges have room for few: neighbours nearer than this are one cross, and all are counted above the plot.
        let mut shown: Vec<(i32, i32)> = Vec::new();
        for (x, y) in crosses {
            if shown.iter().rev().take(64).all(|(a, b)| (a - x).abs() + (b - y).abs() > 8) && shown.len() < 400 {
                shown.push((x, y));
                let share = (f64::from(x) * RASTER / wide).clamp(0.0, 1.0);
                plot.marker(Ink::Muted, Glyph::Cross { arm: 3.0 }, share, top + f64::from(y) * RASTER);
            }
        }
    }
}

/// What has no place stands on the edge where it would be: what is NaN on the lower or left one.
fn edge(scale: &Scale, number: f64) -> f64 {
    match number {
        _ if number.is_finite() => scale.normalize(number),
        f64::INFINITY => 1.0,
        _ => 0.0,
    }
}

fn has_finite(numbers: &[f64]) -> bool {
    numbers.iter().any(|number| number.is_finite())
}

fn range(numbers: &[f64]) -> Scale {
    let finite = || numbers.iter().copied().filter(|number| number.is_finite());
    pad_range(finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max), false)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::charts::kinds::well_formed::{drawn, fixed, svg_of};

    #[test]
    fn points_of_every_sort_are_drawn() {
        for (x, y) in [
            (vec![1.0], vec![1.0]),
            (vec![f64::NAN, 1.0, f64::INFINITY], vec![1.0, f64::NEG_INFINITY, f64::NAN]),
            (vec![f64::MAX, f64::MIN], vec![0.0, 5e-324]),
            (vec![f64::NAN], vec![f64::NAN]),
        ] {
            let svg = drawn(&Scatter { x: x.clone(), y: y.clone(), ..Scatter::default() });
            let odd = x.iter().zip(&y).any(|(x, y)| !x.is_finite() || !y.is_finite());
            assert_eq!(svg.contains("class=\"nan\""), odd, "{svg}");
        }
    }

    #[test]
    fn labels_are_colours_and_text() {
        let labels: Vec<String> = (0..20).map(|at| format!("<script>{at}")).collect();
        let scatter =
            Scatter { x: (0..20).map(f64::from).collect(), y: vec![0.5; 20], label: (0..20).collect(), labels, ..Scatter::default() };
        let svg = drawn(&scatter);
        assert_eq!(svg.matches("class=\"dot ").count(), 20);
        assert!(svg.contains("dot s0\"") && svg.contains("dot s0 square\"") && svg.contains("&lt;script&gt;0"));
    }

    #[test]
    fn every_point_is_found_where_it_is_drawn() {
        let (x, y) = (vec![0.0, 10.0, 5.0, f64::NAN], vec![0.0, 1.0, f64::INFINITY, 0.5]);
        let labels = vec!["a".into(), "b".into()];
        let scatter = Scatter {
            x: x.clone(),
            y: y.clone(),
            label: vec![1, 0, 0, 1],
            labels,
            titles: AxisTitles { x: "lr".into(), y: String::new() },
        };
        let (svg, areas) = (svg_of(&scatter, &fixed()), scatter.hit_areas(&fixed()));
        let names: Vec<_> = areas.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["", "lr", "y"]);
        for (at, (x, y)) in x.iter().zip(&y).enumerate() {
            let [left, _, top, _] = areas.place(at, 640.0);
            assert_eq!(areas.nearest((left + 3.0, top - 2.0), 640.0, 24.0), Some(at));
            assert_eq!((areas.fields[1].numbers[at].to_bits(), areas.fields[2].numbers[at].to_bits()), (x.to_bits(), y.to_bits()));
        }
        // The crosses are shapes at their pixels: of the two that have no place, in the plot's own coordinates, to the raster.
        let crosses: Vec<(f64, f64)> = svg
            .split("class=\"nan\" transform=\"translate(")
            .skip(1)
            .map(|rest| {
                let (x, y) = rest.split(')').next().unwrap().split_once(' ').unwrap();
                (x.parse().unwrap(), y.parse().unwrap())
            })
            .collect();
        assert_eq!(crosses.len(), 2);
        for area in [2, 3] {
            let [x, _, y, _] = areas.place(area, 640.0);
            assert!(crosses.iter().any(|(a, b)| (areas.left + a - x).abs() <= RASTER && (b - y).abs() <= RASTER), "{crosses:?} {x} {y}");
        }
    }

    #[test]
    fn the_same_place_is_one_dot_and_the_drawing_stays_small() {
        let same = Scatter { x: vec![1.0; 1000], y: vec![2.0; 1000], ..Scatter::default() };
        assert_eq!(drawn(&same).matches("h0").count(), 1);
        let mut seed = 11_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        let (x, y) = (0..100_000).map(|_| (random(), random())).unzip();
        let many = Scatter { x, y, ..Scatter::default() };
        let canvas = ChartCanvas {
            size: crate::charts::canvas::CanvasSize::Fluid { height: 240.0 },
            theme: crate::charts::Theme::Auto,
            title: String::new(),
        };
        let length = svg_of(&many, &canvas).len();
        assert!(length < 700_000, "{length}");
    }

    fn of(value: Value) -> Result<Scatter, String> {
        Scatter::parse(JsonPath::root(&value.to_string())).map_err(|error| error.message)
    }

    #[test]
    fn all_forms_are_the_same() {
        let lists = of(json!({"x": [1, 2], "y": [3, "NaN"], "label": ["a", "b"]})).unwrap().csv();
        assert_eq!(lists, "x,y,label\r\n1,3,a\r\n2,NaN,b\r\n");
        assert_eq!(of(json!({"points": [[1, 3], [2, null]], "color": ["a", "b"]})).unwrap().csv(), lists);
        assert_eq!(of(json!([[1, 3, "a"], [2, "NaN", "b"]])).unwrap().csv(), lists);
        assert_eq!(of(json!([[1, 3], [2, 4, "b"], [5, 6]])).unwrap().csv(), "x,y,label\r\n1,3,\r\n2,4,b\r\n5,6,\r\n");
        assert_eq!(of(json!({"x": [1, 2, 3], "y": [3, 4, 5], "label": [10, 9, 2]})).unwrap().labels, ["2", "9", "10"]);
    }

    #[test]
    fn what_is_wrong_has_a_path() {
        let wrong = |value| of(value).unwrap_err();
        assert_eq!(wrong(json!([[1]])), "value[0] must have 2 items, x and y, or 3 with a label, not 1.");
        assert_eq!(wrong(json!([[1, {}]])), "value[0][1] must be a number, not an object.");
        assert_eq!(wrong(json!({"x": [1], "y": []})), "value.y must have 1 item, one for each item of value.x, not 0.");
        assert_eq!(wrong(json!({"x": [1]})), "value.y is missing.");
        assert_eq!(wrong(json!({"x": [1], "y": [1], "label": []})), "value.label must have 1 item, one for each point, not 0.");
        assert_eq!(wrong(json!({"points": [[1, 2]], "labels": [[]]})), "value.labels[0] must be a string or a number, not an array.");
        assert!(wrong(json!(vec![[1, 2]; MAX_POINTS + 1])).starts_with("value may have 100000 points, not 100001; "));
        let labels: Vec<_> = (0..=MAX_LABELS).collect();
        assert!(wrong(json!({"x": labels, "y": labels, "label": labels})).contains("100 labels, not 101"));
    }
}
