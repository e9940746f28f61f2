//! Tests of `svg`.

use super::*;

fn canvas(size: CanvasSize, theme: Theme, title: &str) -> ChartCanvas {
    ChartCanvas { size, theme, title: title.to_owned() }
}

fn with_text(summary: &str, text: &str) -> DisplayList {
    let mut list = DisplayList { summary: summary.to_owned(), ..DisplayList::default() };
    list.plot.text(Ink::Muted, TextAnchor::Start, X::share(0.0), 1.0, text);
    list
}

#[test]
fn coordinates_are_short() {
    for (value, text) in [(1.0, "1"), (-0.004, "0"), (1.5, "1.5"), (-12.345, "-12.35"), (0.07, "0.07"), (f64::NAN, "0")] {
        assert_eq!(coordinate(value), text);
    }
}

#[test]
fn text_stays_text() {
    assert_eq!(escaped("<a b=\"1\">&'\u{1}\n"), "&lt;a b=&quot;1&quot;&gt;&amp;&#39;\u{fffd} ");
    let canvas = canvas(CanvasSize::Fluid { height: 10.0 }, Theme::Auto, "</title><script>");
    let document = svg(&with_text("&", "<script>"), &canvas);
    assert!(!document.contains("<script>") && document.contains("<title>&lt;/title&gt;&lt;script&gt;</title>"));
}

#[test]
fn a_part_of_the_page_has_no_style_and_no_name() {
    let part = svg(&with_text("</svg>", "<b>"), &canvas(CanvasSize::Fluid { height: 10.0 }, Theme::Page, "\"><script>"));
    assert!(
        part.starts_with("<svg class=\"static-chart\" ") && part.contains("aria-label=\"&quot;&gt;&lt;script&gt;: &lt;/svg&gt;\""),
        "{part}"
    );
    assert!(!part.contains("<style") && !part.contains("<title") && !part.contains(" id=") && part.contains("&lt;b&gt;"), "{part}");
}

#[test]
fn a_fixed_document_has_no_per_cent_inside_of_its_ground() {
    let mut list = DisplayList { left: 10.0, right: 20.0, ..DisplayList::default() };
    list.plot.rule(Ink::Grid, (0.0, 5.0), (0.5, 5.0));
    let draw = |size| svg(&list, &canvas(size, Theme::Light, "t"));
    assert!(draw(CanvasSize::Fixed { width: 130.0, height: 50.0 }).contains("x2=\"50\""));
    assert!(draw(CanvasSize::Fluid { height: 50.0 }).contains("x2=\"50%\""));
}
