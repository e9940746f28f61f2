#!/usr/bin/env bash
# `tools/api.sh VENV [options of schemathesis]`: starts the server that AGNEZ_BIN names on a free port, and asks it by its own description.
# The same requests in every run.
set -euo pipefail

venv=$(realpath "$1")
shift
work=$(mktemp -d)
"$AGNEZ_BIN" --port 0 --data "$work/data" >"$work/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$work"' EXIT
port=
for _ in $(seq 200); do
  port=$(grep -oE 'http://localhost:[0-9]+' "$work/log" | head -1 | grep -oE '[0-9]+$' || true)
  [[ -z "$port" ]] || break
  sleep 0.1
done
if [[ -z "$port" ]]; then
  echo "The server did not start within 20 s; its log says:" >&2
  cat "$work/log" >&2
  exit 1
fi
# Links are made by those who show a token.
token=$("$AGNEZ_BIN" token new --data "$work/data" | grep -oE 'agz_[A-Za-z0-9_-]+' | head -1)
config=$(realpath tests/api/schemathesis.toml)
# What it leaves behind goes with the folder.
cd "$work"
# /events never ends, so each request to it would cost its whole patience: tests/it/live.rs reads it.
"$venv/bin/schemathesis" --config-file "$config" run "http://127.0.0.1:$port/openapi.json" --exclude-path /events -H "Authorization: Bearer $token" \
  --checks all --phases coverage,fuzzing --max-examples 5 --generation-deterministic --request-timeout 20 \
  --suppress-health-check all --warnings off "$@"
