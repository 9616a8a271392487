"""Lakebase's address, from a server that answers as the workspace documents it."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from lakehouse import services
from lakehouse.errors import SettingsError
from lakehouse.settings import Settings

PROJECT = "/api/2.0/postgres/projects/shop"
BRANCH = "projects/shop/branches/production"


def endpoint(kind, host):
    name = f"{BRANCH}/endpoints/{host.partition('.')[0]}"
    return {"name": name, "status": {"endpoint_type": f"ENDPOINT_TYPE_{kind}", "hosts": {"host": host}}}


@pytest.fixture(autouse=True)
def shop(workspace):
    workspace.answers |= {
        f"{PROJECT}/branches": {
            "branches": [
                {"name": "projects/shop/branches/try", "status": {"default": False}},
                {"name": BRANCH, "status": {"default": True}},
            ]
        },
        f"/api/2.0/postgres/{BRANCH}/endpoints": {
            "endpoints": [endpoint("READ_ONLY", "copy.example"), endpoint("READ_WRITE", "primary.example")]
        },
        "/api/2.0/postgres/credentials": {"token": "to:k/e@n", "expire_time": "2026-01-31T13:00:00Z"},
        "/api/2.0/preview/scim/v2/Me": {"id": "1", "userName": "ann@example.com"},
    }
    return workspace


def test_a_project_is_opened_over_tls_with_a_token_for_what_can_be_written_to(shop):
    settings = Settings(database_url=None, lakebase_project="shop")

    assert conninfo_to_dict(services.database_url(settings)) == {
        "user": "ann@example.com",
        "password": "to:k/e@n",
        "host": "primary.example",
        "port": "5432",
        "dbname": "databricks_postgres",
        "sslmode": "require",
    }
    assert shop.asked == [{"endpoint": f"{BRANCH}/endpoints/primary"}]


def test_a_url_goes_before_a_project():
    settings = Settings(database_url="postgresql://elsewhere/db", lakebase_project="shop")

    assert services.database_url(settings) == "postgresql://elsewhere/db"


def test_an_unknown_project_is_one_sentence():
    with pytest.raises(SettingsError, match="LAKEBASE_PROJECT nope cannot be used: no such thing"):
        services.database_url(Settings(database_url=None, lakebase_project="nope"))


def test_a_project_that_is_being_made_is_one_sentence(shop):
    shop.answers[f"{PROJECT}/branches"] = {"branches": [{"name": BRANCH, "status": {"default": False}}]}

    with pytest.raises(SettingsError, match="shop has no address yet"):
        services.database_url(Settings(database_url=None, lakebase_project="shop"))
