# One entry point for developers. `make install` once (and after pyproject.toml changed); nothing else installs.
python := .venv/bin/python
processors := $(shell nproc)
workers := $(shell echo $$(($(processors) < 4 ? $(processors) + 1 : 4)))
# Folders of tests that need neither compiled graphs nor a browser nor a service.
quick := tests/audio tests/convert tests/scheduler tests/say tests/text tests/test_layout.py tests/testing

.PHONY: help install hooks check test fast parity faults bench serve page notes
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12
install: ## the environment with everything that tests need
	bash install.sh --dev
hooks: ## run the checks of .pre-commit-config.yaml before every commit
	$(python) -m pre_commit install
check: ## style and types
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy
test: ## all tests on all processors; more: make test args="-m full tests/networks"
	bash tests/run.sh $(python) -n $(workers) --dist loadgroup --durations 15 $(args)
fast: ## what answers within a minute or two: no graphs, no service, no browser
	bash tests/run.sh $(python) -q -x $(quick) $(args)
parity: ## golden numbers of the official program, in every implementation
	$(python) -m tests.parity tests/data/parity $(args)
faults: ## break the code on purpose and show which test notices
	$(python) -m tests.faults $(args)
bench: ## how fast the networks are; more in docs and bench/
	$(python) -m bench.networks $(args)
serve: ## the service on this machine, http://127.0.0.1:9881/index
	$(python) api_ms.py $(args)
page: ## the page with an engine that only pretends
	$(python) -m tests.page $(args)
notes: ## the newest section of the changelog, for the tag
	@awk '/^## /{n++} n==2{exit} n==1' CHANGELOG.md
