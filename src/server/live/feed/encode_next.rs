//! Frames that are encoded before they are sent: each reserves memory first, and a large one is
//! encoded in the render pool.

use std::sync::Arc;

use super::{
    BacklogItem, CELL_BYTES, DOCUMENT_COPIES, EncodedFrame, Feed, LARGE_FRAME_BYTES, LISTED_RUN_BYTES, Reached, ReadyFrame,
    SNAPSHOT_COPIES, Step,
};
use crate::protocol::{Event, RunList};
use crate::server::error::ServerError;
use crate::server::live::encode::{document_frame, encode, page_frame};
use crate::server::live::encode_runs;
use crate::server::live::event::{FeedView, LiveFrame, RUN_BYTES, SharedEvent, weight_of};

impl Feed {
    /// An estimate of the memory for encoding a snapshot of the board, in bytes.
    pub(super) fn snapshot_bytes(&self) -> usize {
        let index = self.boards.index();
        let cells = index.board(&self.subscription.board).into_iter().flat_map(|board| board.cells.values());
        SNAPSHOT_COPIES * cells.map(|record| CELL_BYTES + record.shown()).sum::<usize>()
    }

    /// An estimate of the memory for encoding the list of runs, in bytes.
    pub(super) fn run_list_bytes(&self) -> usize {
        let runs = self.boards.index().board(&self.subscription.board).map_or(0, |board| board.runs.len());
        SNAPSHOT_COPIES * LISTED_RUN_BYTES * runs.min(RunList::MAX_RUNS)
    }

    /// An estimate of the memory for encoding a part of the backlog, in bytes.
    pub(super) fn encoding_bytes(&self, item: &BacklogItem) -> usize {
        match item {
            BacklogItem::Cell(_, record) if self.view == FeedView::Page => SNAPSHOT_COPIES * (CELL_BYTES + record.shown()),
            BacklogItem::Cell(_, record) => DOCUMENT_COPIES * (CELL_BYTES + record.value.bytes() + weight_of(&record.keys)),
            BacklogItem::Runs(_, _, runs) => DOCUMENT_COPIES * runs.iter().map(|run| RUN_BYTES + weight_of(&run.keys)).sum::<usize>(),
        }
    }

    /// The newest runs in one frame.
    pub(super) fn encode_run_list(&mut self) -> Step {
        let (boards, board) = (self.boards.clone(), self.subscription.board.clone());
        let bytes = self.run_list_bytes();
        self.encode_later(bytes, false, async move {
            let (frame, run_seq) = encode_runs::list_frame(&boards, &board);
            Ok((frame, Reached::RunEvent(run_seq)))
        })
    }

    /// All cells in one frame.
    pub(super) fn encode_snapshot(&mut self) -> Step {
        let (boards, tokens, board) = (self.boards.clone(), self.encoder.tokens.clone(), self.subscription.board.clone());
        let bytes = self.snapshot_bytes();
        self.encode_later(bytes, false, async move {
            let mut snapshot = boards.snapshot(&board);
            snapshot.cells.iter_mut().for_each(|cell| tokens.sign(&board, cell));
            let seq = snapshot.seq;
            Ok((encode(&Event::Snapshot { epoch: snapshot.epoch, seq, cells: snapshot.cells }), Reached::Event(seq)))
        })
    }

    /// The first part of the backlog. The value of a cell may be only on disk.
    pub(super) fn encode_backlog(&mut self, item: BacklogItem) -> Step {
        let (encoder, view) = (self.encoder.clone(), self.view);
        let bytes = self.encoding_bytes(&item);
        self.encode_later(bytes, true, async move {
            let (kind, record) = match item {
                BacklogItem::Cell(kind, record) => (kind, record),
                BacklogItem::Runs(kind, seq, runs) => {
                    return Ok((encode_runs::document_frame(&encoder.boards, kind, seq, &runs), Reached::Event(seq)));
                }
            };
            let (seq, reached) = (record.seq, Reached::Event(record.seq));
            if view == FeedView::Page {
                return Ok((page_frame(kind, seq, &record, &encoder.tokens), reached));
            }
            let (record, value) = encoder.boards.value_or_damaged(&record).await?;
            Ok((document_frame(kind, seq, &record, value.as_deref()), reached))
        })
    }

    /// A large event that is not encoded yet.
    pub(super) fn encode_event(&mut self, event: Arc<SharedEvent>) -> Step {
        let (encoder, view, board) = (self.encoder.clone(), self.view, self.subscription.board.clone());
        let reached = self.reached_by(&event);
        let bytes = SNAPSHOT_COPIES * event.bytes();
        self.encode_later(bytes, false, async move { Ok((encoder.event_frame(&board, &event, view), reached)) })
    }

    /// Encodes the next frame, which takes about so many bytes of memory meanwhile.
    fn encode_later(
        &mut self,
        bytes: usize,
        is_backlog: bool,
        make: impl Future<Output = Result<(LiveFrame, Reached), ServerError>> + Send + 'static,
    ) -> Step {
        let (answers, renderer, principal, reserved) =
            (self.answers.clone(), self.renderer.clone(), self.principal.clone(), self.reserved.take());
        self.encoding = Some(Box::pin(async move {
            let share = match reserved {
                Some(share) => share.fit(bytes)?,
                None => answers.share(&principal, bytes).await?,
            };
            let (frame, reached) = if bytes >= LARGE_FRAME_BYTES { renderer.go_on(&principal, bytes, make).await? } else { make.await? };
            let share = share.fit(frame.len())?;
            Ok(EncodedFrame { ready: ReadyFrame { frame, share: Some(share) }, reached, is_backlog })
        }));
        Step::Encoding
    }
}
