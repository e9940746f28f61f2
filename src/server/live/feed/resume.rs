//! Where a feed begins: after the events that the reader knows, or with a snapshot.

use std::sync::Arc;

use super::{Feed, ReadyFrame};
use crate::protocol::Event;
use crate::protocol::points::PartRef;
use crate::server::live::encode::{count_frames, encode};
use crate::server::live::hub::FeedView;
use crate::server::store::{ChangeKind, Record};

impl Feed {
    /// Fills the backlog: the newest version of each cell that changed, and the removals.
    pub(super) fn catch_up(&mut self) {
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
                    // A line that lost its last series has no record of the time.
                    let is_empty = series.is_empty() && record.seq > seq && record.entered_board_seq <= seq;
                    let known = series.iter().filter(|_| has_new_points(record)).flat_map(move |series| {
                        let over = (series.began > seq).then_some((&*series.id.name, 0));
                        over.into_iter().chain([(&*series.id.name, series.count())])
                    });
                    known.chain(is_empty.then_some(("", 0))).map(count)
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
        self.backlog = backlog.into();
    }

    /// Begins with a snapshot, because the reader cannot resume. The page gets all cells in one frame, so
    /// that it can keep what it shows. A reader of documents gets an empty snapshot and then each
    /// document, so that no frame is larger than a document.
    pub(super) fn restart(&mut self) {
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
                self.backlog = all.into_iter().map(|record| (ChangeKind::Created, record)).collect();
                self.backlog_end = known.seq;
            }
        }
    }
}
