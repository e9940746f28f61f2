//! Metrics that count instead of measuring: no chart shows them, and they are suggested as x axis.

/// Last parts of their names.
const COUNTERS: [&str; 7] = ["epoch", "step", "iter", "iteration", "iterations", "global_step", "total_timesteps"];

/// Whether a name is that of a counter.
pub fn is_counter(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    COUNTERS.iter().any(|counter| counter.eq_ignore_ascii_case(last))
}
