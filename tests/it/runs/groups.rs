//! `/boards/{board}/run-groups`.

use serde_json::{Value, json};

use super::{log, refused};
use crate::support::{Running, spawn};

/// A finished run with its configuration, whose metric `val/acc` ends with this value at step 100.
pub(super) async fn run(server: &Running, id: &str, config: Value, last: Value) {
    status(server, id, config, "finished").await;
    let steps = json!([{"step": 50, "val/acc": 0.5, "lr": 1}, {"step": 100, "val/acc": last, "lr": 2}]);
    log(server, &format!("/boards/digits/runs/{id}/log"), &steps.to_string()).await;
}

pub(super) async fn status(server: &Running, id: &str, config: Value, status: &str) {
    let keys = json!({"config": config, "status": status}).to_string();
    let reply = server.call("PATCH", &format!("/boards/digits/runs/{id}?upsert=true"), keys).await;
    assert!(reply.status < 300, "{}", reply.text);
}

/// Two rates with three seeds each: 0.912 0.921 0.917 and 0.903 0.899 0.908.
async fn sweep() -> Running {
    let server = spawn().await;
    for (lr, values) in [(0.1, [0.903, 0.899, 0.908]), (0.01, [0.912, 0.921, 0.917])] {
        for (seed, value) in values.into_iter().enumerate() {
            run(&server, &format!("lr{lr}-{seed}"), json!({"lr": lr, "seed": seed, "batch": 64}), json!(value)).await;
        }
    }
    server
}

pub(super) async fn groups(server: &Running, query: &str) -> Value {
    server.get(&format!("/boards/digits/run-groups?{query}")).await
}

pub(super) fn row<'a>(groups: &'a Value, label: &str) -> &'a Value {
    let rows = groups["groups"].as_array().unwrap();
    rows.iter().find(|row| row["label"] == label).unwrap_or_else(|| panic!("{label} in {groups}"))
}

#[track_caller]
fn assert_near(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() <= 1e-9 * expected.abs(), "{value}, not {expected}");
}

fn labels(groups: &Value) -> Vec<&str> {
    groups["groups"].as_array().unwrap().iter().map(|row| row["label"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn groups_have_means_and_say_what_to_group_by() {
    let server = sweep().await;
    let all = groups(&server, "").await;
    assert_eq!((&all["proposed"], &all["total"], &all["runs"]), (&json!(["config.lr"]), &json!(1), &json!(6)));
    assert_eq!((&all["metric"], &all["direction"], &all["stat"]), (&json!("val/acc"), &json!("max"), &json!("last")));
    assert_eq!(labels(&all), ["all runs"]);
    let found = groups(&server, "by=lr&secondary=lr").await;
    assert_eq!(labels(&found), ["lr 0.01", "lr 0.1"], "the best mean first");
    assert_eq!(found["proposed"], json!([]));
    let first = row(&found, "lr 0.01");
    assert_near(&first["mean"], 0.9166666666666666);
    assert_near(&first["std"], 0.004509249752822898);
    assert_near(&first["half_width"], 0.011201597362549403);
    assert_eq!((&first["runs"], &first["used"], &first["key"]), (&json!(3), &json!(3), &json!({"config.lr": 0.01})));
    assert_eq!((&first["index"], &first["ids"]), (&json!(1), &json!(["lr0.01-0", "lr0.01-1", "lr0.01-2"])));
    assert_eq!((&first["last_steps"], &first["verdict"], &first["difference"]), (&json!([100.0, 100.0]), &json!("none"), &json!(null)));
    assert_eq!(first["secondary"], json!([{"metric": "lr", "used": 3, "mean": 2.0, "std": 0.0, "half_width": 0.0}]));
    assert_eq!(row(&found, "lr 0.1")["notes"], json!([]));
    // The same group has the same id, whatever else is found.
    let one = groups(&server, "by=config.lr&q=lr<0.05").await;
    assert_eq!(one["groups"][0]["id"], first["id"]);
    assert_eq!(groups(&server, "by=lr&sort=mean").await["groups"][0]["label"], "lr 0.1");
    assert_eq!(labels(&groups(&server, "by=lr&sort=-config.lr&$limit=1").await), ["lr 0.1"]);
    let second = groups(&server, "by=lr&sort=-config.lr&$limit=1&$skip=1").await;
    assert_eq!((labels(&second), &second["total"]), (vec!["lr 0.01"], &json!(2)));
}

#[tokio::test]
async fn a_difference_has_an_interval_and_a_verdict() {
    let server = sweep().await;
    let id = |groups: &Value, label: &str| row(groups, label)["id"].as_str().unwrap().to_owned();
    let found = groups(&server, "by=lr").await;
    let baseline = id(&found, "lr 0.1");
    let paired = groups(&server, &format!("by=lr&baseline={baseline}")).await;
    let better = row(&paired, "lr 0.01");
    assert_eq!(
        (&better["verdict"], &better["notes"]),
        (&json!("cannotTell"), &json!(["±0.02 now; with 9 runs each about ±0.006", "paired by seed"]))
    );
    assert_eq!(better["difference"]["interval"], "paired");
    assert_near(&better["difference"]["value"], 0.013333333333333308);
    assert_eq!(row(&paired, "lr 0.1")["verdict"], "baseline");
    assert_eq!(paired["baseline"]["label"], "lr 0.1");
    // With other seeds on one side it is Welch's interval.
    for seed in 0..3 {
        let keys = json!({"config": {"lr": 0.01, "seed": seed + 10}}).to_string();
        server.call("PATCH", &format!("/boards/digits/runs/lr0.01-{seed}"), keys).await;
    }
    let welch = groups(&server, &format!("by=lr&baseline={baseline}")).await;
    let better = row(&welch, "lr 0.01");
    assert_eq!((&better["difference"]["interval"], &better["verdict"], &better["notes"]), (&json!("welch"), &json!("better"), &json!([])));
    assert_near(&better["difference"]["half_width"], 0.010222279510437367);
    assert_eq!(better["difference"]["n"], json!([3, 3]));
    // From the other side it is worse, and a single run is compared with where a next one would be.
    let worse = groups(&server, &format!("by=lr&baseline={}", better["id"].as_str().unwrap())).await;
    assert_eq!(row(&worse, "lr 0.1")["verdict"], "worse");
    let sorted = async |sort: &str| labels(&groups(&server, &format!("by=lr&baseline={baseline}&sort={sort}")).await).join(" ");
    assert_eq!((sorted("-verdict").await, sorted("verdict").await), ("lr 0.01 lr 0.1".to_owned(), "lr 0.1 lr 0.01".to_owned()));
    let single = groups(&server, "by=lr&baseline=lr0.1-0").await;
    assert_eq!((&single["baseline"]["is_run"], &single["baseline"]["label"]), (&json!(true), &json!("lr0.1-0")));
    let prediction = row(&single, "lr 0.01");
    assert_eq!((&prediction["difference"]["interval"], &prediction["verdict"]), (&json!("prediction"), &json!("cannotTell")));
    assert_near(&prediction["difference"]["half_width"], 0.0224031947250988);
    let own = &row(&single, "lr 0.1")["notes"];
    assert!(own.to_string().contains("compared without the baseline, which is a member"), "{own}");
    server.call("PATCH", "/boards/digits/runs/lr0.1-0", r#"{"archived":true}"#).await;
    let archived = groups(&server, "by=lr&baseline=lr0.1-0").await;
    assert_eq!((&archived["baseline"], &archived["notes"]), (&json!(null), &json!(["the baseline is not among the runs found"])));
    let missing = groups(&server, "by=lr&baseline=g000000000000").await;
    assert_eq!((&missing["baseline"], &missing["notes"]), (&json!(null), &json!(["the baseline is not among the runs found"])));
}

#[tokio::test]
async fn members_that_run_failed_or_diverged_are_in_sight() {
    let server = sweep().await;
    let config = |lr: f64| json!({"lr": lr, "seed": 7, "batch": 64});
    run(&server, "nan", config(0.1), json!("NaN")).await;
    run(&server, "failed", config(0.01), json!(0.1)).await;
    status(&server, "failed", config(0.01), "failed").await;
    run(&server, "running", config(0.5), json!(0.99)).await;
    status(&server, "running", config(0.5), "running").await;
    status(&server, "empty", config(0.5), "finished").await;
    let found = groups(&server, "by=lr").await;
    let diverged = row(&found, "lr 0.1");
    assert_eq!((&diverged["diverged"], &diverged["used"], &diverged["notes"]), (&json!(1), &json!(3), &json!(["1 of 4 diverged"])));
    let failed = row(&found, "lr 0.01");
    assert_eq!((&failed["failed"], &failed["used"], &failed["notes"]), (&json!(1), &json!(3), &json!(["1 of 4 failed"])));
    assert_near(&failed["mean"], 0.9166666666666666);
    let running = row(&found, "lr 0.5");
    assert_eq!((&running["used"], &running["mean"], &running["without"]), (&json!(0), &json!(null), &json!(1)));
    assert_eq!(running["notes"], json!(["1 of 2 still running", "1 of 2 without this number"]));
    assert_eq!(found["notes"], json!(["1 still running and 1 failed: in the curves as far as they go, not in these means"]));
    let judged = groups(&server, &format!("by=lr&baseline={}", failed["id"].as_str().unwrap())).await;
    assert_eq!(row(&judged, "lr 0.1")["verdict"], "cannotTell", "a member diverged");
    let running = row(&judged, "lr 0.5");
    assert_eq!((&running["verdict"], &running["notes"][0]), (&json!("tooEarly"), &json!("1 of 2 still running: too early to tell")));
    let all = groups(&server, "by=lr&finished=0").await;
    assert_eq!((&row(&all, "lr 0.5")["mean"], &row(&all, "lr 0.01")["used"]), (&json!(0.99), &json!(4)));
    // A diverged run has a best value.
    let best = groups(&server, "by=lr&stat=best").await;
    assert_eq!((&row(&best, "lr 0.1")["used"], &row(&best, "lr 0.1")["diverged"]), (&json!(4), &json!(0)));
    assert!(best["notes"].to_string().contains("prefer 'last'"));
}

/// What is shown, hidden, archived elsewhere or on another page changes no number.
#[tokio::test]
async fn other_groups_and_what_is_hidden_change_no_number() {
    let server = sweep().await;
    let baseline = row(&groups(&server, "by=lr").await, "lr 0.1")["id"].as_str().unwrap().to_owned();
    let before = groups(&server, &format!("by=lr&baseline={baseline}")).await;
    // The other group has a further key that is a seed.
    for fold in 0..2 {
        run(&server, &format!("other-{fold}"), json!({"lr": 1, "seed": 0, "fold": fold}), json!(0.2)).await;
    }
    run(&server, "archived", json!({"lr": 0.1, "seed": 9}), json!(0.1)).await;
    server.call("PATCH", "/boards/digits/runs/archived", r#"{"archived":true}"#).await;
    server.call("PATCH", "/boards/digits/runs/lr0.1-0", r#"{"hidden":true,"notes":"x"}"#).await;
    run(&server, "deleted", json!({"lr": 0.01, "seed": 9}), json!(0.1)).await;
    server.call("DELETE", "/boards/digits/runs/deleted", "").await;
    let after = groups(&server, &format!("by=lr&baseline={baseline}&sort=label&$limit=2")).await;
    for label in ["lr 0.1", "lr 0.01"] {
        let numbers = |groups: &Value| {
            let row = row(groups, label);
            ["runs", "used", "mean", "std", "half_width", "difference", "verdict", "index"].map(|key| row[key].to_string())
        };
        assert_eq!(numbers(&after), numbers(&before), "{label}");
    }
    assert_eq!(after["total"], json!(3));
}

#[tokio::test]
async fn many_comparisons_are_counted_and_can_be_corrected() {
    let server = spawn().await;
    for lr in 0..4 {
        for seed in 0..3 {
            let value = 0.5 + f64::from(lr) * 0.05 + f64::from(seed * (1 + lr)) * 0.005;
            run(&server, &format!("{lr}-{seed}"), json!({"lr": lr, "trial": seed}), json!(value)).await;
        }
    }
    let baseline = row(&groups(&server, "by=lr").await, "lr 0")["id"].as_str().unwrap().to_owned();
    let plain = groups(&server, &format!("by=lr&baseline={baseline}&$limit=1")).await;
    assert_eq!((&plain["comparisons"], &plain["confidence"]), (&json!(3), &json!(0.95)));
    assert_eq!(plain["notes"], json!(["3 comparisons at 95 %: expect 0.15 by chance"]));
    let best = row(&plain, "lr 3");
    assert_eq!((&best["is_best"], &best["notes"]), (&json!(true), &json!(["paired by seed", "best of 4: expect less when repeated"])));
    let corrected = groups(&server, &format!("by=lr&baseline={baseline}&corrected=1")).await;
    assert_eq!(corrected["notes"], json!(["3 comparisons at 98.33 % each: 95 % together"]));
    let width = |groups: &Value| row(groups, "lr 3")["difference"]["half_width"].as_f64().unwrap();
    assert!(width(&corrected) > 1.4 * width(&plain));
}

#[tokio::test]
async fn curves_that_end_elsewhere_are_not_compared_unless_at_a_step() {
    let server = sweep().await;
    for seed in 0..3 {
        let more = format!(r#"{{"step":200,"val/acc":0.9{seed}}}"#);
        log(&server, &format!("/boards/digits/runs/lr0.01-{seed}/log"), &more).await;
    }
    let baseline = row(&groups(&server, "by=lr").await, "lr 0.1")["id"].as_str().unwrap().to_owned();
    let found = groups(&server, &format!("by=lr&baseline={baseline}")).await;
    let other = row(&found, "lr 0.01");
    assert_eq!((&other["verdict"], &other["notes"][0]), (&json!("notComparable"), &json!("last steps from 100 to 200: not comparable")));
    let at = groups(&server, &format!("by=lr&baseline={baseline}&stat=step&at=100")).await;
    assert_near(&row(&at, "lr 0.01")["mean"], 0.9166666666666666);
    assert_eq!(row(&at, "lr 0.01")["verdict"], "cannotTell");
    let between = groups(&server, "by=lr&stat=step&at=150").await;
    assert_eq!((&row(&between, "lr 0.1")["without"], &row(&between, "lr 0.1")["mean"]), (&json!(3), &json!(null)));
    assert_near(&row(&between, "lr 0.01")["mean"], (0.9166666666666666 + 0.91) / 2.0);
}

/// The last tenth and the value at a step are the same, whether they are read from points or from nodes above them.
#[tokio::test]
async fn long_curves_are_summarized_from_their_end() {
    let server = spawn().await;
    let steps = 80_000;
    let value = |step: i32| f64::from(step % 977) / 8.0;
    for (id, repeats) in [("plain", false), ("repeats", true)] {
        status(&server, id, json!({}), "finished").await;
        for start in (0..steps).step_by(10_000) {
            let objects: Vec<Value> = (start..start + 10_000).map(|step| json!({"step": step, "acc": value(step)})).collect();
            log(&server, &format!("/boards/digits/runs/{id}/log"), &json!(objects).to_string()).await;
        }
        if repeats {
            // The same value once more at the last step: each step counts once.
            let again = json!({"step": steps - 1, "acc": value(steps - 1)});
            log(&server, &format!("/boards/digits/runs/{id}/log"), &again.to_string()).await;
        }
    }
    let last = f64::from(steps - 1);
    let tail: Vec<f64> = (0..steps).filter(|step| f64::from(*step) >= last - last / 10.0).map(value).collect();
    let mean = tail.iter().sum::<f64>() / tail.len() as f64;
    for run in ["plain", "repeats"] {
        let of = async |query: &str| groups(&server, &format!("runs={run}&metric=acc&{query}")).await["groups"][0]["mean"].clone();
        assert_near(&of("stat=mean10").await, mean);
        assert_near(&of("stat=step&at=75000").await, value(75_000));
        assert_near(&of("stat=step&at=1000.25").await, value(1000) * 0.75 + value(1001) * 0.25);
    }
    let of = async |query: &str| groups(&server, &format!("runs=plain&metric=acc&{query}")).await["groups"][0]["mean"].clone();
    assert_near(&of("stat=step&at=20000").await, value(20_000));
    assert_near(&of("stat=step&at=20000.25").await, value(20_000) * 0.75 + value(20_001) * 0.25);
}

#[tokio::test]
async fn wrong_queries_are_explained() {
    let server = sweep().await;
    let message = async |query: &str| refused(&server, "GET", &format!("/boards/digits/run-groups?{query}"), "").await;
    let (code, text) = message("by=batchsize").await;
    assert!(code == 400 && text.contains("'by' has an error in column 1: no run of this board has the key 'batchsize'"), "{text}");
    assert_eq!(
        message("by=val/acc").await.1,
        "'by' names 'metrics.val/acc.last', which is a metric; group by keys of the configuration or of the document."
    );
    assert!(message("sort=x").await.1.starts_with("'sort' names the column 'x'; known are label, index"));
    let best = message("metric=lr&stat=best").await;
    assert_eq!(best.1, "'stat=best' needs to know which end of 'lr' is better; say it in the document of the board.");
    let empty = groups(&server, "by=lr&sort=config.lr&q=lr>100").await;
    assert_eq!(empty["groups"], json!([]), "a search that finds nothing is no error");
    let none = groups(&server, "by=lr&metric=f1").await;
    assert_eq!(none["notes"], json!(["no run found has logged 'f1'"]));
    assert_eq!(
        groups(&server, "metric=lr").await["notes"],
        json!(["neither the name nor the board says which end of 'lr' is better", "groups mix 2 values of lr"])
    );
    let empty = server.get("/boards/nothing/run-groups?by=lr").await;
    assert_eq!((&empty["total"], &empty["groups"], &empty["metric"]), (&json!(0), &json!([]), &json!(null)));
}

#[tokio::test]
async fn a_key_sorts_groups_by_the_value_that_their_members_share() {
    let server = spawn().await;
    for (model, batches, last) in [("rnn", [2, 16], 0.9), ("cnn", [8, 8], 0.7), ("mlp", [16, 16], 0.5), ("vit", [8, 8], 0.8)] {
        for (seed, batch) in batches.into_iter().enumerate() {
            run(&server, &format!("{model}-{seed}"), json!({"model": model, "batch": batch, "seed": seed}), json!(last)).await;
        }
    }
    let query = |sort: &str| format!("by=model&metric=val/acc&sort={sort}");
    let labels = async |sort: &str| {
        let rows = groups(&server, &query(sort)).await;
        let labels: Vec<String> = rows["groups"].as_array().unwrap().iter().map(|row| row["label"].as_str().unwrap().to_owned()).collect();
        (labels.join(" "), rows["notes"].to_string())
    };
    // Of one value the best mean is first; several values come last in both directions.
    let (ascending, said) = labels("config.batch").await;
    assert_eq!(ascending, "vit cnn mlp rnn");
    assert!(said.contains("1 group has several values of batch and comes last"), "{said}");
    assert_eq!(labels("-batch").await.0, "mlp vit cnn rnn");
    let (mixed, said) = labels("-seed").await;
    assert_eq!(mixed, "rnn vit cnn mlp");
    assert!(said.contains("all groups have several values of seed: their order is that of the mean"), "{said}");
    // Files have the same order, and as many further keys as they are asked for.
    let file = async |ending: &str, rest: &str| {
        server.call("GET", &format!("/boards/digits/run-groups.{ending}?{}{rest}", query("-batch")), "").await.text
    };
    let names = |text: &str, separator: char| {
        let is_row = |line: &&str| ["rnn", "cnn", "mlp", "vit"].iter().any(|name| line.contains(name)) && !line.starts_with('%');
        let name = |line: &str| line.replace("\\textbf{", "").split(separator).next().unwrap().trim_end_matches(['}', ' ']).to_owned();
        text.lines().filter(is_row).map(name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&file("csv", "").await, ','), "mlp vit cnn rnn");
    assert_eq!(names(&file("tex", "").await, '&'), "mlp vit cnn rnn");
    assert!(file("csv", "").await.starts_with("group,config.model,config.batch,runs,"));
    assert!(file("csv", "&columns=").await.starts_with("group,config.model,runs,"));
}

#[tokio::test]
async fn groups_are_files_for_papers() {
    let server = sweep().await;
    let rows = groups(&server, "by=lr&metric=val/acc").await;
    let (label, best) = (rows["groups"][0]["label"].as_str().unwrap(), rows["groups"][0]["mean"].as_f64().unwrap());
    let latex = server.call("GET", "/boards/digits/run-groups.tex?by=config.lr&metric=val/acc", "").await;
    assert_eq!((latex.status, latex.headers["content-type"].to_str().unwrap()), (200, "application/x-tex"));
    assert!(latex.headers["content-disposition"].to_str().unwrap().contains("digits-groups.tex"));
    let text = &latex.text;
    assert!(text.contains("\\toprule\nlr & val/acc & runs \\\\\n") && text.contains(label) && text.contains("\\pm"), "{text}");
    let sheet = server.call("GET", "/boards/digits/run-groups.csv?by=lr&metric=val/acc", "").await.text;
    let first: Vec<&str> = sheet.lines().nth(1).unwrap().split(',').collect();
    assert_eq!((first[0], first[1], first[4].parse::<f64>().unwrap()), (label, "0.01", best));
    assert_eq!(server.call("GET", "/boards/digits/run-groups.tex?by=lr&stat=median", "").await.status, 400);
    server.call("PATCH", "/boards/digits/runs/lr0.1-0", r#"{"config":{"x,y":1}}"#).await;
    let quoted = server.call("GET", "/boards/digits/run-groups.tex?by=%22x,y%22&metric=val/acc", "").await.text;
    assert!(quoted.contains("\\toprule\n\"x,y\" & "), "a comma in a name divides no names: {quoted}");
}

#[tokio::test]
async fn rows_have_what_their_members_have_under_further_keys() {
    let server = sweep().await;
    for (run, keys) in
        [("lr0.1-0", json!({"config": {"lr": 0.1, "seed": 0, "batch": 64, "crash_at": 80}})), ("lr0.1-1", json!({"group": "late"}))]
    {
        server.call("PATCH", &format!("/boards/digits/runs/{run}"), keys.to_string()).await;
    }
    let path = "by=batch,lr&columns=batch,run.group,crash_at,seed,metrics.lr.last,run.took";
    let found = groups(&server, path).await;
    assert_eq!(labels(&found), ["lr 0.01", "lr 0.1"], "all have one batch");
    assert_eq!((&found["by"], &found["named_by"]), (&json!(["config.batch", "config.lr"]), &json!(["config.lr"])));
    assert_eq!(found["columns"], json!(["run.group", "config.crash_at", "config.seed"]));
    let (low, high) = (&row(&found, "lr 0.01")["cells"], &row(&found, "lr 0.1")["cells"]);
    assert_eq!(*low, json!([null, null, {"distinct": 3}]));
    assert_eq!(*high, json!([{"distinct": 2}, {"distinct": 2}, {"distinct": 3}]), "a missing value is one");
    // Without names they are the keys in which the runs differ.
    let found = groups(&server, "by=lr").await;
    assert_eq!(found["columns"], json!(["run.group", "config.crash_at"]));
    let batch = groups(&server, "by=seed&columns=batch").await;
    assert_eq!(batch["groups"][0]["cells"], json!([{"value": 64}]));
    let sheet = server.call("GET", &format!("/boards/digits/run-groups.csv?{path}"), "").await.text;
    let lines: Vec<&str> = sheet.lines().collect();
    assert!(lines[0].starts_with("group,config.batch,config.lr,run.group,config.crash_at,config.seed,runs,"), "{sheet}");
    assert!(lines[2].starts_with("lr 0.1,64,0.1,2 values,2 values,3 values,3,"), "{sheet}");
    let latex = server.call("GET", "/boards/digits/run-groups.tex?by=batch,lr&columns=seed", "").await.text;
    assert!(latex.contains("\nlr & seed & val/acc & runs") && latex.contains("lr 0.1 & 3 values & "), "{latex}");
    assert_eq!(refused(&server, "GET", "/boards/digits/run-groups?columns=lrr", "").await.0, 400);
}

#[tokio::test]
async fn long_values_are_cut_in_rows() {
    let server = spawn().await;
    run(&server, "long", json!({"layers": "x".repeat(5000)}), json!(0.5)).await;
    let found = groups(&server, "by=layers").await;
    assert!(found["groups"][0]["key"]["config.layers"].as_str().unwrap().chars().count() < 300, "{found}");
}

#[tokio::test]
async fn an_answer_is_known_until_something_changes() {
    let server = sweep().await;
    let path = "/boards/digits/run-groups?by=lr";
    let tag = server.call("GET", path, "").await.headers["etag"].to_str().unwrap().to_owned();
    let again = async || server.ask("GET", path, "", &[("if-none-match", &tag)]).await.status;
    assert_eq!(again().await, 304);
    log(&server, "/boards/digits/runs/lr0.1-0/log", r#"{"step":101,"val/acc":0.9}"#).await;
    assert_eq!(again().await, 200);
    let timed = server.call("GET", &format!("{path}&q=age<7d"), "").await;
    assert!(timed.status == 200 && !timed.headers.contains_key("etag"), "it changes with the time");
}

#[tokio::test]
async fn groups_are_compared_key_by_key() {
    let server = sweep().await;
    let found = groups(&server, "by=lr").await;
    let [low, high] = ["lr 0.01", "lr 0.1"].map(|label| row(&found, label)["id"].as_str().unwrap().to_owned());
    let diff = server.get(&format!("/boards/digits/run-diff?by=lr&groups={low},{high}&reference={high}")).await;
    assert_eq!((&diff["columns"], &diff["reference"]), (&json!([low, high]), &json!(high)));
    assert_eq!((&diff["different"], &diff["changed"]), (&json!({"config.lr": {&low: 0.01, &high: 0.1}}), &json!({"config.lr": [low]})));
    assert_eq!((&diff["varied"], &diff["equal"]), (&json!({"config.seed": {&low: 3, &high: 3}}), &json!({"config.batch": 64})));
    let all = server.get("/boards/digits/run-diff?by=lr").await;
    assert_eq!(all["columns"], json!([high, low]), "the largest, then the oldest");
    let path = "/boards/digits/run-diff?by=lr&groups=g000000000000";
    assert_eq!(refused(&server, "GET", path, "").await, (404, "There is no group 'g000000000000' of runs by these keys.".to_owned()));
    let one = refused(&server, "GET", "/boards/digits/run-diff?by=batch", "").await;
    assert_eq!(one, (400, "'run-diff' compares 2 to 50 runs or groups, not 1.".to_owned()));
}

#[tokio::test]
async fn a_metric_that_is_not_finite_is_said_whatever_metric_is_compared() {
    let server = spawn().await;
    for (seed, acc, losses) in [(0, 0.9, json!([0.5, 0.4])), (1, 0.8, json!([0.6, "NaN"])), (2, 0.1, json!(["NaN", "Infinity"]))] {
        run(&server, &format!("r{seed}"), json!({"lr": 0.3, "seed": seed}), json!(acc)).await;
        let steps = json!([{"step": 50, "loss": losses[0]}, {"step": 100, "loss": losses[1], "system/gpu": "NaN"}]);
        log(&server, &format!("/boards/digits/runs/r{seed}/log"), &steps.to_string()).await;
    }
    let row = groups(&server, "by=lr&metric=val/acc").await["groups"][0].clone();
    assert_eq!((&row["non_finite"], &row["diverged"], &row["used"]), (&json!(2), &json!(0), &json!(3)));
    assert_eq!(row["notes"], json!(["2 of 3 diverged in loss"]));
    let row = groups(&server, "by=lr&metric=loss").await["groups"][0].clone();
    assert_eq!((&row["non_finite"], &row["diverged"], &row["used"]), (&json!(2), &json!(2), &json!(1)));
    assert_eq!(row["notes"], json!(["2 of 3 diverged"]), "said once");
    let ends = async || {
        let table = server.get("/boards/digits/run-table?sort=_id").await;
        table["rows"].as_array().unwrap().iter().map(|row| row["run"]["non_finite"].clone()).collect::<Vec<_>>()
    };
    let end = |step: f64, value: &str| json!({"metric": "loss", "step": step, "value": value, "metrics": 1});
    assert_eq!(ends().await, [json!(null), end(100.0, "NaN"), end(50.0, "inf")]);
    let one = server.get("/boards/digits/runs/r2").await;
    assert_eq!((&one["metrics"]["loss"]["nonFiniteFrom"], &one["metrics"]["val/acc"]["nonFiniteFrom"]), (&json!(50.0), &json!(null)));
    // The earliest of several; finite again, and as long as the step has a finite point.
    log(&server, "/boards/digits/runs/r1/log", r#"{"step":40,"grad":"-Infinity"}"#).await;
    log(&server, "/boards/digits/runs/r2/log", r#"[{"step":101,"loss":0.1},{"step":101,"loss":"NaN"}]"#).await;
    let several = json!({"metric": "grad", "step": 40.0, "value": "-inf", "metrics": 2});
    assert_eq!(ends().await, [json!(null), several, json!(null)]);
}
