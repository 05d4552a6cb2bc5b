SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
, := ,
# Arguments for pytest, ivr demo and ivr lab up: make test ARGS='-k keeper'
ARGS ?=
# What is started here must not outlive make, even when make is killed: SIGTERM reaches it then, and it cleans up.
RUN := exec setpriv --pdeathsig TERM

# $(call apt,COMMAND TO TRY,PACKAGES): install Debian packages unless the command succeeds.
define apt
if ! $(1) >/dev/null 2>&1; then \
  echo "installing with apt-get: $(2)"; \
  flock /var/cache/apt bash -c 'apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2)' >/dev/null 2>&1 || \
  { echo "cannot install $(2): it needs root and network; to see why: apt-get install $(2)" >&2; exit 1; }; \
fi
endef

.PHONY: help install rootfs sipp demo lab test test-lab test-fast bench compose-test check prompts clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed ## The Python packages, in .venv; the command is then .venv/bin/ivr
	@:

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(call apt,$(PYTHON) -c 'import ensurepip$(,) venv',python3 python3-venv)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || { echo "making $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing the Python packages"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]' || \
	  { echo "pip could not install the packages (no network?); run make again when it can" >&2; exit 1; }
	@touch $@

rootfs: # the lab's Asterisk, built once and then found in the cache directory
	@docker/rootfs/build >/dev/null

sipp: # SIPp, for the tests on real calls
	@$(call apt,command -v sipp,sip-tester)

# The two long installs of a first run side by side.
.PHONY: installs
installs:
	@$(MAKE) --no-print-directory -j2 install rootfs

demo: installs ## One callback, from the call to the agent, on a real Asterisk
	@$(RUN) $(BIN)/ivr demo $(ARGS)

lab: installs ## The same lab left running, to try by hand; Ctrl-C ends it
	@$(RUN) $(BIN)/ivr lab up $(ARGS)

test: test-fast test-lab ## All tests, on real Asterisk and SIPp too

test-lab: installs sipp ## The tests on real Asterisk and SIPp, and the slow ones: make test-lab ARGS='-k voicemail'
	@LABS_SIDE_BY_SIDE=1 $(RUN) $(BIN)/pytest -n auto --dist loadfile -m "(lab or slow) and not chaos" $(ARGS)

test-fast: install ## The tests that need no Asterisk
	@$(RUN) $(BIN)/pytest -n auto -m "not lab and not chaos and not slow" $(ARGS)

bench: install rootfs sipp ## Calls at a steady rate through the complete offer: make bench ARGS='--rate 10 --seconds 60'
	@$(RUN) $(BIN)/python tests/bench/offer_load.py $(ARGS)

compose-test: install sipp ## The containers of docker/compose.yaml, built, tried with one callback and removed; needs Docker
	@$(RUN) $(BIN)/python tests/compose/one_callback.py $(ARGS)

check: install ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

prompts: install ## Build what callers and the lab's people say, where its text changed, and check it
	@$(call apt,command -v flite,flite)
	@$(BIN)/python -c 'import hibari' 2>/dev/null || { echo "installing the voice"; \
	  $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt 'hibari-tts==0.2.1'; }
	@for set in prompts/*/ asterisk-config/carrier/sounds/; do \
	  $(BIN)/ivr prompts build $$set && $(BIN)/ivr prompts check $$set; done

clean: ## Remove what was built here; the Asterisk tree in the cache directory stays for the next clone
	@rm -rf $(VENV) dist .make .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
