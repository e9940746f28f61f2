//! Members that a condition on the status leaves out of the search of `/boards/{board}/run-groups`.

use serde_json::{Value, json};

use super::groups::{groups, row, run, status};
use super::{log, refused};
use crate::support::{Running, spawn};

/// Two rates with three good seeds each, of which 0.01 is better.
async fn two_rates() -> Running {
    let server = spawn().await;
    for (lr, values) in [(0.1, [0.50, 0.53, 0.51]), (0.01, [0.92, 0.93, 0.95])] {
        for (seed, value) in values.into_iter().enumerate() {
            run(&server, &format!("lr{lr}-{seed}"), json!({"lr": lr, "seed": seed, "batch": 64}), json!(value)).await;
        }
    }
    server
}

/// A row compared with the other rate: its verdict, its notes, and those of the table.
async fn judged(server: &Running, label: &str, query: &str) -> (Value, String, String) {
    let other = if label == "lr 0.1" { "lr 0.01" } else { "lr 0.1" };
    let baseline = row(&groups(server, "by=lr").await, other)["id"].as_str().unwrap().to_owned();
    let found = groups(server, &format!("by=lr&baseline={baseline}&{query}")).await;
    (row(&found, label)["verdict"].clone(), row(&found, label)["notes"].to_string(), found["notes"].to_string())
}

/// The better rate by its verdict and its notes.
async fn better(server: &Running, query: &str) -> (Value, String) {
    let (verdict, notes, _) = judged(server, "lr 0.01", query).await;
    (verdict, notes)
}

#[tokio::test]
async fn to_hide_diverged_runs_gives_no_verdict() {
    let server = two_rates().await;
    assert_eq!(better(&server, "").await.0, "better");
    // One more run of each rate, and a rate of its own, that all end in NaN.
    for (id, lr) in [("nan", 0.01), ("far", 1.0)] {
        run(&server, id, json!({"lr": lr, "seed": 3, "batch": 64}), json!("NaN")).await;
    }
    let hides = "q=-status:diverged";
    let (found, own, of_table) = judged(&server, "lr 0.01", hides).await;
    assert!(found == "cannotTell" && own.contains("1 diverged, left out by the search"), "{found} {own}");
    assert!(
        of_table.contains("1 group is not shown, since all its runs failed or diverged and the search leaves them out: lr 1"),
        "{of_table}"
    );
    let (found, of_base, _) = judged(&server, "lr 0.1", hides).await;
    assert!(found == "cannotTell" && of_base.contains("baseline: 1 diverged, left out by the search"), "{found} {of_base}");
    let csv = server.call("GET", "/boards/digits/run-groups.csv?by=lr&q=-status:diverged", "").await.text;
    assert!(csv.contains("1 diverged, left out by the search"), "{csv}");
    // The same search in other words.
    for same in ["-(status:diverged | status:failed)", "-(status:diverged status:finished)", "(seed<9 status!=diverged)"] {
        let (found, own) = better(&server, &format!("q={same}")).await;
        assert!(found == "cannotTell" && own.contains("1 diverged, left out by the search"), "{same}: {found} {own}");
    }
    // Other searches choose by what is known before a training.
    assert_eq!(better(&server, "q=seed<3").await.0, "better");
}

#[tokio::test]
async fn groups_with_a_good_run_are_not_said_to_have_failed() {
    let server = two_rates().await;
    run(&server, "nan", json!({"lr": 0.01, "seed": 3}), json!("NaN")).await;
    run(&server, "far", json!({"lr": 1, "seed": 3}), json!("NaN")).await;
    status(&server, "going", json!({"lr": 7}), "running").await;
    for (query, gone) in [("status:running", "lr 1\""), ("status:failed", "lr 1\""), ("status:finished", "")] {
        let notes = groups(&server, &format!("by=lr&q={query}")).await["notes"].to_string();
        assert_eq!(notes.contains("not shown"), !gone.is_empty(), "{query}: {notes}");
        assert!(notes.contains(gone), "{query}: {notes}");
    }
}

/// A file of them has its columns whatever was found.
#[tokio::test]
async fn a_search_that_finds_nothing_has_its_keys() {
    let server = two_rates().await;
    let query = "by=lr&columns=batch&secondary=lr&q=lr>100";
    let found = groups(&server, query).await;
    assert_eq!((&found["by"], &found["columns"], &found["groups"]), (&json!(["config.lr"]), &json!(["config.batch"]), &json!([])));
    let head = |text: &str| text.lines().next().unwrap().to_owned();
    let csv = async |query: &str| head(&server.call("GET", &format!("/boards/digits/run-groups.csv?{query}"), "").await.text);
    let full = csv("by=lr&columns=batch&secondary=lr").await;
    assert_eq!(csv(query).await, full);
    assert!(full.starts_with("group,config.lr,config.batch,") && full.ends_with("lr mean,lr std,lr half_width,notes"), "{full}");
    let latex = server.call("GET", &format!("/boards/digits/run-groups.tex?{query}"), "").await.text;
    assert!(latex.contains("\nlr & batch & val/acc & lr & runs \\\\\n"), "{latex}");
    let (status, why) = refused(&server, "GET", "/boards/digits/run-groups?by=lrr&q=lr>100", "").await;
    assert!(status == 400 && why.contains("lrr"), "{why}");
}

/// The usual end of a run whose loss is NaN is that it fails.
#[tokio::test]
async fn diverged_runs_count_where_failed_ones_are_in_the_means() {
    let server = two_rates().await;
    for seed in 3..5 {
        let (id, config) = (format!("nan{seed}"), json!({"lr": 0.01, "seed": seed, "batch": 64}));
        run(&server, &id, config.clone(), json!("NaN")).await;
        status(&server, &id, config, "failed").await;
    }
    status(&server, "broken", json!({"lr": 0.01, "seed": 9, "batch": 64}), "killed").await;
    let shown = better(&server, "finished=0").await;
    assert!(shown.0 == "cannotTell" && shown.1.contains("2 of 6 diverged"), "{shown:?}");
    for q in ["-status:diverged", "-status:failed -status:diverged -status:killed", "status:finished -status:diverged"] {
        let (found, own) = better(&server, &format!("finished=0&q={q}")).await;
        assert!(found == "cannotTell" && own.contains("2 diverged, left out by the search"), "{q}: {found} {own}");
    }
    let (_, own) = better(&server, "finished=0&q=status:finished -status:diverged").await;
    assert!(own.contains("1 failed and 2 diverged, left out by the search"), "{own}");
    // Failed runs are in no mean otherwise, shown or not.
    for q in ["", "q=-status:diverged", "q=-status:failed"] {
        assert_eq!(better(&server, q).await.0, "better", "{q}");
    }
    let (_, own) = better(&server, "q=-status:diverged").await;
    assert!(own.contains("2 failed, left out by the search"), "{own}");
}

/// Whatever hides a run: a verdict is the same as with all of them.
#[tokio::test]
async fn only_the_compared_metric_forbids_a_verdict() {
    let server = two_rates().await;
    run(&server, "grad", json!({"lr": 0.01, "seed": 3, "batch": 64}), json!(0.94)).await;
    log(&server, "/boards/digits/runs/grad/log", r#"{"step":100,"grad":"NaN"}"#).await;
    let (shown, hides) = (better(&server, "").await, "q=-status:diverged");
    assert!(shown.0 == "better" && shown.1.contains("1 of 4 diverged in grad"), "{shown:?}");
    let hidden = better(&server, hides).await;
    assert!(hidden.0 == "better" && hidden.1.contains("1 diverged in grad, left out by the search"), "{hidden:?}");
    // One that diverged before the step of a comparison and went no further.
    status(&server, "early", json!({"lr": 0.01, "seed": 4, "batch": 64}), "finished").await;
    log(&server, "/boards/digits/runs/early/log", r#"[{"step":1,"val/acc":0.1},{"step":2,"val/acc":"NaN"}]"#).await;
    for q in ["", hides] {
        for stat in ["stat=step&at=100", "stat=mean10"] {
            let (found, own) = better(&server, &format!("{q}&{stat}")).await;
            assert!(found == "cannotTell", "{q} {stat}: {found} {own}");
            assert!(own.contains("1 diverged") || own.contains("1 of 5 diverged"), "{q} {stat}: {own}");
        }
    }
    // Its best value is one.
    let best = better(&server, &format!("stat=best&{hides}")).await;
    assert!(best.1.contains("2 diverged in other metrics, left out by the search"), "{best:?}");
}
