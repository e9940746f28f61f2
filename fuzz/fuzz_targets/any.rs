//! One program for all targets: `AGNEZ_FUZZ` names the one that is meant. What they ask stands in `src/server/testing/fuzz_targets.rs`.
#![no_main]

use std::sync::LazyLock;

use agnez::server::testing::fuzz_targets::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("AGNEZ_FUZZ").unwrap_or_default();
    let known = TARGETS.iter().find(|(known, _)| *known == name);
    known.unwrap_or_else(|| panic!("AGNEZ_FUZZ must name a folder of fuzz/corpus, not '{name}'")).1
});

fuzz_target!(|data: &[u8]| TARGET(data));
