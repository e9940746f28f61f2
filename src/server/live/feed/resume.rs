//! Where a feed begins: after the events that the reader knows, or with a snapshot.

use std::sync::Arc;

use super::{BacklogItem, Feed, RUN_FRAME_BYTES, ReadyFrame};
use crate::protocol::Event;
use crate::protocol::points::PartRef;
use crate::server::live::encode::encode;
use crate::server::live::encode_points::count_frames;
use crate::server::live::encode_runs::{catch_up_frame, empty_snapshot_frame, settings_frame};
use crate::server::live::event::{FeedView, RUN_BYTES, weight_of};
use crate::server::store::{ChangeKind, Record, RunRecord};

impl Feed {
    /// Fills the backlog: the newest version of each cell or run that changed, and the removals.
    pub(super) fn catch_up(&mut self) {
        match self.view {
            FeedView::Page => {
                // A list that comes anyway includes all changes.
                if !self.needs_run_list
                    && let Some((frame, run_seq)) = catch_up_frame(&self.boards, &self.subscription.board, self.run_seq)
                {
                    self.push_settings();
                    self.pending.push_back(ReadyFrame { frame, share: None });
                    self.run_seq = run_seq;
                }
                self.catch_up_cells();
            }
            FeedView::Document => self.catch_up_cells(),
            FeedView::RunDocument => self.catch_up_runs(),
        }
    }

    /// What the page shows of the document of its board, under the number that it has already.
    fn push_settings(&mut self) {
        let frame = settings_frame(&self.boards, &self.subscription.board, self.run_seq);
        self.pending.push_back(ReadyFrame { frame, share: None });
    }

    fn catch_up_cells(&mut self) {
        let seq = self.seq;
        let mut backlog: Vec<(ChangeKind, Arc<Record>)> = {
            let index = self.boards.index();
            let Some(board) = index.board(&self.subscription.board) else { return };
            if seq < board.floor {
                drop(index);
                return self.restart();
            }
            self.backlog_end = board.seq;
            let has_new_points = |record: &Record| record.is_line() && index.cell_series(&record.id).is_some_and(|known| known.seq > seq);
            if self.view == FeedView::Page {
                let parts = board.cells.values().filter(|record| record.is_line()).flat_map(|record| {
                    let (cell, series) = (&record.id, index.series(&record.id));
                    // Only counts: the page requests the columns that it shows. A count of 0 means that the
                    // series was replaced.
                    let count = |(name, count)| PartRef { cell, run: None, series: name, start: Some(count), n: 0, numbers: None };
                    let has_new = has_new_points(record);
                    // A line that lost its last series has no record of the time.
                    let is_empty = series.is_empty() && record.seq > seq && record.entered_board_seq <= seq;
                    // There may be very many series of runs: one part for all of them suffices.
                    let has_runs = has_new && index.cell_series(cell).is_some_and(|known| known.run_series() > 0);
                    let known = series.iter().filter(move |_| has_new).flat_map(move |series| {
                        let over = (series.began > seq).then_some((&*series.id.name, 0));
                        over.into_iter().chain([(&*series.id.name, series.count())])
                    });
                    known.chain((is_empty || has_runs).then_some(("", 0))).map(count)
                });
                let parts: Vec<PartRef> = parts.collect();
                self.pending.extend(count_frames(seq, &parts).into_iter().map(|frame| ReadyFrame { frame, share: None }));
            }
            let live = board
                .cells
                .values()
                .map(|record| (if record.entered_board_seq > seq { ChangeKind::Created } else { ChangeKind::Patched }, record));
            let live = live.filter(|(_, record)| record.seq > seq || (self.view == FeedView::Document && has_new_points(record)));
            let removed = board.tombstones.range(seq + 1..).map(|(_, record)| (ChangeKind::Removed, record));
            live.chain(removed).map(|(kind, record)| (kind, record.clone())).collect()
        };
        backlog.sort_by_key(|(_, record)| record.seq);
        self.backlog = backlog.into_iter().map(|(kind, record)| BacklogItem::Cell(kind, record)).collect();
    }

    fn catch_up_runs(&mut self) {
        let seq = self.seq;
        let backlog = {
            let index = self.boards.index();
            let Some(board) = index.board(&self.subscription.board) else { return };
            if seq < board.run_floor {
                drop(index);
                return self.restart();
            }
            self.backlog_end = board.run_seq;
            let kind = |record: &RunRecord| if record.created_seq > seq { ChangeKind::Created } else { ChangeKind::Patched };
            let live = board.runs.iter().map(|record| (kind(record), record));
            let removed = board.runs.tombstones().map(|record| (ChangeKind::Removed, record));
            let changed = live.chain(removed).filter(|(_, record)| record.seq > seq);
            changed.map(|(kind, record)| (kind, record.clone())).collect()
        };
        self.backlog = run_frames(backlog, seq).into();
    }

    /// Begins with a snapshot, because the reader cannot resume. The page gets all cells in one frame, so
    /// that it can keep what it shows. A reader of documents gets an empty snapshot and then each
    /// document, so that no frame is much larger than a document.
    pub(super) fn restart(&mut self) {
        if self.needs_run_list {
            self.push_settings();
        }
        let index = self.boards.index();
        let known = index.board(&self.subscription.board);
        match self.view {
            FeedView::Page => {
                self.seq = known.map_or(0, |board| board.seq);
                self.needs_snapshot = true;
                self.backlog.clear();
            }
            FeedView::Document => {
                self.seq = 0;
                let epoch = self.boards.epoch().to_owned();
                let frame = encode(&Event::<()>::Snapshot { epoch, seq: 0, cells: Vec::new() });
                self.pending.push_back(ReadyFrame { frame, share: None });
                let Some(known) = known else { return };
                let mut all: Vec<_> = known.cells.values().cloned().collect();
                all.sort_by_key(|record| record.seq);
                self.backlog = all.into_iter().map(|record| BacklogItem::Cell(ChangeKind::Created, record)).collect();
                self.backlog_end = known.seq;
            }
            FeedView::RunDocument => {
                self.seq = 0;
                let frame = empty_snapshot_frame(self.boards.epoch());
                self.pending.push_back(ReadyFrame { frame, share: None });
                let Some(known) = known else { return };
                let all = known.runs.iter().map(|record| (ChangeKind::Created, record.clone())).collect();
                self.backlog = run_frames(all, 0).into();
                self.backlog_end = known.run_seq;
            }
        }
    }
}

/// The runs of each frame, the oldest change first. An event of many runs is in several frames: only the last of them has its number,
/// so that a reader that resumes after another one gets all of its runs. `since`: the last event before these.
fn run_frames(mut changed: Vec<(ChangeKind, Arc<RunRecord>)>, since: u64) -> Vec<BacklogItem> {
    changed.sort_by_key(|(_, record)| record.seq);
    let (mut frames, mut complete, mut bytes) = (Vec::new(), since, 0);
    let mut rest = changed.into_iter().peekable();
    let mut runs: Vec<Arc<RunRecord>> = Vec::new();
    while let Some((kind, record)) = rest.next() {
        bytes += RUN_BYTES + weight_of(&record.keys);
        let next = rest.peek().map(|(kind, record)| (*kind, record.seq));
        if next.is_none_or(|(_, next)| next != record.seq) {
            complete = record.seq;
        }
        runs.push(record);
        if next.is_none_or(|(next, _)| next != kind) || bytes >= RUN_FRAME_BYTES {
            frames.push(BacklogItem::Runs(kind, complete, std::mem::take(&mut runs)));
            bytes = 0;
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::RunId;

    fn record(id: usize, seq: u64, bytes: usize) -> Arc<RunRecord> {
        let mut keys = serde_json::Map::new();
        keys.insert("notes".to_owned(), "n".repeat(bytes).into());
        Arc::new(RunRecord { seq, ..RunRecord::new("main".into(), RunId::parse(&format!("r{id}")).unwrap(), keys) })
    }

    /// For each frame its number, and how many runs it has.
    fn framed(changed: Vec<(ChangeKind, Arc<RunRecord>)>, since: u64) -> Vec<(u64, usize)> {
        let frames = run_frames(changed, since).into_iter();
        frames.map(|item| if let BacklogItem::Runs(_, seq, runs) = item { (seq, runs.len()) } else { (0, 0) }).collect()
    }

    #[test]
    fn only_the_last_frame_of_an_event_has_its_number() {
        let bulk = (0..10).map(|id| (ChangeKind::Patched, record(id, 9, RUN_FRAME_BYTES / 4)));
        let all = bulk.chain([(ChangeKind::Patched, record(20, 7, 1)), (ChangeKind::Patched, record(21, 11, 1))]).collect();
        // Of each frame's runs those of the event 7 are complete, and of the event 9 only with its last run.
        assert_eq!(framed(all, 5), [(7, 5), (7, 4), (11, 3)]);
    }

    #[test]
    fn changes_of_another_kind_have_a_frame_of_their_own() {
        let changed = vec![
            (ChangeKind::Created, record(1, 4, 1)),
            (ChangeKind::Removed, record(2, 5, 1)),
            (ChangeKind::Removed, record(3, 5, 1)),
            (ChangeKind::Created, record(4, 5, 1)),
        ];
        assert_eq!(framed(changed, 3), [(4, 1), (4, 2), (5, 1)]);
        assert_eq!(framed(Vec::new(), 3), []);
    }
}
