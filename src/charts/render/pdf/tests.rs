use std::collections::HashMap;

use miniz_oxide::inflate::decompress_to_vec_zlib;

use super::*;
use crate::charts::canvas::CanvasSize;
use crate::charts::display_list::{Glyph, Path, Shape, Text, TextAnchor, Window, X};

/// A file as a reader takes it apart: by its table, its lengths and its map of characters.
struct Read {
    objects: Vec<String>,
    content: String,
    texts: Vec<String>,
}

fn read(file: &[u8]) -> Read {
    // One character for each byte, so that places count the same.
    let text: String = file.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect();
    let after = |text: &str, key: &str| text.split(key).nth(1).unwrap().trim_start().to_owned();
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<usize>().unwrap();
    let table = &text[number(&after(&text, "startxref"))..];
    assert!(table.starts_with("xref\n") && text.ends_with("%%EOF\n"));
    let places: Vec<usize> = table.lines().filter(|line| line.ends_with(" 00000 n ")).map(number).collect();
    let object = |at: usize| {
        let object = &text[places[at]..];
        let body = object.strip_prefix(&format!("{} 0 obj\n", at + 1)).expect("the table names where each object begins");
        let Some(length) = body.split("\nendobj").next().unwrap().strip_prefix("<</Length ") else {
            return body.split("\nendobj").next().unwrap().to_owned();
        };
        let begin = body.find("stream\n").unwrap() + 7;
        let end = begin + number(length);
        assert!(body[end..].starts_with("\nendstream\nendobj\n"), "object {} has another length", at + 1);
        body[begin..end].to_owned()
    };
    let objects: Vec<String> = (0..places.len()).map(object).collect();
    let hex = |text: &str| u16::from_str_radix(text, 16).unwrap();
    // UTF-16BE, as ISO 32000-1 says in 9.10.3.
    let utf16 = |digits: &str| {
        let units: Vec<u16> = (0..digits.len()).step_by(4).map(|at| hex(&digits[at..at + 4])).collect();
        String::from_utf16(&units).unwrap()
    };
    let pairs = objects[8].lines().filter_map(|line| line.strip_prefix('<')?.strip_suffix('>')?.split_once("> <"));
    let characters: HashMap<u16, String> = pairs.map(|(glyph, c)| (hex(glyph), utf16(c))).collect();
    let begin = places[3] + text[places[3]..].find("stream\n").unwrap() + 7;
    let drawing = decompress_to_vec_zlib(&file[begin..begin + objects[3].len()]).unwrap();
    let content = String::from_utf8(drawing).unwrap();
    let shown = content.split(" Tm <").skip(1).map(|rest| rest.split('>').next().unwrap());
    let texts = shown.map(|codes| (0..codes.len()).step_by(4).map(|at| characters[&hex(&codes[at..at + 4])].as_str()).collect()).collect();
    Read { objects, content, texts }
}

fn canvas(theme: Theme) -> ChartCanvas {
    ChartCanvas { size: CanvasSize::Fixed { width: 400.0, height: 200.0 }, theme, title: "Größe".into() }
}

fn list(shapes: impl IntoIterator<Item = Shape>) -> DisplayList {
    let mut list = DisplayList { summary: "1 series.".into(), left: 50.0, right: 10.0, ..DisplayList::default() };
    shapes.into_iter().for_each(|shape| list.plot.push(shape));
    list
}

#[test]
fn a_file_has_the_size_the_texts_and_the_font_that_a_reader_needs() {
    let label = Text::new(Ink::Text, TextAnchor::Start, X::share(0.5), 20.0, "αβ 1 234 ± 😀𝔸 中");
    let file = pdf(&list([Shape::Text(Text { has_plate: true, is_bold: true, ..label })]), &canvas(Theme::Light), 0.5);
    let Read { objects, content, texts } = read(&file);
    assert_eq!(texts, ["αβ 1 234 ± 😀𝔸 \u{fffd}"]);
    assert!(
        objects[2].contains("/MediaBox [0 0 200.00 100.00]") && content.starts_with("0.50000 0 0 -0.50000 0 100.000 cm\n"),
        "{objects:?}"
    );
    // In the middle of the plot, on a plate, bold.
    assert!(content.contains("2 Tr 1 0 0 -1 220 20 Tm") && content.contains("217 10 ") && content.contains("BT /F 11 Tf"), "{content}");
    assert!(objects[9].contains("/Title <FEFF004700720") && objects[9].contains("/Creator (Agnez)"), "{}", objects[9]);
    assert!(objects[7].starts_with("\0\u{1}\0\0") && file.len() < 24_000, "{} bytes", file.len());
    assert_eq!(objects.len(), 10);
}

#[test]
fn lines_have_their_dashes_opacity_and_edges() {
    let mut shapes = crate::charts::display_list::Shapes::default();
    shapes.dashed_rule(Ink::Text, 1, (0.0, 30.0), (1.0, 30.0));
    shapes.marker(Ink::Series(1), Glyph::Disc { radius: 3.0 }, 0.5, 40.0);
    let style = crate::charts::SeriesStyle { colour: 0, dash: 2 };
    let layer = crate::charts::display_list::Layer {
        style,
        path: vec![(0.0, 5.0), (100.0, 6.0), (f64::NAN, 0.0), (50.0, 7.0)],
        width: 1.5,
        alpha: 0.3,
    };
    let ridge = Path::Ridge { slot: 2, points: vec![(0.0, 1.0), (10.0, 2.0)], base: 9.0 };
    shapes.push(Shape::Window(Window { top: 8.0, height: 100.0, width: 100.0, paths: vec![Path::Stroke(layer), ridge] }));
    let Read { objects, content, .. } = read(&pdf(&list(shapes.0), &canvas(Theme::Dark), 0.75));
    let has = |part: &str| assert!(content.contains(part), "{part} is not in\n{content}");
    has("[6 3] 0 d\n50 30 m\n390 30 l\nS");
    // The window is cut off, and stretched over the plot.
    has("50 8 340 100 re W n");
    has("/A30 gs\n1.5 w 0 J 0 j [2 3] 0 d\n50 13 m\n390 14 l\nS");
    // A run of one point is a dot.
    has("220 15 m\n220 15 l\nS");
    has("/A25 gs");
    assert!(objects[2].contains("/A25 <</ca 0.25 /CA 0.25>> /A30 <</ca 0.3 /CA 0.3>>"), "{}", objects[2]);
    let count = |operator: &str| content.lines().filter(|line| *line == operator).count();
    assert_eq!((count("q"), count("Q")), (4, 4));
    // The ground is that of the theme.
    has("0.094 0.110 0.129 rg\n0 0 400 200 re f");
}

/// As in the SVG: where dots lie upon each other, what is beneath is still seen.
#[test]
fn the_dots_of_a_group_are_painted_once() {
    let mut shapes = crate::charts::display_list::Shapes::default();
    let dots = |is_square| Path::Dots { slot: 1, size: 4.0, is_square, spacing: 0.5, dots: vec![(20, 40), (21, 40), (80, 90)] };
    shapes.push(Shape::Window(Window { top: 8.0, height: 100.0, width: 340.0, paths: vec![dots(false), dots(true)] }));
    let Read { content, .. } = read(&pdf(&list(shapes.0), &canvas(Theme::Light), 0.75));
    let has = |part: &str| assert!(content.contains(part), "{part} is not in\n{content}");
    has("/A80 gs\n");
    has("4 w 1 J 1 j [] 0 d\n60 28 m\n60 28 l\n60.5 28 m\n60.5 28 l\n90 53 m\n90 53 l\nS");
    has("58 26 4 4 re \n58.5 26 4 4 re \n88 51 4 4 re \nf");
}
