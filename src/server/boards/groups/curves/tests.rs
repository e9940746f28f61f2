//! Plans and curves of groups in a store.

use std::sync::Arc;

use serde_json::{Map, json};

use super::plan::{check_members, extent};
use super::*;
use crate::protocol::{RunId, SeriesId};
use crate::series::Points;
use crate::series::groups::{Band, CurvePart, GroupGrid, GroupLine, MemberCurve};
use crate::server::boards::groups::membership::{GroupKeys, group_runs};
use crate::server::limits::{
    MAX_GROUP_READ_POINTS, MAX_GROUP_VALUES, MAX_GROUPS_MEMBERS, MAX_LARGE_GROUP_POINTS, MAX_MEMBER_POINTS, MAX_SMALL_GROUP,
};
use crate::server::store::{Batch, ChangeKind, Durability, NewPoints, Record, RunRecord, Series, Store, StoreError};
use crate::split_mix::SplitMix64;

/// A board with runs of so many steps; the last one then goes back to its middle.
async fn boards(folder: &std::path::Path, lengths: &'static [usize]) -> (Boards, CellId) {
    let store = Store::open_with_small_limits(folder, Durability::Normal, Box::new(drop)).await;
    let cell = CellId::parse("b-loss").unwrap();
    let (line, mut rng) = (cell.clone(), SplitMix64(3));
    let fill = move |batch: &mut Batch| {
        let keys: Map<_, _> = json!({ "type": "line" }).as_object().cloned().unwrap();
        batch.put(ChangeKind::Created, Record::new(line.clone(), "b".into(), keys), None);
        for (at, length) in lengths.iter().enumerate() {
            let id = RunId::parse(&format!("r{at}")).unwrap();
            batch.put_run(ChangeKind::Created, RunRecord::new("b".into(), id.clone(), Map::new()));
            let mut x: Vec<f64> = (0..*length).map(|step| step as f64).collect();
            if at + 1 == lengths.len() {
                x.extend((length / 2..length - 3).map(|step| step as f64));
            }
            let mut value = || {
                let value = rng.unit();
                rng.pick(&[value, value, value, f64::NAN])
            };
            let y = x.iter().map(|_| value()).collect();
            batch.append(&line, &SeriesId::of_run(id, ""), Some("loss"), NewPoints { x: Some(x), y, t: None });
        }
        Ok::<_, StoreError>(())
    };
    store.write(1, fill).await.unwrap();
    (Boards::new(store), cell)
}

#[tokio::test]
async fn outlines_and_points_give_the_same_curve() {
    let folder = tempfile::tempdir().unwrap();
    let (boards, cell) = boards(folder.path(), &[1022, 700, 12, 900]).await;
    let runs = boards.index().board("b").unwrap().runs.iter().cloned().collect();
    let groups: Arc<[_]> = group_runs(runs, &GroupKeys::default()).into();
    let plan = boards.plan_curves("b", std::slice::from_ref(&cell), &groups, GroupAxis::Step, "").await.unwrap();
    let curve = &plan.cells[0].curves[0];
    let members = &curve.members;
    assert_eq!(members.iter().map(|member| member.is_plain).collect::<Vec<_>>(), [true, true, true, false]);
    let going = CancellationToken::new();
    let outlines = boards.sample_outlines(&cell, members, (0.0, 1021.0), 800, OutlineParts::All, &going).await.unwrap();
    assert_eq!(outlines.grid, GroupGrid::Columns { from: 0.0, to: 1024.0, count: 256 });
    let points = boards.sample_points(&cell, curve, CurveWindow { from: 0.0, to: 1024.0, width: 256 }, &going).await.unwrap();
    let style = GroupStyle { line: GroupLine::Mean, band: Band::T95, is_common: false };
    let (of_outlines, of_points) = (outlines.aggregate(style), points.aggregate(style));
    assert_eq!(of_outlines.len(), 256);
    for (one, other) in of_outlines.iter().zip(&of_points) {
        assert_eq!((one.x, one.n, one.nan, one.ended, one.interpolated), (other.x, other.n, other.nan, other.ended, other.interpolated));
        let is_near = |one: f64, other: f64| (one - other).abs() <= 1e-12 || one.is_nan() && other.is_nan();
        assert!(is_near(one.line, other.line) && is_near(one.low, other.low) && is_near(one.high, other.high), "{one:?} {other:?}");
    }
    // Members that have grown since the curve was planned are read as if it were planned now.
    for planned in [100.0, 255.0, 510.0] {
        let grown = boards.sample_outlines(&cell, members, (0.0, planned), 800, OutlineParts::All, &going).await.unwrap();
        assert_eq!((grown.grid, grown.values.len()), (outlines.grid, outlines.values.len()), "{planned}");
        assert_eq!(format!("{:?}", grown.aggregate(style)), format!("{of_outlines:?}"));
    }
    going.cancel();
    assert!(boards.sample_outlines(&cell, members, (0.0, 1021.0), 800, OutlineParts::All, &going).await.is_err());
    boards.close().await;
}

#[tokio::test]
async fn curves_that_have_not_changed_are_not_calculated_again() {
    let folder = tempfile::tempdir().unwrap();
    let (boards, cell) = boards(folder.path(), &[9, 5, 7]).await;
    let runs: Vec<_> = boards.index().board("b").unwrap().runs.iter().cloned().collect();
    let single = |at: usize| group_runs(vec![runs[at].clone()], &GroupKeys::default()).remove(0);
    let groups: Arc<[_]> = vec![single(0), single(1)].into();
    let plan =
        async || boards.plan_curves("b", std::slice::from_ref(&cell), &groups, GroupAxis::Step, "").await.unwrap().cells.remove(0).curves;
    let planned = plan().await;
    let (going, query) = (CancellationToken::new(), whole(800));
    let is_known = |planned: &[PlannedCurve], query: &CurveQuery| {
        planned.iter().map(|curve| boards.known_group_curve(curve, &groups[curve.group], query).is_some()).collect::<Vec<_>>()
    };
    assert_eq!(is_known(&planned, &query), [false, false]);
    for curve in &planned {
        let calculated = boards.group_curve(&cell, curve, &groups[curve.group], query, &going).await.unwrap();
        let known = boards.known_group_curve(curve, &groups[curve.group], &query).unwrap();
        // NaN is not equal to itself.
        assert_eq!(format!("{known:?}"), format!("{calculated:?}"));
    }
    assert_eq!(is_known(&plan().await, &query), [true, true]);
    for other in [whole(700), CurveQuery { smooth: 0.5, ..query }, CurveQuery { from: Some(0.0), ..query }] {
        assert_eq!(is_known(&planned, &other), [false, false], "{other:?}");
    }
    let (line, run) = (cell.clone(), runs[1].id.clone());
    let append = move |batch: &mut Batch| {
        let points = NewPoints { x: Some(vec![20.0]), y: vec![1.0], t: None };
        batch.append(&line, &SeriesId::of_run(run.clone(), ""), Some("loss"), points);
        Ok::<_, StoreError>(())
    };
    boards.store.write(1, append).await.unwrap();
    assert_eq!(is_known(&plan().await, &query), [true, false], "the curve of the other run has grown");
    // A run that is deleted between plan and reading is missing in the curve, which is not kept for the time when it is restored.
    let planned = plan().await;
    let deleted = runs[1].id.clone();
    let delete = move |batch: &mut Batch| {
        let run = batch.run("b", &deleted).unwrap();
        Ok::<_, StoreError>(batch.remove_run(&run))
    };
    let tombstone = boards.store.write(1, delete).await.unwrap();
    assert_eq!(boards.group_curve(&cell, &planned[1], &groups[1], query, &going).await.unwrap().columns.len(), 0);
    let restore = move |batch: &mut Batch| {
        batch.restore_run(&tombstone);
        Ok::<_, StoreError>(())
    };
    boards.store.write(1, restore).await.unwrap();
    assert_eq!(is_known(&plan().await, &query), [true, false]);
    assert!(!boards.group_curve(&cell, &plan().await[1], &groups[1], query, &going).await.unwrap().columns.is_empty());
    boards.close().await;
}

#[tokio::test]
async fn long_members_that_go_back_are_refused_before_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (boards, cell) = boards(folder.path(), &[10, 20]).await;
    let runs = boards.index().board("b").unwrap().runs.iter().cloned().collect();
    let groups: Arc<[_]> = group_runs(runs, &GroupKeys::default()).into();
    let mut plan =
        boards.plan_curves("b", std::slice::from_ref(&cell), &groups, GroupAxis::Step, "").await.unwrap().cells.remove(0).curves.remove(0);
    assert_eq!((plan.runs(), plan.oldest_ids().len()), (2, 2));
    let mut newest_first = groups.to_vec();
    newest_first[0].runs.reverse();
    let newest_first = newest_first.into();
    let again = boards.plan_curves("b", &[cell], &newest_first, GroupAxis::Step, "").await.unwrap().cells.remove(0).curves.remove(0);
    let ids = |plan: &PlannedCurve| plan.members.iter().map(|member| member.series.id.run.clone()).collect::<Vec<_>>();
    assert_eq!((ids(&again), ids(&again).is_sorted()), (ids(&plan), true), "in the order of their ids");
    plan.members[0].points = MAX_MEMBER_POINTS + 1;
    plan.check_points().unwrap();
    plan.members[1].points = MAX_MEMBER_POINTS + 1;
    let error = plan.check_points().unwrap_err();
    assert!(error.code == 413 && error.message.starts_with("The run 'r1' repeats steps"), "{}", error.message);
}

/// A plan of members with so many points, each of which is plain or not.
async fn plan_of(members: &[(u64, bool)]) -> PlannedCurve {
    let folder = tempfile::tempdir().unwrap();
    let (boards, cell) = boards(folder.path(), &[3]).await;
    let groups = group_runs(boards.index().board("b").unwrap().runs.iter().cloned().collect(), &GroupKeys::default()).into();
    let mut plan = boards.plan_curves("b", &[cell], &groups, GroupAxis::Step, "").await.unwrap().cells.remove(0).curves.remove(0);
    let member = plan.members.remove(0);
    plan.members =
        members.iter().map(|(points, is_plain)| PlannedMember { points: *points, is_plain: *is_plain, ..member.clone() }).collect();
    boards.close().await;
    plan
}

fn whole(width: u32) -> CurveQuery {
    let style = GroupStyle { line: GroupLine::Mean, band: Band::T95, is_common: false };
    CurveQuery { style, axis: GroupAxis::Step, from: None, to: None, width, smooth: 0.0 }
}

#[tokio::test]
async fn points_in_memory_are_bounded_and_counted() {
    let plan = plan_of(&[(200_000, false); 100]).await;
    assert!(plan.batches(800).all(|batch| batch.len() == 1));
    assert_eq!(plan.batches(800).count(), 100, "each member is read");
    let zoomed = CurveQuery { from: Some(0.0), ..whole(800) };
    assert_eq!(plan.working_bytes(&zoomed), 24 * 100 * 800 + 112 * 200_000);
    let smoothed = CurveQuery { smooth: 0.9, ..zoomed };
    assert_eq!(plan.working_bytes(&smoothed), 24 * 100 * 1024 + 112 * 200_000, "with what lies before the window");
    // The whole curve is made of outlines.
    assert_eq!(plan.working_bytes(&whole(800)), 24 * 100 * 800 + 72 * OUTLINE_COLUMNS * 100);
    let mixed = plan_of(&[(1000, false), (1_000_000, true), (3_000_000, false), (10, true)]).await;
    assert_eq!(mixed.batches(100).map(<[_]>::len).collect::<Vec<_>>(), [2, 1, 1]);
    let many = plan_of(&vec![(3, true); 50_000]).await;
    assert!(many.working_bytes(&whole(1024)) <= 24 * MAX_GROUP_VALUES + 112 * 1000, "as many places as it has");
}

#[tokio::test]
async fn the_whole_curves_of_many_members_are_made_of_their_outlines() {
    let small = plan_of(&vec![(MAX_LARGE_GROUP_POINTS / 100, true); MAX_SMALL_GROUP]).await;
    let large = plan_of(&vec![(MAX_LARGE_GROUP_POINTS / 100, true); MAX_SMALL_GROUP + 1]).await;
    let short = plan_of(&vec![(3, true); MAX_SMALL_GROUP + 1]).await;
    assert_eq!([&small, &large, &short].map(|plan| plan.is_outlined(&whole(800))), [false, true, false]);
    assert!(!large.is_outlined(&CurveQuery { to: Some(9.0), ..whole(800) }), "zoomed in");
}

#[tokio::test]
async fn points_that_are_read_one_by_one_are_bounded_together() {
    let members = vec![(MAX_MEMBER_POINTS, false); (MAX_GROUP_READ_POINTS / MAX_MEMBER_POINTS) as usize];
    plan_of(&members).await.check_points().unwrap();
    plan_of(&[&members[..], &[(1 << 40, true)]].concat()).await.check_points().unwrap();
    let error = plan_of(&[&members[..], &[(1, false)]].concat()).await.check_points().unwrap_err();
    assert!(error.code == 413 && error.message.contains("points together"), "{}", error.message);
}

#[test]
fn cells_times_runs_are_bounded() {
    check_members(10, MAX_GROUPS_MEMBERS / 10).unwrap();
    check_members(1, 0).unwrap();
    let error = check_members(50, MAX_GROUPS_MEMBERS / 10).unwrap_err();
    assert!(error.code == 400 && error.message.starts_with("'cells' may be 10 for "), "{}", error.message);
}

#[test]
fn the_extent_is_known_while_a_summary_is_made_again() {
    let mut series = Series::new(1, SeriesId::of_run(RunId::parse("a").unwrap(), ""), None, 0);
    let mut points = Points::default();
    [(1.0, 100.0), (2.0, 130.0), (3.0, 120.0)].iter().for_each(|(step, time)| points.push(*step, 0.0, *time));
    series.push(&points);
    // The clock went back: the last step stands where the one before it stands.
    assert_eq!((extent(&series, None), extent(&series, Some(90.0))), (Some((1.0, 3.0)), Some((10.0, 40.0))));
    let mut back = Points::default();
    back.push(1.5, 0.0, 140.0);
    series.push(&back);
    assert_eq!((series.figures(), extent(&series, None)), (None, Some((1.0, 1.5))));
}

#[test]
fn the_columns_of_outlines_are_few_and_hold_all_steps() {
    assert_eq!(outline_column_width(0.0, 1021.0, 256.0), 4.0);
    assert_eq!(outline_column_width(0.0, 0.5, 256.0), 0.001_953_125 * 2.0);
    for (first, last) in [(5.0, 5.0), (0.0, 0.0), (1e20, 1e20), (-1e300, -1e300), (7.0, 7.0_f64.next_up()), (-1e308, 1e308), (0.0, 5e-324)]
    {
        let width = outline_column_width(first, last, 256.0);
        let mut sampler = GroupSampler::dyadic(first, last, width, 1);
        let step = |x: f64| CurvePart::step(x, 1.0, 1.0, 1.0);
        let parts = if first == last { vec![step(first)] } else { vec![step(first), step(last)] };
        sampler.push(&MemberCurve { parts });
        let columns = sampler.finish().aggregate(whole(1).style);
        assert!(columns.iter().any(|column| column.n == 1 && column.line == 1.0), "{first} {last} {width} {columns:?}");
    }
}
