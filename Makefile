# Everything runs in .venv, which the first call creates. `make` alone lists the targets.
# To choose the interpreter: make test PYTHON=/path/to/python3.12

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
CREATED := $(VENV)/.created
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
BENCH := .venv-bench
BUILD_TOOLS := $(VENV)/.build-tools
WHEEL_TOOLS := $(VENV)/.wheel-tools
SITE_TOOLS := $(VENV)/.site-tools
TIDY := $(VENV)/.tidy
SANITIZED := $(VENV)/sanitized
NATIVE := $(wildcard native/*)
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

# Development builds the C++ core with tools that stay in .venv, and compiles only what changed.
BUILD := SKBUILD_BUILD_DIR=$(VENV)/native $(BIN)/python -m pip install --disable-pip-version-check --no-build-isolation
# With a compiler that works, a core that does not build is an error; without one, numpy runs everything.
COMPILER_WORKS := echo 'int main() {}' | $${CXX:-c++} -x c++ -fsyntax-only - 2>/dev/null

.PHONY: help demo test lint types format hooks native sanitize pytorch oracles docs import-time clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: $(RUNTIME)  ## train on the handwritten digits; prints where the report is
	@$(BIN)/chainrule train digits

test: lint types  ## everything: lint, format, import order, types, tests
	@$(BIN)/python -m pytest

lint: $(DEVELOPMENT) $(TIDY)  ## ruff and the import order; clang-format and clang-tidy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/clang-format --dry-run -Werror $(filter %.cpp %.hpp,$(NATIVE))

types: $(DEVELOPMENT)  ## check the types
	@$(BIN)/basedpyright

format: $(DEVELOPMENT)  ## sort the imports, mend what ruff can mend, format
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .
	@$(BIN)/clang-format -i $(filter %.cpp %.hpp,$(NATIVE))

hooks: $(DEVELOPMENT)  ## let git check every commit (pre-commit)
	@$(BIN)/pre-commit install

native: $(BUILD_TOOLS)  ## build the C++ core again, showing what the compiler says
	@CHAINRULE_REQUIRE_NATIVE=1 $(BUILD) --verbose --no-deps --editable .

# An environment of its own, which sees the packages of .venv but has its own chainrule.
sanitize: $(DEVELOPMENT)  ## run the executors' tests under the address and undefined-behaviour sanitizers
	@$(BIN)/python -m venv --without-pip --clear $(SANITIZED)
	@cd $(SANITIZED)/lib/python*/site-packages && realpath ../../../../lib/python*/site-packages > development.pth
	@SKBUILD_BUILD_DIR=$(VENV)/native-sanitized SKBUILD_CMAKE_DEFINE=CHAINRULE_SANITIZE=ON CHAINRULE_REQUIRE_NATIVE=1 \
	  $(SANITIZED)/bin/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	@LD_PRELOAD="$$($${CXX:-c++} -print-file-name=libasan.so) $$($${CXX:-c++} -print-file-name=libstdc++.so)" \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
	  $(SANITIZED)/bin/python -m pytest tests/executors tests/contracts

# At the version that the benchmarks name, into .venv: it is no dependency of the development tools.
pytorch: $(DEVELOPMENT)  ## install PyTorch, which the oracle tests compare with; without it they are skipped
	@$(BIN)/python -c "import torch" 2>/dev/null \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^torch==' benchmarks/requirements.txt)"

oracles: pytorch  ## compare values and gradients with PyTorch's
	@$(BIN)/python -m pytest tests/oracles

docs: $(RUNTIME)  ## write docs/vocabulary.md from the docstrings, and docs/coming_from.md
	@$(BIN)/python docs/make_vocabulary.py
	@$(BIN)/python docs/make_coming_from.py

.PHONY: site site-tools
site-tools: $(SITE_TOOLS)

site: $(DEVELOPMENT) $(SITE_TOOLS)  ## run the examples and build the documentation in site/; a warning is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "site/index.html"

import-time: $(RUNTIME)  ## how long `import chainrule` takes
	@$(BIN)/python benchmarks/import_time.py

# libstdc++ goes into the core, so that the wheel also runs where the system's is older than the compiler's.
.PHONY: wheel
wheel: $(WHEEL_TOOLS)  ## build a wheel for this system, in dist/, and try it where there is no compiler
	@rm -rf $(VENV)/wheel dist/*.whl
	@echo "building the wheel (a minute or two)"
	@LDFLAGS="-static-libstdc++ -Wl,--exclude-libs,libstdc++.a" CHAINRULE_REQUIRE_NATIVE=1 SKBUILD_BUILD_DIR=$(VENV)/native-wheel \
	  $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir $(VENV)/wheel .
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair --wheel-dir dist $(VENV)/wheel/*.whl
	@$(BIN)/python -m venv --clear $(VENV)/wheel-check
	@$(VENV)/wheel-check/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: dist/*.whl
	@cd / && env -i PATH="$(CURDIR)/$(VENV)/wheel-check/bin" $(CURDIR)/$(VENV)/wheel-check/bin/python -W error -I \
	  $(CURDIR)/.ci/check_wheel.py native --no-compiler
	@ls -l dist/*.whl

.PHONY: bench
bench: $(BENCH)/.installed  ## side by side with PyTorch, JAX, scikit-learn; options: ARGS="--only table"
	@$(BENCH)/bin/python -m benchmarks $(ARGS)

.PHONY: bench-tables
bench-tables: $(BENCH)/.installed  ## how well estimators learn real tables, beside scikit-learn's; options: ARGS="--only churn"
	@$(BENCH)/bin/python -m benchmarks.tables $(ARGS)

.PHONY: bench-forecasts
bench-forecasts: $(RUNTIME)  ## back-tests on real series, beside naive forecasts; the papers': ARGS="--papers FOLDER"
	@$(BIN)/python -m benchmarks.forecasts $(ARGS)

.PHONY: bench-forks
bench-forks: $(RUNTIME)  ## fork 50 times by each method while another thread trains, and count who hangs
	@$(BIN)/python -m benchmarks.forks $(ARGS)

.PHONY: bench-kills
bench-kills: $(RUNTIME)  ## kill 200 runs at random moments, on every kind of source, and count what does not go on
	@$(BIN)/python -m benchmarks.kills $(ARGS)

.PHONY: bench-reading
bench-reading: $(RUNTIME)  ## how long a table takes to read from a file of every kind, beside pandas
	@$(BIN)/python -m benchmarks.reading $(ARGS)

.PHONY: bench-images-data
bench-images-data: $(RUNTIME)  ## images per second, checked, decoded and streamed; options: ARGS="--images 100000"
	@$(BIN)/python -m benchmarks.decoding $(ARGS)

.PHONY: bench-images
bench-images: $(BENCH)/.installed  ## how well the tasks on images learn within minutes, hours in all; options: ARGS="--only mnist"
	@$(BENCH)/bin/python -m benchmarks.images $(ARGS)

.PHONY: bench-text
bench-text: $(BENCH)/.installed  ## how well the task on texts learns, beside NB-SVM; options: ARGS="--only imdb"
	@$(BENCH)/bin/python -m benchmarks.texts $(ARGS)

.PHONY: bench-sound
bench-sound: $(RUNTIME)  ## how well spoken digits are told apart: ARGS="--fsdd recordings"
	@$(BIN)/python -m benchmarks.sounds $(ARGS)

.PHONY: bench-control
bench-control: $(BENCH)/.installed  ## steps per second with learning, beside stable-baselines3; options: ARGS="--only CartPole-v1"
	@$(BENCH)/bin/python -m benchmarks.control $(ARGS)

.PHONY: bench-science
bench-science: $(BENCH)/.installed  ## differential equations solved within minutes, beside DeepXDE: ARGS="--only burgers"
	@$(BENCH)/bin/python -m benchmarks.science $(ARGS)

.PHONY: bench-doctor
bench-doctor: $(RUNTIME)  ## the doctor on programs with a planted fault, beside its rivals; options: ARGS="--split final"
	@$(BIN)/python -m benchmarks.doctor $(ARGS)

.PHONY: bench-planning
bench-planning: $(RUNTIME)  ## how long deep networks take to record, differentiate and plan, by depth
	@$(BIN)/python -m benchmarks.planning $(ARGS)

.PHONY: bench-prediction
bench-prediction: $(RUNTIME)  ## predicting one row, a million rows, and in eight threads, beside scikit-learn's
	@$(BIN)/python -m benchmarks.prediction $(ARGS)

clean:  ## remove .venv, caches and build outputs; runs/ stays
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps: a second call finds them newer than pyproject.toml and native/, and installs nothing.

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

$(RUNTIME): pyproject.toml $(NATIVE) | $(CREATED)
	@echo "installing chainrule into $(VENV) (the first time takes a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(BUILD_TOOLS): pyproject.toml | $(CREATED)
	@echo "installing the build tools into $(VENV)"
	@$(BIN)/python -c "import tomllib; \
	print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], 'cmake', 'ninja', sep='\n')" > $@.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $@.txt
	@touch $@

# Tools that few need: a group of pyproject.toml each.
$(VENV)/.%-tools: pyproject.toml | $(BUILD_TOOLS)
	@echo "installing the tools of the group '$*' into $(VENV)"
	@$(BIN)/python -c "import tomllib; \
	print(*tomllib.load(open('pyproject.toml', 'rb'))['dependency-groups']['$*'], sep='\n')" > $@.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $@.txt
	@touch $@

$(DEVELOPMENT): pyproject.toml $(NATIVE) | $(BUILD_TOOLS)
	@echo "installing chainrule and its development tools into $(VENV) (the first time takes a minute or two)"
	@if $(COMPILER_WORKS); then export CHAINRULE_REQUIRE_NATIVE=1; fi; $(BUILD) --quiet --editable '.[dev]'
	@touch $(RUNTIME) $@

# Half a minute, after a change of the core alone. Where no compiler was found, nobody has changed it.
$(TIDY): .clang-tidy $(NATIVE) | $(DEVELOPMENT)
	@if [ -e $(VENV)/native/compile_commands.json ]; then \
	  printf '%s\n' $(filter %.cpp,$(NATIVE)) \
	    | xargs -n 1 -P "$$(getconf _NPROCESSORS_ONLN)" $(BIN)/clang-tidy --quiet -p $(VENV)/native > $@.log 2>&1 \
	    || { grep -v Processing $@.log; exit 1; }; \
	fi
	@touch $@

# An environment of its own, since the peers are large. It is made anew when they or the core change.
$(BENCH)/.installed: pyproject.toml benchmarks/requirements.txt $(NATIVE) | $(CREATED)
	@echo "installing chainrule and its peers into $(BENCH) (the first time takes some minutes)"
	@$(BIN)/python -m venv $(BENCH)
	@if $(COMPILER_WORKS); then export CHAINRULE_REQUIRE_NATIVE=1; fi; \
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[control,text]' \
	  --requirement benchmarks/requirements.txt
	@touch $@
