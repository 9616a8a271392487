"""The endpoint's version, from a server that answers as the workspace documents it."""

import pytest

from gold.churn.endpoint import serve
from lakehouse.errors import ServiceError

PATH = "/api/2.0/serving-endpoints"
MODEL = "main.gold.churn"


def entity(version):
    return {
        "name": f"churn-{version}",
        "entity_name": MODEL,
        "entity_version": version,
        "scale_to_zero_enabled": True,
        "workload_size": "Small",
    }


def configuration(version):
    routes = [{"served_model_name": f"churn-{version}", "traffic_percentage": 100}]
    return {"served_entities": [entity(version)], "traffic_config": {"routes": routes}}


def test_the_first_training_makes_the_endpoint(workspace):
    workspace.answers[PATH] = {"name": "churn"}

    serve("churn", MODEL, "1")

    assert workspace.asked == [{"name": "churn", "config": {"name": "churn", **configuration("1")}}]


def test_another_champion_is_another_version_of_the_endpoint(workspace):
    workspace.answers[f"{PATH}/churn"] = {"name": "churn", "config": {"served_entities": [entity("1")]}}
    workspace.answers[f"{PATH}/churn/config"] = {"name": "churn"}

    serve("churn", MODEL, "3")

    assert workspace.asked == [configuration("3")]


@pytest.mark.parametrize("where", ["config", "pending_config"])
def test_an_endpoint_that_serves_the_champion_or_is_about_to_is_left_alone(workspace, where):
    workspace.answers[f"{PATH}/churn"] = {"name": "churn", where: {"served_entities": [entity("3")]}}

    serve("churn", MODEL, "3")

    assert workspace.asked == []


def test_a_refusal_is_one_sentence(workspace):
    with pytest.raises(ServiceError, match=r"churn does not serve version 3 of main.gold.churn: no such thing\. The"):
        serve("churn", MODEL, "3")
