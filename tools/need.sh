#!/usr/bin/env bash
# `tools/need.sh rust|node|python`: is it there, and new enough? Says in one sentence what is missing.
set -euo pipefail

missing() {
  echo "$1" >&2
  exit 1
}

case "$1" in
  rust)
    command -v cargo >/dev/null || missing "cargo is missing: install Rust 1.95 or newer with rustup (https://rustup.rs)."
    command -v cc >/dev/null || missing "A C compiler is missing (SQLite is built from source): install gcc."
    target=wasm32-unknown-unknown
    if [[ ! -d "$(rustc --print target-libdir --target "$target")" ]]; then
      command -v rustup >/dev/null || missing "Rust's target $target is missing, and rustup, which would add it: install the target as your Rust was installed."
      rustup target add "$target"
    fi
    ;;
  node)
    command -v node >/dev/null || missing "node is missing: install Node 20 or newer."
    command -v npm >/dev/null || missing "npm is missing: install it beside Node."
    node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || missing "Node is too old ($(node --version)): install Node 20 or newer."
    ;;
  python)
    command -v "$PYTHON" >/dev/null || missing "$PYTHON is missing: install Python 3.11 or newer (or say PYTHON=...)."
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || missing "Python's venv module is missing: install python3-venv."
    ;;
esac
