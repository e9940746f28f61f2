# Two commands: `make run` and `make test`. Everything else is a part of them; `make help` lists it.
# Needed: Rust (rustup's stable, 1.95), gcc, make, Node 20 with npm; for `make test` Python 3.11 too. The rest is installed below.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
# One cargo at a time: two would only wait for each other.
.NOTPARALLEL:
.DEFAULT_GOAL := help

TARGET := $(or $(CARGO_TARGET_DIR),target)
PYTHON ?= python3
WASM_TARGET := wasm32-unknown-unknown
WASM := $(TARGET)/$(WASM_TARGET)/wasm/agnez.wasm
BINDGEN := $(TARGET)/tools/debug/bindgen
BINARY := $(TARGET)/release/agnez
# Panics name their place in the source: without the folders of the machine that built them. Names of functions have all of their types:
# wasm-opt sorts functions by name, and like then stands by like (4 KB).
WASM_RUSTFLAGS := CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-C symbol-mangling-version=v0 --remap-path-prefix=$(CURDIR)/= --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)/registry/src/=crates/"
# What is released: static binaries, which run on every distribution.
LINUX := x86_64-unknown-linux-musl aarch64-unknown-linux-musl
HYDRATE := --lib --target $(WASM_TARGET) --no-default-features --features hydrate

# What the page is made of: SOURCES in build.rs.
SITE_SOURCES := Cargo.toml Cargo.lock tools/site.mjs tools/budget.json $(shell find src raster style public -mindepth 1 \( -path src/server -o -path src/main.rs \) -prune -o -print) raster style public

# Stamps: made when the step has succeeded, so that an interrupted one is done again.
SITE := target/site.stamp
TOOLS := tools/node_modules/.stamp
END2END := end2end/node_modules/.stamp
VENV := target/venv/.stamp
LINT := target/lint/.stamp
API := target/api/.stamp
DIST := target/dist-tools/.stamp
CLIENT := target/venv/.client.stamp

# Seen from python/, whose pyproject.toml has the rules.
PYTHON_FILES := . ../examples

# What the browser tests need to know.
E2E = CHROMIUM="$$(tools/chromium.sh)"; export CHROMIUM AGNEZ_BIN="$(abspath $(BINARY))" AGNEZ_PYTHON="$(abspath target/venv/bin/python)"; cd end2end

##@ The two commands
.PHONY: run test
run: build ## build what is missing, then serve http://localhost:3000 (make run ARGS="--port 4000")
	@exec $(BINARY) $(ARGS)

test: check build api python e2e torture ## everything that CI runs, the browser tests included

##@ Parts
.PHONY: build install watch site check fmt clippy unit doc api fuzz python lint e2e types screens bench torture wheel release outdated clean help FORCE
build: site ## the release binary, target/release/agnez, with the site inside
	@cargo build --release --locked

watch: $(BINDGEN) $(TOOLS) ## development: builds without optimisation, serves, and does so again after each change (make watch ARGS="--port 4000")
	@exec node tools/watch.mjs $(BINDGEN) $(ARGS)

install: site ## the program on your PATH, in ~/.cargo/bin
	cargo install --locked --path .

site: $(SITE) ## the page's code and style, optimised and compressed, within the size budget

check: fmt lint clippy unit doc ## format, lints and types of Rust and Python, unit and server tests, documentation; no browser

# fuzz/ is a workspace of its own: its lock file must follow Cargo.toml.
fmt:
	cargo fmt --all --check
	cargo metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml >/dev/null

lint: $(LINT) ## format, lints and types of the Python files
	cd python && $(abspath target/lint/bin/ruff) format --quiet --check --config pyproject.toml $(PYTHON_FILES)
	cd python && $(abspath target/lint/bin/ruff) check --quiet --config pyproject.toml $(PYTHON_FILES)
	cd python && $(abspath target/lint/bin/mypy) --no-error-summary

clippy: rust-wasm
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked $(HYDRATE) -- -D warnings

unit: ## unit tests and the server's tests (tests/it)
	cargo test --locked --workspace

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items

api: build $(API) ## the server by its own description, /openapi.json (schemathesis)
	@AGNEZ_BIN="$(abspath $(BINARY))" tools/api.sh target/api $(ARGS)

fuzz: ## look for bytes that break a reader, with libFuzzer: make fuzz ARGS="points --seconds 600"; g++ is needed
	@tools/fuzz.sh $(TARGET) $(ARGS)

python: build $(CLIENT) ## the Python client's tests against the server (make python ARGS="-k fork")
	@tools/languages.sh
	cd python && AGNEZ_BIN="$(abspath $(BINARY))" $(abspath target/venv/bin/python) -m pytest $(ARGS)

e2e: build types $(VENV) ## the journeys in end2end/, in Chromium (make e2e ARGS=live.spec.ts)
	@tools/languages.sh
	@$(E2E); npx playwright test $(ARGS)

types: $(END2END)
	cd end2end && npx tsc --noEmit

screens: build $(END2END) $(VENV) ## screenshots to look at: end2end/results/*.png; docs/screenshot.png and docs/comparison.png for the README
	@$(E2E); SCREENSHOTS=1 npx playwright test screens.spec.ts digits.spec.ts sweep.spec.ts

bench: build $(END2END) ## the figures in docs/performance.md; AGNEZ_BENCH_POINTS=1e8 adds a series of that length (350 MB of disk)
	cargo bench --locked
	@$(E2E); node bench/paint.mjs; node bench/charts.mjs; node bench/drawings.mjs; node bench/boards.mjs; node bench/runs.mjs
	@node tools/site.mjs $(WASM) $(BINDGEN)

torture: build ## what docs/promises.md claims, tried against the program (make torture ARGS="--minutes 30 --seed 7 --only crash,dropped_connections")
	@AGNEZ_BIN="$(abspath $(BINARY))" cargo run --quiet --locked --example torture -- $(ARGS)

wheel: site $(DIST) ## the wheel with the program inside, tried in an empty environment: target/dist/*.whl
	tools/dist.sh target/dist-tools $(firstword $(LINUX))
	target/dist-tools/bin/python tools/wheel/check.py "$$(ls -t target/dist/agnez-*x86_64*.whl | head -1)"

release: outdated wheel ## wheels and static binaries for Linux on x86-64 and ARM, with SHA256SUMS: target/dist
	tools/dist.sh target/dist-tools $(lastword $(LINUX))
	cd target/dist && sha256sum *.whl *.tar.gz > SHA256SUMS && cat SHA256SUMS

# Files of an earlier version would get into SHA256SUMS.
outdated:
	rm -f target/dist/*.whl target/dist/*.tar.gz target/dist/SHA256SUMS

clean: ## remove everything that was built or installed here
	rm -rf target $(TARGET) tools/node_modules end2end/node_modules end2end/results

help:
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Cargo knows best whether it must be built; the file's time tells the rest.
$(WASM): rust-wasm FORCE
	@$(WASM_RUSTFLAGS) cargo build $(HYDRATE) --profile wasm --locked

$(BINDGEN): tools/bindgen/Cargo.toml tools/bindgen/Cargo.lock tools/bindgen/src/main.rs | rust-wasm
	cargo build --manifest-path tools/bindgen/Cargo.toml --target-dir $(TARGET)/tools --locked
	@touch $@

$(SITE): $(WASM) $(BINDGEN) $(TOOLS) $(SITE_SOURCES)
	node tools/site.mjs $(WASM) $(BINDGEN)
	@touch $@

$(TOOLS) $(END2END): %/node_modules/.stamp: %/package.json %/package-lock.json
	@tools/need.sh node
	cd $* && npm ci
	@touch $@

$(VENV): end2end/requirements.txt
	@PYTHON=$(PYTHON) tools/need.sh python
	$(PYTHON) -m venv --clear target/venv
	target/venv/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(LINT): python/requirements-lint.txt
	@PYTHON=$(PYTHON) tools/need.sh python
	$(PYTHON) -m venv --clear target/lint
	target/lint/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(DIST): tools/wheel/requirements.txt
	@PYTHON=$(PYTHON) tools/need.sh python
	$(PYTHON) -m venv --clear target/dist-tools
	target/dist-tools/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(API): tests/api/requirements.txt
	@PYTHON=$(PYTHON) tools/need.sh python
	$(PYTHON) -m venv --clear target/api
	target/api/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(CLIENT): $(VENV) python/requirements-test.txt python/pyproject.toml $(shell find python/src -name '*.py')
	target/venv/bin/python -m pip install --quiet --disable-pip-version-check -r python/requirements-test.txt
	# What an earlier build has left there would be installed again.
	rm -rf python/build
	target/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall ./python
	@touch $@

.PHONY: rust-wasm
rust-wasm:
	@tools/need.sh rust

FORCE:
