//! Series of runs whose summaries or outlines have to be made from their points: at once after a step far back, and when their run has ended
//! or they got no points for a minute, as long as they did not grow much.

use std::collections::HashMap;
use std::sync::Arc;

use super::Index;
use crate::protocol::{CellId, RunId, SeriesId};
use crate::series::CurveSummary;
use crate::server::store::series::Series;

/// A series without new points for this time is quiet.
const QUIET_MS: u64 = 60_000;
/// How often quiet series are searched.
const SEARCH_INTERVAL_MS: u64 = 5_000;
/// The outline of a series that still gets points is made again when it lacks more than these, and more than an eighth of all.
const MAX_MISSING_POINTS: u64 = 1 << 16;

#[derive(Clone, Debug, Default)]
pub struct CurveQueue {
    /// Keys of series in `waiting` whose time has come.
    due: Vec<i64>,
    /// By the key of the series.
    waiting: HashMap<i64, WaitingSeries>,
    /// Runs that ended.
    ended: Vec<(Arc<str>, RunId)>,
    /// The number of points with which a series was made again after a step far back, by its key.
    rebuilt: HashMap<i64, u64>,
    /// When quiet series were searched last: Unix time, ms.
    searched_ms: u64,
}

#[derive(Clone, Debug)]
struct WaitingSeries {
    cell: CellId,
    id: SeriesId,
    /// When it got points last: Unix time, ms.
    last_ms: u64,
    is_due: bool,
}

impl CurveQueue {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.ended.is_empty()
    }

    /// Series whose time has come, and those of runs that have ended.
    fn due(&self) -> usize {
        self.due.len() + self.ended.len()
    }

    /// Queues a series that got points. `needed_summary`: already before.
    pub fn add_points(&mut self, cell: &CellId, series: &Series, needed_summary: bool, now_ms: u64) {
        if !series.needs_curve() {
            return;
        }
        // A series whose steps go back again and again is made again less and less often.
        let has_grown = || self.rebuilt.get(&series.key).is_none_or(|points| series.count() >= points + points / 8);
        let needs_rebuild = series.needs_summary() && !needed_summary && has_grown();
        let missing = series.count().saturating_sub(series.outlined);
        let needs_outline = missing > MAX_MISSING_POINTS.max(series.outlined / 8) && (!series.needs_summary() || has_grown());
        self.add(cell, series, now_ms, needs_rebuild || needs_outline);
    }

    /// Queues a series whose run has ended, or which is quiet.
    pub fn add_quiet(&mut self, cell: &CellId, series: &Series) {
        if series.needs_curve() {
            self.add(cell, series, 0, true);
        }
    }

    fn add(&mut self, cell: &CellId, series: &Series, now_ms: u64, is_due: bool) {
        let new = || WaitingSeries { cell: cell.clone(), id: series.id.clone(), last_ms: now_ms, is_due: false };
        let waiting = self.waiting.entry(series.key).or_insert_with(new);
        waiting.last_ms = waiting.last_ms.max(now_ms);
        if is_due && !waiting.is_due {
            waiting.is_due = true;
            self.due.push(series.key);
        }
    }

    pub fn add_ended_run(&mut self, board: &Arc<str>, run: &RunId) {
        self.ended.push((board.clone(), run.clone()));
    }

    /// A run that ended since the last call.
    pub fn pop_ended_run(&mut self) -> Option<(Arc<str>, RunId)> {
        self.ended.pop()
    }

    /// The next series that is due, or was without points for a minute.
    pub fn pop(&mut self, now_ms: u64) -> Option<(CellId, SeriesId)> {
        if self.due.is_empty() && now_ms >= self.searched_ms + SEARCH_INTERVAL_MS {
            self.searched_ms = now_ms;
            for (key, waiting) in &mut self.waiting {
                if !waiting.is_due && now_ms >= waiting.last_ms + QUIET_MS {
                    waiting.is_due = true;
                    self.due.push(*key);
                }
            }
        }
        let key = self.due.pop()?;
        self.waiting.remove(&key).map(|waiting| (waiting.cell, waiting.id))
    }

    /// Records that a series was made again after a step far back.
    pub fn set_rebuilt(&mut self, series: &Series) {
        self.rebuilt.insert(series.key, series.count());
    }

    /// Forgets removed series.
    pub fn remove(&mut self, key: i64) {
        self.rebuilt.remove(&key);
    }
}

impl Index {
    /// At a start: queues the series whose summaries and outlines have to be made from their points.
    pub(crate) fn queue_curves(&mut self) {
        let mut curves = std::mem::take(&mut self.curves);
        self.all_series().for_each(|(cell, series)| curves.add_quiet(cell, series));
        self.curves = curves;
    }

    /// Searches the series of all cells: for rare uses.
    pub(crate) fn series_by_key(&self, key: i64) -> Option<(&CellId, &Series)> {
        self.all_series().find(|(_, series)| series.key == key)
    }

    /// Queues a series whose outline is missing or damaged.
    pub(crate) fn forget_outline(&mut self, key: i64) {
        let found = self.series_by_key(key).map(|(cell, series)| (cell.clone(), series.id.clone()));
        let Some((cell, id)) = found else { return };
        let Some(series) = self.series.get_mut(&cell).and_then(|known| known.get_mut(&id)) else { return };
        series.outlined = 0;
        self.curves.add_quiet(&cell, series);
    }

    /// Number of series whose summaries or outlines are made next; a run that has just ended counts as one.
    pub fn waiting_curves(&self) -> usize {
        self.curves.due()
    }

    pub(crate) fn curves(&self) -> &CurveQueue {
        &self.curves
    }

    pub(crate) fn curves_mut(&mut self) -> &mut CurveQueue {
        &mut self.curves
    }

    /// The next series whose summary or outline has to be made from its points now.
    pub(crate) fn next_curve(&mut self, now_ms: u64) -> Option<(CellId, SeriesId)> {
        while let Some((board, run)) = self.curves.pop_ended_run() {
            for cell in self.boards.get(&board).into_iter().flat_map(|board| board.cells.keys()) {
                let series = self.series.get(cell).into_iter().flat_map(|known| known.of_run(&run));
                series.for_each(|series| self.curves.add_quiet(cell, series));
            }
        }
        self.curves.pop(now_ms)
    }

    /// Changes when a summary was made from points: no event says so.
    pub fn summaries_version(&self) -> u64 {
        self.summaries_version
    }

    /// Sets a summary that was made from the points of a series.
    pub(crate) fn set_summary(&mut self, cell: &CellId, id: &SeriesId, summary: Arc<CurveSummary>) {
        self.summaries_version += 1;
        self.known_series_mut(cell, id).into_iter().for_each(|series| series.summary = Some(summary.clone()));
    }
}
