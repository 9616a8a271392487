"""The bundle of this repository, under each of its targets."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from databricks.bundles.apps import App
from databricks.bundles.database_instances import DatabaseInstance
from databricks.bundles.experiments import MlflowExperiment
from databricks.bundles.jobs import Job
from databricks.bundles.model_serving_endpoints import ModelServingEndpoint
from databricks.bundles.registered_models import RegisteredModel
from databricks.bundles.schemas import Schema
from databricks.bundles.volumes import Volume

from lakehouse.jobs.bundle import read_bundle
from lakehouse.jobs.definition import load_jobs
from lakehouse.settings import Settings, load_settings
from serving.dashboard.server import APP
from tests.unit.resources import lints

FILE = Path(__file__).parents[3] / "databricks.yml"
MODELS = {
    "apps": App,
    "database_instances": DatabaseInstance,
    "jobs": Job,
    "schemas": Schema,
    "volumes": Volume,
    "experiments": MlflowExperiment,
    "registered_models": RegisteredModel,
    "model_serving_endpoints": ModelServingEndpoint,
}
# What a deployment knows: the user, and the variables that have no default.
OF_DEPLOYMENT = {
    "workspace.current_user.userName": "anna@example.org",
    "workspace.current_user.domain_friendly_name": "anna",
    "var.kafka_bootstrap_servers": "broker:9092",
    "var.dashboard_warehouse": "0123456789abcdef",
    "var.service_principal": "00000000-0000-0000-0000-000000000000",
}
GIVEN = {
    "local": {},
    "dev": OF_DEPLOYMENT,
    "staging": OF_DEPLOYMENT | {"var.notification_email": "ops@example.org"},
    "prod": OF_DEPLOYMENT | {"var.notification_email": "ops@example.org"},
}
DEPLOYED = ["dev", "staging", "prod"]


@cache
def read(target):
    return read_bundle(FILE, target, GIVEN[target])


def resolved(target, kind):
    # The laptop knows no workspace, so only what its jobs refer to has to resolve there.
    bundle = read(target) if target != "local" or kind == "jobs" else replace(read(target), given=OF_DEPLOYMENT)
    return {key: bundle.resolve(r.content, r.file) for key, r in bundle.resources.get(kind, {}).items()}


def test_every_kind_of_resource_has_a_strict_model():
    kinds = {target: read(target).resources.keys() for target in GIVEN}

    assert kinds == {"local": MODELS.keys() - {"database_instances"}, **dict.fromkeys(DEPLOYED, MODELS.keys())}


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("target", GIVEN)
def test_resources_fit_the_strict_models(target, kind):
    for entry in resolved(target, kind).values():
        MODELS[kind].from_dict(entry)


@pytest.mark.parametrize("lint", lints.JOB_LINTS, ids=lambda lint: lint.__name__)
@pytest.mark.parametrize("target", DEPLOYED)
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


@pytest.mark.parametrize("target", DEPLOYED)
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


@pytest.mark.parametrize("target", DEPLOYED)
def test_the_churn_endpoint_serves_the_registered_model_and_costs_nothing_unused(target):
    (model,) = (m for m in resolved(target, "registered_models").values() if m["name"] == "churn")
    (entity,) = resolved(target, "model_serving_endpoints")["churn_endpoint"]["config"]["served_entities"]

    assert entity["entity_name"] == f"{model['catalog_name']}.{model['schema_name']}.{model['name']}"
    assert entity["scale_to_zero_enabled"]


@pytest.mark.parametrize(
    ("target", "name"), [("dev", "reclake-dev-anna"), ("staging", "reclake-staging"), ("prod", "reclake-prod")]
)
def test_figures_are_stored_in_the_smallest_instance_that_the_target_makes_for_itself(target, name):
    (instance,) = resolved(target, "database_instances").values()

    assert stored_in(read(target)) == instance["name"] == name
    assert (instance["capacity"], instance.get("node_count", 1)) == ("CU_1", 1)


@pytest.mark.parametrize("target", DEPLOYED)
def test_a_target_can_do_without_lakebase(target):
    bundle = read_bundle(FILE, target, GIVEN[target])

    del bundle.resources["database_instances"]
    del bundle.root["targets"][target]["variables"]["lakebase_instance"]

    assert stored_in(bundle) == ""


def stored_in(bundle):
    """What the job `realtime` gets for `lakebase_instance`."""
    job = bundle.resources["jobs"]["realtime"]
    return {p["name"]: p["default"] for p in bundle.resolve(job.content, job.file)["parameters"]}["lakebase_instance"]


@pytest.mark.parametrize("target", DEPLOYED)
def test_the_dashboard_gets_settings_that_there_are_and_only_asks_to_read(target):
    dashboard = resolved(target, "apps")["dashboard"]
    given = {one["name"].lower() for one in dashboard["config"]["env"]}
    needed = {one["value_from"] for one in dashboard["config"]["env"] if "value_from" in one}

    assert given <= Settings.model_fields.keys()
    assert needed == {resource["name"] for resource in dashboard["resources"]}
    assert dashboard["config"]["command"][-1] == APP.relative_to(FILE.parent).as_posix()
    assert {
        rights["permission"] for one in dashboard["resources"] for rights in one.values() if isinstance(rights, dict)
    } == {"CAN_USE", "READ"}


def test_staging_and_prod_share_no_schema():
    names = [{schema["name"] for schema in resolved(target, "schemas").values()} for target in ("staging", "prod")]

    assert names[0].isdisjoint(names[1])


def test_the_pipeline_and_its_models_are_scheduled_and_only_prod_starts_them():
    scheduled = {
        t: {k: j["schedule"]["pause_status"] for k, j in resolved(t, "jobs").items() if "schedule" in j}
        for t in DEPLOYED
    }
    jobs = ("catalog", "churn", "listening", "models", "realtime", "shop")

    assert scheduled == {
        "dev": dict.fromkeys(jobs, "PAUSED"),
        "staging": dict.fromkeys(jobs, "PAUSED"),
        "prod": dict.fromkeys(jobs, "UNPAUSED"),
    }
