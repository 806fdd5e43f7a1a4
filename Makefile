# What you can do here: `make demo` trains a small model, `make test` checks everything; both set up first what they need.
# PYTHON=python3.12 chooses the interpreter of .venv, INSTALLER=pip does without uv.

export PYTHON INSTALLER

.PHONY: help setup setup-engines demo test lint docs api proof

help:
	@echo 'make setup        make .venv with everything in it but engines'
	@echo 'make setup-engines add vLLM (for CPUs) and DeepSpeed, and the plugins that use them'
	@echo 'make demo         set up, then train the quickstart (minutes, no GPU)'
	@echo 'make test         set up, then lint, wheels on every installed Python, tests'
	@echo 'make lint         ruff, mypy, import-linter'
	@echo 'make docs         write the generated reference anew'
	@echo 'make api          accept the public API as it is now into tests/api.txt'
	@echo 'make proof NAME   run one of: $(basename $(notdir $(PROOFS)))'

setup:
	@tools/setup.sh

setup-engines:
	@tools/setup.sh engines

demo: setup
	@tools/demo.sh

test: lint
	tools/test_wheels.sh
	.venv/bin/python -m pytest

lint: setup-engines
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

docs: setup-engines
	.venv/bin/python docs/generate.py

api: setup-engines
	.venv/bin/python tests/test_api_snapshot.py

# `make proof NAME`: the word after `proof` is an argument, no target.
PROOFS := $(filter-out proofs/processes.py proofs/record.py proofs/running.py proofs/sandbox_load.py proofs/waiting.py,$(wildcard proofs/*.py))

proof: $(if $(filter vllm-% engines-%,$(word 2,$(MAKECMDGOALS))),setup-engines,setup)
	.venv/bin/python proofs/$(subst -,_,$(PROOF)).py

ifeq ($(firstword $(MAKECMDGOALS)),proof)
PROOF := $(word 2,$(MAKECMDGOALS))
ifeq ($(wildcard proofs/$(subst -,_,$(PROOF)).py),)
$(error found no proof '$(PROOF)', expected `make proof NAME` with one of: $(subst _,-,$(basename $(notdir $(PROOFS)))))
endif
.PHONY: $(PROOF)
$(PROOF): ;@:
endif
