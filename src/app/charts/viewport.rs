//! Which part of the horizontal axis is seen, and how zooming, panning and following change it.

use crate::series::Axis;

/// A window on the horizontal axis: `from < to`, in its units (steps, or seconds since 1970).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    pub from: f64,
    pub to: f64,
    /// The window slides with the newest point.
    pub follows: bool,
}

/// Narrower windows cannot be told apart in doubles.
const FINEST: f64 = 1e-12;
/// Room at the right of the newest point, as a part of the window that follows it.
const AHEAD: f64 = 0.02;

impl View {
    /// `None` when it would be too narrow to be drawn, or no window at all.
    pub fn new(from: f64, to: f64) -> Option<Self> {
        let least = FINEST * from.abs().max(to.abs()).max(f64::MIN_POSITIVE / FINEST);
        (to - from > least && (to - from).is_finite()).then_some(Self { from, to, follows: false })
    }

    pub fn width(&self) -> f64 {
        self.to - self.from
    }

    /// The window `factor` times as wide in which `x` stays where it is, never narrower than `least`: between two points there is nothing
    /// to see. `None` when all of `extent` is seen then.
    pub fn zoom(&self, x: f64, factor: f64, least: f64, extent: (f64, f64)) -> Option<Self> {
        let factor = factor.max((least / self.width()).min(1.0));
        let zoomed = Self::new(x - (x - self.from) * factor, x + (self.to - x) * factor);
        let Some(view) = zoomed else { return Some(*self) };
        if factor > 1.0 && view.from <= extent.0 && view.to >= extent.1 {
            return None;
        }
        // Who follows, and still sees the newest point, goes on following.
        let follows = self.follows && view.to >= extent.1;
        Some(Self { follows, ..view })
    }

    /// Moved right by this part of its width; its middle never leaves `extent`.
    pub fn pan(&self, part: f64, extent: (f64, f64)) -> Self {
        let middle = (self.from + self.to) / 2.0;
        let wanted = middle + part * self.width();
        let by = wanted.max(extent.0).min(extent.1) - middle;
        Self { from: self.from + by, to: self.to + by, follows: false }
    }

    /// As wide as before, with the newest point (at `end`) near the right edge.
    pub fn at_tail(&self, end: f64) -> Self {
        let width = self.width();
        let to = end + AHEAD * width;
        Self { from: to - width, to, follows: true }
    }

    /// What is asked of the server: a screen of margin on both sides, so that panning shows something at once.
    pub fn with_margins(&self) -> (f64, f64) {
        (self.from - self.width(), self.to + self.width())
    }
}

/// A view in an address: `id:from:to:axis`, and `:follow` behind it. The axis says what the numbers are: they mean nothing on another one. `number` writes a number so that it reads back the same.
pub fn write(id: &str, view: &View, axis: Axis, number: fn(f64) -> String) -> String {
    let axis = if axis == Axis::Step { ":step" } else { ":time" };
    [id, ":", &number(view.from), ":", &number(view.to), axis, if view.follows { ":follow" } else { "" }].concat()
}

/// Reads what [`write()`] has written: the id, the view, and its axis, which a person who writes an address may leave out.
pub fn read(text: &str, number: fn(&str) -> f64) -> Option<(&str, View, Option<Axis>)> {
    let mut parts = text.split(':');
    let id = parts.next()?;
    let view = View::new(number(parts.next()?), number(parts.next()?))?;
    let (mut follows, mut axis) = (false, None);
    for word in parts {
        match word {
            "follow" => follows = true,
            "step" => axis = Some(Axis::Step),
            "time" => axis = Some(Axis::Time),
            _ => {}
        }
    }
    Some((id, View { follows, ..view }, axis))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(from: f64, to: f64) -> View {
        View::new(from, to).unwrap()
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
        assert_eq!(View::new(3.0, 3.0), None);
        assert_eq!(View::new(f64::NAN, 3.0), None);
        assert_eq!(View::new(0.0, f64::INFINITY), None);
        assert!(View::new(0.0, 1e-9).is_some());
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
        let seen = view(20.0, 30.0).at_tail(100.0);
        assert_eq!((seen.from, seen.to, seen.follows), (90.2, 100.2, true));
        assert!((seen.at_tail(101.0).width() - 10.0).abs() < 1e-9);
        assert!(seen.zoom(95.0, 0.5, 0.0, (0.0, 200.0)).is_some_and(|view| !view.follows), "the newest point is no longer seen");
        assert!(seen.zoom(95.0, 1.5, 0.0, (0.0, 100.0)).is_some_and(|view| view.follows));
        assert!(!seen.pan(-0.1, (0.0, 100.0)).follows);
    }

    #[test]
    fn addresses_say_what_was_seen() {
        let number = |text: &str| text.parse().unwrap_or(f64::NAN);
        for seen in [view(0.1, 1e300), view(-5.0, 3.0), View { follows: true, ..view(1.7e9, 1.7e9 + 0.25) }] {
            for axis in [Axis::Step, Axis::Time] {
                let text = write("a-B_1", &seen, axis, |number| number.to_string());
                assert_eq!(read(&text, number), Some(("a-B_1", seen, Some(axis))), "{text}");
            }
        }
        assert_eq!(read("a:1:2:follow", number).map(|(_, view, axis)| (view.follows, axis)), Some((true, None)));
        for wrong in ["", "a", "a:1", "a:1:1", "a:2:1", "a:x:1", "a:1:NaN"] {
            assert_eq!(read(wrong, number), None, "{wrong}");
        }
    }
}
