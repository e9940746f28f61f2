//! Which runs have diverged, in a store.

use serde_json::{Map, json};

use super::*;
use crate::protocol::SeriesId;
use crate::server::boards::runs::ConfigIndexes;
use crate::server::boards::runs::list::BoardRuns;
use crate::server::store::{Batch, ChangeKind, Durability, NewPoints, RunRecord, StoreError};

/// More than are looked up while the index is held.
const RUNS: usize = CURVES_AT_ONCE + 2;

fn run_id(at: usize) -> RunId {
    RunId::parse(&format!("r{at}")).unwrap()
}

/// All runs have `loss` in a chart, and `grad`, which ends in inf, in another one.
async fn store(folder: &std::path::Path) -> Store {
    let store = Store::open_with_small_limits(folder, Durability::Normal, Box::new(drop)).await;
    let fill = |batch: &mut Batch| {
        let line: Map<_, _> = json!({ "type": "line" }).as_object().cloned().unwrap();
        let cells = ["b-loss", "b-grad", "b-more", "b-plain"].map(|id| CellId::parse(id).unwrap());
        for cell in &cells {
            batch.put(ChangeKind::Created, Record::new(cell.clone(), "b".into(), line.clone()), None);
        }
        let mut append = |cell: usize, run: usize, metric: Option<&str>, values: &[f64], t: f64| {
            let points = NewPoints { x: None, y: values.to_vec(), t: Some(vec![t; values.len()]) };
            batch.append(&cells[cell], &SeriesId::of_run(run_id(run), metric.unwrap_or_default()), metric, points);
        };
        for run in 0..RUNS {
            append(0, run, Some("loss"), &[1.0, 0.5], 1.0);
            append(1, run, Some("grad"), &[1.0, f64::INFINITY], 1.0);
        }
        // A sensor without a reading, and a chart without a metric.
        append(0, 0, Some("system/gpu"), &[f64::NAN], 1.0);
        append(3, 2, None, &[f64::NAN], 1.0);
        // The newest point of the metric is in another chart.
        append(2, 1, Some("grad"), &[3.0], 2.0);
        for run in 0..RUNS {
            batch.put_run(ChangeKind::Created, RunRecord::new("b".into(), run_id(run), Map::new()));
        }
        Ok::<_, StoreError>(())
    };
    store.write(1, fill).await.unwrap();
    store
}

#[tokio::test]
async fn runs_have_diverged_by_the_newest_point_of_any_metric() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let (ids, client): (Vec<RunId>, _) = ((0..RUNS).map(run_id).collect(), CancelFlag::default());
    let ends = non_finite_ends(&store, "b", &ids.iter().collect(), &client).unwrap();
    assert_eq!((ends.len(), ends.contains_key(&ids[1])), (RUNS - 1, false));
    let end = |metrics| NonFiniteEnd { metric: "grad".into(), step: Some(1.0), value: f64::INFINITY, metrics };
    assert_eq!((&ends[&ids[0]], &ends[&ids[RUNS - 1]]), (&end(1), &end(1)));
    // Step 0 of the chart without a metric comes first.
    assert_eq!((&*ends[&ids[2]].metric, ends[&ids[2]].metrics), ("b-plain", 2));
    let some = non_finite_ends(&store, "b", &HashSet::from([&ids[0], &ids[1]]), &client).unwrap();
    assert_eq!(some.into_keys().collect::<Vec<_>>(), [ids[0].clone()]);
    store.close().await;
}

#[tokio::test]
async fn the_search_looks_at_charts_of_suspect_metrics_once_and_for_its_client_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let (ids, client): (Vec<RunId>, _) = ((0..RUNS).map(run_id).collect(), CancelFlag::default());
    let suspects = Suspects::find(&store, "b", &ids.iter().collect(), &client).unwrap();
    let cells: HashSet<CellId> = suspects.cells(&store, "b").into_iter().collect();
    assert_eq!(cells, ["b-grad", "b-more", "b-plain"].map(|id| CellId::parse(id).unwrap()).into());
    let known = BoardRuns::read(&store, "b", &ConfigIndexes::default());
    let gone = CancelFlag::cancelled();
    assert_eq!(known.non_finite_ends(&store, "b", &gone).unwrap_err().code, 503);
    let first = known.non_finite_ends(&store, "b", &client).unwrap();
    // Nothing is looked at again, so that nobody needs to wait for it.
    let again = [known.non_finite_ends(&store, "b", &gone), known.non_finite_ends_of(&store, "b", &HashSet::new(), &gone)];
    assert!(again.into_iter().all(|ends| Arc::ptr_eq(&first, &ends.unwrap())));
    store.close().await;
}
