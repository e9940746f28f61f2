//! The index is always that of the runs that are there.

use serde_json::{Map, json};

use super::*;
use crate::split_mix::SplitMix64;

fn run(id: &str, keys: Value) -> Arc<RunRecord> {
    let keys: Map<String, Value> = keys.as_object().unwrap().clone();
    Arc::new(RunRecord::new("b".into(), RunId::parse(id).unwrap(), keys))
}

fn all(index: &ConfigIndex) -> Vec<KeySummary> {
    index.keys().filter_map(|key| index.summary_of(key)).collect()
}

fn summaries(index: &ConfigIndex) -> Value {
    json!(all(index))
}

fn of_summaries(index: &ConfigIndex) -> Vec<(&str, ValueType, usize)> {
    index.summary_keys().iter().collect()
}

#[test]
fn keys_of_summaries_are_counted_as_runs_come_and_go() {
    let of = |summaries: &[Value]| -> Arc<[_]> {
        summaries.iter().enumerate().map(|(at, summary)| run(&format!("r{at}"), json!({"config": {"lr": 1}, "summary": summary}))).collect()
    };
    let mut index = ConfigIndex::default();
    index.update(1, &of(&[json!({"best": 1, "test": {"acc": 0.5}}), json!({"best": "none", "test.acc": 1, "test": {"acc": 2}})]));
    assert_eq!(of_summaries(&index), [("best", ValueType::Mixed, 2), ("test.acc", ValueType::Number, 2)]);
    index.update(2, &of(&[json!({"best": null}), json!({"best": "none"})]));
    assert_eq!(of_summaries(&index), [("best", ValueType::String, 2)]);
    index.update(3, &of(&[json!("no object")]));
    assert_eq!(of_summaries(&index), []);
}

#[test]
fn keys_have_their_types_counts_and_values() {
    let runs = [
        run("a", json!({"config": {"lr": 0.1, "opt": {"name": "sgd"}, "seed": 1, "x": null, "layers": [1, 2]}})),
        run("b", json!({"config": {"lr": 0.01, "opt": {"name": "sgd"}, "seed": "two", "text": "y".repeat(500)}})),
        run("c", json!({"config": {"lr": 1}})),
        run("d", json!({"name": "no configuration"})),
        run("e", json!({"config": "no object"})),
    ];
    let mut index = ConfigIndex::default();
    index.update(1, &runs.into());
    let expected = json!([
        {"key": "layers", "type": "array", "runs": 1, "distinct": 1, "values": [{"value": [1, 2], "runs": 1}]},
        {"key": "lr", "type": "number", "runs": 3, "distinct": 3, "min": 0.01, "max": 1,
         "values": [{"value": 0.01, "runs": 1}, {"value": 0.1, "runs": 1}, {"value": 1, "runs": 1}]},
        {"key": "opt.name", "type": "string", "runs": 2, "distinct": 1, "values": [{"value": "sgd", "runs": 2}]},
        {"key": "seed", "type": "mixed", "runs": 2, "distinct": 2, "min": 1, "max": 1,
         "values": [{"value": 1, "runs": 1}, {"value": "two", "runs": 1}]},
        {"key": "text", "type": "string", "runs": 1, "distinct": 1},
        {"key": "x", "type": "null", "runs": 1, "distinct": 1, "values": [{"value": null, "runs": 1}]},
    ]);
    assert_eq!(summaries(&index), expected);
    assert!(index.has_key("opt.name") && !index.has_key("opt") && index.runs() == 5);
}

#[test]
fn a_key_that_is_written_twice_is_counted_once() {
    let mut index = ConfigIndex::default();
    let twice = [run("a", json!({"config": {"a": {"b": 2}, "a.b": 1}}))];
    index.update(1, &twice.into());
    assert_eq!(
        summaries(&index),
        json!([{"key": "a.b", "type": "number", "runs": 1, "distinct": 1, "min": 1, "max": 1,
                                          "values": [{"value": 1, "runs": 1}]}])
    );
    index.update(2, &[].into());
    assert_eq!(index.keys().count(), 0);
}

#[test]
fn many_values_are_only_counted() {
    let runs: Vec<_> = (0..21).map(|at| run(&format!("r{at}"), json!({"config": {"seed": at, "path": format!("/tmp/{at}")}}))).collect();
    let mut index = ConfigIndex::default();
    index.update(1, &runs[..20].into());
    assert!(all(&index).iter().all(|summary| summary.values.is_some()));
    index.update(2, &runs.into());
    let [path, seed] = all(&index).try_into().unwrap();
    assert_eq!((path.values, path.distinct, path.min), (None, 21, None));
    assert_eq!((seed.values, seed.distinct, seed.min, seed.max), (None, 21, Some(json!(0)), Some(json!(20))));
}

/// Whatever runs come, change and are removed: the index is that which is made of the runs that are there.
#[test]
fn updates_lead_to_the_index_of_the_runs_that_are_there() {
    let mut rng = SplitMix64(41);
    let mut runs: BTreeMap<String, Arc<RunRecord>> = BTreeMap::new();
    let mut index = ConfigIndex::default();
    for seq in 0..500 {
        for _ in 0..rng.below(4) {
            let id = format!("r{}", rng.below(12));
            if rng.below(4) == 0 {
                runs.remove(&id);
            } else {
                let value =
                    |rng: &mut SplitMix64| rng.pick(&[json!(1), json!(1.0), json!("a"), json!(null), json!([1]), json!({"c": 0.5})]);
                let config = json!({"a": value(&mut rng), "b": {"c": value(&mut rng)}, "a.c": value(&mut rng)});
                let summary = json!({"best": value(&mut rng), "test": {"best": value(&mut rng)}, "test.best": value(&mut rng)});
                let keys = rng.pick(&[
                    json!({"config": config, "summary": summary, "status": "failed"}),
                    json!({"config": {"a": 1}, "summary": summary}),
                    json!({"config": config}),
                    json!({}),
                ]);
                runs.insert(id.clone(), run(&id, keys));
            }
        }
        index.update(seq, &runs.values().cloned().collect());
        let mut fresh = ConfigIndex::default();
        fresh.update(seq, &runs.values().cloned().collect());
        assert_eq!((index.runs(), summaries(&index)), (runs.len(), summaries(&fresh)));
        assert_eq!(of_summaries(&index), of_summaries(&fresh));
        let some: Vec<RunId> = runs.values().filter(|_| rng.below(2) == 0).map(|run| run.id.clone()).collect();
        let mut of_some = ConfigIndex::default();
        of_some.update(seq, &some.iter().map(|id| runs[id.as_str()].clone()).collect());
        let expected: Vec<_> =
            all(&of_some).into_iter().map(|summary| (summary.key, summary.value_type, summary.runs, summary.distinct)).collect();
        let spreads = index.spread(some.iter());
        let spreads: Vec<_> = spreads.iter().map(|of| (of.key.to_owned(), of.value_type, of.runs, of.distinct)).collect();
        assert_eq!(spreads, expected);
    }
}
