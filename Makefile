# `make run` and `make test` are all the set-up there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := src tests scripts bench
# The tests start ringfence hundreds of times: it is compiled once, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-needs test-compiled check check-format check-lint check-types check-imports format bench bench-scan fuzz soak vm lock demo-files allowlist clean
.DEFAULT_GOAL := run

run: $(VENV)/run.stamp
	@$(BIN)/ringfence scan
	@scripts/next-steps

# What is downloaded takes the network, and what is compiled and checked the processor.
test: $(VENV)/dev.stamp
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target test-needs test-compiled check
	$(BIN)/python -m pytest -n 3 --dist worksteal

test-needs: $(VENV)/dev.stamp
	@scripts/install-test-needs

# Once, and not by each of the processes that run tests; what is wrong with a test is said when it runs.
test-compiled: $(VENV)/dev.stamp
	@$(BIN)/python -m compileall -q src
	@-$(BIN)/python -m pytest --collect-only -qq >/dev/null

check: check-types check-imports check-lint check-format

check-format: $(VENV)/dev.stamp
	$(BIN)/ruff format --check $(CODE)

check-lint: $(VENV)/dev.stamp
	$(BIN)/ruff check $(CODE)

check-types: $(VENV)/dev.stamp
	$(BIN)/mypy

check-imports: $(VENV)/dev.stamp
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: $(VENV)/dev.stamp
	$(BIN)/python -m bench

# ringfence and four other scanners over the same files; ARGS=--quick for a tenth of them.
bench-scan: $(VENV)/dev.stamp
	$(BIN)/python -m bench.scan $(ARGS)

fuzz: $(VENV)/dev.stamp
	scripts/fuzz

# Properties of policies three times as often, then the terminal view under 200 events a second, for an hour.
soak: $(VENV)/dev.stamp
	SOAK=1 $(BIN)/python -m pytest -n 2 tests/policy
	$(BIN)/python scripts/soak.py --minutes $(or $(MINUTES),60)

# Boxes on other kernels, in guests: an older one, a newer one, without Landlock, another machine. Hours without ACCEL=kvm.
vm: $(VENV)/dev.stamp
	scripts/vm/build x86_64
	scripts/vm/boot x86_64 bookworm sh scripts/vm/guest all
	scripts/vm/boot x86_64 trixie sh scripts/vm/guest all
	KERNEL_OPTIONS=lsm=yama scripts/vm/boot x86_64 trixie
	scripts/vm/build aarch64
	ACCEL=tcg scripts/vm/boot aarch64 trixie sh scripts/vm/guest essential

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
