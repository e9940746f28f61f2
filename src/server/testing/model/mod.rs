//! The writer, the log of events and their readers beside a model of plain maps, one random history after the other.
//!
//! A seed is a history: which calls share a commit, who reads when, where the process ends. The clock stands still but where the
//! history moves it, and one thread does everything but SQL, so that a seed replays. A history that fails is cut down to the
//! steps that it needs.
//!
//! `AGNEZ_MODEL_SEEDS=5000` tries more of them, `AGNEZ_MODEL_SEED=17` only that one.

mod calls;
mod compare;
mod effects;
mod plain;
mod plain_runs;
mod reader;
mod run;
mod run_reader;
mod run_steps;
mod steps;
mod trash;

pub use run::app;
use steps::{Fate, Plan, Step, plan};

/// With the short share that every test run has.
const SEEDS: u64 = 16;
const STEPS: usize = 60;

fn fails(plan: &Plan) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(run::run(plan))));
    match found {
        Ok(outcome) => outcome.err(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some(format!("a panic: {}", text.unwrap_or_default()))
        }
    }
}

/// Leaves out what is not needed to fail: ever smaller parts of the steps, then calls of a commit (delta debugging, Zeller 1999).
fn shrink(mut plan: Plan, mut why: String) -> (Plan, String) {
    let mut size = plan.steps.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < plan.steps.len() {
            let mut fewer = plan.clone();
            fewer.steps.drain(at..(at + size).min(plan.steps.len()));
            match fails(&fewer) {
                Some(still) => (plan, why) = (fewer, still),
                None => at += size,
            }
        }
        size /= 2;
    }
    for at in 0..plan.steps.len() {
        let Step::Commit(calls, fate) = plan.steps[at].clone() else { continue };
        let without = |call: usize| calls.iter().enumerate().filter(|(at, _)| *at != call).map(|(_, call)| call.clone()).collect();
        let fewer = (0..calls.len()).filter(|_| calls.len() > 1).map(|call| Step::Commit(without(call), fate.clone()));
        for step in fewer.chain([Step::Commit(calls.clone(), Fate::Answered)]) {
            let mut fewer = plan.clone();
            fewer.steps[at] = step;
            if let Some(still) = fails(&fewer) {
                (plan, why) = (fewer, still);
                break;
            }
        }
    }
    (plan, why)
}

#[test]
fn any_history_is_published_as_it_happened() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match (number("AGNEZ_MODEL_SEED"), number("AGNEZ_MODEL_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(SEEDS),
    };
    for seed in seeds {
        let plan = plan(seed, STEPS);
        if let Some(why) = fails(&plan) {
            let (plan, why) = shrink(plan, why);
            let steps: Vec<String> = plan.steps.iter().map(|step| format!("  {step:?}")).collect();
            panic!("seed {seed}, full durability {}: {why}\nafter these steps:\n{}", plan.full, steps.join("\n"));
        }
    }
}
