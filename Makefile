# Every command of Holdfast. `make` alone lists them.

# Builds are kept outside the checkout, so that every checkout on a machine shares them.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/holdfast
export CARGO_TARGET_DIR ?= $(CACHE)/target
export TOOLS_FOLDER := $(CACHE)/tools
export STEPS_FOLDER := $(CACHE)/steps

export PATH := $(HOME)/.cargo/bin:$(CURDIR)/end2end/node_modules/.bin:$(TOOLS_FOLDER)/python/bin:$(PATH)

DEMO_FOLDER := demo-data
RELEASE := $(CARGO_TARGET_DIR)/release/holdfast
# For the demo and the tests: quickly built, with optimisation where it pays. `make build` makes what is installed.
PROGRAM := $(CARGO_TARGET_DIR)/debug/holdfast

.PHONY: help demo clean-demo run dev test quick check unit browser bench proof fuzz audit time-demo build release sbom pictures fixture \
	machine tools wasm bundle site hooks program tests test-tools dev-tools fuzz-tools audit-tools sbom-tools release-tools

help:
	@echo 'make demo        try Holdfast: everything embedded, with a sample project that is backed up every minute'
	@echo 'make clean-demo  remove what the demo made'
	@echo 'make run         start Holdfast empty, with the first-run page'
	@echo 'make dev         the same with live reload, for development'
	@echo 'make test        install what is missing and run every check and test'
	@echo 'make quick       what finds most mistakes within minutes: checks, unit tests, the HTTP tests on SQLite'
	@echo 'make check       formatting and lints alone'
	@echo 'make unit        the tests without the browser'
	@echo 'make browser     the browser tests alone'
	@echo 'make bench       the benchmarks, as tables'
	@echo 'make proof       what takes long and proves much: a backup that is killed 50 times'
	@echo 'make time-demo   how long make demo and make test take from empty caches, step by step'
	@echo 'make build       the executable to install, optimised, with everything inside'
	@echo 'make release     an archive and a container image of it, with checksums and bills of materials'
	@echo 'make fuzz        a million inputs for each thing that reads what people type; FUZZ_CASES=… for another number'
	@echo 'make pictures    the pictures of the README, from the demo'
	@echo 'make fixture     the databases of this version, for the tests of later ones; see server/tests/fixtures'
	@echo 'make sbom        the bill of materials of a build, beside the executable'
	@echo 'make audit       known vulnerabilities, licences and origins of everything that is used; asks the network'

# What is compiled for this machine.
TESTED := --workspace --exclude frontend
BUILD_STEPS := 'machine=Look at the machine' 'tools=Install what the build needs' 'wasm=Compile the pages for the browser' \
	'bundle=Put the site together' 'program=Compile the program'

demo:
	@.ci/steps $(BUILD_STEPS)
	@$(PROGRAM) demo --folder $(DEMO_FOLDER)

clean-demo:
	rm -rf $(DEMO_FOLDER)

run:
	@.ci/steps $(BUILD_STEPS)
	@$(PROGRAM) serve

machine:
	@.ci/machine

# The browser's half in target/site, bound, optimised and compressed. A release executable takes it in.
BUNDLE := frontend/bundle/Cargo.toml
WASM := $(CARGO_TARGET_DIR)/wasm32-unknown-unknown/wasm-release/frontend.wasm
wasm:
	cargo build --package frontend --target wasm32-unknown-unknown --profile wasm-release
bundle:
	cargo run --quiet --manifest-path $(BUNDLE) -- $(WASM) style public target/site
site: machine tools wasm bundle
# The hooks of the browser's half by themselves, for their tests.
hooks:
	cargo build --package frontend --example hooks --target wasm32-unknown-unknown --profile wasm-release
	cargo run --quiet --manifest-path $(BUNDLE) -- $(dir $(WASM))examples/hooks.wasm target/hooks

# With an example, because then the features are those of the tests, and nothing is built twice.
program:
	cargo build $(TESTED) --bin holdfast --example embedded-s3-server

build: site
	cargo build --release --package server --bin holdfast

# For the architecture of this machine, in $CARGO_TARGET_DIR/dist.
release: build sbom release-tools
	.ci/release $(RELEASE) $(CARGO_TARGET_DIR)/dist

# As the lock files have it, for the targets of this machine and of browsers, without what only tests need. The program
# writes beside each manifest. The packages of npm build the styles and run the browser tests; nothing of them is shipped.
SBOM := cargo cyclonedx --quiet --format json --spec-version 1.5
sbom: sbom-tools
	mkdir -p $(dir $(RELEASE))
	$(SBOM) && mv server/server.cdx.json $(RELEASE).cdx.json
	$(SBOM) --target wasm32-unknown-unknown && mv frontend/frontend.cdx.json $(RELEASE)-browser.cdx.json
	cd end2end && npm sbom --package-lock-only --sbom-format cyclonedx > $(RELEASE)-npm.cdx.json
	find app frontend migration server -name '*.cdx.json' -delete

dev: tools dev-tools
	cargo leptos watch

test:
	@.ci/steps 'machine=Look at the machine' 'tools=Install what the build needs' 'test-tools=Install what the tests need' \
		'check=Formatting and lints' 'wasm=Compile the pages for the browser' 'bundle=Put the site together' \
		'tests=Compile the tests' 'unit=Tests without the browser' 'browser=Tests in the browser'

# Before each commit; `make test` before a change is handed in. Without what takes long by its nature: the engine against real
# services, the browser, and a hundred thousand hostile requests.
quick: tools
	cargo fmt --all --check
	cargo clippy $(TESTED) --all-targets -- -D warnings
	cargo test --quiet $(TESTED) --lib --bins
	RUST_TEST_THREADS=12 cargo test --quiet $(TESTED) --test http -- sqlite:: --skip hostile::

# The browser's half is checked as it is built: alone, for its own target.
check: tools
	cargo fmt --all --check
	cargo fmt --manifest-path $(BUNDLE) --check
	cargo clippy --workspace --exclude frontend --all-targets -- -D warnings
	cargo clippy -p frontend --lib --examples --target wasm32-unknown-unknown --profile wasm-release -- -D warnings
	cargo clippy --manifest-path $(BUNDLE) --all-targets -- -D warnings

tests:
	cargo test $(TESTED) --no-run

# Most tests wait most of the time: for S3, for a schedule's second, for a lease to run out.
unit: test-tools
	RUST_TEST_THREADS=6 cargo test $(TESTED)
	cargo test --quiet --manifest-path $(BUNDLE)

# The S3 server of the stories is a program of its own, so that a story can stop it.
browser: test-tools site hooks
	cargo build $(TESTED) --bins --examples
	cd end2end && npx tsc --noEmit && npx playwright test

# Files in memory, where there is one: a disk would be measured more than the programs.
BENCH_FOLDER ?= $(or $(wildcard /dev/shm),/tmp)
bench: test-tools
	cargo bench -p server --bench lists --bench dashboard --bench schedules --bench retention --bench nodes
	HOLDFAST_BENCH_FOLDER=$(BENCH_FOLDER) cargo bench -p engine --bench restic

# What `make test` does a few times is done often here.
proof: test-tools
	HOLDFAST_KILL_TRIALS=50 cargo test $(TESTED) --test engine whatever_is_killed -- --nocapture
	cargo test $(TESTED) --test memory a_folder_with_a_million_files_fits -- --ignored --nocapture

time-demo:
	@.ci/time-demo demo test

# The compiler's own instrumentation, without a sanitizer: there is no unsafe code to watch. What finds something new is
# worked on in a folder of its own; the corpus that is kept was made small with `cargo fuzz cmin`.
FUZZ_CASES ?= 1000000
FUZZ_TARGETS := cron retention patterns endpoint list_query form
FUZZ := RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/fuzz cargo fuzz
fuzz: fuzz-tools
	@set -e; for target in $(FUZZ_TARGETS); do \
		mkdir -p $(CARGO_TARGET_DIR)/fuzz/corpus/$$target; \
		echo "== $$target"; \
		$(FUZZ) run --fuzz-dir server/fuzz --sanitizer none $$target \
			$(CARGO_TARGET_DIR)/fuzz/corpus/$$target server/fuzz/corpus/$$target \
			-- -runs=$(FUZZ_CASES) -timeout=10 -max_len=2000 -verbosity=0 -print_final_stats=1; \
	done

# From a release build, as a newcomer sees it.
pictures: build test-tools
	cd end2end && npx tsc --noEmit && HOLDFAST_BINARY=$(RELEASE) npx playwright test --config pictures.config.ts

# Once for each version, from the commit that is released: what is there already is never made anew.
VERSION := v$(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
fixture: test-tools
	test ! -e server/tests/fixtures/$(VERSION)
	HOLDFAST_FIXTURE=$(VERSION) cargo test -p server --test http fixtures::leaves

# Apart from the tests, since what is known of vulnerabilities changes without any change here.
audit: audit-tools
	cargo deny check
	cd end2end && npm audit

tools:
	@.ci/tools build

test-tools:
	@.ci/tools test

dev-tools:
	@.ci/tools dev

fuzz-tools:
	@.ci/tools fuzz

audit-tools:
	@.ci/tools audit

sbom-tools:
	@.ci/tools sbom

release-tools:
	@.ci/tools release
