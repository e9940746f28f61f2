//! What the page shows of a cell, from its type and value.

use serde::Deserialize;

use crate::protocol::{CellContent, CellId, LineSettings, LineSettingsPatch};
use crate::server::cells::{Presentation, is_empty, presentation};
use crate::server::store::Record;

/// The page gets this much of a value that is neither HTML nor an image.
const PREVIEW_BYTES: usize = 2 * 1024;

/// `value` is the JSON text of the record's version of the value.
pub fn cell_content(record: &Record, value: Option<&str>) -> CellContent {
    if record.is_line() {
        return CellContent::LineChart(line_settings(record));
    }
    value_content(&record.id, record.text("type"), value, record.version)
}

/// How a line chart is drawn.
pub fn line_settings(record: &Record) -> LineSettings {
    // They were checked as this type when they were accepted.
    let chart = record.keys.get("chart").and_then(|chart| LineSettingsPatch::deserialize(chart).ok());
    chart.unwrap_or_default().into()
}

fn value_content(id: &CellId, kind: &str, value: Option<&str>, rev: u64) -> CellContent {
    let json = value.unwrap_or("null").trim();
    if is_empty(json) {
        return CellContent::Empty;
    }
    match presentation(kind) {
        Some(Presentation::Chart) => return CellContent::Chart { rev },
        Some(Presentation::Document) => return CellContent::Html { rev, sig: None },
        None => {}
    }
    match (kind, json.starts_with('"')) {
        ("html", true) => CellContent::Html { rev, sig: None },
        ("img", true) => match serde_json::from_str::<String>(json) {
            Ok(src) => picture(id, &src, rev),
            Err(_) => CellContent::Empty,
        },
        (_, true) => {
            let text = serde_json::from_str::<String>(json).unwrap_or_default();
            CellContent::Text { bytes: text.len() as u64, text: preview(&text) }
        }
        _ => CellContent::Text { bytes: json.len() as u64, text: preview(json) },
    }
}

/// `./images/x`, `images/x` and `/images/x` are files of the server's folder: clients of 2015 send all three forms.
fn picture(id: &CellId, src: &str, rev: u64) -> CellContent {
    let src = src.trim();
    let local = src.strip_prefix("./").or_else(|| src.strip_prefix('/')).unwrap_or(src);
    let starts = |scheme: &str| src.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let src = match src {
        _ if starts("data:") => format!("media/{id}/{rev}"),
        _ if local.starts_with("images/") => local.to_owned(),
        _ if starts("http://") || starts("https://") => src.to_owned(),
        _ => return CellContent::Text { bytes: src.len() as u64, text: preview(src) },
    };
    CellContent::Image { src, rev }
}

/// The first [`PREVIEW_BYTES`] of a text, cut between characters.
fn preview(text: &str) -> String {
    let mut end = text.len().min(PREVIEW_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content_of(kind: &str, value: &str) -> CellContent {
        value_content(&CellId::parse("c1").unwrap(), kind, Some(value), 3)
    }

    #[test]
    fn empty_means_empty_whatever_the_type() {
        for value in ["[]", "\"\"", "null", " [] "] {
            assert_eq!(content_of("html", value), CellContent::Empty);
        }
    }

    #[test]
    fn pictures_are_distinguished_by_address() {
        let picture = |src: &str| CellContent::Image { src: src.into(), rev: 3 };
        assert_eq!(content_of("img", "\"./images/a b.gif\""), picture("images/a b.gif"));
        assert_eq!(content_of("img", "\"/images/a.gif\""), picture("images/a.gif"));
        assert_eq!(content_of("img", "\"data:image/png;base64,AAAA\""), picture("media/c1/3"));
        assert_eq!(content_of("img", "\"https://example.org/x.png?sig=1\""), picture("https://example.org/x.png?sig=1"));
        assert!(matches!(content_of("img", "\"javascript:alert(1)\""), CellContent::Text { .. }));
        assert!(matches!(content_of("img", "\"//evil.example/images/x.png\""), CellContent::Text { .. }));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = "é".repeat(PREVIEW_BYTES);
        let CellContent::Text { text: shown, bytes } = content_of("note", &serde_json::to_string(&text).unwrap()) else { panic!("text") };
        assert_eq!((shown.len(), bytes), (PREVIEW_BYTES, 2 * PREVIEW_BYTES as u64));
    }

    #[test]
    fn numbers_and_objects_are_shown_as_json() {
        assert_eq!(content_of("other", "{\"a\":1.0}"), CellContent::Text { text: "{\"a\":1.0}".into(), bytes: 9 });
    }

    #[test]
    fn kinds_of_numbers_are_drawn_and_tables_and_texts_are_framed() {
        for kind in crate::charts::kinds::KINDS.iter().map(|kind| kind.name) {
            assert_eq!((content_of(kind, "[[1]]"), content_of(kind, "{}")), (CellContent::Chart { rev: 3 }, CellContent::Empty));
        }
        for kind in ["table", "text"] {
            assert_eq!(
                (content_of(kind, "\"# x\""), content_of(kind, "\"\"")),
                (CellContent::Html { rev: 3, sig: None }, CellContent::Empty)
            );
        }
    }
}
