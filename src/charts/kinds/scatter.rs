//! Points on a plane: at most one dot for each label and place that the drawing can tell apart.

use super::sheet::{self, Plot, Sheet, counted, values, words};
use crate::charts::palette::COLOURS;
use crate::charts::render::svg::coordinate;
use crate::charts::scale::padded;
use crate::charts::scene::{Form, Scene, Style};
use crate::charts::ticks::widest;
use crate::charts::{Anchor, Measure, Scale, Svg, ticks};
use crate::protocol::spots::{Colour, Field, Spots};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scatter {
    pub x: Vec<f64>,
    /// As long as `x`.
    pub y: Vec<f64>,
    /// For each point its place in `labels`; empty when points have none.
    pub label: Vec<u32>,
    pub labels: Vec<String>,
    pub x_label: String,
    pub y_label: String,
}

/// How far apart two dots must be to be two, in units of the plot.
const RASTER: f64 = 1.5;
/// The room right of the plot, for half of the last label.
const RIGHT: f64 = 14.0;

impl Scatter {
    pub fn svg(&self, sheet: &Sheet) -> String {
        self.draw(sheet).0.finish()
    }

    /// The same drawing for the page to paint.
    pub fn scene(&self, sheet: &Sheet) -> Scene {
        self.draw(&sheet.for_scene()).0.scene.unwrap_or_default()
    }

    /// A spot for each point; what has no place stands on the edge, as its cross does.
    pub fn spots(&self, sheet: &Sheet) -> Spots {
        let (svg, plot) = self.draw(sheet);
        let mut spots = plot.spots(&svg);
        let (across, upwards) = (range(&self.x), range(&self.y));
        for (x, y) in self.x.iter().zip(&self.y) {
            let (x, y) = (edge(&across, *x), plot.bottom - edge(&upwards, *y) * (plot.bottom - plot.top));
            spots.push((x, x), (y, y));
        }
        if !self.label.is_empty() {
            let places = self.label.iter().map(|label| *label as usize);
            spots.fields.push(Field { colour: Colour::Text, ..words("", self.labels.clone(), places) });
        }
        for (name, fallback, numbers) in [(&self.x_label, "x", &self.x), (&self.y_label, "y", &self.y)] {
            spots.fields.push(values(if name.is_empty() { fallback } else { name }, "", None, numbers.clone()));
        }
        spots
    }

    fn draw(&self, sheet: &Sheet) -> (Svg, Plot) {
        let odd = |is: fn(f64) -> bool| self.x.iter().zip(&self.y).filter(|(x, y)| is(**x) || is(**y)).count() as u64;
        let missing = counted(odd(f64::is_nan), odd(|number| number == f64::INFINITY), odd(|number| number == f64::NEG_INFINITY));
        let joint = if missing.is_empty() { "" } else { "; " };
        let mut svg = sheet.begin(&format!("{} points{joint}{missing}", self.x.len()));
        let top = sheet.legend(
            &mut svg,
            self.labels.iter().enumerate().map(|(slot, name)| (if name.is_empty() { "no label" } else { name.as_str() }, slot)),
        );
        let top = top + 10.0 + if self.y_label.is_empty() && missing.is_empty() { 0.0 } else { 12.0 };
        let bottom = (sheet.height() - 22.0 - if self.x_label.is_empty() { 0.0 } else { 16.0 }).max(top + 1.0);
        let (across, upwards) = (range(&self.x), range(&self.y));
        // An axis of nothing has no labels.
        let told =
            |numbers: &[f64], scale, target| if has_finite(numbers) { ticks(scale, Measure::Number(""), target) } else { Vec::new() };
        let axis = told(&self.y, &upwards, ((bottom - top) / 45.0) as usize + 1);
        let left = widest(&axis) + 14.0;
        svg.plot(left, RIGHT);
        sheet::upright(&mut svg, &upwards, &axis, (top, bottom));
        sheet::level(&mut svg, &across, &told(&self.x, &across, 5), bottom);
        if !self.x.iter().zip(&self.y).any(|(x, y)| x.is_finite() && y.is_finite()) {
            sheet::nothing(&mut svg, (top, bottom), self.x.is_empty());
        }
        self.dots(&mut svg, &across, &upwards, (top, bottom));
        if !self.y_label.is_empty() {
            svg.text("k", Anchor::Start, 0.0, 12.0 - left, top - 9.0, &self.y_label);
        }
        if !self.x_label.is_empty() {
            svg.text("k", Anchor::Middle, 0.5, 0.0, bottom + 31.0, &self.x_label);
        }
        if !missing.is_empty() {
            svg.text("k", Anchor::End, 1.0, 0.0, top - 9.0, &missing);
        }
        svg.end_plot();
        (svg, Plot { left, right: RIGHT, top, bottom })
    }

    fn dots(&self, svg: &mut Svg, across: &Scale, upwards: &Scale, (top, bottom): (f64, f64)) {
        let size = match self.x.len() {
            ..=200 => 7.0,
            201..=2000 => 5.0,
            2001..=20_000 => 3.5,
            _ => 2.5,
        };
        let (wide, high) = (svg.window_width(), bottom - top);
        // Label, then place: (column, row). Sorting brings the same together, and neighbours beside each other, which makes short text.
        let mut dots: Vec<(u32, i32, i32)> = Vec::with_capacity(self.x.len());
        let mut crosses: Vec<(i32, i32)> = Vec::new();
        let raster = |share: f64, size: f64| (share * size / RASTER).round() as i32;
        for (at, (x, y)) in self.x.iter().zip(&self.y).enumerate() {
            if x.is_finite() && y.is_finite() {
                let place = (raster(across.at(*x), wide), raster(1.0 - upwards.at(*y), high));
                dots.push((self.label.get(at).copied().unwrap_or_default(), place.0, place.1));
            } else {
                crosses.push((raster(edge(across, *x), wide), raster(1.0 - edge(upwards, *y), high)));
            }
        }
        dots.sort_unstable();
        dots.dedup();
        if svg.scene.is_none() {
            svg.window(top, high);
        }
        for points in dots.chunk_by(|a, b| a.0 == b.0) {
            let slot = points[0].0 as usize;
            let class = svg.slot('s', slot);
            let (square, size) = match slot / COLOURS {
                0 => ("", size),
                1 => (" square", size * 0.85),
                2 => ("", size * 0.6),
                _ => (" square", size * 0.5),
            };
            if let Some(scene) = &mut svg.scene {
                for (_, column, row) in points {
                    let (x, y) = (f64::from(*column) * RASTER / wide, top + f64::from(*row) * RASTER);
                    match square {
                        "" => scene.dots(Style { size, alpha: 0.8, ..Style::new(Form::Dots, &class) }, x, y),
                        _ => {
                            let style = Style { alpha: 0.8, ..Style::new(Form::Box, &class) };
                            scene.block(style, [x, -size / 2.0, y - size / 2.0, 0.0, size, size]);
                        }
                    }
                }
                continue;
            }
            let mut path = String::with_capacity(points.len() * 8);
            let (mut x, mut y) = (0, 0);
            for (_, column, row) in points {
                path.push('m');
                push_units(&mut path, column - x);
                if row >= &y {
                    path.push(' ');
                }
                push_units(&mut path, row - y);
                path.push_str("h0");
                (x, y) = (*column, *row);
            }
            // The raster is the unit of the path, so that its coordinates are whole.
            svg.raw(&format!(
                "<path class=\"dot {class}{square}\" stroke-width=\"{}\" vector-effect=\"non-scaling-stroke\" transform=\"scale({RASTER})\" d=\"{path}\"/>",
                coordinate(size)
            ));
        }
        if svg.scene.is_none() {
            svg.end_window();
        }
        crosses.sort_unstable();
        crosses.dedup();
        // Edges have room for few: neighbours nearer than this are one cross, and all are counted above the plot.
        let mut shown: Vec<(i32, i32)> = Vec::new();
        for (x, y) in crosses {
            if shown.iter().rev().take(64).all(|(a, b)| (a - x).abs() + (b - y).abs() > 8) && shown.len() < 400 {
                shown.push((x, y));
                let share = (f64::from(x) * RASTER / wide).clamp(0.0, 1.0);
                let cross: [&[(f64, f64)]; 2] = [&[(-3.0, -3.0), (3.0, 3.0)], &[(3.0, -3.0), (-3.0, 3.0)]];
                svg.mark("nan", share, top + f64::from(y) * RASTER, &cross, false);
            }
        }
    }
}

fn push_units(path: &mut String, number: i32) {
    path.push_str(&number.to_string());
}

/// What has no place stands on the edge where it would be: what is NaN on the lower or left one.
fn edge(scale: &Scale, number: f64) -> f64 {
    match number {
        _ if number.is_finite() => scale.at(number),
        f64::INFINITY => 1.0,
        _ => 0.0,
    }
}

fn has_finite(numbers: &[f64]) -> bool {
    numbers.iter().any(|number| number.is_finite())
}

fn range(numbers: &[f64]) -> Scale {
    let finite = || numbers.iter().copied().filter(|number| number.is_finite());
    padded(finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max), false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::kinds::well_formed::{drawn, fixed};

    #[test]
    fn points_of_every_sort_are_drawn() {
        for (x, y) in [
            (vec![1.0], vec![1.0]),
            (vec![f64::NAN, 1.0, f64::INFINITY], vec![1.0, f64::NEG_INFINITY, f64::NAN]),
            (vec![f64::MAX, f64::MIN], vec![0.0, 5e-324]),
            (vec![f64::NAN], vec![f64::NAN]),
        ] {
            let svg = drawn(|sheet| Scatter { x: x.clone(), y: y.clone(), ..Scatter::default() }.svg(sheet));
            let odd = x.iter().zip(&y).any(|(x, y)| !x.is_finite() || !y.is_finite());
            assert_eq!(svg.contains("class=\"nan\""), odd, "{svg}");
        }
    }

    #[test]
    fn labels_are_colours_and_text() {
        let labels: Vec<String> = (0..20).map(|at| format!("<script>{at}")).collect();
        let scatter =
            Scatter { x: (0..20).map(f64::from).collect(), y: vec![0.5; 20], label: (0..20).collect(), labels, ..Scatter::default() };
        let svg = drawn(|sheet| scatter.svg(sheet));
        assert_eq!(svg.matches("class=\"dot ").count(), 20);
        assert!(svg.contains("dot s0\"") && svg.contains("dot s0 square\"") && svg.contains("&lt;script&gt;0"));
    }

    #[test]
    fn every_point_is_found_where_it_is_drawn() {
        let (x, y) = (vec![0.0, 10.0, 5.0, f64::NAN], vec![0.0, 1.0, f64::INFINITY, 0.5]);
        let labels = vec!["a".into(), "b".into()];
        let scatter = Scatter { x: x.clone(), y: y.clone(), label: vec![1, 0, 0, 1], labels, x_label: "lr".into(), ..Scatter::default() };
        let (svg, spots) = (scatter.svg(&fixed()), scatter.spots(&fixed()));
        let names: Vec<_> = spots.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["", "lr", "y"]);
        for (at, (x, y)) in x.iter().zip(&y).enumerate() {
            let [left, _, top, _] = spots.place(at, 640.0);
            assert_eq!(spots.nearest((left + 3.0, top - 2.0), 640.0, 24.0), Some(at));
            assert_eq!((spots.fields[1].numbers[at].to_bits(), spots.fields[2].numbers[at].to_bits()), (x.to_bits(), y.to_bits()));
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
        for spot in [2, 3] {
            let [x, _, y, _] = spots.place(spot, 640.0);
            assert!(crosses.iter().any(|(a, b)| (spots.left + a - x).abs() <= RASTER && (b - y).abs() <= RASTER), "{crosses:?} {x} {y}");
        }
    }

    #[test]
    fn the_same_place_is_one_dot_and_the_drawing_stays_small() {
        let same = Scatter { x: vec![1.0; 1000], y: vec![2.0; 1000], ..Scatter::default() };
        assert_eq!(drawn(|sheet| same.svg(sheet)).matches("h0").count(), 1);
        let mut seed = 11_u64;
        let mut random = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 11) as f64 / (1_u64 << 53) as f64
        };
        let (x, y) = (0..100_000).map(|_| (random(), random())).unzip();
        let many = Scatter { x, y, ..Scatter::default() };
        let sheet = Sheet {
            place: crate::charts::Place::Fluid { height: 240.0 },
            theme: crate::charts::Theme::Auto,
            title: String::new(),
            is_scene: false,
        };
        let length = many.svg(&sheet).len();
        assert!(length < 700_000, "{length}");
    }
}
