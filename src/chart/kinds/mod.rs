//! Charts that are drawn from a whole value, on the server: bars, histograms, heatmaps, points on a plane, one number.
//!
//! Each takes checked numbers and answers a complete SVG document. How long that is depends on the size of the drawing, not on how
//! many numbers there are. What is no number has a mark of its own and is never drawn as zero.

mod bar;
mod bins;
mod colours;
mod grid;
mod heatmap;
mod histogram;
mod number;
mod scatter;
mod sheet;

pub use bar::{Bar, Series};
pub use bins::{Bins, bins, count_into};
pub use heatmap::Heatmap;
pub use histogram::{Histogram, View};
pub use number::{Better, Number};
pub use scatter::Scatter;
pub use sheet::{Sheet, escaped};

#[cfg(test)]
mod tests {
    use super::sheet::Sheet;
    use crate::chart::Theme;

    /// Sheets of every sort that a client can ask for.
    pub fn sheets() -> Vec<Sheet> {
        let mut all = Vec::new();
        for theme in [Theme::Light, Theme::Dark, Theme::Auto] {
            for (width, height) in [(None, 240.0), (Some(640.0), 320.0), (Some(80.0), 40.0), (Some(4000.0), 4000.0)] {
                all.push(Sheet { width, height, theme, title: "<script>alert(\"x\")</script> & more".into() });
            }
        }
        all
    }

    /// Fails unless tags are closed in order, attributes are quoted, entities are known, and no number is broken.
    pub fn assert_well_formed(svg: &str) {
        let mut open: Vec<&str> = Vec::new();
        let mut rest = svg;
        while let Some(at) = rest.find('<') {
            let (text, tag) = rest.split_at(at);
            assert!(!text.contains('>') && open.is_empty() == text.trim().is_empty() || text.is_empty() || !open.is_empty(), "{text}");
            for part in text.split('&').skip(1) {
                assert!(["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|known| part.starts_with(known)), "&{part}");
            }
            let end = tag.find('>').unwrap_or_else(|| panic!("no end: {tag}"));
            let inside = &tag[1..end];
            match (inside.strip_prefix('/'), inside.strip_suffix('/')) {
                (Some(name), _) => assert_eq!(open.pop(), Some(name), "{svg}"),
                (_, Some(whole)) => assert_eq!(whole.matches('"').count() % 2, 0, "{whole}"),
                _ => {
                    assert_eq!(inside.matches('"').count() % 2, 0, "{inside}");
                    open.push(inside.split(' ').next().unwrap());
                }
            }
            // Words of labels are text; within a tag such a word is a coordinate that nobody computed.
            assert!(!inside.contains("NaN") && !inside.contains("inf"), "{inside}");
            rest = &tag[end + 1..];
        }
        assert!(open.is_empty() && svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{open:?}");
        assert!(!svg.contains("<script"), "{svg}");
    }
}
