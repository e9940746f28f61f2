//! The keys of an address that make a drawing a figure for a paper.

use std::ops::RangeInclusive;

use super::invalid_parameter;
use crate::charts::render::svg::Figure;
use crate::protocol::{ApiError, ErrorKind};

/// Millimetres: from a small inset to a page.
pub const FIGURE_MM: RangeInclusive<f64> = 20.0..=400.0;
/// Of labels, in points.
pub const FONT_POINTS: RangeInclusive<f64> = 4.0..=24.0;
const DEFAULT_POINTS: f64 = 8.0;
/// Height over width, where only the width is named: names below the plot come on top of it.
const DEFAULT_RATIO: f64 = 0.62;
const MAX_FONT_CHARS: usize = 60;
/// Width and height in the units of a drawing, below which labels leave no room for curves.
const LEAST_UNITS: (f64, f64) = (75.0, 40.0);

#[derive(Clone, Debug, Default, PartialEq)]
pub struct FigureQuery {
    pub width: Option<f64>,
    pub height: Option<f64>,
    pub font_size: Option<f64>,
    pub font: Option<String>,
}

/// A name of a font family, which stands in a style sheet.
pub fn font(value: &str) -> Result<String, ApiError> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let rule = format!("must be a font's name of {MAX_FONT_CHARS} letters, digits and spaces at most");
    if value.chars().all(is_name) && value.chars().count() <= MAX_FONT_CHARS {
        Ok(value.to_owned())
    } else {
        Err(invalid_parameter("font", &rule, value))
    }
}

impl FigureQuery {
    /// `None` without a key of a figure. 400: the width is missing.
    pub fn finish(self) -> Result<Option<Figure>, ApiError> {
        let Some(width) = self.width else {
            if self == Self::default() {
                return Ok(None);
            }
            let message = "'height_mm', 'font_size' and 'font' need 'width_mm', the width in print.";
            return Err(ErrorKind::BadRequest.with(message).at("width_mm", "is missing"));
        };
        let height = self.height.unwrap_or((width * DEFAULT_RATIO).max(*FIGURE_MM.start()));
        let font_size = self.font_size.unwrap_or(DEFAULT_POINTS);
        let grows = self.height.is_none();
        let figure = Figure { width, height, font_size, font: self.font.unwrap_or_default(), grows };
        let units = figure.units();
        for (key, millimetres, units, least) in [("width_mm", width, units.0, LEAST_UNITS.0), ("height_mm", height, units.1, LEAST_UNITS.1)]
        {
            if units < least {
                let rule = format!("must be at least {:.0} for labels of {font_size} points", (least * millimetres / units).ceil());
                return Err(invalid_parameter(key, &rule, &millimetres.to_string()));
            }
        }
        Ok(Some(figure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_needs_its_width() {
        assert_eq!(FigureQuery::default().finish().unwrap(), None);
        let figure = FigureQuery { width: Some(85.0), ..FigureQuery::default() }.finish().unwrap().unwrap();
        assert_eq!((figure.width, figure.height, figure.font_size, figure.font.as_str()), (85.0, 52.7, 8.0, ""));
        let error = FigureQuery { font_size: Some(8.0), ..FigureQuery::default() }.finish().unwrap_err();
        assert_eq!((error.code, error.message.contains("width_mm")), (400, true));
        let of =
            |width, height, font_size| FigureQuery { width: Some(width), height: Some(height), font_size: Some(font_size), font: None };
        assert!(of(20.0, 20.0, 8.0).finish().is_ok() && of(400.0, 20.0, 4.0).finish().is_ok());
        assert_eq!(of(20.0, 60.0, 24.0).finish().unwrap_err().message, "'width_mm' must be at least 58 for labels of 24 points, not '20'.");
        assert_eq!(
            of(85.0, 20.0, 24.0).finish().unwrap_err().message,
            "'height_mm' must be at least 31 for labels of 24 points, not '20'."
        );
        assert_eq!(font("Latin Modern Roman").unwrap(), "Latin Modern Roman");
        for wrong in ["a\"b", "x}", "a;b", "</style>", "x".repeat(61).as_str()] {
            assert_eq!(font(wrong).unwrap_err().code, 400, "{wrong}");
        }
    }
}
