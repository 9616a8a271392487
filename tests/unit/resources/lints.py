"""Faults in a bundle that neither the CLI nor the workspace reports before a run: each lint lists those it finds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import entry_points
from inspect import Parameter
from typing import Any
from zoneinfo import available_timezones

from lakehouse.jobs.bundle import Bundle, Resource
from lakehouse.settings import Settings
from lakehouse.task import GROUP, load_task

Job = Mapping[str, Any]

# Environments of the serverless versions that the wheel's dependency ranges are made for.
ENVIRONMENT_VERSION = "4"
# For the history of tables: every task says it, and so has a named parameter of its own.
WRITTEN_BY = "{{job.run_id}}/{{task.name}}"
_CRON_FIELD = re.compile(r"[\dA-Za-z*?/,#LW-]+")
_SECRET_NAME = re.compile(r"password|passwd|secret$|token|api_key|access_key|private_key|_uri$", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"dapi[0-9a-f]{32}|AKIA[0-9A-Z]{16}|://[^/\s:@]+:[^/\s:@]+@|-----BEGIN [A-Z ]*PRIVATE KEY")


def environment_of_each_wheel_task(job: Job) -> Iterator[str]:
    declared = {entry["environment_key"] for entry in job.get("environments", [])}
    for task in job["tasks"]:
        key = task.get("environment_key")
        if "python_wheel_task" in task and key not in declared:
            yield f"{task['task_key']}: environment_key {key!r} is not declared"


def environment_version(job: Job) -> Iterator[str]:
    for entry in job.get("environments", []):
        if entry["spec"].get("environment_version") != ENVIRONMENT_VERSION:
            yield f"environment {entry['environment_key']}: environment_version is not {ENVIRONMENT_VERSION!r}"


def dependencies_of_tasks(job: Job) -> Iterator[str]:
    keys = {task["task_key"] for task in job["tasks"]}
    for task in job["tasks"]:
        for dependency in task.get("depends_on", []):
            if dependency["task_key"] not in keys:
                yield f"{task['task_key']}: depends on {dependency['task_key']}, which is no task of the job"


def unique_task_keys(job: Job) -> Iterator[str]:
    keys = [task["task_key"] for task in job["tasks"]]
    yield from sorted({f"{key}: task_key given twice" for key in keys if keys.count(key) > 1})


def quartz_schedule(job: Job) -> Iterator[str]:
    schedule = job.get("schedule")
    if not schedule:
        return
    fields = schedule["quartz_cron_expression"].split()
    if len(fields) not in (6, 7) or not all(_CRON_FIELD.fullmatch(field) for field in fields):
        yield f"{schedule['quartz_cron_expression']!r} is no Quartz expression of 6 or 7 fields"
    elif (fields[3] == "?") == (fields[5] == "?"):
        yield f"{schedule['quartz_cron_expression']!r}: exactly one of day of month and day of week has to be `?`"
    if schedule["timezone_id"] not in available_timezones():
        yield f"there is no timezone {schedule['timezone_id']!r}"


def one_kind_of_start(job: Job) -> Iterator[str]:
    kinds = [kind for kind in ("schedule", "trigger", "continuous") if job.get(kind)]
    if len(kinds) > 1:
        yield f"{' and '.join(kinds)} exclude each other"


def one_run_at_a_time(job: Job) -> Iterator[str]:
    if job.get("max_concurrent_runs") != 1:
        yield "max_concurrent_runs has to be 1: two runs would share checkpoints"
    is_queued = job.get("queue", {}).get("enabled", False)
    minutes = job.get("schedule", {}).get("quartz_cron_expression", "0 0").split()[1]
    if "/" in minutes and is_queued:
        yield "queue is enabled: runs every few minutes would pile up"
    if "/" not in minutes and not is_queued:
        yield "queue is not enabled: a run that comes too early would be dropped"


def time_limits(job: Job) -> Iterator[str]:
    if not job.get("timeout_seconds"):
        yield "the job has no timeout_seconds"
    for task in job["tasks"]:
        if "python_wheel_task" in task and not 0 < task.get("timeout_seconds", 0) <= job.get("timeout_seconds", 0):
            yield f"{task['task_key']}: timeout_seconds is not between 0 and that of the job"
    slow = [
        rule["value"]
        for rule in job.get("health", {}).get("rules", [])
        if (rule["metric"], rule["op"]) == ("RUN_DURATION_SECONDS", "GREATER_THAN")
    ]
    if not slow or slow[0] >= job.get("timeout_seconds", 0):
        yield "no health rule warns before the timeout"


def retries(job: Job) -> Iterator[str]:
    for task in job["tasks"]:
        if "python_wheel_task" in task and not {"max_retries", "min_retry_interval_millis"} <= task.keys():
            yield f"{task['task_key']}: does not say how often and how soon it is retried"
        if task.get("retry_on_timeout"):
            yield f"{task['task_key']}: retry_on_timeout would spend the timeout again"


def someone_is_told(job: Job) -> Iterator[str]:
    if not any(job.get("email_notifications", {}).get("on_failure", [])):
        yield "nobody is told of a failure"
    if not job.get("description"):
        yield "there is no description"


def parameters_are_settings(job: Job) -> Iterator[str]:
    for parameter in job.get("parameters", []):
        if parameter["name"] not in Settings.model_fields:
            yield f"parameter {parameter['name']} is no setting, and every task receives it"


def parameters_reach_each_task(job: Job) -> Iterator[str]:
    """A job hands its parameters to tasks that have a named one of their own; under one name, the job's wins."""
    declared = {parameter["name"] for parameter in job.get("parameters", [])}
    for task in job["tasks"]:
        wheel = task.get("python_wheel_task")
        if wheel and wheel.get("named_parameters", {}).get("written_by") != WRITTEN_BY:
            yield f"{task['task_key']}: written_by is not {WRITTEN_BY}"
        given = wheel or task.get("run_job_task", {})
        for name in sorted(declared & {*given.get("named_parameters", {}), *given.get("job_parameters", {})}):
            yield f"{task['task_key']}: {name} is never used, the job's wins"


def each_task_is_another(job: Job) -> Iterator[str]:
    """Whoever takes over all of another task's settings may have forgotten to say what it does."""
    seen: dict[str, str] = {}
    for task in job["tasks"]:
        work = repr(task.get("python_wheel_task") or task.get("run_job_task"))
        if work in seen:
            yield f"{task['task_key']}: does what {seen[work]} does"
        seen[work] = task["task_key"]


def entry_points_and_options(job: Job) -> Iterator[str]:
    known = entry_points(group=GROUP).names
    for task in job["tasks"]:
        wheel = task.get("python_wheel_task")
        if wheel and wheel["entry_point"] not in known:
            yield f"{task['task_key']}: there is no entry point {wheel['entry_point']}"
        elif wheel:
            own = wheel.get("named_parameters", {}).keys() - Settings.model_fields.keys()
            options = load_task(wheel["entry_point"]).options
            needed = {name for name, option in options.items() if option.default is Parameter.empty}
            if own - options.keys():
                yield f"{task['task_key']}: {wheel['entry_point']} does not take {sorted(own - options.keys())}"
            if needed - own:
                yield f"{task['task_key']}: {wheel['entry_point']} needs {sorted(needed - own)}"


def children_agree(resolved: Mapping[str, Job]) -> Iterator[str]:
    """A job and those that it runs declare the same parameters with the same defaults.

    All of a job's parameters are handed to the jobs that it runs; what becomes of one that such a job does not declare
    is documented nowhere.
    """
    for key, job in resolved.items():
        ours = _defaults(job)
        for task in job["tasks"]:
            child = _child(task)
            theirs = _defaults(resolved[child]) if child in resolved else ours
            for name in sorted(dict(ours.items() ^ theirs.items())):
                yield f"{key}: parameter {name} is not the one of {child}"


def most_tasks_at_once(resolved: Mapping[str, Job], key: str) -> int:
    """How many tasks may run at once in a run of a job: its own, and those of the jobs that some of them run."""
    tasks = {task["task_key"]: task for task in resolved[key]["tasks"]}
    counts = {
        name: 1 + most_tasks_at_once(resolved, _child(task)) if _child(task) else 1 for name, task in tasks.items()
    }

    def before(name: str) -> set[str]:
        direct = {one["task_key"] for one in tasks[name].get("depends_on", [])}
        return direct.union(*map(before, direct))

    ordered = {name: before(name) for name in tasks}
    # Of tasks that do not wait for one another, in any way, all may run; the largest such set is looked for.
    together = {frozenset[str](): 0}
    for name in tasks:
        apart = {other for other in tasks if other in ordered[name] or name in ordered[other]}
        together |= {group | {name}: n + counts[name] for group, n in together.items() if group.isdisjoint(apart)}
    return max(together.values())


def jobs_within(resolved: Mapping[str, Job], key: str) -> set[str]:
    """The jobs that a job runs, and those that they run."""
    children = {child for task in resolved[key]["tasks"] if (child := _child(task))}
    return children.union(*(jobs_within(resolved, child) for child in children))


def keys_are_unique_across_kinds(bundle: Bundle) -> Iterator[str]:
    """The CLI refuses two resources of one key, whatever they are: `bundle run KEY` names no kind."""
    kinds: dict[str, list[str]] = {}
    for kind, entries in bundle.resources.items():
        for key in entries:
            kinds.setdefault(key, []).append(kind)
    yield from (f"{key} is the key of {' and '.join(of)}" for key, of in kinds.items() if len(of) > 1)


def names_of_what_is_not_prefixed(bundle: Bundle) -> Iterator[str]:
    """Development mode leaves these names as they are, so the target has to be in them."""
    for kind in ("volumes", *_ONE_IN_A_WORKSPACE):
        for key, resource in bundle.resources.get(kind, {}).items():
            if "<target>" not in _name(bundle, resource, {"bundle.target": "<target>"}):
                yield f"{kind} {key}: the name does not contain the target"


def names_of_which_a_workspace_has_one(bundle: Bundle) -> Iterator[str]:
    """Each developer's has the user's id in it: names of users are not unique, and any length."""
    for kind, most in _ONE_IN_A_WORKSPACE.items():
        for key, resource in bundle.resources.get(kind, {}).items():
            name = _name(bundle, resource, {"workspace.current_user.id": "<user>"})
            if bundle.root["targets"][bundle.target].get("mode") == "development" and "<user>" not in name:
                yield f"{kind} {key}: the name does not contain the user's id"
            if not re.fullmatch(rf"(?=[a-z])[a-z0-9-]{{1,{most}}}", name.replace("<user>", _USER_ID)):
                yield f"{kind} {key}: the name is not up to {most} letters, digits and hyphens"


def developers_are_told_apart(bundle: Bundle) -> Iterator[str]:
    """The CLI's own prefix is what stands before the @, of which two domains may have one each."""
    for name, target in bundle.root["targets"].items():
        prefix = target.get("presets", {}).get("name_prefix", "")
        if target.get("mode") == "development" and "${workspace.current_user.userName}" not in prefix:
            yield f"{name}: presets.name_prefix does not contain the whole name of the user"


def lakebase_sleeps(bundle: Bundle) -> Iterator[str]:
    """Left alone, the workspace would make it larger and keep it awake for a day after the last question."""
    for key, resource in bundle.resources.get("postgres_projects", {}).items():
        costs = resource.content.get("default_endpoint_settings", {})
        if "suspend_timeout_duration" not in costs or costs.get("autoscaling_limit_max_cu", 16) > 1:
            yield f"postgres_projects {key}: does not say that it is small and sleeps"


def lakebase_is_used(bundle: Bundle) -> Iterator[str]:
    """Who pays for a project uses it."""
    used = bundle.resolve("${var.lakebase_project}", bundle.file)
    for key, resource in bundle.resources.get("postgres_projects", {}).items():
        if _name(bundle, resource, {}) != used:
            yield f"postgres_projects {key}: is not lakebase_project of target {bundle.target}"


def warehouses_stop(bundle: Bundle) -> Iterator[str]:
    for key, resource in bundle.resources.get("sql_warehouses", {}).items():
        small = resource.content.get("cluster_size") == "2X-Small" and resource.content.get("max_num_clusters") == 1
        if not small or not 0 < resource.content.get("auto_stop_mins", 0) <= 10:
            yield f"sql_warehouses {key}: does not say that it is small and stops"


def data_is_kept_in_prod(bundle: Bundle) -> Iterator[str]:
    """`destroy`, or a changed catalog, would drop it with all that is in it."""
    for kind in _HOLDING_DATA:
        for key, resource in bundle.resources.get(kind, {}).items():
            kept = bundle.resolve(resource.content.get("lifecycle", {}).get("prevent_destroy"), resource.file)
            if bundle.target == "prod" and kept is not True:
                yield f"{kind} {key}: lifecycle.prevent_destroy is not true"


def what_deploys_is_said(bundle: Bundle) -> Iterator[str]:
    for name in ("databricks_cli_version", "engine"):
        if name not in bundle.root["bundle"]:
            yield f"bundle.{name} is missing"


def the_wheel_is_this_one(bundle: Bundle) -> Iterator[str]:
    """The CLI takes the highest version of the folder, and tells wheels of one version apart by their file time."""
    for key, artifact in bundle.root.get("artifacts", {}).items():
        if "--clear" not in artifact["build"]:
            yield f"artifact {key}: wheels of former builds stay in the folder"
        if not artifact.get("dynamic_version"):
            yield f"artifact {key}: of one version, new code is nothing new"


def nobody_restricts_admins(bundle: Bundle) -> Iterator[str]:
    contents = [bundle.root, [r.content for of in bundle.resources.values() for r in of.values()]]
    for name, text in _texts(contents):
        if name in ("group_name", "principal") and text == "admins":
            yield "admins can do everything, and the workspace refuses to give them less"


def no_host(bundle: Bundle) -> Iterator[str]:
    sections = {"databricks.yml": bundle.root, **bundle.root["targets"]}
    yield from (
        f"{name}: workspace.host is given" for name, of in sections.items() if "host" in of.get("workspace", {})
    )


def production_is_one_copy(bundle: Bundle) -> Iterator[str]:
    for name, target in bundle.root["targets"].items():
        if target.get("mode") == "production":
            if not target.get("workspace", {}).get("root_path"):
                yield f"{name}: workspace.root_path is missing"
            if "/Shared/" in target.get("workspace", {}).get("root_path", ""):
                yield f"{name}: every user can write to workspace.root_path"
            if not target.get("run_as"):
                yield f"{name}: run_as is missing"


def variables_are_described_and_used(bundle: Bundle) -> Iterator[str]:
    texts = list(_texts([bundle.root, [r.content for of in bundle.resources.values() for r in of.values()]]))
    for name, variable in bundle.root["variables"].items():
        if not (variable or {}).get("description"):
            yield f"variable {name} has no description"
        if not any(f"${{var.{name}}}" in text for _, text in texts):
            yield f"variable {name} is not used"
    for target, content in bundle.root["targets"].items():
        for name in content.get("variables", {}).keys() - bundle.root["variables"].keys():
            yield f"target {target}: there is no variable {name}"


def no_plain_secrets(bundle: Bundle) -> Iterator[str]:
    contents = [bundle.root, [r.content for of in bundle.resources.values() for r in of.values()]]
    for name, text in _texts(contents):
        literal = text and not text.startswith(("${", "{{"))
        if (literal and _SECRET_NAME.search(name)) or _SECRET_VALUE.search(text):
            yield f"{name} looks like a secret in plain text"


_USER_ID = "7" * 16
# How long their names may be.
_ONE_IN_A_WORKSPACE = {"apps": 30, "postgres_projects": 63}
_HOLDING_DATA = ("schemas", "volumes", "postgres_projects", "registered_models", "experiments")
JOB_LINTS = (
    environment_of_each_wheel_task,
    environment_version,
    dependencies_of_tasks,
    unique_task_keys,
    quartz_schedule,
    one_kind_of_start,
    one_run_at_a_time,
    time_limits,
    retries,
    someone_is_told,
    parameters_are_settings,
    parameters_reach_each_task,
    each_task_is_another,
    entry_points_and_options,
)
BUNDLE_LINTS = (
    keys_are_unique_across_kinds,
    names_of_what_is_not_prefixed,
    names_of_which_a_workspace_has_one,
    developers_are_told_apart,
    lakebase_sleeps,
    lakebase_is_used,
    warehouses_stop,
    data_is_kept_in_prod,
    what_deploys_is_said,
    the_wheel_is_this_one,
    nobody_restricts_admins,
    no_host,
    production_is_one_copy,
    variables_are_described_and_used,
    no_plain_secrets,
)


def _child(task: Mapping[str, Any]) -> str:
    """The key of the job that a task runs; empty if it runs none."""
    return re.sub(r".*jobs\.([\w-]+)\.id.*", r"\1", task.get("run_job_task", {}).get("job_id", ""))


def _defaults(job: Job) -> dict[str, Any]:
    return {parameter["name"]: parameter["default"] for parameter in job.get("parameters", [])}


def _name(bundle: Bundle, resource: Resource, marks: Mapping[str, str]) -> str:
    """A resource's name, with marks where it refers to what they stand for."""
    name = resource.content.get("name") or resource.content["project_id"]
    return str(replace(bundle, given={**bundle.given, **marks}).resolve(name, resource.file))


def _texts(value: Any, name: str = "") -> Iterable[tuple[str, str]]:
    """Every text under a value, with the key it stands under; `{name: x, default: y}` puts y under x."""
    if isinstance(value, Mapping):
        under = value.get("name") if {"name", "default"} <= value.keys() else None
        for key, item in value.items():
            yield from _texts(item, str(under if under and key == "default" else key))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, name)
    else:
        yield name, str(value)
