//! Signs of life of runs: heartbeats and points. They live in memory, and are stored at most once a minute.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::protocol::RunId;
use crate::server::limits::MAX_RUN_WRITERS;
use crate::server::store::{Batch, now_ms};

/// Signs are stored at most this often.
const STORE_INTERVAL_MS: u64 = 60_000;
/// Two writers that both give signs within this time are live at the same time.
const WRITER_WINDOW_MS: u64 = 120_000;

/// The signs of all runs since the server started.
pub struct RunSigns {
    /// When the server began to receive signs: Unix time, ms.
    pub up_since_ms: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    boards: HashMap<Arc<str>, HashMap<RunId, Sign>>,
    /// Runs with a noted sign that no commit is known to have stored.
    unstored: HashSet<(Arc<str>, RunId)>,
    /// When signs were last added to a commit: Unix time, ms.
    stored_ms: u64,
}

#[derive(Default)]
struct Sign {
    ms: u64,
    /// The last sign that was noted to be stored: Unix time, ms.
    noted_ms: u64,
    writers: Vec<Writer>,
}

/// A process that writes to a run.
struct Writer {
    name: Arc<str>,
    /// The last sign, and the one before it; 0 if there was none.
    last_ms: u64,
    before_ms: u64,
}

impl Default for RunSigns {
    fn default() -> Self {
        Self { up_since_ms: now_ms(), state: Mutex::default() }
    }
}

impl RunSigns {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a sign of a run now, from a writer if it names itself. Returns whether another writer gives signs at the same time.
    pub fn add(&self, board: &Arc<str>, run: &RunId, writer: Option<&str>) -> bool {
        self.add_at(board, run, writer, now_ms())
    }

    fn add_at(&self, board: &Arc<str>, run: &RunId, writer: Option<&str>, now_ms: u64) -> bool {
        let mut state = self.state();
        if !state.boards.contains_key(board) {
            state.boards.insert(board.clone(), HashMap::new());
        }
        let State { boards, unstored, .. } = &mut *state;
        let Some(runs) = boards.get_mut(board) else { return false };
        let sign = runs.entry(run.clone()).or_default();
        sign.ms = sign.ms.max(now_ms);
        if sign.ms >= sign.noted_ms + STORE_INTERVAL_MS {
            sign.noted_ms = sign.ms;
            unstored.insert((board.clone(), run.clone()));
        }
        writer.is_some_and(|writer| sign.add_writer(writer, now_ms))
    }

    /// The last sign of a run since the start of the server: Unix time, ms; 0 if there was none.
    pub fn last_ms(&self, board: &str, run: &RunId) -> u64 {
        self.state().boards.get(board).and_then(|runs| runs.get(run)).map_or(0, |sign| sign.ms)
    }

    /// Whether signs are to be stored by a commit of their own.
    pub fn are_due(&self) -> bool {
        let state = self.state();
        !state.unstored.is_empty() && now_ms() >= state.stored_ms + STORE_INTERVAL_MS
    }

    /// Adds the signs that are not stored to a commit, at most once a minute. They are added again until they are committed: a commit may
    /// fail, and the caller may be gone by then.
    pub fn store(&self, batch: &mut Batch) {
        let mut state = self.state();
        let now_ms = now_ms();
        if state.unstored.is_empty() || now_ms < state.stored_ms + STORE_INTERVAL_MS {
            return;
        }
        state.stored_ms = now_ms;
        let State { boards, unstored, .. } = &mut *state;
        let mut signs = Vec::new();
        unstored.retain(|(board, run)| {
            let Some(sign) = boards.get(board).and_then(|runs| runs.get(run)).filter(|_| batch.run(board, run).is_some()) else {
                return false;
            };
            let is_stored = batch.committed_heartbeat(board, run).is_some_and(|stored_ms| stored_ms >= sign.noted_ms);
            if !is_stored {
                signs.push((board.clone(), run.clone(), sign.ms));
            }
            !is_stored
        });
        drop(state);
        batch.set_heartbeats(signs);
    }

    /// Adds the last signs of all runs to a commit, when the server stops.
    pub fn store_all(&self, batch: &mut Batch) {
        let state = self.state();
        let boards = state.boards.iter();
        let signs = boards.flat_map(|(board, runs)| runs.iter().map(|(run, sign)| (board.clone(), run.clone(), sign.ms))).collect();
        drop(state);
        batch.set_heartbeats(signs);
    }

    /// Forgets runs that were deleted.
    pub fn remove<'a>(&self, board: &str, removed: impl IntoIterator<Item = &'a RunId>) {
        let mut state = self.state();
        let Some(runs) = state.boards.get_mut(board) else { return };
        removed.into_iter().for_each(|run| drop(runs.remove(run)));
        if runs.is_empty() {
            state.boards.remove(board);
        }
    }

    /// Number of runs that gave a sign and were not deleted since.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.state().boards.values().map(HashMap::len).sum()
    }
}

impl Sign {
    /// Two writers are live if one of them gave signs before and after a sign of the other, all within [`WRITER_WINDOW_MS`]. A process that
    /// continues the run of an ended one is not noticed.
    fn add_writer(&mut self, name: &str, now_ms: u64) -> bool {
        let at = match self.writers.iter().position(|writer| *writer.name == *name) {
            Some(at) => at,
            None => {
                if self.writers.len() == MAX_RUN_WRITERS {
                    let oldest = (0..self.writers.len()).min_by_key(|at| self.writers[*at].last_ms).unwrap_or_default();
                    self.writers.swap_remove(oldest);
                }
                self.writers.push(Writer { name: name.into(), last_ms: 0, before_ms: 0 });
                self.writers.len() - 1
            }
        };
        let writer = &mut self.writers[at];
        writer.before_ms = writer.last_ms;
        writer.last_ms = now_ms;
        let before_ms = writer.before_ms;
        let is_between = |other: &Writer| before_ms > 0 && other.last_ms > before_ms && now_ms - before_ms <= WRITER_WINDOW_MS;
        self.writers.iter().enumerate().any(|(other, writer)| other != at && is_between(writer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::{ChangeKind, Index, RunRecord};

    #[test]
    fn only_writers_that_are_live_at_the_same_time_are_noticed() {
        let (board, run) = (Arc::from("b"), RunId::parse("r").unwrap());
        let signs = RunSigns::default();
        let add = |writer: &str, seconds: u64| signs.add_at(&board, &run, Some(writer), 1_000_000_000 + 1000 * seconds);
        assert!(!add("a", 0) && !add("a", 15));
        // Another process continues the run.
        assert!(!add("b", 20) && !add("b", 35));
        // The first one is still there.
        assert!(add("a", 40) && add("b", 50) && add("a", 55));
        // It ended.
        assert!(add("b", 65) && !add("b", 80));
        for other in 0..20 {
            assert!(!add(&other.to_string(), 100 + other));
        }
        assert!(signs.state().boards[&board][&run].writers.len() <= MAX_RUN_WRITERS);
        assert_eq!((signs.last_ms("b", &run), signs.last_ms("c", &run)), (1_000_119_000, 0));
    }

    #[test]
    fn a_sign_is_noted_for_storing_once_a_minute() {
        let (board, run) = (Arc::from("b"), RunId::parse("r").unwrap());
        let signs = RunSigns::default();
        let noted = [0, 15, 30, 45, 59, 60, 75].map(|seconds| {
            signs.add_at(&board, &run, None, 1_000_000_000 + 1000 * seconds);
            signs.state().boards[&board][&run].noted_ms - 1_000_000_000
        });
        assert_eq!(noted, [0, 0, 0, 0, 0, 60_000, 60_000]);
        assert_eq!(signs.state().unstored.len(), 1);
    }

    #[test]
    fn signs_of_a_commit_that_fails_are_stored_by_the_next_one() {
        let (board, run): (Arc<str>, _) = ("b".into(), RunId::parse("r").unwrap());
        let (signs, mut index) = (RunSigns::default(), Index::default());
        let mut batch = Batch::new(&index, 0, 0);
        batch.put_run(ChangeKind::Created, RunRecord::new(board.clone(), run.clone(), serde_json::Map::new()));
        batch.end(true);
        batch.finish(&mut 0).apply(&mut index);
        // Returns whether the commit had signs.
        let mut commit = |succeeds: bool| {
            signs.state().stored_ms = 0;
            let mut batch = Batch::new(&index, 0, 0);
            signs.store(&mut batch);
            batch.end(true);
            let mut outcome = batch.finish(&mut 0);
            let has_signs = !outcome.is_empty();
            if succeeds {
                outcome.apply(&mut index);
            }
            (has_signs, Batch::new(&index, 0, 0).committed_heartbeat("b", &run))
        };
        let add = |seconds: u64| signs.add_at(&board, &run, None, 1_000_000_000 + 1000 * seconds);
        add(0);
        assert_eq!(commit(false), (true, Some(0)));
        add(15);
        assert_eq!(commit(true), (true, Some(1_000_015_000)), "the newest sign is stored");
        assert_eq!(commit(true), (false, Some(1_000_015_000)));
        add(70);
        assert_eq!(commit(false), (true, Some(1_000_015_000)));
        assert_eq!(commit(true), (true, Some(1_000_070_000)));
        signs.remove("b", [&run]);
        add(140);
        signs.remove("b", [&run]);
        assert_eq!(commit(true), (false, Some(1_000_070_000)), "signs of a deleted run are not stored");
        assert!(signs.state().unstored.is_empty());
    }

    #[test]
    fn a_deleted_run_is_forgotten() {
        let signs = RunSigns::default();
        let runs = ["a", "b"].map(|run| RunId::parse(run).unwrap());
        assert!(!runs.iter().any(|run| signs.add(&Arc::from("x"), run, None)));
        signs.remove("y", &runs);
        assert_eq!(signs.count(), 2);
        signs.remove("x", &runs[..1]);
        assert_eq!((signs.count(), signs.last_ms("x", &runs[0])), (1, 0));
        signs.remove("x", &runs);
        assert!(signs.state().boards.is_empty());
    }
}
