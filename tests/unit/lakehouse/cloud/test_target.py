"""What a target needs, with the values and the names that the Databricks CLI would have."""

import json
from pathlib import Path

import pytest
from databricks.sdk.service.iam import User

from lakehouse.cloud.target import Scope, Warehouse, target_of
from lakehouse.cloud.values import bundle_for, names_of
from lakehouse.errors import JobDefinitionError
from tests.unit.bundle import BUNDLE

ANN = User(id="17", user_name="Ann.Müller@example.com", display_name="Ann")
ROOT = Path(__file__).parents[4] / "databricks.yml"


@pytest.fixture
def file(tmp_path):
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    return tmp_path / "databricks.yml"


def resolved(file, target="dev", environment=(), **said):
    return target_of(bundle_for(file, target, said, dict(environment), ANN))


def test_names_of_a_developer_are_those_of_the_cli(file):
    target = resolved(file)

    assert target.schemas == ("dev_ann_müller_example_com_lake_ops",)
    assert target.text_encoder == "/Volumes/main/dev_ann_müller_example_com_lake_ops/files/text_encoder"
    assert resolved(file, "staging").schemas == ("dev_ann_müller_lake_ops",)
    assert resolved(file, "prod").schemas == ("lake_ops",)


def test_who_may_open_what_is_as_the_bundle_or_a_value_of_it_says(file):
    overrides = file.parent / ".databricks" / "bundle" / "dev" / "variable-overrides.json"
    overrides.parent.mkdir(parents=True)
    assert resolved(file).viewers == ("analysts",)
    assert resolved(file, "staging").viewers == ()

    overrides.write_text('{"permissions": [{"level": "CAN_VIEW", "group_name": "shop"}, {"user_name": "bob"}]}')
    assert resolved(file).viewers == ("shop",)


def test_a_principal_is_called_by_its_display_name():
    names = names_of(User(user_name="aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", display_name="Deploy, prod"))

    assert (names["short_name"], names["domain_friendly_name"]) == ("deploy_prod", "deploy-prod")


def test_a_value_comes_from_the_command_line_then_the_environment_then_the_file_then_the_bundle(file):
    overrides = file.parent / ".databricks" / "bundle" / "dev" / "variable-overrides.json"
    overrides.parent.mkdir(parents=True)
    assert resolved(file).catalog == "main"

    overrides.write_text(json.dumps({"catalog": "of_file"}))
    assert resolved(file).catalog == "of_file"

    environment = {"BUNDLE_VAR_catalog": "of_environment"}.items()
    assert resolved(file, environment=environment).catalog == "of_environment"
    assert resolved(file, environment=environment, catalog="said").catalog == "said"


def test_a_broken_file_of_values_and_an_unknown_variable_are_one_sentence(file):
    with pytest.raises(JobDefinitionError, match="has no variable 'catalogue'; it has catalog, "):
        resolved(file, catalogue="main")

    overrides = file.parent / ".databricks" / "bundle" / "dev" / "variable-overrides.json"
    overrides.parent.mkdir(parents=True)
    overrides.write_text("{")
    with pytest.raises(JobDefinitionError, match=r"variable-overrides\.json cannot be read"):
        resolved(file)


def test_all_variables_without_a_value_are_named(file):
    assert resolved(file).missing == {"kafka_bootstrap_servers": "Brokers."}
    assert list(resolved(file, "prod").missing) == ["kafka_bootstrap_servers", "service_principal"]
    assert resolved(file, kafka_bootstrap_servers="b:9092").missing == {}


def test_the_target_of_the_laptop_is_refused(file):
    with pytest.raises(
        JobDefinitionError, match="local is not deployed to a workspace; say --target with dev, staging, prod"
    ):
        resolved(file, "local")


def test_a_warehouse_is_given_by_its_id_or_looked_up_by_its_name(file):
    assert resolved(file).warehouse == Warehouse(name="Shared")
    assert resolved(file, dashboard_warehouse="abc").warehouse == Warehouse(id="abc")


def test_jobs_and_the_dashboard_have_scopes_of_their_own(file):
    jobs, dashboard = resolved(file).scopes

    assert jobs.name == "lake-dev"
    assert jobs.required == ("kafka_api_key", "kafka_api_secret", "mongodb_uri")
    assert jobs.optional == ("churn_api_key", "database_url", "podcast_index_key", "podcast_index_secret")
    assert jobs.source("mongodb_uri") == "mongodb_uri"
    assert dashboard == Scope(
        "lake-dev-app", ("mongodb_uri",), ("churn_api_key", "database_url"), ("lake-dev-17",), True
    )
    assert [dashboard.source(key) for key in dashboard.keys] == [
        "dashboard_mongodb_uri", "churn_api_key", "dashboard_database_url"
    ]  # fmt: skip


def test_brokers_without_passwords_need_no_keys_and_a_target_without_lakebase_an_address(file):
    plain = resolved(file, kafka_security_protocol="PLAINTEXT").scopes[0]
    assert plain.required == ("mongodb_uri",)

    file.write_text(BUNDLE.replace("postgres_projects:", "volumes_of_others:"))
    assert "database_url" in resolved(file).scopes[0].required


@pytest.mark.parametrize("target", ["dev", "staging", "prod"])
def test_what_this_bundle_needs_is_known_for_each_target(target):
    needed = resolved(ROOT, target)

    assert needed.catalog == "main"
    assert len(needed.schemas) == 4
    assert needed.text_encoder.startswith("/Volumes/main/")
    assert needed.apps
    assert needed.lakebase
    assert {key for scope in needed.scopes for key in scope.required} >= {"kafka_api_key", "mongodb_uri"}
    assert "kafka_bootstrap_servers" in needed.missing
