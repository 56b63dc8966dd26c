# Everything runs in .venv, which the first call creates. `make` alone lists the targets.
# To choose the interpreter: make test PYTHON=/path/to/python3.12

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
CREATED := $(VENV)/.created
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

.PHONY: help demo test lint types format hooks import-time clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: $(RUNTIME)  ## train on the handwritten digits; prints where the report is
	@$(BIN)/chainrule train digits

test: lint types  ## everything: lint, format, import order, types, tests
	@$(BIN)/python -m pytest

lint: $(DEVELOPMENT)  ## ruff and the import order
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(DEVELOPMENT)  ## check the types
	@$(BIN)/basedpyright

format: $(DEVELOPMENT)  ## sort the imports, mend what ruff can mend, format
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .

hooks: $(DEVELOPMENT)  ## let git check every commit (pre-commit)
	@$(BIN)/pre-commit install

import-time: $(RUNTIME)  ## how long `import chainrule` takes
	@$(BIN)/python benchmarks/import_time.py

clean:  ## remove .venv, caches and build outputs; runs/ stays
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps: a second call finds them newer than pyproject.toml and installs nothing.

$(CREATED):
	@python="$(PYTHON)"; \
	if [ -z "$$python" ]; then \
	  for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    if "$$candidate" -c "$(NEW_ENOUGH)" 2>/dev/null; then python="$$candidate"; break; fi; \
	  done; \
	elif ! "$$python" -c "$(NEW_ENOUGH)" 2>/dev/null; then \
	  echo "chainrule needs Python 3.11 or newer; $$python is not: choose another with make PYTHON=..." >&2; exit 1; \
	fi; \
	if [ -z "$$python" ]; then \
	  echo "chainrule needs Python 3.11 or newer; found $$(python3 --version 2>&1 || echo none):" \
	       "install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi; \
	echo "creating $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv $(VENV)
	@touch $@

$(RUNTIME): pyproject.toml | $(CREATED)
	@echo "installing chainrule into $(VENV) (the first time takes a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEVELOPMENT): pyproject.toml | $(CREATED)
	@echo "installing chainrule and its development tools into $(VENV) (the first time takes a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(RUNTIME) $@
