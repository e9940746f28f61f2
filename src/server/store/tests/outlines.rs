//! Tests of outlines: stored or not, they are those of all points.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::{again, change, create, id, start};
use crate::protocol::{RunId, SeriesId};
use crate::series::groups::{CurvePart, MemberCurve};
use crate::series::{CurveOutline, OutlineColumn, Points, SupersededScan};
use crate::server::store::*;
use crate::split_mix::SplitMix64;

fn run(number: usize) -> RunId {
    RunId::parse(&format!("run-{number}")).unwrap()
}

fn series(number: usize) -> SeriesId {
    SeriesId::of_run(run(number), "val")
}

fn expected(points: &Points) -> CurveOutline {
    let mut scan = SupersededScan::default();
    scan.push(&points.x);
    let mut rebuild = scan.into_rebuild();
    rebuild.push(points);
    let (summary, outline) = rebuild.finish();
    outline.finish(summary.figures().unwrap()).unwrap()
}

/// All numbers, with NaN equal to NaN.
fn text(outline: &CurveOutline) -> String {
    let columns = outline.columns.iter().map(|column| {
        let OutlineColumn { x_first, x_last, steps, finite, mean, min, max, first, last } = column;
        let bits = [x_first, x_last, mean, min, max, first, last].map(|number| if number.is_nan() { 1 } else { number.to_bits() });
        format!("{steps} {finite} {bits:?}")
    });
    format!("{:?} {} {:?}", outline.figures, outline.width, columns.collect::<Vec<_>>())
}

/// The curves of these outlines, with and without their ranges.
async fn assert_curves(store: &Store, ids: &[SeriesId], outlines: &[Option<CurveOutline>]) {
    let line = |curve: Option<MemberCurve>| {
        let part = |part: &CurvePart| format!("{:?}", (part.x_first, part.x_last, part.first, part.last, part.finite, part.mean));
        curve.map(|curve| curve.parts.iter().map(part).collect::<Vec<_>>())
    };
    let all = store.outline_curves(&id("a"), ids, OutlineParts::All).await.unwrap();
    let columns = store.outline_curves(&id("a"), ids, OutlineParts::Columns).await.unwrap();
    for (outline, (all, columns)) in outlines.iter().zip(all.into_iter().zip(columns)) {
        let expected = outline.as_ref().map(MemberCurve::from);
        assert_eq!(format!("{all:?}"), format!("{expected:?}"));
        assert_eq!(line(columns), line(expected));
    }
}

async fn append(store: &Store, number: usize, points: &Points) {
    let Points { x, y, t } = points.clone();
    change(store, move |batch| {
        let new = NewPoints { x: Some(x), y, t: Some(t) };
        batch.append(&id("a"), &series(number), Some("val/loss"), new);
    })
    .await;
}

async fn put(store: &Store, number: usize, status: &'static str) {
    change(store, move |batch| {
        let known = batch.run("main", &run(number));
        let mut record =
            known.map_or_else(|| RunRecord::new("main".into(), run(number), Default::default()), |known| RunRecord::clone(&known));
        record.keys = json!({ "status": status }).as_object().unwrap().clone();
        batch.put_run(ChangeKind::Patched, record);
    })
    .await;
}

/// Number of points of a series, of those in its outline, and of those in memory.
fn counts(store: &Store, number: usize) -> (u64, u64, usize) {
    let index = store.index();
    let series = &index.series_of_run(&id("a"), &run(number))[0];
    (series.count(), series.outlined, series.recent.len())
}

async fn until(is_done: impl Fn() -> bool) {
    let done = async {
        while !is_done() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.expect("it is made while nothing else is to be done");
}

async fn sound(folder: &Path) {
    let report = check(&database_path(folder)).await.unwrap();
    assert_eq!((report.faults.clone(), report.repairable()), (Vec::<String>::new(), 0));
}

/// Curves with restarts near and far back, equal steps, numbers that are none, and replayed points.
fn next_points(so_far: &Points, count: usize, rng: &mut SplitMix64) -> Points {
    let mut points = Points::default();
    let newest = so_far.x.last().copied().unwrap_or(rng.pick(&[0.0, -50.0]));
    let mut step = match rng.below(12) {
        0 => newest * rng.unit(),
        1 => so_far.x.first().copied().unwrap_or(0.0),
        2 => newest,
        3 => newest + 1e4 * rng.unit(),
        _ => newest + 1.0,
    };
    let has_equal_steps = rng.below(4) == 0;
    for _ in 0..count {
        let value = rng.unit() - 0.5;
        points.push(step, rng.pick(&[value, value, f64::from(value as f32), f64::NAN, f64::NEG_INFINITY, 1e9]), 1e9);
        step += if has_equal_steps { rng.pick(&[0.0, 1.0]) } else { 1.0 };
    }
    points
}

#[tokio::test]
async fn outlines_are_those_of_all_points_whenever_they_were_stored() {
    const RUNS: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path()).await;
    create(&store, "a").await;
    let mut rng = SplitMix64(71);
    let mut all: Vec<Points> = vec![Points::default(); RUNS];
    for number in 0..RUNS {
        put(&store, number, "running").await;
    }
    let (mut stored, mut behind) = (0, 0);
    for part in 0..120 {
        let number = rng.below(RUNS as u64) as usize;
        let count = rng.pick(&[1, 30, 300, 1500, if number == 0 { 5000 } else { 600 }]);
        let points = next_points(&all[number], count, &mut rng);
        append(&store, number, &points).await;
        all[number].extend(&points);
        match rng.below(6) {
            0 => put(&store, number, "finished").await,
            1 => put(&store, number, "running").await,
            2 => tokio::time::sleep(Duration::from_millis(10)).await,
            3 => store = again(store, folder.path()).await,
            _ => {}
        }
        if part % 3 > 0 {
            continue;
        }
        let ids: Vec<SeriesId> = (0..RUNS).map(series).chain([series(99)]).collect();
        let found = store.outlines(&id("a"), &ids).await.unwrap();
        assert_curves(&store, &ids, &found).await;
        for (number, found) in found.iter().enumerate() {
            match all.get(number).filter(|points| !points.is_empty()) {
                None => assert_eq!(*found, None),
                Some(points) => {
                    assert_eq!(text(found.as_ref().unwrap()), text(&expected(points)), "part {part}, run {number}");
                    let (points, outlined, _) = counts(&store, number);
                    stored += usize::from(outlined == points);
                    behind += usize::from(outlined > 0 && outlined < points);
                }
            }
        }
    }
    assert!(stored > 30 && behind > 10, "{stored} {behind}");
    store.close().await;
    sound(folder.path()).await;
}

#[tokio::test]
async fn an_outline_is_stored_when_its_run_ends_and_its_points_leave_memory() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    create(&store, "a").await;
    let points = |from: u32, count: u32| {
        let mut points = Points::default();
        (from..from + count).for_each(|step| points.push(f64::from(step), f64::from(step).sin(), 1e9));
        points
    };
    for number in 0..3 {
        put(&store, number, "running").await;
        append(&store, number, &points(0, if number == 2 { 512 } else { 513 })).await;
    }
    for number in [0, 2] {
        put(&store, number, "failed").await;
    }
    until(|| counts(&store, 0) == (513, 513, 0)).await;
    assert_eq!((counts(&store, 1).1, counts(&store, 2).1), (0, 0), "it is running, and it has few points");
    // Points that come after the end are added when it is read, and stored later.
    append(&store, 0, &points(513, 100)).await;
    assert_eq!(counts(&store, 0), (613, 513, 100));
    let found = store.outlines(&id("a"), &[series(0)]).await.unwrap().remove(0).unwrap();
    assert_eq!(text(&found), text(&expected(&points(0, 613))));
    let store = again(store, folder.path()).await;
    until(|| counts(&store, 0) == (613, 613, 0) && counts(&store, 1).1 == 513).await;
    // A deleted run shows none, and a purge removes what is stored.
    change(&store, |batch| drop(batch.remove_run(&batch.run("main", &run(0)).unwrap()))).await;
    assert_eq!(store.outlines(&id("a"), &[series(0)]).await.unwrap(), [None]);
    assert_eq!(store.purge().await.unwrap(), 1);
    let rows = async || sqlx::query_scalar::<_, i64>("SELECT count(*) FROM outline").fetch_one(&store.readers).await.unwrap();
    let purged = async {
        while rows().await > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), purged).await.unwrap();
    store.close().await;
    sound(folder.path()).await;
}

/// It has more rows than are read together.
#[tokio::test]
async fn many_stored_outlines_are_read_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    create(&store, "a").await;
    let points = |number: usize| {
        let mut points = Points::default();
        (0..600).for_each(|step| points.push(f64::from(step), f64::from(step + number as u32).sin(), 1e9));
        points
    };
    let count = 2 * crate::server::store::series::outlines::READ_TOGETHER + 3;
    for number in 0..count {
        put(&store, number, "running").await;
        append(&store, number, &points(number)).await;
        put(&store, number, "finished").await;
    }
    until(|| (0..count).all(|number| counts(&store, number).1 == 600)).await;
    let store = again(store, folder.path()).await;
    let ids: Vec<SeriesId> = (0..count).rev().map(series).collect();
    let found = store.outlines(&id("a"), &ids).await.unwrap();
    assert_curves(&store, &ids, &found).await;
    for (number, found) in (0..count).rev().zip(&found) {
        assert_eq!(text(found.as_ref().unwrap()), text(&expected(&points(number))), "run {number}");
    }
    store.close().await;
    sound(folder.path()).await;
}

#[tokio::test]
async fn the_points_of_a_running_run_are_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    create(&store, "a").await;
    let mut points = Points::default();
    (0..5000).for_each(|step| points.push(f64::from(step), f64::from(step).cos(), 1e9));
    put(&store, 0, "running").await;
    append(&store, 0, &points).await;
    store.outlines(&id("a"), &[series(0)]).await.unwrap();
    assert_eq!(counts(&store, 0).1, 0, "no outline is stored");
    let mut file = sqlx::sqlite::SqliteConnectOptions::new().filename(database_path(folder.path())).connect().await.unwrap();
    sqlx::query("DELETE FROM chunk").execute(&mut file).await.unwrap();
    file.close().await.unwrap();
    let mut more = Points::default();
    (5000..5010).for_each(|step| more.push(f64::from(step), 1.0, 1e9));
    append(&store, 0, &more).await;
    points.extend(&more);
    let found = store.outlines(&id("a"), &[series(0)]).await.unwrap().remove(0).unwrap();
    assert_eq!(text(&found), text(&expected(&points)));
    store.close().await;
}

#[tokio::test]
async fn a_damaged_outline_is_made_from_the_points() {
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    create(&store, "a").await;
    let mut points = Points::default();
    (0..5000).for_each(|step| points.push(f64::from(step), f64::from(step).cos(), 1e9));
    put(&store, 0, "running").await;
    append(&store, 0, &points).await;
    put(&store, 0, "killed").await;
    until(|| counts(&store, 0).1 == 5000).await;
    store.close().await;
    drop(store);
    for damage in ["UPDATE outline SET columns = zeroblob(length(columns))", "DELETE FROM outline"] {
        let mut file = sqlx::sqlite::SqliteConnectOptions::new().filename(database_path(folder.path())).connect().await.unwrap();
        sqlx::query(AssertSqlSafe(damage)).execute(&mut file).await.unwrap();
        file.close().await.unwrap();
        let report = check(&database_path(folder.path())).await.unwrap();
        assert_eq!((report.fault_count, report.repairable_blocks, report.repairable_outlines), (0, 0, 1), "{damage}");
        let store = start(folder.path()).await;
        let found = store.outlines(&id("a"), &[series(0)]).await.unwrap().remove(0).unwrap();
        assert_eq!(text(&found), text(&expected(&points)));
        // The next commit writes it again.
        change(&store, |_| ()).await;
        until(|| counts(&store, 0).1 == 5000).await;
        let again = store.outlines(&id("a"), &[series(0)]).await.unwrap().remove(0).unwrap();
        assert_eq!(text(&again), text(&expected(&points)));
        store.close().await;
        drop(store);
        sound(folder.path()).await;
    }
}

/// Readers look up each page in SQLite's log, as far as it is not in the file.
#[tokio::test]
async fn the_log_of_outlines_is_moved_into_the_file_once_nobody_reads() {
    const RUNS: usize = 400;
    let folder = tempfile::tempdir().unwrap();
    let store = start(folder.path()).await;
    create(&store, "a").await;
    let mut rng = SplitMix64(5);
    let mut points = Points::default();
    (0..600).for_each(|step| points.push(f64::from(step), rng.unit(), 1e9));
    let Points { x, y, t } = points;
    change(&store, move |batch| {
        for number in 0..RUNS {
            let keys = json!({ "status": "finished" }).as_object().unwrap().clone();
            batch.put_run(ChangeKind::Created, RunRecord::new("main".into(), run(number), keys));
            let new = NewPoints { x: Some(x.clone()), y: y.clone(), t: Some(t.clone()) };
            batch.append(&id("a"), &series(number), Some("val/loss"), new);
        }
    })
    .await;
    let mut file = sqlx::sqlite::SqliteConnectOptions::new().filename(database_path(folder.path())).connect().await.unwrap();
    sqlx::query("BEGIN").execute(&mut file).await.unwrap();
    sqlx::query("SELECT count(*) FROM series").execute(&mut file).await.unwrap();
    until(|| (0..RUNS).all(|number| counts(&store, number).1 == 600)).await;
    let mut other = sqlx::sqlite::SqliteConnectOptions::new().filename(database_path(folder.path())).connect().await.unwrap();
    let mut left = async || {
        let state = sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(NOOP)").fetch_one(&mut other).await.unwrap();
        state.1 - state.2
    };
    assert!(left().await > 1000, "the reader needs them: {}", left().await);
    sqlx::query("COMMIT").execute(&mut file).await.unwrap();
    let moved = async {
        while left().await >= 1000 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), moved).await.expect("while nothing else is to be done");
    store.close().await;
    sound(folder.path()).await;
}
