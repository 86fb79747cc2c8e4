# Two commands do everything: `make evaluate` and `make test`. Each makes its own virtual environment first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
CODE := benchmark baselines leaderboard tests docs packaging

.PHONY: evaluate test test-slow benchmark docs dist lint format clean

evaluate: $(VENV)/base  ## Install the base package and score two shipped routers on nano, the shipped suite.
	@mkdir -p build
	@for router in knn ridge; do \
		$(BIN)/catbench evaluate $$router --metric scene_accuracy --compact \
			--json build/$$router.json --plot build/$$router.png || exit 1; \
	done
	@echo "reports and curves: build/*.json, build/*.png"

test: $(VENV)/test lint  ## Install what the tests need; lint, type-check and test.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" --ignore tests/benchmarks --numprocesses 3

test-slow: $(VENV)/test $(VENV)/release  ## Also the tests that take minutes each, those on a Ray cluster among them.
	$(BIN)/python -m pytest --ignore tests/benchmarks

benchmark: $(VENV)/test  ## Speed, as ratios within one run; stored, and compared with the last stored run.
	$(BIN)/python -m pytest tests/benchmarks -s -W default::pytest_benchmark.logger.PytestBenchmarkWarning \
		--benchmark-storage docs/performance \
		--benchmark-save run $(if $(wildcard docs/performance/*/*.json),--benchmark-compare)
	$(BIN)/python docs/make_performance.py

docs: $(VENV)/docs  ## The documentation as a site in build/site; a dead link or a missing docstring fails.
	$(BIN)/mkdocs build --strict --quiet
	@echo "the site: build/site/index.html"

dist: $(VENV)/release  ## Wheel and sdist in dist, checked.
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

lint: $(VENV)/test
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(VENV)/test
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

clean:
	rm -rf build dist $(VENV) .pytest_cache .ruff_cache .hypothesis .benchmarks

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "catbench needs Python 3.11 or newer; give one with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/base: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable .
	@touch $@

$(VENV)/test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[test,docs,generate,hub,leaderboard,minilm,ray]'
	@touch $@ $(VENV)/base

$(VENV)/docs $(VENV)/release: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[$(notdir $@)]'
	@touch $@
