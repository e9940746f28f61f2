//! Which points of a series a restart superseded, slice by slice, in two passes over the same slices.
//!
//! A point is superseded if and only if a later point is a step back (its step is smaller than that of the point right before it) to
//! the point's own step or a smaller one: of the points before a step back, the last one is always in the curve. So the first pass needs
//! one number of each slice, the smallest step that the slice goes back to, and the second pass knows of each point whether it stays.

use super::Points;

/// The first pass.
#[derive(Default)]
pub struct SupersededScan {
    /// For each slice the smallest step that it goes back to; infinite without a step back.
    floors: Vec<f64>,
    previous: Option<f64>,
}

impl SupersededScan {
    /// Takes the steps of the next slice. Of a slice without a step back inside, its first and its last step suffice.
    pub fn push(&mut self, steps: &[f64]) {
        let mut floor = f64::INFINITY;
        for step in steps {
            if self.previous.is_some_and(|previous| *step < previous) {
                floor = floor.min(*step);
            }
            self.previous = Some(*step);
        }
        self.floors.push(floor);
    }

    /// Begins the second pass.
    pub fn into_filter(mut self) -> SupersededFilter {
        // From the smallest step in each slice to the smallest one behind it.
        let mut behind = f64::INFINITY;
        for floor in self.floors.iter_mut().rev() {
            (*floor, behind) = (behind, behind.min(*floor));
        }
        SupersededFilter { floors: self.floors.into_iter(), previous: None }
    }
}

/// The second pass.
pub struct SupersededFilter {
    /// For each slice to come the smallest step that the slices behind it go back to.
    floors: std::vec::IntoIter<f64>,
    /// The last step of the slice before.
    previous: Option<f64>,
}

impl SupersededFilter {
    /// The points of the next slice that are in the curve. The slice is the same as in the first pass.
    pub fn filter(&mut self, points: &Points) -> Points {
        let stays = self.points_that_stay(&points.x);
        let mut curve = Points::default();
        for (at, _) in stays.iter().enumerate().filter(|(_, stays)| **stays) {
            curve.push(points.x[at], points.y[at], points.t[at]);
        }
        curve
    }

    fn points_that_stay(&mut self, steps: &[f64]) -> Vec<bool> {
        let mut floor = self.floors.next().unwrap_or(f64::INFINITY);
        let mut stays = vec![false; steps.len()];
        for (at, step) in steps.iter().enumerate().rev() {
            stays[at] = *step < floor;
            let before = at.checked_sub(1).map(|before| steps[before]).or(self.previous);
            if before.is_some_and(|before| *step < before) {
                floor = floor.min(*step);
            }
        }
        self.previous = steps.last().copied().or(self.previous);
        stays
    }
}
