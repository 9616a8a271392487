"""Each lint finds the fault that it is for: a sound definition with one thing broken."""

from copy import deepcopy
from pathlib import Path

import pytest

from lakehouse.jobs.bundle import Bundle, Resource
from tests.unit.resources import lints

JOB = {
    "description": "A sound job.",
    "max_concurrent_runs": 1,
    "queue": {"enabled": True},
    "timeout_seconds": 100,
    "health": {"rules": [{"metric": "RUN_DURATION_SECONDS", "op": "GREATER_THAN", "value": 50}]},
    "email_notifications": {"on_failure": ["ops@example.org"]},
    "schedule": {"quartz_cron_expression": "0 15 * * * ?", "timezone_id": "Europe/Berlin"},
    "parameters": [{"name": "catalog", "default": "main"}],
    "environments": [{"environment_key": "default", "spec": {"environment_version": "4"}}],
    "tasks": [
        {
            "task_key": "first",
            "environment_key": "default",
            "timeout_seconds": 100,
            "max_retries": 2,
            "min_retry_interval_millis": 0,
            "python_wheel_task": {
                "entry_point": "ingest",
                "named_parameters": {"written_by": "{{job.run_id}}/{{task.name}}", "topic": "user-events"},
            },
        },
        {"task_key": "second", "depends_on": [{"task_key": "first"}], "run_job_task": {"job_id": "1"}},
    ],
}
ROOT = {
    "bundle": {"name": "reclake", "engine": "direct", "databricks_cli_version": ">= 1.13.0"},
    "artifacts": {"wheel": {"build": "uv build --wheel --clear", "dynamic_version": True}},
    "variables": {
        "kafka": {"description": "Brokers.", "default": "${bundle.name}"},
        "lakebase_project": {"description": "Lakebase."},
        "kept": {"description": "Whether data is.", "default": False},
        "board": {"description": "An app.", "default": "board-${bundle.target}"},
    },
    "targets": {
        "prod": {
            "mode": "production",
            "workspace": {"root_path": "/Workspace/Users/x/.bundle"},
            "run_as": {"user_name": "x"},
            "variables": {
                "kafka": "broker:9092",
                "lakebase_project": "${bundle.name}-${bundle.target}",
                "kept": True,
            },
        },
        "dev": {"mode": "development", "presets": {"name_prefix": "[${workspace.current_user.userName}] "}},
    },
}
RESOURCES = {
    "volumes": {
        "files": {
            "name": "files_${bundle.target}",
            "comment": "${var.kafka}${var.lakebase_project}",
            "lifecycle": {"prevent_destroy": "${var.kept}"},
        }
    },
    "postgres_projects": {
        "db": {
            "project_id": "${bundle.name}-${bundle.target}",
            "default_endpoint_settings": {"autoscaling_limit_max_cu": 1, "suspend_timeout_duration": "300s"},
            "lifecycle": {"prevent_destroy": True},
        }
    },
    "sql_warehouses": {"small": {"cluster_size": "2X-Small", "max_num_clusters": 1, "auto_stop_mins": 10}},
    "schemas": {"gold": {"grants": [{"principal": "analysts"}], "lifecycle": {"prevent_destroy": True}}},
    "apps": {"board": {"name": "${var.board}"}},
}


def broken(sound, path, value):
    """A copy with the value at `path` replaced, or removed when it is None."""
    copy = deepcopy(sound)
    *way, last = path
    place = copy
    for step in way:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copy


def bundle(root=ROOT, resources=RESOURCES):
    entries = {kind: {k: Resource(Path("x.yml"), c) for k, c in of.items()} for kind, of in resources.items()}
    return Bundle(Path("databricks.yml"), "prod", root, entries)


WHEEL = ("tasks", 0, "python_wheel_task")
BROKEN_JOBS = [
    (lints.environment_of_each_wheel_task, ("tasks", 0, "environment_key"), "other"),
    (lints.environment_of_each_wheel_task, ("tasks", 0, "environment_key"), None),
    (lints.environment_of_each_wheel_task, ("environments",), None),
    (lints.environment_version, ("environments", 0, "spec", "environment_version"), None),
    (lints.environment_version, ("environments", 0, "spec", "environment_version"), "1"),
    (lints.dependencies_of_tasks, ("tasks", 1, "depends_on", 0, "task_key"), "frist"),
    (lints.unique_task_keys, ("tasks", 1, "task_key"), "first"),
    (lints.quartz_schedule, ("schedule", "quartz_cron_expression"), "15 * * * *"),
    (lints.quartz_schedule, ("schedule", "quartz_cron_expression"), "0 15 * * * *"),
    (lints.quartz_schedule, ("schedule", "quartz_cron_expression"), "0 15 * & * ?"),
    (lints.quartz_schedule, ("schedule", "timezone_id"), "Europe/Berlln"),
    (lints.one_kind_of_start, ("trigger",), {"periodic": {"interval": 1, "unit": "HOURS"}}),
    (lints.one_run_at_a_time, ("max_concurrent_runs",), None),
    (lints.one_run_at_a_time, ("max_concurrent_runs",), 4),
    (lints.one_run_at_a_time, ("queue",), None),
    (lints.one_run_at_a_time, ("schedule",), {"quartz_cron_expression": "0 0/5 * * * ?"}),
    (lints.time_limits, ("timeout_seconds",), None),
    (lints.time_limits, ("tasks", 0, "timeout_seconds"), None),
    (lints.time_limits, ("tasks", 0, "timeout_seconds"), 101),
    (lints.time_limits, ("health",), None),
    (lints.time_limits, ("health", "rules", 0, "value"), 100),
    (lints.retries, ("tasks", 0, "max_retries"), None),
    (lints.retries, ("tasks", 0, "retry_on_timeout"), True),
    (lints.someone_is_told, ("email_notifications",), None),
    (lints.someone_is_told, ("email_notifications", "on_failure"), [""]),
    (lints.someone_is_told, ("description",), None),
    (lints.parameters_are_settings, ("parameters", 0, "name"), "katalog"),
    (lints.parameters_reach_each_task, (*WHEEL, "named_parameters"), None),
    (lints.parameters_reach_each_task, (*WHEEL, "named_parameters", "written_by"), "{{task.name}}"),
    (lints.parameters_reach_each_task, (*WHEEL, "named_parameters", "catalog"), "{{job.parameters.catalog}}"),
    (lints.parameters_reach_each_task, ("tasks", 1, "run_job_task", "job_parameters"), {"catalog": "other"}),
    (lints.each_task_is_another, ("tasks", 1), JOB["tasks"][0] | {"task_key": "second"}),
    (lints.entry_points_and_options, (*WHEEL, "entry_point"), "digest"),
    (lints.entry_points_and_options, (*WHEEL, "named_parameters", "speed"), "9"),
    (lints.entry_points_and_options, (*WHEEL, "named_parameters", "topic"), None),
]
BROKEN_ROOTS = [
    (lints.no_host, ("workspace",), {"host": "https://example.org"}),
    (lints.no_host, ("targets", "prod", "workspace", "host"), "https://example.org"),
    (lints.production_is_one_copy, ("targets", "prod", "workspace"), None),
    (lints.production_is_one_copy, ("targets", "prod", "workspace", "root_path"), "/Workspace/Shared/.bundle"),
    (lints.production_is_one_copy, ("targets", "prod", "run_as"), None),
    (lints.variables_are_described_and_used, ("variables", "kafka", "description"), None),
    (lints.variables_are_described_and_used, ("variables", "unused"), {"description": "Nobody asks."}),
    (lints.variables_are_described_and_used, ("targets", "prod", "variables", "kafak"), "broker:9092"),
    (lints.names_of_which_a_workspace_has_one, ("targets", "prod", "mode"), "development"),
    (lints.names_of_what_is_not_prefixed, ("variables", "board", "default"), "board"),
    (lints.names_of_which_a_workspace_has_one, ("targets", "prod", "variables", "board"), "b" * 31),
    (lints.lakebase_is_used, ("targets", "prod", "variables", "lakebase_project"), ""),
    (lints.developers_are_told_apart, ("targets", "dev", "presets"), None),
    (lints.developers_are_told_apart, ("targets", "dev", "presets", "name_prefix"), "[dev ann] "),
    (lints.data_is_kept_in_prod, ("targets", "prod", "variables", "kept"), False),
    (lints.what_deploys_is_said, ("bundle", "engine"), None),
    (lints.what_deploys_is_said, ("bundle", "databricks_cli_version"), None),
    (lints.the_wheel_is_this_one, ("artifacts", "wheel", "build"), "uv build --wheel"),
    (lints.the_wheel_is_this_one, ("artifacts", "wheel", "dynamic_version"), None),
    (lints.nobody_restricts_admins, ("targets", "prod", "permissions"), [{"group_name": "admins"}]),
    (lints.no_plain_secrets, ("variables", "api_key"), {"api_key": "hunter2"}),
    (lints.no_plain_secrets, ("targets", "prod", "variables", "kafka_api_secret"), "hunter2"),
    (lints.no_plain_secrets, ("variables", "kafka", "default"), "mongodb://anna:hunter2@db"),
    (lints.no_plain_secrets, ("variables", "kafka", "default"), "dapi" + "0123456789abcdef" * 2),
]


BROKEN_RESOURCES = [
    (lints.keys_are_unique_across_kinds, ("volumes", "gold"), {"name": "files_${bundle.target}"}),
    (lints.names_of_what_is_not_prefixed, ("volumes", "files", "name"), "files"),
    (lints.names_of_what_is_not_prefixed, ("postgres_projects", "db", "project_id"), "shop"),
    (lints.names_of_which_a_workspace_has_one, ("postgres_projects", "db", "project_id"), "shop_${bundle.target}"),
    (lints.names_of_which_a_workspace_has_one, ("postgres_projects", "db", "project_id"), "x" * 64),
    (lints.names_of_which_a_workspace_has_one, ("apps", "board", "name"), "b" * 15 + "${workspace.current_user.id}"),
    (lints.lakebase_is_used, ("postgres_projects", "db", "project_id"), "shop"),
    (lints.lakebase_sleeps, ("postgres_projects", "db", "default_endpoint_settings", "suspend_timeout_duration"), None),
    (lints.lakebase_sleeps, ("postgres_projects", "db", "default_endpoint_settings", "autoscaling_limit_max_cu"), 4),
    (lints.warehouses_stop, ("sql_warehouses", "small", "auto_stop_mins"), 0),
    (lints.warehouses_stop, ("sql_warehouses", "small", "max_num_clusters"), 3),
    (lints.data_is_kept_in_prod, ("schemas", "gold", "lifecycle"), None),
    (lints.nobody_restricts_admins, ("schemas", "gold", "grants", 0, "principal"), "admins"),
]


@pytest.mark.parametrize("lint", lints.JOB_LINTS)
def test_a_sound_job_has_no_fault(lint):
    assert list(lint(JOB)) == []


@pytest.mark.parametrize("lint", lints.BUNDLE_LINTS)
def test_a_sound_bundle_has_no_fault(lint):
    assert list(lint(bundle())) == []


@pytest.mark.parametrize(("lint", "path", "value"), BROKEN_JOBS)
def test_a_broken_job_has_a_fault(lint, path, value):
    assert list(lint(broken(JOB, path, value)))


@pytest.mark.parametrize(("lint", "path", "value"), BROKEN_ROOTS)
def test_a_broken_bundle_has_a_fault(lint, path, value):
    assert list(lint(bundle(broken(ROOT, path, value))))


@pytest.mark.parametrize(("lint", "path", "value"), BROKEN_RESOURCES)
def test_a_broken_resource_has_a_fault(lint, path, value):
    assert list(lint(bundle(resources=broken(RESOURCES, path, value))))


def test_a_secret_as_the_default_of_a_parameter_is_a_fault():
    job = {"parameters": [{"name": "mongodb_uri", "default": "hunter2"}]}

    assert list(lints.no_plain_secrets(bundle(resources={"jobs": {"export": job}})))


@pytest.mark.parametrize(
    ("of_parent", "of_child", "faults"),
    [({"a": "1"}, {"a": "1"}, 0), ({"a": "1"}, {"a": "2"}, 1), ({}, {"a": "1"}, 1), ({"a": "1"}, {}, 1)],
)
def test_a_child_with_other_parameters_or_defaults_is_a_fault(of_parent, of_child, faults):
    def job(parameters, *tasks):
        return {"parameters": [{"name": n, "default": v} for n, v in parameters.items()], "tasks": list(tasks)}

    parent = job(of_parent, {"task_key": "t", "run_job_task": {"job_id": "${resources.jobs.child.id}"}})

    assert len(list(lints.children_agree({"parent": parent, "child": job(of_child)}))) == faults


def test_every_lint_is_proved_able_to_fail():
    proved = {lint for lint, *_ in BROKEN_JOBS + BROKEN_ROOTS + BROKEN_RESOURCES}

    assert proved == {*lints.JOB_LINTS, *lints.BUNDLE_LINTS}


def test_tasks_that_do_not_wait_for_one_another_run_at_once_and_those_of_a_job_beside_the_task_that_runs_it():
    def task(key, *after, **kind):
        return {"task_key": key, "depends_on": [{"task_key": one} for one in after], **kind}

    fan = {"tasks": [task("first"), *(task(key, "first") for key in "abc"), task("last", *"abc"), task("beside")]}
    parent = {"tasks": [task("run", run_job_task={"job_id": "${resources.jobs.fan.id}"}), task("d"), task("e", "run")]}
    jobs = {"fan": fan, "parent": parent}

    assert lints.most_tasks_at_once(jobs, "fan") == 4
    assert lints.most_tasks_at_once(jobs, "parent") == 6
    assert (lints.jobs_within(jobs, "parent"), lints.jobs_within(jobs, "fan")) == ({"fan"}, set())
