# Everything here works on a fresh clone: each target first makes .venv where it is missing.
# ARGS is passed on:  make run ARGS='--help'

PY := .venv/bin/python
TOOLS := build/tools/bin/python
TOOLS_DONE := build/tools/.done
INSTALL := $(PY) -m pip --disable-pip-version-check install -qq --no-deps --require-hashes
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
# One process more than there are cores: some tests wait for what a server does in its time.
JOBS := $(shell expr `getconf _NPROCESSORS_ONLN` + 1)
PYTEST = $(PY) -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder
RESOLUTION := newest

# Compiled once, not by each of the many processes that tests start.
unexport PYTHONDONTWRITEBYTECODE

.NOTPARALLEL:
.PHONY: help setup run test quick check lock canary sbom audit release bench bench-full mini mosaic

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv and install everything into it, as it is locked
	@sh scripts/setup.sh

run: setup ## Start Babelpix on this machine: database, queue, worker, web chat
	@exec $(PY) -m bot run $(ARGS)

test: check ## Check the code, then run all tests
	$(PYTEST) $(ARGS)

quick: check ## Check the code, then run the unit tests: a minute, for the loop of work
	$(PYTEST) tests/unit $(ARGS)

check: setup ## Lint, formatting, types, import rules, Compose files, translations, the lock
	$(PY) scripts/lock.py check
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy --num-workers 2 bot db workers samples telemetry
	.venv/bin/lint-imports
	$(PY) -m check_jsonschema --builtin-schema vendor.compose-spec docker-compose.yml docker-compose.gpu.yml
	$(PY) scripts/catalogues.py check

$(TOOLS_DONE): requirements/tools.txt
	@echo 'installing what works on the project from outside into build/tools'
	@[ -x $(TOOLS) ] || { python=$${PYTHON:-$$(command -v $(PY) || command -v python3)} && $$python -m venv build/tools; }
	@$(TOOLS) -m pip --disable-pip-version-check install -qq --no-deps --require-hashes -r $<
	@touch $@

lock: $(TOOLS_DONE) ## Renew the lock within the ranges of pyproject.toml, print what moved (ARGS=--keep: only what must)
	@$(TOOLS) scripts/lock.py write $(ARGS)

canary: setup $(TOOLS_DONE) ## Try other versions than the locked: RESOLUTION=newest or lowest; what breaks by which package
	@$(TOOLS) scripts/canary.py $(RESOLUTION)

sbom: $(TOOLS_DONE) ## Write the software bill of materials of what the lock installs into dist/
	@$(TOOLS) scripts/sbom.py dist/babelpix-$(VERSION).cdx.json $(ARGS)

audit: $(TOOLS_DONE) ## Ask the advisories about every locked package
	@$(TOOLS) scripts/audit.py

release: setup sbom ## Build the wheel into dist/, with its bill of materials beside it
	@rm -rf build/lib build/bdist.* # or files that are gone would be in it
	@$(PY) -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist

bench: setup ## Run every benchmark in its short form (ARGS names some of them)
	@$(INSTALL) -r requirements/bench.txt
	@exec $(PY) -m benchmarks --short $(ARGS)

bench-full: setup ## Run every benchmark in full (hours) and write docs/benchmarks.md
	@$(INSTALL) -r requirements/bench.txt
	@exec $(PY) -m benchmarks --write $(ARGS)

mini: setup ## Train the bundled model anew (see docs/mini.md); ARGS=--dry-run stops after the data
	@$(INSTALL) -r requirements/train.txt
	@$(PY) -m workers.training mini $(ARGS)

mosaic: setup ## Join it with a photograph part into the default model; resumable
	@$(INSTALL) -r requirements/train.txt
	@exec $(PY) -m workers.training mosaic $(ARGS)
