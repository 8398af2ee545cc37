# The front door. `make run` and `make test` do all that a fresh Debian machine with Rust needs, packages included.
# Each step says what it is; what cargo and apt say stays quiet unless it matters. `make help` lists what there is.
#
#   UI=no           leaves the admin UI out of the binary: a placeholder page says so
#   TEST_ARGS=…     goes to each file of end-to-end tests, or to the measuring of latency: TEST_ARGS=--nocapture

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.NOTPARALLEL:
.SUFFIXES:

export PATH := $(PATH):$(HOME)/.cargo/bin
BUILT := $(abspath $(or $(CARGO_TARGET_DIR),target))
export FOREBAY_BIN := $(BUILT)/release/forebay
UI ?= yes
TEST_ARGS ?=

CARGO := cargo --quiet
LOCKED := --locked
say = @printf '\033[1m[%s]\033[0m %s …\n' '$(1)' '$(2)'

# What several targets do, once.
ifeq ($(UI),no)
build_ui = echo 'admin UI: left out (UI=no)'
else
build_ui = $(CARGO) run $(LOCKED) -p admin-ui-build || { echo 'The admin UI could not be built; the reason is above. Without it: make $(MAKECMDGOALS) UI=no' >&2; exit 1; }
endif
build_daemon = cargo build $(LOCKED) --release -p forebay
check_format = cargo fmt --all --check || { echo 'Some files are not formatted: run cargo fmt --all' >&2; exit 1; }
check_clippy = $(CARGO) clippy $(LOCKED) --workspace --all-targets -- -D warnings
check_docs = RUSTDOCFLAGS='-D warnings' $(CARGO) doc $(LOCKED) --workspace --no-deps
check_licences = if command -v cargo-deny >/dev/null; then cargo deny --log-level warn check licenses bans sources; else echo 'cargo-deny is not installed: skipped (cargo install --locked cargo-deny)'; fi

.PHONY: help setup setup-test build run test test-faults soak lint bench latency screenshots deb iso test-iso clean

help:
	@echo 'make            builds the release binary, $(FOREBAY_BIN)'
	@echo 'make run        installs what is missing, builds, and runs the demo on 127.0.0.1:8080'
	@echo 'make test       installs what the tests need, then formatting, lints, documents, all tests'
	@echo 'make test-faults  injects each fault at full length, while real players watch'
	@echo 'make soak       half an hour of a channel; memory must not grow'
	@echo 'make setup      what building and running need; make setup-test: what the tests need too'
	@echo 'make lint       formatting, clippy, documents, licences'
	@echo 'make bench      benchmarks'
	@echo 'make latency    measures glass-to-glass latency in real players'
	@echo 'make screenshots  a picture of each page, dark and light, wide and on a phone, in target/screenshots'
	@echo 'make deb        a Debian package, for the Debian that it is made on (see systemd/README.md)'
	@echo 'make iso        the installer image (see iso/README.md)'
	@echo 'make test-iso   installs, updates and breaks the image in emulated machines'
	@echo 'make clean      removes all that was built'

setup:
	@.ci/setup build

setup-test:
	@.ci/setup test

build:
	$(call say,1/3,checking what the build needs)
	@.ci/setup build
	$(call say,2/3,building the admin UI)
	@$(build_ui)
	$(call say,3/3,building the daemon)
	@$(build_daemon)
	@echo 'Built $(FOREBAY_BIN)'

run:
	$(call say,1/4,checking what the build needs)
	@.ci/setup build
	$(call say,2/4,building the admin UI)
	@$(build_ui)
	$(call say,3/4,building the daemon)
	@$(build_daemon)
	$(call say,4/4,running the demo; Ctrl-C ends it)
	@exec $(FOREBAY_BIN) run --demo

test:
	$(call say,1/9,checking what the build and the tests need)
	@.ci/setup test
	$(call say,2/9,checking the formatting)
	@$(check_format)
	$(call say,3/9,building the admin UI)
	@$(build_ui)
	$(call say,4/9,checking with clippy)
	@$(check_clippy)
	$(call say,5/9,checking the documents)
	@$(check_docs)
	$(call say,6/9,running the tests of each crate and of the players)
	@cargo test $(LOCKED) --workspace --exclude e2e
	@cd tests/browser && node --test
	$(call say,7/9,building the daemon)
	@$(build_daemon)
	$(call say,8/9,running the end-to-end tests)
	@cargo test $(LOCKED) -p e2e --doc
	@tests/together.py 2 $(if $(TEST_ARGS),-- $(TEST_ARGS))
	$(call say,9/9,building an image and starting it in an emulated machine; some minutes)
	@iso/test/short.sh $(BUILT)/iso-short $(FOREBAY_BIN)
	@echo 'All tests passed.'

# Files of end-to-end tests that run beside each other.
TOGETHER ?= 3

test-faults: export FOREBAY_CUT_SECONDS ?= 60
test-faults: export FOREBAY_CUTS ?= 20
test-faults: export FOREBAY_KILLS ?= 20
test-faults: export FOREBAY_LOOKS ?= 5
test-faults: export FOREBAY_JUDGE_SECONDS ?= 300
test-faults: build
	$(call say,1/2,checking what the tests need)
	@.ci/setup test
	$(call say,2/2,injecting each fault; a quarter of an hour or so)
	@FOREBAY_VIRTUAL_HOURS=24 cargo test $(LOCKED) -p media --test virtual_day
	@tests/together.py $(TOGETHER) source_faults continuity judge backups drill durability dvr hostile_srt pass_through gpu gpu_nvidia starvation $(if $(TEST_ARGS),-- $(TEST_ARGS))

soak: build
	$(call say,1/2,checking what the tests need)
	@.ci/setup test
	$(call say,2/2,running a channel for half an hour)
	@cargo run $(LOCKED) --quiet -p e2e --bin soak

lint:
	$(call say,1/5,checking the formatting)
	@$(check_format)
	$(call say,2/5,checking with clippy)
	@$(check_clippy)
	$(call say,3/5,checking the documents)
	@$(check_docs)
	$(call say,4/5,checking licences and sources)
	@$(check_licences)
	$(call say,5/5,checking what goes into the image)
	@iso/lint.sh

bench: build
	$(call say,1/5,checking what the measurements need)
	@.ci/setup bench
	$(call say,2/5,what an idle demo channel costs)
	@cargo run $(LOCKED) --quiet -p e2e --bin bench
	$(call say,3/5,what packaging and playlists cost)
	@cargo bench $(LOCKED) --quiet -p media
	$(call say,4/5,what followers of events cost; two minutes)
	@cargo run $(LOCKED) --quiet -p e2e --bin events
	$(call say,5/5,what viewers cost, beside nginx; some minutes)
	@cargo run $(LOCKED) --quiet --release -p e2e --bin load

latency: build
	$(call say,1/2,checking what the tests need)
	@.ci/setup test
	$(call say,2/2,measuring glass-to-glass latency; some minutes)
	@cargo run $(LOCKED) --quiet -p e2e --bin latency

screenshots: build
	$(call say,1/2,checking what the tests need)
	@.ci/setup test
	$(call say,2/2,taking a picture of each page)
	@cargo run $(LOCKED) --quiet -p e2e --bin screenshots

deb: build
	$(call say,1/1,packing the daemon)
	@iso/deb.sh $(FOREBAY_BIN) $(dir $(FOREBAY_BIN))

iso:
	$(call say,1/3,checking what the image needs)
	@.ci/setup build
	@.ci/setup iso
	$(call say,2/3,building the admin UI)
	@$(build_ui)
	$(call say,3/3,making the image)
	@iso/build.sh $(BUILT)/iso
	@echo 'Built $(BUILT)/iso'

# No firmware, and packed quickly: what is tested is the same otherwise.
test-iso: export HARDWARE := no
test-iso: export COMPRESSION := gzip
test-iso:
	$(call say,1/5,checking what the image and its tests need)
	@.ci/setup build
	@.ci/setup iso
	$(call say,2/5,building the admin UI)
	@$(build_ui)
	$(call say,3/5,making the image)
	@iso/build.sh $(BUILT)/iso-test
	$(call say,4/5,making updates for it)
	@iso/test/bundles.sh $(BUILT)/iso-test
	$(call say,5/5,living through its first day; an hour or so)
	@iso/test/run.py $(BUILT)/iso-test $(TEST_ARGS)

clean:
	@cargo clean
	@rm -rf admin-ui/dist tests/browser/node_modules
