//! The keys that one groups by at first, "average over seed": those in which the runs differ, without the seed.

use crate::server::boards::runs::config_index::KeySpread;
use crate::server::boards::runs::is_seed;
use crate::server::boards::runs::search::RunField;
use crate::server::limits::MAX_GROUP_KEYS;

/// Names of the keys by which runs that differ in their seed only are together. `spreads`: of the `runs` runs. Keys with a value of its
/// own for each of three runs or more, such as paths, make no groups. Of many keys those with the fewest values are proposed.
pub fn proposed_keys(spreads: &[KeySpread], runs: usize) -> Vec<String> {
    let classes = |key: &KeySpread| key.distinct + usize::from(key.runs < runs);
    let divides = |key: &&KeySpread| classes(key) > 1 && (classes(key) < runs || runs < 3) && !is_seed(key.key);
    let mut keys: Vec<_> = spreads.iter().filter(divides).collect();
    keys.sort_by_key(|key| (classes(key), key.key));
    keys.truncate(MAX_GROUP_KEYS);
    keys.into_iter().map(|key| RunField::Config(key.key.to_owned()).to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ValueType;

    #[test]
    fn the_seed_and_what_each_run_has_of_its_own_are_left_out() {
        let spread = |key: &'static str, runs: usize, distinct: usize| KeySpread { key, value_type: ValueType::Number, runs, distinct };
        let spreads = [
            spread("batch", 12, 1),
            spread("lr", 12, 4),
            spread("opt.name", 12, 2),
            spread("opt.warm up", 3, 1),
            spread("out", 12, 12),
            spread("seed", 12, 3),
        ];
        assert_eq!(proposed_keys(&spreads, 12), ["config.opt.name", "config.\"opt.warm up\"", "config.lr"]);
        assert_eq!(proposed_keys(&[spread("lr", 2, 2), spread("seed", 2, 2)], 2), ["config.lr"]);
        let names: Vec<String> = (0..20).map(|at| format!("k{at:02}")).collect();
        let many: Vec<_> = names.iter().map(|key| KeySpread { key, value_type: ValueType::Number, runs: 12, distinct: 2 }).collect();
        assert_eq!(proposed_keys(&many, 12).len(), MAX_GROUP_KEYS);
    }
}
