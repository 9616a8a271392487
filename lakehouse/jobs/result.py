"""What a run of a job tells: events while it runs, and at the end how each task went."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class State(StrEnum):
    """How a task, or a job, ended."""

    SUCCESS = "SUCCESS"
    SUCCESS_WITH_FAILURES = "SUCCESS_WITH_FAILURES"
    FAILED = "FAILED"
    UPSTREAM_FAILED = "UPSTREAM_FAILED"
    EXCLUDED = "EXCLUDED"

    @property
    def is_failure(self) -> bool:
        """Whether what depends on it sees a failure."""
        return self in (State.FAILED, State.UPSTREAM_FAILED)

    @property
    def is_success(self) -> bool:
        """Whether what depends on it sees a success."""
        return self in (State.SUCCESS, State.SUCCESS_WITH_FAILURES)


@dataclass(frozen=True)
class TaskResult:
    """How one task went; `name` is its path, `silver / update_events` for a task of a job that a job runs."""

    name: str
    state: State
    attempts: int = 0
    started: datetime | None = None
    seconds: float = 0.0
    error: BaseException | None = None


@dataclass(frozen=True)
class TaskStarted:
    """A task starts, for the `attempt`-th time."""

    name: str
    attempt: int


@dataclass(frozen=True)
class TaskRetried:
    """An attempt failed and another follows after `wait` seconds."""

    name: str
    attempt: int
    error: BaseException
    wait: float


@dataclass(frozen=True)
class TaskEnded:
    """A task ended or was skipped."""

    result: TaskResult


Event = TaskStarted | TaskRetried | TaskEnded


@dataclass(frozen=True)
class JobRun:
    """How a run of a job went, task by task in the order in which they ended."""

    job: str
    run_id: str
    state: State
    tasks: Sequence[TaskResult]
    started: datetime
    seconds: float

    @property
    def failed(self) -> Sequence[TaskResult]:
        """The tasks that ran and failed."""
        return [task for task in self.tasks if task.state is State.FAILED]
