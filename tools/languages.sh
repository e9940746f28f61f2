#!/usr/bin/env bash
# Installs what examples/languages needs, where Debian's packages can be had; says so where not. Never fails: the tests skip what is missing.
set -uo pipefail

declare -A needs=(
  ["lua5.4 -e 'require(\"socket.http\")'"]="lua5.4 lua-socket"
  ["echo '#include <curl/curl.h>' | g++ -E -x c++ -"]="g++ libcurl4-openssl-dev"
  ["Rscript -e 'library(curl)'"]="r-base-core r-cran-curl"
  ["curl --version"]="curl"
)
missing=()
for check in "${!needs[@]}"; do
  bash -c "$check" >/dev/null 2>&1 || missing+=(${needs[$check]})
done
((${#missing[@]})) || exit 0

if command -v apt-get >/dev/null && [[ "$(id -u)" == 0 ]]; then
  echo "Installing for the examples: ${missing[*]}." >&2
  log=$(mktemp)
  if { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    rm "$log"
    exit 0
  fi
  tail -3 "$log" >&2
  rm "$log"
fi
echo "Not installed: ${missing[*]}; the examples that need them are not tried." >&2
