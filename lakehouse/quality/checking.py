"""Checking: rows against expectations, by Great Expectations."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakehouse.quality.expectation import Expectation, Suite
from lakehouse.quality.unchecked import Unchecked

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
    from great_expectations.datasource.fluent.interfaces import Batch

log = logging.getLogger(__name__)

_NO_SAMPLES = {"result_format": "BASIC", "partial_unexpected_count": 0}
"""Numbers only: values are somebody else's text, and pages and logs are no place for it."""


@dataclass(frozen=True)
class Outcome:
    """What came of one expectation; `observed` says what was seen instead, and is empty where it held."""

    expectation: Expectation
    passed: bool
    observed: str


@dataclass(frozen=True)
class Check:
    """What came of a suite."""

    subject: Unchecked
    num_rows: int
    outcomes: Sequence[Outcome]

    @property
    def run_id(self) -> str:
        """The same for every check of the same version of the table."""
        return f"{self.subject.name}@{self.subject.version}"

    @property
    def broken(self) -> Sequence[Outcome]:
        """The critical expectations that did not hold."""
        return [o for o in self.outcomes if not o.passed and o.expectation.severity == "critical"]


def open_context() -> AbstractDataContext:
    """A Great Expectations context that lives in memory, and sends and shows nothing."""
    # Read when the library is imported.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def check(context: AbstractDataContext, subject: Unchecked) -> Check:
    """Check rows in two or three Spark jobs; only what failed is looked at again, to count how much."""
    expected = subject.suite.expectations
    batch = _batch(context, subject)
    result = _validated(batch, subject.suite, range(len(expected)), {"result_format": "BOOLEAN_ONLY"})
    failed = [_number(found) for found in result.results if not found.success]
    if failed:
        counted = {_number(found): found for found in _validated(batch, subject.suite, failed, _NO_SAMPLES).results}
        result.results = [counted.get(_number(found), found) for found in result.results]
    _log_exceptions(result)
    num_rows = subject.rows.count()
    found = {_number(one): one for one in result.results}
    outcomes = [Outcome(e, bool(found[n].success), _observed(found[n])) for n, e in enumerate(expected)]
    return Check(subject, num_rows, outcomes)


def _batch(context: AbstractDataContext, subject: Unchecked) -> Batch:
    source = context.data_sources.add_or_update_spark("lakehouse", persist=False)
    batches = source.add_dataframe_asset(subject.name).add_batch_definition_whole_dataframe(
        f"version {subject.version}"
    )
    return batches.get_batch({"dataframe": subject.rows})


def _validated(
    batch: Batch, suite: Suite, numbers: Sequence[int], result_format: dict[str, Any]
) -> ExpectationSuiteValidationResult:
    import great_expectations as gx

    chosen = [(number, suite.expectations[number]) for number in numbers]
    expected = [
        {"type": e.type, "kwargs": dict(e.kwargs), "severity": e.severity, "meta": {"number": number}}
        for number, e in chosen
    ]
    return batch.validate(gx.ExpectationSuite(suite.name, expected), result_format=result_format)


def _number(found: ExpectationValidationResult) -> int:
    """Which expectation of its suite a result is about; Great Expectations orders them its own way."""
    assert found.expectation_config is not None
    return int(found.expectation_config.meta["number"])


def _log_exceptions(result: ExpectationSuiteValidationResult) -> None:
    """Say in the log what Spark said; it may quote a value, so it is told nowhere else."""
    for found in result.results:
        # One dictionary, or one for each metric that failed.
        information = found.exception_info or {}
        details = [information, *(part for part in information.values() if isinstance(part, dict))]
        if any(part.get("raised_exception") for part in details):
            messages = {str(part["exception_message"]) for part in details if part.get("exception_message")}
            log.error("%s could not be evaluated: %s", result.suite_name, messages)


def _observed(found: ExpectationValidationResult) -> str:
    if found.success:
        return ""
    result = found.result or {}
    if result.get("unexpected_count") is not None:
        return f"{result['unexpected_count']:,} of {result['element_count']:,} rows"
    if result.get("observed_value") is not None:
        return str(result["observed_value"])
    return "it could not be evaluated, see the log"
