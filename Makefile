# Keyhold. `make` alone lists what can be done.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# For `run` and `cluster`: make run DATA=/tmp/keyhold NODES=5 BASE_PORT=8000
DATA ?= .keyhold
NODES ?= 3
BASE_PORT ?= 7000
# For `simulate` and `soak`: make simulate SEED=7; make soak MINUTES=60. Every soak plays other seeds.
SEED ?= 1
VIRTUAL_SECONDS ?= 60
MINUTES ?= 10
FROM ?= $(shell date +%s)
# For `fuzz`: make fuzz FRAMES=100000 SEED=7
FRAMES ?= 1000000
# For `bench`: make bench BENCH="load --clients 128"
BENCH ?= load

bin := node_modules/.bin
# npm writes it when it has installed everything, so it is the stamp of an installation.
installed := node_modules/.package-lock.json
# The versions of Node.js that tests run on; of each, npm installs only the one for this machine, if there is one.
pinned := test/versions/node_modules/.package-lock.json
sources := $(shell find api src openapi test \( -name node_modules -o -name dist \) -prune -o -name '*.ts' -print)

.PHONY: help run cluster test check types contract lint unused versions fix generate build bench simulate soak fuzz clean packages node

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {  printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: build ## Install, build, start three nodes, say how to use them; Ctrl-C stops them
	@exec node dist/src/cli/main.js dev --nodes $(NODES) --data-dir "$(DATA)" --base-port $(BASE_PORT)

cluster: ## Start the nodes as last built (DATA=, NODES=, BASE_PORT=)
	@test -f dist/src/cli/main.js || { echo "There is no build yet: make build" >&2; exit 1; }
	@exec node dist/src/cli/main.js dev --nodes $(NODES) --data-dir "$(DATA)" --base-port $(BASE_PORT)

# What only looks and what compiles share two cores; after them the tests have all of them.
test: $(installed) packages ## Check, build, run every test on the oldest supported Node.js and most on the others
	@$(MAKE) -j2 types build contract lint unused $(pinned)
	@.ci/versions all

versions: build $(pinned) ## Run most tests on each version of Node.js that is supported (Linux)
	@.ci/versions

check: $(installed) ## Look for anything wrong, without writing: contract, types, lint, dead code
	@$(MAKE) -j2 types contract lint unused

types: $(installed)
	@$(bin)/tsc --noEmit --incremental false -p .

contract: $(installed)
	@$(bin)/tsx openapi/generate.ts --check
	@$(bin)/redocly lint --config openapi/redocly.yaml openapi/keyhold.yaml

lint: $(installed)
	@$(bin)/biome ci --colors=off .

unused: $(installed)
	@$(bin)/knip
	@$(bin)/knip --production

fix: $(installed) ## Format and repair what a tool can repair
	@$(bin)/biome check --write .

generate: $(installed) ## Make openapi/generated from openapi/keyhold.yaml
	@$(bin)/tsx openapi/generate.ts

build: dist/.built ## Compile to dist/

# Types are looked at by `check`; leaving that out here is what makes a first `make run` quick.
dist/.built: $(installed) tsconfig.json $(sources)
	@echo "Compiling ..."
	@$(bin)/tsc -p . --noCheck --declaration false --incremental false
	@touch $@

bench: build ## Measure a cluster on this machine (BENCH="load --help" lists what)
	@node dist/test/bench/main.js $(BENCH)

simulate: $(installed) ## Replay one simulated run exactly and print its story (SEED=, VIRTUAL_SECONDS=)
	@node --import tsx test/simulation/main.ts --seed $(SEED) --virtual-seconds $(VIRTUAL_SECONDS) --shrink

soak: $(installed) ## Simulate clusters on all cores, then stop (MINUTES=, FROM=); what fails is made small and kept
	@node --import tsx test/simulation/main.ts --minutes $(MINUTES) --from $(FROM) --workers $$(nproc) \
	  --virtual-seconds $(VIRTUAL_SECONDS) --twice-every 20 --shrink

fuzz: $(installed) ## Send mutated frames to living nodes (FRAMES=, MINUTES=, SEED=)
	@node --import tsx test/fuzz/main.ts $(FRAMES) $(MINUTES) $(SEED)

clean: ## Remove what was built and installed (not the data in .keyhold)
	rm -rf dist node_modules openapi/dist test/versions/node_modules

packages: ## Install the Debian packages that some tests need (in CI; elsewhere only say so)
	@.ci/packages

$(installed): package-lock.json | node
	@echo "Installing dependencies ..."
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(pinned): test/versions/package-lock.json | node
	@echo "Installing the versions of Node.js that tests run on ..."
	@npm ci --prefix test/versions --ignore-scripts --no-audit --no-fund --loglevel=error
	@mkdir -p $(@D) && touch $@

node:
	@command -v node npm >/dev/null || { echo "Keyhold needs Node.js >= 20.19 with npm: https://nodejs.org" >&2; exit 1; }
	@found=$$(node -p process.versions.node); IFS=. read -r major minor _ <<< "$$found"; \
	  if [ "$$major" -lt 20 ] || { [ "$$major" -eq 20 ] && [ "$$minor" -lt 19 ]; }; then \
	    echo "Keyhold needs Node.js >= 20.19; $$(command -v node) is $$found." >&2; exit 1; fi
