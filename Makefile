# make demo  - set everything up and play the main job with synthetic people
# make test  - set everything up, then every gate and every test
.DEFAULT_GOAL := help
.PHONY: help setup demo check test nightly mutation bench serve clean lock

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PDF ?=

help: ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

setup: $(STAMP) ## Make the virtual environment with the pinned dependencies

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is missing: apt-get install python3.11 python3.11-venv"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Installing python3-venv"; apt-get install -y -q python3-venv; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: setup ## Play the story with real processes; PDF=path sends a document of your own
	$(BIN)/python -m demo $(if $(PDF),--pdf "$$PDF")

check: setup ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: check ## Every gate, then every test with the branch coverage gate
	$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term

nightly: setup ## The long runs: thousands of kills, and of steps of families against the oracle
	FORTROLIG_KILLS=2000 $(BIN)/pytest tests/e2e/test_kills.py --timeout=0
	FORTROLIG_STEPS=10000 $(BIN)/pytest tests/e2e/test_families.py --timeout=0

mutation: setup ## Change protocol/consent one place at a time; the tests must notice 95 of 100 (BUDGET=3600 seconds)
	$(BIN)/python -m tests.mutation --seconds $(or $(BUDGET),3600)

bench: setup ## Measure against peers; writes build/bench.json
	$(BIN)/python -m bench

serve: setup ## Run a server of your own under build/serve
	$(BIN)/python -m demo.serve

lock: setup ## Pin the dependencies anew
	$(BIN)/pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --extra dev --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host --no-emit-options --output-file requirements.lock pyproject.toml

clean: ## Remove what was built
	rm -rf build $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
