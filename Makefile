# Every target sets up what it needs: the virtual environment, system packages (as root or with sudo), the Docker Engine.
.DEFAULT_GOAL := help
.PHONY: help demo story test check lint test-crash bench run fleet fleet-down arm64 screenshots lock docs manifest clean setup-test

BIN := .venv/bin
PYTHON := $(BIN)/python
SETUP := sh tests/fleet/machine.sh
FAST := not fleet and not browser and not postgres and not slow and not story and not wheel and not crash
PYTEST_ARGS ?=

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | expand -t 14

demo: ## a Slack-like page, a bot and five bare Pis on this machine
	@$(SETUP) venv docker fleet-tools
	@exec $(PYTHON) -m tests.story.demo

story: ## play the whole way, from a bare fleet to a finished training (PARTS="killed workers": with processes killed)
	@$(SETUP) venv docker fleet-tools postgres
	@exec $(PYTHON) -m tests.story $(PARTS)

test: setup-test lint ## everything: format, lint, types, layers, all tests, coverage
	$(PYTHON) -m pytest -q -n auto --dist loadfile --no-loadscope-reorder -m "not crash" --cov --cov-report=term $(PYTEST_ARGS)

test-crash: setup-test ## the whole crash matrix: workers killed at every moment of every step, on both databases
	$(PYTHON) -m pytest -q tests/crash $(PYTEST_ARGS)

check: lint ## format, lint, types, layers and the fast tests, in under a minute
	$(PYTHON) -m pytest -q -n auto -m "$(FAST)" $(PYTEST_ARGS)

lint: ## format, lint, types and layers
	@$(SETUP) venv
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup-test:
	@$(SETUP) venv docker fleet-tools browser postgres
	@$(PYTHON) -m tests.fleet images

bench: ## the measurements in benches/
	@$(SETUP) venv docker fleet-tools postgres
	@set -e; for bench in benches/[a-z]*; do $(PYTHON) -m benches.$$(basename $$bench .py); done

run: ## the bot, with the settings in .env if there is one
	@$(SETUP) venv
	@set -a; [ ! -f .env ] || . ./.env; PATH="$(CURDIR)/$(BIN):$$PATH"; exec $$(sed -n 's/^bot: //p' Procfile)

fleet: ## five virtual Pis (pi, raspberry)
	@$(SETUP) venv docker fleet-tools
	@$(PYTHON) -m tests.fleet up 5

fleet-down: ## take them down completely
	@$(SETUP) venv docker
	@$(PYTHON) -m tests.fleet down

arm64: ## base images for building arm64 images here, under emulation (optional, minutes)
	@$(SETUP) venv docker fleet-tools arm64
	@$(PYTHON) -m tests.fleet images --arch arm64

screenshots: ## pictures of the sandbox into screenshots/
	@$(SETUP) venv docker fleet-tools browser
	@$(PYTHON) -m tests.browser.screenshots

lock: ## pin the dependencies anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --no-annotate --no-header --generate-hashes \
	  --no-emit-index-url pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --no-annotate --no-header --generate-hashes \
	  --no-emit-index-url pyproject.toml --group dev -o requirements-dev.txt

docs: ## the README's tables of commands and settings, made anew
	@$(SETUP) venv
	@$(PYTHON) -m tests.docs

manifest: ## the Slack app's manifest
	@$(SETUP) venv
	@$(BIN)/flsvc manifest

clean: ## every virtual fleet, its images, and all that tests and tools left behind
	@$(SETUP) venv docker
	@$(PYTHON) -m tests.fleet clean
	rm -rf .coverage* .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist screenshots
