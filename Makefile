# Everything a developer does, by name. `make` alone lists it.
# Needs git, make and Python 3.11 to 3.13; all else is fetched into this folder.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)

VENV  := .venv
BIN   := $(VENV)/bin
TOOLS := .venv-tools
DOCS  := .venv-docs
UV    := $(TOOLS)/bin/uv
READY := $(VENV)/.ready
WEB   := src/coterie/service/web/index.html
NPM   := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix ui --silent

export UV_PYTHON_DOWNLOADS = never
# What this machine trusts, as pip and git do: a company may sign its own certificates.
export UV_SYSTEM_CERTS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help venv ui demo test lint types imports arch bench soak docs lock audit format clean uicheck

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) $(WEB) ## segment the Complete Journey households into ./demo
	@$(BIN)/coterie demo --folder demo

ui: $(WEB) ## build the web application into the package

uicheck: $(WEB) ## types, format and tests of the web application
	@$(NPM) run check
	@$(NPM) test

test: lint types imports uicheck $(READY) ## all checks and all tests
	@$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: $(READY) ## format and style (ruff)
	@$(BIN)/ruff format --check --quiet . || { echo 'Not formatted: run make format.'; exit 1; }
	@$(BIN)/ruff check --quiet .

types: $(READY) ## types (mypy, strict)
	@$(BIN)/mypy --no-error-summary

imports: $(READY)
	@out=$$($(BIN)/lint-imports 2>&1) || { echo "$$out"; exit 1; }

arch: imports ## who may import whom, public names, sizes, documentation
	@$(BIN)/pytest --quiet tests/architecture

bench: $(READY) ## the figures; make bench NAME=S11 runs one
	@$(BIN)/python -m benchmarks.run $(NAME)

soak: $(READY) ## long campaigns, left out of make test
	@$(BIN)/pytest -m soak || [ $$? -eq 5 ]

docs: $(DOCS)/.ready ## build the documentation into ./site
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --quiet --strict
	@echo 'site/index.html'

format: $(READY) ## put the code into its format
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

# make lock UPGRADE=--upgrade takes the newest versions.
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--custom-compile-command 'make lock' $(UPGRADE)
lock: $(UV) ## renew the lock files from pyproject.toml
	@$(COMPILE) pyproject.toml --group dev --extra demo --extra dvc --extra postgres -o requirements.lock
	@$(COMPILE) --group docs -o docs/requirements.lock
	@echo uv | $(COMPILE) - -o .ci/uv-requirements.lock

audit: $(UV) ## look up known faults of the pinned versions (asks the network)
	@$(UV) tool run --quiet pip-audit --disable-pip --require-hashes --requirement requirements.lock

venv: $(READY) ## make .venv as the lock file says

clean: ## remove what make has built
	@rm -rf $(VENV) $(TOOLS) $(DOCS) site demo ui/node_modules $(dir $(WEB))

# The tool that fills the environments lives in the project too: nothing is installed globally.
$(UV): .ci/uv-requirements.lock
	@test -n "$(PYTHON)" || { echo 'Coterie needs Python 3.11, 3.12 or 3.13; found: '"$$(python3 --version 2>&1)"'. Name one: make PYTHON=/path/to/python3.12'; exit 1; }
	@$(PYTHON) -m venv $(TOOLS) >/dev/null || { rm -rf $(TOOLS); echo 'Python has no venv here. On Debian and Ubuntu: apt-get install python3-venv'; exit 1; }
	@$(TOOLS)/bin/python -m pip install --quiet --require-hashes --requirement $<
	@touch $@

$(READY): requirements.lock pyproject.toml $(UV)
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Node comes with the environment; nothing is installed outside this folder.
$(WEB): $(READY) ui/node_modules/.package-lock.json $(shell find ui -path ui/node_modules -prune -o -type f ! -name schema.d.ts -print)
	@$(NPM) run build >/dev/null

ui/node_modules/.package-lock.json: $(READY) ui/package-lock.json
	@$(NPM) ci
	@touch $@

$(DOCS)/.ready: docs/requirements.lock $(UV)
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(DOCS)
	@$(UV) pip sync --quiet --python $(DOCS)/bin/python --require-hashes docs/requirements.lock
	@touch $@
