# Governor: one command for everything. `make` lists the targets.

.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
OLDEST := 3.11

.PHONY: help install demo serve test check format docs constraints clean \
	bench-decide bench-evaluate bench-ledger bench-replay bench-plan bench-plan-database bench-full-database bench-midnight bench-closing bench-memory bench-trace bench-learned bench-forecast bench-accuracy

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-22s %s\n", $$1, $$2}'

install: $(READY) ## create .venv and install the tested versions

# PYTHON=... names an interpreter; otherwise the first one that is new enough is taken.
$(READY): pyproject.toml constraints.txt
	@set -e; \
	new_enough() { "$$1" -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(OLDEST)".split("."))))' 2>/dev/null; }; \
	if [ -x "$(BIN)/python" ]; then \
		new_enough "$(BIN)/python" || { echo "error: $(VENV) has a Python older than $(OLDEST); remove it with \`make clean\` and try again" >&2; exit 1; }; \
	else \
		found=; \
		for candidate in $${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14}; do \
			if new_enough "$$candidate"; then found="$$candidate"; break; fi; \
		done; \
		if [ -z "$$found" ]; then \
			echo "error: Governor needs Python $(OLDEST) or newer, and found: $$(python3 --version 2>&1 || true)" >&2; \
			echo "       install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
			exit 1; \
		fi; \
		echo "creating $(VENV) with $$("$$found" --version)"; \
		"$$found" -m venv $(VENV); \
	fi; \
	echo "installing the versions of constraints.txt (about a minute the first time)"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'; \
	touch $(READY)

demo: $(READY) ## a day of traffic through the real service on a throw-away database
	$(BIN)/governor demo --once

serve: $(READY) ## run the service with policies/ and governor.db
	$(BIN)/governor serve

# By file, because the fixtures of one file share a database; each process makes databases of its own.
test: $(READY) ## all tests, a process for each core
	$(BIN)/pytest -n auto --dist loadfile

check: $(READY) ## every linter, the policies and the generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy governor
	$(BIN)/lint-imports
	$(BIN)/governor validate policies
	$(BIN)/governor test policies --fail-under 100
	$(BIN)/governor schema export --check
	$(BIN)/python docs/generate.py --check

format: $(READY) ## let ruff format and sort
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## write the generated reference pages and schemas anew
	$(BIN)/python docs/generate.py
	$(BIN)/governor schema export
	$(BIN)/governor schema docs

bench-decide: $(READY) ## /decide against a bare ASGI app on the same server
	$(BIN)/python -m benchmarks.decide

bench-evaluate: $(READY) ## evaluate at 10, 1,000 and 100,000 policies
	$(BIN)/python -m benchmarks.evaluate

bench-ledger: $(READY) ## the ledger on SQLite and PostgreSQL at 1 to 256 concurrent requests
	$(BIN)/python -m benchmarks.ledger

bench-replay: $(READY) ## recorded requests a second
	$(BIN)/python -m benchmarks.replay

bench-plan: $(READY) ## recorded requests a second under two versions, and what is kept of them
	$(BIN)/python -m benchmarks.plan

bench-plan-database: $(READY) ## the same for recorded decisions of a database, rate and memory as it goes on: DECISIONS=300000
	$(BIN)/python -m benchmarks.plan_database $(DECISIONS)

bench-full-database: $(READY) ## /decide with an empty and with a full database
	$(BIN)/python -m benchmarks.full_database

bench-midnight: $(READY) ## /decide while every budget of the day begins anew
	$(BIN)/python -m benchmarks.midnight

bench-closing: $(READY) ## a year of closings after a year of downtime, and /decide while 100,000 budgets close: BUDGETS=100000
	$(BIN)/python -m benchmarks.closing --budgets $(or $(BUDGETS),100000)

bench-memory: $(READY) ## memory of the server over a million decisions
	$(BIN)/python -m benchmarks.memory

bench-trace: $(READY) ## a recorded trace through the running server: TRACE=file.csv.gz
	$(BIN)/python -m benchmarks.trace $(TRACE)

bench-learned: $(READY) ## what learned holds let through, and by how much a limit is passed: TRACES=directory
	$(BIN)/python -m benchmarks.learned $(TRACES)

bench-forecast: $(READY) ## forecasts of 1,000 budgets, and how long 10,000 would take: SERIES=10000
	$(BIN)/python -m benchmarks.forecast --series $(or $(SERIES),1000)

bench-accuracy: $(READY) ## how good forecasts are on the recorded series: TRACES=../shared/data
	$(BIN)/python -m benchmarks.accuracy $(TRACES)

constraints: $(READY) ## freeze the versions of .venv into constraints.txt
	@{ echo '# The exact versions that Governor is tested with; `make` installs from here. Written by `make constraints`.'; \
	   $(BIN)/python -m pip freeze --exclude-editable; } > constraints.txt.new && mv constraints.txt.new constraints.txt

clean: ## remove .venv and caches; databases are left alone
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
