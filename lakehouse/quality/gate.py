"""The quality gate: a layer is checked where it changed, and what follows waits for a layer that is right."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lakehouse import tables
from lakehouse.errors import QualityGateError, TaskParameterError
from lakehouse.lake import Lakehouse
from lakehouse.quality.pages import data_docs_index, publish
from lakehouse.quality.suites import gates, suites
from lakehouse.quality.unchecked import unchecked
from lakehouse.rows import few_rows
from lakehouse.task import task

__all__ = ["check_quality", "data_docs_index"]

if TYPE_CHECKING:
    from lakehouse.quality.checking import Check, Outcome

log = logging.getLogger(__name__)


@task
def check_quality(lake: Lakehouse, layer: str) -> None:
    """Check what is new in a layer's tables; see `lakehouse.quality.suites` for what is expected.

    All tables are checked and all results recorded, in `ops.quality_results` and on the quality pages, before a
    failure stops the job. A table that failed is checked again by the next run; the others only when they change.

    Parameters
    ----------
    layer : str
        One of `gates()`.

    Raises
    ------
    TaskParameterError
        The layer has no gate.
    QualityGateError
        A critical expectation failed.
    """
    if layer not in gates():
        raise TaskParameterError(f"There is no quality gate of layer {layer!r}. Layers: {', '.join(gates())}.")
    found = [subject for suite in suites(layer, lake.settings) if (subject := unchecked(lake, suite))]
    if not found:
        return
    # Only here, because the library takes seconds to import.
    from lakehouse.quality.checking import check, open_context

    context = open_context()
    checks = [check(context, subject) for subject in found]
    at = dt.datetime.now(dt.UTC)
    _record(lake, checks, at)
    publish(lake.settings, checks, at)
    try:
        for done in checks:
            if not done.broken:
                done.subject.new.commit()
    finally:
        # Also if another run of the gate got there first: what is broken is said.
        _report(lake, layer, checks)


def _record(lake: Lakehouse, checks: Sequence[Check], at: dt.datetime) -> None:
    rows = [
        (
            done.run_id,
            done.subject.name,
            str(outcome.expectation),
            outcome.expectation.severity,
            outcome.passed,
            outcome.observed,
            done.num_rows,
            done.subject.version,
            at,
        )
        for done in checks
        for outcome in done.outcomes
    ]
    lake.upsert(tables.quality_results, few_rows(lake.spark, rows, tables.quality_results.schema))


def _report(lake: Lakehouse, layer: str, checks: Sequence[Check]) -> None:
    """Log warnings, and raise what is critical."""
    page = data_docs_index(lake.settings)
    for done in checks:
        for outcome in done.outcomes:
            if not outcome.passed and outcome.expectation.severity == "warning":
                log.warning("%s; see %s", _sentence(done, outcome), page)
    broken = [_sentence(done, outcome) for done in checks for outcome in done.broken]
    if broken:
        raise QualityGateError(
            f"The quality gate of layer {layer} is closed: {'; '.join(broken)}. The pages at {page} and the table "
            f"{tables.quality_results} show every check. Correct the cause and the rows, then run the job again: "
            "what failed is checked again."
        )


def _sentence(done: Check, outcome: Outcome) -> str:
    return f"{done.subject.name} version {done.subject.version} broke {outcome.expectation}: {outcome.observed}"
