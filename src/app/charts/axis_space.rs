//! Zoom and pan along an axis: on a logarithmic one they move the logarithms of its places. Pure.

use super::viewport::Viewport;
use crate::protocol::AxisScale;

/// A logarithmic window whose own beginning has no logarithm has at least three decades, as the server's columns have.
const OPEN_RATIO: f64 = 1e-3;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AxisSpace(pub AxisScale);

impl AxisSpace {
    fn is_log(self) -> bool {
        self.0 == AxisScale::Log
    }

    /// Where a place is measured.
    pub fn measure(self, place: f64) -> f64 {
        if self.is_log() { place.ln() } else { place }
    }

    fn place(self, measured: f64) -> f64 {
        if self.is_log() { measured.exp() } else { measured }
    }

    fn measured(self, viewport: &Viewport) -> Viewport {
        let from = if self.is_log() && viewport.from <= 0.0 { (viewport.to * OPEN_RATIO).min(1.0) } else { viewport.from };
        Viewport { from: self.measure(from), to: self.measure(viewport.to), ..*viewport }
    }

    /// `None` where doubles cannot separate the ends.
    fn viewport(self, measured: Viewport) -> Option<Viewport> {
        if !self.is_log() {
            return Some(measured);
        }
        Viewport::new(self.place(measured.from), self.place(measured.to)).map(|viewport| Viewport { follow: measured.follow, ..viewport })
    }

    /// The width of a window as it is measured.
    pub fn width(self, viewport: &Viewport) -> f64 {
        self.measured(viewport).width()
    }

    /// As [`Viewport::zoom`].
    pub fn zoom(self, viewport: &Viewport, x: f64, factor: f64, min_width: f64, extent: (f64, f64)) -> Option<Viewport> {
        let least = if self.is_log() { min_width / x } else { min_width };
        let extent = (self.measure(extent.0), self.measure(extent.1));
        let zoomed = self.measured(viewport).zoom(self.measure(x), factor, least, extent)?;
        Some(self.viewport(zoomed).unwrap_or(*viewport))
    }

    /// As [`Viewport::pan`].
    pub fn pan(self, viewport: &Viewport, share: f64, extent: (f64, f64)) -> Viewport {
        let extent = (self.measure(extent.0), self.measure(extent.1));
        self.viewport(self.measured(viewport).pan(share, extent)).unwrap_or(*viewport)
    }

    /// As [`Viewport::pinned_to_end`].
    pub fn pinned_to_end(self, viewport: &Viewport, end: f64) -> Viewport {
        self.viewport(self.measured(viewport).pinned_to_end(self.measure(end))).unwrap_or(*viewport)
    }

    /// As [`Viewport::with_margins`]; on a logarithmic axis above 0.
    pub fn with_margins(self, viewport: &Viewport) -> (f64, f64) {
        let (from, to) = self.measured(viewport).with_margins();
        (self.place(from), self.place(to))
    }

    /// The part of a window's width that is this share of it, at both ends: its inner ends moved outward.
    pub fn widened(self, viewport: &Viewport, share: f64) -> (f64, f64) {
        let measured = self.measured(viewport);
        let edge = share * measured.width();
        (self.place(measured.from - edge), self.place(measured.to + edge))
    }

    /// The middle of a window.
    pub fn middle(self, viewport: &Viewport) -> f64 {
        let measured = self.measured(viewport);
        self.place(measured.from / 2.0 + measured.to / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: AxisSpace = AxisSpace(AxisScale::Log);

    fn view(from: f64, to: f64) -> Viewport {
        Viewport::new(from, to).unwrap()
    }

    fn is_near(one: f64, other: f64) -> bool {
        (one / other - 1.0).abs() < 1e-9
    }

    #[test]
    fn a_logarithmic_axis_is_zoomed_and_moved_by_ratios() {
        let all = (1.0, 10_000.0);
        let zoomed = LOG.zoom(&view(1.0, 10_000.0), 100.0, 0.5, 0.0, all).unwrap();
        assert!(is_near(zoomed.from, 10.0) && is_near(zoomed.to, 1000.0), "{zoomed:?}");
        assert_eq!(LOG.zoom(&zoomed, 100.0, 4.0, 0.0, all), None, "all of it");
        let moved = LOG.pan(&zoomed, 0.5, all);
        assert!(is_near(moved.from, 100.0) && is_near(moved.to, 10_000.0), "{moved:?}");
        assert!(is_near(LOG.middle(&zoomed), 100.0) && is_near(LOG.width(&zoomed), 100_f64.ln()));
        let (from, to) = LOG.with_margins(&zoomed);
        assert!(is_near(from, 0.1) && is_near(to, 100_000.0));
        let (from, to) = LOG.widened(&zoomed, 0.25);
        assert!(is_near(from, 10_f64.powf(0.5)) && is_near(to, 10_f64.powf(3.5)));
        let pinned = LOG.pinned_to_end(&zoomed, 1000.0);
        assert!(pinned.follow && pinned.to > 1000.0 && is_near(pinned.to / pinned.from, 100.0), "{pinned:?}");
    }

    #[test]
    fn a_window_that_begins_at_0_has_three_decades() {
        let zoomed = LOG.zoom(&view(0.0, 1000.0), 1000.0, 1.0, 0.0, (1.0, 1e6)).unwrap();
        assert!(is_near(zoomed.from, 1.0) && is_near(zoomed.to, 1000.0), "{zoomed:?}");
    }

    #[test]
    fn zooming_in_ends_where_doubles_do() {
        let mut seen = view(1.0, 1e6);
        for _ in 0..200 {
            seen = LOG.zoom(&seen, 1234.0, 0.5, 0.0, (1.0, 1e6)).unwrap();
            assert!(seen.from < seen.to);
        }
        let linear = AxisSpace(AxisScale::Linear);
        assert_eq!(linear.zoom(&view(0.0, 8.0), 4.0, 0.5, 0.0, (0.0, 8.0)), Viewport::new(2.0, 6.0));
        assert_eq!(linear.with_margins(&view(0.0, 1.0)), (-1.0, 2.0));
    }
}
