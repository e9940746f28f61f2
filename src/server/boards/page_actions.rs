//! The actions of the page, behind the server functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::cell_content::line_settings;
use super::query::filter;
use super::size::check_keys_size;
use super::{Boards, Draft, Target, chart_settings, create};
use crate::protocol::{ApiError, CellId, ChartsPatch, ErrorKind, LineSettingsPatch, MAIN_BOARD};
use crate::server::error::ServerError;
use crate::server::limits::{MAX_RESTORE_ATTEMPTS, MAX_TOMBSTONES_PER_BOARD};
use crate::server::store::{Batch, ChangeKind, Record};

impl Boards {
    pub async fn create_empty(&self, board: String, name: String, section: Option<String>) -> Result<CellId, ServerError> {
        let mut keys = json!({ "name": name, "value": [], "description": "", "board": board });
        if let Some(section) = section {
            keys["layout"] = json!({ "section": section });
        }
        let draft = Draft::from_value(keys)?;
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

    /// Changes line charts, all of them or none. Those that are gone are skipped. Returns what undoes it, each chart once: a chart may be named
    /// several times.
    pub async fn change_charts(&self, changes: Vec<ChartsPatch>) -> Result<Vec<ChartsPatch>, ServerError> {
        for change in &changes {
            chart_settings::check(&change.settings, "settings")?;
        }
        let operation = move |batch: &mut Batch| {
            let mut before = BTreeMap::<CellId, LineSettingsPatch>::new();
            for ChartsPatch { charts, settings } in &changes {
                for id in charts {
                    let Some(record) = batch.cell(id).filter(|record| record.is_line()) else { continue };
                    let undo = settings.undo(&line_settings(&record));
                    if merge_settings(batch, &record, settings)? {
                        let earlier = before.entry(id.clone()).or_default();
                        *earlier = undo.overlaid(earlier);
                    }
                }
            }
            // Most charts had the same settings.
            let mut undo = BTreeMap::<String, ChartsPatch>::new();
            for (chart, settings) in before {
                let of_same = undo.entry(json!(settings).to_string());
                of_same.or_insert_with(|| ChartsPatch { charts: Vec::new(), settings }).charts.push(chart);
            }
            Ok(undo.into_values().collect())
        };
        self.store.write(1, operation).await
    }
}

/// The cells of a board in the order of its grid.
pub fn cells_in_grid_order(batch: &Batch, board: &str) -> Vec<Arc<Record>> {
    let mut row = batch.cells_on(board);
    row.sort_by(|a, b| filter::grid_order(a, b));
    row
}

/// Merges the patch. Settings that do not change make no event: false.
fn merge_settings(batch: &mut Batch, record: &Record, change: &LineSettingsPatch) -> Result<bool, ApiError> {
    let mut changed = record.clone();
    let chart = changed.keys.entry("chart").or_insert_with(|| json!({}));
    if !chart.is_object() {
        *chart = json!({});
    }
    let before = chart.clone();
    if let Value::Object(keys) = json!(change) {
        keys.into_iter().for_each(|(key, value)| chart[key] = value);
    }
    let is_changed = *chart != before;
    if is_changed {
        check_keys_size(&changed.keys)?;
        batch.put(ChangeKind::Patched, changed, None);
    }
    Ok(is_changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::model::app;

    #[tokio::test]
    async fn the_answer_to_a_change_of_charts_undoes_it() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        let ids = ["a", "b"].map(|id| CellId::parse(id).unwrap());
        let make = |batch: &mut Batch| {
            for id in ["a", "b"] {
                let chart = json!({ "smooth": 0.2, "unit": "s" });
                create(batch, Draft::from_value(json!({ "_id": id, "type": "line", "chart": chart }))?, None)?;
            }
            Ok::<_, ServerError>(())
        };
        app.boards.store.write(1, make).await.unwrap();
        let chart = |id: &CellId| line_settings(&app.boards.record(id.as_str()).unwrap());
        let patch = |charts: &[CellId], settings: Value| ChartsPatch {
            charts: charts.to_vec(),
            settings: serde_json::from_value(settings).unwrap(),
        };
        let before = ids.each_ref().map(chart);
        // Charts that are named more than once, with other keys and the same.
        let changes = vec![
            patch(&ids, json!({ "smooth": 0.9 })),
            patch(&ids[..1], json!({ "smooth": 0.1, "unit": "ms" })),
            patch(&ids[..1], json!({ "smooth": 0.5, "x_label": "epoch" })),
        ];
        let undo = app.boards.change_charts(changes).await.unwrap();
        assert_eq!((chart(&ids[0]).smooth, chart(&ids[1]).smooth), (0.5, 0.9));
        let named: Vec<&CellId> = undo.iter().flat_map(|patch| &patch.charts).collect();
        assert_eq!(named.len(), 2, "each chart once: {undo:?}");
        app.boards.change_charts(undo).await.unwrap();
        assert_eq!(ids.each_ref().map(chart), before);
        app.boards.close().await;
    }
}
