//! Conditions on the status of runs.

use super::*;

#[test]
fn a_search_says_which_status_it_asks_for() {
    let asks = |text: &str, words: &[&str]| parse(text).unwrap().asks_for_status(words);
    assert!(
        asks("lr<1 -(status:diverged | a=1)", &[DIVERGED]) && asks("run.status!=diverged", &[DIVERGED]) && asks("status:/^d/", &[DIVERGED])
    );
    assert!(!asks("status:failed state:silent diverged config.status:diverged", &[DIVERGED]));
    assert!(asks("status:lost", &SILENCES) && !asks("status:failed", &SILENCES));
}

#[test]
fn conditions_on_the_status_can_be_left_out() {
    let board = Board(vec![
        Run(json!({ "name": "good", "status": "finished", "config": { "lr": 1 } })),
        Run(json!({ "name": "bad", "status": "failed", "config": { "lr": 1 } })),
        Run(json!({ "name": "other", "status": "failed", "config": { "lr": 2 } })),
    ]);
    let found = |query: &str| {
        let search = parse(query).unwrap().without_status()?.resolve(&board).unwrap();
        Some(board.0.iter().filter(|run| search.matches(*run, &SearchBudget::whole())).count())
    };
    assert_eq!((found("-status:failed"), found("status:failed")), (Some(3), Some(3)));
    assert_eq!((found("lr=1 -status:failed"), found("lr=1 -run.status:failed name:bad")), (Some(2), Some(1)));
    assert_eq!((found("lr=1"), found(""), found("lr=1 | status:failed")), (None, None, None), "an alternative is no condition of its own");
    for same in [
        "-(status:diverged | status:failed)",
        "-(status:diverged status:finished)",
        "(status:finished | status:running)",
        "(status:finished)",
        "--status:finished",
        "-(-(status:finished status:running) | status:failed)",
    ] {
        assert_eq!((found(same), found(&format!("lr=1 {same}"))), (Some(3), Some(2)), "{same}");
    }
    assert_eq!((found("-(status:failed | lr=2)"), found("(lr=1 -status:failed) -name:x")), (Some(2), Some(2)), "within others");
    assert_eq!((found("-(status:failed lr=1)"), found("-(status:failed -lr=1)")), (None, None), "not of the status alone");
    let is_of_run = |query: &str| parse(query).unwrap().without_status().is_some();
    assert_eq!(["-config.status:old", "metrics.status>1", "-run.status:failed"].map(is_of_run), [false, false, true], "of the run alone");
}
