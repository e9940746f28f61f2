//! Boards in the trash of the model.

use super::effects::Done;
use super::plain::{Answer, Cell, Plain, PublishedEvent};
use super::plain_runs::Runs;

/// The events of the deletions of boards of one name: the first and the last of each.
#[derive(Clone, Debug, Default)]
pub struct Removal {
    cells: Vec<(u64, u64)>,
    runs: Vec<(u64, u64)>,
}

fn is_within(ranges: &[(u64, u64)], seq: u64) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&seq))
}

impl Plain {
    pub(crate) fn remove_board(&mut self, board: &str, events: &mut Vec<PublishedEvent>) -> Done {
        let cells = self.matching("board", board);
        let runs = Runs::ids(&self.runs.live, board, |_| true);
        if cells.is_empty() && runs.is_empty() {
            return Err(404);
        }
        let mut removal = self.trash.remove(board).unwrap_or_default();
        if !runs.is_empty() {
            self.runs.remove(board, runs, events)?;
            removal.runs.push((self.runs.seq(board), self.runs.seq(board)));
        }
        let first = self.boards.get(board).copied().unwrap_or_default() + 1;
        for (id, cell) in cells {
            self.remove(&id, cell, events);
        }
        let last = self.boards.get(board).copied().unwrap_or_default();
        removal.cells.extend((first <= last).then_some((first, last)));
        self.trash.insert(board.to_owned(), removal);
        self.runs.tell("updated", board, Vec::new(), events);
        Ok(Answer::Nothing)
    }

    pub(crate) fn restore_board(&mut self, board: &str, events: &mut Vec<PublishedEvent>) -> Done {
        let mut cells = self.graves_in_trash(board);
        let removal = self.trash.remove(board).ok_or(404_u16)?;
        cells.sort_by_key(|(_, cell)| cell.born);
        for (id, cell) in cells {
            self.put("created", &id, cell, events);
        }
        let runs = Runs::ids(&self.runs.removed, board, |run| is_within(&removal.runs, run.seq));
        self.runs.restore(board, runs, events)?;
        self.runs.tell("updated", board, Vec::new(), events);
        Ok(Answer::Nothing)
    }

    pub(crate) fn is_in_trash(&self, board: &str, seq: u64) -> bool {
        self.trash.get(board).is_some_and(|removal| is_within(&removal.cells, seq))
    }

    /// The cells that were deleted with their board and can be restored.
    fn graves_in_trash(&self, board: &str) -> Vec<(String, Cell)> {
        let graves = self.graves.iter().filter(|(_, (seq, cell))| cell.board == board && self.is_in_trash(board, *seq));
        graves.map(|(id, (_, cell))| (id.clone(), cell.clone())).collect()
    }
}
