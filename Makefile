# `make` alone lists what there is.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# uv where there is one, else plain pip.
INSTALL = $(shell command -v uv >/dev/null 2>&1 && echo "uv pip install -q --python $(BIN)/python" || echo "$(BIN)/python -m pip install -q --disable-pip-version-check")
DEMO := DEMO=1 DATA_DIR=var/demo PORT=$(PORT) $(BIN)/python manage.py demo

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test prove check bench setup run fmt messages lock

help: ## what this Makefile can do
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/base locale/fa/LC_MESSAGES/django.mo ## the demo city at http://localhost:8000 (PORT=…, PB=path/to/file.pb adds a published round)
	@$(DEMO) $(if $(PB),--pb "$(PB)")

demo-reset: ## the demo city, built afresh
	@rm -rf var/demo
	@$(MAKE) --no-print-directory demo

test: setup ## the whole suite: SQLite, PostgreSQL with Redis, browser
	@$(BIN)/python -m tests

prove: setup ## the long tests at full length: kills, races, fuzzing (about half an hour; PROVE_ROUNDS=40, FUZZ_EXAMPLES=10000)
	@PROVE_ROUNDS=$(or $(PROVE_ROUNDS),40) FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),10000) $(BIN)/python -m tests -m prove

check: setup ## style, types, layers, templates, migrations, deployment
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet
	DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(60))") HOSTS=vote.example.org SMTP_HOST=localhost \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING
	git ls-files -z | xargs -0 grep -lIE 'pythonh[o]sted|registry\.npm[j]s|deb\.deb[i]an' && exit 1 || true

bench: setup ## how fast the count and the vote log are, beside other libraries and bare hashing (QUICK=1: a tenth of everything)
	@$(BIN)/python -m bench $(if $(QUICK),--quick)

setup: .venv/dev locale/fa/LC_MESSAGES/django.mo ## everything for development in .venv

run: setup ## a development server with your own data in var/
	DEBUG=1 $(BIN)/python manage.py migrate -v 0
	DEBUG=1 PORT=$(PORT) $(BIN)/python manage.py runserver $(PORT)

fmt: setup ## put imports and simple style in order
	$(BIN)/ruff check --fix-only .

messages: setup ## bring locale/fa up to date with the sources (needs gettext)
	DEBUG=1 $(BIN)/python manage.py makemessages -l fa --no-obsolete --no-wrap --add-location file -i .venv -i tests -i var

lock: setup ## compile requirements/*.txt from pyproject.toml (needs uv)
	$(BIN)/python tools/lock.py

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing: install the package python3-venv."; rm -rf .venv; exit 1; }

.venv/base: .venv/bin/python requirements/base.txt
	@echo "Installing what is needed into .venv …"
	@$(INSTALL) --require-hashes -r requirements/base.txt
	@touch $@

.venv/dev: .venv/bin/python requirements/dev.txt requirements/oracles.txt
	@echo "Installing what development needs into .venv …"
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@$(INSTALL) --require-hashes -r requirements/oracles.txt
	@touch $@ .venv/base

locale/fa/LC_MESSAGES/django.mo: locale/fa/LC_MESSAGES/django.po | .venv/base
	@$(BIN)/pybabel -q compile -d locale -D django
