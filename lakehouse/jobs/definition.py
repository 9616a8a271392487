"""The jobs of a bundle, read for one target and checked: whatever the local runner cannot do is an error."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from lakehouse.errors import JobDefinitionError
from lakehouse.jobs.bundle import Bundle, find_bundle, read_bundle
from lakehouse.jobs.model import (
    WORKSPACE_ONLY_IN_JOB,
    WORKSPACE_ONLY_IN_TASK,
    Job,
    RunJobTask,
    TaskDefinition,
    WheelTask,
)
from lakehouse.jobs.references import OF_JOB, OF_TASK, require_known

if TYPE_CHECKING:
    from pathlib import Path


def load_jobs(file: Path | None = None, target: str = "local") -> dict[str, Job]:
    """Read every job of the bundle, by key.

    Parameters
    ----------
    file : Path, optional
        The `databricks.yml`; by default the nearest at or above the current folder.

    Raises
    ------
    JobDefinitionError
        A job is wrong, or asks for what the local runner cannot do; the message names file, job, task and field.
    """
    bundle = read_bundle(file or find_bundle(), target)
    jobs = {key: _job(bundle, key) for key in bundle.resources.get("jobs", {})}
    for key, job in jobs.items():
        _check(job, jobs, f"{_file(bundle, key)}: job {key}")
    _require_no_cycle({key: _children(job) for key, job in jobs.items()}, str(bundle.file), "jobs")
    return jobs


def _job(bundle: Bundle, key: str) -> Job:
    resource = bundle.resources["jobs"][key]
    where = f"{_file(bundle, key)}: job {key}"
    acting = _without(WORKSPACE_ONLY_IN_JOB, resource.content)
    if isinstance(acting.get("tasks"), list):
        acting["tasks"] = [_without(WORKSPACE_ONLY_IN_TASK, task) for task in acting["tasks"]]
    acting = bundle.resolve(acting, _file(bundle, key))
    try:
        job = Job.model_validate({"name": key, **acting, "key": key})
    except ValidationError as error:
        raise JobDefinitionError(f"{where}{_first_fault(error, acting)}") from None
    _require_sound_graph(job, where)
    return job.model_copy(update={"tasks": _in_order(job.tasks)})


def _file(bundle: Bundle, key: str) -> Path:
    return bundle.resources["jobs"][key].file.relative_to(bundle.file.parent)


def _without(names: frozenset[str], content: Any) -> Any:
    return {k: v for k, v in content.items() if k not in names} if isinstance(content, Mapping) else content


def _first_fault(error: ValidationError, job: Mapping[str, Any]) -> str:
    fault = error.errors()[0]
    match fault["loc"]:
        case ("tasks", int(index), *path) if path and isinstance(job["tasks"][index], Mapping):
            task = f", task {job['tasks'][index].get('task_key', index)}"
        case path:
            task = ""
    field = ".".join(map(str, path))
    if fault["type"] == "extra_forbidden":
        return f"{task}: the local runner does not know `{field}`."
    return f"{task}: `{field}`: {fault['msg']}."


def _require_sound_graph(job: Job, where: str) -> None:
    keys = [task.task_key for task in job.tasks]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise JobDefinitionError(f"{where}: the task key {twice[0]} is given twice.")
    for task in job.tasks:
        if unknown := sorted(set(task.needs) - set(keys)):
            raise JobDefinitionError(f"{where}, task {task.task_key}: depends_on names no task of the job: {unknown}.")
    _require_no_cycle({task.task_key: task.needs for task in job.tasks}, where, "tasks")


def _require_no_cycle(graph: Mapping[str, list[str]], where: str, what: str) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise JobDefinitionError(f"{where}: {what} wait for each other: {' -> '.join(error.args[1])}.") from None


def _in_order(tasks: list[TaskDefinition]) -> list[TaskDefinition]:
    ordered: list[TaskDefinition] = []
    waiting = list(tasks)
    while waiting:
        done = {task.task_key for task in ordered}
        # The first that can run, as written: the order does not change from one run to the next.
        ready = next(task for task in waiting if done.issuperset(task.needs))
        ordered.append(ready)
        waiting.remove(ready)
    return ordered


def _children(job: Job) -> list[str]:
    return [task.run_job_task.job for task in job.tasks if task.run_job_task]


def _check(job: Job, jobs: Mapping[str, Job], where: str) -> None:
    require_known(job.defaults.values(), OF_JOB, where)
    for task in job.tasks:
        here = f"{where}, task {task.task_key}"
        match task.python_wheel_task, task.run_job_task:
            case WheelTask() as wheel, None:
                _check_wheel(wheel, job, here)
            case None, RunJobTask() as child:
                _check_child(task, child, job, jobs, here)
            case _:
                raise JobDefinitionError(f"{here}: needs either python_wheel_task or run_job_task.")


def _check_wheel(wheel: WheelTask, job: Job, where: str) -> None:
    if wheel.named_parameters and wheel.parameters:
        raise JobDefinitionError(f"{where}: takes named_parameters or parameters, not both.")
    if wrong := [text for text in wheel.parameters if not (text.startswith("--") and "=" in text)]:
        raise JobDefinitionError(f"{where}: parameters have to be `--name=value`, which {wrong[0]!r} is not.")
    require_known([*wheel.named_parameters.values(), *wheel.parameters], _in_task(job), where)


def _check_child(task: TaskDefinition, child: RunJobTask, job: Job, jobs: Mapping[str, Job], where: str) -> None:
    if undeclared := sorted(child.job_parameters.keys() - jobs[child.job].defaults.keys()):
        raise JobDefinitionError(f"{where}: job {child.job} has no parameter {', '.join(undeclared)}.")
    if task.max_retries:
        raise JobDefinitionError(f"{where}: max_retries belongs to the tasks of job {child.job}.")
    require_known(child.job_parameters.values(), _in_task(job), where)


def _in_task(job: Job) -> list[str]:
    return [*OF_TASK, *(f"job.parameters.{name}" for name in job.defaults)]
