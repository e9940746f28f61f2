//! For the tests of all kinds: sheets of every sort, and a check of what was drawn on them.

use super::Sheet;
use crate::charts::render::svg::escaped;
use crate::charts::scene::{self, Form, Scene, Style};
use crate::charts::{Place, Theme};

/// Draws on sheets of every sort that a client can ask for, checks each, and answers the fluid one.
pub fn drawn(draw: impl Fn(&Sheet) -> String) -> String {
    let fixed = [(640.0, 320.0), (80.0, 40.0), (4000.0, 4000.0)].map(|(width, height)| Place::Fixed { width, height });
    let fluid = [40.0, 240.0].map(|height| Place::Fluid { height });
    let mut last = String::new();
    for place in fixed.into_iter().chain(fluid) {
        for theme in [Theme::Light, Theme::Dark, Theme::Auto] {
            last = draw(&Sheet { place, theme, title: "<script>alert(\"x\")</script> & more".into(), is_scene: false });
            check(&last);
        }
    }
    last
}

/// Checks the drawing that the page paints against the one that the server writes: the same texts, every place a number, and the page reads
/// what was written.
pub fn painted(scene: &Scene, svg: &str) {
    let between = |part: &str| part.split('>').nth(1).map(str::to_owned);
    let mut written: Vec<String> =
        svg.split("<text").chain(svg.split("<tspan")).filter_map(|part| between(part.split('<').next()?)).collect();
    let mut texts: Vec<String> = scene.0.list.iter().flat_map(|table| &table.texts).map(|text| escaped(text)).collect();
    for list in [&mut written, &mut texts] {
        list.retain(|text| !text.is_empty());
        list.sort_unstable();
    }
    assert_eq!(texts, written, "{svg}");
    for table in &scene.0.list {
        let style = Style::of(table.tag);
        assert_eq!(style.tag(), table.tag);
        let count = table.lists[0].len();
        assert!(table.lists.iter().all(|list| list.len() == count) && (style.form != Form::Text || table.texts.len() == count));
        assert_eq!(table.lists.len(), if matches!(style.form, Form::Box | Form::Hatch) { 6 } else { 3 });
        let ends = |at: usize| table.lists[0][at].is_nan() && matches!(style.form, Form::Line | Form::Area);
        for at in (0..count).filter(|at| !ends(*at)) {
            assert!(table.lists.iter().all(|list| list[at].is_finite()), "{style:?} {table:?}");
        }
    }
    let again = scene::read(&scene::write(scene)).expect("what was written is read");
    // NaN is not itself: what is written of it must be.
    assert_eq!(
        format!("{:?}", again.list.iter().map(|table| (table.tag, &table.lists)).collect::<Vec<_>>()),
        format!("{:?}", scene.0.list.iter().map(|table| (table.tag, &table.lists)).collect::<Vec<_>>())
    );
}

/// A sheet of 640 by 320 pixels, on which places are pixels.
pub fn fixed() -> Sheet {
    Sheet { place: Place::Fixed { width: 640.0, height: 320.0 }, theme: Theme::Light, title: String::new(), is_scene: false }
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
