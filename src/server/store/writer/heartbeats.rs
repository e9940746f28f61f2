//! The last heartbeats of runs: within a batch, and the rows that a commit writes. A heartbeat writes no document.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::batch::Batch;
use super::batch_outcome::BatchOutcome;
use super::statements::{json_array, powers_of_two};
use crate::protocol::RunId;
use crate::server::store::Index;
use crate::server::store::error::corrupt;
use crate::server::store::integrity::checksum;
use crate::server::store::integrity::row_counts::{RowCounts, Table};

impl Batch<'_> {
    /// The time of the last heartbeat of a run that is on disk: Unix time, ms; 0: there is none. `None` if there is no such run.
    pub fn committed_heartbeat(&self, board: &str, id: &RunId) -> Option<u64> {
        Some(self.index.board(board)?.runs.get(id)?.beat_ms())
    }

    /// Stores the times of heartbeats, in ms. This is no change of the runs: they get no event and no revision.
    pub fn set_heartbeats(&mut self, beats: Vec<(Arc<str>, RunId, u64)>) {
        for (board, id, beat_ms) in beats {
            let Some(record) = self.run(&board, &id) else { continue };
            let pending = [&self.current, &self.done].into_iter().find_map(|layer| layer.heartbeats.get(&board)?.get(&id));
            let before_ms = pending.map_or(record.beat_ms(), |pending| pending.unwrap_or_default());
            if before_ms < beat_ms {
                self.current.heartbeats.entry(board).or_default().insert(id, Some(beat_ms));
            }
        }
    }

    /// Removes the heartbeat of a run that is purged, or replaced by a new one.
    pub(super) fn remove_heartbeat(&mut self, board: &Arc<str>, id: &RunId) {
        self.current.heartbeats.entry(board.clone()).or_default().insert(id.clone(), None);
    }
}

/// Number of rows of each board that a commit replaces, as the index knows them.
pub fn replaced_heartbeats(outcome: &BatchOutcome, index: &Index) -> HashMap<Arc<str>, usize> {
    let of_board = |(board, beats): (&Arc<str>, &HashMap<RunId, Option<u64>>)| {
        let known = index.board(board).map(|board| &board.runs);
        let has_row = |id: &RunId| known.and_then(|known| known.get_or_tombstone(id)).is_some_and(|record| record.beat_ms() > 0);
        (board.clone(), beats.keys().filter(|id| has_row(id)).count())
    };
    outcome.heartbeats.iter().map(of_board).collect()
}

pub async fn write_heartbeats(
    commit: &mut SqliteConnection,
    outcome: &BatchOutcome,
    replaced: &HashMap<Arc<str>, usize>,
    row_counts: &mut RowCounts,
) -> sqlx::Result<()> {
    for (board, beats) in &outcome.heartbeats {
        let delete = "DELETE FROM heartbeat WHERE board = ? AND run IN (SELECT value FROM json_each(?)) RETURNING sum";
        let delete = sqlx::query_scalar::<_, i64>(delete).bind(&**board).bind(json_array(beats.keys().map(RunId::as_str)));
        let old = delete.fetch_all(&mut *commit).await?;
        let expected = replaced.get(board).copied().unwrap_or_default();
        if old.len() != expected {
            return Err(corrupt(format!("of {expected} heartbeats of runs that are to be changed {} are there", old.len())));
        }
        old.into_iter().for_each(|sum| row_counts.remove(Table::Heartbeat, sum));
        let beats: Vec<_> = beats.iter().filter_map(|(run, ms)| Some((run, (*ms)?))).collect();
        for rows in powers_of_two(&beats) {
            let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO heartbeat (board, run, ms, sum) ");
            insert.push_values(rows, |mut row, (run, ms)| {
                let sum = checksum::heartbeat(board, run.as_str(), *ms);
                row.push_bind(&**board).push_bind(run.as_str()).push_bind(*ms as i64).push_bind(sum);
                row_counts.add(Table::Heartbeat, sum);
            });
            insert.build().execute(&mut *commit).await?;
        }
    }
    Ok(())
}
