//! The actions of the page, behind the server functions.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::query::filter;
use super::size::check_keys_size;
use super::{Boards, Draft, Target, board_name, chart_settings, create, not_found};
use crate::protocol::{ApiError, CellId, ErrorKind, LineSettingsPatch, MAIN_BOARD};
use crate::server::error::ServerError;
use crate::server::limits::{MAX_RESTORE_ATTEMPTS, MAX_TOMBSTONES_PER_BOARD};
use crate::server::store::{Batch, ChangeKind, Record};

impl Boards {
    pub async fn create_empty(&self, board: String, name: String) -> Result<CellId, ServerError> {
        let draft = Draft::from_value(json!({ "name": name, "value": [], "description": "", "board": board }))?;
        let operation = move |batch: &mut Batch| {
            let mut draft = draft;
            // After cells without an order, a new cell without one comes last.
            let pos = match cells_in_grid_order(batch, draft.board.as_deref().unwrap_or(MAIN_BOARD)).last() {
                None => Some(0.0),
                Some(last) => last.order().map(|last| last.floor() + 1.0),
            };
            draft.keys.extend(pos.map(|pos| ("pos".to_owned(), json!(pos))));
            create(batch, draft, None)
        };
        let made = self.store.write::<_, ServerError, _>(1, operation).await?;
        Ok(made.record.id.clone())
    }

    pub async fn edit(&self, id: CellId, name: Option<String>, note: Option<String>) -> Result<(), ServerError> {
        let mut keys = Map::new();
        keys.extend(name.map(|name| ("name".to_owned(), Value::String(name))));
        keys.extend(note.map(|note| ("description".to_owned(), Value::String(note))));
        let draft = Draft::from_value(Value::Object(keys))?;
        self.patch(Target::id(id), draft, false, None).await.map(drop)
    }

    /// Moves the cell before another one, or to the end. Renumbers the whole board only if there is no
    /// number between the orders of the two neighbours.
    pub async fn rearrange(&self, id: CellId, before: Option<CellId>) -> Result<(), ServerError> {
        let operation = move |batch: &mut Batch| {
            let moved = batch.cell(&id).ok_or_else(|| not_found(id.as_str()))?;
            let mut row = cells_in_grid_order(batch, &moved.board);
            row.retain(|record| record.id != id);
            let at = match &before {
                Some(before) if *before == id => return Ok(()),
                Some(before) => row.iter().position(|record| record.id == *before).ok_or_else(|| not_found(before.as_str()))?,
                None => row.len(),
            };
            let left = at.checked_sub(1).and_then(|left| row.get(left));
            match between(left.map(|record| record.order()), row.get(at).map(|record| record.order())) {
                Some(order) => set_order(batch, &moved, order),
                None => {
                    row.insert(at, moved);
                    for (place, record) in row.iter().enumerate() {
                        if record.order() != Some(place as f64) {
                            set_order(batch, record, place as f64);
                        }
                    }
                }
            }
            Ok(())
        };
        self.store.write(1, operation).await
    }

    pub async fn discard(&self, id: CellId) -> Result<(), ServerError> {
        self.remove(Target::id(id), None).await.map(drop)
    }

    pub async fn restore(&self, id: CellId) -> Result<(), ServerError> {
        let gone = {
            let id = id.clone();
            move || {
                let kept =
                    format!("only the last {MAX_TOMBSTONES_PER_BOARD} of a board are kept, for 30 days, and none once the disk is full");
                ErrorKind::NotFound.with(format!("The cell '{id}' can no longer be brought back: {kept}."))
            }
        };
        for _ in 0..MAX_RESTORE_ATTEMPTS {
            // The values of removed cells are only on disk.
            let known = self.store.read_removed(&id).await?;
            let (id, gone) = (id.clone(), gone.clone());
            let operation = move |batch: &mut Batch| {
                if batch.cell(&id).is_some() {
                    return Ok(true);
                }
                let tombstone = batch.tombstone(&id).ok_or_else(gone)?;
                match known {
                    Some((known, value)) if known.version == tombstone.version => drop(batch.restore(&tombstone, value.as_ref())),
                    // It was restored and removed again meanwhile.
                    _ => return Ok(false),
                }
                Ok(true)
            };
            if self.store.write::<_, ServerError, _>(1, operation).await? {
                return Ok(());
            }
        }
        Err(ServerError::Outdated)
    }

    pub async fn set_chart(&self, id: CellId, change: LineSettingsPatch) -> Result<(), ServerError> {
        chart_settings::check(&change, "settings")?;
        let operation = move |batch: &mut Batch| {
            let record = batch.cell(&id).ok_or_else(|| not_found(id.as_str()))?;
            Ok(merge_settings(batch, &record, &change)?)
        };
        self.store.write(1, operation).await
    }

    /// Changes all line charts of the board, or none.
    pub async fn set_charts(&self, board: String, change: LineSettingsPatch) -> Result<(), ServerError> {
        chart_settings::check(&change, "settings")?;
        let board = board_name(&board)?.to_owned();
        let operation = move |batch: &mut Batch| {
            for record in cells_in_grid_order(batch, &board).iter().filter(|record| record.is_line()) {
                merge_settings(batch, record, &change)?;
            }
            Ok(())
        };
        self.store.write(1, operation).await
    }
}

/// The cells of a board in the order of its grid.
pub fn cells_in_grid_order(batch: &Batch, board: &str) -> Vec<Arc<Record>> {
    let mut row: Vec<_> = batch.cells().into_iter().filter(|record| *record.board == *board).collect();
    row.sort_by(|a, b| filter::grid_order(a, b));
    row
}

fn set_order(batch: &mut Batch, record: &Record, order: f64) {
    let mut record = record.clone();
    let layout = record.keys.entry("layout").or_insert_with(|| json!({}));
    if !layout.is_object() {
        *layout = json!({});
    }
    layout["order"] = json!(order);
    batch.put(ChangeKind::Patched, record, None);
}

/// Merges the patch. Settings that do not change make no event.
fn merge_settings(batch: &mut Batch, record: &Record, change: &LineSettingsPatch) -> Result<(), ApiError> {
    let mut changed = record.clone();
    let chart = changed.keys.entry("chart").or_insert_with(|| json!({}));
    if !chart.is_object() {
        *chart = json!({});
    }
    let before = chart.clone();
    if let Value::Object(keys) = json!(change) {
        keys.into_iter().for_each(|(key, value)| chart[key] = value);
    }
    if *chart != before {
        check_keys_size(&changed.keys)?;
        batch.put(ChangeKind::Patched, changed, None);
    }
    Ok(())
}

/// A number strictly between the orders of two neighbours. The outer `None` is the edge of the board,
/// the inner one a cell without an order.
fn between(left: Option<Option<f64>>, right: Option<Option<f64>>) -> Option<f64> {
    match (left, right) {
        (None, None) => Some(0.0),
        (None, Some(right)) => right.map(|right| (right - 1.0).floor()),
        (Some(left), None) => left.map(|left| left.floor() + 1.0),
        (Some(left), Some(right)) => {
            let (left, right) = (left?, right?);
            let middle = left + (right - left) / 2.0;
            (left < middle && middle < right).then_some(middle)
        }
    }
    .filter(|order| order.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_between_neighbours_is_found_if_there_is_one() {
        assert_eq!(between(None, None), Some(0.0));
        assert_eq!(between(None, Some(Some(0.0))), Some(-1.0));
        assert_eq!(between(Some(Some(2.5)), None), Some(3.0));
        assert_eq!(between(Some(Some(1.0)), Some(Some(2.0))), Some(1.5));
        assert_eq!(between(Some(Some(1.0)), Some(Some(1.0))), None, "two cells may share a place");
        assert_eq!(between(Some(Some(1.0)), Some(None)), None, "a cell without a place");
        assert_eq!(between(Some(Some(1.0)), Some(Some(1.0_f64.next_up()))), None, "no number is left");
    }
}
