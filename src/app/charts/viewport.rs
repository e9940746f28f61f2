//! The visible part of the x axis, and how zoom, pan and follow change it. Pure.

/// A window on the horizontal axis: `from < to`, in its units (steps, or seconds since 1970).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    pub from: f64,
    pub to: f64,
    /// The window moves with the newest point.
    pub follow: bool,
}

/// Minimum width relative to the coordinates: below it, doubles cannot separate the ends.
const MIN_RELATIVE_WIDTH: f64 = 1e-12;
/// Space right of the newest point, as a share of a window that follows it.
const FOLLOW_MARGIN: f64 = 0.02;

impl Viewport {
    /// `None` when the window would be empty, infinite or too narrow for doubles.
    pub fn new(from: f64, to: f64) -> Option<Self> {
        let least = MIN_RELATIVE_WIDTH * from.abs().max(to.abs()).max(f64::MIN_POSITIVE / MIN_RELATIVE_WIDTH);
        (to - from > least && (to - from).is_finite()).then_some(Self { from, to, follow: false })
    }

    pub fn width(&self) -> f64 {
        self.to - self.from
    }

    /// The window `factor` times as wide in which `x` keeps its place, never narrower than `min_width`. `None` when it shows all of
    /// `extent`.
    pub fn zoom(&self, x: f64, factor: f64, min_width: f64, extent: (f64, f64)) -> Option<Self> {
        let factor = factor.max((min_width / self.width()).min(1.0));
        let zoomed = Self::new(x - (x - self.from) * factor, x + (self.to - x) * factor);
        let Some(view) = zoomed else { return Some(*self) };
        if factor > 1.0 && view.from <= extent.0 && view.to >= extent.1 {
            return None;
        }
        // A window that follows goes on while it shows the newest point.
        let follow = self.follow && view.to >= extent.1;
        Some(Self { follow, ..view })
    }

    /// The window moved right by this share of its width; its middle stays within `extent`.
    pub fn pan(&self, share: f64, extent: (f64, f64)) -> Self {
        let middle = (self.from + self.to) / 2.0;
        let wanted = middle + share * self.width();
        let by = wanted.max(extent.0).min(extent.1) - middle;
        Self { from: self.from + by, to: self.to + by, follow: false }
    }

    /// The window of this width that ends just after the newest point (at `end`), and follows it.
    pub fn pinned_to_end(&self, end: f64) -> Self {
        let width = self.width();
        let to = end + FOLLOW_MARGIN * width;
        Self { from: to - width, to, follow: true }
    }

    /// The range to request: one window of margin on both sides, so that panning has points to draw at once.
    pub fn with_margins(&self) -> (f64, f64) {
        (self.from - self.width(), self.to + self.width())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(from: f64, to: f64) -> Viewport {
        Viewport::new(from, to).unwrap()
    }

    #[test]
    fn zooming_keeps_the_point_under_the_pointer() {
        let zoomed = view(0.0, 100.0).zoom(25.0, 0.5, 0.0, (0.0, 100.0)).unwrap();
        assert_eq!((zoomed.from, zoomed.to), (12.5, 62.5));
        let back = zoomed.zoom(25.0, 1.5, 0.0, (0.0, 100.0)).unwrap();
        assert_eq!((25.0 - back.from) / back.width(), 0.25);
    }

    #[test]
    fn zooming_out_ends_with_everything() {
        assert_eq!(view(10.0, 90.0).zoom(50.0, 2.0, 0.0, (0.0, 100.0)), None);
        assert_eq!(view(-50.0, 50.0).zoom(0.0, 1.5, 0.0, (0.0, 100.0)).map(|view| view.to), Some(75.0));
    }

    #[test]
    fn zooming_in_ends_where_doubles_do() {
        let mut seen = view(0.0, 1e6);
        for _ in 0..500 {
            seen = seen.zoom(123_456.0, 0.5, 0.0, (0.0, 1e6)).unwrap();
            assert!(seen.from < seen.to);
        }
        for _ in 0..50 {
            seen = seen.zoom(123_456.0, 2.0, 0.0, (0.0, 1e6)).unwrap_or(view(0.0, 1e6));
        }
        for _ in 0..50 {
            seen = seen.zoom(123_456.0, 0.5, 3.0, (0.0, 1e6)).unwrap();
        }
        assert!((seen.width() - 3.0).abs() < 1e-6, "{seen:?}");
        let narrow = view(5.0, 5.5);
        assert_eq!(narrow.zoom(5.2, 0.5, 3.0, (0.0, 9.0)), Some(narrow), "an address may ask for less");
        assert_eq!(Viewport::new(3.0, 3.0), None);
        assert_eq!(Viewport::new(f64::NAN, 3.0), None);
        assert_eq!(Viewport::new(0.0, f64::INFINITY), None);
        assert!(Viewport::new(0.0, 1e-9).is_some());
    }

    #[test]
    fn panning_stops_at_the_ends() {
        let seen = view(0.0, 10.0);
        assert_eq!(seen.pan(0.5, (0.0, 100.0)).from, 5.0);
        assert_eq!(seen.pan(-9.0, (0.0, 100.0)).from, -5.0);
        assert_eq!(seen.pan(99.0, (0.0, 100.0)).to, 105.0);
    }

    #[test]
    fn following_keeps_the_width() {
        let seen = view(20.0, 30.0).pinned_to_end(100.0);
        assert_eq!((seen.from, seen.to, seen.follow), (90.2, 100.2, true));
        assert!((seen.pinned_to_end(101.0).width() - 10.0).abs() < 1e-9);
        assert!(seen.zoom(95.0, 0.5, 0.0, (0.0, 200.0)).is_some_and(|view| !view.follow), "the newest point is no longer seen");
        assert!(seen.zoom(95.0, 1.5, 0.0, (0.0, 100.0)).is_some_and(|view| view.follow));
        assert!(!seen.pan(-0.1, (0.0, 100.0)).follow);
    }
}
