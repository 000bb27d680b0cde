# make demo: from nothing to a dashboard over the painted states.
# make format: format the code and fix what the linter can fix.
# make check: format, lint, types, contracts and unit tests.
# make test: everything that tests need, then every test.
# make fuzz: thousands of inputs that Hypothesis invents, EXAMPLES of a kind.
# make coverage: every test, and which lines of the product they run.

PYTHON ?= python3
PORT ?= 8050
# Test processes side by side: one a core.
WORKERS ?= auto
# Inputs of a kind that `make fuzz` tries, and where their random numbers begin.
EXAMPLES ?= 1000
SEED ?= 0
ENVIRONMENT := .venv
BIN := $(ENVIRONMENT)/bin
DATA := data/painted
# Fifteen states: two cores cannot learn fifty in some minutes.
PAINTING := --states 15 --train 120 --test 20 --image-size 256
TRAINING := --depth 18 --epochs 6 --learning-rate 2e-3
RUN := runs/demo
STORE := $(RUN)/store.h5
PYTEST = $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup

# Tests start many processes: each would compile all of our modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.PHONY: demo prepare format check style types contracts unit test fuzz coverage clean

demo: prepare
	@echo "== Serving the dashboard"
	@$(BIN)/python app.py $(STORE) --port $(PORT)

# Each command finds its own finished result.
prepare: $(ENVIRONMENT)/.installed
	@echo "== Painting 15 states"
	@$(BIN)/python -m trainer.synthetic $(DATA) $(PAINTING) --seed 0
	@echo "== Training"
	@$(BIN)/python -m trainer $(RUN) --data $(DATA)/train --preset demo $(TRAINING) --resume
	@echo "== Extracting features and predictions of the test photographs"
	@$(BIN)/python -m workbench.extract $(RUN) --data $(DATA)/test --out $(STORE)
	@echo "== Projecting the features"
	@$(BIN)/python -m workbench.project $(STORE)

$(ENVIRONMENT)/.installed: pyproject.toml
	@echo "== Installing the workbench into $(ENVIRONMENT)"
	@sh scripts/environment.sh "$(PYTHON)" $(ENVIRONMENT)
	@$(BIN)/pip install --editable .
	@touch $@

$(ENVIRONMENT)/.installed-test: $(ENVIRONMENT)/.installed
	@echo "== Installing what the tests need"
	@$(BIN)/pip install --editable '.[test]'
	@$(BIN)/pip install --no-deps embedding-atlas==0.26.0 virelay==0.6.1
	@sh scripts/browser.sh $(BIN)/python
	@touch $@

format: $(ENVIRONMENT)/.installed-test
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check: $(ENVIRONMENT)/.installed-test
	@$(MAKE) --no-print-directory --jobs 2 --output-sync style types contracts unit

style:
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types:
	@$(BIN)/mypy

contracts:
	@$(BIN)/lint-imports

unit:
	@$(PYTEST) -m "not slow and not spawn and not browser and not real_resnet and not fuzz"

test: $(ENVIRONMENT)/.installed-test
	@$(PYTEST) -m "not fuzz"

fuzz: $(ENVIRONMENT)/.installed-test
	@EXAMPLES=$(EXAMPLES) $(PYTEST) -m fuzz --hypothesis-seed $(SEED) tests/fuzz

coverage: $(ENVIRONMENT)/.installed-test
	@$(PYTEST) -m "not fuzz" --cov --cov-report=term:skip-covered --cov-report=html

clean:
	rm -rf $(DATA) $(RUN) $(dir $(RUN))train-*.index.sqlite
