//! Frames that are encoded before they are sent: each reserves memory first, and a large one is
//! encoded in the render pool.

use std::sync::Arc;

use super::{CELL_BYTES, DOCUMENT_COPIES, EncodedFrame, Feed, LARGE_FRAME_BYTES, ReadyFrame, SNAPSHOT_COPIES, Step};
use crate::protocol::Event;
use crate::server::error::ServerError;
use crate::server::live::encode::{document_frame, encode, event_frame, page_frame};
use crate::server::live::hub::{FeedView, LiveFrame, SharedEvent, weight_of};
use crate::server::store::{ChangeKind, Record};

impl Feed {
    /// An estimate of the memory for encoding a snapshot of the board, in bytes.
    pub(super) fn snapshot_bytes(&self) -> usize {
        let index = self.boards.index();
        let cells = index.board(&self.subscription.board).into_iter().flat_map(|board| board.cells.values());
        SNAPSHOT_COPIES * cells.map(|record| CELL_BYTES + record.shown()).sum::<usize>()
    }

    /// An estimate of the memory for encoding a record, in bytes.
    pub(super) fn encoding_bytes(&self, record: &Record) -> usize {
        match self.view {
            FeedView::Page => SNAPSHOT_COPIES * (CELL_BYTES + record.shown()),
            FeedView::Document => DOCUMENT_COPIES * (CELL_BYTES + record.value.bytes() + weight_of(record)),
        }
    }

    /// All cells in one frame.
    pub(super) fn encode_snapshot(&mut self) -> Step {
        let (boards, tokens, board) = (self.boards.clone(), self.tokens.clone(), self.subscription.board.clone());
        let bytes = self.snapshot_bytes();
        self.encode_later(bytes, false, async move {
            let mut snapshot = boards.snapshot(&board);
            snapshot.cells.iter_mut().for_each(|cell| tokens.sign(&board, cell));
            let seq = snapshot.seq;
            Ok((encode(&Event::Snapshot { epoch: snapshot.epoch, seq, cells: snapshot.cells }), seq))
        })
    }

    /// The first record of the backlog, whose value may be only on disk.
    pub(super) fn encode_record(&mut self, kind: ChangeKind, record: Arc<Record>) -> Step {
        let (boards, tokens, view) = (self.boards.clone(), self.tokens.clone(), self.view);
        let bytes = self.encoding_bytes(&record);
        self.encode_later(bytes, true, async move {
            let seq = record.seq;
            if view == FeedView::Page {
                return Ok((page_frame(kind, seq, &record, &tokens), seq));
            }
            let (record, value) = boards.value_or_damaged(&record).await?;
            Ok((document_frame(kind, seq, &record, value.as_deref()), seq))
        })
    }

    /// A large event that is not encoded yet.
    pub(super) fn encode_event(&mut self, event: Arc<SharedEvent>) -> Step {
        let (tokens, view) = (self.tokens.clone(), self.view);
        self.encode_later(
            SNAPSHOT_COPIES * event.bytes(),
            false,
            async move { Ok((event_frame(&event, view, &tokens), event.change.seq())) },
        )
    }

    /// Encodes the next frame, which takes about so many bytes of memory meanwhile.
    fn encode_later(
        &mut self,
        bytes: usize,
        is_backlog: bool,
        make: impl Future<Output = Result<(LiveFrame, u64), ServerError>> + Send + 'static,
    ) -> Step {
        let (answers, renderer, who, reserved) = (self.answers.clone(), self.renderer.clone(), self.who.clone(), self.reserved.take());
        self.encoding = Some(Box::pin(async move {
            let share = match reserved {
                Some(share) => share.fit(bytes)?,
                None => answers.share(&who, bytes).await?,
            };
            let (frame, seq) = if bytes >= LARGE_FRAME_BYTES { renderer.go_on(&who, bytes, make).await? } else { make.await? };
            let share = share.fit(frame.len())?;
            Ok(EncodedFrame { ready: ReadyFrame { frame, share: Some(share) }, seq, is_backlog })
        }));
        Step::Encoding
    }
}
