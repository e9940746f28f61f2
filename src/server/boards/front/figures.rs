//! The figures of boards on the front page. What takes long is made again only once a board has changed, and not more often than every few
//! seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{GoalFigure, ListedBoard};
use crate::server::boards::Boards;
use crate::server::boards::runs::{RunClock, RunView};

/// Figures that are not older than this are shown although the board has changed.
const MIN_INTERVAL: Duration = Duration::from_secs(3);
/// The summaries of curves come a little after their points: figures that were made within this time after a change are made once more.
const SETTLING: Duration = Duration::from_secs(10);
/// Boards whose figures are in memory. Beyond that all are forgotten.
const MAX_CACHED: usize = 2000;
/// Runs of one board whose signs of life are looked at; further ones count as running.
const MAX_WATCHED_RUNS: usize = 1000;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoardFigures {
    /// Runs that give signs of life, or log rarely.
    pub running: usize,
    /// Runs that have given no sign for ten minutes and announced more.
    pub lost: usize,
    /// What it takes on disk, about.
    pub bytes: u64,
    pub goal: Option<GoalFigure>,
}

/// The numbers of the last events of a board, and of its document.
type Version = (u64, u64, u64);

#[derive(Clone)]
struct CachedFigures {
    version: Version,
    bytes: u64,
    goal: Option<GoalFigure>,
    made: Instant,
    is_settled: bool,
}

#[derive(Default)]
pub struct FigureCache(Mutex<HashMap<Arc<str>, CachedFigures>>);

impl FigureCache {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, CachedFigures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The figures of this version, or those that are new enough.
    fn get(&self, board: &str, version: Version, since_change: Duration) -> Option<CachedFigures> {
        let known = self.lock().get(board).cloned()?;
        let is_current = known.version == version && (known.is_settled || since_change < SETTLING);
        (is_current || known.made.elapsed() < MIN_INTERVAL).then_some(known)
    }

    fn put(&self, board: &Arc<str>, figures: CachedFigures) {
        let mut known = self.lock();
        if known.len() >= MAX_CACHED && !known.contains_key(board) {
            known.clear();
        }
        known.insert(board.clone(), figures);
    }
}

impl Boards {
    pub async fn board_figures(&self, board: &ListedBoard, now_ms: u64) -> BoardFigures {
        let (running, lost) = self.count_running(&board.name);
        let since_change = Duration::from_millis(now_ms.saturating_sub(board.changed_ms));
        let version = {
            let index = self.store.index();
            let Some(known) = index.board(&board.name) else { return BoardFigures::default() };
            (known.seq, known.run_seq, known.document.as_ref().map_or(0, |document| document.rev))
        };
        let figures = match self.figures.get(&board.name, version, since_change) {
            Some(known) => known,
            None => {
                let goal = if board.runs > 0 { self.goal_figure(&board.name).await } else { None };
                let index = self.store.index();
                let bytes = index.board(&board.name).map_or(0, |known| index.board_bytes(known));
                drop(index);
                let made = CachedFigures { version, bytes, goal, made: Instant::now(), is_settled: since_change >= SETTLING };
                self.figures.put(&board.name, made.clone());
                made
            }
        };
        BoardFigures { running, lost, bytes: figures.bytes, goal: figures.goal }
    }

    /// Numbers of running and of lost runs.
    fn count_running(&self, board: &str) -> (usize, usize) {
        let clock = RunClock::now(&self.signs);
        let index = self.store.index();
        let Some(known) = index.board(board) else { return (0, 0) };
        let all = known.runs.running().count();
        let is_lost = |record: &&_| RunView::new(Arc::clone(record), Arc::default(), &clock, false).is_lost();
        let lost = known.runs.running().take(MAX_WATCHED_RUNS).filter(is_lost).count();
        (all - lost, lost)
    }
}
