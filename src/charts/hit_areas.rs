//! What a pointer or a key finds in a chart: rectangles, and the values that are read there. A chart makes them from the layout that it is
//! drawn with.

#[derive(Clone, Debug, Default, PartialEq)]
pub struct HitAreas {
    /// The chart in one sentence.
    pub summary: String,
    /// The pixels beside the plot, which stay the same however wide the chart is.
    pub left: f64,
    pub right: f64,
    /// Where each area begins and ends: shares of the plot's width.
    pub x: [Vec<f64>; 2],
    /// The same in pixels from the top of the chart.
    pub y: [Vec<f64>; 2],
    pub fields: Vec<ReadoutField>,
}

/// One value of every area.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadoutField {
    pub name: String,
    pub unit: String,
    pub colour: FieldColour,
    /// Empty where the numbers themselves are shown.
    pub texts: Vec<String>,
    /// One for each area: a value, or an index into `texts`; one beyond its end stands for nothing.
    pub numbers: Vec<f64>,
}

/// The colour of the mark beside a field.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum FieldColour {
    #[default]
    None,
    /// That of the series.
    Slot(u8),
    /// Of the series with the number of the text.
    Text,
}

impl HitAreas {
    pub fn len(&self) -> usize {
        self.x[0].len()
    }

    pub fn is_empty(&self) -> bool {
        self.x[0].is_empty()
    }

    /// Adds an area, from and to on both axes; the fields get their numbers apart.
    pub fn push(&mut self, x: (f64, f64), y: (f64, f64)) {
        self.x[0].push(x.0);
        self.x[1].push(x.1);
        self.y[0].push(y.0);
        self.y[1].push(y.1);
    }

    /// The pixels from left to right and from top to bottom that an area covers in a chart of this width.
    pub fn place(&self, area: usize, width: f64) -> [f64; 4] {
        let along = |share: f64| self.left + share * (width - self.left - self.right);
        [along(self.x[0][area]), along(self.x[1][area]), self.y[0][area], self.y[1][area]]
    }

    /// The area nearest to these pixels of a chart of this width; of equal ones the last, which is drawn above the others. `None` when
    /// there is none within `reach`.
    pub fn nearest(&self, (x, y): (f64, f64), width: f64, reach: f64) -> Option<usize> {
        let beyond = |at: f64, from: f64, to: f64| (from - at).max(at - to).max(0.0);
        let (mut found, mut least) = (None, reach * reach);
        for area in 0..self.x[0].len() {
            let [left, right, top, bottom] = self.place(area, width);
            let (across, down) = (beyond(x, left, right), beyond(y, top, bottom));
            let far = across * across + down * down;
            if far <= least {
                (found, least) = (Some(area), far);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn areas() -> HitAreas {
        let mut areas = HitAreas { left: 10.0, right: 20.0, ..HitAreas::default() };
        areas.push((0.0, 0.5), (10.0, 30.0));
        areas.push((0.5, 1.0), (20.0, 20.0));
        areas
    }

    #[test]
    fn the_nearest_is_found_at_any_width() {
        let areas = areas();
        // 130 pixels: the plot has 100 of them, from 10 to 110.
        assert_eq!(areas.place(0, 130.0), [10.0, 60.0, 10.0, 30.0]);
        assert_eq!(areas.nearest((12.0, 15.0), 130.0, 0.0), Some(0));
        assert_eq!(areas.nearest((59.0, 60.0), 130.0, 29.0), None, "31 pixels below the first, 40 below the second");
        assert_eq!(areas.nearest((59.0, 60.0), 130.0, 30.0), Some(0));
        assert_eq!(areas.nearest((70.0, 60.0), 130.0, 100.0), Some(0));
        assert_eq!(areas.nearest((75.0, 60.0), 130.0, 100.0), Some(0));
        assert_eq!(areas.nearest((100.0, 60.0), 130.0, 100.0), Some(1));
        assert_eq!(areas.nearest((59.0, 15.0), 1030.0, 100.0), Some(0), "in a wide drawing the same pixel is in the first");
        assert_eq!(areas.nearest((60.0, 20.0), 130.0, 0.0), Some(1), "on the border of two");
        assert_eq!(HitAreas::default().nearest((0.0, 0.0), 1.0, 1e9), None);
    }
}
