# `make run` and `make test` are all the set-up there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check format bench bench-scan fuzz lock demo-files allowlist clean
.DEFAULT_GOAL := run

run: $(VENV)/run.stamp
	@$(BIN)/ringfence scan
	@scripts/next-steps

test: $(VENV)/dev.stamp
	@scripts/install-test-needs
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n 2

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check src tests scripts bench
	$(BIN)/ruff check src tests scripts bench
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix src tests scripts bench
	$(BIN)/ruff format src tests scripts bench

bench: $(VENV)/dev.stamp
	$(BIN)/python -m bench

# ringfence and four other scanners over the same files; ARGS=--quick for a tenth of them.
bench-scan: $(VENV)/dev.stamp
	$(BIN)/python -m bench.scan $(ARGS)

fuzz: $(VENV)/dev.stamp
	scripts/fuzz

lock:
	scripts/lock

demo-files: $(VENV)/dev.stamp
	$(BIN)/python scripts/demo_files.py

# What pickles may name of libraries, looked up in the versions of scripts/allowlist-libraries.txt.
allowlist:
	$(PYTHON) scripts/allowlist.py

clean:
	rm -rf $(VENV) .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/run.stamp: requirements/run.txt pyproject.toml
	@scripts/make-venv run
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt requirements/run.txt pyproject.toml
	@scripts/make-venv dev
	@touch $(VENV)/run.stamp $@
