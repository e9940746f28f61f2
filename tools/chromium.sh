#!/usr/bin/env bash
# Prints the path of a Chromium for the browser tests: $CHROMIUM, the system's, else one that it installs.
set -euo pipefail
cd "$(dirname "$0")/../end2end"

if [[ -n "${CHROMIUM:-}" ]]; then
  [[ -x "$CHROMIUM" ]] || { echo "CHROMIUM=$CHROMIUM is not a program." >&2; exit 1; }
  echo "$CHROMIUM"
  exit
fi

on_path() {
  command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable
}

own() {
  node --input-type=commonjs -e 'process.stdout.write(require("playwright-core").chromium.executablePath())'
}

if on_path; then exit; fi
if [[ -x "$(own)" ]]; then own; exit; fi
if command -v apt-get >/dev/null && [[ "$(id -u)" == 0 ]]; then
  echo "Installing Debian's chromium for the browser tests." >&2
  if { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium; } >&2 && on_path; then exit; fi
fi
echo "Installing Playwright's chromium for the browser tests." >&2
if npx playwright install chromium >&2; then own; exit; fi
echo "No Chromium was found or could be installed: install one, or name it with CHROMIUM=/path/to/it." >&2
exit 1
