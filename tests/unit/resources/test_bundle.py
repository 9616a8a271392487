"""The bundle of this repository, under each of its targets."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from databricks.bundles.alerts import Alert
from databricks.bundles.apps import App
from databricks.bundles.dashboards import Dashboard
from databricks.bundles.experiments import MlflowExperiment
from databricks.bundles.jobs import Job
from databricks.bundles.registered_models import RegisteredModel
from databricks.bundles.schemas import Schema
from databricks.bundles.sql_warehouses import SqlWarehouse
from databricks.bundles.volumes import Volume
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from lakehouse.jobs.bundle import read_bundle
from lakehouse.jobs.definition import load_jobs
from lakehouse.jobs.strict_yaml import read_yaml
from lakehouse.settings import Settings, load_settings
from serving.dashboard.server import APP
from tests.unit.resources import lints

FILE = Path(__file__).parents[3] / "databricks.yml"
MODELS = {
    "alerts": Alert,
    "apps": App,
    "dashboards": Dashboard,
    "jobs": Job,
    "schemas": Schema,
    "volumes": Volume,
    "experiments": MlflowExperiment,
    "registered_models": RegisteredModel,
    "sql_warehouses": SqlWarehouse,
}
# The models on PyPI lack what is newer than they are; the CLI's own schema has it.
ONLY_IN_SCHEMA = {"postgres_projects"}
OF_TARGETS = {"postgres_projects", "sql_warehouses"}
SCHEMA = FILE.parents[1] / "shared" / "data" / "bundle.schema.json"
# What a deployment knows: the user, what the workspace gave an id, and the variables that have no default.
OF_DEPLOYMENT = {
    "workspace.current_user.userName": "anna@example.org",
    "workspace.current_user.id": "7000000000000001",
    "resources.apps.dashboard.service_principal_client_id": "11111111-1111-1111-1111-111111111111",
    "resources.sql_warehouses.dashboard_warehouse.id": "0123456789abcdef",
    "var.kafka_bootstrap_servers": "broker:9092",
    "var.service_principal": "00000000-0000-0000-0000-000000000000",
}
GIVEN = {
    "local": {},
    "dev": OF_DEPLOYMENT,
    "staging": OF_DEPLOYMENT | {"var.notification_email": "ops@example.org"},
    "prod": OF_DEPLOYMENT | {"var.notification_email": "ops@example.org"},
    # Nothing has to be said for it; the warehouse, which it has already, is looked up by the CLI.
    "free": {
        **{name: value for name, value in OF_DEPLOYMENT.items() if not name.startswith("var.")},
        "var.dashboard_warehouse": "0123456789abcdef",
    },
}
DEPLOYED = ["dev", "staging", "prod"]
WORKSPACES = [*DEPLOYED, "free"]


@cache
def read(target):
    return read_bundle(FILE, target, GIVEN[target])


def resolved(target, kind):
    # The laptop knows no workspace, so only what its jobs refer to has to resolve there.
    bundle = read(target) if target != "local" or kind == "jobs" else replace(read(target), given=OF_DEPLOYMENT)
    return {key: bundle.resolve(r.content, r.file) for key, r in bundle.resources.get(kind, {}).items()}


def test_every_kind_of_resource_has_a_strict_model():
    kinds = {target: read(target).resources.keys() for target in GIVEN}

    known = MODELS.keys() | ONLY_IN_SCHEMA
    without = dict.fromkeys(["local", "free"], known - OF_TARGETS)
    assert kinds == without | dict.fromkeys(DEPLOYED, known)


@cache
def schema():
    # Python's expressions have no classes of letters by their Unicode name.
    text = SCHEMA.read_text().replace(r"[\\p{L}\\p{N}]", r"[^\\W_]").replace(r"\\p{L}", r"[^\\W\\d_]")
    return Draft202012Validator(json.loads(text))


@pytest.mark.skipif(not SCHEMA.exists(), reason="the CLI's schema lies beside the repository, not in it")
@pytest.mark.parametrize("file", [FILE, *sorted(FILE.parent.glob("resources/*.yml"))], ids=lambda file: file.name)
def test_what_is_written_fits_the_schema_of_the_cli(file):
    fault = best_match(schema().iter_errors(read_yaml(file)))

    assert fault is None, f"{fault.json_path}: {fault.message}"


@pytest.mark.skipif(not SCHEMA.exists(), reason="the CLI's schema lies beside the repository, not in it")
def test_the_schema_finds_what_the_cli_does_not_know():
    project = {"default_endpoint_settings": {"autoscaling_limit_max_cu": 1, "sleep_after": "300s"}}

    fault = best_match(schema().iter_errors({"resources": {"postgres_projects": {"lakebase": project}}}))

    assert "sleep_after" in fault.message


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("target", GIVEN)
def test_resources_fit_the_strict_models(target, kind):
    for entry in resolved(target, kind).values():
        MODELS[kind].from_dict(entry)


@pytest.mark.parametrize("lint", lints.JOB_LINTS, ids=lambda lint: lint.__name__)
@pytest.mark.parametrize("target", WORKSPACES)
def test_jobs_have_no_fault_that_shows_only_in_a_run(target, lint):
    faults = {key: list(lint(job)) for key, job in resolved(target, "jobs").items()}

    assert {key: found for key, found in faults.items() if found} == {}


@pytest.mark.parametrize("lint", lints.BUNDLE_LINTS, ids=lambda lint: lint.__name__)
@pytest.mark.parametrize("target", GIVEN)
def test_the_bundle_has_no_fault_that_shows_only_in_a_run(target, lint):
    assert list(lint(read(target))) == []


@pytest.mark.parametrize("target", GIVEN)
def test_jobs_agree_with_the_jobs_that_they_run(target):
    assert list(lints.children_agree(resolved(target, "jobs"))) == []


@pytest.mark.parametrize("target", WORKSPACES)
def test_each_target_resolves_as_a_whole(target):
    bundle = read(target)

    bundle.resolve(bundle.root["targets"][target], FILE)


def test_on_a_laptop_the_jobs_leave_every_default_in_place():
    parameters = load_jobs(FILE)["listening"].defaults

    assert load_settings(**parameters) == load_settings()


@pytest.mark.parametrize("target", DEPLOYED)
def test_a_workspace_gets_full_names(target):
    bundle = read(target)
    listening = bundle.resources["jobs"]["listening"]
    parameters = {p["name"]: p["default"] for p in bundle.resolve(listening.content, listening.file)["parameters"]}

    catalog, schema, model = parameters["registered_model"].split(".")
    assert (catalog, schema, model) == ("main", parameters["gold_schema"], "als")
    assert parameters["volume"] == f"/Volumes/main/{parameters['ops_schema']}/files_{target}"
    assert parameters["mlflow_experiment"].startswith(("/Users/", "/Shared/"))
    assert parameters["secret_scope"] == f"reclake-{target}"


@pytest.mark.parametrize(
    ("target", "name"),
    [("dev", "reclake-dev-7000000000000001"), ("staging", "reclake-staging"), ("prod", "reclake-prod")],
)
def test_figures_are_stored_in_a_small_project_that_the_target_makes_for_itself(target, name):
    (project,) = resolved(target, "postgres_projects").values()

    assert stored_in(read(target)) == project["project_id"] == name
    assert project["default_endpoint_settings"] == {
        "autoscaling_limit_min_cu": 0.5,
        "autoscaling_limit_max_cu": 1,
        "suspend_timeout_duration": "300s",
    }


@pytest.mark.parametrize("target", DEPLOYED)
def test_a_target_can_do_without_lakebase(target):
    bundle = read_bundle(FILE, target, GIVEN[target])

    del bundle.resources["postgres_projects"]
    del bundle.root["targets"][target]["variables"]["lakebase_project"]

    assert stored_in(bundle) == ""


@pytest.mark.parametrize("target", DEPLOYED)
def test_no_deployment_can_delete_a_secret_and_the_dashboard_reads_its_own_alone(target):
    of_jobs, of_dashboard = (read(target).resolve(f"${{var.{name}secret_scope}}", FILE) for name in ("", "dashboard_"))

    assert of_jobs != of_dashboard
    assert "secret_scopes" not in read(target).resources


@pytest.mark.parametrize("target", DEPLOYED)
def test_the_dashboard_may_read_tables_models_and_runs(target):
    principal = OF_DEPLOYMENT["resources.apps.dashboard.service_principal_client_id"]
    granted = {
        kind: {
            (right["principal"], privilege)
            for one in resolved(target, kind).values()
            for right in one["grants"]
            for privilege in right["privileges"]
        }
        for kind in ("schemas", "registered_models")
    }
    permitted = {
        kind: {
            (p["service_principal_name"], p["level"])
            for one in resolved(target, kind).values()
            for p in one["permissions"]
        }
        for kind in ("experiments", "sql_warehouses")
    }

    assert granted == {
        "schemas": {(principal, "USE_SCHEMA"), (principal, "SELECT")},
        "registered_models": {(principal, "EXECUTE")},
    }
    assert permitted == {
        "experiments": {(principal, "CAN_READ")},
        "sql_warehouses": {(principal, "CAN_USE")},
    }


def stored_in(bundle):
    """What the job `realtime` gets for `lakebase_project`."""
    job = bundle.resources["jobs"]["realtime"]
    return {p["name"]: p["default"] for p in bundle.resolve(job.content, job.file)["parameters"]}["lakebase_project"]


@pytest.mark.parametrize("target", WORKSPACES)
def test_the_dashboard_gets_settings_that_there_are_and_only_asks_to_read(target):
    dashboard = resolved(target, "apps")["dashboard"]
    given = {one["name"].lower() for one in dashboard["config"]["env"]}
    needed = {one["value_from"] for one in dashboard["config"]["env"] if "value_from" in one}

    assert given - {"uv_no_dev"} <= Settings.model_fields.keys()
    assert needed == {resource["name"] for resource in dashboard["resources"]}
    assert dashboard["config"]["command"][-1] == APP.relative_to(FILE.parent).as_posix()
    assert {
        rights["permission"] for one in dashboard["resources"] for rights in one.values() if isinstance(rights, dict)
    } == {"CAN_USE"}


def test_staging_and_prod_share_no_schema():
    names = [{schema["name"] for schema in resolved(target, "schemas").values()} for target in ("staging", "prod")]

    assert names[0].isdisjoint(names[1])


def test_the_pipeline_and_its_models_are_scheduled_and_only_prod_starts_them():
    scheduled = {
        t: {k: j["schedule"]["pause_status"] for k, j in resolved(t, "jobs").items() if "schedule" in j}
        for t in WORKSPACES
    }
    jobs = ("catalog", "churn", "listening", "models", "realtime", "shop")

    assert scheduled == {
        "dev": dict.fromkeys(jobs, "PAUSED"),
        "staging": dict.fromkeys(jobs, "PAUSED"),
        "free": dict.fromkeys(jobs, "PAUSED"),
        "prod": dict.fromkeys(jobs, "UNPAUSED"),
    }


@pytest.mark.parametrize("target", WORKSPACES)
def test_alerts_tell_somebody_and_only_those_of_prod_look(target):
    for alert in resolved(target, "alerts").values():
        schedule = {"quartz_cron_expression": alert["schedule"]["quartz_cron_schedule"], **alert["schedule"]}
        (told,) = alert["evaluation"]["notification"]["subscriptions"]

        assert list(lints.quartz_schedule({"schedule": schedule})) == []
        assert schedule["pause_status"] == ("UNPAUSED" if target == "prod" else "PAUSED")
        assert "@" in told["user_email"]


def test_free_edition_gets_one_app_and_nothing_that_it_has_not():
    free = {target: resolved("free", target) for target in ("apps", "jobs", "sql_warehouses", "postgres_projects")}
    parameters = {p["name"]: p["default"] for p in free["jobs"]["demo"]["parameters"]}

    assert {kind: len(found) for kind, found in free.items() if kind != "jobs"} == {
        "apps": 1,
        "sql_warehouses": 0,
        "postgres_projects": 0,
    }
    assert {one["name"] for one in free["apps"]["dashboard"]["config"]["env"]}.isdisjoint({"SECRET_SCOPE"})
    nothing = ("secret_scope", "kafka_bootstrap_servers", "lakebase_project", "churn_endpoint")
    assert {name: parameters[name] for name in nothing} == dict.fromkeys(nothing, "")
    assert (parameters["catalog"], parameters["events_source"]) == ("workspace", "files")


def test_free_edition_never_has_more_than_five_tasks_at_a_time():
    jobs = resolved("free", "jobs")

    assert "demo" not in resolved("dev", "jobs")
    assert {key: most for key in jobs if (most := lints.most_tasks_at_once(jobs, key)) > 5} == {}
    assert lints.most_tasks_at_once(jobs, "demo") == 5


def test_the_demo_runs_every_job_that_takes_records_to_what_is_served():
    jobs = resolved("free", "jobs")

    assert lints.jobs_within(jobs, "demo") == jobs.keys() - {"demo", "catalog", "models", "quarantine"}
