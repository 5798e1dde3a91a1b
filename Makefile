# Two commands for a newcomer: `make demo` and `make test`. CI calls `make lint test`.
# SERVE=no ends the demo after its last line instead of serving the pages.  ONLY=NAME runs one figure of `make bench`.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= yes
ONLY ?=
WORKERS ?= 2
# Tests make thousands of small databases and flush each write: in memory that takes no time. Too small a one is passed over.
MEMORY := $(shell test -w /dev/shm && test "$$(df --output=avail -k /dev/shm | tail -n 1)" -ge 6000000 && echo /dev/shm)
# `make lint test` does both at once: types are checked on the core that the tests leave free while they are collected.
MAKEFLAGS += --jobs=2
PINS := --quiet --generate-hashes --no-header --no-annotate --universal --python-version 3.11

.PHONY: demo test auditor lint format bench pins clean

# Of ten thousand modules each run needs a part: Python compiles those when they are first asked for, in place of pip all at once.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check

$(VENV)/.runtime: .ci/requirements.txt .ci/requirements-build.txt pyproject.toml hatch_build.py verify/usual_code.py verify/cbor_codec.py package.json package-lock.json
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --require-hashes -r .ci/requirements-build.txt
	$(INSTALL) --require-hashes -r .ci/requirements.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c "from verify import compiled; print(compiled.spoken(compiled.READER, compiled.CODEC))"
	@touch $@

$(VENV)/.test: $(VENV)/.runtime .ci/requirements-test.txt
	$(INSTALL) --require-hashes -r .ci/requirements-test.txt
	@touch $@

demo: $(VENV)/.runtime
	$(BIN)/yinzheng demo $(if $(filter no,$(SERVE)),--no-serve,--serve)

test: $(VENV)/.test
	$(if $(MEMORY),TMPDIR=$(MEMORY)) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

auditor: $(VENV)/.test
	@$(BIN)/python auditor_build.py

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.test
	$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

# Pins are made by hand when a dependency changes; their output names hashes and no host.
pins:
	uv pip compile $(PINS) --extra test pyproject.toml -o .ci/requirements-test.txt
	uv pip compile $(PINS) --constraint .ci/requirements-test.txt pyproject.toml -o .ci/requirements.txt
	uv pip compile $(PINS) --constraint .ci/requirements-test.txt .ci/requirements-build.in -o .ci/requirements-build.txt

clean:
	rm -rf $(VENV) demo-town dist build .mypy_cache .ruff_cache .pytest_cache .tools
