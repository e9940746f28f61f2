//! Sends the calls of a history to the boards.

use std::pin::Pin;
use std::sync::Arc;

use super::steps::{Call, Op, Part, values};
use crate::protocol::CellId;
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
            Op::Rearrange(id, before) => {
                let before = before.map(|before| CellId::parse(&before).unwrap());
                return boards.move_cell(CellId::parse(&id).unwrap(), None, before).await.map(|_| (200, String::new(), false));
            }
        };
        let answer = shape.response(outcome);
        Ok((answer.status, answer.text, answer.is_repeated))
    })
}

/// The points by cell, each cell once.
fn cell_points(parts: Vec<Part>) -> Vec<CellPoints> {
    let mut all: Vec<CellPoints> = Vec::new();
    for Part { id, name, y } in parts {
        let y = values(&y);
        let (cell, new) = (CellId::parse(&id).unwrap(), SeriesPoints { run: None, name, x: None, y, t: None });
        match all.iter_mut().find(|points| points.cell == cell) {
            Some(known) => known.series.push(new),
            None => all.push(CellPoints { cell, series: vec![new] }),
        }
    }
    all
}
