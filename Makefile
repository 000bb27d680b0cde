# make demo: from nothing to a dashboard over the painted country, with the checkpoint in checkpoints/.
# make demo TRAIN=1: the same, but with a small model that is trained first.
# make checkpoint: train that checkpoint anew.
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
ifdef TRAIN
# Fifteen states: two cores cannot learn fifty in some minutes.
DATA := data/painted-15
PAINTING := --states 15 --train 120 --test 20
RUN := runs/demo-15
STORE := $(RUN)/store.h5
else
DATA := data/painted-50
PAINTING := --train 1 --test 10
RUN := checkpoints/painted-country
STORE := runs/demo/store.h5
endif
TRAINING := --depth 18 --epochs 6 --learning-rate 2e-3
PYTEST = $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup

# Tests start many processes: each would compile all of our modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.PHONY: demo prepare checkpoint format check style types contracts unit test fuzz coverage clean

demo: prepare
	@echo "== Preparing the first view: a confusion between neighbours, explained"
	@view=$$($(BIN)/python scripts/demo_view.py $(STORE)) && \
	echo "== Serving the dashboard" && \
	$(BIN)/python app.py $(STORE) --port $(PORT) --url "$$view"

# Each command finds its own finished result.
prepare: $(ENVIRONMENT)/.installed
	@echo "== Painting a country"
	@$(BIN)/python -m trainer.synthetic $(DATA) $(PAINTING) --seed 0
ifdef TRAIN
	@echo "== Training"
	@$(BIN)/python -m trainer $(RUN) --data $(DATA)/train --preset demo $(TRAINING) --resume
endif
	@echo "== Extracting features and predictions of the test photographs"
	@mkdir -p $(dir $(STORE))
	@$(BIN)/python -m workbench.extract $(RUN) --data $(DATA)/test --out $(STORE)
	@echo "== Projecting the features"
	@$(BIN)/python -m workbench.project $(STORE)

# Makes the checkpoint of the painted country anew, from nothing: minutes on a GPU, a day or more
# without.
checkpoint: $(ENVIRONMENT)/.installed
	@$(BIN)/python -m trainer.synthetic.checkpoint

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
	rm -rf data/painted-15 data/painted-50 runs/demo runs/demo-15 runs/train-*.index.sqlite
