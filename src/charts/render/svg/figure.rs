//! A drawing for a paper: as large as it is printed, in a font of its own.

use crate::charts::text_metrics::FONT_SIZE;

/// Points of a millimetre.
const POINTS_PER_MM: f64 = 72.0 / 25.4;

/// The size of a printed figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Millimetres.
    pub width: f64,
    pub height: f64,
    /// Of all labels, in points.
    pub font_size: f64,
    /// The family; empty for that of the page.
    pub font: String,
    /// Names below the plot make it higher.
    pub grows: bool,
}

impl Figure {
    /// Width and height in the units of a drawing, whose labels are [`FONT_SIZE`] high.
    pub fn units(&self) -> (f64, f64) {
        let per_mm = POINTS_PER_MM * FONT_SIZE / self.font_size;
        (self.width * per_mm, self.height * per_mm)
    }

    /// The document of a drawing of [`Self::units`] with the lengths and the font of the figure.
    pub fn print(&self, document: &str) -> String {
        let Self { width, font, .. } = self;
        let Some((head, rest)) = document.split_once(" viewBox=") else { return document.to_owned() };
        let start = head.split(" width=").next().unwrap_or_default();
        // The view box is `0 0 331 234`.
        let drawn = rest.split('"').nth(1).map(|sides| sides.split(' ').filter_map(|side| side.parse().ok()).collect::<Vec<f64>>());
        let height = match drawn.as_deref() {
            Some([_, _, wide, high]) if self.grows && *wide > 0.0 => (width * high / wide * 10.0).round() / 10.0,
            _ => self.height,
        };
        let mut printed = format!("{start} width=\"{width}mm\" height=\"{height}mm\" viewBox={rest}");
        if !font.is_empty() {
            printed = printed.replacen("</style>", &format!("text{{font-family:\"{font}\",sans-serif}}</style>"), 1);
        }
        printed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_its_lengths_and_its_font() {
        let figure = Figure { width: 85.0, height: 60.0, font_size: 8.0, font: "Times New Roman".into(), grows: false };
        let (width, height) = figure.units();
        assert!((width - 331.3).abs() < 0.1 && (height - 233.9).abs() < 0.1, "{width} {height}");
        let document = "<svg xmlns=\"x\" width=\"331\" height=\"234\" viewBox=\"0 0 331 234\" role=\"img\"><style>text{}</style></svg>";
        let expected = "<svg xmlns=\"x\" width=\"85mm\" height=\"60mm\" viewBox=\"0 0 331 234\" role=\"img\"><style>text{}text{font-family:\"Times New Roman\",sans-serif}</style></svg>";
        assert_eq!(figure.print(document), expected);
        let grown = Figure { height: 40.0, grows: true, ..figure.clone() }.print(document);
        assert!(grown.contains("height=\"60.1mm\""), "as high as it was drawn: {grown}");
        assert_eq!(Figure { font: String::new(), ..figure }.print("<svg/>"), "<svg/>");
    }
}
