#!/usr/bin/env bash
# `tools/fuzz.sh TARGET_FOLDER NAME [--seconds N]`: libFuzzer on one of the targets of fuzz/corpus, with the stable compiler. What it finds new is
# kept under TARGET_FOLDER; what breaks a reader is written to a file that it names.
set -euo pipefail

out=$1/fuzz
name=${2:-}
seconds=60
if [[ $# -gt 2 ]]; then
  [[ $# == 4 && "$3" == --seconds && "$4" =~ ^[0-9]+$ ]] || { echo "After the target comes --seconds N and nothing else, not '${*:3}'." >&2; exit 1; }
  seconds=$4
fi
if [[ -z "$name" || ! -d "fuzz/corpus/$name" ]]; then
  echo "Name a target: $(ls fuzz/corpus | tr '\n' ' ')(make fuzz ARGS=\"points --seconds 600\")." >&2
  exit 1
fi
command -v g++ >/dev/null || { echo "g++ is missing, which libFuzzer is built with: install it." >&2; exit 1; }
host=$(rustc --print host-tuple)
counters="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
counters="$counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS="--cfg fuzzing $counters" cargo build --release --locked --manifest-path fuzz/Cargo.toml --target-dir "$out" --target "$host"
mkdir -p "$out/found/$name" "$out/broken"
AGNEZ_FUZZ=$name "$out/$host/release/any" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -max_len=65536 \
  -artifact_prefix="$out/broken/$name-" "$out/found/$name" "fuzz/corpus/$name"
