//! Sends the calls of a history to the boards.

use std::pin::Pin;
use std::sync::Arc;

use serde_json::json;

use super::run_steps::RunOp;
use super::steps::{Call, Op, Part, values};
use crate::protocol::{CellId, RunId};
use crate::server::boards::runs::log::request::LogRequest;
use crate::server::boards::runs::{RunOutcome, RunQuery, RunTarget, parse_run};
use crate::server::boards::{Boards, CellPoints, Draft, IdempotentRequest, Query, ResponseShape, SeriesPoints, Target};
use crate::server::error::ServerError;
use crate::server::store::IdempotencyKey;

/// Status, body, and whether it is a repetition.
pub type CallResult = Result<(u16, String, bool), ServerError>;
pub type CallFuture = Pin<Box<dyn Future<Output = CallResult>>>;

pub fn send(boards: Arc<Boards>, call: Call) -> CallFuture {
    Box::pin(async move {
        let one = |id: &str| Target::one(id, Query::default()).unwrap();
        let many = |field: &str, text: &str| Target::Matching(Query::parse(&format!("{field}={text}")).unwrap());
        let shape = match &call.op {
            Op::Append(_) => ResponseShape::Points,
            Op::Run(..) => ResponseShape::Log,
            Op::Create(drafts) if drafts.len() == 1 => ResponseShape::One(Query::default()),
            Op::Create(_) | Op::Flood(..) | Op::PatchMany(..) | Op::RemoveMany(..) => ResponseShape::Many(Query::default()),
            _ => ResponseShape::One(Query::default()),
        };
        let hash = crc32fast::hash(format!("{:?}", call.op).as_bytes());
        let key = call.key.map(|(writer, number)| IdempotencyKey { writer: writer.into(), number });
        let idempotency = key.map(|key| IdempotentRequest { key, hash: u64::from(hash), shape: shape.clone() });
        let drafts = call.op.drafts().into_iter().map(Draft::from_value).collect::<Result<Vec<_>, _>>()?;
        let mut first = drafts.clone().into_iter();
        let mut draft = || first.next().unwrap();
        let outcome = match call.op {
            Op::Create(_) | Op::Flood(..) => boards.create(drafts, true, idempotency).await?,
            Op::Update(id, _) => boards.update(one(&id), draft(), idempotency).await?,
            Op::Patch(id, _, upsert) => boards.patch(one(&id), draft(), upsert, idempotency).await?,
            Op::PatchMany(field, text, _) => boards.patch(many(&field, &text), draft(), false, idempotency).await?,
            Op::Remove(id) => boards.remove(one(&id), idempotency).await?,
            Op::RemoveMany(field, text) => boards.remove(many(&field, &text), idempotency).await?,
            Op::Append(parts) => {
                let answer = boards.append(cell_points(parts), idempotency).await?;
                return Ok((answer.status, answer.text, answer.is_repeated));
            }
            Op::Restore(id) => return boards.restore(CellId::parse(&id).unwrap()).await.map(|()| (200, String::new(), false)),
            Op::RemoveBoard(board) => {
                let answer = boards.remove_board(board.into(), None).await?;
                return Ok((answer.status, answer.text, answer.is_repeated));
            }
            Op::RestoreBoard(board) => {
                let answer = boards.restore_board(board.into(), None).await?;
                return Ok((answer.status, answer.text, answer.is_repeated));
            }
            Op::Run(board, op) => return change_runs(&boards, board.into(), op, idempotency).await,
            Op::Rearrange(id, before) => {
                let before = before.map(|before| CellId::parse(&before).unwrap());
                return boards.move_cell(CellId::parse(&id).unwrap(), None, before).await.map(|_| (200, String::new(), false));
            }
        };
        let answer = shape.response(outcome);
        Ok((answer.status, answer.text, answer.is_repeated))
    })
}

async fn change_runs(boards: &Boards, board: Arc<str>, op: RunOp, idempotency: Option<IdempotentRequest>) -> CallResult {
    let id = |id: &str| RunId::parse(id).unwrap();
    let group = |group: &str| RunTarget::Matching(Box::new(RunQuery::parse(&format!("group={group}")).unwrap()));
    let draft = |draft: serde_json::Value| parse_run(draft.to_string().as_bytes());
    let outcome = match op {
        RunOp::Patch(run, keys, upsert) => boards.patch_runs(board, RunTarget::One(id(&run)), draft(keys)?, upsert, idempotency).await?,
        RunOp::PatchGroup(of, keys) => boards.patch_runs(board, group(&of), draft(keys)?, false, idempotency).await?,
        RunOp::Remove(run) => boards.remove_runs(board, RunTarget::One(id(&run)), idempotency).await?,
        RunOp::RemoveGroup(of) => boards.remove_runs(board, group(&of), idempotency).await?,
        RunOp::Restore(run) => boards.restore_run(board, id(&run), idempotency).await?,
        RunOp::RestoreRemoval(back) => {
            let last = boards.index().board(&board).map_or(0, |known| known.run_seq);
            boards.restore_removal(board, last.saturating_sub(back), idempotency).await?
        }
        RunOp::Log(run, entries) => {
            let points = entries.iter().map(|(_, y)| (y.end - y.start) as usize).sum();
            let metrics = entries.into_iter().map(|(name, y)| SeriesPoints { run: None, name, x: None, y: values(&y), t: None });
            let request = LogRequest { metrics: metrics.collect(), points, ..LogRequest::default() };
            let answer = boards.log(board, id(&run), request, None, idempotency).await?;
            return Ok((answer.status, answer.text, answer.is_repeated));
        }
    };
    match outcome {
        RunOutcome::Runs(status, runs) => {
            let runs: Vec<_> = runs.iter().map(|run| json!({ "_id": run.record.id, "rev": run.record.rev })).collect();
            Ok((status, json!(runs).to_string(), false))
        }
        RunOutcome::Stored(answer) => Ok((answer.status, answer.text, answer.is_repeated)),
    }
}

/// The points by cell, each cell once.
fn cell_points(parts: Vec<Part>) -> Vec<CellPoints> {
    let mut all: Vec<CellPoints> = Vec::new();
    for Part { id, run, name, y } in parts {
        let (y, run) = (values(&y), run.map(|run| RunId::parse(&run).unwrap()));
        let (cell, new) = (CellId::parse(&id).unwrap(), SeriesPoints { run, name, x: None, y, t: None });
        match all.iter_mut().find(|points| points.cell == cell) {
            Some(known) => known.series.push(new),
            None => all.push(CellPoints { cell, series: vec![new] }),
        }
    }
    all
}
