mod status;

use serde_json::json;

use super::*;
use crate::split_mix::SplitMix64;

/// A run as JSON: the keys of its document, with `config` (flat) and `metrics`.
struct Run(Value);

impl RunFields for Run {
    fn document(&self, key: &str) -> Option<Cow<'_, Value>> {
        let inner = key.strip_prefix("summary.").and_then(|key| self.0.get("summary")?.get(key));
        inner.or_else(|| self.0.get(key)).map(Cow::Borrowed)
    }

    fn statuses(&self) -> Vec<&str> {
        self.0.get("status").into_iter().chain(self.0.get("state")).filter_map(Value::as_str).collect()
    }

    fn config(&self, key: &str) -> Option<Cow<'_, Value>> {
        self.0["config"].get(key).map(Cow::Borrowed)
    }

    fn metric(&self, name: &str, statistic: Statistic) -> Option<f64> {
        match self.0["metrics"].get(name)?.get(statistic.name())? {
            Value::String(text) if text == "NaN" => Some(f64::NAN),
            value => value.as_f64(),
        }
    }
}

struct Board(Vec<Run>);

impl KeyCatalog for Board {
    fn has_document_key(&self, key: &str) -> bool {
        ["name", "_id", "status", "tags", "group", "age", "took", "startedAt"].contains(&key)
            || self.0.iter().any(|run| key.starts_with("summary.") && run.document(key).is_some())
    }

    fn has_config_key(&self, key: &str) -> bool {
        self.0.iter().any(|run| run.0["config"].get(key).is_some())
    }

    fn has_metric(&self, name: &str) -> bool {
        self.0.iter().any(|run| run.0["metrics"].get(name).is_some())
    }

    fn is_numeric(&self, key: &str) -> bool {
        self.0.iter().filter_map(|run| run.0["config"].get(key)).all(Value::is_number)
    }

    fn names(&self) -> Vec<String> {
        let keys = |run: &Run, space: &str| {
            let keys = run.0[space].as_object().cloned().unwrap_or_default();
            keys.into_iter().map(|(key, _)| format!("{space}.{key}")).collect::<Vec<_>>()
        };
        let mut names: Vec<_> = self.0.iter().flat_map(|run| [keys(run, "config"), keys(run, "metrics")].concat()).collect();
        names.extend(["status", "tags", "group"].map(str::to_owned));
        names.sort();
        names.dedup();
        names
    }
}

fn board() -> Board {
    let metric = |last: f64, min: f64, max: f64| json!({ "last": last, "min": min, "max": max, "mean": (min + max) / 2.0, "best": min });
    Board(vec![
        Run(
            json!({ "_id": "a", "name": "ViT small", "status": "running", "state": "silent", "tags": ["ok", "Night"], "age": 3600, "took": 60.5,
            "startedAt": "2026-11-28T10:00:00.000Z",
            "config": { "lr": 0.001, "model": "vit", "opt.lr": 1, "seed": 9_007_199_254_740_993_u64, "amp": true, "wd": null, "top k": 5 },
            "metrics": { "loss": metric(0.25, 0.2, 2.0), "val/acc": metric(0.9, 0.1, 0.92), "a.b": metric(1.0, 1.0, 1.0) } }),
        ),
        Run(
            json!({ "_id": "b", "name": "resnet", "status": "failed", "state": "diverged", "tags": [], "group": "debug", "age": 700_000, "took": 9000,
            "startedAt": "2026-11-20T10:00:00.000Z",
            "config": { "lr": "auto", "model": "ResNet-50", "seed": 1, "amp": false, "max": 3 },
            "metrics": { "loss": { "last": "NaN", "min": "NaN", "max": "NaN" } } }),
        ),
        Run(json!({ "_id": "c", "name": "vit large", "status": "finished", "tags": ["debug"], "group": "main", "age": 60, "took": 7200,
            "summary": { "final_acc": 0.93, "model": "other", "loss": 7, "top.max": 2 },
            "config": { "lr": 0.01, "model": "vit", "status": "x", "layers": [1, 2, "three"] },
            "metrics": { "loss": metric(0.5, 0.25, 1.5), "max": metric(7.0, 6.0, 8.0) } })),
    ])
}

/// The ids of the runs that match.
fn find(text: &str) -> String {
    let (board, budget) = (board(), SearchBudget::whole());
    let search = parse(text).and_then(|parsed| parsed.resolve(&board)).unwrap_or_else(|error| panic!("{text}: {}", error.rule));
    let found = board.0.iter().filter(|run| search.matches(*run, &budget)).map(|run| run.0["_id"].as_str().unwrap()).collect();
    budget.check().unwrap();
    found
}

#[test]
fn searches_find_runs() {
    for (search, found) in [
        ("", "abc"),
        ("  ", "abc"),
        // Keys of the document, of the configuration, and metrics.
        ("status:running", "a"),
        ("status:silent", "a"),
        ("-status:silent", "bc"),
        ("status:diverged", "b"),
        ("-status:diverged status:failed", ""),
        ("status:/e$|ed$/ -status!=failed", "b"),
        ("status:RUNNING", "a"),
        ("config.status:x", "c"),
        ("run.status:failed", "b"),
        ("tag:ok", "a"),
        ("tag:night", "a"),
        ("tags=Night", "a"),
        ("-tag:debug", "ab"),
        ("lr<0.01", "a"),
        ("lr<=0.01", "ac"),
        ("lr = 1e-3", "a"),
        ("lr:auto", "b"),
        ("seed=9007199254740993", "a"),
        ("seed=9007199254740992", ""),
        ("opt.lr>=1", "a"),
        ("amp:true", "a"),
        ("amp:True", "a"),
        ("amp=false", "b"),
        ("wd:none", "a"),
        ("wd:null", "a"),
        ("layers:2", "c"),
        ("layers:THREE", "c"),
        ("layers>1", "c"),
        ("\"top k\"=5", "a"),
        ("config.\"top k\">4", "a"),
        // Statistics.
        ("loss<0.4", "a"),
        ("loss.min<=0.25", "ac"),
        ("loss.mean>1", "a"),
        ("metrics.loss.max<2", "c"),
        ("val/acc.max>=0.9", "a"),
        ("loss.best:0.2", "a"),
        ("loss:nan", "b"),
        ("loss<inf", "ac"),
        ("a.b.last=1", "a"),
        ("max=3", "b"),
        ("metrics.max=7", "c"),
        ("metrics.max.min=6", "c"),
        // Keys of `summary` come last.
        ("final_acc>0.9", "c"),
        ("summary.final_acc>0.9", "c"),
        ("top.max=2", "c"),
        ("model:other", ""),
        ("loss>6", ""),
        ("has:final_acc", "c"),
        // Negation, and keys that a run does not have.
        ("-lr<0.01", "c"),
        ("lr!=0.001", "bc"),
        ("-group:debug", "c"),
        ("group!=main", "b"),
        ("--group:debug", "b"),
        ("-(group:debug | status:running)", "c"),
        ("group:debug | status:running", "ab"),
        ("has:group", "bc"),
        ("-has:group", "a"),
        ("has:nothing", ""),
        ("has:tags", "ac"),
        ("has:loss.min", "abc"),
        // Durations and times.
        ("age<7d", "ac"),
        ("age>=1h", "ab"),
        ("took>2h", "b"),
        ("took>1m took<=7200", "ac"),
        ("took<1h30m", "a"),
        ("startedAt>2026-11-25", "a"),
        ("startedAt<2026-11-25T10:00", "b"),
        // Words and patterns.
        ("vit", "ac"),
        ("\"vit small\"", "a"),
        ("-vit", "b"),
        ("/^vit/", "c"),
        ("/^vit/i", "ac"),
        ("/a|b/i", "abc"),
        ("model:vit", "ac"),
        ("model:resnet*", "b"),
        ("model:*net*", "b"),
        ("model:\"resnet*\"", ""),
        ("model:/^ResNet-\\d+$/", "b"),
        ("model:/^resnet/", ""),
        ("name:/\\//", ""),
        // Groups.
        ("(model=vit | model=b)", "ac"),
        ("(model=vit|lr:auto) -status:running", "bc"),
        ("((model=vit) ((status:finished)))", "c"),
        ("seed=1 | model=vit status:finished", "bc"),
    ] {
        assert_eq!(find(search), found, "{search}");
    }
}

#[test]
fn names_are_resolved_and_reported() {
    let search = parse("lr<1 loss.min<1 tag:ok \"a.b\">0 metrics.max.max>1 a.b.min>0 final_acc>0").unwrap().resolve(&board()).unwrap();
    let resolved: Vec<_> = search.resolved.iter().map(|(written, field)| format!("{written} {field}")).collect();
    assert_eq!(
        resolved,
        [
            "\"a.b\" metrics.a.b.last",
            "a.b.min metrics.a.b.min",
            "final_acc run.summary.final_acc",
            "loss.min metrics.loss.min",
            "lr config.lr",
            "metrics.max.max metrics.max.max",
            "tag run.tags"
        ]
    );
    // The text of a field is a name that chooses it again.
    for field in search.resolved.values().chain([&RunField::Config("top k".into())]) {
        assert_eq!(resolve_name(&field.to_string(), &board()).unwrap(), *field);
    }
}

#[test]
fn errors_have_a_column_and_similar_keys() {
    let error = |text: &str| match parse(text).and_then(|parsed| parsed.resolve(&board())) {
        Ok(_) => panic!("{text}"),
        Err(error) => error.in_parameter("q").message,
    };
    for (search, expected) in [
        ("lr<0.01 los<1", "'q' has an error in column 9: no run of this board has the key 'los'; a similar one is 'metrics.loss'."),
        ("grup:x", "'q' has an error in column 1: no run of this board has the key 'grup'; a similar one is 'group'."),
        ("run.lr<1", "no run of this board has the key 'run.lr'; similar ones are 'config.lr' and 'config.opt.lr'."),
        ("config.final_acc>1", "no run of this board has the key 'config.final_acc'."),
        ("zzzz=1", "'q' has an error in column 1: no run of this board has the key 'zzzz'."),
        ("val/acc.mx>0", "'mx' is no statistic of the metric 'val/acc'; there are last, min, max, mean and best."),
        ("age<7x", "'q' has an error in column 5: 'age' is compared with seconds or with a duration such as 7d, not with '7x'."),
        ("took:/7/", "column 6: 'took' is compared with seconds or with a duration such as 7d, not with a pattern."),
        ("loss>0 -(loss>=abc)", "'q' has an error in column 16: 'loss' has numbers only, and 'abc' is none."),
        ("seed<abc", "'q' has an error in column 6: 'seed' has numbers only, and 'abc' is none."),
        (
            "lr<1 -status:divergd",
            "column 14: 'divergd' is no status of a run; there are running, finished, failed, killed, silent, lost, quiet and diverged.",
        ),
        ("status=Running", "there are running, finished, failed, killed, silent, lost, quiet and diverged."),
        ("lr<", "'q' has an error in column 4: a value is missing after 'lr'."),
        ("lr< (a)", "'q' has an error in column 5: a value is missing after 'lr'."),
        ("(lr<1", "'q' has an error in column 1: this '(' is not closed."),
        ("lr<1)", "'q' has an error in column 5: this ')' closes nothing; quote it if it belongs to a name."),
        ("lr<1 | ", "'q' has an error in column 8: a condition is missing here."),
        ("| lr<1", "'q' has an error in column 1: a condition is missing here."),
        ("()", "'q' has an error in column 2: a condition is missing here."),
        ("-", "'q' has an error in column 2: a name is missing here."),
        ("<1", "'q' has an error in column 1: a name is missing here."),
        ("é \"x", "'q' has an error in column 3: this quote is not closed."),
        ("lr=\"x", "'q' has an error in column 4: this quote is not closed."),
        ("/vit", "'q' has an error in column 1: this '/' opens a pattern that is not closed; quote a name that begins with '/'."),
        ("/vit/g", "'q' has an error in column 1: after a pattern only the letter 'i' may stand, which ignores the case."),
        ("/a(/", "'q' has an error in column 1: the pattern is no regular expression (unclosed group)."),
        ("/\\w{500}{50}/", "'q' has an error in column 1: the pattern repeats or lists too much; shorten it."),
        ("lr!0.1", "'q' has an error in column 3: '!' stands only in '!='; a condition is negated by '-' before it."),
    ] {
        let message = error(search);
        assert!(message.ends_with(expected), "{search}: {message}");
    }
    let nested = |depth: usize| format!("{}lr<1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(find(&nested(16)), "ac");
    assert!(error(&nested(17)).contains("parentheses may be nested 16 deep"));
    assert_eq!(find(&["lr<1"; 100].join(" ")), "ac");
    assert!(error(&["lr<1"; 101].join(" ")).contains("100 conditions"));
    assert!(error(&"é".repeat(2001)).contains("column 2001: a search may have 2000 characters"));
    assert!(error(&format!("/{}/", "a".repeat(201))).contains("200 bytes"));
    let api_error = resolve_name("lrr", &board()).unwrap_err().in_parameter("sort");
    assert_eq!((api_error.code, api_error.errors.0.keys().next().unwrap().as_str()), (400, "sort"));
    assert_eq!(json!(api_error.data), json!({"column": 1, "near": ["config.lr"]}));
    let api_error = resolve_name("loss.avg", &board()).unwrap_err().in_parameter("sort");
    assert_eq!(api_error.data.near[..2], ["metrics.loss.last", "metrics.loss.min"]);
    let near = |text: &str| parse(text).unwrap().resolve(&board()).unwrap_err().near;
    assert_eq!((near("status:divergd"), near("status=Running")), (vec!["diverged".to_owned()], vec!["running".to_owned()]));
    assert_eq!(near("status:xyz").len(), 8, "all, where none is similar");
    // Where texts occur, they are compared with texts.
    assert_eq!((find("lr>=a"), find("model<s")), ("b".into(), "b".into()));
    assert!(resolve_name("lr lr", &board()).unwrap_err().rule.contains("' ' does not belong to a name"));
    assert!(resolve_name("", &board()).unwrap_err().rule.contains("missing"));
}

#[test]
fn a_search_within_its_budget_or_an_error() {
    let run = Run(json!({ "_id": "x", "name": "y".repeat(200), "tags": vec!["z"; 1000] }));
    let search = parse(&format!("/{}/ tags:/{}/", "y*".repeat(100), "a".repeat(200))).unwrap().resolve(&board()).unwrap();
    let budget = SearchBudget::in_writer();
    let runs = (0..10_000).take_while(|_| {
        search.matches(&run, &budget);
        !budget.is_spent()
    });
    assert!(runs.count() < 1000);
    assert_eq!(budget.check().unwrap_err().code, 400);
}

#[test]
fn no_text_panics() {
    let parts = [
        "lr",
        "<",
        ">=",
        "!=",
        "=",
        ":",
        "0.1",
        "-",
        "(",
        ")",
        "|",
        " ",
        "\"",
        "/",
        "\\",
        "*",
        "é",
        "has:",
        "loss.min",
        ".",
        "config.",
        "metrics.",
        "run.",
        "7d",
        "nan",
        "/^v/",
        "i",
        "[",
        "{9}",
        "\t",
        "\u{0}",
        "🦦",
        "tag:ok",
        "!",
        "model:vit*",
    ];
    let mut random = SplitMix64(7);
    let board = board();
    let mut parsed = 0;
    for _ in 0..4000 {
        let text: String = (0..random.below(12)).map(|_| random.pick(&parts)).collect();
        let budget = SearchBudget::whole();
        match parse(&text).and_then(|search| search.resolve(&board)) {
            Ok(search) => {
                parsed += 1;
                let _: Vec<bool> = board.0.iter().map(|run| search.matches(run, &budget)).collect();
                for (written, field) in search.resolved {
                    assert_eq!(resolve_name(&field.to_string(), &board).as_ref(), Ok(&field), "{written}");
                }
            }
            Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.column), "{text}: {error:?}"),
        }
        drop(resolve_name(&text, &board));
    }
    assert!(parsed > 200, "{parsed}");
}

#[test]
fn long_texts_and_derived_keys_cost_more() {
    let left = |text: &str, query: &str| {
        let run = Run(json!({ "name": text, "took": 1.5, "config": { "note": text } }));
        let (keys, budget) = (Board(vec![Run(run.0.clone())]), SearchBudget::whole());
        parse(query).unwrap().resolve(&keys).unwrap().matches(&run, &budget);
        budget.left()
    };
    let long = "x".repeat(1 << 20);
    for query in ["note:y", "note=y", "note>y", "name:y"] {
        assert!(left("x", query) - left(&long, query) >= 1 << 17, "{query}");
    }
    assert!(left("x", "note:y") > left("x", "took>1"));
}
