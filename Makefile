# Each target first installs what it needs into .venv; `make` alone lists the targets.

DEMO_OUTPUT := demo-output
DEMO := run circuits/examples/backprop.sfc --data mnist20 --limit 6000 --epochs 1 --seed 1 \
	--plot $(DEMO_OUTPUT) --json $(DEMO_OUTPUT)/result.json

# These need environments of peers.
PEERS := $(addprefix benchmarks/bench_,peers.py place.py sanafe.py)
BENCHMARKS := $(sort $(filter-out $(PEERS),$(wildcard benchmarks/bench_*.py)))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup demo test test-newest lint bench bench-peers clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: .venv/installed-base ## create .venv and install sfc in it
	@echo "Ready: .venv/bin/sfc ($$(.venv/bin/python --version))"

demo: .venv/installed-base ## train the example network on MNIST digits, plots in demo-output/
	@mkdir -p $(DEMO_OUTPUT)
	.venv/bin/sfc $(DEMO)
	@echo "Pictures are in $(DEMO_OUTPUT). The command is .venv/bin/sfc; try .venv/bin/sfc run ring --frames 3"

test: .venv/installed-test ## run every test
	.venv/bin/pytest

test-newest: .venv-newest/installed-test ## run every test on the newest Python found
	.venv-newest/bin/pytest

lint: .venv/installed-dev ## check style, formatting and types
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

bench: .venv/installed-dev ## run every benchmarks/bench_*.py that needs no peers
	@set -e; for script in $(BENCHMARKS); do echo "$$script"; .venv/bin/python "$$script"; done

bench-peers: .venv/installed-dev ## compare with other programs, each in an environment of its own
	@set -e; for script in $(PEERS); do echo "$$script"; .venv/bin/python "$$script"; done

clean: ## remove the environments and everything built
	rm -rf .venv .venv-newest build dist $(DEMO_OUTPUT)
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find sfc tests benchmarks tools -name __pycache__ -prune -exec rm -rf {} +

# The environments. A stamp file in the environment records each kind of installation and is
# written last, so an interrupted installation starts over. A wide installation stamps the narrow
# ones it includes. The extra `lava` installs nothing on a Python that Lava does not support.

.venv/created: wanted := preferred
.venv-newest/created: wanted := newest
.venv/created .venv-newest/created: tools/find_python.sh
	@python=$$(sh tools/find_python.sh $(wanted)) && \
		echo "Creating $(@D) with $$("$$python" --version)" && \
		"$$python" -m venv --clear $(@D)
	@touch $@

%/installed-base: %/created pyproject.toml
	$(call install,.,base)

%/installed-dev: %/created pyproject.toml
	$(call install,.[dev],base dev)

%/installed-test: %/created pyproject.toml
	$(call install,$(with_lava),base dev test)

with_lava := .[dev,lava]

# $(1): what pip installs; $(2): the kinds of installation it amounts to
define install
@echo "Installing '$(1)' into $(@D), which may take a minute"
@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --editable '$(1)'
@touch $(addprefix $(@D)/installed-,$(2))
endef
