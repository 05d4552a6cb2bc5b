SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/.installed ## Python packages; the command is then .venv/bin/ivr

$(VENV)/.installed: pyproject.toml constraints.txt
	@asterisk-config/../scripts/python-venv $(VENV)
	@touch $@
