"""How the ends of tasks decide what follows: whether the next task runs, and how the job ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakehouse.jobs.model import RunIf, TaskDefinition
from lakehouse.jobs.result import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def verdict(run_if: RunIf, upstream: Sequence[State]) -> State | None:
    """Decide whether a task is skipped, given how those that it depends on ended; None: it runs.

    Databricks: "Configure task dependencies", section "Run if condition options". A task that is there to handle
    failures is excluded when there are none; what depends on excluded tasks only is excluded too.
    """
    if not upstream:
        return None
    if all(state is State.EXCLUDED for state in upstream):
        return State.EXCLUDED
    failed = [state.is_failure for state in upstream]
    succeeded = [state.is_success for state in upstream]
    match run_if:
        case RunIf.ALL_SUCCESS:
            return None if all(succeeded) else State.UPSTREAM_FAILED
        case RunIf.AT_LEAST_ONE_SUCCESS:
            return None if any(succeeded) else State.UPSTREAM_FAILED
        case RunIf.NONE_FAILED:
            return None if not any(failed) else State.UPSTREAM_FAILED
        case RunIf.ALL_DONE:
            return None
        case RunIf.AT_LEAST_ONE_FAILED:
            return None if any(failed) else State.EXCLUDED
        case RunIf.ALL_FAILED:
            return None if all(failed) else State.EXCLUDED


def of_job(tasks: Sequence[TaskDefinition], states: Mapping[str, State]) -> State:
    """Judge a job by its leaves, as Databricks does: a failure that a later task has dealt with is not the job's."""
    inner = {key for task in tasks for key in task.needs}
    if any(state.is_failure for key, state in states.items() if key not in inner):
        return State.FAILED
    with_failures = any(state.is_failure or state is State.SUCCESS_WITH_FAILURES for state in states.values())
    return State.SUCCESS_WITH_FAILURES if with_failures else State.SUCCESS
