# Every target sets up what it needs: a private uv in .uv/, the environment in .venv/.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# More workers than cores: many tests wait for sockets and processes.
WORKERS := $(shell expr 2 \* `nproc`)
STAMP := .venv/.installed
# Each worker, and each process that a test starts, imports hundreds of modules: compiled once, they are kept.
unexport PYTHONDONTWRITEBYTECODE
DISTS := $(wildcard plugins/*/pyproject.toml)
EDITABLE := -e . $(foreach d,$(DISTS),-e $(dir $(d)))

.PHONY: help setup test _pytest lint _style _types demo demo-he bench lock clean
help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) ## make .venv with agentd, its plugins and everything pinned by hash

$(STAMP): pyproject.toml constraints.txt build-constraints.txt $(DISTS)
	@PYTHON=$(PYTHON) ./scripts/setup.sh $(EDITABLE)
	@touch $@

test: $(STAMP) _style ## lint, types and every test
	@$(MAKE) --no-print-directory -j2 _types _pytest

_pytest: $(STAMP)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cache-clear || { [ $$? = 1 ] && \
	  echo "Once more and alone: what failed beside the others, on a busy machine perhaps by a race for time" && \
	  $(BIN)/python -m pytest --last-failed --last-failed-no-failures none; }

lint: $(STAMP) _style _types ## ruff (with the ASYNC rules) and mypy --strict

_style: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .

_types: $(STAMP) # one core's work: beside the tests it costs half the time
	@$(BIN)/mypy

demo: $(STAMP) ## one whole simulated call through the real daemon, in English
	@$(BIN)/agentd demo

demo-he: $(STAMP) ## the Hebrew playbook, with what can be done offline
	@$(BIN)/agentd demo --language he-IL

bench: $(STAMP) ## every benchmark, figures on the terminal
	@$(BIN)/python -m benchmarks

lock: ## resolve again and pin by hash
	@PYTHON=$(PYTHON) ./scripts/lock.sh

clean: ## remove all that the other targets made
	rm -rf .uv .venv demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
