# Everything that people and CI do here; `make` alone explains the targets.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEVICE ?= cuda
DATA ?= $(wildcard ../shared/data/alpaca_en_demo.json)

.DEFAULT_GOAL := help
.PHONY: help install quickstart test test-slow gpu lint wheel lock clean

help:  ## Explain the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(VENV)/installed  ## Make the virtual environment .venv with the locked versions

$(VENV)/installed: requirements.lock setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 12) else "Python 3.11 or 3.12 is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev]'
	@touch $@

quickstart: install  ## Go from nothing to a trained, measured instruction follower in outputs/quickstart
	$(BIN)/alpaca run experiment=quickstart

test: install  ## Run the default tests, under five minutes on two cores
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

test-slow: install  ## Run the tests that take longer: whole runs, kills, many slips
	$(BIN)/python -m pytest -m slow

gpu: $(if $(VENV),install)  ## Measure a CUDA machine: correctness, then speed (DATA=FILE; DEVICE=cpu rehearses; VENV= takes PYTHON)
	$(if $(VENV),$(BIN)/python,$(PYTHON)) -m benchmarks.gpu --device $(DEVICE) $(if $(DATA),--data $(DATA))

lint: install  ## Check style and types
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

wheel: install  ## Build the wheel into dist/
	$(BIN)/python -m build --wheel

lock: install  ## Write the versions that are installed into requirements.lock
	$(BIN)/pip freeze --exclude-editable | sed 's/+cpu//' > requirements.lock

clean:  ## Remove the virtual environment and build files; outputs/ stays
	rm -rf $(VENV) build dist *.egg-info
