# The developer's manual: `make` alone lists the targets. Everything runs in a virtual environment of its own, built
# from the hash-pinned lock and rebuilt when the lock changes; nothing outside this folder is touched.

VENV    ?= .venv
PYTHON  ?=
WORKERS ?= 2
N       ?= 1000 10000
ROWS    ?= 500000
ENGINES ?= duckdb

BIN   := $(VENV)/bin
RUNS  := $(VENV)/.runs
READY := $(VENV)/.ready
PIP    = $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: kill-matrix fault-matrix lives help setup demo test test-sdk fmt fmt-check lint types imports check bench bench-scale bench-exchange wheel-check lock clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(READY) ## Build the virtual environment, if it is missing or older than the lock

# In two steps, so that seeing the product does not wait for what only its tests need (Spark alone is 500 MB).
$(RUNS): requirements.txt requirements-build.txt requirements-dev.txt
	rm -rf $(VENV)
	@python="$(PYTHON)"; test -n "$$python" || python=$$(.ci/find-python) || exit 1; "$$python" -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --require-hashes -r requirements-build.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $(RUNS)

$(READY): $(RUNS)
	$(PIP) --require-hashes -r requirements-dev.txt
	@touch $(READY)

demo: $(RUNS) ## Show the whole product at work against the local sandbox, in under a minute
	@$(BIN)/python -m tests.demo.run

# File by file, so that what a file's tests share is made once; which files come first, tests/conftest.py says.
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Where the environment forbids bytecode, each of the hundreds of processes that tests start would compile all of it.
test check: export PYTHONDONTWRITEBYTECODE =

test: setup ## Run the test suite
	@$(PYTEST)

test-sdk: setup ## Try the official Campaign SDK against the sandbox; needs node and npm
	@$(BIN)/python -m tests.sdk.run

fmt: setup ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

fmt-check: setup
	$(BIN)/ruff format --check .

lint: setup ## Lint the code
	$(BIN)/ruff check .

types: setup ## Check the types
	$(BIN)/mypy

imports: setup ## Check who imports whom
	$(BIN)/lint-imports --no-cache --no-logo

# The wheel is tried where a user has it: in a clean environment with the run-time lock only, outside this folder.
wheel-check: setup ## Build the wheel, install it into a clean environment and validate the examples from there
	@.ci/wheel-check $(BIN)/python

# In this order so that a run ends with pytest's own summary.
check: fmt-check lint types imports wheel-check test-sdk ## Everything a change must pass; exactly what .ci/run does
	@$(PYTEST)

# Hours of one core, all in all; STORE=campaign or file does half, PARTS=10 PART=3 a tenth.
STORE ?= campaign,file
PART  ?= 0
PARTS ?= 1
LIVES ?= 200
kill-matrix: setup ## Kill an apply before and after every HTTP call it makes, and let the next one finish it
	@$(BIN)/python -m tests.matrix.run kill --store $(STORE) --part $(PART) --parts $(PARTS)

fault-matrix: setup ## Try every kind of fault at every class of calls of an apply: reports stay true, the next one finishes
	@$(BIN)/python -m tests.matrix.run fault --store $(STORE) --part $(PART) --parts $(PARTS)

lives: setup ## Make up whole lives of a project, with deaths, faults, editors and time; LIVES=1000 makes up more
	@MACHINE_EXAMPLES=$(LIVES) $(BIN)/python -m pytest --timeout 0 tests/matrix/test_machine.py

bench: setup ## Measure start-up, validate, plan and exchanges beside peers; N="1000 50000" and ROWS set the sizes
	@$(BIN)/python -m tests.bench.run $(N)
	@$(BIN)/python -m tests.bench.exchange --rows $(ROWS) --engines "$(ENGINES)"

bench-scale: setup ## Measure a full account at parts of its size; F="0.01 0.1 1" sets them, L=campaign the ledger
	@$(BIN)/python -m tests.bench.scale $(F) $(addprefix --ledger ,$(L))

bench-exchange: setup ## Measure exchanges alone; ROWS=5000000 sets the size, ENGINES="duckdb spark" audctl's engines
	@$(BIN)/python -m tests.bench.exchange --rows $(ROWS) --engines "$(ENGINES)"

# Needs `uv`. No index address is written, so the lock works with any index that has these files.
LOCK = uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet
lock: ## Regenerate the hash-pinned locks from pyproject.toml
	$(LOCK) --output-file requirements.txt pyproject.toml
	$(LOCK) --group build --output-file requirements-build.txt
	$(LOCK) --all-extras --group dev --output-file requirements-dev.txt pyproject.toml

clean: ## Remove what the targets made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find audctl tests -name __pycache__ -type d -prune -exec rm -rf {} +
