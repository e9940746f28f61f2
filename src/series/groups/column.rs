//! What is known of a group at one place, and where the places stand.

/// The places at which the members of a group are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum GroupGrid {
    /// Exactly the steps of the members, at most as many as were asked for.
    #[default]
    Steps,
    /// The middles of equal columns: column `k` is `from + k * (to - from) / count` to before the next one; the last one has its end, too.
    Columns { from: f64, to: f64, count: u32 },
}

impl GroupGrid {
    /// The bounds of the column around `x`; `None` of steps.
    pub fn bounds(&self, x: f64) -> Option<(f64, f64)> {
        let Self::Columns { from, to, count } = *self else { return None };
        let half = (to / 2.0 - from / 2.0) / f64::from(count);
        Some((x - half, x + half))
    }
}

/// A group at one place. The line is drawn from place to place, and not where it is NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupColumn {
    pub x: f64,
    /// NaN without a value, and where there is no such line: of values that are not above 0 no geometric mean.
    pub line: f64,
    /// The band; both NaN where there is none.
    pub low: f64,
    pub high: f64,
    /// Members with a value.
    pub n: u32,
    /// Members whose point is not finite, or between points one of which is not.
    pub nan: u32,
    /// Members whose last point is before.
    pub ended: u32,
    /// Members, of the `n`, whose value is interpolated between two of their points.
    pub interpolated: u32,
}
