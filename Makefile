.PHONY: fmt lint test demo bench

fmt: ## format the code and mend what ruff can mend
	uv run ruff format .
	uv run ruff check --fix .

lint: ## what CI checks before the tests
	uv run ruff format --check .
	uv run ruff check .
	uv run mypy

test: ## the whole suite; RECLAKE_TEST_SPARK=connect runs it on Spark Connect
	uv run pytest

demo: ## everything on this machine
	uv run reclake demo

bench: ## side-by-side measurements, a table of ratios each
	uv run python -m benchmarks.bronze
	uv run python -m benchmarks.silver
	uv run python -m benchmarks.idle
	uv run python -m benchmarks.dashboard
