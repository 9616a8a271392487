"""A run of a job: its tasks one after another in this process, by the rules of Databricks Workflows."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from lakehouse import interruption
from lakehouse.errors import JobDefinitionError, RecLakeError, ServiceError
from lakehouse.jobs.conditions import of_job, verdict
from lakehouse.jobs.model import Job, RunJobTask, TaskDefinition, WheelTask
from lakehouse.jobs.references import OF_JOB, fill, require_known
from lakehouse.jobs.result import Event, JobRun, State, TaskEnded, TaskResult, TaskRetried, TaskStarted

Execute = Callable[[str, Mapping[str, str]], None]
"""Runs the task of a wheel entry point with its text parameters."""


def run_job(
    jobs: Mapping[str, Job],
    name: str,
    execute: Execute,
    *,
    parameters: Mapping[str, str] | None = None,
    only: Collection[str] = (),
    on_event: Callable[[Event], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> JobRun:
    """Run a job's tasks in the order of their dependencies, one at a time.

    Parameters
    ----------
    jobs : mapping of str to Job
        All jobs, by key, as `load_jobs` gives them.
    execute : callable
        Runs one task: takes the name of its entry point and its parameters.
    parameters : mapping of str to str, optional
        Values instead of the defaults of the job's parameters.
    only : collection of str
        Keys of the tasks to run, as if the others were not there; none: all.
    on_event : callable
        Told of each start, retry and end as it happens.

    Returns
    -------
    JobRun
        Also when tasks failed. An interrupt by the user ends the run at once, by its exception, whatever the task or
        a library made of it.

    Raises
    ------
    JobDefinitionError
        There is no such job, or it has no such parameter or task.
    """
    require_runnable(jobs, name, parameters, only)
    run = _Run(jobs, execute, on_event, sleep, uuid4().hex[:12])
    started, clock = datetime.now(UTC), time.monotonic()
    state = run.job(jobs[name], {**jobs[name].defaults, **(parameters or {})}, (), only)
    return JobRun(name, run.run_id, state, tuple(run.results), started, time.monotonic() - clock)


def require_runnable(
    jobs: Mapping[str, Job], name: str, parameters: Mapping[str, str] | None = None, only: Collection[str] = ()
) -> None:
    """Check what a person asked to run.

    Raises
    ------
    JobDefinitionError
        There is no such job, or it has no such parameter or task; the message lists those that there are.
    """
    parameters = parameters or {}
    if name not in jobs:
        known = "\n".join(f"  {job.key}: {job.description}" for job in jobs.values())
        raise JobDefinitionError(f"There is no job {name!r}. The jobs are:\n{known}")
    job = jobs[name]
    if unknown := sorted(parameters.keys() - job.defaults.keys()):
        raise JobDefinitionError(f"Job {name} has no parameter {unknown[0]!r}; it has {', '.join(job.defaults)}.")
    require_known(parameters.values(), OF_JOB, f"Job {name}")
    keys = [task.task_key for task in job.tasks]
    if missing := sorted(set(only) - set(keys)):
        raise JobDefinitionError(f"Job {name} has no task {missing[0]!r}; it has {', '.join(keys)}.")


@dataclass
class _Run:
    jobs: Mapping[str, Job]
    execute: Execute
    on_event: Callable[[Event], None]
    sleep: Callable[[float], None]
    run_id: str

    def __post_init__(self) -> None:
        self.results: list[TaskResult] = []

    def job(self, job: Job, parameters: Mapping[str, str], path: Sequence[str], only: Collection[str] = ()) -> State:
        values = {"job.name": job.name, "job.run_id": self.run_id}
        parameters = {name: fill(value, values) for name, value in parameters.items()}
        values |= {f"job.parameters.{name}": value for name, value in parameters.items()}
        tasks = [task for task in job.tasks if not only or task.task_key in only]
        states: dict[str, State] = {}
        for task in tasks:
            of_task = values | {"task.name": task.task_key}
            upstream = [states[key] for key in task.needs if key in states]
            states[task.task_key] = self._task(task, upstream, parameters, of_task, (*path, task.task_key))
        return of_job(tasks, states)

    def _task(
        self,
        task: TaskDefinition,
        upstream: Sequence[State],
        parameters: Mapping[str, str],
        values: Mapping[str, str],
        path: Sequence[str],
    ) -> State:
        if skipped := verdict(task.run_if, upstream):
            return self._ended(TaskResult(" / ".join(path), skipped))
        if task.run_job_task:
            child = self.jobs[task.run_job_task.job]
            return self.job(child, _of_child(task.run_job_task, child, parameters, values), path)
        assert task.python_wheel_task
        arguments = _of_wheel(task.python_wheel_task, parameters, values)
        return self._wheel(task, task.python_wheel_task.entry_point, arguments, " / ".join(path))

    def _wheel(self, task: TaskDefinition, entry_point: str, arguments: Mapping[str, str], name: str) -> State:
        started, first = datetime.now(UTC), time.monotonic()
        attempt = 0
        while True:
            attempt += 1
            interruption.raise_if_asked()
            self.on_event(TaskStarted(name, attempt))
            begun = time.monotonic()
            try:
                self.execute(entry_point, arguments)
                state, fault = State.SUCCESS, None
            # A task that exits has not done its work, there as here. An interrupt is the user's and goes through.
            except (Exception, SystemExit) as error:
                state, fault = State.FAILED, error
                interruption.raise_if_asked()
            if fault is None or not _is_retried(task, attempt, fault):
                seconds = time.monotonic() - first
                return self._ended(TaskResult(name, state, attempt, started, seconds, fault))
            wait = max(0.0, task.min_retry_interval_millis / 1000 - (time.monotonic() - begun))
            self.on_event(TaskRetried(name, attempt, fault, wait))
            self.sleep(wait)

    def _ended(self, result: TaskResult) -> State:
        self.results.append(result)
        self.on_event(TaskEnded(result))
        return result.state


def _of_wheel(wheel: WheelTask, parameters: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    if not wheel.named_parameters:
        pairs = [text.removeprefix("--").split("=", 1) for text in wheel.parameters]
        return {name: fill(value, values) for name, value in pairs}
    named = {name: fill(value, values) for name, value in wheel.named_parameters.items()}
    # Parameters of the job are pushed down to tasks with named parameters, and win over those of the task.
    return {**named, **parameters}


def _of_child(task: RunJobTask, child: Job, parameters: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    given = {name: fill(value, values) for name, value in task.job_parameters.items()}
    pushed = {name: value for name, value in parameters.items() if name in child.defaults}
    return {**child.defaults, **given, **pushed}


def _is_retried(task: TaskDefinition, attempt: int, error: BaseException) -> bool:
    # Databricks retries every failure. Ours are sentences for the person who has to act, and until then another
    # attempt meets the same parameters, the same table, the same failed expectation; only a service may come back.
    for_a_person = isinstance(error, RecLakeError) and not isinstance(error, ServiceError)
    return not for_a_person and (task.max_retries == -1 or attempt <= task.max_retries)
