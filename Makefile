.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

help:   ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: .venv/run   ## set up and show the main job on bundled samples
	@$(BIN)/dispatcher demo

up: .venv/run   ## run everything on this machine: pages, workers, a local mailbox; stays
	@$(BIN)/dispatcher up

test: .venv/dev   ## set up and run every test
	$(BIN)/python -m pytest -n 2 --dist loadgroup

quick: .venv/dev   ## the tests without the slow ones
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow"

check: .venv/dev   ## types, lint, format, floors
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-sources: .venv/dev   ## how fast sources are polled and read, against the bare libraries
	$(BIN)/python benchmarks/polling.py
	$(BIN)/python benchmarks/all_new.py
	$(BIN)/python benchmarks/reading.py

bench-fan-out: .venv/dev   ## what a million deliveries cost, against a bare INSERT … SELECT, on both databases
	$(BIN)/python benchmarks/fan_out.py

bench-topics: .venv/dev   ## how fast a notice is folded, read for sections and matched, against pyahocorasick and a regular expression
	$(BIN)/python benchmarks/matching.py

bench-dkim: .venv/dev   ## what a DKIM signature costs a copy
	$(BIN)/python benchmarks/signatures.py

chaos: .venv/dev   ## kill 200 times what runs, and prove that nobody is lost; SEED=… repeats a run
	$(BIN)/python tests/chaos/run.py

bench-delivery: .venv/dev   ## how fast mail goes out, against Postfix's tools and other ways to send, and how soon a click is answered meanwhile
	PYTHONPATH=tests $(BIN)/python benchmarks/delivery.py
	PYTHONPATH=tests $(BIN)/python benchmarks/one_click.py

lock: .venv/dev   ## pin the dependencies anew, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --universal -p 3.11 pyproject.toml --group build -o requirements.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --universal -p 3.11 pyproject.toml --group build --group dev -o requirements-dev.txt

# The build tools are among the pinned dependencies, so the project is installed without fetching anything unpinned.
.venv/run: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.PHONY: help demo up test quick check bench-sources bench-topics bench-fan-out bench-dkim chaos lock bench-delivery
