.DEFAULT_GOAL := help
.PHONY: help fmt lint check test fuzz coverage pages docs demo bench

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

fmt: ## format the code and mend what ruff can mend
	uv run ruff format .
	uv run ruff check --fix .

lint: ## what CI checks before the tests: format, lint, types, contracts of imports
	uv run ruff format --check .
	uv run ruff check .
	uv run mypy
	uv run lint-imports

check: ## the tests that need neither Spark nor a service nor a browser
	uv run pytest -m "not slow"

test: ## the whole suite; RECLAKE_TEST_SPARK=connect runs it on Spark Connect
	uv run pytest

fuzz: ## hostile input for every parser, TIMES=50 times as much as `make test` has (an hour)
	RECLAKE_FUZZ_TIMES=$(or $(TIMES),50) uv run pytest tests/fuzz -o timeout=0

coverage: ## the whole suite, and which lines it ran, in htmlcov/index.html (what runs in Spark's workers does not count)
	uv run pytest --cov --cov-report=html --cov-report=term:skip-covered

pages: ## write the pages of docs/ that are made from settings, tables and jobs
	uv run python -m handbook

docs: ## the site of docs/, in site/index.html; a link to nowhere is an error
	uv run --group docs zensical build --clean --strict

demo: ## everything on this machine
	uv run reclake demo

bench: ## side-by-side measurements, a table of ratios each
	uv run python -m benchmarks.bronze
	uv run python -m benchmarks.silver
	uv run python -m benchmarks.idle
	uv run python -m benchmarks.dashboard
