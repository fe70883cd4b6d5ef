# One command each, from a fresh clone: `make demo`, `make test`. `make help` lists the rest.

VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

# The first interpreter that is new enough; name your own with PYTHON=.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c '$(NEW_ENOUGH)' 2>/dev/null && { echo "$$python"; break; }; done)

PIP := -m pip --disable-pip-version-check --no-input install --quiet
LOCK := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command 'make lock'

# Every branch of these is run by a test; the rest has the floor in pyproject.toml.
PROVEN := */flyball/core/*,*/flyball/ports.py,*/flyball/controller.py
PROVEN := $(PROVEN),*/flyball/observe.py,*/flyball/reconcile.py,*/flyball/seen.py,*/flyball/wake.py
PROVEN := $(PROVEN),*/flyball/quiet.py,*/flyball/recall.py,*/flyball/lease.py,*/flyball/scribe.py

# Its libraries are of other versions than ours, so it has an environment of its own.
SAM := $(abspath .venv-sam)/bin/sam

LOAD := .venv-load/bin/python -m pytest

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check format format-check lint types contracts docs tests coverage \
	e2e-aws e2e-gcp demo-aws build-aws template bench bench-backtest bench-fleet bench-tune bench-forecast \
	bench-cold bench-cold-gcp bench-warm loadtest quality reference cost lock changelog clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.demo-ready ## install, then replay a day of traffic (ARGS="--trace FILE")
	$(BIN)/flyball demo $(ARGS)

test: check ## install, then run every check

check: format-check lint types contracts docs template tests coverage loadtest e2e-aws e2e-gcp ## the gate: all of these

format-check: $(VENV)/.dev-ready ## is every file formatted?
	$(BIN)/ruff format --check .

lint: $(VENV)/.dev-ready ## does every file keep the rules?
	$(BIN)/ruff check .

types: $(VENV)/.dev-ready ## do the types hold?
	$(BIN)/mypy

contracts: $(VENV)/.dev-ready ## do imports point inwards?
	$(BIN)/lint-imports --no-logo

docs: $(VENV)/.dev-ready ## do links resolve, is every command and key documented?
	$(BIN)/python -m pytest -q tests/architecture/test_docs.py tests/architecture/test_reference.py
	$(BIN)/towncrier build --draft --version next >/dev/null

tests: $(VENV)/.dev-ready ## run the tests (ARGS="-k name")
	$(BIN)/python -m pytest -n auto --cov --cov-report= --cov-fail-under=0 $(ARGS)

template: $(VENV)/.dev-ready .venv-sam/.ready .venv-scan/.ready ## is the template of AWS valid and safe?
	AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0 $(SAM) validate --lint
	$(BIN)/python -m deploy.aws.transform --out build/template.json 2>/dev/null
	.venv-scan/bin/checkov --framework cloudformation --skip-download --compact --quiet \
		--file template.yaml build/template.json

e2e-aws: $(VENV)/.dev-ready .venv-sam/.ready ## deploy to a local AWS, and run it end to end
	FLYBALL_SAM="$(SAM)" $(BIN)/python -m pytest -n 2 --dist loadfile -m e2e tests/aws $(ARGS)

e2e-gcp: $(VENV)/.dev-ready ## run what Google Cloud runs among its emulators, end to end
	$(BIN)/python -m pytest -n 2 --dist loadfile -m e2e -rs tests/gcp $(ARGS)

demo-aws: $(VENV)/.dev-ready .venv-sam/.ready ## deploy to a local AWS, and replay a rush there (ARGS="--trace FILE")
	@FLYBALL_SAM="$(SAM)" $(BIN)/python -m tests.aws.demo $(ARGS)

build-aws: $(VENV)/.dev-ready .venv-sam/.ready ## build what `sam deploy` deploys
	PYTHON="$(abspath $(BIN))/python" SAM_CLI_TELEMETRY=0 $(SAM) build $(ARGS)

coverage: $(VENV)/.dev-ready ## was every branch that matters run by the last tests?
	$(BIN)/python -m coverage report
	$(BIN)/python -m coverage report --include='$(PROVEN)' --fail-under=100

format: $(VENV)/.dev-ready ## format every file, and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: $(VENV)/.dev-ready ## write docs/config.md and docs/commands.md from the program
	$(BIN)/python docs/reference.py

cost: $(VENV)/.dev-ready ## write docs/aws-cost.md and gcp-cost.md: live through months, priced
	$(BIN)/python docs/cost.py

lock: .venv-lock/bin/uv ## pin every dependency again, with hashes
	$(LOCK) pyproject.toml --group dev --output-file requirements/dev.txt $(ARGS)
	$(LOCK) pyproject.toml --group build --constraints requirements/dev.txt \
		--output-file requirements/demo.txt
	$(LOCK) --group aws-function --constraints requirements/dev.txt \
		--output-file requirements/aws-function.txt
	$(LOCK) --group sam --output-file requirements/sam.txt $(ARGS)
	$(LOCK) --group scan --output-file requirements/scan.txt $(ARGS)
	$(LOCK) --group gcp-function --output-file requirements/gcp-function.txt $(ARGS)
	$(LOCK) pyproject.toml --group build --group bench --output-file requirements/bench.txt $(ARGS)
	$(LOCK) pyproject.toml --group build --group load --output-file requirements/load.txt $(ARGS)

bench: .venv-bench/.ready ## measure one decision against Ray Serve's, and the controller on SQLite
	.venv-bench/bin/python -m tests.bench $(ARGS)

bench-backtest: $(VENV)/.dev-ready ## measure a backtested year beside a plain autoscaler's (ARGS=365)
	$(BIN)/python -m tests.bench.backtest $(ARGS)

bench-fleet: $(VENV)/.dev-ready ## measure many endpoints on 1, 2 and 4 cores (ARGS="1000 14 4")
	$(BIN)/python -m tests.bench.fleet $(ARGS)

bench-tune: $(VENV)/.dev-ready ## measure how many points a search tries a minute on 1, 2 and 4 cores
	$(BIN)/python -m tests.bench.tune $(ARGS)

quality: $(VENV)/.dev-ready ## measure what the policies cost, on recorded traffic too (TRACES="a.csv b.csv")
	$(BIN)/python -m tests.quality $(TRACES)

bench-forecast: .venv-forecast/.ready ## hold our forecasts against statsforecast's (TRACES="a.csv b.csv"), half an hour
	.venv-forecast/bin/python -m tests.quality.forecast $(TRACES)

# Exit code 5 of pytest: ARGS has chosen none of these tests.
loadtest: .venv-load/.ready ## load a real model server, hold what is found against wrk or hey, run a sized fleet
	$(LOAD) -n 3 -m "not alone" tests/sizing $(ARGS) || test $$? -eq 5
	$(LOAD) -m alone tests/sizing $(ARGS) || test $$? -eq 5

bench-cold: $(VENV)/.dev-ready .venv-sam/.ready ## measure a function's cold start under Lambda's runtime
	FLYBALL_SAM="$(SAM)" $(BIN)/python -m tests.bench.cold

bench-cold-gcp: $(VENV)/.dev-ready ## measure a function's cold start under functions-framework
	$(BIN)/python -m tests.bench.cold_gcp $(ARGS)

bench-warm: $(VENV)/.dev-ready ## measure our own time in a decision on AWS, calls excluded
	$(BIN)/python -m tests.bench.warm

changelog: $(VENV)/.dev-ready ## show the changelog of what is not released yet
	$(BIN)/towncrier build --draft --version next

clean: ## remove environments, caches and builds
	rm -rf .venv .venv-* .aws-sam build dist htmlcov .coverage* .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache

# --- environments: a stamp says that what it depends on is installed ------------

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo "Flyball needs Python 3.11 or newer, and none was found." >&2; \
		echo "Install it (Debian: apt install python3 python3-venv)," >&2; \
		echo "or name it: make demo PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' || { \
		echo "Flyball needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" --version 2>&1)." >&2; \
		echo "Name another: make demo PYTHON=python3.12" >&2; exit 1; }
	@echo "Making $(VENV) with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.demo-ready: requirements/demo.txt pyproject.toml | $(BIN)/python
	@echo "Installing $$(grep -c '==' requirements/demo.txt) packages into $(VENV), by hash"
	@$(BIN)/python $(PIP) --require-hashes -r requirements/demo.txt
	@$(BIN)/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev-ready: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing $$(grep -c '==' requirements/dev.txt) packages into $(VENV), by hash"
	@$(BIN)/python $(PIP) --require-hashes -r requirements/dev.txt
	@$(BIN)/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.demo-ready $@

# Half a gigabyte, so never beside what the demo and the checks need.
.venv-bench/.ready: requirements/bench.txt pyproject.toml | $(BIN)/python
	@test -x .venv-bench/bin/python || $(BIN)/python -m venv --clear .venv-bench
	@echo "Installing $$(grep -c '==' requirements/bench.txt) packages into .venv-bench, by hash"
	@.venv-bench/bin/python $(PIP) --require-hashes -r requirements/bench.txt
	@.venv-bench/bin/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

# Half a gigabyte too; what a user gets by the extra, so no lock pins it.
.venv-forecast/.ready: pyproject.toml | $(BIN)/python
	@test -x .venv-forecast/bin/python || $(BIN)/python -m venv --clear .venv-forecast
	@.venv-forecast/bin/python $(PIP) --editable '.[forecast]'
	@touch $@

# A quarter of a gigabyte with scikit-learn, and Locust makes sockets over: likewise.
.venv-load/.ready: requirements/load.txt pyproject.toml | $(BIN)/python
	@test -x .venv-load/bin/python || $(BIN)/python -m venv --clear .venv-load
	@echo "Installing $$(grep -c '==' requirements/load.txt) packages into .venv-load, by hash"
	@.venv-load/bin/python $(PIP) --require-hashes -r requirements/load.txt
	@.venv-load/bin/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv-sam/.ready: requirements/sam.txt | $(BIN)/python
	@test -x .venv-sam/bin/python || $(BIN)/python -m venv --clear .venv-sam
	@echo "Installing $$(grep -c '==' requirements/sam.txt) packages into .venv-sam, by hash"
	@.venv-sam/bin/python $(PIP) --no-deps --require-hashes -r requirements/sam.txt
	@touch $@

.venv-scan/.ready: requirements/scan.txt | $(BIN)/python
	@test -x .venv-scan/bin/python || $(BIN)/python -m venv --clear .venv-scan
	@echo "Installing $$(grep -c '==' requirements/scan.txt) packages into .venv-scan, by hash"
	@.venv-scan/bin/python $(PIP) --no-deps --require-hashes -r requirements/scan.txt
	@touch $@

.venv-lock/bin/uv: | $(BIN)/python
	@$(BIN)/python -m venv --clear .venv-lock
	@.venv-lock/bin/python $(PIP) uv==0.13.8
