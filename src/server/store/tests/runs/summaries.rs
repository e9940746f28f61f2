//! The summaries of series of runs equal a calculation over all points.

use super::super::{again, change, create, id, start};
use super::{put, run_id, series_id, sound};
use crate::series::{CurveFigures, Points, SupersededScan};
use crate::server::store::*;

/// The figures of a curve, from all of its points.
fn figures(steps: &[f64], values: &[f64]) -> Option<CurveFigures> {
    let points = Points { x: steps.to_vec(), y: values.to_vec(), t: vec![1e9; steps.len()] };
    let mut scan = SupersededScan::default();
    scan.push(&points.x);
    let mut rebuild = scan.into_rebuild();
    rebuild.push(&points);
    rebuild.finish().0.figures()
}

#[tokio::test]
async fn summaries_are_those_of_all_points_after_restarts_of_runs_and_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path()).await;
    create(&store, "a").await;
    change(&store, |batch| drop(put(batch, "first"))).await;
    let (mut steps, mut values): (Vec<f64>, Vec<f64>) = Default::default();
    let mut made_again = 0;
    // Two restarts within chunks, one of them far back, and one of the tail only.
    for (part, from) in [0, 1000, 2000, 3000, 4000, 2500, 3500, 4500, 5500, 200, 1200, 1100].into_iter().enumerate() {
        let x: Vec<f64> = (from..from + 1000).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| if x % 97.0 == 0.0 { f64::NAN } else { (x * (1.0 + part as f64)).sin() }).collect();
        steps.extend(&x);
        values.extend(&y);
        change(&store, move |batch| {
            let t = Some(vec![1e9; x.len()]);
            batch.append(&id("a"), &series_id("first", "val"), Some("val/loss"), NewPoints { x: Some(x), y, t });
        })
        .await;
        let known = |store: &Store| {
            let index = store.index();
            let series = &index.series_of_run(&id("a"), &run_id("first"))[0];
            (series.figures(), series.needs_summary())
        };
        made_again += u32::from(known(&store).1);
        let made = async {
            while known(&store).1 {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), made).await.expect("it is made while nothing else is to be done");
        let expected = figures(&steps, &values);
        assert_eq!(known(&store).0, expected, "part {part}");
        if part % 3 == 2 {
            store = again(store, folder.path()).await;
            let made = async {
                while known(&store).1 {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(std::time::Duration::from_secs(20), made).await.expect("it is made after a start");
            assert_eq!(known(&store).0, expected, "part {part}, after a start");
        }
    }
    assert!(made_again >= 2, "{made_again}");
    store.close().await;
    sound(folder.path()).await;
}
