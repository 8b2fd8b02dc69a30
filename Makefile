# The two commands are `make serve` and `make test`; the README says the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --upgrade \
	--universal --generate-hashes --no-emit-index-url --python-version 3.11

.PHONY: serve test lint bench bench-quick lock clean

serve: $(VENV)/installed
	@exec $(BIN)/python manage.py serve

test: $(VENV)/installed-dev
	@$(BIN)/python -m pytest

lint: $(VENV)/installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python manage.py makemigrations --check --dry-run

bench: $(VENV)/installed .venv-bench/installed
	@$(BIN)/python -m benchmarks

bench-quick: $(VENV)/installed .venv-bench/installed
	@$(BIN)/python -m benchmarks --quick

# Installs a lock file into the virtual environment. One that is not whole, because it
# could not be made (Debian without python3-venv) or a run was interrupted, is made anew.
define INSTALL
@if [ -e $(VENV)/unfinished ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "FocusMaster needs Python 3.11 or newer: make PYTHON=python3.13 serve")' && \
	rm -rf $(VENV) && mkdir $(VENV) && touch $(VENV)/unfinished && \
	$(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip --version >/dev/null || exit 1; \
fi
@echo "Installing the locked dependencies into $(VENV) ..."
@touch $(VENV)/unfinished
@$(PIP_INSTALL) -r $<
@rm $(VENV)/unfinished
@touch $@
endef

# Each stamp is newer than the lock file that was installed.
$(VENV)/installed: requirements.txt
	$(INSTALL)

$(VENV)/installed-dev: requirements-dev.txt
	$(INSTALL)
	@touch $(VENV)/installed

# What the services that ours is compared with need, kept apart from it.
.venv-bench/installed: benchmarks/requirements.txt | $(VENV)/installed
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Newest versions within pyproject.toml's bounds, with the hashes of their files.
lock: $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(COMPILE) pyproject.toml -o requirements.txt
	@$(COMPILE) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	@$(COMPILE) benchmarks/requirements.in -o benchmarks/requirements.txt

# The data in .state stays.
clean:
	@rm -rf $(VENV) .venv-bench .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
