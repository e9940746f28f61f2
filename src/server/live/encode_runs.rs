//! Encodes runs: as the page lists them, and as documents.

use std::collections::HashMap;
use std::sync::Arc;

use super::encode::{encode, event_name};
use super::event::LiveFrame;
use crate::protocol::{Event, RunEvent, RunId, RunList};
use crate::server::boards::Boards;
use crate::server::store::{ChangeKind, RunRecord, RunsChange};

/// For the page: the changed runs of its list, or what it shows of the document of the board if that has changed. All of the list if more were removed than it has, or if others follow into their places.
pub fn page_frame(boards: &Boards, change: &RunsChange) -> LiveFrame {
    let RunsChange { kind, board, seq: run_seq, records } = change;
    if records.is_empty() {
        return settings_frame(boards, board, *run_seq);
    }
    let is_removal = *kind == ChangeKind::Removed;
    if is_removal && (records.len() > RunList::MAX_RUNS || is_list_full(boards, board)) {
        return list_frame(boards, board).0;
    }
    let changed = if is_removal { Vec::new() } else { boards.listed_runs(board, records) };
    let removed = if is_removal { records.iter().map(|record| record.id.clone()).collect() } else { Vec::new() };
    run_frame(RunEvent::Changed { run_seq: *run_seq, changed, removed })
}

/// Whether the list of a board's page has as many runs as it may have.
fn is_list_full(boards: &Boards, board: &str) -> bool {
    boards.index().board(board).is_some_and(|known| known.runs.len() >= RunList::MAX_RUNS)
}

/// For the page: the newest runs, and the last event that they include.
pub fn list_frame(boards: &Boards, board: &str) -> (LiveFrame, u64) {
    let RunList { run_seq, runs } = boards.run_list(board);
    (run_frame(RunEvent::All { run_seq, runs }), run_seq)
}

/// For a page that resumes: the runs of its list that have changed after the event `since`, and those that were removed; all of the list
/// if that does not suffice; and the last event that they include. `None` if nothing has changed.
pub fn catch_up_frame(boards: &Boards, board: &str, since: u64) -> Option<(LiveFrame, u64)> {
    let (changed, removed, run_seq) = {
        let index = boards.index();
        let known = index.board(board).filter(|known| known.run_seq != since)?;
        if since > known.run_seq || since < known.run_floor {
            drop(index);
            return Some(list_frame(boards, board));
        }
        let listed = known.runs.iter().rev().take(RunList::MAX_RUNS);
        let changed: Vec<_> = listed.filter(|record| record.seq > since).cloned().collect();
        let removed: Vec<_> = known.runs.tombstones().filter(|record| record.seq > since).map(|record| record.id.clone()).collect();
        (changed, removed, known.run_seq)
    };
    if removed.len() > RunList::MAX_RUNS || (!removed.is_empty() && is_list_full(boards, board)) {
        return Some(list_frame(boards, board));
    }
    let changed = boards.listed_runs(board, &changed);
    Some((run_frame(RunEvent::Changed { run_seq, changed, removed }), run_seq))
}

/// Signs of life, as far as the page lists their runs.
pub fn signs_frame(boards: &Boards, board: &str, signs: &HashMap<RunId, u64>) -> LiveFrame {
    run_frame(RunEvent::Signs { signs: boards.run_signs(board, signs.iter()) })
}

/// For the page: what it shows of the document of its board.
pub fn settings_frame(boards: &Boards, board: &str, run_seq: u64) -> LiveFrame {
    encode(&Event::<()>::Settings { run_seq, settings: boards.settings(board) })
}

/// For readers of documents: `{"event":"patched","seq":7,"data":[{"_id":"first",..}]}`. A change of the document of the board has no runs,
/// and that document as `board`.
pub fn change_frame(boards: &Boards, RunsChange { kind, board, seq, records }: &RunsChange) -> LiveFrame {
    if !records.is_empty() {
        return document_frame(boards, *kind, *seq, records);
    }
    let document = boards.board_document(board).ok();
    LiveFrame::Text(serde_json::json!({ "event": event_name(*kind), "seq": seq, "data": [], "board": document }).to_string().into())
}

/// For readers of documents, as above.
pub fn document_frame(boards: &Boards, kind: ChangeKind, seq: u64, records: &[Arc<RunRecord>]) -> LiveFrame {
    let (name, documents) = (event_name(kind), boards.run_documents(records));
    LiveFrame::Text(format!("{{\"event\":\"{name}\",\"seq\":{seq},\"data\":[{documents}]}}").into())
}

/// For readers of documents: a snapshot without runs, which follow.
pub fn empty_snapshot_frame(epoch: &str) -> LiveFrame {
    LiveFrame::Text(serde_json::json!({ "event": "snapshot", "epoch": epoch, "seq": 0, "runs": [] }).to_string().into())
}

fn run_frame(event: RunEvent) -> LiveFrame {
    encode(&Event::<()>::Runs(event))
}
