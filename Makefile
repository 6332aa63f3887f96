# hookgate: `make serve` sets up and serves the example, `make test` sets up and passes the tests.
# Both need nothing but CPython >= 3.11 (with venv) and make.

PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2

# The tests start hundreds of gateways, each of which would compile itself anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help serve test docs format bench clean

help:
	@echo "make serve    set up and serve rules.yaml (makes .env with random secrets at first)"
	@echo "make test     set up, then check format, lint, types and floors, and run the tests"
	@echo "make docs     write the parts of the documentation that the code knows"
	@echo "make format   format and mend what can be mended by itself"
	@echo "make bench    measure everything and write docs/performance.md (QUICK=1: a short pass)"
	@echo "make clean    remove what the above made, except .env and the store"

serve: .venv/installed .env
	@$(BIN)/python -c 'print("Try it from another terminal:\n")'
	@echo "  cd $(CURDIR) && . ./.env"
	@echo "  curl -X POST http://localhost:12345/api/webhooks/jira -H 'Content-Type: application/json' -H \"X-Webhook-Token: \$$JIRA_WEBHOOK_TOKEN\" -H 'X-Jira-Event-Type: issue_created' -d '{\"issue\":{\"key\":\"PROJ-123\",\"fields\":{\"issuetype\":{\"name\":\"bug\"},\"priority\":{\"name\":\"High\"}}}}'"
	@echo
	@exec $(BIN)/hookgate serve rules.yaml --env-file .env

test: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n $(JOBS)

docs: .venv/installed-dev
	$(BIN)/python -m docs.generate

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/installed-charts
	$(BIN)/python -m benchmarks.report $(if $(QUICK),--quick)

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/installed-dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ .venv/installed

.venv/installed-charts: pyproject.toml | .venv/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,charts]'
	@touch $@

.env:
	@umask 077 && $(PYTHON) -c 'import secrets; \
	names = "HOOKGATE_ADMIN_TOKEN", "GITHUB_WEBHOOK_SECRET", "JIRA_WEBHOOK_TOKEN"; \
	print("\n".join(f"{name}={secrets.token_urlsafe(24)}" for name in names))' > $@
	@echo "made .env with random secrets"

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
