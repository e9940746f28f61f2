//! The console output of a run, and its last values that are no numbers.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use super::log::place::{Placement, numbered_ids};
use super::no_run;
use crate::protocol::{CellId, ErrorKind, RunId};
use crate::server::boards::existing_run::existing_run;
use crate::server::boards::metrics::{MetricSettings, StepMetrics};
use crate::server::boards::{Boards, Draft, IdempotentRequest, JsonResponse, documents};
use crate::server::error::ServerError;
use crate::server::limits::MAX_CONSOLE_BYTES;
use crate::server::store::Batch;

/// The name and the type of the cell that holds the output of all runs of a board. It has no value of its own.
const CONSOLE: &str = "console";

/// Appends to one run take turns, because each begins with what the one before has stored.
pub struct ConsoleTurns {
    turns: [Mutex<()>; 16],
    hasher: RandomState,
}

impl Default for ConsoleTurns {
    fn default() -> Self {
        Self { turns: std::array::from_fn(|_| Mutex::new(())), hasher: RandomState::new() }
    }
}

impl ConsoleTurns {
    async fn of(&self, board: &str, run: &RunId) -> MutexGuard<'_, ()> {
        let at = self.hasher.hash_one((board, run)) as usize % self.turns.len();
        self.turns[at].lock().await
    }
}

impl Boards {
    /// Appends to the console output of a run, of which the newest part is stored. Answers `{"bytes":n}`, the number of those.
    /// 404, 410: there is no such run.
    pub async fn append_console(
        &self,
        board: Arc<str>,
        run: RunId,
        text: String,
        idempotency: Option<IdempotentRequest>,
    ) -> Result<JsonResponse, ServerError> {
        let _turn = self.console_turns.of(&board, &run).await;
        let output = newest_part(self.console(&board, &run).await.unwrap_or_default() + &text);
        let operation = move |batch: &mut Batch| {
            if let Some(response) = IdempotentRequest::lookup(idempotency.as_ref(), batch)? {
                return Ok(response);
            }
            existing_run(batch, &board, &run)?.ok_or_else(|| no_run(&board, &run))?;
            let settings = MetricSettings::default();
            let (cell, _, is_new) = Placement::new(&board, &run, &settings, StepMetrics::default()).of_value(batch, CONSOLE, CONSOLE)?;
            if is_new {
                let keys = json!({ "_id": cell, "board": board, "type": CONSOLE, "name": CONSOLE, "hidden": true });
                documents::create(batch, Draft::from_value(keys)?, None)?;
            }
            let bytes = output.len();
            batch.put_run_value(&cell, &run, Value::from(output).to_string().into());
            let text = json!({ "bytes": bytes }).to_string();
            Ok(IdempotentRequest::store_document(idempotency, batch, text, || json!({ "repeated": true })))
        };
        self.store.write(2 * MAX_CONSOLE_BYTES, operation).await
    }

    /// The stored console output of a run; empty if there is none. 404: there is no such run.
    pub async fn console(&self, board: &str, run: &RunId) -> Result<String, ServerError> {
        let found = self.run_value_of(board, run, |name| name == CONSOLE, CONSOLE).await?;
        Ok(found.and_then(|(.., value)| serde_json::from_str(&value).ok()).unwrap_or_default())
    }

    /// The last value of a name that is no number: `{"cell":"digits-sample","type":"text","value":…}`. 404: there is no such run or value.
    pub async fn run_value(&self, board: &str, run: &RunId, name: &str) -> Result<String, ServerError> {
        let found = self.run_value_of(board, run, |kind| kind != CONSOLE, name).await?;
        let Some((cell, kind, value)) = found else {
            let name: String = name.chars().take(80).collect();
            return Err(ErrorKind::NotFound.with(format!("The run '{run}' has logged no value '{name}' that is no number.")).into());
        };
        Ok(format!("{{\"cell\":\"{cell}\",\"type\":{},\"value\":{value}}}", Value::from(kind)))
    }

    /// The last value of a run in the first cell of this name that has one, with the cell and its type.
    async fn run_value_of(
        &self,
        board: &str,
        run: &RunId,
        is_kind: impl Fn(&str) -> bool,
        name: &str,
    ) -> Result<Option<(CellId, String, Arc<str>)>, ServerError> {
        let cells: Vec<(CellId, String)> = {
            let index = self.store.index();
            let known = index.board(board).filter(|known| known.runs.contains(run)).ok_or_else(|| no_run(board, run))?;
            let settings = self.metric_settings.of(board, known.document.as_ref()).unwrap_or_default();
            let chart = settings.of(name).chart.unwrap_or_else(|| name.to_owned());
            let ids = numbered_ids(board, &chart).filter_map(|id| index.cell(&id).cloned());
            ids.filter(|cell| *cell.board == *board && is_kind(cell.text("type")))
                .map(|cell| (cell.id.clone(), cell.text("type").to_owned()))
                .collect()
        };
        for (cell, kind) in cells {
            if let Some((_, value)) = self.store.run_value(&cell, run).await? {
                return Ok(Some((cell, kind, value)));
            }
        }
        Ok(None)
    }
}

/// The end of the text, from the beginning of a line where there is one.
fn newest_part(text: String) -> String {
    if text.len() <= MAX_CONSOLE_BYTES {
        return text;
    }
    let mut start = text.len() - MAX_CONSOLE_BYTES;
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let line = text[start..].find('\n').map_or(start, |end| start + end + 1);
    text[if line < text.len() { line } else { start }..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_stay() {
        assert_eq!(newest_part("a\nb".into()), "a\nb");
        let part = newest_part("0123456789\n".repeat(MAX_CONSOLE_BYTES / 10));
        assert!(part.len() <= MAX_CONSOLE_BYTES && part.len() > MAX_CONSOLE_BYTES - 11 && part.starts_with("0123"), "{}", part.len());
        let one_line = newest_part("é".repeat(MAX_CONSOLE_BYTES));
        assert!(one_line.len() <= MAX_CONSOLE_BYTES && one_line.len() >= MAX_CONSOLE_BYTES - 1);
        assert_eq!(newest_part("x".repeat(MAX_CONSOLE_BYTES) + "\n").len(), MAX_CONSOLE_BYTES);
    }
}
