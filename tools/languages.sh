#!/usr/bin/env bash
# Installs what examples/languages and the journey through nginx need, where Debian's packages can be had; says so where not. Never fails: the tests skip what is missing.
set -uo pipefail

declare -A needs=(
  ["lua5.4 -e 'require(\"socket.http\")'"]="lua5.4 lua-socket"
  ["echo '#include <curl/curl.h>' | g++ -E -x c++ -"]="g++ libcurl4-openssl-dev"
  ["Rscript -e 'library(curl)'"]="r-base-core r-cran-curl"
  ["curl --version"]="curl"
  ["nginx -v"]="nginx-light"
)
missing=()
for check in "${!needs[@]}"; do
  bash -c "$check" >/dev/null 2>&1 || missing+=(${needs[$check]})
done
((${#missing[@]})) || exit 0

if command -v apt-get >/dev/null && [[ "$(id -u)" == 0 ]]; then
  echo "Installing for the tests: ${missing[*]}." >&2
  log=$(mktemp)
  # RUNLEVEL=1: no service of a package is started (nginx has one).
  if { apt-get update -q && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    rm "$log"
    exit 0
  fi
  tail -3 "$log" >&2
  rm "$log"
fi
echo "Not installed: ${missing[*]}; what needs them is not tried." >&2
