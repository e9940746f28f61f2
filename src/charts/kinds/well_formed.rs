//! For the tests of all kinds: canvases of every sort, and a check of what was drawn on them.

use super::Chart;
use crate::charts::Theme;
use crate::charts::canvas::{CanvasSize, ChartCanvas};
use crate::charts::render::svg::{escaped, svg};

/// The SVG document of a chart.
pub fn svg_of(chart: &dyn Chart, canvas: &ChartCanvas) -> String {
    svg(&chart.draw(canvas), canvas)
}

/// Draws on canvases of every sort that a client can request, checks each drawing, and returns the fluid one.
pub fn drawn(chart: &dyn Chart) -> String {
    let fixed = [(640.0, 320.0), (80.0, 40.0), (4000.0, 4000.0)].map(|(width, height)| CanvasSize::Fixed { width, height });
    let fluid = [40.0, 240.0].map(|height| CanvasSize::Fluid { height });
    let mut last = String::new();
    for size in fixed.into_iter().chain(fluid) {
        for theme in [Theme::Light, Theme::Dark, Theme::Auto] {
            let canvas = ChartCanvas { size, theme, title: "<script>alert(\"x\")</script> & more".into() };
            last = svg_of(chart, &canvas);
            check(&last);
            check_list(chart, &canvas, &last);
        }
    }
    last
}

/// Checks the display list, which the page paints, against the SVG of it: the same texts, and every place a number. The hit areas have a
/// place and a value each.
fn check_list(chart: &dyn Chart, canvas: &ChartCanvas, svg: &str) {
    let list = chart.draw(canvas);
    let between = |part: &str| part.split('>').nth(1).map(str::to_owned);
    let mut written: Vec<String> =
        svg.split("<text").chain(svg.split("<tspan")).filter_map(|part| between(part.split('<').next()?)).collect();
    let mut texts: Vec<String> = list.texts().into_iter().map(escaped).collect();
    for texts in [&mut written, &mut texts] {
        texts.retain(|text| !text.is_empty());
        texts.sort_unstable();
    }
    assert_eq!(texts, written, "{svg}");
    assert!(list.coordinates().iter().all(|number| number.is_finite()), "{list:?}");
    let areas = chart.hit_areas(canvas);
    assert!((areas.left, areas.right, &areas.summary) == (list.left, list.right, &list.summary));
    let places = areas.x.iter().chain(&areas.y);
    assert!(places.clone().all(|places| places.len() == areas.len() && places.iter().all(|place| place.is_finite())), "{areas:?}");
    assert!(areas.fields.iter().all(|field| field.numbers.len() == areas.len()), "{areas:?}");
}

/// A canvas of 640 by 320 pixels, on which places are pixels.
pub fn fixed() -> ChartCanvas {
    ChartCanvas { size: CanvasSize::Fixed { width: 640.0, height: 320.0 }, theme: Theme::Light, title: String::new() }
}

/// The numbers of this attribute on every element that begins so, in the order of the document.
pub fn numbers_of(svg: &str, element: &str, attribute: &str) -> Vec<f64> {
    let tags = svg.split(element).skip(1).filter_map(|rest| rest.split('>').next());
    tags.filter_map(|tag| tag.split(&format!(" {attribute}=\"")).nth(1)?.split('"').next()?.parse().ok()).collect()
}

/// Fails unless tags are closed in order, attributes are quoted, entities are known, and every coordinate is a number.
fn check(svg: &str) {
    let (mut open, mut rest): (Vec<&str>, _) = (Vec::new(), svg);
    assert!(!svg.contains("<script") && svg.starts_with("<svg "), "{svg}");
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        assert!(!text.contains('>') && (text.is_empty() || !open.is_empty()), "{text}");
        for part in text.split('&').skip(1) {
            assert!(["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|known| part.starts_with(known)), "&{part}");
        }
        let end = tag.find('>').unwrap_or_else(|| panic!("no end: {tag}"));
        let inside = &tag[1..end];
        assert_eq!(inside.matches('"').count() % 2, 0, "{inside}");
        assert!(!inside.contains("NaN") && !inside.contains("inf") && !inside.contains("width=\"-"), "{inside}");
        match inside.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{svg}"),
            None if inside.ends_with('/') => {}
            None => open.push(inside.split(' ').next().unwrap_or_default()),
        }
        rest = &tag[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
}
