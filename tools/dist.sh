#!/usr/bin/env bash
# `tools/dist.sh TOOLS TARGET`: builds the wheel and the archive of one Rust target into target/dist. The site must be built.
# TOOLS is the environment of tools/wheel/requirements.txt. Linux targets are musl ones: the binary is static and runs on every
# distribution, so that one wheel has the tags of glibc and of musl. Zig is the C compiler and linker of all of them.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$(realpath "$1")
target=$2
dist=target/dist
bin=$tools/bin
[[ -d $bin ]] || bin=$tools/Scripts

compgen -G 'target/site/pkg/agnez*.js' >/dev/null || { echo "The site is not built: run 'make site' first." >&2; exit 1; }
rustup target add "$target" 2>/dev/null || { echo "Rust's target $target cannot be added; rustup is needed." >&2; exit 1; }

flags=(--release --locked --target "$target" --out "$dist")
suffix=
case $target in
  *-linux-musl) flags+=(--zig --compatibility manylinux2014 musllinux_1_1) ;;
  *-windows-*) suffix=.exe ;;
esac
# Panics name their place in the source: without the folders of the machine that built them.
remap="--remap-path-prefix=$PWD/= --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src/=crates/"
export "CARGO_TARGET_$(tr a-z- A-Z_ <<<"$target")_RUSTFLAGS=$remap"
mkdir -p "$dist"
# Zig is found on the path.
PATH="$bin:$PATH" "$bin/maturin" build "${flags[@]}"

# The container file takes its folders and its binary from here, the latter under the names that Docker has for architectures.
mkdir -p "$dist"/folders/{data,tmp}
chmod 700 "$dist/folders/data"
chmod 1777 "$dist/folders/tmp"
case $target in
  x86_64-*-linux-*) folder=linux-amd64 ;;
  aarch64-*-linux-*) folder=linux-arm64 ;;
  *) folder=$target ;;
esac
mkdir -p "$dist/$folder"
cp "${CARGO_TARGET_DIR:-target}/$target/release/agnez$suffix" LICENSE README.md "$dist/$folder"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
tar -czf "$dist/agnez-$version-$target.tar.gz" -C "$dist/$folder" "agnez$suffix" LICENSE README.md
ls -l "$dist/agnez-$version-$target.tar.gz"
