# Each command first makes what it needs: a virtual environment in .venv, and for test and bench the cross compilers
# and emulators, if this user may install them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test bench lint format tools

demo: $(VENV)/.installed
	$(BIN)/python examples/digits/demo.py

test: tools $(VENV)/.installed-test
	$(BIN)/pytest -n 2 --dist worksteal -rs

bench: tools $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks

lint: $(VENV)/.installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	mkdir -p build/types && ln -sfn ../../codegen build/types/edgegen
	MYPYPATH=build/types $(BIN)/mypy --namespace-packages -p edgegen

format: $(VENV)/.installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python -m edgegen.report.generated_text README.md docs/passes.md

tools:
	bash .ci/tools cross

$(VENV)/bin/pip:
	bash .ci/tools venv $(PYTHON)
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml setup.py | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-%: pyproject.toml setup.py | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[$*]"
	@touch $@
